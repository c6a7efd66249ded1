/* Invariants:
 * 1. Every node of the tree is reached from its document's root; an alias is the anchored node itself, shared. So an alias
 *    costs nothing to store, but whoever walks the tree pays for the expanded size: that size is what YAML_MAX_NODES bounds.
 * 2. There are no cycles: an anchor becomes known when its node is complete.
 * 3. A map has no two equal keys: explicit ones twice are an error, explicit ones win over merged ones, and earlier merged
 *    ones over later ones.
 *
 * libfyaml scans and parses; the tree is built here from its events and not from its document: half the memory, all
 * duplicate keys in one run instead of the first, positions kept through merges, and no recursion over the input. */
#include "codec/yaml.h"

#include <libfyaml.h>
#include <stdlib.h>

#include "base/check.h"
#include "base/hash.h"
#include "base/utf8.h"

/* Maps up to this size look for repeated keys one by one. */
enum { SMALL_MAP = 16 };

typedef struct Anchor {
        YamlNode *node;
        size_t size; /* expanded nodes in it */
} Anchor;

#define MAP_NAME AnchorMap
#define MAP_FN_PREFIX anchor_map
#define MAP_KEY Str
#define MAP_VAL Anchor
#define MAP_HASH(k) hash_str(k)
#define MAP_EQ(a, b) str_eq(a, b)
#include "base/map.inc.h"

#define MAP_NAME PairMap
#define MAP_FN_PREFIX pair_map
#define MAP_KEY Str
#define MAP_VAL size_t
#define MAP_HASH(k) hash_str(k)
#define MAP_EQ(a, b) str_eq(a, b)
#include "base/map.inc.h"

/* A map or a sequence whose end has not come. */
typedef struct Frame {
        YamlNode *node;
        Str anchor;
        size_t base;        /* where its pairs or items start on the builder's stacks */
        size_t size_before; /* expanded nodes before it */
        bool has_key, merge_key;
        Str key;
        YamlPos key_pos;
} Frame;

typedef VEC(YamlPair) Pairs;

typedef struct Builder {
        Arena *arena;
        VEC(Frame) frames;
        Pairs pairs;
        VEC(YamlNode *) items;
        VEC(YamlNode *) docs;
        VEC(YamlError) errors;
        AnchorMap anchors;
        size_t size; /* expanded nodes so far */
} Builder;

static bool complain(Builder *b, YamlPos pos, Str message)
{
        if (b->errors.len < YAML_MAX_ERRORS)
                vec_push(&b->errors, (YamlError){ .pos = pos, .message = message });
        return false;
}

/* libfyaml counts from 0. */
static YamlPos pos_of(const struct fy_mark *mark)
{
        return mark ? (YamlPos){ (unsigned)mark->line + 1, (unsigned)mark->column + 1 } : (YamlPos){ 0, 0 };
}

static Str token_text(Builder *b, struct fy_token *token)
{
        size_t n = 0;
        const char *p = token ? fy_token_get_text(token, &n) : NULL;
        return p ? str_dup(b->arena, str_n(p, n)) : STR("");
}

/* ---- maps */

/* Where key stands among the pairs, or n. The hash map catches up with the pairs when there are many. */
static size_t find_pair(const YamlPair *pairs, size_t n, PairMap *map, Str key)
{
        if (n < SMALL_MAP) {
                for (size_t i = 0; i < n; i++)
                        if (str_eq(pairs[i].key, key))
                                return i;
                return n;
        }
        while (map->len < n) {
                size_t i = map->len;
                *pair_map_put(map, pairs[i].key, NULL) = i;
        }
        const size_t *found = pair_map_get(map, key);
        return found ? *found : n;
}

/* Adds the pairs of one merged map that are not there yet. */
static bool merge_map(Builder *b, const YamlNode *from, YamlPos pos, Pairs *into, PairMap *map)
{
        if (from->kind != YAML_MAP)
                return complain(b, pos, STR("'<<' needs a map, an alias of a map, or a list of these"));
        for (size_t i = 0; i < from->n; i++)
                if (find_pair(into->data, into->len, map, from->pairs[i].key) == into->len)
                        vec_push(into, from->pairs[i]);
        return true;
}

static bool merge_value(Builder *b, const YamlPair *merge, Pairs *into, PairMap *map)
{
        const YamlNode *v = merge->value;
        if (v->kind != YAML_SEQ)
                return merge_map(b, v, merge->key_pos, into, map);
        for (size_t i = 0; i < v->n; i++)
                if (!merge_map(b, v->items[i], merge->key_pos, into, map))
                        return false;
        return true;
}

/* A plain << is kept on the stack with this key, which no text can spell, until the map is complete. */
static bool is_merge(const YamlPair *pair) { return pair->key.p == NULL; }

/* Turns the pairs from base on into the node's own array. */
static bool close_map(Builder *b, YamlNode *node, size_t base)
{
        Pairs out = { 0 };
        PairMap map = { 0 };
        bool ok = true;
        for (size_t i = base; i < b->pairs.len; i++) {
                const YamlPair *pair = &b->pairs.data[i];
                if (is_merge(pair))
                        continue;
                size_t at = find_pair(out.data, out.len, &map, pair->key);
                if (at < out.len)
                        ok = complain(b, pair->key_pos,
                                      str_printf(b->arena, "key '" STR_FMT "' is given twice: first on line %u",
                                                 STR_ARG(pair->key), out.data[at].key_pos.line));
                else
                        vec_push(&out, *pair);
        }
        for (size_t i = base; i < b->pairs.len; i++)
                if (is_merge(&b->pairs.data[i]))
                        ok = merge_value(b, &b->pairs.data[i], &out, &map) && ok;
        b->pairs.len = base;
        node->n = out.len;
        node->pairs = arena_raw_array(b->arena, YamlPair, out.len);
        if (out.len)
                memcpy(node->pairs, out.data, out.len * sizeof *out.data);
        vec_done(&out);
        pair_map_done(&map);
        return ok;
}

/* ---- building: every function is false when building cannot go on */

static bool grow(Builder *b, size_t nodes, YamlPos pos)
{
        if (nodes > YAML_MAX_NODES - b->size)
                return complain(b, pos,
                                str_printf(b->arena, "more than %d values, aliases counted in full", YAML_MAX_NODES));
        b->size += nodes;
        return true;
}

static YamlNode *new_node(Builder *b, YamlKind kind, YamlPos pos)
{
        YamlNode *node = arena_new_of(b->arena, YamlNode);
        node->kind = kind;
        node->pos = pos;
        return node;
}

static void define_anchor(Builder *b, Str anchor, YamlNode *node, size_t size)
{
        for (size_t i = 0; i < anchor.n; i++) {
                char c = anchor.p[i];
                char lower = (char)(c | 0x20);
                if ((lower < 'a' || lower > 'z') && (c < '0' || c > '9') && c != '-' && c != '_') {
                        complain(b, node->pos,
                                 str_printf(b->arena, "anchor '&" STR_FMT "': its name may have a-z, A-Z, 0-9, - and _",
                                            STR_ARG(str_sub(anchor, 0, 60))));
                        return;
                }
        }
        if (anchor.n)
                *anchor_map_put(&b->anchors, anchor, NULL) = (Anchor){ .node = node, .size = size };
}

/* A key: kept in its map's frame until the value comes. */
static bool take_key(Builder *b, Frame *frame, YamlNode *node)
{
        frame->has_key = true;
        frame->key_pos = node->pos;
        if (node->kind == YAML_SEQ || node->kind == YAML_MAP) {
                frame->key = STR("");
                return complain(b, node->pos, STR("a key must be a plain text, not a list or a map"));
        }
        frame->key = node->text;
        frame->merge_key = !node->quoted && str_eq(node->text, STR("<<"));
        return true;
}

/* Puts a complete node where it belongs. Complaints are about the content: building goes on. */
static void place(Builder *b, YamlNode *node)
{
        if (b->frames.len == 0) {
                vec_push(&b->docs, node);
                return;
        }
        Frame *frame = vec_last(&b->frames);
        if (frame->node->kind == YAML_SEQ) {
                vec_push(&b->items, node);
                return;
        }
        if (!frame->has_key) {
                IGNORE(take_key(b, frame, node));
                return;
        }
        if (node->pos.line == 0) /* nothing written: "key:" */
                node->pos = frame->key_pos;
        vec_push(&b->pairs, (YamlPair){ .key = frame->merge_key ? (Str){ NULL, 2 } : frame->key,
                                        .key_pos = frame->key_pos,
                                        .value = node });
        frame->has_key = frame->merge_key = false;
}

static bool is_null_text(Str s)
{
        return s.n == 0 || str_eq(s, STR("~")) || str_eq(s, STR("null")) || str_eq(s, STR("Null")) ||
               str_eq(s, STR("NULL"));
}

static bool on_scalar(Builder *b, struct fy_event *event, YamlPos pos)
{
        struct fy_token *value = event->scalar.value;
        enum fy_scalar_style style = value ? fy_token_scalar_style(value) : FYSS_PLAIN;
        Str tag = token_text(b, event->scalar.tag);
        if ((style == FYSS_SINGLE_QUOTED || style == FYSS_DOUBLE_QUOTED) && pos.col > 1)
                pos.col--; /* libfyaml's mark stands behind the quote */
        YamlNode *node = new_node(b, YAML_SCALAR, pos);
        node->text = token_text(b, value);
        node->quoted = (style != FYSS_PLAIN && style != FYSS_ANY) || str_ends(tag, STR(":str")) ||
                       str_eq(tag, STR("!"));
        if (!node->quoted && is_null_text(node->text))
                node->kind = YAML_NULL;
        if (!grow(b, 1, pos))
                return false;
        define_anchor(b, token_text(b, event->scalar.anchor), node, 1);
        place(b, node);
        return true;
}

static bool on_alias(Builder *b, struct fy_event *event, YamlPos pos)
{
        Str name = token_text(b, event->alias.anchor);
        const Anchor *anchor = anchor_map_get(&b->anchors, name);
        if (!anchor) {
                complain(b, pos,
                         str_printf(b->arena, "alias '*" STR_FMT "' refers to no anchor before it", STR_ARG(name)));
                place(b, new_node(b, YAML_NULL, pos));
                return true;
        }
        if (!grow(b, anchor->size, pos))
                return false;
        place(b, anchor->node);
        return true;
}

static bool on_open(Builder *b, YamlKind kind, struct fy_token *anchor, YamlPos pos)
{
        if (b->frames.len >= YAML_MAX_DEPTH)
                return complain(b, pos, str_printf(b->arena, "nested deeper than %d levels", YAML_MAX_DEPTH));
        size_t before = b->size;
        if (!grow(b, 1, pos))
                return false;
        vec_push(&b->frames, (Frame){ .node = new_node(b, kind, pos),
                                      .anchor = token_text(b, anchor),
                                      .base = kind == YAML_MAP ? b->pairs.len : b->items.len,
                                      .size_before = before });
        return true;
}

static void on_close(Builder *b)
{
        CHECK(b->frames.data);
        Frame frame = vec_pop(&b->frames);
        YamlNode *node = frame.node;
        if (node->kind == YAML_MAP) {
                IGNORE(close_map(b, node, frame.base));
        } else {
                node->n = b->items.len - frame.base;
                node->items = arena_raw_array(b->arena, YamlNode *, node->n);
                if (node->n)
                        memcpy(node->items, b->items.data + frame.base, node->n * sizeof *node->items);
                b->items.len = frame.base;
        }
        define_anchor(b, frame.anchor, node, b->size - frame.size_before);
        place(b, node);
}

static bool on_event(Builder *b, struct fy_event *event)
{
        YamlPos pos = pos_of(fy_event_start_mark(event));
        switch (event->type) {
        case FYET_SCALAR: return on_scalar(b, event, pos);
        case FYET_ALIAS: return on_alias(b, event, pos);
        case FYET_MAPPING_START: return on_open(b, YAML_MAP, event->mapping_start.anchor, pos);
        case FYET_SEQUENCE_START: return on_open(b, YAML_SEQ, event->sequence_start.anchor, pos);
        case FYET_MAPPING_END:
        case FYET_SEQUENCE_END: on_close(b); return true;
        case FYET_DOCUMENT_START: anchor_map_clear(&b->anchors); return true;
        case FYET_NONE:
        case FYET_STREAM_START:
        case FYET_STREAM_END:
        case FYET_DOCUMENT_END: return true;
        }
        return true;
}

/* ---- libfyaml */

static void collect_errors(Builder *b, struct fy_diag *diag)
{
        void *it = NULL;
        for (const struct fy_diag_error *e; (e = fy_diag_errors_iterate(diag, &it));) {
                /* An error without a place is about the library's own state, a follow-up of one with a place. */
                YamlPos pos = { e->line > 0 ? (unsigned)e->line : 0, e->column > 0 ? (unsigned)e->column : 0 };
                complain(b, pos, str_dup(b->arena, str_trim(str_of(e->msg))));
        }
}

static void run_parser(Builder *b, struct fy_parser *parser, Str text)
{
        if (fy_parser_set_string(parser, text.p, text.n) != 0) {
                complain(b, (YamlPos){ 0, 0 }, STR("the YAML reader did not start"));
                return;
        }
        for (struct fy_event *event; (event = fy_parser_parse(parser));) {
                bool go_on = on_event(b, event);
                fy_parser_event_free(parser, event);
                if (!go_on)
                        return;
        }
}

static void parse_text(Builder *b, Str text)
{
        const struct fy_diag_cfg diag_cfg = { .level = FYET_ERROR, .module_mask = ~0u };
        struct fy_diag *diag = fy_diag_create(&diag_cfg);
        if (diag)
                fy_diag_set_collect_errors(diag, true);
        // NOLINTNEXTLINE(clang-analyzer-optin.core.EnumCastOutOfRange): the library means flags
        const struct fy_parse_cfg cfg = { .flags = FYPCF_QUIET | FYPCF_COLLECT_DIAG | FYPCF_JSON_NONE |
                                                   FYPCF_SLOPPY_FLOW_INDENTATION,
                                          .diag = diag };
        struct fy_parser *parser = diag ? fy_parser_create(&cfg) : NULL;
        if (!parser) {
                complain(b, (YamlPos){ 0, 0 }, STR("the YAML reader did not start"));
        } else {
                run_parser(b, parser, text);
                bool broken = fy_parser_get_stream_error(parser);
                collect_errors(b, diag);
                if (broken && b->errors.len == 0)
                        complain(b, (YamlPos){ 0, 0 }, STR("this is not YAML"));
                fy_parser_destroy(parser);
        }
        if (diag)
                fy_diag_destroy(diag);
}

/* YAML is text: what is not UTF-8 is refused before the library sees it, with the place. */
static bool is_control(uint32_t rune)
{
        bool c0 = rune < ' ' && rune != '\t' && rune != '\n' && rune != '\r';
        return c0 || (rune >= 0x7f && rune < 0xa0 && rune != 0x85) || rune == 0xfffe || rune == 0xffff;
}

static bool check_text(Builder *b, Str text)
{
        if (text.n > YAML_MAX_BYTES)
                return complain(b, (YamlPos){ 0, 0 }, str_printf(b->arena, "longer than %d bytes", YAML_MAX_BYTES));
        YamlPos pos = { 1, 1 };
        for (size_t i = 0, n; i < text.n; i += n) {
                uint32_t rune;
                n = utf8_decode(str_sub(text, i, text.n), &rune);
                if (n == 0)
                        return complain(b, pos, STR("this is not UTF-8"));
                if (is_control(rune))
                        return complain(
                                b, pos,
                                str_printf(b->arena, "the control character U+%04X does not belong in YAML", rune));
                pos.col++;
                if (rune == '\n')
                        pos = (YamlPos){ pos.line + 1, 1 };
        }
        return true;
}

static int compare_errors(const void *a, const void *b)
{
        YamlPos x = ((const YamlError *)a)->pos, y = ((const YamlError *)b)->pos;
        if (x.line != y.line)
                return x.line < y.line ? -1 : 1;
        return (x.col > y.col) - (x.col < y.col);
}

bool yaml_parse(Str text, Arena *arena, YamlNode ***ret_docs, size_t *ret_n, YamlError **ret_errors,
                size_t *ret_errors_n)
{
        Builder b = { .arena = arena, .docs.arena = arena, .errors.arena = arena };
        if (check_text(&b, text) && text.n)
                parse_text(&b, text);
        vec_done(&b.frames);
        vec_done(&b.pairs);
        vec_done(&b.items);
        anchor_map_done(&b.anchors);
        if (b.errors.len) {
                qsort(b.errors.data, b.errors.len, sizeof *b.errors.data, compare_errors);
                *ret_errors = b.errors.data;
                *ret_errors_n = b.errors.len;
                return false;
        }
        *ret_docs = b.docs.data;
        *ret_n = b.docs.len;
        return true;
}

YamlNode *yaml_get(const YamlNode *map, Str key)
{
        if (!map || map->kind != YAML_MAP)
                return NULL;
        for (size_t i = 0; i < map->n; i++)
                if (str_eq(map->pairs[i].key, key))
                        return map->pairs[i].value;
        return NULL;
}
