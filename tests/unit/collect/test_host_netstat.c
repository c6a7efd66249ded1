#include "hosttree.h"

static void put_pairs(HostTree *t, const char *snmp)
{
        tree_put(t, "proc/net/netstat", "TcpExt: ListenDrops Other\nTcpExt: 5 6\n");
        tree_put(t, "proc/net/snmp", snmp);
}

static void protocols(void **state)
{
        (void)state;
        HostTree t;
        tree_init(&t);
        put_pairs(&t, "Tcp: MaxConn CurrEstab\nTcp: -1 12\n\nUdp: InErrors NoPorts\nUdp: 3\n");
        tree_put(&t, "proc/net/snmp6", "Ip6InOctets \t460\nUdpLite6InErrors 4\nIcmp6OutMsgs\n");
        tree_gather(&t);
        assert_success(&t, "netstat", "1");
        assert_line(&t, "node_netstat_TcpExt_ListenDrops 5");
        assert_line(&t, "node_netstat_Tcp_CurrEstab 12");
        assert_line(&t, "node_netstat_Udp_InErrors 3");
        assert_line(&t, "node_netstat_Ip6_InOctets 460");
        assert_line(&t, "node_netstat_UdpLite6_InErrors 4");
        assert_line(&t, "# TYPE node_netstat_Tcp_CurrEstab untyped");
        assert_no_text(&t, "MaxConn");
        const char *const broken[] = { "Tcp: A\n", "Tcp: A\nUdp: 1\n", "Tcp A\nTcp 1\n", ": :\n" };
        for (size_t i = 0; i < ARRAY_LEN(broken); i++) {
                put_pairs(&t, broken[i]);
                tree_gather(&t);
                assert_success(&t, "netstat", "0");
        }
        tree_done(&t);
}

static void sockets(void **state)
{
        (void)state;
        HostTree t;
        tree_init(&t);
        tree_put(&t, "proc/net/sockstat", "sockets: used 229\nTCP: inuse 4 orphan 0 unknown 7 mem 1\nno colon\n");
        tree_gather(&t); /* without IPv6 */
        assert_success(&t, "sockstat", "1");
        assert_line(&t, "node_sockstat_sockets_used 229");
        assert_line(&t, "node_sockstat_TCP_inuse 4");
        assert_contains(buf_cstr(&t.out), "\nnode_sockstat_TCP_mem_bytes ");
        assert_no_text(&t, "unknown 7");
        tree_put(&t, "proc/net/sockstat6", "TCP6: inuse many\n");
        tree_gather(&t);
        assert_success(&t, "sockstat", "0");
        tree_done(&t);
}

static void softnet_of_every_kernel(void **state)
{
        (void)state;
        HostTree t;
        tree_init(&t);
        tree_put(&t, "proc/net/softnet_stat",
                 "00000010 00000001 00000002 0 0 0 0 0 00000003\n"
                 "ffffffff 1 2 0 0 0 0 0 3 4 5 6 00000007 8 9\n");
        tree_gather(&t);
        assert_success(&t, "softnet", "1");
        assert_line(&t, "node_softnet_processed_total{cpu=\"0\"} 16");
        assert_line(&t, "node_softnet_backlog_len{cpu=\"0\"} 0");
        assert_line(&t, "node_softnet_processed_total{cpu=\"7\"} 4.294967295e+09");
        assert_line(&t, "node_softnet_backlog_len{cpu=\"7\"} 6");
        tree_put(&t, "proc/net/softnet_stat", "1 2 3\n");
        tree_gather(&t);
        assert_success(&t, "softnet", "0");
        tree_put(&t, "proc/net/softnet_stat", "1 2 3 4 5 6 7 8 zz\n");
        tree_gather(&t);
        assert_success(&t, "softnet", "0");
        tree_done(&t);
}

static void neighbours_connections_queues(void **state)
{
        (void)state;
        HostTree t;
        tree_init(&t);
        tree_put(
                &t, "proc/net/arp",
                "IP address HW type Flags HW address Mask Device\n192.0.2.1 0x1 0x2 aa:bb * eth0\n192.0.2.2 0x1 0x2 aa:bc * eth0\nshort\n");
        tree_put(&t, "proc/sys/net/netfilter/nf_conntrack_count", "123\n");
        tree_put(&t, "proc/sys/net/netfilter/nf_conntrack_max", "65536\n");
        tree_put(&t, "proc/net/stat/nf_conntrack",
                 "entries found clash_resolve invalid search_restart\n0a 1 2 3 4\n0a f 2 3 4\n");
        tree_put(
                &t, "proc/net/udp",
                "sl local_address rem_address st tx_queue\n 0: 00:1 00:0 07 00000015:00000002 00:0\n 1: 00:1 00:0 07 00000001:00000000 00:0\n");
        tree_gather(&t);
        assert_line(&t, "node_arp_entries{device=\"eth0\"} 2");
        assert_line(&t, "node_nf_conntrack_entries_limit 65536");
        assert_line(&t, "node_nf_conntrack_stat_found 16");
        assert_line(&t, "node_nf_conntrack_stat_search_restart 8");
        assert_line(&t, "node_nf_conntrack_stat_drop 0");
        assert_line(&t, "node_udp_queues{ip=\"v4\",queue=\"tx\"} 22");
        assert_line(&t, "node_udp_queues{ip=\"v4\",queue=\"rx\"} 2");
        assert_success(&t, "udp_queues", "1");
        tree_done(&t);
}

int main(void)
{
        const struct CMUnitTest tests[] = { cmocka_unit_test(protocols), cmocka_unit_test(sockets),
                                            cmocka_unit_test(softnet_of_every_kernel),
                                            cmocka_unit_test(neighbours_connections_queues) };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
