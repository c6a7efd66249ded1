#include "collect/host_mounts.h"

#include <pthread.h>

#include "hosttree.h"
#include "os/mutex.h"

static void lines_of_mountinfo(void **state)
{
        (void)state;
        AUTO(arena_free) Arena *arena = arena_new();
        HostMountList list;
        size_t bad;
        Err err = { 0 };
        Str text = STR(
                "1 1 0:5 /  /root rw,nosuid shared:8 - rootfs rootfs rw\n" /* two blanks */
                "36 35 98:0 /a /mnt/with\\040blank\\011tab\\134 rw,noatime master:1 shared:2 propagate_from:3 - ext3 /dev/my\\040disk rw,errors=remount-ro\n"
                "37 35 98:1 / /ro ro,noatime - xfs /dev/sdb rw\n"
                "38 35 98:2 / /super rw - xfs /dev/sdc rw,ro\n"
                "39 35 0:44 / /odd\\04 rw - tmpfs tmpfs rw,size=1k\n"
                "no mount at all\n40 35 980 / /x rw - xfs /dev/sdd rw\n41 35 1:2 / /x rw shared:1\n42 35 1:2 / /x rw - xfs\n\n");
        assert_ok(host_mounts_parse(text, arena, &list, &bad, &err), err);
        assert_int_equal(list.len, 5);
        assert_int_equal(bad, 4);
        assert_str(list.data[0].mountpoint, "/root");
        assert_str(list.data[1].mountpoint, "/mnt/with blank\ttab\\");
        assert_str(list.data[1].device, "/dev/my disk");
        assert_str(list.data[1].major, "98");
        assert_false(list.data[1].readonly); /* remount-ro is another option */
        assert_true(list.data[2].readonly);
        assert_true(list.data[3].readonly);
        assert_str(list.data[4].mountpoint, "/odd\\04");
}

static void too_many_mounts(void **state)
{
        (void)state;
        AUTO(arena_free) Arena *arena = arena_new();
        Buf text = { .arena = arena };
        for (int i = 0; i < HOST_MOUNTS_MAX; i++)
                buf_printf(&text, "%d 1 0:5 / /m%d rw - xfs /dev/sda rw\n", i, i);
        HostMountList list;
        size_t bad;
        Err err = { 0 };
        assert_ok(host_mounts_parse(buf_str(&text), arena, &list, &bad, &err), err);
        assert_int_equal(list.len, HOST_MOUNTS_MAX);
        buf_printf(&text, "9 1 0:5 / /more rw - xfs /dev/sda rw\n");
        assert_false(host_mounts_parse(buf_str(&text), arena, &list, &bad, &err));
        assert_int_equal(err.code, ERR_LIMIT);
}

/* A server that is dead until it is let go. */
static Mutex mu = MUTEX_INIT;
static pthread_cond_t let_go = PTHREAD_COND_INITIALIZER;
static bool dead;
static int calls, returned;

static bool fake_statfs(const char *path, KernelFs *ret, Err *err)
{
        MUTEX_SCOPE(&mu);
        calls++;
        while (dead && strstr(path, "nfs"))
                pthread_cond_wait(&let_go, &mu.m);
        returned++;
        if (strstr(path, "bad"))
                return err_set(err, ERR_IO, "permission denied");
        *ret = (KernelFs){ .size_bytes = 100 };
        return true;
}

static void revive(int until_returned)
{
        mutex_lock(&mu);
        dead = false;
        pthread_cond_broadcast(&let_go);
        mutex_unlock(&mu);
        for (bool all = false; !all; sched_yield()) { /* the threads are not ours to join */
                mutex_lock(&mu);
                all = returned >= until_returned;
                mutex_unlock(&mu);
        }
}

/* Invariants 1 and 2 */
static void a_dead_server_delays_nobody(void **state)
{
        (void)state;
        AUTO(arena_free) Arena *arena = arena_new();
        HostMountGuard *guard = host_mounts_guard_new(fake_statfs);
        dead = true;
        for (int round = 0; round < 3; round++) {
                HostMount mounts[] = {
                        { .mountpoint = STR("/"), .fstype = STR("ext4"), .asked = true },
                        { .mountpoint = STR("/nfs"), .fstype = STR("nfs4"), .asked = true },
                        { .mountpoint = STR("/nfs/below"), .fstype = STR("ext4"), .asked = true },
                        { .mountpoint = STR("/bad"), .fstype = STR("cifs"), .asked = true },
                        { .mountpoint = STR("/not-asked"), .fstype = STR("nfs"), .asked = false },
                };
                host_mounts_ask(guard, STR("/"), mounts, ARRAY_LEN(mounts), 20, arena);
                assert_true(mounts[0].ok);
                assert_double(mounts[0].fs.size_bytes, 100);
                assert_false(mounts[1].ok);
                assert_str(mounts[1].error, "mountpoint timeout");
                assert_str(mounts[2].error, "mountpoint timeout");
                assert_false(mounts[3].ok);
                assert_true(str_eq(mounts[3].error, STR("permission denied")) ||
                            str_eq(mounts[3].error, STR("mountpoint timeout")));
                assert_false(mounts[4].ok);
        }
        mutex_lock(&mu);
        int asked = calls;
        mutex_unlock(&mu);
        assert_true(asked <= 3 + 2 + 3); /* the two that hang were asked once */
        revive(asked);
        /* The server is back: so is the mount, as soon as its thread has ended. */
        HostMount mount = { 0 };
        for (int i = 0; i < 1000000 && !mount.ok; i++) {
                mount = (HostMount){ .mountpoint = STR("/nfs"), .fstype = STR("nfs4"), .asked = true };
                host_mounts_ask(guard, STR("/"), &mount, 1, 5000, arena);
        }
        assert_true(mount.ok);
        host_mounts_guard_free(guard);
}

/* Invariant 3: sanitizers see the rest. */
static void a_guard_may_go_before_its_threads(void **state)
{
        (void)state;
        AUTO(arena_free) Arena *arena = arena_new();
        HostMountGuard *guard = host_mounts_guard_new(fake_statfs);
        mutex_lock(&mu);
        dead = true;
        mutex_unlock(&mu);
        HostMount mount = { .mountpoint = STR("/nfs"), .fstype = STR("fuse.sshfs"), .asked = true };
        host_mounts_ask(guard, STR(""), &mount, 1, 5, arena);
        assert_false(mount.ok);
        host_mounts_guard_free(guard);
        mutex_lock(&mu);
        int asked = calls;
        mutex_unlock(&mu);
        revive(asked);
}

static void filesystems_of_the_host(void **state)
{
        (void)state;
        HostTree t;
        tree_init(&t);
        tree_put(&t, "root/data/x", "");
        tree_put(
                &t, "proc/self/mountinfo",
                str_printf(
                        t.arena,
                        "1 1 8:1 / %s/root rw - ext4 /dev/sda1 rw\n2 1 8:2 / %s/root/data ro - ext4 /dev/sda2 ro\n3 1 0:1 / %s/root/proc rw - proc proc rw\n"
                        "4 1 8:3 / %s/root/gone rw - ext4 /dev/sda3 rw\n5 1 8:4 / %s/root/dev/x rw - ext4 /dev/sda4 rw\n",
                        t.dir, t.dir, t.dir, t.dir, t.dir)
                        .p);
        tree_gather(&t);
        assert_success(&t, "filesystem", "1");
        assert_line(&t, "node_filesystem_readonly{device=\"/dev/sda1\",fstype=\"ext4\",mountpoint=\"/\"} 0");
        assert_line(&t, "node_filesystem_readonly{device=\"/dev/sda2\",fstype=\"ext4\",mountpoint=\"/data\"} 1");
        assert_line(&t,
                    "node_filesystem_mount_info{device=\"/dev/sda2\",major=\"8\",minor=\"2\",mountpoint=\"/data\"} 1");
        assert_line(
                &t,
                "node_filesystem_device_error{device=\"/dev/sda3\",device_error=\"no such file or directory\",fstype=\"ext4\",mountpoint=\"/gone\"} 1");
        assert_no_text(&t, "node_filesystem_size_bytes{device=\"/dev/sda3\"");
        assert_no_text(&t, "fstype=\"proc\"");
        assert_no_text(&t, "/dev/sda4");
        tree_done(&t);
}

int main(void)
{
        const struct CMUnitTest tests[] = { cmocka_unit_test(lines_of_mountinfo), cmocka_unit_test(too_many_mounts),
                                            cmocka_unit_test(a_dead_server_delays_nobody),
                                            cmocka_unit_test(a_guard_may_go_before_its_threads),
                                            cmocka_unit_test(filesystems_of_the_host) };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
