/* Invariants:
 * 1. What the writer produced is one valid JSON text once depth is back at 0, whatever bytes the strings held.
 * 2. The parser accepts exactly RFC 8259 (and so no comments, no trailing commas, no NaN), in UTF-8 without byte order mark.
 * 3. Parsing takes time and memory in proportion to the text: nesting is bounded, arrays are gathered on a shared stack
 *    and stored with their exact size, repeated keys are found by hashing.
 * A lone \ud800 surrogate becomes U+FFFD, as in Go: senders that cut strings in the middle exist. */
#include "codec/json.h"

#include <math.h>
#include <stdio.h>

#include "base/check.h"
#include "base/hash.h"
#include "base/utf8.h"
#include "base/vec.h"
#include "codec/floats.h"

/* ---- writer */

void json_writer_init(JsonWriter *w, Buf *out) { *w = (JsonWriter){ .out = out }; }

static inline void before_value(JsonWriter *w)
{
        if (w->need_comma && !w->after_key)
                buf_char(w->out, ',');
        w->need_comma = true;
        w->after_key = false;
}

static void begin(JsonWriter *w, char c)
{
        CHECK(w->depth < JSON_MAX_DEPTH);
        before_value(w);
        w->depth++;
        w->need_comma = false;
        buf_char(w->out, c);
}

static void end(JsonWriter *w, char c)
{
        CHECK(w->depth > 0 && !w->after_key);
        w->depth--;
        w->need_comma = true;
        buf_char(w->out, c);
}

void json_begin_object(JsonWriter *w) { begin(w, '{'); }
void json_end_object(JsonWriter *w) { end(w, '}'); }
void json_begin_array(JsonWriter *w) { begin(w, '['); }
void json_end_array(JsonWriter *w) { end(w, ']'); }

void json_key(JsonWriter *w, Str key)
{
        CHECK(w->depth > 0 && !w->after_key);
        before_value(w);
        json_quote(w->out, key);
        buf_char(w->out, ':');
        w->after_key = true;
}

void json_str(JsonWriter *w, Str s)
{
        before_value(w);
        json_quote(w->out, s);
}

void json_cstr(JsonWriter *w, const char *z) { json_str(w, str_of(z)); }

void json_i64(JsonWriter *w, int64_t v)
{
        before_value(w);
        buf_i64(w->out, v);
}

void json_u64(JsonWriter *w, uint64_t v)
{
        before_value(w);
        buf_u64(w->out, v);
}

void json_double(JsonWriter *w, double v)
{
        before_value(w);
        if (isfinite(v))
                floats_format_json(w->out, v);
        else
                buf_lit(w->out, "null");
}

void json_bool(JsonWriter *w, bool v) { json_raw(w, v ? STR("true") : STR("false")); }

void json_null(JsonWriter *w) { json_raw(w, STR("null")); }

void json_raw(JsonWriter *w, Str text)
{
        before_value(w);
        buf_str_add(w->out, text);
}

static void add_escape(Buf *out, unsigned char c)
{
        switch (c) {
        case '"':
        case '\\':
                buf_char(out, '\\');
                buf_char(out, (char)c);
                return;
        case '\n': buf_lit(out, "\\n"); return;
        case '\r': buf_lit(out, "\\r"); return;
        case '\t': buf_lit(out, "\\t"); return;
        default:
                buf_lit(out, "\\u00");
                buf_char(out, "0123456789abcdef"[c >> 4]);
                buf_char(out, "0123456789abcdef"[c & 15]);
        }
}

void json_quote(Buf *out, Str s)
{
        buf_reserve(out, s.n + 2);
        buf_char(out, '"');
        size_t run = 0; /* start of bytes that are copied as they are */
        for (size_t i = 0; i < s.n;) {
                unsigned char c = (unsigned char)s.p[i];
                if (LIKELY(c >= 0x20 && c < 0x80 && c != '"' && c != '\\')) {
                        i++;
                        continue;
                }
                uint32_t rune;
                size_t len = c < 0x80 ? 0 : utf8_decode(str_sub(s, i, s.n), &rune);
                if (len) {
                        i += len;
                        continue;
                }
                buf_add(out, s.p + run, i - run);
                if (c < 0x80)
                        add_escape(out, c);
                else
                        utf8_encode(out, UTF8_REPLACEMENT);
                run = ++i;
        }
        if (run < s.n)
                buf_add(out, s.p + run, s.n - run);
        buf_char(out, '"');
}

/* ---- tree */

/* Objects up to this size look for repeated keys one by one. */
enum { SMALL_OBJECT = 16 };

#define MAP_NAME KeyMap
#define MAP_FN_PREFIX key_map
#define MAP_KEY Str
#define MAP_VAL size_t
#define MAP_HASH(k) hash_str(k)
#define MAP_EQ(a, b) str_eq(a, b)
#include "base/map.inc.h"

typedef struct Parser {
        Arena *arena;
        const char *start, *p, *end;
        VEC(JsonValue) values;   /* items of the arrays that are open */
        VEC(JsonMember) members; /* members of the objects that are open */
        Err *err;
} Parser;

static bool parse_value(Parser *ps, unsigned depth, JsonValue *ret);

static bool fail_at(Parser *ps, const char *at, const char *what)
{
        unsigned line = 1;
        const char *line_start = ps->start;
        for (const char *q = ps->start; q < at; q++) {
                if (*q == '\n') {
                        line++;
                        line_start = q + 1;
                }
        }
        size_t col = utf8_length(str_n(line_start, (size_t)(at - line_start))) + 1;
        return err_set(ps->err, ERR_INVALID, "%u:%zu: %s", line, col, what);
}

static bool fail_expected(Parser *ps, const char *want)
{
        char what[96];
        if (ps->p == ps->end)
                snprintf(what, sizeof what, "expected %s, got the end of the text", want);
        else if (*ps->p > 0x20 && *ps->p < 0x7f)
                snprintf(what, sizeof what, "expected %s, got '%c'", want, *ps->p);
        else
                snprintf(what, sizeof what, "expected %s, got byte 0x%02x", want, (unsigned char)*ps->p);
        return fail_at(ps, ps->p, what);
}

static inline void skip_space(Parser *ps)
{
        while (ps->p < ps->end && (*ps->p == ' ' || *ps->p == '\n' || *ps->p == '\t' || *ps->p == '\r'))
                ps->p++;
}

static inline bool at(const Parser *ps, char c) { return ps->p < ps->end && *ps->p == c; }

static bool parse_hex4(Parser *ps, const char *p, uint32_t *ret)
{
        uint32_t v = 0;
        for (int i = 0; i < 4; i++) {
                char c = p + i < ps->end ? p[i] : 0;
                char low = (char)(c | 0x20);
                if (c >= '0' && c <= '9')
                        v = v << 4 | (uint32_t)(c - '0');
                else if (low >= 'a' && low <= 'f')
                        v = v << 4 | (uint32_t)(low - 'a' + 10);
                else
                        return fail_at(ps, p - 2, "\\u needs four hexadecimal digits");
        }
        *ret = v;
        return true;
}

/* Behind \u: the code point, with its second half when it is a surrogate pair. */
static bool parse_unicode_escape(Parser *ps, Buf *out)
{
        uint32_t rune, low;
        if (!parse_hex4(ps, ps->p, &rune))
                return false;
        ps->p += 4;
        if (rune >= 0xd800 && rune < 0xe000) {
                bool pair = rune < 0xdc00 && ps->end - ps->p >= 6 && ps->p[0] == '\\' && ps->p[1] == 'u';
                if (pair && !parse_hex4(ps, ps->p + 2, &low))
                        return false;
                if (pair && low >= 0xdc00 && low < 0xe000) {
                        rune = 0x10000 + ((rune - 0xd800) << 10) + (low - 0xdc00);
                        ps->p += 6;
                } else {
                        rune = UTF8_REPLACEMENT;
                }
        }
        utf8_encode(out, rune);
        return true;
}

static bool parse_escape(Parser *ps, Buf *out)
{
        const char *backslash = ps->p++;
        char c = ps->p < ps->end ? *ps->p++ : 0;
        switch (c) {
        case '"':
        case '\\':
        case '/': buf_char(out, c); return true;
        case 'b': buf_char(out, '\b'); return true;
        case 'f': buf_char(out, '\f'); return true;
        case 'n': buf_char(out, '\n'); return true;
        case 'r': buf_char(out, '\r'); return true;
        case 't': buf_char(out, '\t'); return true;
        case 'u': return parse_unicode_escape(ps, out);
        default: return fail_at(ps, backslash, "unknown escape in a string");
        }
}

/* At the opening quote. Strings without escapes are views of the arena's copy of the text. */
static bool parse_string(Parser *ps, Str *ret)
{
        const char *open = ps->p++, *run = ps->p;
        Buf decoded = { .arena = ps->arena };
        for (;;) {
                while (ps->p < ps->end && *ps->p != '"' && *ps->p != '\\' && (unsigned char)*ps->p >= 0x20)
                        ps->p++;
                if (ps->p == ps->end)
                        return fail_at(ps, open, "this string has no closing quote");
                if ((unsigned char)*ps->p < 0x20)
                        return fail_at(ps, ps->p, "control characters in a string must be escaped");
                if (*ps->p == '"')
                        break;
                if (!decoded.p)
                        buf_reserve(&decoded, (size_t)(ps->p - run) + 32);
                buf_add(&decoded, run, (size_t)(ps->p - run));
                if (!parse_escape(ps, &decoded))
                        return false;
                run = ps->p;
        }
        if (decoded.p)
                buf_add(&decoded, run, (size_t)(ps->p - run));
        *ret = decoded.p ? buf_str(&decoded) : str_n(run, (size_t)(ps->p - run));
        ps->p++;
        return true;
}

static bool skip_digits(Parser *ps)
{
        const char *from = ps->p;
        while (ps->p < ps->end && *ps->p >= '0' && *ps->p <= '9')
                ps->p++;
        return ps->p > from || fail_expected(ps, "a digit");
}

static bool parse_number(Parser *ps, JsonValue *ret)
{
        const char *from = ps->p;
        if (at(ps, '-'))
                ps->p++;
        if (at(ps, '0'))
                ps->p++;
        else if (!skip_digits(ps))
                return false;
        if (at(ps, '.')) {
                ps->p++;
                if (!skip_digits(ps))
                        return false;
        }
        if (at(ps, 'e') || at(ps, 'E')) {
                ps->p++;
                if (at(ps, '+') || at(ps, '-'))
                        ps->p++;
                if (!skip_digits(ps))
                        return false;
        }
        ret->kind = JSON_NUMBER;
        ret->str = str_n(from, (size_t)(ps->p - from));
        return floats_parse(ret->str, &ret->num) || fail_at(ps, from, "this number is out of range");
}

static bool parse_word(Parser *ps, Str word, JsonKind kind, bool b, JsonValue *ret)
{
        if (!str_starts(str_n(ps->p, (size_t)(ps->end - ps->p)), word))
                return fail_expected(ps, "a value");
        ps->p += word.n;
        ret->kind = kind;
        ret->b = b;
        return true;
}

static bool parse_array(Parser *ps, unsigned depth, JsonValue *ret)
{
        size_t base = ps->values.len;
        ps->p++;
        skip_space(ps);
        while (!at(ps, ']')) {
                if (ps->values.len > base) {
                        if (!at(ps, ','))
                                return fail_expected(ps, "',' or ']'");
                        ps->p++;
                }
                JsonValue item = { 0 };
                if (!parse_value(ps, depth, &item))
                        return false;
                vec_push(&ps->values, item);
                skip_space(ps);
        }
        ps->p++;
        size_t n = ps->values.len - base;
        JsonValue *items = arena_raw_array(ps->arena, JsonValue, n);
        if (n)
                memcpy(items, ps->values.data + base, n * sizeof *items);
        ps->values.len = base;
        ret->kind = JSON_ARRAY;
        ret->items = items;
        ret->n = n;
        return true;
}

/* Where key stands among the n members, or n. map is filled only for large objects. */
static size_t find_member(const JsonMember *members, size_t n, KeyMap *map, Str key)
{
        if (n < SMALL_OBJECT) {
                for (size_t i = 0; i < n; i++)
                        if (str_eq(members[i].key, key))
                                return i;
                return n;
        }
        while (map->len < n) {
                size_t i = map->len;
                *key_map_put(map, members[i].key, NULL) = i;
        }
        const size_t *found = key_map_get(map, key);
        return found ? *found : n;
}

static bool parse_member(Parser *ps, unsigned depth, size_t base, KeyMap *map)
{
        JsonMember member = { 0 };
        if (!at(ps, '"'))
                return fail_expected(ps, "a key in quotes");
        if (!parse_string(ps, &member.key))
                return false;
        skip_space(ps);
        if (!at(ps, ':'))
                return fail_expected(ps, "':'");
        ps->p++;
        if (!parse_value(ps, depth, &member.value))
                return false;
        size_t n = ps->members.len - base;
        size_t i = n ? find_member(ps->members.data + base, n, map, member.key) : 0;
        if (i < n)
                ps->members.data[base + i].value = member.value;
        else
                vec_push(&ps->members, member);
        return true;
}

static bool parse_members(Parser *ps, unsigned depth, size_t base, KeyMap *map)
{
        ps->p++;
        skip_space(ps);
        for (bool first = true; !at(ps, '}'); first = false) {
                if (!first) {
                        if (!at(ps, ','))
                                return fail_expected(ps, "',' or '}'");
                        ps->p++;
                        skip_space(ps);
                }
                if (!parse_member(ps, depth, base, map))
                        return false;
                skip_space(ps);
        }
        ps->p++;
        return true;
}

static bool parse_object(Parser *ps, unsigned depth, JsonValue *ret)
{
        size_t base = ps->members.len;
        KeyMap map = { 0 };
        bool ok = parse_members(ps, depth, base, &map);
        key_map_done(&map);
        if (!ok)
                return false;
        size_t n = ps->members.len - base;
        JsonMember *members = arena_raw_array(ps->arena, JsonMember, n);
        if (n)
                memcpy(members, ps->members.data + base, n * sizeof *members);
        ps->members.len = base;
        ret->kind = JSON_OBJECT;
        ret->members = members;
        ret->n = n;
        return true;
}

static bool parse_value(Parser *ps, unsigned depth, JsonValue *ret)
{
        skip_space(ps);
        ret->offset = (size_t)(ps->p - ps->start);
        switch (ps->p < ps->end ? *ps->p : 0) {
        case '{':
        case '[':
                if (depth >= JSON_MAX_DEPTH) {
                        fail_at(ps, ps->p, "nested deeper than 64 levels");
                        ps->err->code = ERR_LIMIT;
                        return false;
                }
                return *ps->p == '{' ? parse_object(ps, depth + 1, ret) : parse_array(ps, depth + 1, ret);
        case '"': ret->kind = JSON_STRING; return parse_string(ps, &ret->str);
        case 't': return parse_word(ps, STR("true"), JSON_BOOL, true, ret);
        case 'f': return parse_word(ps, STR("false"), JSON_BOOL, false, ret);
        case 'n': return parse_word(ps, STR("null"), JSON_NULL, false, ret);
        case '-':
        case '0':
        case '1':
        case '2':
        case '3':
        case '4':
        case '5':
        case '6':
        case '7':
        case '8':
        case '9': return parse_number(ps, ret);
        default: return fail_expected(ps, "a value");
        }
}

static bool check_utf8(Parser *ps)
{
        if (utf8_valid(str_n(ps->start, (size_t)(ps->end - ps->start))))
                return true;
        const char *p = ps->start;
        uint32_t rune;
        for (size_t n; (n = utf8_decode(str_n(p, (size_t)(ps->end - p)), &rune)); p += n) {}
        return fail_at(ps, p, "this is not UTF-8");
}

bool json_parse(Str text, Arena *arena, JsonValue **ret, Err *err)
{
        Str copy = str_dup(arena, text);
        Parser ps = { .arena = arena, .start = copy.p, .p = copy.p, .end = copy.p + copy.n, .err = err };
        JsonValue *root = arena_new_of(arena, JsonValue);
        bool ok = check_utf8(&ps) && parse_value(&ps, 0, root);
        if (ok) {
                skip_space(&ps);
                ok = ps.p == ps.end || fail_expected(&ps, "the end of the text");
        }
        vec_done(&ps.values);
        vec_done(&ps.members);
        if (ok)
                *ret = root;
        return ok;
}

const JsonValue *json_get(const JsonValue *object, Str key)
{
        if (!object || object->kind != JSON_OBJECT)
                return NULL;
        for (size_t i = 0; i < object->n; i++)
                if (str_eq(object->members[i].key, key))
                        return &object->members[i].value;
        return NULL;
}

Str json_get_str(const JsonValue *object, Str key)
{
        const JsonValue *v = json_get(object, key);
        return v && v->kind == JSON_STRING ? v->str : (Str){ NULL, 0 };
}

int64_t json_get_i64(const JsonValue *object, Str key)
{
        const JsonValue *v = json_get(object, key);
        bool fits = v && v->kind == JSON_NUMBER && v->num > -9.2e18 && v->num < 9.2e18;
        return fits ? (int64_t)v->num : 0;
}

bool json_get_bool(const JsonValue *object, Str key)
{
        const JsonValue *v = json_get(object, key);
        return v && v->kind == JSON_BOOL && v->b;
}

void json_value(JsonWriter *w, const JsonValue *v)
{
        switch (v->kind) {
        case JSON_NULL: json_null(w); break;
        case JSON_BOOL: json_bool(w, v->b); break;
        case JSON_NUMBER: json_raw(w, v->str); break;
        case JSON_STRING: json_str(w, v->str); break;
        case JSON_ARRAY:
                json_begin_array(w);
                for (size_t i = 0; i < v->n; i++)
                        json_value(w, &v->items[i]); /* parsing has bounded the depth */
                json_end_array(w);
                break;
        case JSON_OBJECT:
                json_begin_object(w);
                for (size_t i = 0; i < v->n; i++) {
                        json_key(w, v->members[i].key);
                        json_value(w, &v->members[i].value);
                }
                json_end_object(w);
                break;
        }
}
