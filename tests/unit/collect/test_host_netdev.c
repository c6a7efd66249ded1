#include "hosttree.h"

#define HEADINGS "Inter-|   Receive  |  Transmit\n face |bytes packets|bytes packets\n"

static void devices_with_odd_names(void **state)
{
        (void)state;
        HostTree t;
        tree_init(&t);
        tree_put(&t, "proc/net/dev",
                 HEADINGS "    lo:18446744073709551615 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16\n"
                          "eth0:1:  1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16\n"
                          "we\"ird\\:  1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17\n");
        tree_put(&t, "sys/class/net/lo/statistics/rx_nohandler", "3\n");
        tree_gather(&t);
        assert_success(&t, "netdev", "1");
        assert_line(&t, "node_network_receive_bytes_total{device=\"lo\"} 1.8446744073709552e+19");
        assert_line(&t, "node_network_receive_nohandler_total{device=\"lo\"} 3");
        assert_line(&t, "node_network_transmit_compressed_total{device=\"eth0:1\"} 16");
        assert_line(&t, "node_network_receive_packets_total{device=\"we\\\"ird\\\\\"} 2");
        tree_done(&t);
}

static void broken_lines_and_patterns(void **state)
{
        (void)state;
        HostTree t;
        tree_init(&t);
        t.options.netdev_device_include = STR("^eth");
        t.options.netdev_device_exclude = STR("1$");
        tree_put(&t, "proc/net/dev",
                 HEADINGS "eth0: 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16\neth1: 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16\n"
                          "lo: 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16\n");
        tree_gather(&t);
        assert_success(&t, "netdev", "1");
        assert_line(&t, "node_network_receive_bytes_total{device=\"eth0\"} 1");
        assert_no_text(&t, "eth1");
        assert_no_text(&t, "\"lo\"");
        tree_put(
                &t, "proc/net/dev",
                HEADINGS
                "no colon\neth2: 1 2 3\neth0: 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 x\neth4: 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16\n");
        tree_gather(&t);
        assert_success(&t, "netdev", "0");
        assert_line(&t, "node_network_receive_bytes_total{device=\"eth4\"} 1");
        tree_done(&t);
}

static void attributes(void **state)
{
        (void)state;
        HostTree t;
        tree_init(&t);
        tree_put(&t, "sys/class/net/bonding_masters", "bond0\n");
        tree_put(&t, "sys/class/net/eth0/operstate", "up\n");
        tree_put(&t, "sys/class/net/eth0/flags", "0x1003\n");
        tree_put(&t, "sys/class/net/eth0/mtu", "1500\n");
        tree_put(&t, "sys/class/net/eth0/speed", "-1\n");
        tree_put(&t, "sys/class/net/eth0/address", "01:02:03:04:05:06\n");
        tree_put(&t, "sys/class/net/eth0/ifalias", "to the \"core\"\n");
        tree_put(&t, "sys/class/net/eth1/operstate", "down\n");
        tree_gather(&t);
        assert_success(&t, "netclass", "1");
        assert_line(&t, "node_network_up{device=\"eth0\"} 1");
        assert_line(&t, "node_network_up{device=\"eth1\"} 0");
        assert_line(&t, "node_network_flags{device=\"eth0\"} 4099");
        assert_line(&t, "node_network_speed_bytes{device=\"eth0\"} -125000");
        assert_line(
                &t,
                "node_network_info{address=\"01:02:03:04:05:06\",adminstate=\"up\",device=\"eth0\",ifalias=\"to the \\\"core\\\"\",operstate=\"up\"} 1");
        assert_line(&t, "node_network_info{adminstate=\"unknown\",device=\"eth1\",operstate=\"down\"} 1");
        assert_no_text(&t, "bonding_masters");
        tree_done(&t);
}

int main(void)
{
        const struct CMUnitTest tests[] = { cmocka_unit_test(devices_with_odd_names),
                                            cmocka_unit_test(broken_lines_and_patterns), cmocka_unit_test(attributes) };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
