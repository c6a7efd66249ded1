#include "collect/host.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/num.h"
#include "codec/floats.h"

enum { MAX_TAIL_BYTES = 1024 };

static PRINTF_LIKE(3, 0) const char *join(Host *host, Str root, const char *fmt, va_list args)
{
        char tail[MAX_TAIL_BYTES];
        vsnprintf(tail, sizeof tail, fmt, args);
        return str_printf(host->arena, STR_FMT "/%s", STR_ARG(root), tail).p;
}

const char *host_proc(Host *host, const char *fmt, ...)
{
        va_list args;
        va_start(args, fmt);
        const char *path = join(host, host->options->procfs, fmt, args);
        va_end(args);
        return path;
}

const char *host_sys(Host *host, const char *fmt, ...)
{
        va_list args;
        va_start(args, fmt);
        const char *path = join(host, host->options->sysfs, fmt, args);
        va_end(args);
        return path;
}

bool host_read(Host *host, const char *path, Str *ret, Err *err)
{
        buf_clear(&host->io);
        if (!file_read_all(host->fs, path, HOST_MAX_FILE_BYTES, &host->io, err))
                return false;
        *ret = str_dup(host->arena, buf_str(&host->io));
        return true;
}

bool host_read_optional(Host *host, const char *path, Str *ret, Err *err)
{
        if (host_read(host, path, ret, err))
                return true;
        if (err->code == ERR_NOT_FOUND)
                err->code = ERR_UNSUPPORTED;
        return false;
}

Str host_read_word(Host *host, const char *path)
{
        Str text;
        Err ignored;
        return host_read(host, path, &text, &ignored) ? str_trim(text) : (Str){ 0 };
}

bool host_read_double(Host *host, const char *path, double *ret, Err *err)
{
        Str text;
        if (!host_read(host, path, &text, err))
                return false;
        if (!floats_parse(str_trim(text), ret))
                return err_set(err, ERR_INVALID, "'%s' holds no number", path);
        return true;
}

static int by_number(const void *a, const void *b)
{
        const Str *x = a;
        const Str *y = b;
        if (x->n != y->n)
                return x->n < y->n ? -1 : 1;
        return str_cmp(*x, *y);
}

void host_list_numbered(Host *host, const char *dir, Str prefix, Str **ret_numbers, size_t *ret_n)
{
        Str *names = NULL;
        size_t n = 0;
        size_t kept = 0;
        Err ignored;
        if (host->fs->list(host->fs, dir, host->arena, &names, &n, &ignored)) {
                for (size_t i = 0; i < n; i++) {
                        uint64_t number;
                        Str rest = str_sub(names[i], prefix.n, names[i].n);
                        if (str_starts(names[i], prefix) && num_parse_u64(rest, &number))
                                names[kept++] = rest;
                }
        }
        if (kept)
                qsort(names, kept, sizeof *names, by_number);
        *ret_numbers = names;
        *ret_n = kept;
}

bool host_filter(const Host *host, HostFilter filter, Str s)
{
        return host->filters[filter] && regex_match(host->filters[filter], s);
}

bool host_next_line(Str *text, Str *line)
{
        if (text->n == 0)
                return false;
        str_cut(*text, '\n', line, text);
        return true;
}

static bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

bool host_next_word(Str *s, Str *word)
{
        size_t from = 0;
        while (from < s->n && is_blank(s->p[from]))
                from++;
        size_t to = from;
        while (to < s->n && !is_blank(s->p[to]))
                to++;
        if (to == from)
                return false;
        *word = str_sub(*s, from, to);
        *s = str_sub(*s, to, s->n);
        return true;
}

size_t host_words(Str line, Str *words, size_t max)
{
        size_t n = 0;
        while (n < max && host_next_word(&line, &words[n]))
                n++;
        return n;
}

bool host_number(Str s, double *ret)
{
        uint64_t u;
        if (num_parse_u64(s, &u)) { /* nearly all of them */
                *ret = (double)u;
                return true;
        }
        return floats_parse(s, ret);
}

bool host_hex(Str s, uint64_t *ret)
{
        if (s.n == 0 || s.n > 16)
                return false;
        uint64_t v = 0;
        for (size_t i = 0; i < s.n; i++) {
                char c = s.p[i];
                unsigned digit = c >= '0' && c <= '9'   ? (unsigned)(c - '0')
                                 : c >= 'a' && c <= 'f' ? (unsigned)(c - 'a') + 10
                                 : c >= 'A' && c <= 'F' ? (unsigned)(c - 'A') + 10
                                                        : 16;
                if (digit == 16)
                        return false;
                v = v << 4 | digit;
        }
        *ret = v;
        return true;
}
