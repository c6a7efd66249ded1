#include "store/store.h"

#include <stdlib.h>

#include "base/check.h"
#include "base/vec.h"

const char *append_result_name(AppendResult result)
{
        static const char *const NAMES[APPEND_RESULT_MAX_] = {
                [APPEND_OK] = "ok",
                [APPEND_DUPLICATE] = "duplicate",
                [APPEND_CONFLICT] = "conflict",
                [APPEND_OUT_OF_ORDER] = "out_of_order",
                [APPEND_OUT_OF_BOUNDS] = "out_of_bounds",
                [APPEND_BAD_LABELS] = "bad_labels",
                [APPEND_LIMIT] = "limit",
                [APPEND_BAD_HISTOGRAM] = "bad_histogram",
        };
        CHECK((unsigned)result < APPEND_RESULT_MAX_);
        return NAMES[result];
}

static int compare_strs(const void *a, const void *b) { return str_cmp(*(const Str *)a, *(const Str *)b); }

/* Names when there is no name, else its values. */
static void label_strings(const StoreSelection *selection, Str name, size_t limit, Arena *arena, Str **ret,
                          size_t *ret_n)
{
        VEC(Str) all = { .arena = arena };
        for (size_t i = 0; i < selection->n; i++) {
                Labels labels = selection->series[i].labels;
                for (size_t k = 0; k < labels.n; k++)
                        if (name.n == 0)
                                vec_push(&all, labels.data[k].name);
                        else if (str_eq(labels.data[k].name, name))
                                vec_push(&all, labels.data[k].value);
        }
        if (all.len)
                qsort(all.data, all.len, sizeof *all.data, compare_strs);
        size_t n = 0;
        for (size_t i = 0; i < all.len && (limit == 0 || n < limit); i++)
                if (n == 0 || !str_eq(all.data[n - 1], all.data[i]))
                        all.data[n++] = all.data[i];
        *ret = all.data;
        *ret_n = n;
}

static bool strings_by_select(Querier *q, Str name, const SelectArgs *args, size_t limit, Arena *arena, Str **ret,
                              size_t *ret_n, Err *err)
{
        StoreSelection selection;
        if (!q->select(q, args, arena, &selection, err))
                return false;
        label_strings(&selection, name, limit, arena, ret, ret_n);
        return true;
}

bool store_names_by_select(Querier *q, const SelectArgs *args, size_t limit, Arena *arena, Str **ret, size_t *ret_n,
                           Err *err)
{
        return strings_by_select(q, (Str){ 0 }, args, limit, arena, ret, ret_n, err);
}

bool store_values_by_select(Querier *q, Str name, const SelectArgs *args, size_t limit, Arena *arena, Str **ret,
                            size_t *ret_n, Err *err)
{
        if (name.n == 0) {
                *ret = NULL;
                *ret_n = 0;
                return true;
        }
        return strings_by_select(q, name, args, limit, arena, ret, ret_n, err);
}
