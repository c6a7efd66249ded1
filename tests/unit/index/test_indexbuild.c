#include "indexrig.h"

#include "os/fault.h"

static void a_failure_leaves_nothing(void **state)
{
        (void)state;
        static const FaultKind KINDS[] = { FAULT_OPEN, FAULT_WRITE, FAULT_SHORT_WRITE, FAULT_SYNC, FAULT_RENAME };
        IndexRig r;
        indexrig_init(&r);
        for (size_t i = 0; i < ARRAY_LEN(KINDS); i++) {
                AUTO(indexbuild_free) IndexBuild *b = indexbuild_new();
                FaultFs fault;
                Err err;
                Str *names;
                size_t n;
                IndexEntry e = indexrig_entry(9);
                indexbuild_add(b, &e, indexrig_labels(r.arena, 9));
                fault_fs_init(&fault, fs_system());
                fault_fs_arm(&fault, KINDS[i], 1, false);
                assert_false(indexbuild_write(b, &fault.fs, r.path, 1, &err));
                assert_true(err.msg[0] != 0);
                assert_ok(fs_system()->list(fs_system(), r.dir, r.arena, &names, &n, &err), err);
                assert_int_equal(n, 0);
        }
        indexrig_done(&r);
}

static void it_says_when_it_is_full(void **state)
{
        (void)state;
        AUTO(indexbuild_free) IndexBuild *b = indexbuild_new();
        Label l = { STR("a"), STR("b") };
        for (uint64_t sid = 1; sid <= INDEXSEG_MAX_SERIES; sid++) {
                assert_false(indexbuild_is_full(b));
                indexbuild_add(b, &(IndexEntry){ sid, 5, 6 }, (Labels){ &l, 1 });
        }
        assert_true(indexbuild_is_full(b));
}

static void long_strings_fill_it_too(void **state)
{
        (void)state;
        AUTO(indexbuild_free) IndexBuild *b = indexbuild_new();
        AUTO(buf_done) Buf text = { 0 };
        memset(buf_reserve(&text, 1 << 20), 'x', 1 << 20);
        text.n = 1 << 20;
        uint64_t sid = 0;
        while (!indexbuild_is_full(b)) {
                memcpy(text.p, &sid, sizeof sid);
                Label l = { STR("a"), buf_str(&text) };
                indexbuild_add(b, &(IndexEntry){ ++sid, 5, 6 }, (Labels){ &l, 1 });
        }
        assert_int_equal(sid, INDEXSEG_MAX_STRINGS >> 20);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(a_failure_leaves_nothing),
                cmocka_unit_test(it_says_when_it_is_full),
                cmocka_unit_test(long_strings_fill_it_too),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
