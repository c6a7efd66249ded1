/* Why a bounded list kept in order: the limit is about ten, the pairs are millions; most candidates fail the first comparison. */
#include "tsdb/cardinality.h"

#include <stdlib.h>

typedef struct Top {
        TsdbTopEntry *items; /* falling; ties by name */
        size_t n, limit;
} Top;

static Top top_new(Arena *arena, size_t limit)
{
        return (Top){ .items = arena_array(arena, TsdbTopEntry, limit + 1), .limit = limit };
}

static bool before(const TsdbTopEntry *a, const TsdbTopEntry *b)
{
        return a->value != b->value ? a->value > b->value : str_cmp(a->name, b->name) < 0;
}

static bool top_wants(const Top *t, uint64_t value)
{
        return t->limit && (t->n < t->limit || value >= t->items[t->n - 1].value);
}

static void top_add(Top *t, Str name, uint64_t value)
{
        TsdbTopEntry e = { name, value };
        size_t at = t->n;
        while (at > 0 && before(&e, &t->items[at - 1])) {
                t->items[at] = t->items[at - 1];
                at--;
        }
        t->items[at] = e;
        t->n = MIN_OF(t->n + 1, t->limit);
}

void cardinality_top(Catalog *c, size_t limit, Arena *arena, TsdbCardinality *ret)
{
        Top metric = top_new(arena, limit), label = top_new(arena, limit), bytes = top_new(arena, limit),
            pair = top_new(arena, limit);
        AUTO(arena_free) Arena *scratch = arena_new();
        pthread_rwlock_rdlock(&c->lock);
        uint32_t *names;
        size_t n_names = postings_names(c->postings, scratch, &names);
        for (size_t i = 0; i < n_names; i++) {
                Str name = symtab_str(c->symbols, names[i]);
                PostingsCount *values;
                size_t n = postings_values(c->postings, names[i], NULL, scratch, &values);
                uint64_t value_bytes = 0;
                for (size_t k = 0; k < n; k++) {
                        Str value = symtab_str(c->symbols, values[k].value);
                        value_bytes += value.n;
                        if (str_eq(name, LABEL_NAME) && top_wants(&metric, values[k].series))
                                top_add(&metric, value, values[k].series);
                        if (top_wants(&pair, values[k].series))
                                top_add(&pair, str_printf(arena, STR_FMT "=" STR_FMT, STR_ARG(name), STR_ARG(value)),
                                        values[k].series);
                }
                if (top_wants(&label, n))
                        top_add(&label, name, n);
                if (top_wants(&bytes, value_bytes))
                        top_add(&bytes, name, value_bytes);
        }
        symtab_pin(c->symbols, arena);
        pthread_rwlock_unlock(&c->lock);
        *ret = (TsdbCardinality){ .series_by_metric = metric.items,
                                  .n_metric = metric.n,
                                  .values_by_label = label.items,
                                  .n_label = label.n,
                                  .bytes_by_label = bytes.items,
                                  .n_bytes = bytes.n,
                                  .series_by_pair = pair.items,
                                  .n_pair = pair.n };
}
