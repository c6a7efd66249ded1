/* email: a message with a text and an HTML part to a mail server. */
#include <stddef.h>
#include <time.h>

#include "base/rand.h"
#include "component/http_auth.h"
#include "notify/notify_kind.h"
#include "notify/notify_mime.h"
#include "os/proc.h"

enum { THREAD_NONE, THREAD_DAILY, BOUNDARY_BYTES = 30, MAX_HEADER_NAME_BYTES = 200 };

typedef struct EmailThreading {
        bool enabled;
        int by_date;
} EmailThreading;
typedef struct EmailOptions {
        NotifyBase base;
        Str to, from, hello, smarthost, auth_username, auth_password_file, auth_secret_file, auth_identity, html, text;
        Secret auth_password, auth_secret;
        Labels headers;
        Str program; /* see SmtpMail */
        bool require_tls, has_require_tls, force_implicit_tls, has_force_implicit_tls;
        HttpTlsOptions *tls;
        EmailThreading threading;
        Str host, port; /* the smarthost's parts */
} EmailOptions;

/* ---- configuration */

static bool split_smarthost(EmailOptions *o, const NotifyBinding *b)
{
        Err err;
        return notify_global_host_port(o->smarthost, &o->host, &o->port, &err) || notify_global_error(b, "%s", err.msg);
}

/* Upstream refuses a mail without a server; here the local one gets it. */
static bool find_server(EmailOptions *o, const NotifyBinding *b)
{
        const NotifyGlobal *g = b->global;
        if (!o->smarthost.n)
                o->smarthost = g->smtp_smarthost;
        if (!o->from.n)
                o->from = g->smtp_from;
        if (!o->smarthost.n) {
                if (b->strict)
                        return notify_global_error(b, "no global SMTP smarthost set");
                notify_global_warn(b,
                                   "no smarthost and no global smtp_smarthost: mails go to the mail server on this "
                                   "machine, localhost:25, without TLS, or to " STR_FMT
                                   " where none answers. Set smtp_smarthost: 'mail.example.com:587'",
                                   STR_ARG(g->smtp_sendmail));
                o->smarthost = STR("localhost:25");
                o->program = g->smtp_sendmail;
                o->require_tls = false;
                o->has_require_tls = true;
        }
        if (!o->from.n) {
                if (b->strict)
                        return notify_global_error(b, "no global SMTP from set");
                o->from = str_printf(b->ctx->arena, "alertmanager@" STR_FMT, STR_ARG(proc_hostname(b->ctx->arena)));
                notify_global_warn(b, "no from and no global smtp_from: mails come from " STR_FMT, STR_ARG(o->from));
        }
        return split_smarthost(o, b);
}

static bool canonical_headers(EmailOptions *o, const NotifyBinding *b)
{
        LabelsBuilder all;
        labels_builder_init(&all, b->ctx->arena, (Labels){ 0 });
        for (size_t i = 0; i < o->headers.n; i++) {
                Str name = notify_mime_canonical(b->ctx->arena, o->headers.data[i].name);
                bool bad = name.n > MAX_HEADER_NAME_BYTES;
                for (size_t k = 0; k < name.n; k++)
                        bad |= name.p[k] <= ' ' || name.p[k] > '~' || name.p[k] == ':';
                if (bad)
                        return notify_global_error(b, "'" STR_FMT "' is not a header's name",
                                                   STR_ARG(str_sub(name, 0, 80)));
                if (labels_has(labels_builder_build(&all, b->ctx->arena), name))
                        return notify_global_error(b, "duplicate header \"" STR_FMT "\" in email config",
                                                   STR_ARG(name));
                labels_builder_put(&all, name, o->headers.data[i].value);
        }
        Labels given = labels_builder_build(&all, b->ctx->arena);
        if (!labels_has(given, STR("Subject")))
                labels_builder_set(&all, STR("Subject"), STR("{{ template \"email.default.subject\" . }}"));
        if (!labels_has(given, STR("To")))
                labels_builder_set(&all, STR("To"), o->to);
        if (!labels_has(given, STR("From")))
                labels_builder_set(&all, STR("From"), o->from);
        o->headers = labels_builder_build(&all, b->ctx->arena);
        return true;
}

/* Here both may be given, at upstream too. */
static void file_wins(const NotifyBinding *b, const char *key, Secret *value, Str file)
{
        if (!value->text.n || !file.n)
                return;
        notify_global_warn(b, "%s and %s_file are both given: the file is used", key, key);
        *value = (Secret){ 0 };
}

static bool check(void *options, const NotifyBinding *b)
{
        EmailOptions *o = options;
        const NotifyGlobal *g = b->global;
        if (!o->to.n)
                return notify_global_error(b, "missing to address in email config");
        if (!find_server(o, b) || !canonical_headers(o, b))
                return false;
        if (!o->hello.n)
                o->hello = g->smtp_hello;
        if (!o->auth_username.n)
                o->auth_username = g->smtp_auth_username;
        file_wins(b, "auth_password", &o->auth_password, o->auth_password_file);
        file_wins(b, "auth_secret", &o->auth_secret, o->auth_secret_file);
        if (!notify_global_secret(b, "auth_password", &o->auth_password, &o->auth_password_file, g->smtp_auth_password,
                                  g->smtp_auth_password_file, NULL) ||
            !notify_global_secret(b, "auth_secret", &o->auth_secret, &o->auth_secret_file, g->smtp_auth_secret,
                                  g->smtp_auth_secret_file, NULL))
                return false;
        if (!o->auth_identity.n)
                o->auth_identity = g->smtp_auth_identity;
        if (!o->has_require_tls)
                o->require_tls = g->smtp_require_tls;
        if (!o->has_force_implicit_tls) {
                o->has_force_implicit_tls = g->has_smtp_force_implicit_tls;
                o->force_implicit_tls = g->smtp_force_implicit_tls;
        }
        if (!o->has_force_implicit_tls)
                o->force_implicit_tls = str_eq(o->port, STR("465"));
        if (!o->tls)
                o->tls = g->smtp_tls;
        return true;
}

/* ---- the message */

static void put_date(Buf *out, int64_t now_ms)
{
        struct tm tm;
        char text[64];
        time_t now = (time_t)(now_ms / 1000);
        gmtime_r(&now, &tm);
        strftime(text, sizeof text, "%a, %d %b %Y %H:%M:%S +0000", &tm);
        buf_cstr_add(out, text);
}

static void put_threading(NotifyMsg *m, const EmailOptions *o, Buf *out)
{
        struct tm tm;
        char date[16] = "";
        time_t now = (time_t)(m->now_ms / 1000);
        if (!o->threading.enabled)
                return;
        gmtime_r(&now, &tm);
        if (o->threading.by_date == THREAD_DAILY)
                strftime(date, sizeof date, "%Y-%m-%d", &tm);
        for (int i = 0; i < 2; i++)
                buf_printf(out, "%s: <alert-%.16s-%s@alertmanager>\r\n", i ? "In-Reply-To" : "References", m->dedup_key,
                           date);
}

static void put_part(Buf *out, Str boundary, const char *type, Str text)
{
        buf_printf(out,
                   "--" STR_FMT "\r\nContent-Transfer-Encoding: quoted-printable\r\nContent-Type: %s; "
                   "charset=UTF-8\r\n\r\n",
                   STR_ARG(boundary), type);
        notify_mime_quoted_printable(out, text);
        buf_lit(out, "\r\n");
}

static void put_headers(NotifyMsg *m, const EmailOptions *o, Str boundary, uint64_t random, Buf *out)
{
        for (size_t i = 0; i < o->headers.n; i++) {
                Str name = o->headers.data[i].name;
                Str value = notify_msg_text(m, o->headers.data[i].value);
                buf_printf(out, STR_FMT ": ", STR_ARG(name));
                if (str_eq(name, STR("From")) && m->compat == ALERT_COMPAT_PHAROS)
                        notify_mime_address(out, value);
                else
                        notify_mime_header(out, value);
                buf_lit(out, "\r\n");
        }
        if (!labels_has(o->headers, STR("Message-Id")))
                buf_printf(out, "Message-Id: <%lld.%llu@" STR_FMT ">\r\n", (long long)m->now_ms * 1000000,
                           (unsigned long long)random, STR_ARG(proc_hostname(m->arena)));
        put_threading(m, o, out);
        buf_lit(out, "Date: ");
        put_date(out, m->now_ms);
        buf_printf(out, "\r\nContent-Type: multipart/alternative;  boundary=" STR_FMT "\r\nMIME-Version: 1.0\r\n\r\n",
                   STR_ARG(boundary));
}

static Str message_of(NotifyMsg *m, const EmailOptions *o)
{
        uint8_t random[BOUNDARY_BYTES];
        uint64_t id;
        Buf boundary = { .arena = m->arena };
        Buf out = { .arena = m->arena };
        rand_os_bytes(random, sizeof random);
        rand_os_bytes(&id, sizeof id);
        for (size_t i = 0; i < sizeof random; i++)
                buf_printf(&boundary, "%02x", random[i]);
        put_headers(m, o, buf_str(&boundary), id, &out);
        if (o->text.n)
                put_part(&out, buf_str(&boundary), "text/plain", notify_msg_text(m, o->text));
        if (o->html.n) /* the best last, RFC 2046 5.1.4 */
                put_part(&out, buf_str(&boundary), "text/html", notify_msg_html(m, o->html));
        if (!o->text.n && !o->html.n)
                buf_lit(&out, "\r\n");
        buf_printf(&out, "--" STR_FMT "--\r\n", STR_ARG(buf_str(&boundary)));
        return buf_str(&out);
}

static bool make(NotifyMsg *m, Err *err)
{
        const EmailOptions *o = m->options;
        SmtpMail *mail = arena_new_of(m->arena, SmtpMail);
        HttpAuthTls *tls = arena_new_of(m->arena, HttpAuthTls);
        Str *from;
        size_t n_from;
        Str *to;
        Str sender = notify_msg_text(m, o->from);
        Str receivers = notify_msg_text(m, o->to);
        if (!notify_msg_texts_ok(m, err))
                return err_wrap(err, "failed to template 'from' or 'to'");
        if (!notify_mime_addresses(sender, m->arena, &from, &n_from, err))
                return err_wrap(err, "parsing from addresses");
        if (n_from != 1)
                return err_set(err, ERR_INVALID, "must be exactly one from address");
        if (!notify_mime_addresses(receivers, m->arena, &to, &mail->n_to, err))
                return err_wrap(err, "parsing to addresses");
        *mail = (SmtpMail){ .host = str_dup(m->arena, o->host),
                            .port = str_dup(m->arena, o->port),
                            .hello = str_dup(m->arena, o->hello),
                            .require_tls = o->require_tls,
                            .implicit_tls = o->force_implicit_tls,
                            .username = str_dup(m->arena, o->auth_username),
                            .identity = str_dup(m->arena, o->auth_identity),
                            .from = from[0],
                            .to = to,
                            .n_to = mail->n_to,
                            .tls = tls,
                            .timeout_ms = o->base.timeout_ms,
                            .program = str_of(str_dupz(m->arena, o->program)) };
        if (!notify_msg_secret(m, o->auth_password, o->auth_password_file, "auth_password", &mail->password, err) ||
            !notify_msg_secret(m, o->auth_secret, o->auth_secret_file, "auth_secret", &mail->secret, err))
                return false;
        if (o->tls)
                http_auth_tls(o->tls, m->arena, tls);
        mail->data = message_of(m, o);
        m->mail = mail;
        return notify_msg_texts_ok(m, err);
}

/* ---- tables */

static const char *const by_dates[] = { "none", "daily", NULL };
static const Option threading_options[] = {
        { "enabled", OPT_BOOL, offsetof(EmailThreading, enabled), .help = "Mails about a group stand together." },
        { "thread_by_date", OPT_ENUM, offsetof(EmailThreading, by_date), .values = by_dates, .def = "daily",
          .help = "A thread for each day, or one for ever." },
        OPTION_END,
};
static const OptionTable threading_table = { "threading", threading_options, sizeof(EmailThreading), NULL };

#define AT(field) offsetof(EmailOptions, field)
static const Option options[] = {
        { "send_resolved", OPT_BOOL, offsetof(NotifyBase, send_resolved), .def = "false",
          .help = "Also tell when alerts are over." },
        { "to", OPT_STR, AT(to), .help = "Receivers, separated by commas; a template." },
        { "from", OPT_STR, AT(from), .help = "Sender; default: smtp_from; a template." },
        { "hello", OPT_STR, AT(hello), .help = "Our name in EHLO; default: smtp_hello." },
        { "smarthost", OPT_STR, AT(smarthost), .help = "Mail server, host:port; default: smtp_smarthost." },
        { "auth_username", OPT_STR, AT(auth_username), .help = "User name; default: smtp_auth_username." },
        { "auth_password", OPT_SECRET, AT(auth_password), .help = "For PLAIN and LOGIN." },
        { "auth_password_file", OPT_STR, AT(auth_password_file), .help = "File with it." },
        { "auth_secret", OPT_SECRET, AT(auth_secret), .help = "For CRAM-MD5." },
        { "auth_secret_file", OPT_STR, AT(auth_secret_file), .help = "File with it." },
        { "auth_identity", OPT_STR, AT(auth_identity), .help = "Identity for PLAIN." },
        { "headers", OPT_TEXTS, AT(headers),
          .help = "More headers, or others in place of Subject, To, From; templates." },
        { "html", OPT_STR, AT(html), .def = "{{ template \"email.default.html\" . }}",
          .help = "HTML part; a template; empty: none." },
        { "text", OPT_STR, AT(text), .help = "Text part; a template; empty: none." },
        { "require_tls", OPT_BOOL, AT(require_tls), .set_offset = AT(has_require_tls),
          .help = "Refuse servers without STARTTLS; default: smtp_require_tls." },
        { "tls_config", OPT_STRUCT_PTR, AT(tls), .table = &http_options_tls_table,
          .help = "Certificates and checks; default: smtp_tls_config." },
        { "force_implicit_tls", OPT_BOOL, AT(force_implicit_tls), .set_offset = AT(has_force_implicit_tls),
          .help = "TLS from the first byte; default: on port 465 only." },
        { "threading", OPT_STRUCT, AT(threading), .table = &threading_table, .help = "Threads of mails." },
        OPTION_END,
};
static const OptionTable table = { "email_config", options, sizeof(EmailOptions), NULL };
const NotifyKind notify_email_kind = {
        .base = { COMPONENT_NOTIFIER, "email", "Sends mails.", &table, NULL, NULL },
        .check = check,
        .make = make,
};
