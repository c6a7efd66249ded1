#include "hosttree.h"

static void os_release(void **state)
{
        (void)state;
        HostTree t;
        tree_init(&t);
        tree_put(
                &t, "root/usr/lib/os-release",
                "# comment\nNAME=\"Debian \\\"GNU\\\" Linux\"\nID=debian\nVERSION_ID='12.5'\nPRETTY_NAME=\"x\"\nSUPPORT_END=2028-06-30\nbroken\n");
        tree_gather(&t);
        assert_success(&t, "os", "1");
        assert_line(
                &t,
                "node_os_info{id=\"debian\",name=\"Debian \\\"GNU\\\" Linux\",pretty_name=\"x\",version_id=\"12.5\"} 1");
        assert_line(&t, "node_os_version{id=\"debian\",name=\"Debian \\\"GNU\\\" Linux\"} 12.5");
        assert_line(&t, "node_os_support_end_timestamp_seconds 1.845936e+09");
        tree_put(&t, "root/etc/os-release", "ID=other\nVERSION_ID=rolling\nSUPPORT_END=soon\n"); /* comes first */
        tree_gather(&t);
        assert_line(&t, "node_os_info{id=\"other\",version_id=\"rolling\"} 1");
        assert_no_text(&t, "node_os_version");
        assert_no_text(&t, "support_end");
        tree_done(&t);
}

static void dmi(void **state)
{
        (void)state;
        HostTree t;
        tree_init(&t);
        tree_gather(&t);
        assert_success(&t, "dmi", "0");
        tree_put(&t, "sys/class/dmi/id/sys_vendor", "Example\n");
        tree_put(&t, "sys/class/dmi/id/product_name", "\xff\xfe\n"); /* no UTF-8: left out */
        tree_gather(&t);
        assert_success(&t, "dmi", "1");
        assert_line(&t, "node_dmi_info{system_vendor=\"Example\"} 1");
        tree_done(&t);
}

int main(void)
{
        const struct CMUnitTest tests[] = { cmocka_unit_test(os_release), cmocka_unit_test(dmi) };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
