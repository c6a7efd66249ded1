/* Each case has the results of both grammars and, as `fallback`, which of them the default mode follows. */
#include "app/alerttest/atmatchers.h"

#include "alert/alert_matchers.h"

static bool same(const JsonValue *want, const AlertMatcherVec *got)
{
        static const char *const ops[] = { [MATCH_EQ] = "=", [MATCH_NE] = "!=", [MATCH_RE] = "=~", [MATCH_NRE] = "!~" };
        if (!want || want->n != got->len)
                return false;
        for (size_t i = 0; i < got->len; i++) {
                const JsonValue *w = &want->items[i];
                const Matcher *m = &got->data[i];
                if (w->n != 3 || !str_eq(w->items[0].str, m->name) || !str_eq(w->items[1].str, str_of(ops[m->type])) ||
                    !str_eq(w->items[2].str, m->value))
                        return false;
        }
        return true;
}

/* What one grammar gives: the matchers under `key`, or an error when they are absent. */
static void check(AtRun *run, const JsonValue *c, AlertMatcherMode mode, const char *mode_name, const JsonValue *want)
{
        Str input = json_get_str(c, STR("input"));
        AlertMatcherVec got = { .arena = run->arena };
        Err err;
        bool ok = alert_matchers_parse_mode(input, mode, run->arena, &got, &err);
        Buf why = { .arena = run->arena };
        buf_cstr_add(&why, ok ? "is read as {" : "is refused: ");
        for (size_t i = 0; ok && i < got.len; i++) {
                buf_cstr_add(&why, i ? "," : "");
                matcher_print(&why, &got.data[i]);
        }
        buf_cstr_add(&why, ok ? "}" : err.msg);
        atkind_check(run, want ? ok && same(want, &got) : !ok,
                     str_printf(run->arena, "%s '" STR_FMT "'", mode_name, STR_ARG(input)), buf_str(&why));
}

void atmatchers_run(AtRun *run)
{
        const JsonValue *cases = json_get(run->root, STR("cases"));
        for (size_t i = 0; i < cases->n; i++) {
                const JsonValue *c = &cases->items[i];
                const JsonValue *utf8 = json_get(c, STR("utf8"));
                const JsonValue *classic = json_get(c, STR("classic"));
                Str fallback = json_get_str(c, STR("fallback"));
                check(run, c, ALERT_MATCHERS_UTF8, "utf8", utf8);
                check(run, c, ALERT_MATCHERS_CLASSIC, "classic", classic);
                check(run, c, ALERT_MATCHERS_FALLBACK, "fallback",
                      str_starts(fallback, STR("classic")) ? classic
                      : str_eq(fallback, STR("error"))     ? NULL
                                                           : utf8);
        }
}
