/* A template text, run with small limits on small data: text mode with the functions of rules, and HTML mode with those of
 * notifications. It must end, within the limits, without a crash. */
#include "base/check.h"
#include "gotmpl/gotmpl.h"

enum { MAX_TEXT = 4096, MAX_OUTPUT = 4096 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool query(void *self, Str expr, Arena *arena, TmplPromSample **ret, size_t *ret_n, Err *err)
{
        (void)self;
        (void)expr;
        (void)err;
        static Str names[] = { STR_INIT("job") }, values[] = { STR_INIT("api") };
        *ret = arena_array(arena, TmplPromSample, 1);
        (*ret)[0] = (TmplPromSample){ names, values, 1, 1.5 };
        *ret_n = expr.n % 2;
        return true;
}

static void run(const TmplFunc *funcs, bool html, Str text, const TmplValue *dot, void *ctx)
{
        Arena *arena = arena_new();
        TmplSet *set = gotmpl_set_new(&(TmplOptions){ .funcs = funcs,
                                                      .html = html,
                                                      .missing_key_zero = true,
                                                      .max_output_bytes = MAX_OUTPUT,
                                                      .max_steps = 2000,
                                                      .max_memory_bytes = 4 << 20 });
        Err err = { 0 };
        Buf out = { .arena = arena };
        if (gotmpl_add(set, STR("t"), text, &err) && gotmpl_run(set, STR("t"), dot, ctx, arena, &out, &err))
                CHECK(out.n <= MAX_OUTPUT);
        else
                CHECK(err.code != ERR_NONE && err.msg[0]);
        gotmpl_set_free(set);
        arena_free(arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        if (size > MAX_TEXT)
                return 0;
        Str text = str_n((const char *)data, size);
        static const Str names[] = { STR_INIT("alertname"), STR_INIT("job") },
                         values[] = { STR_INIT("<Down>"), STR_INIT("javascript:x") };
        Arena *arena = arena_new();
        TmplAlert alert = { .firing = true,
                            .labels = { names, values, 2 },
                            .starts_at = tmpl_time(1, 0),
                            .ends_at = tmpl_time(TMPL_TIME_ZERO_S, 0) };
        TmplValue dot = gotmpl_alert_data(
                &(TmplAlertData){
                        .receiver = STR("r"), .alerts = &alert, .alerts_n = 1, .common_labels = { names, values, 2 } },
                arena);
        TmplPromCtx prom = { .query = query, .now_ms = 1000 };
        TmplAlertCtx alerts = { .now_ms = 2000 };
        run(gotmpl_prom_funcs, false, text, &dot, &prom);
        run(gotmpl_alert_funcs, true, text, &dot, &alerts);
        arena_free(arena);
        return 0;
}
