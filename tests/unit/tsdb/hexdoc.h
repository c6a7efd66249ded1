/* tests/unit/tsdb/hexdoc.h - the bytes of the first ```hex block of a page under docs/formats: the documented example is what is tested. */
#pragma once
#include "testing.h"

#include "base/buf.h"
#include "os/file.h"

static inline unsigned hexdoc_digit(char c)
{
        const char *at = c ? strchr("0123456789abcdef", c) : NULL;
        return at ? (unsigned)(at - "0123456789abcdef") : 16;
}

/* Lines are "offset: hex bytes   explanation": two-digit words up to the first that is something else. */
static inline void hexdoc_read(const char *page, Buf *out)
{
        AUTO(buf_done) Buf text = { 0 };
        AUTO(buf_done) Buf path = { 0 };
        Err err;
        const char *root = getenv("PHAROS_SOURCE");
        buf_printf(&path, "%s/docs/formats/%s", root ? root : ".", page);
        assert_ok(file_read_all(fs_system(), buf_cstr(&path), 1 << 20, &text, &err), err);
        size_t start = str_find(buf_str(&text), STR("```hex\n"));
        assert_true(start != SIZE_MAX);
        Str rest = str_sub(buf_str(&text), start + 7, SIZE_MAX), line;
        rest = str_sub(rest, 0, str_find(rest, STR("```")));
        while (str_split_next(&rest, '\n', &line)) {
                Str head, words, word;
                if (!str_cut(line, ':', &head, &words))
                        continue;
                words = str_trim(words);
                while (str_split_next(&words, ' ', &word)) {
                        if (word.n != 2 || hexdoc_digit(word.p[0]) > 15 || hexdoc_digit(word.p[1]) > 15)
                                break;
                        buf_char(out, (char)(hexdoc_digit(word.p[0]) << 4 | hexdoc_digit(word.p[1])));
                }
        }
}
