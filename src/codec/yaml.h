/* codec/yaml.h - YAML documents as a read-only tree with positions, over libfyaml. Anchors, aliases and << merges are
 * resolved, duplicate keys are errors, alias expansion is bounded. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/str.h"
#include "base/vec.h"

typedef enum YamlKind { YAML_NULL, YAML_SCALAR, YAML_SEQ, YAML_MAP } YamlKind;
typedef struct YamlPos {
        unsigned line, col; /* 1-based; 0: unknown */
} YamlPos;

typedef struct YamlNode {
        YamlKind kind;
        bool quoted;             /* a scalar in quotes or a block scalar: always a string */
        YamlPos pos;             /* where the value starts; an aliased value: where the anchor stands */
        Str text;                /* scalars; nulls: as written */
        struct YamlPair *pairs;  /* maps, in order */
        struct YamlNode **items; /* sequences */
        size_t n;
} YamlNode;
typedef struct YamlPair {
        Str key;
        YamlPos key_pos;
        YamlNode *value;
} YamlPair;

/* One complaint about a file, shown as file:line:col: message. */
typedef struct YamlError {
        YamlPos pos;
        Str message;
} YamlError;

/* YAML_MAX_NODES counts aliases with everything below them: it bounds a walk over the tree, whatever the aliases. */
enum { YAML_MAX_BYTES = 16 << 20, YAML_MAX_NODES = 2000000, YAML_MAX_DEPTH = 100, YAML_MAX_ERRORS = 20 };

/* All documents of the text (a file may hold several, separated by ---). False when at least one error was found; then
 * errors (at most YAML_MAX_ERRORS, by position) say all of them; a syntax error ends the reading, so it comes alone or
 * with what was found before it. Everything lives in arena. An empty text gives zero documents, an empty document a YAML_NULL.
 * The other pair of outputs is untouched. */
bool yaml_parse(Str text, Arena *arena, YamlNode ***ret_docs, size_t *ret_n, YamlError **ret_errors,
                size_t *ret_errors_n);
/* NULL when absent or not a map. */
YamlNode *yaml_get(const YamlNode *map, Str key);
