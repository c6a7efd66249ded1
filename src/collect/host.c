#include "collect/host.h"

#include <stdarg.h>
#include <stdio.h>

#include "codec/floats.h"

enum { MAX_PATH_BYTES = 4096 };

const char *host_path(Host *host, Str root, const char *fmt, ...)
{
        char tail[MAX_PATH_BYTES];
        va_list args;
        va_start(args, fmt);
        vsnprintf(tail, sizeof tail, fmt, args);
        va_end(args);
        return str_printf(host->arena, STR_FMT "/%s", STR_ARG(root), tail).p;
}

bool host_read(Host *host, const char *path, Str *ret, Err *err)
{
        buf_clear(&host->io);
        if (!file_read_all(host->fs, path, HOST_MAX_FILE_BYTES, &host->io, err))
                return false;
        *ret = str_dup(host->arena, buf_str(&host->io));
        return true;
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

static bool is_blank(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }

bool host_next_word(Str *s, Str *ret)
{
        size_t i = 0;
        while (i < s->n && is_blank(s->p[i]))
                i++;
        size_t from = i;
        while (i < s->n && !is_blank(s->p[i]))
                i++;
        if (i == from)
                return false;
        *ret = str_sub(*s, from, i);
        *s = str_sub(*s, i, s->n);
        return true;
}
