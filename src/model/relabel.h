/* model/relabel.h - relabelling: rules that rewrite a label set or drop it, with Prometheus' eleven actions.
 *
 * A RelabelRule is what the configuration says; relabel_compile checks it as upstream does and makes the RelabelConfig
 * that relabel_apply runs. Compiled rules are immutable and shared between threads. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "model/labels.h"
#include "model/regex.h"

typedef enum RelabelAction {
        RELABEL_REPLACE,
        RELABEL_KEEP,
        RELABEL_DROP,
        RELABEL_KEEPEQUAL,
        RELABEL_DROPEQUAL,
        RELABEL_HASHMOD,
        RELABEL_LABELMAP,
        RELABEL_LABELDROP,
        RELABEL_LABELKEEP,
        RELABEL_LOWERCASE,
        RELABEL_UPPERCASE,
} RelabelAction;

/* NULL-terminated, in the order of RelabelAction; read without regard to case. */
extern const char *const relabel_action_names[];

typedef struct RelabelRule {
        RelabelAction action;
        const Str *source_labels;
        size_t n_source_labels;
        Str separator, regex, target_label, replacement;
        uint64_t modulus;
        bool has_source_labels, has_regex; /* the key was there, whatever it said */
        bool legacy_names;                 /* metric_name_validation_scheme: legacy */
} RelabelRule;

/* Upstream's defaults: replace, separator ";", regex "(.*)", replacement "$1". */
RelabelRule relabel_rule_default(void);

typedef struct RelabelConfig {
        RelabelRule rule; /* strings live as long as the arena given to relabel_compile */
        const Regex *regex;
        bool target_has_refs, replacement_has_refs; /* a $ in it */
        bool whole;                                 /* the regex is (.*): $1 is the value itself */
        bool plain_copy;                            /* whole, and the replacement is $1 */
} RelabelConfig;

typedef struct RelabelConfigList {
        RelabelConfig *data;
        size_t n;
} RelabelConfigList;

/* Copies what it keeps into arena; the regex is freed with it. */
MUST_CHECK bool relabel_compile(Arena *arena, const RelabelRule *rule, RelabelConfig *ret, Err *err);

/* False: dropped; then lb is what it was when the rule dropped it. New strings live in arena, which must outlive the
 * use of lb; lb's own strings are borrowed as ever. */
bool relabel_apply(const RelabelConfig *configs, size_t n, LabelsBuilder *lb, Arena *arena);

/* One step as a page shows it. */
typedef struct RelabelStep {
        const RelabelConfig *config;
        Str value; /* the joined source labels */
        bool changed, kept;
        Labels after; /* the labels behind this rule */
} RelabelStep;
/* As relabel_apply, and tells each step: steps has room for n; *ret_n says how many ran (none after a drop). */
bool relabel_trace(const RelabelConfig *configs, size_t n, LabelsBuilder *lb, Arena *arena, RelabelStep *steps,
                   size_t *ret_n);
/* "replace source_labels=[a, b] regex=\"...\" ...": what differs from the defaults, on one line. */
void relabel_print(Buf *out, const RelabelConfig *config);
