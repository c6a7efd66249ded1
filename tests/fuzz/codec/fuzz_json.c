/* What parses can be written again, and parses to the same text then. */
#include "base/check.h"
#include "codec/json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void write_value(JsonWriter *w, const JsonValue *v)
{
        switch (v->kind) {
        case JSON_NULL: json_null(w); break;
        case JSON_BOOL: json_bool(w, v->b); break;
        case JSON_NUMBER: json_double(w, v->num); break;
        case JSON_STRING: json_str(w, v->str); break;
        case JSON_ARRAY:
                json_begin_array(w);
                for (size_t i = 0; i < v->n; i++)
                        write_value(w, &v->items[i]);
                json_end_array(w);
                break;
        case JSON_OBJECT:
                json_begin_object(w);
                for (size_t i = 0; i < v->n; i++) {
                        json_key(w, v->members[i].key);
                        write_value(w, &v->members[i].value);
                }
                json_end_object(w);
                break;
        }
}

static bool rewrite(Str text, Buf *out, Arena *arena)
{
        JsonValue *v;
        Err err;
        if (!json_parse(text, arena, &v, &err))
                return false;
        JsonWriter w;
        json_writer_init(&w, out);
        write_value(&w, v);
        CHECK(w.depth == 0);
        return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        AUTO(arena_free) Arena *arena = arena_new();
        AUTO(buf_done) Buf once = { 0 };
        AUTO(buf_done) Buf twice = { 0 };
        if (rewrite(str_n((const char *)data, size), &once, arena)) {
                CHECK(rewrite(buf_str(&once), &twice, arena));
                CHECK(str_eq(buf_str(&once), buf_str(&twice)));
        }
        AUTO(buf_done) Buf quoted = { 0 };
        json_quote(&quoted, str_n((const char *)data, size));
        JsonValue *v;
        Err err;
        CHECK(json_parse(buf_str(&quoted), arena, &v, &err));
        return 0;
}
