/* Remote write 1.0 without the socket: bodies made beforehand are decoded and appended; prints samples a CPU second and the memory of a
 * series. usage: bench_ingest [series] [rounds] [dir] */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/vec.h"
#include "codec/proto.h"
#include "codec/snappy.h"
#include "ingest/ingest.h"
#include "os/proc.h"
#include "tsdb/tsdb.h"

enum { BATCH = 10000, PER_INSTANCE = 400, STEP_MS = 15000 };
static ManualClock manual;

static void must(bool ok, const Err *err)
{
        if (ok)
                return;
        fprintf(stderr, "bench_ingest: %s\n", err->msg);
        exit(1);
}

static void put_label(Buf *out, const char *name, const char *value)
{
        size_t at = proto_begin(out, 1);
        proto_put_bytes(out, 1, str_of(name));
        proto_put_bytes(out, 2, str_of(value));
        proto_end(out, at);
}

static void put_series(Buf *out, unsigned i, unsigned round)
{
        char name[64], instance[64];
        unsigned metric = i % PER_INSTANCE;
        snprintf(name, sizeof name, "app_requests_%u_total", metric / 4);
        snprintf(instance, sizeof instance, "host-%05u:9100", i / PER_INSTANCE);
        size_t at = proto_begin(out, 1);
        put_label(out, "__name__", name);
        put_label(out, "endpoint", metric % 2 ? "/api/v1/read" : "/api/v1/write");
        put_label(out, "instance", instance);
        put_label(out, "job", "api");
        put_label(out, "method", metric % 4 < 2 ? "GET" : "POST");
        size_t sample = proto_begin(out, 2);
        proto_put_double(out, 1, (double)((uint64_t)round * (metric + 1) * 3 + (round * 2654435761u + i) % 17));
        proto_put_varint(out, 2, (uint64_t)clock_wall_ms(&manual.clock));
        proto_end(out, sample);
        proto_end(out, at);
}

/* Makes the bodies of one round, then writes them; returns the CPU seconds of the writing. */
static double write_round(IngestRemoteWrite *rw, unsigned series, unsigned round)
{
        AUTO(arena_free) Arena *arena = arena_new();
        AUTO(buf_done) Buf message = { 0 };
        double cpu = 0;
        for (unsigned from = 0; from < series; from += BATCH) {
                AUTO(buf_done) Buf block = { 0 };
                buf_clear(&message);
                for (unsigned i = from; i < series && i < from + BATCH; i++)
                        put_series(&message, i, round);
                snappy_encode(buf_str(&message), &block);
                Err err = { 0 };
                double start = proc_cpu_seconds();
                int status = ingest_remote_write_body(rw, buf_str(&block), arena, &err);
                cpu += proc_cpu_seconds() - start;
                must(status == 204, &err);
        }
        return cpu;
}

int main(int argc, char **argv)
{
        unsigned series = argc > 1 ? (unsigned)atoi(argv[1]) : 40000, rounds = argc > 2 ? (unsigned)atoi(argv[2]) : 60;
        char dir[200], command[256];
        snprintf(dir, sizeof dir, "%s/bench-ingest-%d", argc > 3 ? argv[3] : "/tmp", (int)getpid());
        clock_manual_init(&manual, INT64_C(1700000000000));
        TsdbOptions options = { .dir = dir, .clock = &manual.clock };
        Err err = { 0 };
        Tsdb *db;
        must(tsdb_open(&options, &db, &err), &err);
        IngestRemoteWrite *rw = ingest_remote_write_new(tsdb_engine(db), &manual.clock);
        double cpu = write_round(rw, series, 0);
        TsdbStats s;
        tsdb_stats(db, &s);
        printf("new series: %.0f k per CPU second, %.0f bytes each counted\n", series / cpu / 1e3,
               (double)s.head_bytes / series);
        cpu = 0;
        for (unsigned k = 1; k < rounds; k++) {
                clock_manual_advance_ms(&manual, STEP_MS);
                cpu += write_round(rw, series, k);
        }
        printf("known series: %.2f M samples per CPU second, %.0f ns each\n", series * (rounds - 1.0) / cpu / 1e6,
               cpu * 1e9 / (series * (rounds - 1.0)));
        ingest_remote_write_free(rw);
        tsdb_close(db);
        snprintf(command, sizeof command, "rm -rf '%s'", dir);
        return system(command) != 0;
}
