/* Trees of the configuration as JSON, their texts expanded: webhook payloads, PagerDuty's details, Jira's fields.
 *
 * Invariants:
 * 1. Keys are sorted, as Go's encoder sorts those of maps.
 * 2. The depth is that of a YAML document, which its reader bounds; what a template gives is read within the same bounds. */
#include <stdlib.h>

#include "config/option_value.h"
#include "notify/notify_kind.h"

/* A scalar without quotes is what YAML takes it for. */
static void put_scalar(NotifyMsg *m, const YamlNode *node, NotifyJson *j)
{
        Diags ignored;
        bool b;
        int64_t i;
        uint64_t u;
        double f;
        diags_init(&ignored, m->arena);
        OptionCtx ctx = { .arena = m->arena, .diags = &ignored };
        if (!node->quoted && option_value_scalar(node, &(Option){ .key = "", .kind = OPT_BOOL }, &b, &ctx)) {
                json_bool(&j->w, b);
        } else if (!node->quoted && str_find_char(node->text, '.') == SIZE_MAX &&
                   option_value_scalar(node, &(Option){ .key = "", .kind = OPT_INT }, &i, &ctx)) {
                json_i64(&j->w, i);
        } else if (!node->quoted && option_value_scalar(node, &(Option){ .key = "", .kind = OPT_UINT }, &u, &ctx)) {
                json_u64(&j->w, u);
        } else if (!node->quoted && option_value_scalar(node, &(Option){ .key = "", .kind = OPT_FLOAT }, &f, &ctx)) {
                json_double(&j->w, f);
        } else {
                json_str(&j->w, node->text);
        }
}

typedef struct TreeKey {
        Str key;
        const YamlNode *value;
} TreeKey;

static int by_key(const void *a, const void *b)
{
        return str_cmp(((const TreeKey *)a)->key, ((const TreeKey *)b)->key);
}

static void put_node(NotifyMsg *m, const YamlNode *node, bool templates, NotifyJson *j);
static void put_leaf(NotifyMsg *m, Str value, NotifyJson *j);

static void put_map(NotifyMsg *m, const YamlNode *node, bool templates, NotifyJson *j)
{
        TreeKey *keys = arena_array(m->arena, TreeKey, node->n);
        for (size_t i = 0; i < node->n; i++)
                keys[i] = (TreeKey){ templates ? notify_msg_text(m, node->pairs[i].key) : node->pairs[i].key,
                                     node->pairs[i].value };
        if (node->n)
                qsort(keys, node->n, sizeof *keys, by_key);
        json_begin_object(&j->w);
        for (size_t i = 0; i < node->n; i++) {
                if (i + 1 < node->n && str_eq(keys[i].key, keys[i + 1].key))
                        continue; /* two templates gave one key */
                json_key(&j->w, keys[i].key);
                put_node(m, keys[i].value, templates, j);
        }
        json_end_object(&j->w);
}

static void put_node(NotifyMsg *m, const YamlNode *node, bool templates, NotifyJson *j)
{
        /* The writer's own limit; a payload that deep is nobody's. */
        if (node->kind == YAML_NULL || j->w.depth + 2 >= JSON_MAX_DEPTH) {
                json_null(&j->w);
        } else if (node->kind == YAML_MAP) {
                put_map(m, node, templates, j);
        } else if (node->kind == YAML_SEQ) {
                json_begin_array(&j->w);
                for (size_t i = 0; i < node->n; i++)
                        put_node(m, node->items[i], templates, j);
                json_end_array(&j->w);
        } else if (templates && (node->quoted || str_find(node->text, STR("{{")) != SIZE_MAX)) {
                notify_tree_text(m, node->text, j);
        } else if (!templates && node->quoted) {
                put_leaf(m, node->text, j); /* a label "8080" in the JSON of an alert ends as a number, too */
        } else {
                put_scalar(m, node, j);
        }
}

void notify_tree_json(NotifyMsg *m, const YamlNode *node, NotifyJson *j) { put_node(m, node, true, j); }

/* "[FIRING:1] Disk full": the reader of upstream takes the list and never looks at the rest. Where such a collection at
 * the start ends; 0 when there is none, or when the rest would make it a key. */
static size_t collection_end(Str s)
{
        unsigned depth = 0;
        char quote = 0;
        for (size_t i = 0; i < s.n; i++) {
                char c = s.p[i];
                if (quote) {
                        i += c == '\\' && quote == '"';
                        quote = c == quote ? 0 : quote;
                        continue;
                }
                if (c == '"' || c == '\'')
                        quote = c;
                else if (c == '[' || c == '{')
                        depth++;
                else if (c == ']' || c == '}')
                        depth--;
                if (depth)
                        continue;
                Str rest = str_trim(str_sub(s, i + 1, s.n));
                return i && rest.n && str_find_char(STR(":@`%"), rest.p[0]) == SIZE_MAX ? i + 1 : 0;
        }
        return 0;
}

static bool is_a_text(const YamlNode *doc, Str value)
{
        switch (doc->kind) {
        case YAML_NULL: /* a tag and nothing else; the end of a document before it began */
                return str_starts(str_trim(value), STR("!")) || str_starts(value, STR("..."));
        case YAML_SCALAR: return doc->quoted || !str_eq(doc->text, value); /* as it is, with its quotes and lines */
        case YAML_MAP: return doc->n > 0 && !doc->pairs[0].key.n;          /* no key of JSON */
        case YAML_SEQ: break;
        }
        return false;
}

/* What a text is when YAML reads it. Each reading takes quotes away, so that texts in texts come to an end. */
static void put_leaf(NotifyMsg *m, Str value, NotifyJson *j)
{
        YamlNode **docs;
        YamlError *errors;
        size_t n;
        size_t n_errors;
        Str whole = value;
        size_t end = m->compat == ALERT_COMPAT_AM_0_34 ? collection_end(value) : 0;
        if (end)
                value = str_sub(value, 0, end);
        bool is_text = m->compat == ALERT_COMPAT_AM_0_25 ||
                       !yaml_parse(value, m->arena, &docs, &n, &errors, &n_errors) || n > 1;
        if (is_text && end)
                value = whole;
        if (!is_text && n == 1)
                is_text = is_a_text(docs[0], value);
        if (is_text || (n == 0 && str_starts(value, STR("..."))))
                json_str(&j->w, value);
        else if (n == 0)
                json_null(&j->w);
        else
                put_node(m, docs[0], false, j);
}

void notify_tree_text(NotifyMsg *m, Str text, NotifyJson *j) { put_leaf(m, notify_msg_text(m, text), j); }
