/* Invariants
 * 1. A series seen before whose bytes have the usual shape (all labels, then samples of a value and a time) costs one hash of its label
 *    bytes and one append. Every other shape takes the general way, before anything of the series was appended.
 * 2. Only a series whose labels are all in one run at its start is remembered by the bytes of that run.
 * 3. The usual way reads at most RWV1_PAD_BYTES behind the message. */
#include "ingest/rwv1.h"

#include "base/vec.h"
#include "codec/proto.h"
#include "ingest/rwhist.h"

enum {
        SERIES_TAG = 1 << 3 | PROTO_BYTES,
        LABEL_TAG = 1 << 3 | PROTO_BYTES,
        SAMPLE_TAG = 2 << 3 | PROTO_BYTES,
        VALUE_TAG = 1 << 3 | PROTO_FIXED64,
        TIME_TAG = 2 << 3 | PROTO_VARINT,
        MAX_QUICK_VARINT = 8,
};
_Static_assert(MAX_QUICK_VARINT + 2 <= RWV1_PAD_BYTES, "a sample read past the end stays inside the pad");

/* ---- the general way */

static bool read_label(Str bytes, Label *ret)
{
        ProtoReader r = proto_reader(bytes);
        Err err;
        for (ProtoField f; proto_next(&r, &f);) {
                if (f.number == 1)
                        ret->name = f.bytes;
                else if (f.number == 2)
                        ret->value = f.bytes;
        }
        return proto_done(&r, &err);
}

/* The fields of one number as labels; sorted; empty values left out. False: not labels. */
static bool read_labels_in(Str bytes, Arena *arena, Labels *ret)
{
        VEC(Label) pairs = { .arena = arena };
        ProtoReader r = proto_reader(bytes);
        for (ProtoField f; proto_next(&r, &f);) {
                if (f.number != 1)
                        continue;
                Label l = { { 0 }, { 0 } };
                if (pairs.len == RWRUN_MAX_LABELS || !read_label(f.bytes, &l))
                        return false;
                if (l.value.n)
                        vec_push(&pairs, l);
        }
        rwrun_sort_labels(pairs.data, pairs.len);
        *ret = (Labels){ pairs.data, pairs.len };
        return true;
}

static bool read_labels(const RwSeries *s, Arena *arena, Labels *ret) { return read_labels_in(s->bytes, arena, ret); }

static bool read_sample(Str bytes, StoreSample *ret)
{
        ProtoReader r = proto_reader(bytes);
        Err err;
        *ret = (StoreSample){ 0 };
        for (ProtoField f; proto_next(&r, &f);) {
                if (f.number == 1)
                        ret->v = proto_as_double(&f);
                else if (f.number == 2)
                        ret->t_ms = proto_as_i64(&f);
        }
        return proto_done(&r, &err);
}

static bool read_exemplar(Str bytes, Arena *arena, Exemplar *ret)
{
        ProtoReader r = proto_reader(bytes);
        Err err;
        *ret = (Exemplar){ 0 };
        for (ProtoField f; proto_next(&r, &f);) {
                if (f.number == 2)
                        ret->v = proto_as_double(&f);
                else if (f.number == 3)
                        ret->t_ms = proto_as_i64(&f);
        }
        ret->has_t = true;
        return proto_done(&r, &err) && read_labels_in(bytes, arena, &ret->labels);
}

/* The label fields at the start of a series, as written: what names it. Empty when there are more of them behind something else,
 * which is legal and never seen: then the run does not name the series. */
static Str label_run(Str series)
{
        ProtoReader r = proto_reader(series);
        const unsigned char *end = r.p;
        ProtoField f;
        bool more, whole = true;
        while ((more = proto_next(&r, &f)) && f.number == 1)
                end = r.p;
        for (; more; more = proto_next(&r, &f))
                whole &= f.number != 1;
        return whole ? str_n(series.p, (size_t)(end - (const unsigned char *)series.p)) : (Str){ series.p, 0 };
}

/* Samples and histograms first: an exemplar needs the series to be there. */
static bool write_exemplars(RwRun *run, RwSeries *s)
{
        ProtoReader r = proto_reader(s->bytes);
        Err ignored;
        Exemplar exemplar;
        for (ProtoField f; proto_next(&r, &f);) {
                if (f.number != 3)
                        continue;
                if (read_exemplar(f.bytes, run->arena, &exemplar))
                        rwrun_exemplar(run, s, &exemplar);
                else
                        rwrun_count("exemplar");
        }
        return proto_done(&r, &ignored);
}

static bool write_field(RwRun *run, RwSeries *s, const ProtoField *f, bool *ret_exemplars, Err *err)
{
        StoreSample sample = { 0 };
        switch (f->number) {
        case 2:
                if (!read_sample(f->bytes, &sample))
                        return err_set(err, ERR_INVALID, "a sample is malformed");
                return rwrun_append(run, s, &sample, err);
        case 3: *ret_exemplars = true; return true;
        case 4:
                if (!rwhist_read(f->bytes, run->arena, &sample))
                        return err_set(err, ERR_INVALID, "a histogram is malformed");
                return rwrun_append(run, s, &sample, err);
        default: return true;
        }
}

static bool write_series(RwRun *run, Str bytes, Err *err)
{
        Str name = label_run(bytes);
        RwSeries s = { .read_labels = read_labels, .bytes = bytes };
        if (name.n) {
                s.key = hash_bytes128(name.p, name.n);
                s.n_key_bytes = name.n;
                uint32_t id = refcache_find(&run->refs, s.key);
                s.ref = id ? refcache_ref(&run->refs, id) : 0;
        }
        bool exemplars = false;
        ProtoReader r = proto_reader(str_sub(bytes, name.n, bytes.n));
        for (ProtoField f; !s.skip && proto_next(&r, &f);)
                if (!write_field(run, &s, &f, &exemplars, err))
                        return false;
        if (s.skip)
                return true;
        return proto_done(&r, err) && (!exemplars || write_exemplars(run, &s));
}

/* What the message says of a metric family. One that cannot be read is passed over: samples are what counts. */
static void note_metadata(RwRun *run, Str bytes)
{
        ProtoReader r = proto_reader(bytes);
        Str family = { 0 };
        Metadata meta = { 0 };
        Err ignored;
        for (ProtoField f; proto_next(&r, &f);) {
                switch (f.number) {
                case 1: meta.type = rwmeta_type(f.value); break;
                case 2: family = f.bytes; break;
                case 4: meta.help = f.bytes; break;
                case 5: meta.unit = f.bytes; break;
                default: break;
                }
        }
        if (proto_done(&r, &ignored))
                rwmeta_note(run->meta, family, &meta, run->now_ms);
}

/* ---- the usual way */

/* A varint of at most 8 bytes; at least 8 are readable. 0: it is longer. */
static inline size_t quick_varint(const unsigned char *p, uint64_t *ret)
{
        uint64_t w = bits_le64(p), ends = ~w & 0x8080808080808080u;
        if (UNLIKELY(!ends))
                return 0;
        w &= ends ^ (ends - 1); /* up to and with the last byte */
        w &= 0x7f7f7f7f7f7f7f7fu;
        w = (w & 0x007f007f007f007fu) | (w & 0x7f007f007f007f00u) >> 1;
        w = (w & 0x00003fff00003fffu) | (w & 0x3fff00003fff0000u) >> 2;
        *ret = (w & 0x000000000fffffffu) | (w & 0x0fffffff00000000u) >> 4;
        return bits_ctz64(ends) / 8 + 1;
}

/* Takes a sample field of the usual shape at *p: [value] [time], in that order. False: something else. */
static inline bool quick_sample(const unsigned char **p, const unsigned char *end, int64_t *ret_t_ms, double *ret_v)
{
        const unsigned char *at = *p;
        if (end - at < 2 || at[0] != SAMPLE_TAG || at[1] > end - at - 2)
                return false;
        const unsigned char *stop = at + 2 + at[1]; /* a length of two bytes never fits: it is above 127 */
        uint64_t bits = 0, t = 0;
        at += 2;
        if (stop - at >= 9 && *at == VALUE_TAG) {
                bits = bits_le64(at + 1);
                at += 9;
        }
        if (stop - at >= 2 && *at == TIME_TAG) {
                size_t n = quick_varint(at + 1, &t);
                if (!n)
                        return false;
                at += 1 + n;
        }
        if (at != stop)
                return false;
        *ret_t_ms = (int64_t)t;
        *ret_v = bits_to_double(bits);
        *p = stop;
        return true;
}

/* The label fields at the start of [p, end). */
static inline const unsigned char *labels_end(const unsigned char *p, const unsigned char *end)
{
        while (end - p >= 2 && p[0] == LABEL_TAG && p[1] < 0x80 && p[1] <= end - p - 2)
                p += 2 + p[1];
        return p;
}

/* The reference of a series that is not the expected one and whose label fields end at `end`; 0: not known. */
static SeriesRef found_ref(RwRun *run, const unsigned char *p, const unsigned char *end)
{
        uint32_t id = refcache_find(&run->refs, hash_bytes128(p, (size_t)(end - p)));
        return id ? refcache_ref(&run->refs, id) : 0;
}

/* The same for the series that followed last time: its length is known, so its labels are not walked over. *ret_end: their end. */
static inline SeriesRef expected_ref(RwRun *run, const unsigned char *p, const unsigned char *end,
                                     const unsigned char **ret_end)
{
        uint32_t id = refcache_expected(&run->refs);
        if (UNLIKELY(!id))
                return 0;
        const RefEntry *e = refcache_at(run->refs.table, id);
        size_t n = e->n_bytes;
        if (UNLIKELY(n >= (size_t)(end - p) || p[n] != SAMPLE_TAG))
                return 0;
        Hash128 key = hash_bytes128(p, n);
        if (UNLIKELY(e->key.lo != key.lo || e->key.hi != key.hi))
                return 0;
        refcache_take(&run->refs, id);
        *ret_end = p + n;
        return refcache_ref(&run->refs, id);
}

/* False: the series takes the general way; nothing was appended. */
static inline bool quick_series(RwRun *run, const unsigned char *p, const unsigned char *end)
{
        const unsigned char *at;
        int64_t t_ms;
        double v;
        SeriesRef ref = expected_ref(run, p, end, &at);
        bool expected = ref != 0;
        const unsigned char *labels = expected ? at : labels_end(p, end);
        at = labels;
        if (UNLIKELY(labels == p || !quick_sample(&at, end, &t_ms, &v) || at != end || t_ms > run->max_ms))
                return false;
        if (UNLIKELY(!expected))
                ref = found_ref(run, p, labels);
        if (UNLIKELY(!ref))
                return false;
        AppendResult result = store_append(run->appender, &ref, (Labels){ 0 }, t_ms, v);
        if (UNLIKELY(result != APPEND_OK && result != APPEND_DUPLICATE))
                return false; /* the same refusal comes again, and is told */
        run->n_samples++;
        return true;
}

bool rwv1_write(RwRun *run, Str piece, bool last, size_t *ret_used, Err *err)
{
        ProtoReader r = proto_reader(piece);
        uint64_t n;
        while (r.p < r.end) {
                size_t head;
                if (LIKELY(*r.p == SERIES_TAG && r.end - r.p > 3 && (head = 1 + varint_get(r.p + 1, 3, &n)) > 1 &&
                           n <= (size_t)(r.end - r.p) - head && quick_series(run, r.p + head, r.p + head + n))) {
                        r.p += head + n;
                        continue;
                }
                ProtoField f;
                if (!proto_next(&r, &f))
                        break;
                if (f.number == 3)
                        note_metadata(run, f.bytes);
                if (f.number == 1 && !write_series(run, f.bytes, err))
                        return false;
        }
        *ret_used = (size_t)(r.p - r.start);
        return !last || proto_done(&r, err);
}
