#include "hosttree.h"

static void columns_of_every_kernel(void **state)
{
        (void)state;
        HostTree t;
        tree_init(&t);
        tree_put(&t, "proc/diskstats",
                 "   8       0 sda 1 2 3 4 5 6 7 8 9 10 11\n"                                /* before 4.18 */
                 " 259       0 nvme0n1 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20\n" /* more than we know */
                 "   8       1 sda1 1 2 3 4 5 6 7 8 9 10 11\n" /* left out by the pattern */
                 " 104       0 cciss/c0d0 18446744073709551615 2 3 4 5 6 7 8 9 10 11\n");
        tree_put(&t, "sys/block/sda/queue/rotational", "1\n");
        tree_gather(&t);
        assert_success(&t, "diskstats", "1");
        assert_line(&t, "node_disk_reads_completed_total{device=\"sda\"} 1");
        assert_line(&t, "node_disk_read_bytes_total{device=\"sda\"} 1536");
        assert_line(&t, "node_disk_io_time_weighted_seconds_total{device=\"sda\"} 0.011");
        assert_line(&t, "node_disk_io_now{device=\"sda\"} 9");
        assert_no_text(&t, "node_disk_discards_completed_total{device=\"sda\"}");
        assert_line(&t, "node_disk_flush_requests_time_seconds_total{device=\"nvme0n1\"} 0.017");
        assert_line(&t, "node_disk_info{device=\"sda\",major=\"8\",minor=\"0\",rotational=\"1\"} 1");
        assert_line(&t, "node_disk_reads_completed_total{device=\"cciss/c0d0\"} 1.8446744073709552e+19");
        assert_no_text(&t, "sda1");
        tree_done(&t);
}

static void what_udev_knows(void **state)
{
        (void)state;
        HostTree t;
        tree_init(&t);
        tree_put(&t, "proc/diskstats", "8 0 sda 1 2 3 4 5 6 7 8 9 10 11\n252 0 dm-0 1 2 3 4 5 6 7 8 9 10 11\n");
        tree_put(
                &t, "udev/b8:0",
                "S:disk/by-id/x\nE:ID_ATA=1\nE:ID_ATA_WRITE_CACHE=1\nE:ID_ATA_WRITE_CACHE_ENABLED=0\nE:ID_ATA_ROTATION_RATE_RPM=7200\nE:ID_MODEL=MODEL=A\n"
                "E:ID_SERIAL=long\nE:ID_SERIAL_SHORT=short\nE:ID_PATH=pci-0000\nE:ID_WWN=0x1\nE:ID_REVISION=r\nE:broken\n");
        tree_put(
                &t, "udev/b252:0",
                "E:DM_NAME=vg-root\nE:DM_UUID=LVM-1\nE:DM_VG_NAME=vg\nE:DM_LV_NAME=root\nE:ID_FS_TYPE=ext4\nE:ID_FS_USAGE=filesystem\n"
                "E:ID_FS_UUID=u-u\nE:ID_FS_VERSION=1.0\n");
        tree_put(&t, "sys/block/dm-0/slaves/sda2/dev", "8:2\n");
        tree_gather(&t);
        assert_line(
                &t,
                "node_disk_info{device=\"sda\",major=\"8\",minor=\"0\",model=\"MODEL=A\",path=\"pci-0000\",revision=\"r\",rotational=\"0\","
                "serial=\"short\",wwn=\"0x1\"} 1");
        assert_line(&t, "node_disk_ata_write_cache{device=\"sda\"} 1");
        assert_line(&t, "node_disk_ata_write_cache_enabled{device=\"sda\"} 0");
        assert_line(&t, "node_disk_ata_rotation_rate_rpm{device=\"sda\"} 7200");
        assert_line(
                &t,
                "node_disk_device_mapper_info{device=\"dm-0\",lv_name=\"root\",name=\"vg-root\",uuid=\"LVM-1\",vg_name=\"vg\"} 1");
        assert_line(&t, "node_disk_device_mapper_backing_device_info{backing_device=\"sda2\",device=\"dm-0\"} 1");
        assert_line(
                &t,
                "node_disk_filesystem_info{device=\"dm-0\",type=\"ext4\",usage=\"filesystem\",uuid=\"u-u\",version=\"1.0\"} 1");
        tree_done(&t);
}

static void broken_lines_fail_but_the_rest_stays(void **state)
{
        (void)state;
        HostTree t;
        tree_init(&t);
        tree_put(&t, "proc/diskstats", "8 0\n8 0 sdb 1 x 3\n8 16 sda 5 2 3 4\n\n");
        tree_gather(&t);
        assert_success(&t, "diskstats", "0");
        assert_line(&t, "node_disk_reads_completed_total{device=\"sda\"} 5");
        assert_line(&t, "node_disk_reads_completed_total{device=\"sdb\"} 1");
        assert_no_text(&t, "node_disk_read_bytes_total{device=\"sdb\"}");
        tree_done(&t);
}

int main(void)
{
        const struct CMUnitTest tests[] = { cmocka_unit_test(columns_of_every_kernel),
                                            cmocka_unit_test(what_udev_knows),
                                            cmocka_unit_test(broken_lines_fail_but_the_rest_stays) };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
