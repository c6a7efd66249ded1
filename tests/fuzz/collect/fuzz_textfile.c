/* Any bytes as a textfile: families and samples stay within their bounds, and the result can be written. */
#include "collect/textfile.h"

#include "base/check.h"
#include "base/err.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        AUTO(arena_free) Arena *arena = arena_new();
        TextfileFamilies list = { 0 };
        Err err = { 0 };
        if (!textfile_parse(str_n((const char *)data, size), arena, &list, &err)) {
                CHECK(err.code != ERR_NONE && list.len == 0);
                return 0;
        }
        size_t bytes = 0;
        vec_each(f, &list) {
                CHECK((*f)->name.n > 0);
                vec_each(s, &(*f)->samples) {
                        CHECK(s->n <= TEXTFILE_MAX_LABELS + 1);
                        for (size_t i = 0; i < s->n; i++)
                                bytes += s->labels[i].name.n + s->labels[i].value.n;
                }
        }
        return bytes == SIZE_MAX;
}
