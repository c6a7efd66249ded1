/* Invariants
 * 1. Only a message that is no protobuf, or whose symbols are not, fails as a whole. A series that makes no sense is told, the others
 *    are stored.
 * 2. A series is known by the hash of its strings' hashes: symbols are numbered anew in every request. */
#include "ingest/rwv2.h"

#include "base/vec.h"
#include "codec/proto.h"
#include "ingest/rwhist.h"

enum { MAX_REFS = 2 * RWRUN_MAX_LABELS };

typedef struct Symbols {
        const Str *data;
        const uint64_t *hashes;
        size_t n;
} Symbols;

typedef struct Refs {
        uint32_t data[MAX_REFS];
        size_t n;
        bool bad; /* too many, or broken */
} Refs;

/* What a series' bytes say besides samples. */
typedef struct Series {
        Refs refs;
        const Symbols *symbols;
        int64_t created_ms;
        size_t n_samples, n_histograms, n_exemplars;
        Str metadata; /* the message; empty: there is none */
} Series;

static bool read_symbols(Str message, Arena *arena, Symbols *ret, Err *err)
{
        VEC(Str) all = { .arena = arena };
        ProtoReader r = proto_reader(message);
        for (ProtoField f; proto_next(&r, &f);) {
                if (f.number != 4)
                        continue;
                if (all.len == RWV2_MAX_SYMBOLS)
                        return err_set(err, ERR_INVALID, "more than %d symbols", RWV2_MAX_SYMBOLS);
                vec_push(&all, f.bytes);
        }
        uint64_t *hashes = arena_raw_array(arena, uint64_t, all.len);
        for (size_t i = 0; i < all.len; i++)
                hashes[i] = hash_str(all.data[i]);
        *ret = (Symbols){ all.data, hashes, all.len };
        return proto_done(&r, err);
}

static void add_refs(Refs *refs, const ProtoField *f)
{
        ProtoPacked it = proto_packed(f, PROTO_VARINT);
        for (uint64_t v; !refs->bad && proto_packed_next(&it, &v);) {
                if (refs->n == MAX_REFS || v > UINT32_MAX)
                        refs->bad = true;
                else
                        refs->data[refs->n++] = (uint32_t)v;
        }
        refs->bad |= it.broken;
}

/* Sorted; empty values left out. False: odd, or not symbols. */
static bool labels_of(const Refs *refs, const Symbols *symbols, Arena *arena, Labels *ret)
{
        if (refs->bad || refs->n % 2)
                return false;
        Label *pairs = arena_raw_array(arena, Label, refs->n / 2);
        size_t n = 0;
        for (size_t i = 0; i < refs->n; i += 2) {
                if (refs->data[i] >= symbols->n || refs->data[i + 1] >= symbols->n)
                        return false;
                pairs[n] = (Label){ symbols->data[refs->data[i]], symbols->data[refs->data[i + 1]] };
                n += pairs[n].value.n > 0;
        }
        rwrun_sort_labels(pairs, n);
        *ret = (Labels){ pairs, n };
        return true;
}

static bool read_labels(const RwSeries *s, Arena *arena, Labels *ret)
{
        const Series *series = s->message;
        return labels_of(&series->refs, series->symbols, arena, ret);
}

/* False: some reference is out of range. */
static bool key_of(const Series *series, Hash128 *ret)
{
        uint64_t hashes[MAX_REFS];
        const Refs *refs = &series->refs;
        if (refs->bad)
                return false;
        for (size_t i = 0; i < refs->n; i++) {
                if (refs->data[i] >= series->symbols->n)
                        return false;
                hashes[i] = series->symbols->hashes[refs->data[i]];
        }
        *ret = hash_bytes128(hashes, refs->n * sizeof *hashes);
        return true;
}

static bool read_sample(Str bytes, int64_t created_ms, StoreSample *ret)
{
        ProtoReader r = proto_reader(bytes);
        Err err;
        *ret = (StoreSample){ .st_ms = created_ms };
        for (ProtoField f; proto_next(&r, &f);) {
                if (f.number == 1)
                        ret->v = proto_as_double(&f);
                else if (f.number == 2)
                        ret->t_ms = proto_as_i64(&f);
                else if (f.number == 3 && f.value)
                        ret->st_ms = proto_as_i64(&f);
        }
        return proto_done(&r, &err);
}

static bool read_exemplar(Str bytes, const Symbols *symbols, Arena *arena, Exemplar *ret)
{
        ProtoReader r = proto_reader(bytes);
        Err err;
        Refs refs;
        refs.n = 0;
        refs.bad = false;
        *ret = (Exemplar){ 0 };
        for (ProtoField f; proto_next(&r, &f);) {
                if (f.number == 1)
                        add_refs(&refs, &f);
                else if (f.number == 2)
                        ret->v = proto_as_double(&f);
                else if (f.number == 3)
                        ret->t_ms = proto_as_i64(&f);
        }
        ret->has_t = ret->t_ms != 0;
        return proto_done(&r, &err) && labels_of(&refs, symbols, arena, &ret->labels);
}

static bool read_series(Str bytes, const Symbols *symbols, Series *ret, Err *err)
{
        ret->refs.n = 0;
        ret->refs.bad = false;
        ret->symbols = symbols;
        ret->created_ms = 0;
        ret->n_samples = ret->n_histograms = ret->n_exemplars = 0;
        ret->metadata = (Str){ 0 };
        ProtoReader r = proto_reader(bytes);
        for (ProtoField f; proto_next(&r, &f);) {
                switch (f.number) {
                case 1: add_refs(&ret->refs, &f); break;
                case 2: ret->n_samples++; break;
                case 3: ret->n_histograms++; break;
                case 4: ret->n_exemplars++; break;
                case 5: ret->metadata = f.bytes; break;
                case 6: ret->created_ms = proto_as_i64(&f); break;
                default: break;
                }
        }
        return proto_done(&r, err);
}

static bool write_field(RwRun *run, RwSeries *s, const ProtoField *f, Err *err)
{
        const Series *series = s->message;
        StoreSample sample;
        if (f->number == 2 && !read_sample(f->bytes, series->created_ms, &sample))
                return err_set(err, ERR_INVALID, "a sample is malformed");
        if (f->number == 3 && !rwhist_read(f->bytes, run->arena, &sample))
                return err_set(err, ERR_INVALID, "a histogram is malformed");
        if (f->number != 2 && f->number != 3)
                return true;
        if (f->number == 3 && !sample.st_ms)
                sample.st_ms = series->created_ms;
        return rwrun_append(run, s, &sample, err);
}

static void write_exemplars(RwRun *run, RwSeries *s)
{
        const Series *series = s->message;
        ProtoReader r = proto_reader(s->bytes);
        Exemplar exemplar;
        for (ProtoField f; proto_next(&r, &f);) {
                if (f.number != 4)
                        continue;
                if (read_exemplar(f.bytes, series->symbols, run->arena, &exemplar))
                        rwrun_exemplar(run, s, &exemplar);
                else
                        rwrun_count("exemplar");
        }
}

static Str symbol_at(const Symbols *symbols, uint64_t ref)
{
        return ref < symbols->n ? symbols->data[ref] : (Str){ 0 };
}

static Str name_of(const Series *series)
{
        for (size_t i = 0; i + 1 < series->refs.n; i += 2)
                if (str_eq(symbol_at(series->symbols, series->refs.data[i]), LABEL_NAME))
                        return symbol_at(series->symbols, series->refs.data[i + 1]);
        return (Str){ 0 };
}

static void note_metadata(RwRun *run, const Series *series)
{
        ProtoReader r = proto_reader(series->metadata);
        Metadata meta = { 0 };
        Err ignored;
        for (ProtoField f; proto_next(&r, &f);) {
                switch (f.number) {
                case 1: meta.type = rwmeta_type(f.value); break;
                case 3: meta.help = symbol_at(series->symbols, f.value); break;
                case 4: meta.unit = symbol_at(series->symbols, f.value); break;
                default: break;
                }
        }
        if (proto_done(&r, &ignored))
                rwmeta_note(run->meta, rwmeta_family(name_of(series), meta.type), &meta, run->now_ms);
}

static bool write_series(RwRun *run, Str bytes, const Symbols *symbols, Err *err)
{
        Series series;
        if (!read_series(bytes, symbols, &series, err))
                return false;
        RwSeries s = { .read_labels = read_labels, .message = &series, .bytes = bytes };
        if (!key_of(&series, &s.key))
                return rwrun_malformed(run, &s, "label references that are no symbols, or more than 512 labels", err);
        if (!series.n_samples && !series.n_histograms)
                return rwrun_malformed(run, &s, "neither a sample nor a histogram", err);
        uint32_t id = refcache_expected(&run->refs);
        s.n_key_bytes = series.refs.n * sizeof(uint64_t);
        if (id && refcache_at(run->refs.table, id)->key.lo == s.key.lo &&
            refcache_at(run->refs.table, id)->key.hi == s.key.hi)
                refcache_take(&run->refs, id);
        else
                id = refcache_find(&run->refs, s.key);
        s.ref = id ? refcache_ref(&run->refs, id) : 0;
        ProtoReader r = proto_reader(bytes);
        for (ProtoField f; !s.skip && proto_next(&r, &f);)
                if (!write_field(run, &s, &f, err))
                        return false;
        if (series.n_exemplars && !s.skip)
                write_exemplars(run, &s);
        if (series.metadata.n && run->refs.fresh && !s.skip)
                note_metadata(run, &series);
        return true;
}

bool rwv2_write(RwRun *run, Str message, Err *err)
{
        Symbols symbols;
        if (!read_symbols(message, run->arena, &symbols, err))
                return false;
        if (symbols.n && symbols.data[0].n)
                return err_set(err, ERR_INVALID, "the first symbol is not the empty string");
        ProtoReader r = proto_reader(message);
        for (ProtoField f; proto_next(&r, &f);)
                if (f.number == 5 && !write_series(run, f.bytes, &symbols, err))
                        return false;
        return proto_done(&r, err);
}
