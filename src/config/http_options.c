/* Invariants
 * 1. After http_options_check there is at most one way to authenticate, and authorization.type is set.
 * 2. Messages are upstream's, so that what people search for is found. */
#include "config/http_options.h"

#include "codec/urlsyntax.h"

static bool bad(const YamlNode *node, const OptionCtx *ctx, const char *message)
{
        return diags_error(ctx->diags, ctx->file, node->pos, "%s", message);
}

/* The place of a key of this section, or of the section. */
static const YamlNode *at(const YamlNode *node, const char *key)
{
        const YamlNode *value = yaml_get(node, str_of(key));
        return value ? value : node;
}

/* Keys that name a secret of a manager, as upstream has them: known, and counted, and of no use here. */
#define REF_HELP "there is no manager of secrets: name a file instead"
static bool has_ref(const YamlNode *node, const char *key)
{
        const YamlNode *value = yaml_get(node, str_of(key));
        return value && value->kind == YAML_SCALAR && value->text.n;
}

/* ---- tls_config */

static const char *const tls_versions[] = { "", "TLS10", "TLS11", "TLS12", "TLS13", NULL };

bool http_options_check_tls(HttpTlsOptions *t, const YamlNode *node, const OptionCtx *ctx)
{
        bool cert = t->cert.n || t->cert_file.n;
        bool key = t->key.text.n || t->key_file.n;
        bool ca_ref = has_ref(node, "ca_ref");
        bool cert_ref = has_ref(node, "cert_ref");
        bool key_ref = has_ref(node, "key_ref");
        cert |= cert_ref;
        key |= key_ref;
        if ((t->ca.n > 0) + (t->ca_file.n > 0) + ca_ref > 1)
                return bad(node, ctx, "at most one of ca, ca_file & ca_ref must be configured");
        if ((t->cert.n > 0) + (t->cert_file.n > 0) + cert_ref > 1)
                return bad(node, ctx, "at most one of cert, cert_file & cert_ref must be configured");
        if ((t->key.text.n > 0) + (t->key_file.n > 0) + key_ref > 1)
                return bad(node, ctx, "at most one of key and key_file must be configured");
        if (cert && !key)
                return bad(node, ctx,
                           "exactly one of key or key_file must be configured when a client certificate is configured");
        if (key && !cert)
                return bad(node, ctx,
                           "exactly one of cert or cert_file must be configured when a client key is configured");
        if (t->min_version && t->max_version && t->min_version > t->max_version)
                return bad(node, ctx,
                           "tls_config.max_version must be greater than or equal to tls_config.min_version if both are "
                           "specified");
        t->ca_file = option_path(ctx, t->ca_file);
        t->cert_file = option_path(ctx, t->cert_file);
        t->key_file = option_path(ctx, t->key_file);
        return true;
}

static void validate_tls(void *self, const YamlNode *node, const OptionCtx *ctx)
{
        http_options_check_tls(self, node, ctx);
}

static const Option tls_options[] = {
        { "ca", OPT_STR, offsetof(HttpTlsOptions, ca), .help = "Certificate authorities, as PEM text." },
        { "ca_file", OPT_STR, offsetof(HttpTlsOptions, ca_file), .help = "Certificate authorities, a PEM file." },
        { "cert", OPT_STR, offsetof(HttpTlsOptions, cert), .help = "Client certificate, as PEM text." },
        { "cert_file", OPT_STR, offsetof(HttpTlsOptions, cert_file), .help = "Client certificate, a PEM file." },
        { "key", OPT_SECRET, offsetof(HttpTlsOptions, key), .help = "Client key, as PEM text." },
        { "key_file", OPT_STR, offsetof(HttpTlsOptions, key_file), .help = "Client key, a PEM file." },
        { "ca_ref", OPT_IGNORED, .help = REF_HELP },
        { "cert_ref", OPT_IGNORED, .help = REF_HELP },
        { "key_ref", OPT_IGNORED, .help = REF_HELP },
        { "server_name", OPT_STR, offsetof(HttpTlsOptions, server_name),
          .help = "The name that the server's certificate must have." },
        { "insecure_skip_verify", OPT_BOOL, offsetof(HttpTlsOptions, insecure_skip_verify),
          .help = "Do not check the server's certificate." },
        { "min_version", OPT_ENUM, offsetof(HttpTlsOptions, min_version), .values = tls_versions,
          .help = "Oldest version that is accepted." },
        { "max_version", OPT_ENUM, offsetof(HttpTlsOptions, max_version), .values = tls_versions,
          .help = "Newest version that is accepted." },
        OPTION_END,
};
const OptionTable http_options_tls_table = {
        .name = "tls_config", .options = tls_options, .size = sizeof(HttpTlsOptions), .validate = validate_tls
};

/* ---- the ways to authenticate */

static void validate_basic(void *self, const YamlNode *node, const OptionCtx *ctx)
{
        HttpBasicAuth *b = self;
        if ((b->username.n > 0) + (b->username_file.n > 0) + has_ref(node, "username_ref") > 1)
                bad(node, ctx, "at most one of basic_auth username, username_file & username_ref must be configured");
        if ((b->password.text.n > 0) + (b->password_file.n > 0) + has_ref(node, "password_ref") > 1)
                bad(node, ctx, "at most one of basic_auth password, password_file & password_ref must be configured");
        b->username_file = option_path(ctx, b->username_file);
        b->password_file = option_path(ctx, b->password_file);
}

static const Option basic_options[] = {
        { "username", OPT_STR, offsetof(HttpBasicAuth, username), .help = "User name." },
        { "username_file", OPT_STR, offsetof(HttpBasicAuth, username_file), .help = "File with the user name." },
        { "password", OPT_SECRET, offsetof(HttpBasicAuth, password), .help = "Password." },
        { "password_file", OPT_STR, offsetof(HttpBasicAuth, password_file), .help = "File with the password." },
        { "username_ref", OPT_IGNORED, .help = REF_HELP },
        { "password_ref", OPT_IGNORED, .help = REF_HELP },
        OPTION_END,
};
const OptionTable http_options_basic_auth_table = {
        .name = "basic_auth", .options = basic_options, .size = sizeof(HttpBasicAuth), .validate = validate_basic
};

static void validate_authorization(void *self, const YamlNode *node, const OptionCtx *ctx)
{
        HttpAuthorization *a = self;
        if ((a->credentials.text.n > 0) + (a->credentials_file.n > 0) + has_ref(node, "credentials_ref") > 1)
                bad(node, ctx, "at most one of authorization credentials & credentials_file must be configured");
        a->type = str_trim(a->type);
        if (a->type.n == 0)
                a->type = STR("Bearer");
        if (str_eq_fold(a->type, STR("basic")))
                bad(at(node, "type"), ctx, "authorization type cannot be set to \"basic\", use \"basic_auth\" instead");
        a->credentials_file = option_path(ctx, a->credentials_file);
}

static const Option authorization_options[] = {
        { "type", OPT_STR, offsetof(HttpAuthorization, type), .def = "Bearer", .help = "The scheme." },
        { "credentials", OPT_SECRET, offsetof(HttpAuthorization, credentials), .help = "What follows the scheme." },
        { "credentials_file", OPT_STR, offsetof(HttpAuthorization, credentials_file),
          .help = "File with what follows the scheme." },
        { "credentials_ref", OPT_IGNORED, .help = REF_HELP },
        OPTION_END,
};
const OptionTable http_options_authorization_table = { .name = "authorization",
                                                       .options = authorization_options,
                                                       .size = sizeof(HttpAuthorization),
                                                       .validate = validate_authorization };

/* ---- proxies */

static bool check_proxy(const HttpProxyOptions *p, const YamlNode *node, const OptionCtx *ctx)
{
        UrlSyntax url;
        Err err;
        if (!urlsyntax_parse(p->url, &url, &err))
                return bad(at(node, "proxy_url"), ctx, err.msg);
        if (p->connect_header.n && !p->from_environment && !p->url.n)
                return bad(node, ctx,
                           "if proxy_connect_header is configured, proxy_url or proxy_from_environment must also be "
                           "configured");
        if (p->from_environment && p->url.n)
                return bad(node, ctx, "if proxy_from_environment is configured, proxy_url must not be configured");
        if (p->from_environment && p->no_proxy.n)
                return bad(node, ctx, "if proxy_from_environment is configured, no_proxy must not be configured");
        if (!p->url.n && p->no_proxy.n)
                return bad(node, ctx, "if no_proxy is configured, proxy_url must also be configured");
        return true;
}

static void validate_oauth2(void *self, const YamlNode *node, const OptionCtx *ctx)
{
        HttpOauth2 *o = self;
        if (o->client_id.n == 0)
                bad(node, ctx, "oauth2 client_id must be configured");
        if (o->token_url.n == 0)
                bad(node, ctx, "oauth2 token_url must be configured");
        if ((o->client_secret.text.n > 0) + (o->client_secret_file.n > 0) + has_ref(node, "client_secret_ref") > 1)
                bad(node, ctx,
                    "at most one of oauth2 client_secret, client_secret_file & client_secret_ref must be configured");
        check_proxy(&o->proxy, node, ctx);
        o->client_secret_file = option_path(ctx, o->client_secret_file);
}

#define JWT_HELP "tokens are asked for with client credentials only"
static bool parse_grant(void *field, const YamlNode *node, const OptionCtx *ctx)
{
        if (node->kind == YAML_NULL)
                return true;
        if (node->kind != YAML_SCALAR)
                return bad(node, ctx, "'grant_type' needs text");
        *(Str *)field = node->text;
        if (node->text.n && !str_eq(node->text, STR("client_credentials")))
                diags_warn(ctx->diags, ctx->file, node->pos, "'grant_type': %s", JWT_HELP);
        return true;
}

static const Option oauth2_options[] = {
        { "client_id", OPT_STR, offsetof(HttpOauth2, client_id), .help = "Client id." },
        { "client_secret", OPT_SECRET, offsetof(HttpOauth2, client_secret), .help = "Client secret." },
        { "client_secret_file", OPT_STR, offsetof(HttpOauth2, client_secret_file),
          .help = "File with the client secret." },
        { "client_secret_ref", OPT_IGNORED, .help = REF_HELP },
        { "scopes", OPT_STR_LIST, offsetof(HttpOauth2, scopes), .help = "Scopes to ask for." },
        { "token_url", OPT_STR, offsetof(HttpOauth2, token_url), .help = "Where tokens come from." },
        { "endpoint_params", OPT_LABELS, offsetof(HttpOauth2, endpoint_params),
          .help = "More parameters of the token request." },
        { "tls_config", OPT_STRUCT, offsetof(HttpOauth2, tls), .table = &http_options_tls_table,
          .help = "For the token request." },
        { "grant_type", OPT_CUSTOM, offsetof(HttpOauth2, grant_type), .parse = parse_grant,
          .help = "Only client_credentials is spoken; others are known." },
        { "claims", OPT_IGNORED, .help = JWT_HELP },
        { "audience", OPT_IGNORED, .help = JWT_HELP },
        { "iss", OPT_IGNORED, .help = JWT_HELP },
        { "signature_algorithm", OPT_IGNORED, .help = JWT_HELP },
        { "client_certificate_key", OPT_IGNORED, .help = JWT_HELP },
        { "client_certificate_key_file", OPT_IGNORED, .help = JWT_HELP },
        { "client_certificate_key_ref", OPT_IGNORED, .help = JWT_HELP },
        { "client_certificate_key_id", OPT_IGNORED, .help = JWT_HELP },
        HTTP_OPTIONS_PROXY_ROWS_(offsetof(HttpOauth2, proxy)),
        OPTION_END,
};
const OptionTable http_options_oauth2_table = {
        .name = "oauth2", .options = oauth2_options, .size = sizeof(HttpOauth2), .validate = validate_oauth2
};

/* ---- headers */

bool http_options_is_reserved_header(Str name)
{
        static const char *const reserved[] = {
                "authorization",
                "host",
                "content-encoding",
                "content-length",
                "content-type",
                "user-agent",
                "connection",
                "keep-alive",
                "proxy-authenticate",
                "proxy-authorization",
                "www-authenticate",
                "accept-encoding",
                "x-prometheus-remote-write-version",
                "x-prometheus-remote-read-version",
                "x-prometheus-scrape-timeout-seconds",
                "x-amz-date",
                "x-amz-security-token",
                "x-amz-content-sha256",
        };
        for (size_t i = 0; i < ARRAY_LEN(reserved); i++)
                if (str_eq_fold(name, str_of(reserved[i])))
                        return true;
        return false;
}

static const Option header_options[] = {
        { "values", OPT_STR_LIST, offsetof(HttpHeaderValues, values), .help = "Values." },
        { "secrets", OPT_STR_LIST, offsetof(HttpHeaderValues, secrets), .help = "Values that are never shown." },
        { "files", OPT_STR_LIST, offsetof(HttpHeaderValues, files), .help = "Files with values." },
        OPTION_END,
};
static const OptionTable header_table = { .name = "http_headers",
                                          .options = header_options,
                                          .size = sizeof(HttpHeaderValues) };

bool http_options_parse_headers(void *field, const YamlNode *node, const OptionCtx *ctx)
{
        if (node->kind == YAML_NULL)
                return true;
        if (node->kind != YAML_MAP)
                return bad(node, ctx, "'http_headers' needs a mapping of header names");
        HttpHeaderList list = { arena_array(ctx->arena, HttpHeaderValues, node->n), node->n };
        bool ok = true;
        for (size_t i = 0; i < node->n; i++) {
                const YamlPair *p = &node->pairs[i];
                if (http_options_is_reserved_header(p->key))
                        ok = diags_error(ctx->diags, ctx->file, p->key_pos,
                                         "setting header '" STR_FMT "' is not allowed", STR_ARG(p->key));
                for (size_t k = 0; k < i; k++)
                        if (str_eq_fold(node->pairs[k].key, p->key))
                                ok = diags_error(ctx->diags, ctx->file, p->key_pos,
                                                 "header '" STR_FMT "' is defined in multiple places", STR_ARG(p->key));
                HttpHeaderValues *h = &list.data[i];
                ok = option_bind(p->value, &header_table, h, ctx) && ok;
                h->name = p->key;
                for (size_t k = 0; k < h->files.n; k++)
                        h->files.data[k] = option_path(ctx, h->files.data[k]);
        }
        if (ok)
                *(HttpHeaderList *)field = list;
        return ok;
}

/* ---- all of it */

static bool check_exclusive(const HttpOptions *h, const YamlNode *node, const OptionCtx *ctx)
{
        bool bearer = h->bearer_token.text.n || h->bearer_token_file.n;
        if (h->bearer_token.text.n && h->bearer_token_file.n)
                return bad(at(node, "bearer_token_file"), ctx,
                           "at most one of bearer_token & bearer_token_file must be configured");
        if ((h->basic_auth || h->oauth2) && bearer)
                return bad(node, ctx,
                           "at most one of basic_auth, oauth2, bearer_token & bearer_token_file must be configured");
        if (h->authorization && bearer)
                return bad(at(node, "authorization"), ctx,
                           "authorization is not compatible with bearer_token & bearer_token_file");
        if ((h->authorization && (h->basic_auth || h->oauth2)) || (h->oauth2 && h->basic_auth))
                return bad(node, ctx, "at most one of basic_auth, oauth2 & authorization must be configured");
        return true;
}

bool http_options_check(HttpOptions *h, const YamlNode *node, const OptionCtx *ctx)
{
        if (!check_exclusive(h, node, ctx) || !check_proxy(&h->proxy, node, ctx))
                return false;
        if (h->bearer_token.text.n || h->bearer_token_file.n) {
                h->authorization = arena_new_of(ctx->arena, HttpAuthorization);
                *h->authorization = (HttpAuthorization){ .type = STR("Bearer"),
                                                         .credentials = h->bearer_token,
                                                         .credentials_file = option_path(ctx, h->bearer_token_file) };
        }
        return true;
}

static void validate_http(void *self, const YamlNode *node, const OptionCtx *ctx)
{
        http_options_check(self, node, ctx);
}

typedef struct Whole {
        HttpOptions http;
} Whole;
static const Option http_rows[] = { HTTP_OPTIONS_ROWS(Whole, http), OPTION_END };
const OptionTable http_options_table = {
        .name = "http_config", .options = http_rows, .size = sizeof(HttpOptions), .validate = validate_http
};
