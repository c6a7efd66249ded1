/* The first line is a pattern, the rest a subject. Whatever compiles must answer, and must answer the same on the fast
 * paths of anchored patterns as when the engine searches for the same thing. */
#include "base/check.h"
#include "base/utf8.h"
#include "model/regex.h"

enum { MAX_PATTERN = 200, MAX_SUBJECT = 500 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void compare_with_search(const Regex *anchored, Str subject)
{
        Buf text = { 0 };
        buf_lit(&text, "^(?s:");
        buf_str_add(&text, regex_pattern(anchored));
        buf_lit(&text, ")$");
        Regex *search = NULL;
        Err err = { 0 };
        /* An unfinished \Q takes the closing parenthesis with it. */
        if (regex_compile(buf_str(&text), REGEX_SEARCH, &search, &err)) {
                CHECK(regex_match(search, subject) == regex_match(anchored, subject));
                RegexHints h = regex_hints(anchored);
                for (size_t i = 0; i < h.set_n && i < 20; i++)
                        CHECK(regex_match(search, h.set[i]));
                CHECK(!regex_match(search, subject) || str_starts(subject, h.prefix));
                regex_free(search);
        }
        buf_done(&text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        Str pattern;
        Str subject;
        str_cut(str_n((const char *)data, size), '\n', &pattern, &subject);
        if (pattern.n > MAX_PATTERN || subject.n > MAX_SUBJECT)
                return 0;
        Err err = { 0 };
        Regex *re = NULL;
        if (!regex_compile(pattern, REGEX_ANCHORED, &re, &err)) {
                CHECK(err.msg[0]);
                return 0;
        }
        Str groups[3];
        if (regex_find(re, subject, 0, groups, 3))
                CHECK(regex_match(re, subject) && groups[0].n == subject.n);
        if (utf8_valid(subject))
                compare_with_search(re, subject);
        regex_free(re);
        if (!regex_compile(pattern, REGEX_SEARCH, &re, &err))
                return 0;
        AUTO(buf_done) Buf out = { 0 };
        regex_replace_all(re, subject, STR("<$1$$${name}>"), &out);
        regex_free(re);
        return 0;
}
