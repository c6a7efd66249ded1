/* TLS: a server with a certificate made for the test, and what the client says about it. */
#include <gnutls/gnutls.h>
#include <gnutls/x509.h>
#include <microhttpd.h>
#include <sys/stat.h>

#include "net_fixture.h"

static char dir[] = "/tmp/pharos-tls-XXXXXX";
static char ca_path[64];
static gnutls_datum_t key_pem;
static gnutls_datum_t cert_pem;

static void make_certificate(void)
{
        gnutls_x509_privkey_t key;
        gnutls_x509_crt_t cert;
        gnutls_x509_privkey_init(&key);
        assert_int_equal(
                gnutls_x509_privkey_generate(key, GNUTLS_PK_ECDSA, GNUTLS_CURVE_TO_BITS(GNUTLS_ECC_CURVE_SECP256R1), 0),
                0);
        gnutls_x509_crt_init(&cert);
        gnutls_x509_crt_set_version(cert, 3);
        gnutls_x509_crt_set_serial(cert, "\1", 1);
        gnutls_x509_crt_set_activation_time(cert, time(NULL) - 3600);
        gnutls_x509_crt_set_expiration_time(cert, time(NULL) + 3600);
        gnutls_x509_crt_set_dn(cert, "CN=tls.example.com", NULL);
        gnutls_x509_crt_set_subject_alt_name(cert, GNUTLS_SAN_DNSNAME, "tls.example.com", 15, GNUTLS_FSAN_SET);
        gnutls_x509_crt_set_basic_constraints(cert, 1, -1);
        gnutls_x509_crt_set_key(cert, key);
        assert_int_equal(gnutls_x509_crt_sign2(cert, cert, key, GNUTLS_DIG_SHA256, 0), 0);
        assert_int_equal(gnutls_x509_crt_export2(cert, GNUTLS_X509_FMT_PEM, &cert_pem), 0);
        assert_int_equal(gnutls_x509_privkey_export2(key, GNUTLS_X509_FMT_PEM, &key_pem), 0);
        gnutls_x509_crt_deinit(cert);
        gnutls_x509_privkey_deinit(key);
        assert_non_null(mkdtemp(dir));
        snprintf(ca_path, sizeof ca_path, "%s/ca.pem", dir);
        FILE *f = fopen(ca_path, "we");
        assert_non_null(f);
        assert_int_equal(fwrite(cert_pem.data, 1, cert_pem.size, f), cert_pem.size);
        fclose(f);
}

static enum MHD_Result answer(void *cls, struct MHD_Connection *conn, const char *url, const char *method,
                              const char *version, const char *upload, size_t *upload_n, void **con_cls)
{
        (void)cls, (void)url, (void)method, (void)version, (void)upload;
        *upload_n = 0;
        if (!*con_cls) {
                *con_cls = conn;
                return MHD_YES;
        }
        const char *host = MHD_lookup_connection_value(conn, MHD_HEADER_KIND, "Host");
        struct MHD_Response *r = MHD_create_response_from_buffer(strlen(host), (void *)host, MHD_RESPMEM_MUST_COPY);
        enum MHD_Result queued = MHD_queue_response(conn, 200, r);
        MHD_destroy_response(r);
        return queued;
}

static void certificates_are_checked(void **state)
{
        (void)state;
        make_certificate();
        struct MHD_Daemon *daemon = MHD_start_daemon(
                MHD_USE_EPOLL_INTERNAL_THREAD | MHD_USE_TLS, 0, NULL, NULL, answer, NULL, MHD_OPTION_HTTPS_MEM_KEY,
                (const char *)key_pem.data, MHD_OPTION_HTTPS_MEM_CERT, (const char *)cert_pem.data, MHD_OPTION_END);
        assert_non_null(daemon);
        int port = MHD_get_daemon_info(daemon, MHD_DAEMON_INFO_BIND_PORT)->port;
        Loop *loop;
        HttpClient *client;
        Err err;
        assert_ok(loop_new(&loop, &err), err);
        assert_ok(http_client_new(loop, 4, &client, &err), err);
        char url[64];
        snprintf(url, sizeof url, "https://127.0.0.1:%d/x", port);
        char host[64];
        snprintf(host, sizeof host, "127.0.0.1:%d", port);
        AUTO(buf_done) Buf out = { 0 };
        HttpAnswer a;
        HttpAuthTls tls = { 0 };
        HttpCallOptions o = { .url = str_of(url), .auth = &tls };
        assert_false(http_client_call(client, &o, &a, &out)); /* nobody trusts it */
        assert_contains(a.err.msg, "TLS: ");
        tls.ca_file = str_of(ca_path);
        assert_false(http_client_call(client, &o, &a, &out)); /* trusted, but it is for another name */
        assert_contains(a.err.msg, "TLS: ");
        tls.server_name = STR("tls.example.com");
        assert_ok(http_client_call(client, &o, &a, &out), a.err);
        assert_str(a.body, host);
        buf_clear(&out);
        HttpAuthTls insecure = { .insecure_skip_verify = true };
        o.auth = &insecure;
        assert_ok(http_client_call(client, &o, &a, &out), a.err);
        assert_str(a.body, host);
        HttpAuthTls missing = { .ca_file = STR("/nonexistent/ca.pem") };
        o.auth = &missing;
        assert_false(http_client_call(client, &o, &a, &out));
        assert_contains(a.err.msg, "cannot read the CA certificates in '/nonexistent/ca.pem'");
        HttpAuthTls no_cert = { .insecure_skip_verify = true,
                                .cert_file = STR("/nonexistent/c.pem"),
                                .key_file = STR("/nonexistent/k.pem") };
        o.auth = &no_cert;
        assert_false(http_client_call(client, &o, &a, &out));
        assert_contains(a.err.msg, "'/nonexistent/c.pem'");
        http_client_free(client);
        loop_free(loop);
        MHD_stop_daemon(daemon);
        unlink(ca_path);
        rmdir(dir);
        gnutls_free(key_pem.data);
        gnutls_free(cert_pem.data);
}

int main(void)
{
        const struct CMUnitTest tests[] = { cmocka_unit_test(certificates_are_checked) };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
