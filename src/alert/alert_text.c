/* A hundred thousand alerts are kept for hours and read a few at a time: pairs of pointers and lengths would be most of
 * their memory. Here each string stands behind its length, and who reads makes the pairs.
 *
 * Invariants:
 * 1. A text never changes; a reference keeps its strings where they are, in any thread.
 * 2. What is in `bytes` was written by alert_text_new: readers check nothing. */
#include "alert/alert_text.h"

#include <string.h>

#include "base/mem.h"
#include "codec/varint.h"

struct AlertText {
        int refs;
        uint32_t n_labels, n_annotations;
        char bytes[]; /* labels, annotations: name and value of each; generator URL; each string behind its length */
};

/* ---- writing ---- */

static size_t str_size(Str s) { return varint_size(s.n) + s.n; }

static size_t labels_size(Labels labels)
{
        size_t n = 0;
        for (size_t i = 0; i < labels.n; i++)
                n += str_size(labels.data[i].name) + str_size(labels.data[i].value);
        return n;
}

static char *put_str(char *to, Str s)
{
        to += varint_put(to, s.n);
        if (s.n)
                memcpy(to, s.p, s.n);
        return to + s.n;
}

static char *put_labels(char *to, Labels labels)
{
        for (size_t i = 0; i < labels.n; i++) {
                to = put_str(to, labels.data[i].name);
                to = put_str(to, labels.data[i].value);
        }
        return to;
}

AlertText *alert_text_new(const AlertMsg *msg)
{
        AlertText *t = mem_alloc(sizeof *t + labels_size(msg->labels) + labels_size(msg->annotations) +
                                 str_size(msg->generator_url));
        *t = (AlertText){ .refs = 1,
                          .n_labels = (uint32_t)msg->labels.n,
                          .n_annotations = (uint32_t)msg->annotations.n };
        put_str(put_labels(put_labels(t->bytes, msg->labels), msg->annotations), msg->generator_url);
        return t;
}

AlertText *alert_text_ref(AlertText *t)
{
        __atomic_fetch_add(&t->refs, 1, __ATOMIC_RELAXED);
        return t;
}

void alert_text_unref(AlertText *t)
{
        if (__atomic_fetch_sub(&t->refs, 1, __ATOMIC_ACQ_REL) == 1)
                mem_free(t);
}

/* ---- reading ---- */

static Str next_str(const char **at)
{
        uint64_t n = 0;
        *at += varint_get((const unsigned char *)*at, VARINT_MAX_BYTES, &n);
        Str s = str_n(*at, (size_t)n);
        *at += n;
        return s;
}

static Labels next_labels(const char **at, size_t n, Arena *arena)
{
        Label *pairs = arena_raw_array(arena, Label, n);
        for (size_t i = 0; i < n; i++) {
                pairs[i].name = next_str(at);
                pairs[i].value = next_str(at);
        }
        return (Labels){ pairs, n };
}

static bool next_is_labels(const char **at, size_t n, Labels labels)
{
        if (n != labels.n)
                return false;
        for (size_t i = 0; i < n; i++)
                if (!str_eq(next_str(at), labels.data[i].name) || !str_eq(next_str(at), labels.data[i].value))
                        return false;
        return true;
}

bool alert_text_is(const AlertText *t, const AlertMsg *msg)
{
        const char *at = t->bytes;
        return next_is_labels(&at, t->n_labels, msg->labels) &&
               next_is_labels(&at, t->n_annotations, msg->annotations) && str_eq(next_str(&at), msg->generator_url);
}

Labels alert_text_labels(const AlertText *t, Arena *arena)
{
        const char *at = t->bytes;
        return next_labels(&at, t->n_labels, arena);
}

void alert_text_read(const AlertText *t, Arena *arena, AlertMsg *ret)
{
        const char *at = t->bytes;
        ret->labels = next_labels(&at, t->n_labels, arena);
        ret->annotations = next_labels(&at, t->n_annotations, arena);
        ret->generator_url = next_str(&at);
}

Str alert_text_get(const AlertText *t, Str name)
{
        const char *at = t->bytes;
        for (uint32_t i = 0; i < t->n_labels; i++) {
                Str label = next_str(&at);
                Str value = next_str(&at);
                if (str_eq(label, name))
                        return value;
        }
        return (Str){ 0 };
}
