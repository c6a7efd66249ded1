#include <arpa/inet.h>
#include <netinet/in.h>
#include <unistd.h>

#include "net/listen_addr.h"
#include "testing.h"

static void check(const char *text, const char *want, bool loopback)
{
        ListenAddr a;
        Err err;
        assert_ok(listen_addr_parse(text, &a, &err), err);
        AUTO(buf_done) Buf out = { 0 };
        listen_addr_format(&out, (struct sockaddr *)&a.addr);
        assert_str(buf_str(&out), want);
        assert_int_equal(a.loopback, loopback);
}

static void syntax(void **state)
{
        (void)state;
        check("127.0.0.1:9090", "127.0.0.1:9090", true);
        check(":9090", "[::]:9090", false);
        check("0.0.0.0:80", "0.0.0.0:80", false);
        check("[::1]:0", "[::1]:0", true);
        check("localhost:9090", "127.0.0.1:9090", true);
        const char *bad[] = { "",         "9090",      "127.0.0.1", "127.0.0.1:", "127.0.0.1:70000", "127.0.0.1:+1",
                              "::1:9090", "[::1:9090", "[x]:1",     "[]:1" };
        for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
                ListenAddr a;
                Err err;
                if (listen_addr_parse(bad[i], &a, &err))
                        fail_msg("'%s' was accepted", bad[i]);
        }
}

static void a_taken_port_is_named(void **state)
{
        (void)state;
        ListenAddr a;
        Err err;
        int fd;
        int port;
        assert_ok(listen_addr_parse("127.0.0.1:0", &a, &err), err);
        assert_ok(listen_addr_open(&a, "127.0.0.1:0", &fd, &port, &err), err);
        assert_true(port > 0);
        char text[64];
        snprintf(text, sizeof text, "127.0.0.1:%d", port);
        assert_ok(listen_addr_parse(text, &a, &err), err);
        int fd2 = -1;
        assert_false(listen_addr_open(&a, text, &fd2, &port, &err));
        assert_int_equal(err.code, ERR_EXISTS);
        char want[256];
        snprintf(want, sizeof want, "listen on '%s': address already in use; choose another with --listen", text);
        assert_string_equal(err.msg, want);
        close(fd);
}

static void all_addresses_open(void **state)
{
        (void)state;
        ListenAddr a;
        Err err;
        int fd;
        int port;
        assert_ok(listen_addr_parse(":0", &a, &err), err);
        assert_ok(listen_addr_open(&a, ":0", &fd, &port, &err), err);
        close(fd);
        struct sockaddr_in6 mapped = { .sin6_family = AF_INET6, .sin6_port = htons(7) };
        inet_pton(AF_INET6, "::ffff:192.0.2.1", &mapped.sin6_addr);
        AUTO(buf_done) Buf out = { 0 };
        listen_addr_format(&out, (struct sockaddr *)&mapped);
        assert_str(buf_str(&out), "192.0.2.1:7");
}

int main(void)
{
        const struct CMUnitTest tests[] = { cmocka_unit_test(syntax), cmocka_unit_test(a_taken_port_is_named),
                                            cmocka_unit_test(all_addresses_open) };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
