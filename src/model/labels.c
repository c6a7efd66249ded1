/* Invariants
 * 1. A Labels is sorted by name, names are unique, values are not empty: labels_eq and labels_hash rely on it.
 * 2. Two equal Labels have the same hash, whatever memory their bytes live in.
 *
 * Label sets are small (10 to 30 pairs), so lookups scan: lengths differ first in almost every comparison. */
#include "model/labels.h"

#include <stdlib.h>

#include "base/hash.h"
#include "codec/json.h"
#include "model/quote.h"

Str labels_get(Labels labels, Str name)
{
        for (size_t i = 0; i < labels.n; i++)
                if (str_eq(labels.data[i].name, name))
                        return labels.data[i].value;
        return (Str){ 0 };
}

bool labels_has(Labels labels, Str name)
{
        for (size_t i = 0; i < labels.n; i++)
                if (str_eq(labels.data[i].name, name))
                        return true;
        return false;
}

/* Interned strings are the same bytes at the same address: no need to look at them. */
static inline bool same(Str a, Str b) { return a.n == b.n && (a.p == b.p || a.n == 0 || memcmp(a.p, b.p, a.n) == 0); }

bool labels_eq(Labels a, Labels b)
{
        if (a.n != b.n)
                return false;
        if (a.data == b.data)
                return true;
        for (size_t i = 0; i < a.n; i++)
                if (!same(a.data[i].name, b.data[i].name) || !same(a.data[i].value, b.data[i].value))
                        return false;
        return true;
}

int labels_cmp(Labels a, Labels b)
{
        size_t n = MIN_OF(a.n, b.n);
        for (size_t i = 0; i < n; i++) {
                int c = str_cmp(a.data[i].name, b.data[i].name);
                if (c == 0)
                        c = str_cmp(a.data[i].value, b.data[i].value);
                if (c != 0)
                        return c < 0 ? -1 : 1;
        }
        return (a.n > b.n) - (a.n < b.n);
}

enum { HASH_STAGE_BYTES = 1024 };

/* Sets that do not fit the stage: the hashes of the strings, mixed in order. */
static uint64_t hash_long(Labels labels)
{
        uint64_t h = labels.n;
        for (size_t i = 0; i < labels.n; i++) {
                h = hash_u64(h ^ hash_str(labels.data[i].name));
                h = hash_u64(h + hash_str(labels.data[i].value));
        }
        return h;
}

/* Most strings are short: two overlapping moves of a fixed size beat a call of memcpy. Appends 0xff. */
static inline size_t stage_str(char *stage, size_t at, Str s)
{
        char *to = stage + at;
        if (s.n >= 8 && s.n <= 16) {
                memcpy(to, s.p, 8);
                memcpy(to + s.n - 8, s.p + s.n - 8, 8);
        } else if (s.n > 16) {
                memcpy(to, s.p, s.n);
        } else if (s.n >= 4) {
                memcpy(to, s.p, 4);
                memcpy(to + s.n - 4, s.p + s.n - 4, 4);
        } else {
                for (size_t i = 0; i < s.n; i++)
                        to[i] = s.p[i];
        }
        to[s.n] = (char)0xff;
        return at + s.n + 1;
}

int labels_cmp_count_first(Labels a, Labels b)
{
        if (a.n != b.n)
                return a.n < b.n ? -1 : 1;
        for (size_t i = 0; i < a.n; i++) {
                int c = str_cmp(b.data[i].name, a.data[i].name); /* who lacks the smaller name is first */
                if (!c)
                        c = str_cmp(a.data[i].value, b.data[i].value);
                if (c)
                        return c;
        }
        return 0;
}

uint64_t labels_hash(Labels labels)
{
        char stage[HASH_STAGE_BYTES];
        size_t n = 0;
        for (size_t i = 0; i < labels.n; i++) {
                const Label *l = &labels.data[i];
                if (l->name.n + l->value.n + 2 > sizeof stage - n)
                        return hash_long(labels);
                n = stage_str(stage, n, l->name);
                n = stage_str(stage, n, l->value);
        }
        return hash_bytes(stage, n);
}

static Str copy_to(char **at, Str s)
{
        char *p = *at;
        if (s.n)
                memcpy(p, s.p, s.n);
        *at += s.n;
        return str_n(p, s.n);
}

Labels labels_dup(Arena *arena, Labels labels)
{
        if (labels.n == 0)
                return (Labels){ 0 };
        size_t bytes = 0;
        for (size_t i = 0; i < labels.n; i++)
                bytes += labels.data[i].name.n + labels.data[i].value.n;
        Label *pairs = arena_raw_array(arena, Label, labels.n);
        char *at = arena_raw(arena, bytes ? bytes : 1, 1);
        for (size_t i = 0; i < labels.n; i++) {
                pairs[i].name = copy_to(&at, labels.data[i].name);
                pairs[i].value = copy_to(&at, labels.data[i].value);
        }
        return (Labels){ pairs, labels.n };
}

static bool is_name(Str s, bool colons)
{
        if (s.n == 0)
                return false;
        for (size_t i = 0; i < s.n; i++) {
                char c = s.p[i];
                bool ok = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || (colons && c == ':') ||
                          (i > 0 && c >= '0' && c <= '9');
                if (!ok)
                        return false;
        }
        return true;
}

bool labels_name_is_legacy_valid(Str name) { return is_name(name, false); }
bool labels_metric_is_legacy_valid(Str name) { return is_name(name, true); }

/* comma: something is written before them. */
static void print_pairs(Buf *out, Labels labels, bool with_name, bool comma)
{
        for (size_t i = 0; i < labels.n; i++) {
                const Label *l = &labels.data[i];
                if (!with_name && str_eq(l->name, LABEL_NAME))
                        continue;
                if (comma)
                        buf_lit(out, ", ");
                comma = true;
                if (labels_name_is_legacy_valid(l->name))
                        buf_str_add(out, l->name);
                else
                        quote_go(out, l->name);
                buf_char(out, '=');
                quote_go(out, l->value);
        }
}

void labels_print(Buf *out, Labels labels)
{
        Str metric = labels_get(labels, LABEL_NAME);
        bool bare = labels_metric_is_legacy_valid(metric);
        if (bare) {
                buf_str_add(out, metric);
                if (labels.n == 1)
                        return;
        }
        buf_char(out, '{');
        if (!bare && metric.n)
                quote_go(out, metric);
        print_pairs(out, labels, false, !bare && metric.n);
        buf_char(out, '}');
}

void labels_print_alike(Buf *out, Labels labels)
{
        buf_char(out, '{');
        print_pairs(out, labels, true, false);
        buf_char(out, '}');
}

void labels_print_json(Buf *out, Labels labels)
{
        buf_char(out, '{');
        for (size_t i = 0; i < labels.n; i++) {
                if (i)
                        buf_char(out, ',');
                json_quote(out, labels.data[i].name);
                buf_char(out, ':');
                json_quote(out, labels.data[i].value);
        }
        buf_char(out, '}');
}

void labels_put_json(JsonWriter *w, const char *key, Labels labels)
{
        json_key(w, str_of(key));
        json_begin_object(w);
        for (size_t i = 0; i < labels.n; i++) {
                json_key(w, labels.data[i].name);
                json_str(w, labels.data[i].value);
        }
        json_end_object(w);
}

Labels labels_from_json(Arena *arena, const JsonValue *object)
{
        LabelsBuilder lb;
        labels_builder_init(&lb, arena, (Labels){ 0 });
        for (size_t i = 0; object && object->kind == JSON_OBJECT && i < object->n; i++)
                if (object->members[i].value.kind == JSON_STRING)
                        labels_builder_put(&lb, str_dup(arena, object->members[i].key),
                                           str_dup(arena, object->members[i].value.str));
        return labels_builder_build(&lb, arena);
}

void labels_builder_init(LabelsBuilder *b, Arena *arena, Labels base)
{
        b->pairs = (__typeof__(b->pairs)){ .arena = arena };
        if (base.n == 0)
                return;
        vec_reserve(&b->pairs, base.n + 4);
        memcpy(b->pairs.data, base.data, base.n * sizeof *base.data);
        b->pairs.len = base.n;
}

static Label *find_pair(const LabelsBuilder *b, Str name)
{
        for (size_t i = 0; i < b->pairs.len; i++)
                if (str_eq(b->pairs.data[i].name, name))
                        return &b->pairs.data[i];
        return NULL;
}

Str labels_builder_get(const LabelsBuilder *b, Str name)
{
        const Label *l = find_pair(b, name);
        return l ? l->value : (Str){ 0 };
}

void labels_builder_set(LabelsBuilder *b, Str name, Str value)
{
        if (value.n == 0)
                labels_builder_del(b, name);
        else
                labels_builder_put(b, name, value);
}

void labels_builder_put(LabelsBuilder *b, Str name, Str value)
{
        Label *l = find_pair(b, name);
        if (l)
                l->value = value;
        else
                vec_push(&b->pairs, (Label){ name, value });
}

void labels_builder_del(LabelsBuilder *b, Str name)
{
        Label *l = find_pair(b, name);
        if (!l)
                return;
        size_t behind = (size_t)(b->pairs.data + b->pairs.len - (l + 1));
        memmove(l, l + 1, behind * sizeof *l); /* keeps the order: what was sorted stays sorted */
        b->pairs.len--;
}

static int by_name(const void *a, const void *b)
{
        const Label *x = a;
        const Label *y = b;
        return str_cmp(x->name, y->name);
}

enum { INSERTION_SORT_MAX = 48 };

/* Mostly sorted already: the base was, and a few were added behind it. */
static void sort_pairs(Label *pairs, size_t n)
{
        if (n > INSERTION_SORT_MAX) {
                qsort(pairs, n, sizeof *pairs, by_name);
                return;
        }
        for (size_t i = 1; i < n; i++) {
                Label l = pairs[i];
                size_t at = i;
                for (; at > 0 && str_cmp(pairs[at - 1].name, l.name) > 0; at--)
                        pairs[at] = pairs[at - 1];
                pairs[at] = l;
        }
}

Labels labels_builder_build(LabelsBuilder *b, Arena *arena)
{
        size_t n = b->pairs.len;
        if (n == 0 || !b->pairs.data)
                return (Labels){ 0 };
        Label *pairs = arena_raw_array(arena, Label, n); /* the builder keeps its order: labelmap goes by it */
        memcpy(pairs, b->pairs.data, n * sizeof *pairs);
        sort_pairs(pairs, n);
        return (Labels){ pairs, n };
}
