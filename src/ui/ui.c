#include "ui/ui.h"

#include "codec/floats.h"
#include "codec/gzip.h"
#include "ui/embedded.h"

enum { MAX_FILE_BYTES = 16 << 20 };

/* The start page with its base address set: made once, served for ever. */
static struct {
        Buf index; /* heap */
} page;            /* NOLINT: ui_mount makes it before the server starts */

static const EmbeddedFile *find(Str path)
{
        for (size_t i = 0; i < embedded_files_n; i++)
                if (str_eq(path, str_of(embedded_files[i].path)))
                        return &embedded_files[i];
        return NULL;
}

static bool accepts_gzip(const HttpRequest *req)
{
        Str rest = http_request_header(req, STR("Accept-Encoding"));
        for (Str part; str_split_next(&rest, ',', &part);) {
                Str coding;
                Str params;
                str_cut(part, ';', &coding, &params);
                params = str_trim(params);
                double q;
                bool refused = str_starts(params, STR("q=")) && floats_parse(str_sub(params, 2, params.n), &q) &&
                               q <= 0;
                if (str_eq_fold(str_trim(coding), STR("gzip")))
                        return !refused;
        }
        return false;
}

static void serve_file(const EmbeddedFile *file, const HttpRequest *req, HttpResponse *resp)
{
        Err err;
        resp->content_type = file->content_type;
        /* Names of assets hold a hash of their content. */
        http_response_header(resp, STR("Cache-Control"),
                             str_starts(str_of(file->path), STR("assets/")) ? STR("public, max-age=31536000, immutable")
                                                                            : STR("no-cache"));
        http_response_header(resp, STR("Vary"), STR("Accept-Encoding"));
        resp->no_compress = true;
        if (accepts_gzip(req)) {
                http_response_header(resp, STR("Content-Encoding"), STR("gzip"));
                http_response_static(resp, file->gzip, file->gzip_n);
                return;
        }
        if (!gzip_decode(GZIP_GZIP, str_n((const char *)file->gzip, file->gzip_n), MAX_FILE_BYTES, &resp->body, &err)) {
                resp->status = 500;
                buf_printf(&resp->body, "%s\n", err.msg);
        }
}

static void serve_index(HttpResponse *resp)
{
        resp->content_type = "text/html; charset=utf-8";
        http_response_header(resp, STR("Cache-Control"), STR("no-cache"));
        if (page.index.n) {
                buf_str_add(&resp->body, buf_str(&page.index));
                return;
        }
        buf_lit(&resp->body,
                "<!doctype html><title>pharos</title><p>This build has no user interface: build it with <code>./dev build</code>. "
                "The API is at <code>/api/v1/</code>.");
}

static void handle(void *self, const HttpRequest *req, HttpResponse *resp)
{
        (void)self;
        Str path = req->path;
        while (str_starts(path, STR("/")))
                path = str_sub(path, 1, path.n);
        const EmbeddedFile *file = path.n && !str_eq(path, STR("index.html")) ? find(path) : NULL;
        if (file) {
                serve_file(file, req, resp);
                return;
        }
        bool is_page = str_find_char(path, '.') == SIZE_MAX && !str_starts(path, STR("api/")) &&
                       !str_starts(path, STR("assets/")) && !str_starts(path, STR("-/"));
        if (is_page) {
                serve_index(resp);
                return;
        }
        resp->status = 404;
        buf_lit(&resp->body, "404 page not found\n");
}

static void make_index(const char *prefix)
{
        const EmbeddedFile *file = find(STR("index.html"));
        Buf text = { 0 };
        Err err;
        if (!file ||
            !gzip_decode(GZIP_GZIP, str_n((const char *)file->gzip, file->gzip_n), MAX_FILE_BYTES, &text, &err))
                return;
        Str html = buf_str(&text);
        Str needle = STR("<base href=\"/\"");
        size_t at = str_find(html, needle);
        Str base = prefix && prefix[0] ? str_of(prefix) : STR("/");
        if (at == SIZE_MAX) {
                page.index = text;
                return;
        }
        buf_str_add(&page.index, str_sub(html, 0, at));
        buf_printf(&page.index, "<base href=\"" STR_FMT "%s\"", STR_ARG(base), str_ends(base, STR("/")) ? "" : "/");
        buf_str_add(&page.index, str_sub(html, at + needle.n, html.n));
        buf_done(&text);
}

const HttpRoute *ui_routes(const char *prefix, size_t *ret_n)
{
        static const HttpRoute routes[] = { { .methods = HTTP_GET | HTTP_HEAD, .path = "/*", .handle = handle } };
        buf_done(&page.index);
        make_index(prefix);
        *ret_n = 1;
        return routes;
}
