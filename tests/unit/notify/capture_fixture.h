/* Receivers from YAML, and what they would send for a group of alerts: no server, no thread. */
#pragma once
#include "testing.h"

#include "codec/yaml.h"
#include "notify/notify.h"
#include "notify/notify_receivers.h"

typedef struct Captured {
        Arena *arena;
        NotifyReceivers *receivers;
        NotifyMemory *memory;
        AlertCompat compat;
        Str requests;            /* "POST url\nHeader: value\n...\nbody\n" one after the other */
        Str mail;                /* the data of the last one */
        const char *answers[10]; /* "200 {}": one for each request; NULL: that */
        size_t n;
        Err err;
} Captured;

static inline Captured *captured_new(const char *yaml)
{
        Captured *c = calloc(1, sizeof *c);
        YamlNode **docs;
        YamlError *errors;
        size_t n, n_errors;
        Diags diags;
        c->arena = arena_new();
        c->memory = notify_memory_new();
        c->compat = ALERT_COMPAT_AM_0_34;
        diags_init(&diags, c->arena);
        OptionCtx ctx = { .arena = c->arena, .diags = &diags, .file = STR("am.yml"), .base_dir = STR("/tmp") };
        Str text = str_printf(c->arena, "[{name: 'team.a', %s}]", yaml);
        if (!yaml_parse(text, c->arena, &docs, &n, &errors, &n_errors))
                fail_msg("line %u: " STR_FMT, errors[0].pos.line, STR_ARG(errors[0].message));
        const YamlNode *node = docs[0]->items[0];
        Str name = STR("team.a");
        NotifyBindOptions options = { .compat = c->compat };
        if (!notify_receivers_bind_with(&name, &node, 1, &options, &ctx, &c->receivers))
                fail_msg(STR_FMT, STR_ARG(diags.list.data[0].message));
        if (diags.list.len)
                fail_msg(STR_FMT, STR_ARG(diags.list.data[0].message));
        return c;
}

static inline void captured_free(Captured *c)
{
        notify_memory_free(c->memory);
        arena_free(c->arena);
        free(c);
}

static inline void captured_request(void *arg, const HttpCallOptions *call, HttpAnswer *ret)
{
        Captured *c = arg;
        Buf out = { .arena = c->arena };
        buf_str_add(&out, c->requests);
        buf_printf(&out, "%s " STR_FMT "\n", call->method, STR_ARG(call->url));
        for (size_t i = 0; i < call->n_headers; i++)
                if (!str_eq(call->headers[i].name, STR("Content-Type")) &&
                    !str_eq(call->headers[i].name, STR("User-Agent")))
                        buf_printf(&out, STR_FMT ": " STR_FMT "\n", STR_ARG(call->headers[i].name),
                                   STR_ARG(call->headers[i].value));
        buf_printf(&out, STR_FMT "\n", STR_ARG(str_trim(call->body)));
        c->requests = buf_str(&out);
        const char *answer = c->answers[c->n++];
        ret->content_type = STR("application/json");
        ret->body = STR("{\"ok\":true,\"success\":true}");
        if (answer) {
                ret->status = atoi(answer);
                ret->body = str_of(answer + 4);
        }
}

static inline void captured_mail(void *arg, const SmtpMail *mail)
{
        Captured *c = arg;
        c->mail = str_dup(c->arena, mail->data);
}

/* True when it was delivered. */
static inline bool captured_send(Captured *c, bool resolved)
{
        static const Label labels[] = { { STR_INIT("alertname"), STR_INIT("Down") },
                                        { STR_INIT("severity"), STR_INIT("critical") } };
        static const Label group[] = { { STR_INIT("alertname"), STR_INIT("Down") } };
        static const Label notes[] = { { STR_INIT("summary"), STR_INIT("a < b") } };
        static AlertMsg alert;
        alert = (AlertMsg){ .labels = { labels, 2 },
                            .annotations = { notes, 1 },
                            .starts_at_ms = 1000,
                            .ends_at_ms = resolved ? 2000 : 0,
                            .generator_url = STR("http://g.example.com/") };
        Notification n = { .receiver = STR("team.a"),
                           .group_key = STR("{}:{alertname=\"Down\"}"),
                           .group_labels = { group, 1 },
                           .common_labels = { labels, 2 },
                           .common_annotations = { notes, 1 },
                           .alerts = &alert,
                           .n_alerts = 1,
                           .resolved = resolved,
                           .external_url = STR("http://am.example.com"),
                           .now_ms = 1700000000000 };
        NotifyCapture capture = { captured_request, captured_mail, c, STR("1"), c->memory };
        c->requests = (Str){ 0 };
        c->n = 0;
        c->err = (Err){ 0 };
        return notify_capture(c->receivers, &n, &capture, &c->err);
}
