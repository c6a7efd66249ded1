#include "testing.h"

#include "tsdb/tombstones.h"

static void hides_and_stays(void **state)
{
        (void)state;
        char dir[] = "/tmp/pharos-tombs-XXXXXX";
        assert_non_null(mkdtemp(dir));
        char path[64];
        snprintf(path, sizeof path, "%s/tombstones", dir);
        Tombstones *t;
        uint64_t damaged = 0;
        Err err;
        assert_ok(tombstones_open(fs_system(), path, &t, &damaged, &err), err);
        const Tombstone items[] = { { 7, 3, 4 }, { 1, 0, 100 }, { 7, 8, 8 } };
        assert_ok(tombstones_add(t, items, 3, &err), err);
        for (int round = 0; round < 2; round++) {
                Column c = { 0 };
                for (int i = 0; i < 10; i++)
                        column_push(&c, i, i);
                tombstones_apply(t, 7, &c, 4);
                assert_int_equal(c.n, 8); /* 3 lies before `from` */
                tombstones_apply(t, 7, &c, 0);
                assert_int_equal(c.n, 7);
                assert_int_equal(c.t[6], 9);
                tombstones_apply(t, 2, &c, 0);
                assert_int_equal(c.n, 7);
                tombstones_apply(t, 1, &c, 0);
                assert_int_equal(c.n, 0);
                column_done(&c);
                tombstones_close(t);
                assert_ok(tombstones_open(fs_system(), path, &t, &damaged, &err), err);
        }
        assert_int_equal(damaged, 0);
        tombstones_expire(t, 5);
        assert_int_equal(tombstones_count(t), 2);
        tombstones_close(t);
        /* One damaged entry of three. */
        AUTO(buf_done) Buf bytes = { 0 };
        assert_ok(file_read_all(fs_system(), path, 4096, &bytes, &err), err);
        bytes.p[20] ^= 1;
        assert_ok(file_write_atomic(fs_system(), path, buf_str(&bytes), &err), err);
        assert_ok(tombstones_open(fs_system(), path, &t, &damaged, &err), err);
        assert_int_equal(damaged, 1);
        assert_int_equal(tombstones_count(t), 2);
        tombstones_close(t);
        assert_ok(file_remove_tree(fs_system(), dir, &err), err);
}

int main(void)
{
        const struct CMUnitTest tests[] = { cmocka_unit_test(hides_and_stays) };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
