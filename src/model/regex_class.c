/* Invariants
 * 1. What regex_class_* accepts and refuses is what Go's regexp/syntax with the Perl flags does; error texts name the
 *    same part of the pattern.
 * 2. The text of a class is a PCRE2 class body in which every literal is written as \x{...}: nothing in it can be
 *    read as an operator.
 * 3. \d \w \s and [:names:] are ASCII; \s has no vertical tab. They are spelled out as ranges, so that no PCRE2 option
 *    can change them. */
#include "model/regex_class.h"

#include <ctype.h>

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include "base/buf.h"
#include "base/utf8.h"
#include "base/vec.h"

enum { MAX_RUNE = 0x10ffff, SHOWN_BYTES = 300 };

typedef struct Builder {
        Arena *arena;
        VEC(RegexRange) ranges;
        Buf text;
        bool has_properties;
        bool fold;
} Builder;

bool regex_class_fail(RegexCursor *c, const char *what, size_t from, size_t to)
{
        bool cut = to - from > SHOWN_BYTES;
        return err_set(c->err, ERR_INVALID, "error parsing regexp: %s: `%.*s%s`", what,
                       (int)(cut ? SHOWN_BYTES : to - from), c->pattern.p + from, cut ? "..." : "");
}

bool regex_class_rune(RegexCursor *c, uint32_t *ret)
{
        size_t n = utf8_decode(str_sub(c->pattern, c->at, c->pattern.n), ret);
        if (n == 0)
                return regex_class_fail(c, "invalid UTF-8", c->at, c->pattern.n);
        c->at += n;
        return true;
}

static int hex_digit(char ch)
{
        if (ch >= '0' && ch <= '9')
                return ch - '0';
        if (ch >= 'a' && ch <= 'f')
                return ch - 'a' + 10;
        if (ch >= 'A' && ch <= 'F')
                return ch - 'A' + 10;
        return -1;
}

static bool is_octal(char ch) { return ch >= '0' && ch <= '7'; }

/* Behind \x: two digits, or any number of them in braces. False without an error text: the caller words it. */
static bool hex_escape(RegexCursor *c, uint32_t *ret)
{
        uint32_t r = 0;
        if (regex_class_peek(c, 0) != '{') {
                for (int i = 0; i < 2; i++) {
                        int v = hex_digit(regex_class_peek(c, 0));
                        uint32_t skipped;
                        if (regex_class_more(c) && utf8_decode(str_sub(c->pattern, c->at, c->pattern.n), &skipped))
                                c->at += utf8_decode(str_sub(c->pattern, c->at, c->pattern.n), &skipped);
                        if (v < 0)
                                return false;
                        r = r * 16 + (uint32_t)v;
                }
                *ret = r;
                return true;
        }
        c->at++;
        size_t digits = 0;
        while (regex_class_more(c)) {
                char ch = regex_class_peek(c, 0);
                c->at++;
                if (ch == '}') {
                        *ret = r;
                        return digits > 0;
                }
                int v = hex_digit(ch);
                if (v < 0)
                        return false;
                r = r * 16 + (uint32_t)v;
                if (r > MAX_RUNE)
                        return false;
                digits++;
        }
        return false;
}

bool regex_class_escape(RegexCursor *c, uint32_t *ret)
{
        size_t start = c->at++;
        if (!regex_class_more(c))
                return regex_class_fail(c, "trailing backslash at end of expression", c->at, c->at);
        uint32_t r;
        if (!regex_class_rune(c, &r))
                return false;
        if (r < 0x80 && !isalnum((int)r)) {
                *ret = r;
                return true;
        }
        if (r == '0' || (r >= '1' && r <= '7' && is_octal(regex_class_peek(c, 0)))) {
                uint32_t v = r - '0';
                for (int i = 1; i < 3 && is_octal(regex_class_peek(c, 0)); i++)
                        v = v * 8 + (uint32_t)(c->pattern.p[c->at++] - '0');
                *ret = v;
                return true;
        }
        if (r == 'x' && hex_escape(c, ret))
                return true;
        static const char from[] = "afnrtv";
        static const char to[] = "\a\f\n\r\t\v";
        const char *known = r < 0x80 ? strchr(from, (int)r) : NULL;
        if (known) {
                *ret = (uint32_t)to[known - from];
                return true;
        }
        size_t end = MIN_OF(c->at, c->pattern.n);
        return regex_class_fail(c, "invalid escape sequence", start, end);
}

/* ---- building */

static void add_range(Builder *b, uint32_t from, uint32_t to)
{
        vec_push(&b->ranges, (RegexRange){ from, to });
        if (from == to)
                buf_printf(&b->text, "\\x{%x}", from);
        else
                buf_printf(&b->text, "\\x{%x}-\\x{%x}", from, to);
}

/* Sorted ranges, closed for the two non-ASCII code points that fold to ASCII letters when asked for. */
static void add_ranges(Builder *b, const RegexRange *r, size_t n, bool negated)
{
        uint32_t next = 0;
        bool letters = false;
        for (size_t i = 0; i < n; i++) {
                letters = letters || (r[i].from <= 's' && r[i].to >= 's');
                if (!negated)
                        add_range(b, r[i].from, r[i].to);
                else if (next < r[i].from)
                        add_range(b, next, r[i].from - 1);
                next = r[i].to + 1;
        }
        if (!negated)
                return;
        if (b->fold && letters) {
                static const uint32_t folding[] = { 0x17f /* long s */, 0x212a /* Kelvin */ };
                for (size_t i = 0; i < ARRAY_LEN(folding); i++) {
                        add_range(b, next, folding[i] - 1);
                        next = folding[i] + 1;
                }
        }
        add_range(b, next, MAX_RUNE);
}

typedef struct Named {
        const char *name;
        RegexRange ranges[4];
        size_t n;
} Named;

static const Named NAMED[] = {
        { "alnum", { { '0', '9' }, { 'A', 'Z' }, { 'a', 'z' } }, 3 },
        { "alpha", { { 'A', 'Z' }, { 'a', 'z' } }, 2 },
        { "ascii", { { 0, 0x7f } }, 1 },
        { "blank", { { '\t', '\t' }, { ' ', ' ' } }, 2 },
        { "cntrl", { { 0, 0x1f }, { 0x7f, 0x7f } }, 2 },
        { "digit", { { '0', '9' } }, 1 },
        { "graph", { { '!', '~' } }, 1 },
        { "lower", { { 'a', 'z' } }, 1 },
        { "print", { { ' ', '~' } }, 1 },
        { "punct", { { '!', '/' }, { ':', '@' }, { '[', '`' }, { '{', '~' } }, 4 },
        { "space", { { '\t', '\r' }, { ' ', ' ' } }, 2 },
        { "upper", { { 'A', 'Z' } }, 1 },
        { "word", { { '0', '9' }, { 'A', 'Z' }, { '_', '_' }, { 'a', 'z' } }, 4 },
        { "xdigit", { { '0', '9' }, { 'A', 'F' }, { 'a', 'f' } }, 3 },
};

/* (?i) of a class that holds only one case is both cases, also when it is negated. */
static void add_named(Builder *b, const Named *named, bool negated)
{
        static const RegexRange letters[] = { { 'A', 'Z' }, { 'a', 'z' } };
        bool one_case = !strcmp(named->name, "lower") || !strcmp(named->name, "upper");
        if (b->fold && one_case)
                add_ranges(b, letters, 2, negated);
        else
                add_ranges(b, named->ranges, named->n, negated);
}

/* [:alpha:] inside brackets. *ret_taken is false when there is no ":]" ahead: then it is an ordinary bracket. */
static bool posix_class(RegexCursor *c, Builder *b, bool *ret_taken)
{
        *ret_taken = false;
        Str rest = str_sub(c->pattern, c->at + 2, c->pattern.n);
        size_t end = str_find(rest, STR(":]"));
        if (end == SIZE_MAX)
                return true;
        Str name = str_sub(rest, 0, end);
        bool negated = str_starts(name, STR("^"));
        if (negated)
                name = str_sub(name, 1, name.n);
        for (size_t i = 0; i < ARRAY_LEN(NAMED); i++) {
                if (!str_eq(name, str_of(NAMED[i].name)))
                        continue;
                add_named(b, &NAMED[i], negated);
                c->at += end + 4;
                *ret_taken = true;
                return true;
        }
        return regex_class_fail(c, "invalid character class range", c->at, c->at + end + 4);
}

static bool perl_class(RegexCursor *c, Builder *b)
{
        static const RegexRange digit[] = { { '0', '9' } };
        static const RegexRange space[] = { { '\t', '\n' }, { '\f', '\r' }, { ' ', ' ' } };
        static const RegexRange word[] = { { '0', '9' }, { 'A', 'Z' }, { '_', '_' }, { 'a', 'z' } };
        char letter = regex_class_peek(c, 1);
        switch (letter) {
        case 'd':
        case 'D': add_ranges(b, digit, ARRAY_LEN(digit), letter == 'D'); break;
        case 's':
        case 'S': add_ranges(b, space, ARRAY_LEN(space), letter == 'S'); break;
        case 'w':
        case 'W': add_ranges(b, word, ARRAY_LEN(word), letter == 'W'); break;
        default: return false;
        }
        c->at += 2;
        return true;
}

/* ---- Unicode properties */

static bool is_category(Str name)
{
        static const char *const names[] = {
                "L",  "Lu", "Ll", "Lt", "Lm", "Lo", "M",  "Mn", "Mc", "Me", "N",  "Nd",
                "Nl", "No", "P",  "Pc", "Pd", "Ps", "Pe", "Pi", "Pf", "Po", "S",  "Sm",
                "Sc", "Sk", "So", "Z",  "Zs", "Zl", "Zp", "Cc", "Cf", "Co", "Cs",
        };
        for (size_t i = 0; i < ARRAY_LEN(names); i++)
                if (str_eq(name, str_of(names[i])))
                        return true;
        return false;
}

/* PCRE2 knows the scripts; Go spells them with a capital first letter and underscores, and means the script itself,
 * not its extensions. */
static bool is_script(Str name)
{
        if (name.n < 2 || name.n > 40 || name.p[0] < 'A' || name.p[0] > 'Z')
                return false;
        char text[64] = "\\p{sc:";
        size_t n = strlen(text);
        bool start = true;
        for (size_t i = 0; i < name.n; i++) {
                char ch = name.p[i];
                if (start ? !(ch >= 'A' && ch <= 'Z') : !((ch >= 'a' && ch <= 'z') || ch == '_'))
                        return false;
                start = ch == '_';
                text[n++] = ch;
        }
        text[n++] = '}';
        int code;
        PCRE2_SIZE where;
        pcre2_code *re = pcre2_compile((PCRE2_SPTR)text, n, PCRE2_UTF, &code, &where, NULL);
        pcre2_code_free(re);
        /* Four letters or fewer are usually ISO codes, which Go does not know; these are whole names. */
        static const char *const short_names[] = { "Han",  "Lao",  "Nko",  "Thai", "Cham",  "Mro", "Lisu",
                                                   "Kawi", "Newa", "Toto", "Ahom", "Bamum", "Vai", "Yi" };
        if (!re || name.n > 4)
                return re != NULL;
        for (size_t i = 0; i < ARRAY_LEN(short_names); i++)
                if (str_eq(name, str_of(short_names[i])))
                        return true;
        return false;
}

static void add_property(Builder *b, Str name, bool negated)
{
        char p = negated ? 'P' : 'p';
        b->has_properties = true;
        bool cased = str_eq(name, STR("Lu")) || str_eq(name, STR("Ll")) || str_eq(name, STR("Lt"));
        if (b->fold && cased)
                buf_printf(&b->text, "\\%c{L&}", p); /* folding makes the three cases one */
        else if (is_category(name))
                buf_printf(&b->text, "\\%c{" STR_FMT "}", p, STR_ARG(name));
        else
                buf_printf(&b->text, "\\%c{sc:" STR_FMT "}", p, STR_ARG(name));
}

/* \pN, \p{Greek}, \P{^Greek}: the cursor is on the backslash and p or P follows. */
static bool unicode_class(RegexCursor *c, Builder *b)
{
        size_t start = c->at;
        bool negated = regex_class_peek(c, 1) == 'P';
        c->at += 2;
        Str name;
        if (regex_class_peek(c, 0) != '{') {
                size_t from = c->at;
                uint32_t r;
                if (!regex_class_more(c))
                        return regex_class_fail(c, "invalid character class range", start, c->at);
                if (!regex_class_rune(c, &r))
                        return false;
                name = str_sub(c->pattern, from, c->at);
        } else {
                size_t end = str_find_char(str_sub(c->pattern, start, c->pattern.n), '}');
                if (end == SIZE_MAX)
                        return regex_class_fail(c, "invalid character class range", start, c->pattern.n);
                name = str_sub(c->pattern, c->at + 1, start + end);
                c->at = start + end + 1;
        }
        if (str_starts(name, STR("^"))) {
                negated = !negated;
                name = str_sub(name, 1, name.n);
        }
        if (str_eq(name, STR("Any"))) {
                static const RegexRange all[] = { { 0, MAX_RUNE } };
                if (!negated)
                        add_ranges(b, all, 1, false);
                else
                        b->has_properties = true; /* nothing: an empty body is not a set of strings either */
                return true;
        }
        if (str_eq(name, STR("C"))) {
                /* Go's C leaves out what is not assigned. */
                b->has_properties = true;
                buf_cstr_add(&b->text,
                             negated ? "\\p{L}\\p{M}\\p{N}\\p{P}\\p{S}\\p{Z}\\p{Cn}" : "\\p{Cc}\\p{Cf}\\p{Co}\\p{Cs}");
                return true;
        }
        if (!is_category(name) && !is_script(name))
                return regex_class_fail(c, "invalid character class range", start, c->at);
        add_property(b, name, negated);
        return true;
}

/* A shorthand of any kind; *ret_taken tells whether there was one. */
static bool shorthand(RegexCursor *c, Builder *b, bool *ret_taken)
{
        *ret_taken = false;
        if (regex_class_peek(c, 0) != '\\')
                return true;
        char letter = regex_class_peek(c, 1);
        if (letter == 'p' || letter == 'P') {
                *ret_taken = true;
                return unicode_class(c, b);
        }
        *ret_taken = perl_class(c, b);
        return true;
}

static RegexNode *finish(Builder *b, bool negated)
{
        RegexNode *node = arena_new_of(b->arena, RegexNode);
        *node = (RegexNode){ .op = REGEX_OP_CLASS, .fold = b->fold, .negated = negated, .text = buf_str(&b->text) };
        if (!b->has_properties) {
                node->ranges = b->ranges.data;
                node->ranges_n = b->ranges.len;
        }
        return node;
}

static void begin(Builder *b, Arena *arena, bool fold)
{
        *b = (Builder){ .arena = arena, .fold = fold };
        b->ranges.arena = arena;
        b->text.arena = arena;
}

bool regex_class_shorthand(RegexCursor *c, bool fold, RegexNode **ret_node)
{
        char letter = regex_class_peek(c, 1);
        if (letter == 0 || !strchr("dDsSwWpP", letter))
                return true;
        Builder b;
        begin(&b, c->arena, fold);
        bool taken;
        if (!shorthand(c, &b, &taken))
                return false;
        *ret_node = finish(&b, false);
        return true;
}

static bool class_rune(RegexCursor *c, size_t class_start, uint32_t *ret)
{
        if (!regex_class_more(c))
                return regex_class_fail(c, "missing closing ]", class_start, c->pattern.n);
        return regex_class_peek(c, 0) == '\\' ? regex_class_escape(c, ret) : regex_class_rune(c, ret);
}

static bool class_range(RegexCursor *c, size_t class_start, Builder *b)
{
        size_t from = c->at;
        uint32_t lo;
        if (!class_rune(c, class_start, &lo))
                return false;
        uint32_t hi = lo;
        if (c->pattern.n - c->at >= 2 && regex_class_peek(c, 0) == '-' && regex_class_peek(c, 1) != ']') {
                c->at++;
                if (!class_rune(c, class_start, &hi))
                        return false;
                if (hi < lo)
                        return regex_class_fail(c, "invalid character class range", from, c->at);
        }
        add_range(b, lo, hi);
        return true;
}

bool regex_class_bracket(RegexCursor *c, bool fold, RegexNode **ret_node)
{
        Builder b;
        begin(&b, c->arena, fold);
        size_t start = c->at++;
        bool negated = regex_class_peek(c, 0) == '^';
        if (negated)
                c->at++;
        for (bool first = true; !regex_class_more(c) || regex_class_peek(c, 0) != ']' || first; first = false) {
                bool taken = false;
                if (regex_class_peek(c, 0) == '[' && regex_class_peek(c, 1) == ':' && !posix_class(c, &b, &taken))
                        return false;
                if (!taken && !shorthand(c, &b, &taken))
                        return false;
                if (!taken && !class_range(c, start, &b))
                        return false;
        }
        c->at++;
        *ret_node = finish(&b, negated);
        return true;
}
