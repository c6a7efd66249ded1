/* collect-dump [--times N] KEY=VALUE...: one gather of the host with these options (values are YAML), on standard output.
 * With --times: N gathers, and how long they took, on standard error. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "collect/collect.h"

static void die(const char *what)
{
        fprintf(stderr, "collect-dump: %s\n", what);
        exit(2);
}

static void bind_options(int argc, char **argv, Arena *arena, CollectHostOptions *ret)
{
        Buf text = { .arena = arena };
        for (int i = 0; i < argc; i++) {
                Str key, value;
                if (!str_cut(str_of(argv[i]), '=', &key, &value))
                        die("an argument is KEY=VALUE");
                buf_printf(&text, STR_FMT ": " STR_FMT "\n", STR_ARG(key), STR_ARG(value));
        }
        Diags diags;
        diags_init(&diags, arena);
        OptionCtx ctx = { .arena = arena, .diags = &diags, .file = STR("arguments") };
        YamlNode **docs = NULL;
        YamlError *errors = NULL;
        size_t n_docs = 0, n_errors = 0;
        if (text.n && !yaml_parse(buf_str(&text), arena, &docs, &n_docs, &errors, &n_errors))
                die("the arguments are no YAML");
        if (!option_bind(n_docs ? docs[0] : NULL, &collect_host_table, ret, &ctx)) {
                Buf out = { .arena = arena };
                diags_print(&out, &diags);
                die(buf_cstr(&out));
        }
}

int main(int argc, char **argv)
{
        AUTO(arena_free) Arena *arena = arena_new();
        int first = 1;
        long times = 1;
        if (argc > 2 && strcmp(argv[1], "--times") == 0) {
                times = strtol(argv[2], NULL, 10);
                first = 3;
        }
        CollectHostOptions options;
        bind_options(argc - first, argv + first, arena, &options);
        AUTO(collect_host_free) CollectHost *host = NULL;
        Err err;
        if (!collect_host_new(&options, fs_system(), clock_system(), &host, &err))
                die(err.msg);
        AUTO(buf_done) Buf out = { 0 };
        int64_t best_ns = INT64_MAX;
        int64_t start_ns = clock_system()->mono_ns(clock_system());
        for (long i = 0; i < times; i++) {
                int64_t t = clock_system()->mono_ns(clock_system());
                buf_clear(&out);
                if (!collect_host_gather(host, &out, &err))
                        die(err.msg);
                t = clock_system()->mono_ns(clock_system()) - t;
                best_ns = t < best_ns ? t : best_ns;
        }
        if (times > 1)
                fprintf(stderr, "{\"gathers\":%ld,\"mean_us\":%.1f,\"best_us\":%.1f,\"bytes\":%zu}\n", times,
                        (double)(clock_system()->mono_ns(clock_system()) - start_ns) / (double)times / 1e3,
                        (double)best_ns / 1e3, out.n);
        else
                fwrite(out.p, 1, out.n, stdout);
        return 0;
}
