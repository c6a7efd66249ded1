/* Invariants
 * 1. relabel_compile refuses exactly what upstream refuses, so relabel_apply has no errors to report.
 * 2. Actions over all labels (labelmap, labeldrop, labelkeep) see the labels as they were when the rule began.
 * 3. A rule that would give a label an invalid name does nothing; one that would give it an empty value removes it.
 *
 * The usual rules (copy a label, keep by a literal, drop by name prefix) allocate nothing and run no regex engine:
 * `plain_copy` and the regex's own shapes see to that. */
#include "model/relabel.h"

#include "base/bits.h"
#include "base/utf8.h"
#include "model/casemap.h"
#include "model/digest.h"
#include "model/quote.h"

const char *const relabel_action_names[] = { "replace",  "keep",      "drop",      "keepequal", "dropequal", "hashmod",
                                             "labelmap", "labeldrop", "labelkeep", "lowercase", "uppercase", NULL };

#define DEFAULT_SEPARATOR STR(";")
#define DEFAULT_REGEX STR("(.*)")
#define DEFAULT_REPLACEMENT STR("$1")

RelabelRule relabel_rule_default(void)
{
        return (RelabelRule){ .action = RELABEL_REPLACE,
                              .separator = DEFAULT_SEPARATOR,
                              .regex = DEFAULT_REGEX,
                              .replacement = DEFAULT_REPLACEMENT };
}

/* ---- checking */

static bool has_refs(Str s) { return str_find_char(s, '$') != SIZE_MAX; }

static bool is_label_name(const RelabelRule *rule, Str name)
{
        return rule->legacy_names ? labels_name_is_legacy_valid(name) : name.n > 0 && utf8_valid(name);
}

static bool is_word(char c)
{
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

/* Legacy names with references: letters, digits and _ not starting with a digit, and $name or ${name} anywhere. */
static bool is_legacy_template(Str s)
{
        for (size_t i = 0; i < s.n;) {
                if (s.p[i] != '$') {
                        if (!is_word(s.p[i]) || (i == 0 && s.p[i] >= '0' && s.p[i] <= '9'))
                                return false;
                        i++;
                        continue;
                }
                i++;
                bool brace = i < s.n && s.p[i] == '{';
                i += brace;
                size_t start = i;
                while (i < s.n && is_word(s.p[i]))
                        i++;
                if (i == start || (brace && (i == s.n || s.p[i] != '}')))
                        return false;
                i += brace;
        }
        return s.n > 0;
}

/* UTF-8 allows $, { and } in names, so a template is a name there. */
static bool is_name_template(const RelabelRule *rule, Str s)
{
        return rule->legacy_names ? is_legacy_template(s) : is_label_name(rule, s);
}

static bool needs_target(RelabelAction a)
{
        return a == RELABEL_REPLACE || a == RELABEL_KEEPEQUAL || a == RELABEL_DROPEQUAL || a == RELABEL_HASHMOD ||
               a == RELABEL_LOWERCASE || a == RELABEL_UPPERCASE;
}

static bool invalid_field(const RelabelRule *rule, Str value, const char *field, Err *err)
{
        AUTO(buf_done) Buf quoted = { 0 };
        quote_go(&quoted, value);
        return err_set(err, ERR_INVALID, "%s is invalid '%s' for %s action", buf_cstr(&quoted), field,
                       relabel_action_names[rule->action]);
}

static bool check_target(const RelabelRule *rule, Err *err)
{
        const char *action = relabel_action_names[rule->action];
        if (!needs_target(rule->action))
                return true;
        if (rule->target_label.n == 0)
                return err_set(err, ERR_INVALID, "relabel configuration for %s action requires 'target_label' value",
                               action);
        bool templated = rule->action == RELABEL_REPLACE && has_refs(rule->target_label);
        if (templated ? !is_name_template(rule, rule->target_label) : !is_label_name(rule, rule->target_label))
                return invalid_field(rule, rule->target_label, "target_label", err);
        return true;
}

static bool check_fields(const RelabelRule *rule, Err *err)
{
        const char *action = relabel_action_names[rule->action];
        bool other_replacement = !str_eq(rule->replacement, DEFAULT_REPLACEMENT);
        bool other_separator = !str_eq(rule->separator, DEFAULT_SEPARATOR);
        RelabelAction a = rule->action;
        if ((a == RELABEL_LOWERCASE || a == RELABEL_UPPERCASE) && other_replacement)
                return err_set(err, ERR_INVALID, "'replacement' can not be set for %s action", action);
        if (a == RELABEL_LABELMAP && !is_name_template(rule, rule->replacement))
                return invalid_field(rule, rule->replacement, "replacement", err);
        if ((a == RELABEL_KEEPEQUAL || a == RELABEL_DROPEQUAL) &&
            (rule->has_regex || rule->modulus || other_separator || other_replacement))
                return err_set(err, ERR_INVALID,
                               "%s action requires only 'source_labels' and 'target_label', and no other fields",
                               action);
        if ((a == RELABEL_LABELDROP || a == RELABEL_LABELKEEP) &&
            (rule->has_source_labels || rule->target_label.n || rule->modulus || other_separator || other_replacement))
                return err_set(err, ERR_INVALID, "%s action requires only 'regex', and no other fields", action);
        return true;
}

static void free_regex(void *arg) { regex_free(arg); }

bool relabel_compile(Arena *arena, const RelabelRule *rule, RelabelConfig *ret, Err *err)
{
        if (rule->action == RELABEL_HASHMOD && rule->modulus == 0)
                return err_set(err, ERR_INVALID, "relabel configuration for hashmod requires non-zero modulus");
        for (size_t i = 0; i < rule->n_source_labels; i++)
                if (!is_label_name(rule, rule->source_labels[i]))
                        return invalid_field(rule, rule->source_labels[i], "source_labels", err);
        if (!check_target(rule, err) || !check_fields(rule, err))
                return false;
        Regex *re;
        if (!regex_compile(rule->regex, REGEX_ANCHORED, &re, err))
                return err_wrap(err, "'regex'");
        arena_defer(arena, free_regex, re);
        RelabelConfig c = { .rule = *rule, .regex = re };
        Str *sources = arena_array(arena, Str, rule->n_source_labels);
        for (size_t i = 0; i < rule->n_source_labels; i++)
                sources[i] = str_dup(arena, rule->source_labels[i]);
        c.rule.source_labels = sources;
        c.rule.separator = str_dup(arena, rule->separator);
        c.rule.regex = str_dup(arena, rule->regex);
        c.rule.target_label = str_dup(arena, rule->target_label);
        c.rule.replacement = str_dup(arena, rule->replacement);
        c.target_has_refs = has_refs(rule->target_label);
        c.replacement_has_refs = has_refs(rule->replacement);
        c.whole = str_eq(rule->regex, DEFAULT_REGEX);
        c.plain_copy = c.whole &&
                       (str_eq(rule->replacement, DEFAULT_REPLACEMENT) || str_eq(rule->replacement, STR("${1}")));
        *ret = c;
        return true;
}

/* ---- applying */

static Str join_sources(const RelabelRule *rule, const LabelsBuilder *lb, Arena *arena)
{
        if (rule->n_source_labels == 0)
                return (Str){ 0 };
        if (rule->n_source_labels == 1)
                return labels_builder_get(lb, rule->source_labels[0]);
        size_t n = rule->separator.n * (rule->n_source_labels - 1);
        for (size_t i = 0; i < rule->n_source_labels; i++)
                n += labels_builder_get(lb, rule->source_labels[i]).n;
        Buf out = { .p = arena_raw(arena, n + 1, 1), .cap = n + 1, .arena = arena };
        for (size_t i = 0; i < rule->n_source_labels; i++) {
                if (i)
                        buf_str_add(&out, rule->separator);
                buf_str_add(&out, labels_builder_get(lb, rule->source_labels[i]));
        }
        return buf_str(&out);
}

enum { STACK_GROUPS = 12 };

static void replace_with_groups(const RelabelConfig *c, Str value, LabelsBuilder *lb, Arena *arena)
{
        size_t n = regex_groups(c->regex) + 1;
        Str few[STACK_GROUPS];
        Str *groups = n <= STACK_GROUPS ? few : arena_array(arena, Str, n);
        if (!regex_find(c->regex, value, 0, groups, n))
                return;
        Str target = c->rule.target_label;
        if (c->target_has_refs) {
                Buf out = { .arena = arena };
                regex_expand(c->regex, target, groups, n, &out);
                target = buf_str(&out);
                if (!is_label_name(&c->rule, target))
                        return;
        }
        Buf out = { .arena = arena };
        regex_expand(c->regex, c->rule.replacement, groups, n, &out);
        labels_builder_set(lb, target, buf_str(&out));
}

static void replace(const RelabelConfig *c, Str value, LabelsBuilder *lb, Arena *arena)
{
        if (!c->target_has_refs && c->plain_copy)
                labels_builder_set(lb, c->rule.target_label, value);
        else if (c->target_has_refs || c->replacement_has_refs)
                replace_with_groups(c, value, lb, arena);
        else if (regex_match(c->regex, value))
                labels_builder_set(lb, c->rule.target_label, c->rule.replacement);
}

static void hashmod(const RelabelConfig *c, Str value, LabelsBuilder *lb, Arena *arena)
{
        uint8_t digest[DIGEST_MD5_BYTES];
        digest_md5(value, digest);
        uint64_t mod = bits_be64(digest + 8) % c->rule.modulus;
        labels_builder_set(lb, c->rule.target_label, str_printf(arena, "%llu", (unsigned long long)mod));
}

static void map_labels(const RelabelConfig *c, LabelsBuilder *lb, Arena *arena)
{
        size_t n = lb->pairs.len;
        Label *before = arena_raw_array(arena, Label, n ? n : 1);
        if (n)
                memcpy(before, lb->pairs.data, n * sizeof *before);
        for (size_t i = 0; i < n; i++) {
                if (!regex_match(c->regex, before[i].name))
                        continue;
                Buf name = { .arena = arena };
                regex_replace_all(c->regex, before[i].name, c->rule.replacement, &name);
                if (name.n)
                        labels_builder_set(lb, buf_str(&name), before[i].value);
        }
}

static void filter_names(const RelabelConfig *c, LabelsBuilder *lb, bool keep_matching)
{
        size_t kept = 0;
        for (size_t i = 0; i < lb->pairs.len; i++)
                if (regex_match(c->regex, lb->pairs.data[i].name) == keep_matching)
                        lb->pairs.data[kept++] = lb->pairs.data[i];
        lb->pairs.len = kept;
}

static bool apply_one(const RelabelConfig *c, Str value, LabelsBuilder *lb, Arena *arena)
{
        switch (c->rule.action) {
        case RELABEL_KEEP: return regex_match(c->regex, value);
        case RELABEL_DROP: return !regex_match(c->regex, value);
        case RELABEL_KEEPEQUAL: return str_eq(labels_builder_get(lb, c->rule.target_label), value);
        case RELABEL_DROPEQUAL: return !str_eq(labels_builder_get(lb, c->rule.target_label), value);
        case RELABEL_REPLACE: replace(c, value, lb, arena); break;
        case RELABEL_LOWERCASE: labels_builder_set(lb, c->rule.target_label, casemap_lower(arena, value)); break;
        case RELABEL_UPPERCASE: labels_builder_set(lb, c->rule.target_label, casemap_upper(arena, value)); break;
        case RELABEL_HASHMOD: hashmod(c, value, lb, arena); break;
        case RELABEL_LABELMAP: map_labels(c, lb, arena); break;
        case RELABEL_LABELDROP: filter_names(c, lb, false); break;
        case RELABEL_LABELKEEP: filter_names(c, lb, true); break;
        }
        return true;
}

bool relabel_apply(const RelabelConfig *configs, size_t n, LabelsBuilder *lb, Arena *arena)
{
        for (size_t i = 0; i < n; i++)
                if (!apply_one(&configs[i], join_sources(&configs[i].rule, lb, arena), lb, arena))
                        return false;
        return true;
}

bool relabel_trace(const RelabelConfig *configs, size_t n, LabelsBuilder *lb, Arena *arena, RelabelStep *steps,
                   size_t *ret_n)
{
        Labels before = labels_builder_build(lb, arena);
        for (size_t i = 0; i < n; i++) {
                Str value = join_sources(&configs[i].rule, lb, arena);
                bool kept = apply_one(&configs[i], value, lb, arena);
                Labels after = labels_builder_build(lb, arena);
                steps[i] = (RelabelStep){ &configs[i], value, !labels_eq(before, after), kept, after };
                *ret_n = i + 1;
                if (!kept)
                        return false;
                before = after;
        }
        *ret_n = n;
        return true;
}

static void print_field(Buf *out, const char *name, Str value, Str usual)
{
        if (str_eq(value, usual))
                return;
        buf_printf(out, " %s=", name);
        quote_go(out, value);
}

void relabel_print(Buf *out, const RelabelConfig *config)
{
        const RelabelRule *r = &config->rule;
        buf_cstr_add(out, relabel_action_names[r->action]);
        for (size_t i = 0; i < r->n_source_labels; i++)
                buf_printf(out, "%s" STR_FMT, i ? ", " : " source_labels=[", STR_ARG(r->source_labels[i]));
        if (r->n_source_labels)
                buf_char(out, ']');
        print_field(out, "separator", r->separator, DEFAULT_SEPARATOR);
        print_field(out, "regex", r->regex, DEFAULT_REGEX);
        print_field(out, "target_label", r->target_label, (Str){ 0 });
        print_field(out, "replacement", r->replacement, DEFAULT_REPLACEMENT);
        if (r->modulus)
                buf_printf(out, " modulus=%llu", (unsigned long long)r->modulus);
}
