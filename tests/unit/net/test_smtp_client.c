#include "net/smtp_client.h"
#include "smtp_sink.h"

typedef struct Post {
        SmtpSink *sink;
        SmtpMail mail;
        SmtpAnswer answer;
        char port[8];
        Err err;
} Post;

static Post post_new(void)
{
        static const Str to[] = { STR_INIT("a@example.com"), STR_INIT("b@example.com") };
        Post p = { .sink = smtp_sink_new() };
        p.mail = (SmtpMail){ .host = STR("127.0.0.1"),
                             .hello = STR("me.example.com"),
                             .from = STR("x@example.com"),
                             .to = to,
                             .n_to = 2,
                             .data = STR("Subject: s\r\n\r\n.dot\r\nlone\nend") };
        return p;
}

static bool post(Post *p)
{
        snprintf(p->port, sizeof p->port, "%u", p->sink->port);
        p->mail.port = str_of(p->port);
        p->err = (Err){ 0 };
        p->answer = (SmtpAnswer){ 0 };
        return smtp_client_send(&p->mail, NULL, &p->answer, &p->err);
}

static void said(Post *p, const char *want)
{
        MUTEX_SCOPE(&p->sink->mu);
        assert_str(buf_str(&p->sink->transcript), want);
}

/* Invariant 3. */
static void a_mail_arrives_as_it_is(void **state)
{
        (void)state;
        Post p = post_new();
        p.sink->offers = "250-8BITMIME\r\n250-AUTH PLAIN\r\n";
        assert_ok(post(&p), p.err);
        assert_int_equal(p.answer.code, 250);
        said(&p, "EHLO me.example.com\nMAIL FROM:<x@example.com> BODY=8BITMIME\nRCPT TO:<a@example.com>\n"
                 "RCPT TO:<b@example.com>\nDATA\n");
        assert_str(buf_str(&p.sink->data), "Subject: s\r\n\r\n..dot\r\nlone\r\nend\r\n");
        smtp_sink_free(p.sink);
}

static void the_first_mechanism_with_credentials_is_used(void **state)
{
        (void)state;
        static const struct {
                const char *offers, *password, *secret, *want;
        } cases[] = {
                { "250-AUTH CRAM-MD5 LOGIN PLAIN\r\n", "p", "", "AUTH LOGIN\ndXNlcg==\ncA==\n" },
                { "250-AUTH PLAIN LOGIN\r\n", "p", "s", "AUTH PLAIN AHVzZXIAcA==\n" },
                { "250-AUTH GSSAPI CRAM-MD5 PLAIN\r\n", "p", "tanstaaftanstaaf",
                  "AUTH CRAM-MD5\ndXNlciBiOTEzYTYwMmM3ZWRhN2E0OTViNGU2ZTczMzRkMzg5MA==\n" },
                { "", "p", "", "" },
        };
        for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
                Post p = post_new();
                char want[300];
                p.sink->offers = cases[i].offers;
                p.mail.n_to = 1;
                p.mail.username = STR("user");
                p.mail.password = str_of(cases[i].password);
                p.mail.secret = str_of(cases[i].secret);
                assert_ok(post(&p), p.err);
                snprintf(want, sizeof want,
                         "EHLO me.example.com\n%sMAIL FROM:<x@example.com>\nRCPT TO:<a@example.com>\nDATA\n",
                         cases[i].want);
                said(&p, want);
                smtp_sink_free(p.sink);
        }
        Post p = post_new();
        p.sink->offers = "250-AUTH CRAM-MD5\r\n";
        p.mail.username = STR("user");
        p.mail.password = STR("hush");
        assert_false(post(&p));
        assert_contains(p.err.msg, "a secret for CRAM-MD5");
        p.sink->offers = "250-AUTH PLAIN\r\n";
        p.sink->on_auth = "535 no";
        assert_false(post(&p));
        assert_true(p.answer.permanent);
        assert_contains(p.err.msg, "AUTH PLAIN: the server says '535 no'");
        assert_null(strstr(p.err.msg, "hush"));
        smtp_sink_free(p.sink);
}

/* Invariant 1. */
static void without_starttls_nothing_leaves(void **state)
{
        (void)state;
        Post p = post_new();
        p.mail.require_tls = true;
        assert_false(post(&p));
        assert_contains(p.err.msg,
                        "require_tls: true (default), but the server does not advertise the STARTTLS extension");
        said(&p, "EHLO me.example.com\n");
        smtp_sink_free(p.sink);
}

static void refusals_say_at_which_step(void **state)
{
        (void)state;
        Post p = post_new();
        p.sink->on_rcpt = "550-who\r\n550 is that";
        assert_false(post(&p));
        assert_true(p.answer.permanent);
        assert_contains(p.err.msg, "RCPT: the server says '550 is that'");
        p.sink->on_rcpt = NULL;
        p.sink->on_end = "451 later";
        assert_false(post(&p));
        assert_false(p.answer.permanent);
        assert_int_equal(p.answer.code, 451);
        p.sink->on_mail = "hello";
        assert_false(post(&p));
        assert_contains(p.err.msg, "not a reply: 'hello'");
        p.mail.from = STR("x> SIZE=1");
        assert_false(post(&p));
        assert_contains(p.err.msg, "is not a mail address");
        smtp_sink_free(p.sink);
        p.mail.port = STR("1");
        assert_false(smtp_client_send(&p.mail, NULL, &p.answer, &p.err));
        assert_contains(p.err.msg, "mail server 127.0.0.1:1: ");
}

/* Invariant 2. */
static void a_server_that_says_nothing_is_left(void **state)
{
        (void)state;
        Post p = post_new();
        p.sink->silent = true;
        p.mail.timeout_ms = 50;
        assert_false(post(&p));
        assert_int_equal(p.err.code, ERR_TIMEOUT);
        atomic_bool stop = true;
        p.mail.timeout_ms = 60000;
        assert_false(smtp_client_send(&p.mail, &stop, &p.answer, &p.err));
        assert_int_equal(p.err.code, ERR_CANCELED);
        smtp_sink_free(p.sink);
}

int main(void)
{
        const struct CMUnitTest tests[] = { cmocka_unit_test(a_mail_arrives_as_it_is),
                                            cmocka_unit_test(the_first_mechanism_with_credentials_is_used),
                                            cmocka_unit_test(without_starttls_nothing_leaves),
                                            cmocka_unit_test(refusals_say_at_which_step),
                                            cmocka_unit_test(a_server_that_says_nothing_is_left) };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
