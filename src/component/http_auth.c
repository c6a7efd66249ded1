#include "component/http_auth.h"

#include "base/vec.h"
#include "codec/json.h"
#include "net/url.h"
#include "os/file.h"

enum { SECRET_FILE_MAX_BYTES = 64 << 10 };

static bool read_secret(Str path, Arena *arena, Str *ret, Err *err)
{
        Buf text = { .arena = arena };
        if (!file_read_all(fs_system(), str_dupz(arena, path), SECRET_FILE_MAX_BYTES, &text, err))
                return err_wrap(err, "read secret");
        *ret = str_trim(buf_str(&text));
        return true;
}

/* value, unless a file is named. */
static bool value_or_file(Str value, Str path, Arena *arena, Str *ret, Err *err)
{
        *ret = str_dup(arena, value);
        return !path.n || read_secret(path, arena, ret, err);
}

void http_auth_tls(const HttpTlsOptions *o, Arena *arena, HttpAuthTls *ret)
{
        ret->ca_file = str_dup(arena, o->ca_file);
        ret->cert_file = str_dup(arena, o->cert_file);
        ret->key_file = str_dup(arena, o->key_file);
        ret->ca = str_dup(arena, o->ca);
        ret->cert = str_dup(arena, o->cert);
        ret->key = str_dup(arena, o->key.text);
        ret->server_name = str_dup(arena, o->server_name);
        ret->insecure_skip_verify = o->insecure_skip_verify;
        ret->min_version = o->min_version ? o->min_version - HTTP_OPTIONS_TLS10 + 10 : 0;
        ret->max_version = o->max_version ? o->max_version - HTTP_OPTIONS_TLS10 + 10 : 0;
}

static void fill_proxy(const HttpProxyOptions *o, Arena *arena, HttpAuthTls *ret)
{
        VEC(HttpHeader) headers = { .arena = arena };
        ret->proxy_url = str_dup(arena, o->url);
        ret->no_proxy = str_dup(arena, o->no_proxy);
        ret->proxy_from_environment = o->from_environment;
        for (size_t i = 0; i < o->connect_header.n; i++)
                for (size_t k = 0; k < o->connect_header.data[i].values.n; k++)
                        vec_push(&headers, (HttpHeader){ str_dup(arena, o->connect_header.data[i].name),
                                                         str_dup(arena, o->connect_header.data[i].values.data[k]) });
        ret->proxy_headers = headers.data;
        ret->n_proxy_headers = headers.len;
}

static bool fill_auth(const HttpOptions *o, Arena *arena, HttpAuthTls *ret, Str *ret_header, Err *err)
{
        if (o->oauth2)
                return err_set(err, ERR_UNSUPPORTED, "oauth2 is not supported here; use authorization with a token");
        if (o->basic_auth) {
                const HttpBasicAuth *b = o->basic_auth;
                return value_or_file(b->username, b->username_file, arena, &ret->username, err) &&
                       value_or_file(b->password.text, b->password_file, arena, &ret->password, err);
        }
        if (o->authorization) {
                const HttpAuthorization *a = o->authorization;
                Str credentials;
                if (!value_or_file(a->credentials.text, a->credentials_file, arena, &credentials, err))
                        return false;
                Str type = a->type.n ? a->type : STR("Bearer");
                if (str_eq(type, STR("Bearer")))
                        ret->bearer = credentials;
                else
                        *ret_header = str_printf(arena, STR_FMT " " STR_FMT, STR_ARG(type), STR_ARG(credentials));
        }
        return true;
}

typedef VEC(HttpHeader) HeaderVec;

static bool add_headers(const HttpOptions *o, Arena *arena, HeaderVec *out, Err *err)
{
        for (size_t i = 0; i < o->headers.n; i++) {
                const HttpHeaderValues *h = &o->headers.data[i];
                Str name = str_dup(arena, h->name);
                for (size_t k = 0; k < h->values.n; k++)
                        vec_push(out, (HttpHeader){ name, str_dup(arena, h->values.data[k]) });
                for (size_t k = 0; k < h->secrets.n; k++)
                        vec_push(out, (HttpHeader){ name, str_dup(arena, h->secrets.data[k]) });
                for (size_t k = 0; k < h->files.n; k++) {
                        Str value;
                        if (!read_secret(h->files.data[k], arena, &value, err))
                                return false;
                        vec_push(out, (HttpHeader){ name, value });
                }
        }
        return true;
}

bool http_auth_fill(const HttpOptions *o, Arena *arena, HttpCallOptions *call, HttpAuthTls *ret_auth, Err *err)
{
        HttpAuthTls auth = { 0 };
        Str header = { 0 };
        HeaderVec headers = { .arena = arena };
        for (size_t i = 0; i < call->n_headers; i++)
                vec_push(&headers, call->headers[i]);
        if (!fill_auth(o, arena, &auth, &header, err) || !add_headers(o, arena, &headers, err))
                return false;
        if (header.n)
                vec_push(&headers, (HttpHeader){ STR("Authorization"), header });
        http_auth_tls(&o->tls, arena, &auth);
        fill_proxy(&o->proxy, arena, &auth);
        *ret_auth = auth;
        call->auth = ret_auth;
        call->headers = headers.data;
        call->n_headers = headers.len;
        call->no_redirects = !o->follow_redirects;
        return true;
}

/* ---- oauth2 */

static void add_param(Buf *form, Str name, Str value)
{
        if (form->n)
                buf_char(form, '&');
        url_encode_query(form, name);
        buf_char(form, '=');
        url_encode_query(form, value);
}

bool http_auth_oauth2(const HttpOauth2 *o, Arena *arena, HttpAuthToken *ret, Err *err)
{
        Buf form = { .arena = arena };
        Buf scopes = { .arena = arena };
        Str secret;
        if (!value_or_file(o->client_secret.text, o->client_secret_file, arena, &secret, err))
                return false;
        for (size_t i = 0; i < o->scopes.n; i++)
                buf_printf(&scopes, "%s" STR_FMT, i ? " " : "", STR_ARG(o->scopes.data[i]));
        *ret = (HttpAuthToken){ 0 };
        add_param(&form, STR("grant_type"), STR("client_credentials"));
        if (scopes.n)
                add_param(&form, STR("scope"), buf_str(&scopes));
        for (size_t i = 0; i < o->endpoint_params.n; i++)
                add_param(&form, o->endpoint_params.data[i].name, o->endpoint_params.data[i].value);
        http_auth_tls(&o->tls, arena, &ret->auth);
        fill_proxy(&o->proxy, arena, &ret->auth);
        Buf id = { .arena = arena };
        Buf password = { .arena = arena };
        url_encode_query(&id, o->client_id); /* RFC 6749 2.3.1 */
        url_encode_query(&password, secret);
        ret->auth.username = buf_str(&id);
        ret->auth.password = buf_str(&password);
        ret->headers[0] = (HttpHeader){ STR("Content-Type"), STR("application/x-www-form-urlencoded") };
        ret->call = (HttpCallOptions){ .method = "POST",
                                       .url = str_dup(arena, o->token_url),
                                       .headers = ret->headers,
                                       .n_headers = 1,
                                       .body = buf_str(&form),
                                       .auth = &ret->auth };
        ret->cache_key = str_printf(arena, "oauth2 " STR_FMT " " STR_FMT " " STR_FMT " " STR_FMT, STR_ARG(o->token_url),
                                    STR_ARG(o->client_id), STR_ARG(secret), STR_ARG(buf_str(&form)));
        return true;
}

bool http_auth_token(const HttpAnswer *a, Arena *arena, Str *ret_token, int64_t *ret_valid_ms, Err *err)
{
        enum { DEFAULT_VALID_S = 3600, MARGIN_S = 10, MAX_VALID_S = 30 * 24 * 3600 };
        JsonValue *v;
        if (a->status / 100 != 2)
                return err_set(err, ERR_UNAVAILABLE, "oauth2: the token request was answered with status %d",
                               a->status);
        if (!json_parse(a->body, arena, &v, err))
                return err_wrap(err, "oauth2: the answer to the token request");
        Str token = json_get_str(v, STR("access_token"));
        if (!token.n)
                return err_set(err, ERR_INVALID, "oauth2: the answer to the token request has no access_token");
        const JsonValue *expires = json_get(v, STR("expires_in"));
        double seconds = expires && expires->kind == JSON_NUMBER && expires->num > 0 ? expires->num
                                                                                     : (double)DEFAULT_VALID_S;
        seconds = MIN_OF(seconds, (double)MAX_VALID_S);
        *ret_token = str_dup(arena, token);
        *ret_valid_ms = (int64_t)(MAX_OF(seconds - (double)MARGIN_S, 0.0) * 1000);
        return true;
}
