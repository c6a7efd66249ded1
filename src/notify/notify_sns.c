/* sns: Publish, as a form signed with AWS Signature Version 4.
 *
 * The keys come from sigv4 or, as AWS' own programs have it, from AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and
 * AWS_SESSION_TOKEN. Roles and profiles need requests of their own and are refused at load. */
#include <stddef.h>
#include <stdlib.h>
#include <time.h>

#include "base/utf8.h"
#include "model/digest.h"
#include "net/url.h"
#include "notify/notify_kind.h"

enum { MAX_SUBJECT_RUNES = 100, MAX_SMS_RUNES = 1600, MAX_MESSAGE_BYTES = 256 << 10 };

typedef struct Sigv4 {
        Str region, access_key, profile, role_arn, external_id;
        Secret secret_key;
        bool use_fips_sts_endpoint;
} Sigv4;
typedef struct SnsOptions {
        NotifyBase base;
        Str api_url, topic_arn, phone_number, target_arn, subject, message;
        Sigv4 sigv4;
        Labels attributes;
} SnsOptions;

static bool check(void *options, const NotifyBinding *b)
{
        SnsOptions *o = options;
        int targets = (o->topic_arn.n > 0) + (o->phone_number.n > 0) + (o->target_arn.n > 0);
        if (targets % 2 == 0) /* upstream takes all three */
                return notify_global_error(
                        b, "must provide either a Target ARN, Topic ARN, or Phone Number for SNS config");
        if ((o->sigv4.access_key.n > 0) != (o->sigv4.secret_key.text.n > 0))
                return notify_global_error(b, "must provide a AWS SigV4 Access key and Secret Key if credentials are "
                                              "specified in the SigV4 config");
        if (o->sigv4.profile.n || o->sigv4.role_arn.n)
                notify_global_warn(
                        b, "sigv4.profile and sigv4.role_arn are not supported: give access_key and secret_key, "
                           "or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY in the environment");
        return true;
}

/* ---- the form, in the order of the names */

static void add(Buf *form, const char *key, Str value)
{
        buf_printf(form, "%s%s=", form->n ? "&" : "", key);
        url_encode_query(form, value);
}

static void add_attribute(NotifyMsg *m, Buf *form, size_t i, Str name, Str value)
{
        add(form, str_printf(m->arena, "MessageAttributes.entry.%zu.Name", i).p, name);
        add(form, str_printf(m->arena, "MessageAttributes.entry.%zu.Value.DataType", i).p, STR("String"));
        add(form, str_printf(m->arena, "MessageAttributes.entry.%zu.Value.StringValue", i).p, value);
}

/* Upstream counts bytes, also for an SMS, and cuts through characters. */
static Str cut_message(const NotifyMsg *m, const SnsOptions *o, Str message, bool *ret_cut)
{
        *ret_cut = false;
        if (m->compat != ALERT_COMPAT_PHAROS) {
                size_t max = o->phone_number.n ? MAX_SMS_RUNES : MAX_MESSAGE_BYTES;
                *ret_cut = message.n > max;
                return str_sub(message, 0, max);
        }
        if (o->phone_number.n) {
                size_t at = 0;
                for (size_t n = 0; at < message.n && n < MAX_SMS_RUNES; n++) {
                        uint32_t rune;
                        size_t len = utf8_decode(str_sub(message, at, message.n), &rune);
                        at += len ? len : 1;
                }
                *ret_cut = at < message.n;
                return str_sub(message, 0, at);
        }
        size_t keep = MIN_OF(message.n, (size_t)MAX_MESSAGE_BYTES);
        while (keep < message.n && keep > 0 && ((unsigned char)message.p[keep] & 0xc0) == 0x80)
                keep--;
        *ret_cut = keep < message.n;
        return str_sub(message, 0, keep);
}

static Str form_of(NotifyMsg *m, const SnsOptions *o)
{
        Buf form = { .arena = m->arena };
        bool cut;
        size_t n = 0;
        Str topic = notify_msg_text(m, o->topic_arn);
        Str message = cut_message(m, o, notify_msg_text(m, o->message), &cut);
        Str subject = notify_msg_text(m, o->subject);
        if (m->compat == ALERT_COMPAT_PHAROS)
                subject = notify_msg_cut(m, subject, MAX_SUBJECT_RUNES);
        add(&form, "Action", STR("Publish"));
        add(&form, "Message", message);
        LabelsBuilder lb; /* sorted by name, as upstream's SDK of old does */
        labels_builder_init(&lb, m->arena, (Labels){ 0 });
        for (size_t i = 0; i < o->attributes.n; i++)
                labels_builder_put(&lb, notify_msg_text(m, o->attributes.data[i].name),
                                   notify_msg_text(m, o->attributes.data[i].value));
        if (cut)
                labels_builder_put(&lb, STR("truncated"), STR("true"));
        Labels attributes = labels_builder_build(&lb, m->arena);
        for (size_t i = 0; i < attributes.n; i++)
                add_attribute(m, &form, ++n, attributes.data[i].name, attributes.data[i].value);
        if (!n && m->compat == ALERT_COMPAT_AM_0_25)
                add(&form, "MessageAttributes", (Str){ 0 });
        if (str_ends(topic, STR(".fifo"))) {
                add(&form, "MessageDeduplicationId", str_of(m->dedup_key));
                add(&form, "MessageGroupId", str_of(m->dedup_key));
        }
        if (o->phone_number.n)
                add(&form, "PhoneNumber", notify_msg_text(m, o->phone_number));
        if (subject.n || (o->subject.n && m->compat != ALERT_COMPAT_PHAROS))
                add(&form, "Subject", subject);
        if (o->target_arn.n)
                add(&form, "TargetArn", notify_msg_text(m, o->target_arn));
        if (topic.n)
                add(&form, "TopicArn", topic);
        add(&form, "Version", STR("2010-03-31"));
        return buf_str(&form);
}

/* ---- the signature */

static Str hex_of(NotifyMsg *m, const uint8_t digest[DIGEST_SHA256_BYTES])
{
        Buf out = { .arena = m->arena };
        digest_hex(&out, digest, DIGEST_SHA256_BYTES);
        return buf_str(&out);
}

static Str sha256_hex(NotifyMsg *m, Str s)
{
        uint8_t digest[DIGEST_SHA256_BYTES];
        digest_sha256(s, digest);
        return hex_of(m, digest);
}

static Str signature(NotifyMsg *m, Str secret, Str date, Str region, Str to_sign)
{
        uint8_t key[DIGEST_SHA256_BYTES];
        const Str steps[] = { date, region, STR("sns"), STR("aws4_request"), to_sign };
        Str first = str_printf(m->arena, "AWS4" STR_FMT, STR_ARG(secret));
        for (size_t i = 0; i < ARRAY_LEN(steps); i++)
                digest_hmac_sha256(i ? str_n((const char *)key, sizeof key) : first, steps[i], key);
        return hex_of(m, key);
}

/* Upstream's SDK of today says no charset. */
static Str content_type(const NotifyMsg *m)
{
        return m->compat == ALERT_COMPAT_AM_0_25 ? STR("application/x-www-form-urlencoded; charset=utf-8")
                                                 : STR("application/x-www-form-urlencoded");
}

static bool sign(NotifyMsg *m, const SnsOptions *o, Str region, Str url_text, Str body, Err *err)
{
        Url url;
        struct tm tm;
        char stamp[17];
        time_t now = (time_t)(m->now_ms / 1000);
        Str access = o->sigv4.access_key.n ? o->sigv4.access_key : str_of(getenv("AWS_ACCESS_KEY_ID"));
        Str secret = o->sigv4.secret_key.text.n ? o->sigv4.secret_key.text : str_of(getenv("AWS_SECRET_ACCESS_KEY"));
        Str session = o->sigv4.access_key.n ? (Str){ 0 } : str_of(getenv("AWS_SESSION_TOKEN"));
        if (m->trial)
                return true;
        if (!access.n || !secret.n)
                return err_set(err, ERR_INVALID,
                               "no AWS credentials: give sigv4.access_key and secret_key, or AWS_ACCESS_KEY_ID and "
                               "AWS_SECRET_ACCESS_KEY in the environment");
        if (!url_parse(url_text, &url, err))
                return false;
        gmtime_r(&now, &tm);
        strftime(stamp, sizeof stamp, "%Y%m%dT%H%M%SZ", &tm);
        Str date = str_n(stamp, 8);
        Str host = url.port.n ? str_printf(m->arena, STR_FMT ":" STR_FMT, STR_ARG(url.host), STR_ARG(url.port))
                              : url.host;
        const char *extra = session.n ? ";x-amz-security-token" : "";
        Str canonical = str_printf(
                m->arena,
                "POST\n" STR_FMT "\n" STR_FMT "\ncontent-length:%zu\ncontent-type:" STR_FMT "\nhost:" STR_FMT
                "\nx-amz-date:%s\n%s" STR_FMT "%s\ncontent-length;content-type;host;x-amz-date%s\n" STR_FMT,
                STR_ARG(url.path.n ? url.path : STR("/")), STR_ARG(url.query), body.n, STR_ARG(content_type(m)),
                STR_ARG(host), stamp, session.n ? "x-amz-security-token:" : "", STR_ARG(session), session.n ? "\n" : "",
                extra, STR_ARG(sha256_hex(m, body)));
        Str scope = str_printf(m->arena, STR_FMT "/" STR_FMT "/sns/aws4_request", STR_ARG(date), STR_ARG(region));
        Str to_sign = str_printf(m->arena, "AWS4-HMAC-SHA256\n%s\n" STR_FMT "\n" STR_FMT, stamp, STR_ARG(scope),
                                 STR_ARG(sha256_hex(m, canonical)));
        notify_msg_header(
                m, STR("Authorization"),
                str_printf(m->arena,
                           "AWS4-HMAC-SHA256 Credential=" STR_FMT "/" STR_FMT
                           ", SignedHeaders=content-length;content-type;host;x-amz-date%s, Signature=" STR_FMT,
                           STR_ARG(access), STR_ARG(scope), extra,
                           STR_ARG(signature(m, secret, date, region, to_sign))));
        notify_msg_header(m, STR("X-Amz-Date"), str_dup(m->arena, str_of(stamp)));
        if (session.n)
                notify_msg_header(m, STR("X-Amz-Security-Token"), str_dup(m->arena, session));
        return true;
}

static bool make(NotifyMsg *m, Err *err)
{
        const SnsOptions *o = m->options;
        Str region = o->sigv4.region.n ? o->sigv4.region : str_of(getenv("AWS_REGION"));
        Str url = notify_msg_text(m, o->api_url);
        if (!region.n)
                region = STR("us-east-1");
        if (!url.n)
                url = str_printf(m->arena, "https://sns." STR_FMT ".amazonaws.com/", STR_ARG(region));
        else if (m->compat == ALERT_COMPAT_AM_0_25 && !str_ends(url, STR("/")))
                url = str_printf(m->arena, STR_FMT "/", STR_ARG(url));
        Str body = form_of(m, o);
        if (!notify_msg_texts_ok(m, err))
                return false;
        notify_msg_request(m, "POST", url, content_type(m), body);
        return sign(m, o, region, url, body, err);
}

static const Option sigv4_options[] = {
        { "region", OPT_STR, offsetof(Sigv4, region), .help = "Region; default: AWS_REGION." },
        { "access_key", OPT_STR, offsetof(Sigv4, access_key), .help = "Access key; default: AWS_ACCESS_KEY_ID." },
        { "secret_key", OPT_SECRET, offsetof(Sigv4, secret_key),
          .help = "Secret key; default: AWS_SECRET_ACCESS_KEY." },
        { "profile", OPT_STR, offsetof(Sigv4, profile), .help = "Not supported." },
        { "role_arn", OPT_STR, offsetof(Sigv4, role_arn), .help = "Not supported." },
        { "external_id", OPT_STR, offsetof(Sigv4, external_id), .help = "Not supported." },
        { "use_fips_sts_endpoint", OPT_BOOL, offsetof(Sigv4, use_fips_sts_endpoint), .help = "Not supported." },
        OPTION_END,
};
static const OptionTable sigv4_table = { "sigv4", sigv4_options, sizeof(Sigv4), NULL };

#define AT(field) offsetof(SnsOptions, field)
static const Option options[] = {
        NOTIFY_BASE_ROWS("true"),
        { "api_url", OPT_STR, AT(api_url), .help = "The endpoint; default: that of the region." },
        { "sigv4", OPT_STRUCT, AT(sigv4), .table = &sigv4_table, .help = "Keys and region." },
        { "topic_arn", OPT_STR, AT(topic_arn), .help = "Topic; or" },
        { "phone_number", OPT_STR, AT(phone_number), .help = "phone number; or" },
        { "target_arn", OPT_STR, AT(target_arn), .help = "target." },
        { "subject", OPT_STR, AT(subject), .def = "{{ template \"sns.default.subject\" . }}",
          .help = "Subject; a template, as all texts here." },
        { "message", OPT_STR, AT(message), .def = "{{ template \"sns.default.message\" . }}", .help = "Text." },
        { "attributes", OPT_TEXTS, AT(attributes), .help = "Attributes of the message." },
        OPTION_END,
};
static const OptionTable table = { "sns_config", options, sizeof(SnsOptions), NULL };
const NotifyKind notify_sns_kind = {
        .base = { COMPONENT_NOTIFIER, "sns", "Publishes with Amazon SNS.", &table, NULL, NULL },
        .check = check,
        .make = make,
};
