/* Invariants
 * 1. Nothing is decoded before its record's checksum was verified once since the file was mapped (times: every time; they are short).
 * 2. Lengths and offsets are checked against the mapping even then: a file that lies consistently does no harm.
 * 3. Without a good trailer and index the records are walked and the tables made from them: only what is itself damaged is lost.
 *
 * Why groups of series: a checksum, an entry and a search step for each series alone would cost more than the samples of a short one. */
#include "part/part.h"

#include <stdlib.h>

#include "base/mem.h"
#include "base/vec.h"
#include "codec/floatvec.h"
#include "codec/zstdio.h"
#include "part/histblock.h"
#include "part/labelpage.h"
#include "part/partcursor.h"
#include "part/partformat.h"
#include "part/partgroup.h"
#include "store/record.h"

enum { CHECKED_GOOD = 1, CHECKED_BAD = 2 };

struct Part {
        Snapshot snap;
        const Fs *fs;
        char *path;
        FileMap map;
        PartInfo info;
        uint64_t n_groups, n_pages;
        const unsigned char *groups, *pages; /* tables of (first sid, offset): in the mapping, or in `rebuilt` */
        Buf rebuilt;
        unsigned char *checked; /* of each group; atomic */
};

/* ---- records */

static uint64_t table_sid(const unsigned char *table, uint64_t i) { return bits_le64(table + i * 16); }
static uint64_t table_offset(const unsigned char *table, uint64_t i) { return bits_le64(table + i * 16 + 8); }

/* The content of the record at offset, without its checksum verified; false when it is not inside the file, or so near its end, which
 * only a cut file has, that decoding would read beyond the mapping. */
static bool find_record(const Part *p, uint64_t offset, uint32_t mark, Cursor *ret)
{
        if (offset > p->map.n || p->map.n - offset < RECORD_BYTES)
                return false;
        const unsigned char *at = p->map.p + offset;
        uint32_t n = record_content_bytes(at);
        if (record_mark(at) != mark || n + (uint64_t)FLOATVEC_PAD_BYTES > p->map.n - offset - RECORD_BYTES)
                return false;
        *ret = (Cursor){ at + RECORD_BYTES, at + RECORD_BYTES + n };
        return true;
}

static bool find_group(const Part *p, uint64_t i, Cursor *ret)
{
        uint64_t offset = table_offset(p->groups, i);
        return find_record(p, offset, PARTFORMAT_GROUP, ret) || find_record(p, offset, PARTFORMAT_GROUP_OLD, ret);
}

static uint32_t mark_of(const Cursor *content) { return record_mark(content->p - RECORD_BYTES); }

static bool begin_group(const Cursor *content, GroupWalk *walk)
{
        return partgroup_begin(content, mark_of(content), record_count(content->p - RECORD_BYTES), walk);
}

static bool checksum_is_good(const Cursor *content) { return record_is_good(content->p - RECORD_BYTES); }

static bool checked_record(const Part *p, uint64_t offset, uint32_t mark, Cursor *ret)
{
        return find_record(p, offset, mark, ret) && checksum_is_good(ret);
}

/* ---- opening */

static void part_free(Snapshot *snap)
{
        Part *p = (Part *)snap;
        p->fs->unmap(p->fs, p->map);
        buf_done(&p->rebuilt);
        mem_free(p->checked);
        mem_free(p->path);
        mem_free(p);
}

static void use_index(Part *p, const unsigned char *content)
{
        p->info.series = bits_le64(content);
        p->info.samples = bits_le64(content + 8);
        p->info.blocks = bits_le64(content + 16);
        p->n_groups = bits_le64(content + 24);
        p->n_pages = bits_le64(content + 32);
        p->info.min_ms = (int64_t)bits_le64(content + 40);
        p->info.max_ms = (int64_t)bits_le64(content + 48);
        p->groups = content + PARTFORMAT_INDEX_FIXED;
        p->pages = p->groups + p->n_groups * 16;
}

static bool read_index(Part *p)
{
        if (p->map.n < PART_HEADER_BYTES + RECORD_BYTES + PARTFORMAT_INDEX_FIXED + PART_TRAILER_BYTES)
                return false;
        const unsigned char *t = p->map.p + p->map.n - PART_TRAILER_BYTES;
        Cursor c;
        if (bits_le32(t + 20) != PARTFORMAT_END || bits_le32(t + 16) != hash_crc32c(0, t, 16) ||
            !checked_record(p, bits_le64(t), PARTFORMAT_INDEX, &c) || left(&c) != bits_le64(t + 8) ||
            left(&c) < PARTFORMAT_INDEX_FIXED)
                return false;
        uint64_t groups = bits_le64(c.p + 24), pages = bits_le64(c.p + 32);
        uint64_t places = (left(&c) - PARTFORMAT_INDEX_FIXED) / 16;
        if (groups > places || pages > places || groups + pages != places)
                return false;
        use_index(p, c.p);
        return true;
}

/* ---- reading a group */

/* The group's content when its checksum is right; it is computed once. *damaged grows at the first look at a bad one. */
static bool check_group(Part *p, uint64_t i, GroupWalk *walk, uint64_t *damaged)
{
        Cursor c;
        unsigned char state = __atomic_load_n(&p->checked[i], __ATOMIC_ACQUIRE);
        if (state == CHECKED_BAD)
                return false;
        bool good = find_group(p, i, &c) && (state == CHECKED_GOOD || checksum_is_good(&c)) && begin_group(&c, walk);
        if (state == 0 || !good) {
                unsigned char now = good ? CHECKED_GOOD : CHECKED_BAD;
                if (__atomic_exchange_n(&p->checked[i], now, __ATOMIC_ACQ_REL) != CHECKED_BAD && !good)
                        ++*damaged;
        }
        return good;
}

/* The last entry whose first sid is <= sid; UINT64_MAX when there is none. */
static uint64_t table_find(const unsigned char *table, uint64_t n, uint64_t sid)
{
        uint64_t lo = 0, hi = n;
        while (lo < hi) {
                uint64_t mid = lo + (hi - lo) / 2;
                if (table_sid(table, mid) <= sid)
                        lo = mid + 1;
                else
                        hi = mid;
        }
        return lo - 1;
}

bool part_next_series(Part *p, uint64_t sid, uint64_t *ret)
{
        uint64_t group = table_find(p->groups, p->n_groups, sid), ignored = 0;
        for (group = group == UINT64_MAX ? 0 : group; group < p->n_groups; group++) {
                GroupWalk walk;
                SeriesData data;
                if (!check_group(p, group, &walk, &ignored))
                        continue;
                while (partgroup_next(&walk, &data))
                        if (walk.sid >= sid) {
                                *ret = walk.sid;
                                return true;
                        }
        }
        return false;
}

/* ---- a reader's place */

typedef enum TimesState { TIMES_OUTSIDE, TIMES_INSIDE, TIMES_DAMAGED } TimesState;

/* Times of a block, and which of them lie in the range that was asked for last. */
typedef struct KnownTimes {
        uint64_t at; /* their record; 0: none */
        size_t n, lo, hi, cap;
        int64_t min_ms, max_ms;
        TimesState state;
        bool unpacked;
        int64_t *t; /* owned, `cap` of them */
} KnownTimes;

enum { CURSOR_TIMES = 8 }; /* a series' blocks come round again with the next series */

typedef struct PlacedSeries {
        uint64_t sid;
        SeriesData data;
} PlacedSeries;

struct PartCursor {
        Part *p;
        uint64_t first_sid, end_sid; /* of the group; equal: none is known */
        VEC(PlacedSeries) series;    /* of the group */
        size_t next;                 /* the series after the last one found */
        KnownTimes times[CURSOR_TIMES];
        unsigned oldest;
};

PartCursor *part_cursor_new(Part *p)
{
        PartCursor *c = mem_new(PartCursor);
        c->p = p;
        return c;
}

static void cursor_done(PartCursor *c)
{
        vec_done(&c->series);
        for (size_t i = 0; i < CURSOR_TIMES; i++)
                mem_free(c->times[i].t);
}

void part_cursor_free(PartCursor *c)
{
        if (!c)
                return;
        cursor_done(c);
        mem_free(c);
}

size_t part_cursor_bytes(const PartCursor *c)
{
        size_t bytes = sizeof *c + c->series.cap * sizeof *c->series.data;
        for (size_t i = 0; i < CURSOR_TIMES; i++)
                bytes += c->times[i].cap * sizeof(int64_t);
        return bytes;
}

/* Goes to the group that would have sid. */
static bool enter_group(PartCursor *c, uint64_t sid, uint64_t *damaged)
{
        Part *p = c->p;
        c->first_sid = c->end_sid = 0;
        c->next = 0;
        vec_clear(&c->series);
        uint64_t group = table_find(p->groups, p->n_groups, sid);
        GroupWalk walk;
        if (group == UINT64_MAX || !check_group(p, group, &walk, damaged))
                return false;
        vec_reserve(&c->series, walk.left);
        for (PlacedSeries *s = c->series.data; partgroup_next(&walk, &s->data); s = &c->series.data[++c->series.len])
                s->sid = walk.sid;
        c->first_sid = table_sid(p->groups, group);
        c->end_sid = group + 1 < p->n_groups ? table_sid(p->groups, group + 1) : UINT64_MAX;
        return true;
}

static bool find_series(PartCursor *c, uint64_t sid, SeriesData *ret, uint64_t *damaged)
{
        bool here = sid >= c->first_sid && sid < c->end_sid;
        if (!here && !enter_group(c, sid, damaged))
                return false;
        size_t lo = 0, hi = c->series.len;
        if (c->next < hi && c->series.data[c->next].sid <= sid)
                lo = c->next;
        while (lo < hi && c->series.data[lo].sid != sid) {
                size_t mid = lo + (hi - lo) / 2;
                if (c->series.data[mid].sid < sid)
                        lo = mid + 1;
                else if (c->series.data[mid].sid > sid)
                        hi = mid;
                else
                        lo = mid;
        }
        if (lo >= hi)
                return false;
        c->next = lo + 1;
        *ret = c->series.data[lo].data;
        return true;
}

/* Unpacks the times if any can lie inside the range; they rise strictly. */
static TimesState read_times(const Part *p, const Block *b, int64_t min_ms, int64_t max_ms, KnownTimes *known)
{
        Cursor c;
        uint64_t n, first, span;
        if (!checked_record(p, b->times, PARTFORMAT_TIMES, &c) || !take(&c, &n) || n == 0 || n != b->n ||
            !take(&c, &first) || !take(&c, &span))
                return TIMES_DAMAGED;
        int64_t from = bits_unzigzag(first), to;
        if (span > INT64_MAX || __builtin_add_overflow(from, (int64_t)span, &to))
                return TIMES_DAMAGED;
        if (from > max_ms || to < min_ms)
                return TIMES_OUTSIDE;
        if (known->cap < b->n) {
                mem_free(known->t);
                known->cap = b->n;
                known->t = mem_alloc(known->cap * sizeof *known->t);
        }
        size_t used;
        Err err;
        if (!intvec_read((Str){ (const char *)c.p, left(&c) }, b->n, known->t, &used, &err))
                return TIMES_DAMAGED;
        /* A query that the first or the last keeps out never sees the others. */
        int64_t bad = known->t[0] != from || known->t[b->n - 1] != to;
        for (size_t i = 1; i < b->n; i++)
                bad |= known->t[i] <= known->t[i - 1];
        known->unpacked = true;
        return bad ? TIMES_DAMAGED : TIMES_INSIDE;
}

/* The first i with t[i] >= ms. */
static size_t lower_bound(const int64_t *t, size_t n, int64_t ms)
{
        size_t lo = 0, hi = n;
        while (lo < hi) {
                size_t mid = lo + (hi - lo) / 2;
                if (t[mid] < ms)
                        lo = mid + 1;
                else
                        hi = mid;
        }
        return lo;
}

static const KnownTimes *times_of(PartCursor *c, const Block *b, int64_t min_ms, int64_t max_ms)
{
        KnownTimes *known = NULL;
        for (size_t i = 0; i < CURSOR_TIMES && !known; i++)
                if (c->times[i].at == b->times && c->times[i].n == b->n)
                        known = &c->times[i];
        if (known && known->min_ms == min_ms && known->max_ms == max_ms)
                return known;
        if (!known) {
                known = &c->times[c->oldest];
                c->oldest = (c->oldest + 1) % CURSOR_TIMES;
                known->at = b->times;
                known->n = b->n;
                known->unpacked = false;
        }
        known->min_ms = min_ms;
        known->max_ms = max_ms;
        if (!known->unpacked)
                known->state = read_times(c->p, b, min_ms, max_ms, known);
        if (known->state == TIMES_DAMAGED || !known->unpacked)
                return known;
        known->lo = lower_bound(known->t, known->n, min_ms);
        known->hi = max_ms == INT64_MAX ? known->n : lower_bound(known->t, known->n, max_ms + 1);
        known->state = known->lo < known->hi ? TIMES_INSIDE : TIMES_OUTSIDE;
        return known;
}

static void add_histograms(const Block *b, const int64_t *t, size_t from, size_t to, Column *out, uint64_t *damaged)
{
        const Histogram *h[HISTBLOCK_MAX];
        Err err;
        if (!histblock_read(cursor_str(&b->code), b->n, column_arena(out), h, &err)) {
                ++*damaged;
                return;
        }
        for (size_t i = from; i < to; i++)
                column_push_histogram(out, t[i], h[i]);
}

/* Values go straight to where they belong. */
static void add_floats(const Block *b, const int64_t *t, size_t from, size_t to, bool presence, Column *out,
                       uint64_t *damaged)
{
        size_t n = to - from;
        Err err;
        column_reserve(out, n);
        double *v = out->v + out->n;
        if (presence && floatvec_is_plain(cursor_str(&b->code))) {
                memset(v, 0, n * sizeof *v);
        } else if (!floatvec_read_some(cursor_str(&b->code), b->n, from, to, v, &err)) {
                ++*damaged;
                return;
        }
        memcpy(out->t + out->n, t + from, n * sizeof *t);
        if (out->h)
                memset((void *)(out->h + out->n), 0, n * sizeof *out->h);
        if (out->st)
                memset(out->st + out->n, 0, n * sizeof *out->st);
        out->n += n;
}

static void set_starts(const Block *b, size_t from, size_t to, Column *out, size_t at, uint64_t *damaged)
{
        int64_t starts[PART_BLOCK_SAMPLES];
        size_t used, end = out->n;
        Err err;
        if (end - at != to - from)
                return;
        if (!intvec_read(cursor_str(&b->starts), b->n, starts, &used, &err)) {
                ++*damaged;
                return;
        }
        for (size_t i = from; i < to; i++) { /* column_set_start speaks of the sample pushed last */
                out->n = at + (i - from) + 1;
                column_set_start(out, starts[i]);
        }
        out->n = end;
}

static void read_block(PartCursor *c, const Block *b, const PartRead *what, Column *out, uint64_t *damaged)
{
        const KnownTimes *times = times_of(c, b, what->min_ms, what->max_ms);
        if (times->state != TIMES_INSIDE) {
                *damaged += times->state == TIMES_DAMAGED;
                return;
        }
        size_t from = what->last_only ? times->hi - 1 : times->lo, to = times->hi, at = out->n;
        if (b->kind == PART_BLOCK_HISTOGRAMS)
                add_histograms(b, times->t, from, to, out, damaged);
        else
                add_floats(b, times->t, from, to, what->presence, out, damaged);
        if (b->starts.p)
                set_starts(b, from, to, out, at, damaged);
}

static bool read_all(PartCursor *c, SeriesData s, const PartRead *what, Column *out, uint64_t *damaged)
{
        while (partgroup_has_block(&s)) {
                Block b;
                if (!partgroup_block(&s, &b)) {
                        ++*damaged;
                        break;
                }
                read_block(c, &b, what, out, damaged);
        }
        return true;
}

bool part_cursor_read(PartCursor *c, uint64_t sid, const PartRead *what, Column *out, uint64_t *damaged)
{
        SeriesData s, rest;
        if (what->min_ms > what->max_ms || !find_series(c, sid, &s, damaged))
                return false;
        if (!what->last_only)
                return read_all(c, s, what, out, damaged);
        /* Of the blocks only the last one that has a sample is decoded, unless one is damaged. */
        Block b, last = { 0 };
        size_t at = out->n;
        uint64_t found = 0;
        for (rest = s; partgroup_has_block(&rest) && !found;) {
                if (!partgroup_block(&rest, &b) || times_of(c, &b, what->min_ms, what->max_ms)->state == TIMES_DAMAGED)
                        found++;
                else if (times_of(c, &b, what->min_ms, what->max_ms)->state == TIMES_INSIDE)
                        last = b;
        }
        if (!found && last.n)
                read_block(c, &last, what, out, &found);
        if (!found)
                return true;
        out->n = at;
        return read_all(c, s, what, out, damaged);
}

bool part_read(Part *p, uint64_t sid, int64_t min_ms, int64_t max_ms, Column *out, uint64_t *damaged)
{
        PartCursor c = { .p = p };
        bool known = part_cursor_read(&c, sid, &(PartRead){ .min_ms = min_ms, .max_ms = max_ms }, out, damaged);
        cursor_done(&c);
        return known;
}

bool part_last(Part *p, uint64_t sid, int64_t min_ms, int64_t max_ms, Column *out, uint64_t *damaged)
{
        PartCursor c = { .p = p };
        PartRead what = { .min_ms = min_ms, .max_ms = max_ms, .last_only = true };
        size_t at = out->n;
        bool known = part_cursor_read(&c, sid, &what, out, damaged);
        cursor_done(&c);
        if (out->n > at + 1) {
                column_move(out, at, out->n - 1);
                out->n = at + 1;
        }
        return known;
}

uint64_t part_count(Part *p, uint64_t sid)
{
        PartCursor c = { .p = p };
        SeriesData s;
        Block b;
        uint64_t n = 0, damaged = 0;
        if (find_series(&c, sid, &s, &damaged))
                while (partgroup_has_block(&s) && partgroup_block(&s, &b))
                        n += b.n;
        cursor_done(&c);
        return n;
}

/* ---- labels */

static bool parse_labels(Cursor *c, Arena *arena, Labels *ret)
{
        uint64_t n;
        if (!take(c, &n) || n > left(c))
                return false;
        Label *pairs = arena ? arena_array(arena, Label, n) : NULL;
        for (uint64_t i = 0; i < n; i++) {
                Cursor name, value;
                if (!take_bytes(c, &name) || !take_bytes(c, &value))
                        return false;
                if (pairs)
                        pairs[i] = (Label){ str_dup(arena, cursor_str(&name)), str_dup(arena, cursor_str(&value)) };
        }
        *ret = (Labels){ pairs, (size_t)n };
        return true;
}

/* False when its record is damaged or it makes no sense. */
static bool open_page(const Part *p, uint64_t number, PartPage *page)
{
        Cursor c;
        Err err;
        uint64_t offset = table_offset(p->pages, number);
        bool old = checked_record(p, offset, RECORD_LABELS, &c);
        part_page_done(page);
        if ((!old && !checked_record(p, offset, PARTFORMAT_LABELS, &c)) ||
            !zstdio_decode(cursor_str(&c), PART_MAX_PAGE_BYTES, &page->text, &err))
                return false;
        page->columns = old ? NULL : labelpage_open(buf_str(&page->text));
        if (!old && !page->columns)
                return false;
        page->number = number + 1;
        return true;
}

/* In a page of versions 1 and 2. */
static bool find_labels(Str page, uint64_t sid, Arena *arena, Labels *ret)
{
        Cursor c = { (const unsigned char *)page.p, (const unsigned char *)page.p + page.n };
        uint64_t first, distance;
        if (!take(&c, &first) || first > sid)
                return false;
        uint64_t wanted = sid - first;
        while (left(&c) && take(&c, &distance) && distance <= wanted) {
                if (distance == wanted)
                        return parse_labels(&c, arena, ret);
                if (!parse_labels(&c, NULL, ret))
                        return false;
        }
        return false;
}

bool part_labels_next(Part *p, PartPage *page, uint64_t sid, Arena *arena, Labels *ret)
{
        uint64_t number = table_find(p->pages, p->n_pages, sid);
        if (number == UINT64_MAX || (page->number != number + 1 && !open_page(p, number, page)))
                return false;
        return page->columns ? labelpage_find(page->columns, sid, arena, ret)
                             : find_labels(buf_str(&page->text), sid, arena, ret);
}

bool part_labels(Part *p, uint64_t sid, Arena *arena, Labels *ret)
{
        AUTO(part_page_done) PartPage page = { 0 };
        return part_labels_next(p, &page, sid, arena, ret);
}

void part_page_done(PartPage *page)
{
        labelpage_free(page->columns);
        buf_done(&page->text);
        *page = (PartPage){ 0 };
}

/* ---- rebuilding, verifying */

static void count_series(Part *p, const SeriesData *series)
{
        SeriesData s = *series;
        Block b;
        while (partgroup_has_block(&s) && partgroup_block(&s, &b)) {
                Cursor c;
                uint64_t n, first, span;
                p->info.blocks++;
                p->info.samples += b.n;
                if (!checked_record(p, b.times, PARTFORMAT_TIMES, &c) || !take(&c, &n) || !take(&c, &first) ||
                    !take(&c, &span))
                        continue;
                int64_t from = bits_unzigzag(first);
                p->info.min_ms = MIN_OF(p->info.min_ms, from);
                p->info.max_ms = MAX_OF(p->info.max_ms, (int64_t)((uint64_t)from + span));
        }
}

typedef struct Found {
        uint64_t sid, offset;
} Found;
typedef VEC(Found) FoundList;

static void add_table(Buf *out, const FoundList *list)
{
        for (size_t i = 0; i < list->len; i++) {
                char *p = buf_reserve(out, 16);
                bits_put_le64(p, list->data[i].sid);
                bits_put_le64(p + 8, list->data[i].offset);
                out->n += 16;
        }
}

static bool is_page(uint32_t mark) { return mark == PARTFORMAT_LABELS || mark == RECORD_LABELS; }

/* The first sid of a group or a page, which their content begins with. */
static bool first_sid(uint32_t mark, const Cursor *content, uint64_t *ret)
{
        Cursor c = *content;
        if (mark == PARTFORMAT_GROUP || mark == PARTFORMAT_GROUP_OLD)
                return take(&c, ret);
        AUTO(buf_done) Buf text = { 0 };
        Err err;
        if (!is_page(mark) || !zstdio_decode(cursor_str(&c), PART_MAX_PAGE_BYTES, &text, &err))
                return false;
        c = (Cursor){ (const unsigned char *)text.p, (const unsigned char *)text.p + text.n };
        return take(&c, ret);
}

static bool is_mark(uint32_t mark)
{
        return mark == PARTFORMAT_GROUP || mark == PARTFORMAT_GROUP_OLD || mark == PARTFORMAT_TIMES || is_page(mark) ||
               mark == PARTFORMAT_INDEX;
}

/* Tables from the records themselves. */
static void rebuild(Part *p, PartDamage *damage)
{
        FoundList lists[2] = { { 0 }, { 0 } };
        uint64_t at = PART_HEADER_BYTES;
        while (at + RECORD_BYTES <= p->map.n) {
                uint32_t mark = bits_le32(p->map.p + at);
                Cursor c;
                uint64_t sid;
                if (!is_mark(mark) || !checked_record(p, at, mark, &c)) {
                        damage->records += is_mark(mark);
                        at++;
                        continue;
                }
                FoundList *list = &lists[is_page(mark)];
                if (first_sid(mark, &c, &sid) && (list->len == 0 || sid > vec_last(list)->sid))
                        vec_push(list, (Found){ sid, at });
                at += RECORD_BYTES + left(&c);
        }
        buf_reserve(&p->rebuilt, 1); /* tables even when they are empty */
        for (int i = 0; i < 2; i++)
                add_table(&p->rebuilt, &lists[i]);
        p->n_groups = lists[0].len;
        p->n_pages = lists[1].len;
        p->groups = (const unsigned char *)p->rebuilt.p;
        p->pages = p->groups + p->n_groups * 16;
        vec_done(&lists[0]);
        vec_done(&lists[1]);
}

static void recount(Part *p)
{
        uint64_t ignored = 0;
        p->info.min_ms = INT64_MAX;
        p->info.max_ms = INT64_MIN;
        for (uint64_t i = 0; i < p->n_groups; i++) {
                GroupWalk walk;
                SeriesData s;
                if (!check_group(p, i, &walk, &ignored))
                        continue;
                while (partgroup_next(&walk, &s)) {
                        p->info.series++;
                        count_series(p, &s);
                }
        }
}

static bool parse_header(Part *p, Err *err)
{
        const unsigned char *h = p->map.p;
        if (p->map.n < PART_HEADER_BYTES || memcmp(h, PARTFORMAT_MAGIC, 8) != 0 ||
            bits_le32(h + 28) != hash_crc32c(0, h, 28))
                return true; /* the records speak for themselves */
        uint32_t version = bits_le32(h + 8);
        if (version == 0 || version > PART_VERSION)
                return err_set(
                        err, ERR_UNSUPPORTED,
                        "'%s' has format version %u, this program reads version %d: start the newer program, or move the data directory aside",
                        p->path, version, PART_VERSION);
        p->info.level = bits_le32(h + 16);
        return true;
}

bool part_open(const Fs *fs, const char *path, uint32_t id, Part **ret, PartDamage *damage, Err *err)
{
        FileMap map;
        if (!file_map(fs, path, &map, err))
                return false;
        Part *p = mem_new(Part);
        snapshot_init(&p->snap, part_free);
        AUTO(snapshot_unref) Snapshot *owner = &p->snap;
        p->fs = fs;
        p->path = mem_strndup(path, strlen(path));
        p->map = map;
        p->info.id = id;
        p->info.bytes = map.n;
        PartDamage found = { 0 };
        if (!parse_header(p, err))
                return false;
        if (!read_index(p)) {
                found.index = true;
                rebuild(p, &found);
                if (p->n_groups == 0)
                        return err_set(err, ERR_CORRUPT, "'%s' holds nothing that can be read", path);
        }
        p->checked = mem_zalloc(p->n_groups + 1);
        if (found.index)
                recount(p);
        damage->records += found.records;
        damage->index = damage->index || found.index;
        *ret = p;
        owner = NULL;
        return true;
}

void part_verify(Part *p, PartDamage *damage)
{
        Column c = { 0 };
        PartCursor place = { .p = p };
        PartRead all = { .min_ms = INT64_MIN, .max_ms = INT64_MAX };
        for (uint64_t i = 0; i < p->n_groups; i++) {
                Cursor content;
                GroupWalk walk;
                SeriesData s;
                if (!find_group(p, i, &content) || !checksum_is_good(&content) || !begin_group(&content, &walk)) {
                        damage->records++;
                        continue;
                }
                while (partgroup_next(&walk, &s))
                        while (partgroup_has_block(&s)) {
                                Block b;
                                column_clear(&c);
                                if (!partgroup_block(&s, &b)) {
                                        damage->records++;
                                        break;
                                }
                                read_block(&place, &b, &all, &c, &damage->records);
                        }
        }
        for (uint64_t i = 0; i < p->n_pages; i++) {
                AUTO(part_page_done) PartPage page = { 0 };
                damage->records += !open_page(p, i, &page);
        }
        cursor_done(&place);
        column_done(&c);
}

/* ---- facts */

Snapshot *part_snapshot(Part *p) { return &p->snap; }
PartInfo part_info(const Part *p) { return p->info; }
const char *part_path(const Part *p) { return p->path; }
