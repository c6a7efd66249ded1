/* codec/json.h - JSON: an appending writer and a parser that gives a tree. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/str.h"

/* ---- writer: keeps commas right; the caller keeps the nesting right (CHECKed). */
enum { JSON_MAX_DEPTH = 64 };
typedef struct JsonWriter {
        Buf *out;
        unsigned depth;
        bool need_comma, after_key;
} JsonWriter;

void json_writer_init(JsonWriter *w, Buf *out);
void json_begin_object(JsonWriter *w);
void json_end_object(JsonWriter *w);
void json_begin_array(JsonWriter *w);
void json_end_array(JsonWriter *w);
void json_key(JsonWriter *w, Str key);
void json_str(JsonWriter *w, Str s);
void json_cstr(JsonWriter *w, const char *z);
void json_i64(JsonWriter *w, int64_t v);
void json_u64(JsonWriter *w, uint64_t v);
void json_double(JsonWriter *w, double v); /* a JSON number; NaN and infinities become null */
void json_bool(JsonWriter *w, bool v);
void json_null(JsonWriter *w);
void json_raw(JsonWriter *w, Str text); /* already valid JSON */
struct JsonValue;
void json_value(JsonWriter *w, const struct JsonValue *v); /* one that was parsed; its numbers as they were written */
// clang-format off
static inline void json_key_str(JsonWriter *w, const char *k, Str v) { json_key(w, str_of(k)); json_str(w, v); }
static inline void json_key_cstr(JsonWriter *w, const char *k, const char *v) { json_key(w, str_of(k)); json_cstr(w, v); }
static inline void json_key_i64(JsonWriter *w, const char *k, int64_t v) { json_key(w, str_of(k)); json_i64(w, v); }
static inline void json_key_u64(JsonWriter *w, const char *k, uint64_t v) { json_key(w, str_of(k)); json_u64(w, v); }
static inline void json_key_double(JsonWriter *w, const char *k, double v) { json_key(w, str_of(k)); json_double(w, v); }
static inline void json_key_bool(JsonWriter *w, const char *k, bool v) { json_key(w, str_of(k)); json_bool(w, v); }
// clang-format on
/* Appends a quoted JSON string; invalid UTF-8 becomes U+FFFD. */
void json_quote(Buf *out, Str s);

/* ---- tree: for small documents (configuration, API bodies, template data). Immutable after parsing. */
typedef enum JsonKind { JSON_NULL, JSON_BOOL, JSON_NUMBER, JSON_STRING, JSON_ARRAY, JSON_OBJECT } JsonKind;
typedef struct JsonValue {
        JsonKind kind;
        bool b;
        double num;
        Str str;                          /* strings: decoded; numbers: as written */
        const struct JsonMember *members; /* objects, in order; a repeated key keeps its last value */
        const struct JsonValue *items;    /* arrays */
        size_t n;
        size_t offset; /* byte position in the text, for errors */
} JsonValue;
typedef struct JsonMember {
        Str key;
        JsonValue value;
} JsonMember;
/* Strict RFC 8259, depth at most JSON_MAX_DEPTH; the error says line:col. Everything lives in arena, text may go. */
MUST_CHECK bool json_parse(Str text, Arena *arena, JsonValue **ret, Err *err);
const JsonValue *json_get(const JsonValue *object, Str key); /* NULL when absent or not an object */
Str json_get_str(const JsonValue *object, Str key);          /* empty when absent or not a string */
int64_t json_get_i64(const JsonValue *object, Str key);      /* 0 when absent or no number; fractions are cut */
bool json_get_bool(const JsonValue *object, Str key);        /* false when absent or no bool */
