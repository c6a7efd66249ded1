/* Samples of one series that come one after the other share its labels in the message: what storecopy does, so a request is small. */
#include "app/app_rwsend.h"

#include <unistd.h>

#include "base/mem.h"
#include "codec/proto.h"
#include "codec/snappy.h"
#include "interop/promproto.h"
#include "net/http_client.h"
#include "net/url.h"

enum { MAX_TRIES = 8, FIRST_WAIT_MS = 250, TIMEOUT_MS = 120000, MAX_LABELS = 256 };

typedef struct RwAppender {
        Appender face; /* first */
        AppRwsend *rw;
} RwAppender;

struct AppRwsend {
        StoreEngine engine; /* first */
        Arena *arena;
        Loop *loop;
        HttpClient *client;
        Str url;
        RwAppender appender;
        Buf body, packed;
        Arena *scratch; /* labels of the open series */
        Labels labels;
        size_t begun; /* of the open series; valid when labels.n */
};

static AppRwsend *of_appender(Appender *a) { return ((RwAppender *)a)->rw; }

static void end_series(AppRwsend *rw)
{
        if (rw->labels.n)
                proto_end(&rw->body, rw->begun);
        rw->labels = (Labels){ 0 };
}

/* NOLINTNEXTLINE(readability-non-const-parameter): the shape of an appender */
static AppendResult rw_sample(Appender *a, SeriesRef *ref, Labels labels, const StoreSample *sample)
{
        AppRwsend *rw = of_appender(a);
        (void)ref;
        if (labels.n == 0 || labels.n > MAX_LABELS)
                return APPEND_BAD_LABELS;
        if (!labels_eq(labels, rw->labels)) {
                end_series(rw);
                arena_reset(rw->scratch);
                rw->labels = labels_dup(rw->scratch, labels);
                rw->begun = proto_begin(&rw->body, 1);
                promproto_labels(&rw->body, 1, labels);
        }
        if (sample->h)
                promproto_histogram(&rw->body, 4, sample->t_ms, sample->h);
        else
                promproto_sample(&rw->body, 2, sample->t_ms, sample->v);
        return APPEND_OK;
}

static AppendResult rw_append(Appender *a, SeriesRef *ref, Labels labels, int64_t t_ms, double v)
{
        return rw_sample(a, ref, labels, &(StoreSample){ .t_ms = t_ms, .v = v });
}

static bool send_once(AppRwsend *rw, HttpAnswer *answer, Buf *text)
{
        const HttpHeader headers[] = { { STR("Content-Type"), STR("application/x-protobuf") },
                                       { STR("Content-Encoding"), STR("snappy") },
                                       { STR("X-Prometheus-Remote-Write-Version"), STR("0.1.0") } };
        HttpCallOptions call = { .method = "POST",
                                 .url = rw->url,
                                 .headers = headers,
                                 .n_headers = ARRAY_LEN(headers),
                                 .body = buf_str(&rw->packed),
                                 .timeout_ms = TIMEOUT_MS };
        buf_clear(text);
        return http_client_call(rw->client, &call, answer, text) && answer->ok;
}

static bool rw_commit(Appender *a, Err *err)
{
        AppRwsend *rw = of_appender(a);
        HttpAnswer answer = { 0 };
        AUTO(buf_done) Buf text = { 0 };
        end_series(rw);
        buf_clear(&rw->packed);
        snappy_encode(buf_str(&rw->body), &rw->packed);
        buf_clear(&rw->body);
        bool answered = false;
        for (int tries = 0, wait_ms = FIRST_WAIT_MS; tries < MAX_TRIES; tries++, wait_ms *= 2) {
                answered = send_once(rw, &answer, &text);
                if (answered && answer.status / 100 == 2)
                        return true;
                if (answered && answer.status != 429 && answer.status / 100 != 5)
                        break;
                usleep((useconds_t)wait_ms * 1000);
        }
        if (!answered) {
                *err = answer.err;
                return false;
        }
        return err_set(err, answer.status / 100 == 4 ? ERR_INVALID : ERR_UNAVAILABLE, STR_FMT " answers %d: " STR_FMT,
                       STR_ARG(rw->url), answer.status, STR_ARG(str_trim(str_sub(buf_str(&text), 0, 300))));
}

static void rw_rollback(Appender *a)
{
        AppRwsend *rw = of_appender(a);
        end_series(rw);
        buf_clear(&rw->body);
}

static Appender *rw_appender(StoreEngine *engine) { return &((AppRwsend *)engine)->appender.face; }

bool app_rwsend_new(const char *url, AppRwsend **ret, Err *err)
{
        AppRwsend *rw = mem_new(AppRwsend);
        Url parts;
        Str text = str_of(url);
        rw->arena = arena_new();
        rw->scratch = arena_new();
        rw->engine.appender = rw_appender;
        rw->appender.rw = rw;
        rw->appender.face = (Appender){
                .append = rw_append, .append_sample = rw_sample, .commit = rw_commit, .rollback = rw_rollback
        };
        bool ok = url_parse(text, &parts, err);
        if (ok) {
                bool bare = parts.path.n == 0 || str_eq(parts.path, STR("/"));
                rw->url = !bare ? str_dup(rw->arena, text)
                                : str_printf(rw->arena, STR_FMT "/api/v1/write",
                                             STR_ARG(str_ends(text, STR("/")) ? str_sub(text, 0, text.n - 1) : text));
                ok = loop_new(&rw->loop, err) && http_client_new(rw->loop, 1, &rw->client, err);
        }
        if (!ok) {
                app_rwsend_free(rw);
                return false;
        }
        *ret = rw;
        return true;
}

void app_rwsend_free(AppRwsend *rw)
{
        if (!rw)
                return;
        if (rw->client)
                http_client_free(rw->client);
        if (rw->loop)
                loop_free(rw->loop);
        buf_done(&rw->body);
        buf_done(&rw->packed);
        arena_free(rw->scratch);
        arena_free(rw->arena);
        mem_free(rw);
}

StoreEngine *app_rwsend_engine(AppRwsend *rw) { return &rw->engine; }
