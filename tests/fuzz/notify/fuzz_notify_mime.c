/* Values of headers, bodies and address lists of mails: nothing ends a line early, every line is short enough. */
#include "base/check.h"
#include "notify/notify_mime.h"

enum { MAX_TEXT = 16 << 10, MAX_LINE = 76 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool has_break(Str s) { return str_find_char(s, '\n') != SIZE_MAX || str_find_char(s, '\r') != SIZE_MAX; }

static void body(Str text, Arena *arena)
{
        Buf out = { .arena = arena };
        notify_mime_quoted_printable(&out, text);
        Str rest = buf_str(&out);
        Str line;
        while (rest.n && str_split_next(&rest, '\n', &line)) {
                bool last = rest.p == NULL;
                CHECK(last || str_ends(line, STR("\r")));
                CHECK(str_find_char(str_sub(line, 0, line.n - !last), '\r') == SIZE_MAX);
                CHECK(line.n - !last <= MAX_LINE);
        }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        if (size > MAX_TEXT)
                return 0;
        Arena *arena = arena_new();
        Str text = str_dup(arena, str_n((const char *)data, size));
        Buf header = { .arena = arena };
        Buf address = { .arena = arena };
        Str *all;
        size_t n;
        Err err;
        notify_mime_header(&header, text);
        CHECK(!has_break(buf_str(&header)));
        notify_mime_address(&address, text);
        CHECK(!has_break(buf_str(&address)));
        body(text, arena);
        if (notify_mime_addresses(text, arena, &all, &n, &err))
                for (size_t i = 0; i < n; i++)
                        CHECK(!has_break(all[i]) && str_find_char(all[i], ' ') == SIZE_MAX &&
                              str_find_char(all[i], '>') == SIZE_MAX && str_find_char(all[i], '@') != SIZE_MAX);
        (void)notify_mime_canonical(arena, text);
        arena_free(arena);
        return 0;
}
