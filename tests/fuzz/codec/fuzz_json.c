/* What parses can be written again, and parses to the same text then. */
#include "base/check.h"
#include "codec/json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool rewrite(Str text, Buf *out, Arena *arena)
{
        JsonValue *v;
        Err err;
        if (!json_parse(text, arena, &v, &err))
                return false;
        JsonWriter w;
        json_writer_init(&w, out);
        if (v->kind == JSON_NUMBER)
                json_double(&w, v->num);
        else
                json_value(&w, v);
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
