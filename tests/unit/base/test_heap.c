#include "base/heap.h"
#include "base/rand.h"
#include "testing.h"

static bool int_before(const void *a, const void *b) { return *(const int *)a < *(const int *)b; }

static void pops_in_order(void **state)
{
        (void)state;
        int values[500];
        Rand r;
        rand_init(&r, 7);
        Heap h;
        heap_init(&h, int_before);
        for (int i = 0; i < 500; i++) {
                values[i] = (int)rand_below(&r, 100);
                heap_push(&h, &values[i]);
        }
        *(int *)heap_peek(&h) = 50;
        heap_fix_top(&h);
        int last = -1;
        for (int i = 0; i < 500; i++) {
                int *v = heap_pop(&h);
                assert_true(*v >= last);
                last = *v;
        }
        assert_null(heap_pop(&h));
        heap_done(&h);
}

int main(void)
{
        const struct CMUnitTest tests[] = { cmocka_unit_test(pops_in_order) };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
