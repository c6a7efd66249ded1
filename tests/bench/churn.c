/* A fleet that is replaced while it reports: remote write 1.0 of many instances, a share of which goes and comes back under another name
 * every so often. The load of the soak, of the churn and of the replay runs.
 *
 *     churn port=9090 instances=2500 series=400 step=15 percent=10 every=120 duration=1200 [rate=10 anchor=UNIX_S] [start=UNIX_S]
 *
 * Without a rate the samples of `duration` seconds up to now (or from start on) are sent as fast as they are taken. With one, time is the
 * server's: run it with the same --clock.rate and --clock.anchor. Values are counters, decimals, full floats, integers and constants, 80 each
 * of 400. Prints a line a replacement to stderr and one of JSON at the end. Ends with 1 when a request was refused.
 *
 * Every series of a template has the same bytes but for the instance's name of fixed length, the value and the time: a
 * request is copied together, so that the sender costs a fraction of what the receiver does. */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/mem.h"
#include "base/num.h"
#include "base/rand.h"
#include "codec/proto.h"
#include "codec/snappy.h"
#include "net/http_client.h"
#include "os/clock.h"
#include "os/proc.h"

enum {
        INSTANCE_CHARS = 18, /* h00000-g00000:9100 */
        MAX_INSTANCES = 100000,
        MAX_GENERATIONS = 100000,
        MAX_SERIES = 100000,
        SHAPES = 5,
        TRIES = 20,
        RETRY_MS = 200
};

typedef struct Options {
        uint64_t port, instances, series, step, percent, every, duration, start, rate, anchor, batch, seed;
        const char *path;
} Options;

/* One metric of every instance: its whole message, patched for each sample. */
typedef struct Template {
        Str message;
        size_t instance_at, value_at, time_at;
} Template;

typedef struct Load {
        Options o;
        Arena *arena;
        Template *templates;
        double *values;        /* [instance * series + metric] */
        uint32_t *generations; /* how often the instance was replaced */
        size_t next_victim;
        Rand rand;
        Buf body, packed;
        HttpClient *client;
        uint64_t samples, replaced, refused, bytes;
        double waited_s;
} Load;

static void die(const char *what)
{
        fprintf(stderr, "churn: %s\n", what);
        exit(2); /* NOLINT(concurrency-mt-unsafe): nothing runs at exit */
}

/* ---- messages */

static void put_label(Buf *out, const char *name, const char *value)
{
        size_t at = proto_begin(out, 1);
        proto_put_bytes(out, 1, str_of(name));
        proto_put_bytes(out, 2, str_of(value));
        proto_end(out, at);
}

static void put_instance(Buf *out)
{
        char name[INSTANCE_CHARS + 1];
        snprintf(name, sizeof name, "%0*d", INSTANCE_CHARS, 0);
        put_label(out, "instance", name);
}

static void put_numbered(Buf *out, const char *name, const char *before, size_t k, const char *behind)
{
        char value[64];
        snprintf(value, sizeof value, "%s%zu%s", before, k, behind);
        put_label(out, name, value);
}

/* Labels in their order. k: which metric of an instance; it makes them unique. */
static void put_labels(Buf *out, size_t metric)
{
        static const char *const statuses[] = { "200", "201", "301", "400", "404", "500", "502", "503" };
        static const char *const bounds[] = { "0.005", "0.01", "0.025", "0.05", "0.1", "0.25",
                                              "0.5",   "1",    "2.5",   "5",    "10",  "+Inf" };
        static const char *const modes[] = { "idle", "iowait", "irq", "nice", "softirq", "steal", "system", "user" };
        size_t k = metric / SHAPES;
        switch (metric % SHAPES) {
        case 0:
                put_label(out, "__name__", "app_requests_total");
                put_instance(out);
                put_label(out, "job", "app");
                put_numbered(out, "route", "/api/v1/route", k / ARRAY_LEN(statuses), "");
                put_label(out, "status", statuses[k % ARRAY_LEN(statuses)]);
                break;
        case 1:
                put_label(out, "__name__", "app_request_duration_seconds_bucket");
                put_instance(out);
                put_label(out, "job", "app");
                put_label(out, "le", bounds[k % ARRAY_LEN(bounds)]);
                put_numbered(out, "route", "/api/v1/route", k / ARRAY_LEN(bounds), "");
                break;
        case 2:
                put_label(out, "__name__", "node_cpu_seconds_total");
                put_numbered(out, "cpu", "", k / ARRAY_LEN(modes), "");
                put_instance(out);
                put_label(out, "job", "node");
                put_label(out, "mode", modes[k % ARRAY_LEN(modes)]);
                break;
        case 3:
                put_numbered(out, "__name__", "node_memory_", k, "_bytes");
                put_instance(out);
                put_label(out, "job", "node");
                break;
        default:
                put_numbered(out, "__name__", "app_gauge_", k, "");
                put_instance(out);
                put_label(out, "job", "app");
                break;
        }
}

static void make_template(Load *l, size_t metric, int64_t t_ms)
{
        Template *t = &l->templates[metric];
        char name[INSTANCE_CHARS + 1];
        Buf out = { .arena = l->arena };
        size_t series = proto_begin(&out, 1);
        put_labels(&out, metric);
        size_t sample = proto_begin(&out, 2);
        proto_put_double(&out, 1, 0);
        proto_put_varint(&out, 2, (uint64_t)t_ms);
        proto_end(&out, sample);
        proto_end(&out, series);
        Str time = { out.p, out.n };
        /* From the end: the time's varint of six bytes until 2109, its tag, the value. */
        t->time_at = out.n - 6;
        t->value_at = t->time_at - 1 - sizeof(double);
        snprintf(name, sizeof name, "%0*d", INSTANCE_CHARS, 0);
        t->instance_at = str_find(time, str_n(name, INSTANCE_CHARS));
        t->message = buf_str(&out);
}

static double next_value(Load *l, size_t metric, double v)
{
        size_t k = metric / SHAPES;
        switch (metric % SHAPES) {
        case 0: return v + (double)rand_below(&l->rand, 60);
        case 1: return v + (double)rand_below(&l->rand, 8 * (k % 12 + 1));
        case 2: return v + (double)rand_below(&l->rand, 1500) / 100;
        case 3: return k % 4 == 0 ? v : fmax(v + ((double)rand_below(&l->rand, 4096) - 2048) * 4096, 0);
        default: break;
        }
        double walked = v * 0.95 + (rand_double(&l->rand) - 0.5) * 7.77;
        return k % 4 == 0 ? walked : k % 4 == 3 ? v + (double)rand_below(&l->rand, 9) - 4 : round(walked * 100) / 100;
}

static void put_sample(Load *l, size_t instance, size_t metric, const char *name, const uint8_t time[6])
{
        const Template *t = &l->templates[metric];
        double *v = &l->values[instance * l->o.series + metric];
        char *p = buf_reserve(&l->body, t->message.n);
        *v = next_value(l, metric, *v);
        memcpy(p, t->message.p, t->message.n);
        memcpy(p + t->instance_at, name, INSTANCE_CHARS);
        memcpy(p + t->value_at, v, sizeof *v);
        memcpy(p + t->time_at, time, 6);
        l->body.n += t->message.n;
}

/* ---- sending */

static void post(Load *l, Str url)
{
        const HttpHeader headers[] = { { STR("Content-Type"), STR("application/x-protobuf") },
                                       { STR("Content-Encoding"), STR("snappy") },
                                       { STR("X-Prometheus-Remote-Write-Version"), STR("0.1.0") } };
        AUTO(buf_done) Buf said = { 0 };
        HttpAnswer answer = { 0 };
        buf_clear(&l->packed);
        snappy_encode(buf_str(&l->body), &l->packed);
        l->bytes += l->packed.n;
        HttpCallOptions call = { .method = "POST",
                                 .url = url,
                                 .headers = headers,
                                 .n_headers = ARRAY_LEN(headers),
                                 .body = buf_str(&l->packed) };
        for (int i = 0; i < TRIES; i++) {
                buf_clear(&said);
                bool answered = http_client_call(l->client, &call, &answer, &said) && answer.ok;
                l->waited_s += answer.seconds;
                if (!answered)
                        die(answer.err.msg);
                if (answer.status / 100 == 2)
                        return;
                if (answer.status != 429 && answer.status / 100 != 5)
                        break;
                nanosleep(&(struct timespec){ .tv_nsec = RETRY_MS * 1000000L }, NULL);
        }
        if (l->refused++ < 4)
                fprintf(stderr, "churn: status %d: %.*s\n", answer.status, (int)said.n, said.p ? said.p : "");
}

static void send_step(Load *l, Str url, int64_t t_ms)
{
        size_t in_body = 0;
        buf_clear(&l->body);
        for (size_t i = 0; i < l->o.instances; i++) {
                char name[64];
                uint8_t time[6];
                /* Not all at once, as if they were scraped. */
                uint64_t at = (uint64_t)t_ms + i * 7 % (l->o.step * 1000);
                snprintf(name, sizeof name, "h%05zu-g%05u:9100", i, l->generations[i]);
                for (size_t k = 0; k < sizeof time; k++)
                        time[k] = (uint8_t)((at >> 7 * k & 127) | (k < 5 ? 128 : 0));
                for (size_t k = 0; k < l->o.series; k++) {
                        put_sample(l, i, k, name, time);
                        if (++in_body == l->o.batch || (i + 1 == l->o.instances && k + 1 == l->o.series)) {
                                post(l, url);
                                l->samples += in_body;
                                in_body = 0;
                                buf_clear(&l->body);
                        }
                }
        }
}

static void replace(Load *l)
{
        size_t n = l->o.instances * l->o.percent / 100;
        for (size_t k = 0; k < n; k++) {
                size_t i = l->next_victim++ % l->o.instances;
                l->generations[i] = (l->generations[i] + 1) % MAX_GENERATIONS;
                for (size_t m = 0; m < l->o.series; m++)
                        l->values[i * l->o.series + m] = (double)rand_below(&l->rand, 1000000);
        }
        l->replaced += n;
}

static void run(Load *l, Str url, const Clock *clock, int64_t start_ms)
{
        const Options *o = &l->o;
        int64_t replaced_s = 0;
        for (int64_t s = 0; s < (int64_t)o->duration; s += (int64_t)o->step) {
                int64_t t_ms = start_ms + s * 1000;
                if (o->percent && s - replaced_s >= (int64_t)o->every) {
                        replace(l);
                        replaced_s = s;
                        fprintf(stderr, "churn: second %" PRId64 ": %" PRIu64 " samples, %" PRIu64 " series so far\n",
                                s, l->samples, (o->instances + l->replaced) * o->series);
                }
                int64_t ahead_ms = o->rate ? clock_real_ms(clock, t_ms + (int64_t)o->step * 1000 - clock_wall_ms(clock))
                                           : 0;
                if (ahead_ms > 0)
                        nanosleep(&(struct timespec){ .tv_sec = ahead_ms / 1000, .tv_nsec = ahead_ms % 1000 * 1000000 },
                                  NULL);
                send_step(l, url, t_ms);
        }
}

/* ---- the command line */

static Options parse(int argc, char **argv)
{
        Options o = { .port = 9090,
                      .instances = 2500,
                      .series = 400,
                      .step = 15,
                      .percent = 10,
                      .every = 120,
                      .duration = 1200,
                      .batch = 10000,
                      .seed = 1,
                      .path = "/api/v1/write" };
        const struct {
                const char *name;
                uint64_t *value;
        } numbers[] = { { "port", &o.port },         { "instances", &o.instances }, { "series", &o.series },
                        { "step", &o.step },         { "percent", &o.percent },     { "every", &o.every },
                        { "duration", &o.duration }, { "start", &o.start },         { "rate", &o.rate },
                        { "anchor", &o.anchor },     { "batch", &o.batch },         { "seed", &o.seed } };
        for (int i = 1; i < argc; i++) {
                Str name;
                Str value;
                size_t k = 0;
                if (!str_cut(str_of(argv[i]), '=', &name, &value))
                        die("usage: churn NAME=VALUE...");
                if (str_eq(name, STR("path"))) {
                        o.path = value.p;
                        continue;
                }
                while (k < ARRAY_LEN(numbers) && !str_eq(name, str_of(numbers[k].name)))
                        k++;
                if (k == ARRAY_LEN(numbers) || !num_parse_u64(value, numbers[k].value))
                        die("not an option with a number, see the top of churn.c");
        }
        if (!o.instances || o.instances > MAX_INSTANCES || !o.series || o.series > MAX_SERIES || !o.step || !o.batch ||
            o.percent > 100 || o.port > 65535)
                die("a number is out of range");
        return o;
}

static int64_t start_of(const Options *o, const Clock *clock)
{
        int64_t step_ms = (int64_t)o->step * 1000;
        int64_t now_ms = clock_wall_ms(clock);
        int64_t start_ms = o->start  ? (int64_t)o->start * 1000
                           : o->rate ? now_ms
                                     : now_ms - (int64_t)o->duration * 1000;
        return start_ms - start_ms % step_ms;
}

int main(int argc, char **argv)
{
        Err err;
        Loop *loop;
        RateClock rated;
        Load l = { .o = parse(argc, argv), .arena = arena_new() };
        if (!clock_rate_init(&rated, l.o.rate ? l.o.rate : 1, l.o.anchor * 1000, &err) || !loop_new(&loop, &err) ||
            !http_client_new(loop, 1, &l.client, &err))
                die(err.msg);
        int64_t start_ms = start_of(&l.o, &rated.clock);
        rand_init(&l.rand, l.o.seed);
        l.templates = arena_array(l.arena, Template, l.o.series);
        for (size_t k = 0; k < l.o.series; k++)
                make_template(&l, k, start_ms);
        l.values = arena_array(l.arena, double, l.o.instances *l.o.series);
        l.generations = arena_array(l.arena, uint32_t, l.o.instances);
        for (size_t k = 0; k < l.o.instances * l.o.series; k++)
                l.values[k] = (double)rand_below(&l.rand, 1000000);
        Str url = str_printf(l.arena, "http://127.0.0.1:%" PRIu64 "%s", l.o.port, l.o.path);
        int64_t begun_ns = clock_system()->mono_ns(clock_system());
        run(&l, url, &rated.clock, start_ms);
        printf("{\"samples\":%" PRIu64 ",\"series\":%" PRIu64
               ",\"wall_s\":%.2f,\"server_wait_s\":%.2f,\"sender_cpu_s\":%.2f,"
               "\"sent_bytes\":%" PRIu64 ",\"refused_requests\":%" PRIu64 ",\"first_ms\":%" PRId64 "}\n",
               l.samples, (l.o.instances + l.replaced) * l.o.series,
               (double)(clock_system()->mono_ns(clock_system()) - begun_ns) / 1e9, l.waited_s, proc_cpu_seconds(),
               l.bytes, l.refused, start_ms);
        http_client_free(l.client);
        loop_free(loop);
        buf_done(&l.body);
        buf_done(&l.packed);
        arena_free(l.arena);
        return l.refused != 0;
}
