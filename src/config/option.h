/* config/option.h - Option tables: a struct and a YAML mapping, bound by a table that is also the documentation.
 *
 *     typedef struct Global { int64_t scrape_interval_ms; Str query_log_file; } Global;
 *     static const Option global_options[] = {
 *             { "scrape_interval", OPT_DURATION, offsetof(Global, scrape_interval_ms), .def = "1m", .help = "How often
 * ..." }, OPTION_END,
 *     };
 *     Global g; option_bind(node, &(OptionTable){ "global", global_options, sizeof g }, &g, ctx);
 *
 * Binding fills defaults, checks kinds and ranges, reports unknown keys with the nearest known one, and goes on after
 * an error so that one run shows them all. Bound strings live in ctx->arena. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/str.h"
#include "codec/yaml.h"
#include "config/diag.h"
#include "model/labels.h"

typedef enum OptionKind {
        OPT_BOOL,            /* bool */
        OPT_INT,             /* int64_t */
        OPT_UINT,            /* uint64_t */
        OPT_FLOAT,           /* double */
        OPT_STR,             /* Str */
        OPT_SECRET,          /* Secret: never printed */
        OPT_DURATION,        /* int64_t milliseconds */
        OPT_BYTES,           /* uint64_t */
        OPT_ENUM,            /* int: the index in .values */
        OPT_STR_LIST,        /* StrList */
        OPT_LABELS,          /* Labels: a map of strings, sorted; empty ones are none */
        OPT_TEXTS,           /* Labels: the same with the empty ones, which null is too */
        OPT_STRUCT,          /* embedded struct, .table */
        OPT_STRUCT_PTR,      /* pointer to a struct, NULL when the key is absent, .table */
        OPT_STRUCT_LIST,     /* StructList of .table */
        OPT_MAP_OF_STR_LIST, /* ParamList: name -> list of strings (params) */
        OPT_NODE,            /* const YamlNode *: bound later by its owner */
        OPT_CUSTOM,          /* .parse decides */
        OPT_IGNORED, /* known upstream, accepted, has no effect here: warns with .help as the reason when it is set */
} OptionKind;

typedef struct Secret {
        Str text;
} Secret;
typedef struct StrList {
        Str *data;
        size_t n;
} StrList;
typedef struct StructList {
        void *data; /* n elements of table->size bytes */
        size_t n;
} StructList;
typedef struct ParamList {
        struct {
                Str name;
                StrList values;
        } *data;
        size_t n;
} ParamList;

typedef struct OptionCtx {
        Arena *arena; /* the configuration's lifetime */
        Diags *diags;
        Str file;            /* as shown in messages */
        Str base_dir;        /* relative paths in the file are relative to it */
        bool ignore_unknown; /* keys that no table has are passed over */
} OptionCtx;

typedef struct Option Option;
typedef struct OptionTable {
        const char *name; /* of the section, in messages and docs */
        const Option *options;
        size_t size; /* of the struct */
        /* Called after the fields are bound; may be NULL. Reports through ctx->diags. */
        void (*validate)(void *self, const YamlNode *node, const OptionCtx *ctx);
} OptionTable;

struct Option {
        const char *key; /* NULL ends the table */
        OptionKind kind;
        size_t offset;
        const char *def;           /* default as YAML text; NULL: zero */
        const char *help;          /* one sentence for the reference */
        const OptionTable *table;  /* OPT_STRUCT* */
        const char *const *values; /* OPT_ENUM, NULL-terminated */
        bool required;
        bool null_entries; /* OPT_STRUCT_LIST: an empty entry is passed over, not an error */
        bool (*parse)(void *field, const YamlNode *node, const OptionCtx *ctx); /* OPT_CUSTOM; false: it reported */
        size_t set_offset; /* when not 0: a bool that becomes true when the key is present */
        double min, max;   /* checked when max > min (numbers, milliseconds, bytes) */
};
#define OPTION_END { .key = NULL }

/* False when this call reported an error. node NULL or null binds the defaults only. */
bool option_bind(const YamlNode *node, const OptionTable *table, void *self, const OptionCtx *ctx);
/* NULL when the table has no such key. */
const Option *option_find(const OptionTable *table, Str key);
/* Defaults only, no complaints. */
void option_defaults(const OptionTable *table, void *self, Arena *arena);
/* The first document of the text: an empty map when there is nothing in it; a warning when more follow. NULL: errors went to
 * diags under the file's name. */
YamlNode *option_parse(Str text, Str file, Arena *arena, Diags *diags);
/* Reads the file and parses it likewise. */
YamlNode *option_load_file(const char *path, Arena *arena, Diags *diags);
/* .parse of options that Go reads with time.ParseDuration: 1m30s, 1.5h. int64_t milliseconds, at least 1 where something
 * was said. */
bool option_parse_go_duration(void *field, const YamlNode *node, const OptionCtx *ctx);
/* The same of a time.Duration, which in YAML may also be a number of nanoseconds. */
bool option_parse_go_nanoseconds(void *field, const YamlNode *node, const OptionCtx *ctx);
/* As it stands in the file or, when relative, joined to ctx->base_dir. */
Str option_path(const OptionCtx *ctx, Str path);
/* The table as a reference page in Markdown, nested tables below. */
void option_document(Buf *out, const OptionTable *table);
