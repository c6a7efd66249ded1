#include "notify_fixture.h"
#include "smtp_sink.h"

static Str mails(Fixture *f, const SmtpSink *sink, const char *more)
{
        return str_printf(
                f->arena,
                "[{name: ops, email_configs: [{to: 'a@example.com', from: 'Caf\xc3\xa9 <x@example.com>', smarthost: "
                "'127.0.0.1:%u', require_tls: false, html: '<b>{{ .Status }}</b>', headers: {subject: S}%s}]}]",
                sink->port, more);
}

static Str sent(Fixture *f, SmtpSink *sink)
{
        MUTEX_SCOPE(&sink->mu);
        return str_dup(f->arena, buf_str(&sink->data));
}

static bool in(Str text, const char *what) { return str_find(text, str_of(what)) != SIZE_MAX; }

static void a_mail_is_delivered(void **state)
{
        (void)state;
        Fixture *f = fixture_new();
        SmtpSink *sink = smtp_sink_new();
        fixture_receivers(f, mails(f, sink, ", text: 'plain {{ .Status }}', threading: {enabled: true}").p);
        DeliveryResult r = fixture_send(f, "ops", "f", 10000);
        assert_true(r.ok);
        assert_int_equal(r.status, 250);
        Str mail = sent(f, sink);
        assert_true(in(mail, "From: =?utf-8?q?Caf=C3=A9_<x@example.com>?=\r\nSubject: S\r\nTo: a@example.com\r\n"));
        assert_true(in(mail, "\r\nIn-Reply-To: <alert-"));
        assert_true(in(mail, "Content-Type: text/plain; charset=UTF-8\r\n\r\nplain firing\r\n--"));
        assert_true(in(mail, "Content-Type: text/html; charset=UTF-8\r\n\r\n<b>firing</b>\r\n--"));
        smtp_sink_free(sink);
        fixture_free(f);
}

static void pharos_encodes_only_the_name(void **state)
{
        (void)state;
        Fixture *f = fixture_new();
        SmtpSink *sink = smtp_sink_new();
        f->bind.compat = ALERT_COMPAT_PHAROS;
        fixture_receivers(f, mails(f, sink, "").p);
        assert_true(fixture_send(f, "ops", "f", 10000).ok);
        assert_true(in(sent(f, sink), "From: =?utf-8?q?Caf=C3=A9?= <x@example.com>\r\n"));
        smtp_sink_free(sink);
        fixture_free(f);
}

static void a_refused_mail_is_not_tried_again(void **state)
{
        (void)state;
        Fixture *f = fixture_new();
        SmtpSink *sink = smtp_sink_new();
        fixture_receivers(f, mails(f, sink, "").p);
        sink->on_rcpt = "550 nobody here";
        DeliveryResult r = fixture_send(f, "ops", "f", 10000);
        assert_false(r.ok);
        assert_false(r.retry);
        assert_int_equal(r.attempts, 1);
        assert_contains(r.err.msg, "550 nobody here");
        sink->on_rcpt = "450 later";
        r = fixture_send(f, "ops", "f", 150);
        assert_false(r.ok);
        assert_true(r.retry);
        smtp_sink_free(sink);
        fixture_free(f);
}

static void a_stop_ends_a_mail_under_way(void **state)
{
        (void)state;
        Fixture *f = fixture_new();
        SmtpSink *sink = smtp_sink_new();
        sink->silent = true;
        fixture_receivers(f, mails(f, sink, "").p);
        fixture_send_start(f, "ops", "f", 60000);
        notify_free(f->notify);
        f->notify = NULL;
        assert_int_equal(f->done, 1);
        assert_false(f->result.ok);
        assert_true(f->result.retry);
        smtp_sink_free(sink);
        fixture_free(f);
}

int main(void)
{
        const struct CMUnitTest tests[] = { cmocka_unit_test(a_mail_is_delivered),
                                            cmocka_unit_test(pharos_encodes_only_the_name),
                                            cmocka_unit_test(a_refused_mail_is_not_tried_again),
                                            cmocka_unit_test(a_stop_ends_a_mail_under_way) };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
