/* Invariants
 * 1. Reading what was written gives the same values, bit for bit, in the same order.
 * 2. A reader never looks behind the payload and never loops without taking a byte, whatever the bytes are.
 *
 * A sample is one control byte and what it announces: 1 bit "id follows" (else the last one + 1), 1 bit "time follows" (else the same
 * time), 3 bits for the value: a scrape of neighbours costs one byte plus the value. */
#include "tsdb/walrec.h"

#include "base/bits.h"
#include "codec/varint.h"

enum {
        CONTROL_SID = 1,
        CONTROL_TIME = 2,
        VALUE_SHIFT = 2,
        VALUE_ZERO = 0,  /* +0 */
        VALUE_INT = 1,   /* zigzag varint; never -0 */
        VALUE_FLOAT = 2, /* the upper 4 bytes, the lower are zero */
        VALUE_RAW = 3,   /* 8 bytes */
        VALUE_STALE = 4,
        SECTION_LENGTH_BYTES = 4,
        MAX_SAMPLE_BYTES = 1 + 2 * VARINT_MAX_BYTES + VARINT_MAX_BYTES,
};
#define STALE_BITS 0x7ff0000000000002u
#define INT_LIMIT ((double)((int64_t)1 << 41)) /* up to 6 bytes as a varint; larger ones go raw */

/* ---- writing */

void walrec_begin(WalrecWriter *w, Buf *out, int kind)
{
        *w = (WalrecWriter){ .out = out };
        buf_char(out, (char)kind);
        memset(buf_reserve(out, SECTION_LENGTH_BYTES), 0, SECTION_LENGTH_BYTES);
        out->n += SECTION_LENGTH_BYTES;
        w->start = out->n;
}

void walrec_end(WalrecWriter *w)
{
        bits_put_le32(w->out->p + w->start - SECTION_LENGTH_BYTES, (uint32_t)(w->out->n - w->start));
}

static void add_str(Buf *out, Str s)
{
        varint_add(out, s.n);
        buf_str_add(out, s);
}

void walrec_series(WalrecWriter *w, uint64_t sid, Labels labels)
{
        varint_add_signed(w->out, (int64_t)(sid - w->sid));
        w->sid = sid;
        varint_add(w->out, labels.n);
        for (size_t i = 0; i < labels.n; i++) {
                add_str(w->out, labels.data[i].name);
                add_str(w->out, labels.data[i].value);
        }
}

static size_t put_value(unsigned char *p, double v, unsigned *kind)
{
        uint64_t bits = bits_of_double(v);
        if (bits == 0 || bits == STALE_BITS) {
                *kind = bits ? VALUE_STALE : VALUE_ZERO;
                return 0;
        }
        if (v > -INT_LIMIT && v < INT_LIMIT && bits_of_double((double)(int64_t)v) == bits) {
                *kind = VALUE_INT;
                return varint_put_signed(p, (int64_t)v);
        }
        if ((bits & UINT32_MAX) == 0) {
                *kind = VALUE_FLOAT;
                bits_put_le32(p, (uint32_t)(bits >> 32));
                return 4;
        }
        *kind = VALUE_RAW;
        bits_put_le64(p, bits);
        return 8;
}

void walrec_sample(WalrecWriter *w, uint64_t sid, int64_t t_ms, double v)
{
        unsigned char *start = (unsigned char *)buf_reserve(w->out, MAX_SAMPLE_BYTES);
        unsigned char *p = start + 1;
        unsigned control = 0, kind;
        if (sid != w->sid + 1) {
                control |= CONTROL_SID;
                p += varint_put_signed(p, (int64_t)(sid - w->sid));
        }
        if (t_ms != w->t_ms) {
                control |= CONTROL_TIME;
                p += varint_put_signed(p, (int64_t)((uint64_t)t_ms - (uint64_t)w->t_ms));
        }
        p += put_value(p, v, &kind);
        *start = (unsigned char)(control | kind << VALUE_SHIFT);
        w->out->n += (size_t)(p - start);
        w->sid = sid;
        w->t_ms = t_ms;
}

/* Id and time of a sample that comes alone. */
static void add_place(WalrecWriter *w, uint64_t sid, int64_t t_ms)
{
        varint_add_signed(w->out, (int64_t)(sid - w->sid));
        varint_add_signed(w->out, (int64_t)((uint64_t)t_ms - (uint64_t)w->t_ms));
        w->sid = sid;
        w->t_ms = t_ms;
}

void walrec_rich(WalrecWriter *w, uint64_t sid, int64_t t_ms, Str chunk)
{
        add_place(w, sid, t_ms);
        add_str(w->out, chunk);
}

void walrec_exemplar(WalrecWriter *w, uint64_t sid, const Exemplar *e)
{
        add_place(w, sid, e->t_ms);
        bits_put_le64(buf_reserve(w->out, 8), bits_of_double(e->v));
        w->out->n += 8;
        varint_add(w->out, e->labels.n);
        for (size_t i = 0; i < e->labels.n; i++) {
                add_str(w->out, e->labels.data[i].name);
                add_str(w->out, e->labels.data[i].value);
        }
}

void walrec_state(WalrecWriter *w, const WalState *state)
{
        varint_add_signed(w->out, (int64_t)(state->sid - w->sid));
        varint_add_signed(w->out, (int64_t)((uint64_t)state->closed_ms - (uint64_t)w->t_ms));
        w->sid = state->sid;
        w->t_ms = state->closed_ms;
        bits_put_le64(buf_reserve(w->out, 8), state->closed_bits);
        w->out->n += 8;
}

void walrec_checkpoint(WalrecWriter *w, const WalCheckpoint *c)
{
        varint_add(w->out, c->next_sid);
        varint_add(w->out, c->n_sealed);
        for (size_t i = 0; i < c->n_sealed; i++)
                varint_add(w->out, c->sealed[i]);
}

/* ---- reading */

typedef struct Reader {
        const unsigned char *p, *end;
} Reader;

static bool get_varint(Reader *r, uint64_t *ret)
{
        size_t n = varint_get(r->p, (size_t)(r->end - r->p), ret);
        r->p += n;
        return n > 0;
}

static bool get_signed(Reader *r, uint64_t *base)
{
        uint64_t v;
        if (!get_varint(r, &v))
                return false;
        *base += (uint64_t)bits_unzigzag(v);
        return true;
}

static bool get_bytes(Reader *r, size_t n, const unsigned char **ret)
{
        if ((size_t)(r->end - r->p) < n)
                return false;
        *ret = r->p;
        r->p += n;
        return true;
}

static bool get_str(Reader *r, Str *ret)
{
        uint64_t n;
        const unsigned char *p;
        if (!get_varint(r, &n) || n > (uint64_t)(r->end - r->p) || !get_bytes(r, (size_t)n, &p))
                return false;
        *ret = (Str){ (const char *)p, (size_t)n };
        return true;
}

static bool read_series(Reader *r, const WalrecHandler *h)
{
        Label pairs[WALREC_MAX_LABELS];
        uint64_t sid = 0, n;
        while (r->p < r->end) {
                if (!get_signed(r, &sid) || !get_varint(r, &n) || n > ARRAY_LEN(pairs))
                        return false;
                for (size_t i = 0; i < n; i++)
                        if (!get_str(r, &pairs[i].name) || !get_str(r, &pairs[i].value))
                                return false;
                h->series(h->ctx, sid, (Labels){ pairs, (size_t)n });
        }
        return true;
}

static bool get_value(Reader *r, unsigned kind, double *ret)
{
        const unsigned char *p;
        uint64_t v;
        switch (kind) {
        case VALUE_ZERO: *ret = 0; return true;
        case VALUE_STALE: *ret = bits_to_double(STALE_BITS); return true;
        case VALUE_INT:
                if (!get_varint(r, &v))
                        return false;
                *ret = (double)bits_unzigzag(v);
                return true;
        case VALUE_FLOAT:
                if (!get_bytes(r, 4, &p))
                        return false;
                *ret = bits_to_double((uint64_t)bits_le32(p) << 32);
                return true;
        case VALUE_RAW:
                if (!get_bytes(r, 8, &p))
                        return false;
                *ret = bits_to_double(bits_le64(p));
                return true;
        default: return false;
        }
}

static bool read_samples(Reader *r, const WalrecHandler *h)
{
        uint64_t sid = 0, t = 0;
        double v;
        while (r->p < r->end) {
                unsigned control = *r->p++;
                if (!(control & CONTROL_SID))
                        sid++;
                else if (!get_signed(r, &sid))
                        return false;
                if (control & CONTROL_TIME && !get_signed(r, &t))
                        return false;
                if (!get_value(r, control >> VALUE_SHIFT, &v))
                        return false;
                h->sample(h->ctx, sid, (int64_t)t, v);
        }
        return true;
}

static bool read_states(Reader *r, const WalrecHandler *h)
{
        WalState s = { 0 };
        uint64_t t = 0;
        const unsigned char *p;
        while (r->p < r->end) {
                if (!get_signed(r, &s.sid) || !get_signed(r, &t) || !get_bytes(r, 8, &p))
                        return false;
                s.closed_ms = (int64_t)t;
                s.closed_bits = bits_le64(p);
                h->state(h->ctx, &s);
        }
        return true;
}

static bool read_checkpoint(Reader *r, const WalrecHandler *h)
{
        WalCheckpoint c;
        uint64_t n, id;
        if (!get_varint(r, &c.next_sid) || !get_varint(r, &n) || n > (uint64_t)(r->end - r->p))
                return false;
        AUTO(arena_free) Arena *arena = arena_new();
        uint32_t *sealed = arena_array(arena, uint32_t, n);
        for (size_t i = 0; i < n; i++) {
                if (!get_varint(r, &id))
                        return false;
                sealed[i] = (uint32_t)id;
        }
        c.sealed = sealed;
        c.n_sealed = (size_t)n;
        h->checkpoint(h->ctx, &c);
        return true;
}

static bool read_rich(Reader *r, bool late, const WalrecHandler *h)
{
        uint64_t sid = 0, t = 0;
        Str chunk;
        while (r->p < r->end) {
                if (!get_signed(r, &sid) || !get_signed(r, &t) || !get_str(r, &chunk))
                        return false;
                if (h->rich)
                        h->rich(h->ctx, sid, (int64_t)t, chunk, late);
        }
        return true;
}

static bool read_exemplars(Reader *r, const WalrecHandler *h)
{
        Label pairs[WALREC_MAX_LABELS];
        uint64_t sid = 0, t = 0, n;
        const unsigned char *p;
        while (r->p < r->end) {
                if (!get_signed(r, &sid) || !get_signed(r, &t) || !get_bytes(r, 8, &p) || !get_varint(r, &n) ||
                    n > ARRAY_LEN(pairs))
                        return false;
                for (size_t i = 0; i < n; i++)
                        if (!get_str(r, &pairs[i].name) || !get_str(r, &pairs[i].value))
                                return false;
                Exemplar e = { .labels = { pairs, (size_t)n },
                               .v = bits_to_double(bits_le64(p)),
                               .t_ms = (int64_t)t,
                               .has_t = true };
                if (h->exemplar)
                        h->exemplar(h->ctx, sid, &e);
        }
        return true;
}

static bool read_section(int kind, Reader *r, const WalrecHandler *h)
{
        switch (kind) {
        case WALREC_SERIES: return read_series(r, h);
        case WALREC_SAMPLES: return read_samples(r, h);
        case WALREC_STATES: return read_states(r, h);
        case WALREC_CHECKPOINT: return read_checkpoint(r, h);
        case WALREC_HISTOGRAMS: return read_rich(r, false, h);
        case WALREC_LATE: return read_rich(r, true, h);
        case WALREC_EXEMPLARS: return read_exemplars(r, h);
        default: return true;
        }
}

bool walrec_read(Str payload, const WalrecHandler *handler, Err *err)
{
        const unsigned char *start = (const unsigned char *)payload.p;
        Reader r = { start, start + payload.n };
        while (r.p < r.end) {
                int kind = *r.p++;
                const unsigned char *length, *body;
                size_t at = (size_t)(r.p - start);
                if (!get_bytes(&r, SECTION_LENGTH_BYTES, &length) || !get_bytes(&r, bits_le32(length), &body))
                        return err_set(err, ERR_CORRUPT, "section of kind %d at byte %zu of the record is cut short",
                                       kind, at);
                Reader section = { body, r.p };
                if (!read_section(kind, &section, handler))
                        return err_set(err, ERR_CORRUPT, "section of kind %d at byte %zu of the record is malformed",
                                       kind, at);
        }
        return true;
}
