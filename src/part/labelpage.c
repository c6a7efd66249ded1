/* Invariants
 * 1. Every number that a page says is checked before it is used; tables are never larger than the text allows.
 * 2. Columns of a shape (the names of some series) follow each other name by name; a column has the series' values in their order.
 *
 * Why columns: the values of a label repeat from series to series with some period, and so do the numbers in its column, which a compressor
 * sees as one long match; written series by series the same would be many short ones. */
#include "part/labelpage.h"

#include "base/hash.h"
#include "base/mem.h"
#include "base/vec.h"
#include "codec/varint.h"
#include "part/partcursor.h"

#define MAP_NAME StringMap
#define MAP_FN_PREFIX string_map
#define MAP_KEY Str
#define MAP_VAL uint32_t
#define MAP_HASH(k) hash_str(k)
#define MAP_EQ(a, b) str_eq(a, b)
#include "base/map.inc.h"

typedef VEC(uint32_t) Numbers;

struct LabelPageWriter {
        Arena *arena;
        StringMap strings, shapes; /* numbers; a shape's key is the bytes of its names' numbers */
        Buf lengths, bytes;        /* of the strings */
        Buf names;                 /* of the shapes */
        VEC(uint64_t) sids;
        VEC(uint32_t) shape_of;
        VEC(uint32_t) widths; /* of the shapes */
        Numbers values;       /* by series */
        Numbers scratch;
};

LabelPageWriter *labelpage_writer_new(void)
{
        LabelPageWriter *w = mem_new(LabelPageWriter);
        w->arena = arena_new();
        return w;
}

void labelpage_writer_free(LabelPageWriter *w)
{
        if (!w)
                return;
        arena_free(w->arena);
        string_map_done(&w->strings);
        string_map_done(&w->shapes);
        buf_done(&w->lengths);
        buf_done(&w->bytes);
        buf_done(&w->names);
        vec_done(&w->sids);
        vec_done(&w->shape_of);
        vec_done(&w->widths);
        vec_done(&w->values);
        vec_done(&w->scratch);
        mem_free(w);
}

static uint32_t number_of(LabelPageWriter *w, Str s)
{
        const uint32_t *known = string_map_get(&w->strings, s);
        if (known)
                return *known;
        uint32_t number = (uint32_t)w->strings.len;
        *string_map_put(&w->strings, str_dup(w->arena, s), NULL) = number;
        varint_add(&w->lengths, s.n);
        buf_str_add(&w->bytes, s);
        return number;
}

static uint32_t shape_of(LabelPageWriter *w, Labels labels)
{
        vec_clear(&w->scratch);
        for (size_t i = 0; i < labels.n; i++)
                vec_push(&w->scratch, number_of(w, labels.data[i].name));
        Str key = { (const char *)w->scratch.data, labels.n * sizeof(uint32_t) };
        const uint32_t *known = string_map_get(&w->shapes, key);
        if (known)
                return *known;
        uint32_t number = (uint32_t)w->shapes.len;
        *string_map_put(&w->shapes, str_dup(w->arena, key), NULL) = number;
        vec_push(&w->widths, (uint32_t)labels.n);
        varint_add(&w->names, labels.n);
        for (size_t i = 0; i < labels.n; i++)
                varint_add(&w->names, w->scratch.data[i]);
        return number;
}

void labelpage_add(LabelPageWriter *w, uint64_t sid, Labels labels)
{
        vec_push(&w->sids, sid);
        vec_push(&w->shape_of, shape_of(w, labels));
        for (size_t i = 0; i < labels.n; i++)
                vec_push(&w->values, number_of(w, labels.data[i].value));
}

size_t labelpage_series(const LabelPageWriter *w) { return w->sids.len; }

size_t labelpage_bytes(const LabelPageWriter *w)
{
        return w->bytes.n + w->lengths.n + w->names.n + (w->values.len + w->sids.len) * sizeof(uint32_t);
}

/* Series sorted by shape, in their order: those of shape s are list[from[s]] to list[from[s + 1]]. */
static void sort_by_shape(const uint32_t *shapes, size_t n, size_t n_shapes, uint32_t *list, uint32_t *from)
{
        for (size_t i = 0; i < n; i++)
                from[shapes[i] + 1]++;
        for (size_t s = 0; s < n_shapes; s++)
                from[s + 1] += from[s];
        for (size_t i = 0; i < n; i++)
                list[from[shapes[i]]++] = (uint32_t)i;
        for (size_t s = n_shapes; s > 0; s--)
                from[s] = from[s - 1];
        from[0] = 0;
}

static void add_columns(LabelPageWriter *w, Buf *out)
{
        size_t n = w->sids.len, n_shapes = w->widths.len, at = 0;
        uint32_t *list = arena_raw_array(w->arena, uint32_t, n), *from = arena_array(w->arena, uint32_t, n_shapes + 2);
        size_t *place = arena_raw_array(w->arena, size_t, n);
        for (size_t i = 0; i < n; i++) {
                place[i] = at;
                at += w->widths.data[w->shape_of.data[i]];
        }
        sort_by_shape(w->shape_of.data, n, n_shapes, list, from);
        for (size_t s = 0; s < n_shapes; s++)
                for (uint32_t k = 0; k < w->widths.data[s]; k++)
                        for (uint32_t i = from[s]; i < from[s + 1]; i++)
                                varint_add(out, w->values.data[place[list[i]] + k]);
}

void labelpage_finish(LabelPageWriter *w, Buf *out)
{
        uint64_t before = 0;
        size_t n = w->sids.len;
        for (size_t i = 0; i < n; i++) {
                varint_add(out, w->sids.data[i] - before);
                before = w->sids.data[i];
                if (i == 0)
                        varint_add(out, n);
        }
        varint_add(out, w->strings.len);
        buf_add(out, w->lengths.p, w->lengths.n);
        buf_add(out, w->bytes.p, w->bytes.n);
        varint_add(out, w->shapes.len);
        buf_add(out, w->names.p, w->names.n);
        for (size_t i = 0; i < n; i++)
                varint_add(out, w->shape_of.data[i]);
        add_columns(w, out);
        string_map_clear(&w->strings);
        string_map_clear(&w->shapes);
        buf_clear(&w->lengths);
        buf_clear(&w->bytes);
        buf_clear(&w->names);
        vec_clear(&w->sids);
        vec_clear(&w->shape_of);
        vec_clear(&w->widths);
        vec_clear(&w->values);
        arena_reset(w->arena);
}

/* ---- reading */

typedef struct Shape {
        uint32_t n, names; /* place in `names` */
} Shape;

struct LabelPage {
        Arena *arena;
        size_t n;
        uint64_t *sids;
        uint32_t *shape_of, *place; /* of its values */
        uint64_t n_strings, n_shapes;
        Str *strings;
        Shape *shapes;
        Numbers names;
        uint32_t *values;
        Str rest;
};

/* A number below `limit`. */
static bool take_number(Cursor *c, uint64_t limit, uint32_t *ret)
{
        uint64_t v;
        if (!take(c, &v) || v >= limit)
                return false;
        *ret = (uint32_t)v;
        return true;
}

static bool read_sids(LabelPage *p, Cursor *c)
{
        uint64_t sid, n, step;
        if (!take(c, &sid) || !take(c, &n) || n == 0 || n > left(c))
                return false;
        p->n = (size_t)n;
        p->sids = arena_raw_array(p->arena, uint64_t, n);
        p->sids[0] = sid;
        for (size_t i = 1; i < n; i++) {
                if (!take(c, &step))
                        return false;
                p->sids[i] = sid += step;
        }
        return true;
}

static bool read_strings(LabelPage *p, Cursor *c)
{
        if (!take(c, &p->n_strings) || p->n_strings > left(c) || p->n_strings > UINT32_MAX)
                return false;
        p->strings = arena_raw_array(p->arena, Str, p->n_strings + 1);
        uint64_t total = 0, length;
        for (uint64_t i = 0; i < p->n_strings; i++) {
                if (!take(c, &length) || length > left(c) || total + length > left(c))
                        return false;
                total += length;
                p->strings[i].n = (size_t)length;
        }
        if (total > left(c))
                return false;
        for (uint64_t i = 0; i < p->n_strings; i++) {
                p->strings[i].p = (const char *)c->p;
                c->p += p->strings[i].n;
        }
        return true;
}

static bool read_shapes(LabelPage *p, Cursor *c)
{
        if (!take(c, &p->n_shapes) || p->n_shapes > left(c))
                return false;
        p->shapes = arena_raw_array(p->arena, Shape, p->n_shapes + 1);
        for (uint64_t s = 0; s < p->n_shapes; s++) {
                Shape *shape = &p->shapes[s];
                uint32_t name;
                if (!take_number(c, left(c), &shape->n))
                        return false;
                shape->names = (uint32_t)p->names.len;
                for (uint32_t k = 0; k < shape->n; k++) {
                        if (!take_number(c, p->n_strings, &name))
                                return false;
                        vec_push(&p->names, name);
                }
        }
        return true;
}

static bool read_columns(LabelPage *p, Cursor *c)
{
        uint64_t total = 0;
        p->shape_of = arena_raw_array(p->arena, uint32_t, p->n);
        p->place = arena_raw_array(p->arena, uint32_t, p->n);
        for (size_t i = 0; i < p->n; i++) {
                if (!take_number(c, p->n_shapes, &p->shape_of[i]))
                        return false;
                p->place[i] = (uint32_t)total;
                total += p->shapes[p->shape_of[i]].n;
                if (total > left(c))
                        return false;
        }
        uint32_t *list = arena_raw_array(p->arena, uint32_t, p->n);
        uint32_t *from = arena_array(p->arena, uint32_t, p->n_shapes + 2);
        p->values = arena_raw_array(p->arena, uint32_t, total + 1);
        sort_by_shape(p->shape_of, p->n, p->n_shapes, list, from);
        for (uint64_t s = 0; s < p->n_shapes; s++)
                for (uint32_t k = 0; k < p->shapes[s].n; k++)
                        for (uint32_t i = from[s]; i < from[s + 1]; i++)
                                if (!take_number(c, p->n_strings, &p->values[p->place[list[i]] + k]))
                                        return false;
        return true;
}

LabelPage *labelpage_open(Str text)
{
        LabelPage *p = mem_new(LabelPage);
        p->arena = arena_new();
        Cursor c = { (const unsigned char *)text.p, (const unsigned char *)text.p + text.n };
        if (!read_sids(p, &c) || !read_strings(p, &c) || !read_shapes(p, &c) || !read_columns(p, &c)) {
                labelpage_free(p);
                return NULL;
        }
        p->rest = cursor_str(&c);
        return p;
}

void labelpage_free(LabelPage *p)
{
        if (!p)
                return;
        vec_done(&p->names);
        arena_free(p->arena);
        mem_free(p);
}

size_t labelpage_count(const LabelPage *p) { return p->n; }
uint64_t labelpage_sid(const LabelPage *p, size_t i) { return p->sids[i]; }
Str labelpage_rest(const LabelPage *p) { return p->rest; }

Labels labelpage_labels(const LabelPage *p, size_t i, Arena *arena)
{
        const Shape *shape = &p->shapes[p->shape_of[i]];
        Label *pairs = arena_array(arena, Label, shape->n);
        for (uint32_t k = 0; k < shape->n; k++)
                pairs[k] = (Label){ p->strings[p->names.data[shape->names + k]],
                                    p->strings[p->values[p->place[i] + k]] };
        return (Labels){ pairs, shape->n };
}

bool labelpage_find(const LabelPage *p, uint64_t sid, Arena *arena, Labels *ret)
{
        size_t lo = 0, hi = p->n;
        while (lo < hi) {
                size_t mid = lo + (hi - lo) / 2;
                if (p->sids[mid] < sid)
                        lo = mid + 1;
                else
                        hi = mid;
        }
        if (lo == p->n || p->sids[lo] != sid)
                return false;
        *ret = labels_dup(arena, labelpage_labels(p, lo, arena));
        return true;
}
