/* From receivers in YAML to bound integrations, and a trial of their texts.
 *
 * Invariants:
 * 1. A text that would fail when somebody is to be paged is reported at load, with its place.
 * 2. Every bound integration has HTTP options: its own, the global ones, or the defaults. */
#include "notify/notify_receivers.h"

#include <stddef.h>

#include "base/vec.h"
#include "config/expand.h"
#include "notify/notify_templates.h"

const NotifyKind *const notify_kinds[] = {
        &notify_webhook_kind,    &notify_email_kind,      &notify_slack_kind,      &notify_pagerduty_kind,
        &notify_opsgenie_kind,   &notify_victorops_kind,  &notify_pushover_kind,   &notify_telegram_kind,
        &notify_discord_kind,    &notify_msteams_kind,    &notify_msteams_v2_kind, &notify_webex_kind,
        &notify_sns_kind,        &notify_wechat_kind,     &notify_jira_kind,       &notify_rocketchat_kind,
        &notify_mattermost_kind, &notify_incidentio_kind, &notify_log_kind,
};
const size_t notify_kinds_n = ARRAY_LEN(notify_kinds);

typedef VEC(Integration) IntegrationVec;

typedef struct Binder {
        const OptionCtx *ctx;
        const NotifyBindOptions *options;
        NotifyGlobal global;
        HttpOptions *http; /* for integrations that have none */
} Binder;

static const NotifyKind *find_kind(Str name)
{
        for (size_t i = 0; i < notify_kinds_n; i++)
                if (str_eq(name, str_of(notify_kinds[i]->base.name)))
                        return notify_kinds[i];
        return NULL;
}

/* ---- ${NAME} in secrets */

typedef struct Missing {
        const OptionCtx *ctx;
        const YamlNode *node;
} Missing;

static void missing_variable(void *arg, Str name)
{
        const Missing *m = arg;
        diags_warn(m->ctx->diags, m->ctx->file, m->node->pos,
                   "the environment has no variable '" STR_FMT "': the secret that names it is empty there",
                   STR_ARG(str_sub(name, 0, 80)));
}

/* Only the form with braces: a lone $ is often part of a password. */
static bool names_variable(Str s)
{
        size_t at = str_find(s, STR("${"));
        return at != SIZE_MAX && str_find_char(str_sub(s, at, s.n), '}') != SIZE_MAX && str_find(s, STR("$")) == at;
}

static void expand_secrets(const OptionTable *table, void *self, const Missing *where);

static void expand_field(const Option *o, void *field, const Missing *where)
{
        if (o->kind == OPT_SECRET) {
                Secret *secret = field;
                if (names_variable(secret->text))
                        secret->text = expand_str(where->ctx->arena, secret->text, expand_environment(),
                                                  missing_variable, (void *)where);
        } else if (o->kind == OPT_STRUCT) {
                expand_secrets(o->table, field, where);
        } else if (o->kind == OPT_STRUCT_PTR && *(void **)field) {
                expand_secrets(o->table, *(void **)field, where);
        }
}

static void expand_secrets(const OptionTable *table, void *self, const Missing *where)
{
        for (const Option *o = table->options; o->key; o++)
                expand_field(o, (char *)self + o->offset, where);
}

/* ---- binding */

static bool bind_integration(const Binder *b, const NotifyKind *kind, const YamlNode *node, Str receiver,
                             Integration *ret)
{
        const OptionCtx *ctx = b->ctx;
        size_t before = ctx->diags->errors;
        NotifyBase *options = arena_alloc(ctx->arena, kind->base.table->size, _Alignof(max_align_t));
        NotifyBinding binding = { &b->global, node, ctx, receiver, b->options->compat, b->options->strict };
        Missing where = { ctx, node };
        if (!option_bind(node, kind->base.table, options, ctx))
                return false;
        expand_secrets(kind->base.table, options, &where);
        if (kind->check && !kind->check(options, &binding))
                return false;
        if (!options->http)
                options->http = b->http;
        ret->kind = kind;
        ret->options = options;
        ret->node = node;
        return ctx->diags->errors == before;
}

static bool bind_kind(const Binder *b, const YamlPair *pair, const NotifyKind *kind, Str receiver, IntegrationVec *out)
{
        const OptionCtx *ctx = b->ctx;
        bool ok = true;
        if (pair->value->kind == YAML_NULL)
                return true;
        if (pair->value->kind != YAML_SEQ)
                return diags_error(ctx->diags, ctx->file, pair->value->pos, "'" STR_FMT "' must be a list",
                                   STR_ARG(pair->key));
        for (size_t i = 0; i < pair->value->n; i++) {
                Integration one = { .name = str_printf(ctx->arena, "%s[%zu]", kind->base.name, i) };
                if (bind_integration(b, kind, pair->value->items[i], receiver, &one))
                        vec_push(out, one);
                else
                        ok = false;
        }
        return ok;
}

static bool bind_receiver(const Binder *b, Str name, const YamlNode *node, ReceiverBound *ret)
{
        const OptionCtx *ctx = b->ctx;
        IntegrationVec all = { .arena = ctx->arena };
        bool ok = true;
        for (size_t i = 0; node && i < node->n; i++) {
                const YamlPair *pair = &node->pairs[i];
                if (str_eq(pair->key, STR("name")) || str_eq(pair->key, STR("labels")))
                        continue;
                const NotifyKind *kind = str_ends(pair->key, STR("_configs"))
                                                 ? find_kind(str_sub(pair->key, 0, pair->key.n - 8))
                                                 : NULL;
                if (kind)
                        ok &= bind_kind(b, pair, kind, name, &all);
                else
                        ok = diags_error(ctx->diags, ctx->file, pair->key_pos,
                                         "unknown key '" STR_FMT "' in receiver '" STR_FMT "'", STR_ARG(pair->key),
                                         STR_ARG(name));
        }
        *ret = (ReceiverBound){ .name = name, .integrations = all.data, .n = all.len };
        return ok;
}

/* ---- messages */

const ReceiverBound *notify_receivers_find(const NotifyReceivers *receivers, Str name)
{
        for (size_t i = 0; receivers && i < receivers->n; i++)
                if (str_eq(receivers->data[i].name, name))
                        return &receivers->data[i];
        return NULL;
}

size_t notify_receivers_count(const NotifyReceivers *receivers, Str receiver)
{
        const ReceiverBound *r = notify_receivers_find(receivers, receiver);
        return r ? r->n : 0;
}

bool notify_receivers_send_resolved(const NotifyReceivers *receivers, Str receiver, size_t integration)
{
        const ReceiverBound *r = notify_receivers_find(receivers, receiver);
        return r && integration < r->n && r->integrations[integration].options->send_resolved;
}

Notification notify_receivers_tailor(const Notification *from, const Integration *to, Arena *arena)
{
        Notification n = *from;
        AlertMsg *kept = arena_array(arena, AlertMsg, from->n_alerts);
        n.n_alerts = 0;
        n.resolved = true;
        for (size_t i = 0; i < from->n_alerts; i++) {
                if (!to->options->send_resolved && from->alerts[i].ends_at_ms != 0)
                        continue;
                n.resolved &= from->alerts[i].ends_at_ms != 0;
                kept[n.n_alerts++] = from->alerts[i];
        }
        n.alerts = kept;
        if (n.n_alerts != from->n_alerts) { /* what is said of all is said of what is left */
                n.common_labels = alert_msg_common(kept, n.n_alerts, false, arena);
                n.common_annotations = alert_msg_common(kept, n.n_alerts, true, arena);
        }
        return n;
}

void notify_receivers_msg(const NotifyReceivers *receivers, const Integration *to, const Notification *n, Arena *arena,
                          NotifyMsg *ret)
{
        *ret = (NotifyMsg){ .arena = arena,
                            .kind = to->kind,
                            .options = to->options,
                            .n = n,
                            .text = receivers->text,
                            .html = receivers->html,
                            .compat = receivers->compat,
                            .now_ms = n->now_ms };
        notify_msg_init(ret);
}

/* ---- the trial */

/* The place of a text of the configuration: its strings are those of the tree. */
static const YamlNode *find_text(const YamlNode *node, Str text)
{
        const YamlNode *found = NULL;
        if (node->kind == YAML_SCALAR)
                return node->text.p == text.p && node->text.n == text.n ? node : NULL;
        for (size_t i = 0; !found && node->kind == YAML_SEQ && i < node->n; i++)
                found = find_text(node->items[i], text);
        for (size_t i = 0; !found && node->kind == YAML_MAP && i < node->n; i++)
                found = find_text(node->pairs[i].value, text);
        return found;
}

/* "can't evaluate field Annotations in type *template.Data": what to write in its place. */
static const char *advice(const char *message)
{
        static const char *const fields[][2] = {
                { "field Annotations", ": at this level it is .CommonAnnotations, or a range over .Alerts" },
                { "field Labels", ": at this level it is .CommonLabels or .GroupLabels, or a range over .Alerts" },
                { "field StartsAt", ": it belongs to an alert: use a range over .Alerts" },
                { "field EndsAt", ": it belongs to an alert: use a range over .Alerts" },
                { "field GeneratorURL", ": it belongs to an alert: use a range over .Alerts" },
        };
        for (size_t i = 0; i < ARRAY_LEN(fields); i++)
                if (strstr(message, fields[i][0]) && strstr(message, "template.Data"))
                        return fields[i][1];
        return "";
}

/* A function could not do its work on the sample's values: on those of a real alert it may. */
static bool may_be_the_sample(const char *message)
{
        static const char *const words[] = { "index out of range", "strconv.Parse", "unknown time zone" };
        for (size_t i = 0; strstr(message, "error calling ") && i < ARRAY_LEN(words); i++)
                if (strstr(message, words[i]))
                        return true;
        return false;
}

static bool try_integration(const Binder *b, const NotifyReceivers *all, const ReceiverBound *r, const Integration *to,
                            bool resolved)
{
        AUTO(arena_free) Arena *arena = arena_new();
        Notification sample;
        NotifyMsg m;
        Err err;
        notify_sample(arena, r->name, resolved, &sample);
        Notification mine = notify_receivers_tailor(&sample, to, arena);
        if (!to->kind->make || !mine.n_alerts)
                return true;
        notify_receivers_msg(all, to, &mine, arena, &m);
        m.trial = true;
        if (to->kind->make(&m, &err) || !m.failed)
                return true; /* what fails for want of a real alert says nothing */
        const YamlNode *at = find_text(to->node, m.failed_text);
        bool doubtful = may_be_the_sample(err.msg);
        Str what = str_printf(arena, "receiver '" STR_FMT "', " STR_FMT ": %s: %s%s", STR_ARG(r->name),
                              STR_ARG(to->name),
                              doubtful ? "a sample alert could not be told, another may be: guard this with {{ if }}"
                                       : "no message could be sent",
                              err.msg, advice(err.msg));
        YamlPos pos = at ? at->pos : to->node->pos;
        /* The other levels load it and fail when somebody is to be paged. */
        if (all->compat == ALERT_COMPAT_PHAROS && !doubtful)
                return diags_error(b->ctx->diags, b->ctx->file, pos, STR_FMT, STR_ARG(what));
        diags_warn(b->ctx->diags, b->ctx->file, pos, STR_FMT, STR_ARG(what));
        return false;
}

static void try_all(const Binder *b, const NotifyReceivers *all)
{
        for (size_t i = 0; i < all->n; i++)
                for (size_t k = 0; k < all->data[i].n; k++)
                        IGNORE(try_integration(b, all, &all->data[i], &all->data[i].integrations[k], false) &&
                               try_integration(b, all, &all->data[i], &all->data[i].integrations[k], true));
}

/* ---- entry */

bool notify_receivers_bind_with(const Str *names, const YamlNode *const *nodes, size_t n,
                                const NotifyBindOptions *options, const OptionCtx *ctx, NotifyReceivers **ret)
{
        NotifyReceivers *all = arena_new_of(ctx->arena, NotifyReceivers);
        Binder b = { .ctx = ctx, .options = options };
        Missing where = { ctx, options->global };
        bool ok = option_bind(options->global, &notify_global_table, &b.global, ctx);
        if (ok && options->global)
                expand_secrets(&notify_global_table, &b.global, &where);
        b.http = b.global.http;
        if (!b.http) {
                b.http = arena_new_of(ctx->arena, HttpOptions);
                option_defaults(&http_options_table, b.http, ctx->arena);
        }
        all->data = arena_array(ctx->arena, ReceiverBound, n);
        all->n = n;
        all->compat = options->compat;
        for (size_t i = 0; ok && i < n; i++)
                ok &= bind_receiver(&b, names[i], nodes[i], &all->data[i]);
        ok = notify_templates_load(&options->templates, options->compat, ctx, &all->text, &all->html) && ok;
        if (!ok)
                return false;
        size_t errors = ctx->diags->errors;
        if (!options->no_trial)
                try_all(&b, all);
        if (ctx->diags->errors != errors)
                return false;
        *ret = all;
        return true;
}

bool notify_receivers_bind(const Str *names, const YamlNode *const *nodes, size_t n, const YamlNode *global,
                           const OptionCtx *ctx, NotifyReceivers **ret)
{
        NotifyBindOptions options = { .global = global };
        return notify_receivers_bind_with(names, nodes, n, &options, ctx, ret);
}

void notify_document(Buf *out)
{
        option_document(out, &notify_global_table);
        for (size_t i = 0; i < notify_kinds_n; i++)
                option_document(out, notify_kinds[i]->base.table);
}
