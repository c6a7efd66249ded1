/* config/http_options.h - the HTTP client keys that scraping, discovery, receivers, remote write and Alertmanagers
 * share.
 *
 * Inline, beside the owner's own keys:      static const Option scrape_options[] = { ...,
 * HTTP_OPTIONS_ROWS(ScrapeConfig, http), OPTION_END }; and http_options_check(&config->http, node, ctx) in the owner's
 * validate. As a section (http_config):               { "http_config", OPT_STRUCT, offsetof(...), .table =
 * &http_options_table, ... }
 *
 * Files named here are read when a request is made, not here: they may change while pharos runs. */
#pragma once
#include <stdbool.h>

#include "config/option.h"

enum { HTTP_OPTIONS_TLS_ANY, HTTP_OPTIONS_TLS10, HTTP_OPTIONS_TLS11, HTTP_OPTIONS_TLS12, HTTP_OPTIONS_TLS13 };

typedef struct HttpBasicAuth {
        Str username, username_file, password_file;
        Secret password;
} HttpBasicAuth;

typedef struct HttpAuthorization {
        Str type; /* "Bearer" unless given */
        Secret credentials;
        Str credentials_file;
} HttpAuthorization;

typedef struct HttpTlsOptions {
        Str ca, ca_file, cert, cert_file, key_file,
                server_name; /* files: already joined to the configuration's folder */
        Secret key;
        bool insecure_skip_verify;
        int min_version, max_version; /* HTTP_OPTIONS_TLS* */
} HttpTlsOptions;

typedef struct HttpProxyOptions {
        Str url, no_proxy;
        bool from_environment;
        ParamList connect_header;
} HttpProxyOptions;

typedef struct HttpOauth2 {
        Str client_id, client_secret_file, token_url, grant_type;
        Secret client_secret;
        StrList scopes;
        Labels endpoint_params;
        HttpTlsOptions tls;
        HttpProxyOptions proxy;
} HttpOauth2;

/* One entry of http_headers; several values are several header lines. */
typedef struct HttpHeaderValues {
        Str name;
        StrList values, secrets, files;
} HttpHeaderValues;
typedef struct HttpHeaderList {
        HttpHeaderValues *data;
        size_t n;
} HttpHeaderList;

typedef struct HttpOptions {
        HttpBasicAuth *basic_auth;        /* NULL: not configured */
        HttpAuthorization *authorization; /* bearer_token and bearer_token_file end up here too */
        HttpOauth2 *oauth2;
        HttpTlsOptions tls;
        HttpProxyOptions proxy;
        bool follow_redirects, enable_http2;
        HttpHeaderList headers;
        Secret bearer_token; /* as written; use authorization */
        Str bearer_token_file;
} HttpOptions;

extern const OptionTable http_options_table, http_options_tls_table, http_options_basic_auth_table,
        http_options_authorization_table, http_options_oauth2_table;

/* Upstream's rules about which keys exclude each other; moves bearer_token into authorization; joins file names to the
 * configuration's folder. False: it reported. Called by http_options_table itself. */
bool http_options_check(HttpOptions *self, const YamlNode *node, const OptionCtx *ctx);
/* For a tls_config that stands alone. Called by http_options_tls_table itself. */
bool http_options_check_tls(HttpTlsOptions *self, const YamlNode *node, const OptionCtx *ctx);
/* Headers that belong to the connection or to pharos itself and cannot be configured. */
bool http_options_is_reserved_header(Str name);
/* parse function of http_headers, field is a HttpHeaderList. */
bool http_options_parse_headers(void *field, const YamlNode *node, const OptionCtx *ctx);

#define HTTP_OPTIONS_AT_(Owner, member, field) (offsetof(Owner, member) + offsetof(HttpOptions, field))
#define HTTP_OPTIONS_PROXY_ROWS_(base)                                                                              \
        { "proxy_url", OPT_STR, (base) + offsetof(HttpProxyOptions, url), .help = "Proxy for the requests." },      \
                { "no_proxy", OPT_STR, (base) + offsetof(HttpProxyOptions, no_proxy),                               \
                  .help = "Hosts that are asked directly, separated by commas." },                                  \
                { "proxy_from_environment", OPT_BOOL, (base) + offsetof(HttpProxyOptions, from_environment),        \
                  .help = "Read HTTP_PROXY, HTTPS_PROXY and NO_PROXY." },                                           \
                { "proxy_connect_header", OPT_MAP_OF_STR_LIST, (base) + offsetof(HttpProxyOptions, connect_header), \
                  .help = "Headers of CONNECT requests to the proxy." }
/* The rows of the shared keys for a struct Owner with a member of type HttpOptions. */
#define HTTP_OPTIONS_ROWS(Owner, member)                                                                            \
        { "basic_auth", OPT_STRUCT_PTR, HTTP_OPTIONS_AT_(Owner, member, basic_auth),                                \
          .table = &http_options_basic_auth_table, .help = "User name and password." },                             \
                { "authorization", OPT_STRUCT_PTR, HTTP_OPTIONS_AT_(Owner, member, authorization),                  \
                  .table = &http_options_authorization_table, .help = "The Authorization header." },                \
                { "oauth2", OPT_STRUCT_PTR, HTTP_OPTIONS_AT_(Owner, member, oauth2),                                \
                  .table = &http_options_oauth2_table, .help = "OAuth 2.0 client credentials." },                   \
                { "bearer_token", OPT_SECRET, HTTP_OPTIONS_AT_(Owner, member, bearer_token),                        \
                  .help = "Old form of authorization.credentials." },                                               \
                { "bearer_token_file", OPT_STR, HTTP_OPTIONS_AT_(Owner, member, bearer_token_file),                 \
                  .help = "Old form of authorization.credentials_file." },                                          \
                { "tls_config", OPT_STRUCT, HTTP_OPTIONS_AT_(Owner, member, tls), .table = &http_options_tls_table, \
                  .help = "Certificates and checks." },                                                             \
                HTTP_OPTIONS_PROXY_ROWS_(HTTP_OPTIONS_AT_(Owner, member, proxy)),                                   \
                { "follow_redirects", OPT_BOOL, HTTP_OPTIONS_AT_(Owner, member, follow_redirects), .def = "true",   \
                  .help = "Follow HTTP 3xx answers." },                                                             \
                { "enable_http2", OPT_BOOL, HTTP_OPTIONS_AT_(Owner, member, enable_http2), .def = "true",           \
                  .help = "Allow HTTP/2." },                                                                        \
                { "http_headers", OPT_CUSTOM, HTTP_OPTIONS_AT_(Owner, member, headers),                             \
                  .parse = http_options_parse_headers, .help = "More headers: a name with values, secrets or files." }
