/* A hundred thousand alerts are kept for hours and read a few at a time: pairs of pointers and lengths would be most of
 * their memory. Here each string stands behind its length, and who reads makes the pairs. Alerts of one rule say almost the
 * same: a text is written against another one, its base, and a string that stands there at the same place takes one byte.
 *
 * Invariants:
 * 1. A text never changes; a reference keeps its strings, and those of its base, where they are, in any thread.
 * 2. What is in `bytes` was written by alert_text_new: readers check nothing.
 * 3. A base has no base, and as many labels and annotations as the texts that are written against it.
 * 4. AlertTexts holds BASES texts of at most BASE_MAX_BYTES, whatever alerts come and go. */
#include "alert/alert_text.h"

#include <string.h>

#include "base/hash.h"
#include "base/mem.h"
#include "codec/varint.h"

enum { BASES = 4096, BASE_MAX_BYTES = 4096 };

struct AlertText {
        int refs;
        uint32_t n_labels, n_annotations;
        AlertText *base; /* referenced; NULL: all strings are here */
        char bytes[];    /* labels, annotations: name and value of each; generator URL. Each string behind its length
                            plus one; 0: the base's */
};

struct AlertTexts {
        AlertText *bases[BASES]; /* references; by the hash of what texts of one rule have in common */
};

/* ---- reading ---- */

typedef struct Reader {
        const char *at, *base; /* base: NULL without one */
} Reader;

static Reader reader(const AlertText *t) { return (Reader){ t->bytes, t->base ? t->base->bytes : NULL }; }

static Str next_here(const char **at, bool *ret_here)
{
        uint64_t n = 0;
        *at += varint_get((const unsigned char *)*at, VARINT_MAX_BYTES, &n);
        *ret_here = n > 0;
        Str s = str_n(*at, n ? (size_t)n - 1 : 0);
        *at += s.n;
        return s;
}

static Str next_str(Reader *r)
{
        bool here;
        Str same = r->base ? next_here(&r->base, &here) : (Str){ 0 };
        Str s = next_here(&r->at, &here);
        return here ? s : same;
}

static Labels next_labels(Reader *r, size_t n, Arena *arena)
{
        Label *pairs = arena_raw_array(arena, Label, n);
        for (size_t i = 0; i < n; i++) {
                pairs[i].name = next_str(r);
                pairs[i].value = next_str(r);
        }
        return (Labels){ pairs, n };
}

static bool next_is_labels(Reader *r, size_t n, Labels labels)
{
        if (n != labels.n)
                return false;
        for (size_t i = 0; i < n; i++)
                if (!str_eq(next_str(r), labels.data[i].name) || !str_eq(next_str(r), labels.data[i].value))
                        return false;
        return true;
}

bool alert_text_is(const AlertText *t, const AlertMsg *msg)
{
        Reader r = reader(t);
        return next_is_labels(&r, t->n_labels, msg->labels) && next_is_labels(&r, t->n_annotations, msg->annotations) &&
               str_eq(next_str(&r), msg->generator_url);
}

Labels alert_text_labels(const AlertText *t, Arena *arena)
{
        Reader r = reader(t);
        return next_labels(&r, t->n_labels, arena);
}

void alert_text_read(const AlertText *t, Arena *arena, AlertMsg *ret)
{
        Reader r = reader(t);
        ret->labels = next_labels(&r, t->n_labels, arena);
        ret->annotations = next_labels(&r, t->n_annotations, arena);
        ret->generator_url = next_str(&r);
}

Str alert_text_get(const AlertText *t, Str name)
{
        Reader r = reader(t);
        for (uint32_t i = 0; i < t->n_labels; i++) {
                Str label = next_str(&r);
                Str value = next_str(&r);
                if (str_eq(label, name))
                        return value;
        }
        return (Str){ 0 };
}

/* ---- writing ---- */

/* Without `to` it measures. */
typedef struct Writer {
        char *to;
        size_t n;
        const char *base;
} Writer;

static void put_str(Writer *w, Str s)
{
        bool here = true;
        bool same = w->base && str_eq(next_here(&w->base, &here), s);
        uint64_t head = same ? 0 : s.n + 1;
        if (w->to) {
                varint_put(w->to + w->n, head);
                if (!same && s.n)
                        memcpy(w->to + w->n + varint_size(head), s.p, s.n);
        }
        w->n += varint_size(head) + (same ? 0 : s.n);
}

static void put_labels(Writer *w, Labels labels)
{
        for (size_t i = 0; i < labels.n; i++) {
                put_str(w, labels.data[i].name);
                put_str(w, labels.data[i].value);
        }
}

static size_t put_all(const AlertMsg *msg, const AlertText *base, char *to)
{
        Writer w = { .to = to, .base = base ? base->bytes : NULL };
        put_labels(&w, msg->labels);
        put_labels(&w, msg->annotations);
        put_str(&w, msg->generator_url);
        return w.n;
}

static uint64_t hash_names(uint64_t h, Labels labels)
{
        for (size_t i = 0; i < labels.n; i++)
                h = hash_u64(h ^ hash_str(labels.data[i].name));
        return h;
}

/* Where the base of such texts stands. */
static AlertText **base_of(AlertTexts *texts, const AlertMsg *msg)
{
        uint64_t h = hash_names(hash_str(labels_get(msg->labels, STR("alertname"))), msg->labels);
        return &texts->bases[hash_names(h, msg->annotations) % BASES];
}

AlertText *alert_text_new(AlertTexts *texts, const AlertMsg *msg)
{
        AlertText **at = base_of(texts, msg);
        AlertText *base = *at;
        if (base && (base->n_labels != msg->labels.n || base->n_annotations != msg->annotations.n))
                base = NULL;
        size_t n = put_all(msg, base, NULL);
        AlertText *t = mem_alloc(sizeof *t + n);
        *t = (AlertText){ .refs = 1,
                          .n_labels = (uint32_t)msg->labels.n,
                          .n_annotations = (uint32_t)msg->annotations.n,
                          .base = base ? alert_text_ref(base) : NULL };
        put_all(msg, base, t->bytes);
        if (!base && n <= BASE_MAX_BYTES) {
                if (*at)
                        alert_text_unref(*at);
                *at = alert_text_ref(t);
        }
        return t;
}

AlertText *alert_text_ref(AlertText *t)
{
        __atomic_fetch_add(&t->refs, 1, __ATOMIC_RELAXED);
        return t;
}

void alert_text_unref(AlertText *t)
{
        while (t && __atomic_fetch_sub(&t->refs, 1, __ATOMIC_ACQ_REL) == 1) {
                AlertText *base = t->base;
                mem_free(t);
                t = base;
        }
}

AlertTexts *alert_text_table(void) { return mem_new(AlertTexts); }

void alert_text_table_free(AlertTexts *texts)
{
        for (size_t i = 0; texts && i < BASES; i++)
                alert_text_unref(texts->bases[i]);
        mem_free(texts);
}
