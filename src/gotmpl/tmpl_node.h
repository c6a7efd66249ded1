/* gotmpl/tmpl_node.h - the syntax tree of a template. Immutable after parsing; lives in the arena of its set. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/str.h"
#include "base/vec.h"
#include "gotmpl/gotmpl.h"

typedef enum TmplNodeKind {
        NODE_LIST,     /* kids */
        NODE_TEXT,     /* text */
        NODE_ACTION,   /* pipe */
        NODE_IF,       /* pipe, list, else_list */
        NODE_RANGE,    /* pipe, list, else_list */
        NODE_WITH,     /* pipe, list, else_list */
        NODE_TEMPLATE, /* text: the name; pipe may be NULL */
        NODE_BREAK,
        NODE_CONTINUE,
        NODE_PIPE,     /* names: variables it sets; flag: assigns; kids: commands */
        NODE_COMMAND,  /* kids: the words */
        NODE_FIELD,    /* names */
        NODE_CHAIN,    /* pipe: the operand; names: its fields */
        NODE_VARIABLE, /* names: the variable (with $), then fields */
        NODE_IDENT,    /* text, func */
        NODE_DOT,
        NODE_NIL,
        NODE_BOOL,   /* flag */
        NODE_NUMBER, /* quoted: as written; i when is_int, f when is_float */
        NODE_STRING, /* text; quoted: as written */
        NODE_END,    /* only while parsing */
        NODE_ELSE,   /* only while parsing */
} TmplNodeKind;

typedef struct TmplNode TmplNode;
struct TmplNode {
        TmplNodeKind kind;
        uint32_t pos, line;
        bool flag, is_int, is_float, prefers_float /* written with a point or an exponent */;
        size_t n, names_n;
        TmplNode **kids;
        Str *names;
        Str text, quoted;
        TmplNode *pipe, *list, *else_list;
        const TmplFunc *func;
        int64_t i;
        double f;
};

typedef struct TmplTree {
        Str name;             /* as {{template}} calls it */
        Str parse_name, text; /* of the text that it was part of: what error positions refer to */
        TmplNode *root;
} TmplTree;
typedef VEC(TmplTree) TmplTreeVec;

struct TmplSet {
        TmplOptions options; /* defaults filled in */
        Arena *arena;        /* owns everything below; NULL for the overlay of a loose text */
        TmplTreeVec trees;
        const TmplSet *base; /* borrowed: searched when trees has no such name; may be NULL */
};

/* NULL when there is none. */
const TmplTree *tmpl_node_find_tree(const TmplSet *set, Str name);
/* True for lists of white space only: such a definition does not replace another. */
bool tmpl_node_is_empty(const TmplNode *list);
/* As Go prints the node: what stands between < and > in messages. */
void tmpl_node_print(Buf *out, const TmplNode *node);
/* "name:line:col" of the node in the tree's text. */
void tmpl_node_location(Buf *out, const TmplTree *tree, const TmplNode *node);
