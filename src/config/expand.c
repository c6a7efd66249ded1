#include "config/expand.h"

#include <stdlib.h>

#include "base/buf.h"

static Str from_environment(void *arg, Str name)
{
        (void)arg;
        enum { NAME_MAX_BYTES = 256 };
        char z[NAME_MAX_BYTES];
        if (name.n >= sizeof z || memchr(name.p, 0, name.n))
                return (Str){ 0 };
        memcpy(z, name.p, name.n);
        z[name.n] = 0;
        return str_of(getenv(z)); /* NOLINT: nothing here changes the environment while the program runs */
}

ExpandSource expand_environment(void) { return (ExpandSource){ .lookup = from_environment }; }

static bool is_special(char c) { return c != 0 && (strchr("*#$@!?-", c) || (c >= '0' && c <= '9')); }

static bool is_name_char(char c)
{
        return c == '_' || (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* What follows a $ (s.n > 0): the name and the bytes it takes. No name but some bytes: bad syntax, dropped. */
static size_t take_name(Str s, Str *ret)
{
        *ret = (Str){ 0 };
        if (s.p[0] == '{') {
                if (s.n > 2 && is_special(s.p[1]) && s.p[2] == '}') {
                        *ret = str_sub(s, 1, 2);
                        return 3;
                }
                size_t end = str_find_char(s, '}');
                if (end == SIZE_MAX)
                        return 1;
                *ret = str_sub(s, 1, end);
                return end + 1;
        }
        size_t n = is_special(s.p[0]) ? 1 : 0;
        while (!is_special(s.p[0]) && n < s.n && is_name_char(s.p[n]))
                n++;
        *ret = str_sub(s, 0, n);
        return n;
}

Str expand_str(Arena *arena, Str s, ExpandSource source, void (*missing)(void *arg, Str name), void *missing_arg)
{
        if (str_find_char(s, '$') == SIZE_MAX)
                return s;
        Buf out = { .arena = arena };
        Str rest = s;
        for (;;) {
                size_t at = str_find_char(rest, '$');
                if (at == SIZE_MAX || at + 1 == rest.n)
                        break;
                buf_add(&out, rest.p, at);
                Str name;
                size_t taken = take_name(str_sub(rest, at + 1, rest.n), &name);
                if (str_eq(name, STR("$")) || (name.n == 0 && taken == 0)) {
                        buf_char(&out, '$');
                } else if (name.n) {
                        Str value = source.lookup(source.arg, name);
                        buf_str_add(&out, value);
                        if (value.n == 0 && missing)
                                missing(missing_arg, name);
                }
                rest = str_sub(rest, at + 1 + taken, rest.n);
        }
        buf_str_add(&out, rest);
        return buf_str(&out);
}

Labels expand_labels(Arena *arena, Labels labels, ExpandSource source, void (*missing)(void *arg, Str name),
                     void *missing_arg)
{
        LabelsBuilder b;
        labels_builder_init(&b, arena, labels);
        for (size_t i = 0; i < labels.n; i++)
                labels_builder_set(&b, labels.data[i].name,
                                   expand_str(arena, labels.data[i].value, source, missing, missing_arg));
        return labels_builder_build(&b, arena);
}
