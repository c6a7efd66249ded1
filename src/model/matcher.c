#include "model/matcher.h"

#include "model/quote.h"

static void free_regex(void *arg) { regex_free(arg); }

static bool make(Arena *arena, MatchType type, Str name, Str value, int mode, Matcher *ret, Err *err)
{
        Regex *re = NULL;
        if (type == MATCH_RE || type == MATCH_NRE) {
                if (!regex_compile(value, mode, &re, err))
                        return false;
                arena_defer(arena, free_regex, re);
        }
        *ret = (Matcher){ .type = type, .name = str_dup(arena, name), .value = str_dup(arena, value), .re = re };
        return true;
}

bool matcher_make(Arena *arena, MatchType type, Str name, Str value, Matcher *ret, Err *err)
{
        return make(arena, type, name, value, REGEX_ANCHORED, ret, err);
}

bool matcher_make_alert(Arena *arena, MatchType type, Str name, Str value, Matcher *ret, Err *err)
{
        return make(arena, type, name, value, REGEX_WHOLE, ret, err);
}

bool matcher_matches(const Matcher *m, Str value)
{
        switch (m->type) {
        case MATCH_EQ: return str_eq(m->value, value);
        case MATCH_NE: return !str_eq(m->value, value);
        case MATCH_RE: return regex_match(m->re, value);
        case MATCH_NRE: return !regex_match(m->re, value);
        }
        return false;
}

bool matchers_match(Matchers ms, Labels labels)
{
        for (size_t i = 0; i < ms.n; i++)
                if (!matcher_matches(&ms.data[i], labels_get(labels, ms.data[i].name)))
                        return false;
        return true;
}

void matcher_print(Buf *out, const Matcher *m)
{
        static const char *const operators[] = {
                [MATCH_EQ] = "=", [MATCH_NE] = "!=", [MATCH_RE] = "=~", [MATCH_NRE] = "!~"
        };
        if (labels_name_is_legacy_valid(m->name))
                buf_str_add(out, m->name);
        else
                quote_go(out, m->name);
        buf_cstr_add(out, operators[m->type]);
        quote_go(out, m->value);
}
