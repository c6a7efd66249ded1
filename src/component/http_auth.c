#include "component/http_auth.h"

#include "base/vec.h"
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
        *ret = value;
        return !path.n || read_secret(path, arena, ret, err);
}

static bool fill_auth(const HttpOptions *o, Arena *arena, HttpAuthTls *ret, Str *ret_header, Err *err)
{
        if (o->oauth2)
                return err_set(err, ERR_UNSUPPORTED, "oauth2 is not supported yet; use authorization with a token");
        if (o->tls.ca.n || o->tls.cert.n || o->tls.key.text.n)
                return err_set(
                        err, ERR_UNSUPPORTED,
                        "certificates and keys inside tls_config are not supported yet; name them as ca_file, cert_file and key_file");
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
                for (size_t k = 0; k < h->values.n; k++)
                        vec_push(out, (HttpHeader){ h->name, h->values.data[k] });
                for (size_t k = 0; k < h->secrets.n; k++)
                        vec_push(out, (HttpHeader){ h->name, h->secrets.data[k] });
                for (size_t k = 0; k < h->files.n; k++) {
                        Str value;
                        if (!read_secret(h->files.data[k], arena, &value, err))
                                return false;
                        vec_push(out, (HttpHeader){ h->name, value });
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
        auth.ca_file = o->tls.ca_file;
        auth.cert_file = o->tls.cert_file;
        auth.key_file = o->tls.key_file;
        auth.server_name = o->tls.server_name;
        auth.insecure_skip_verify = o->tls.insecure_skip_verify;
        auth.proxy_url = o->proxy.url;
        *ret_auth = auth;
        call->auth = ret_auth;
        call->headers = headers.data;
        call->n_headers = headers.len;
        call->no_redirects = !o->follow_redirects;
        return true;
}
