#include "config/diag.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/check.h"

/* Enough to repair a file; a generated one with a mistake in every line must not fill memory and screen. */
enum { DIAGS_MAX_KEPT = 200 };

void diags_init(Diags *diags, Arena *arena)
{
        *diags = (Diags){ .arena = arena };
        diags->list.arena = arena;
}

static PRINTF_LIKE(5, 0) void add(Diags *diags, DiagLevel level, Str file, YamlPos pos, const char *fmt, va_list ap)
{
        if (level == DIAG_ERROR)
                diags->errors++;
        if (diags->list.len >= DIAGS_MAX_KEPT)
                return;
        CHECK(fmt != NULL);
        va_list again;
        va_copy(again, ap);
        char probe[256];
        int n = vsnprintf(probe, sizeof probe, fmt, ap);
        size_t len = n < 0 ? 0 : (size_t)n;
        char *text = arena_raw(diags->arena, len + 1, 1);
        vsnprintf(text, len + 1, fmt, again);
        va_end(again);
        vec_push(&diags->list, (Diag){ level, str_dup(diags->arena, file), pos, str_n(text, len) });
}

bool diags_error(Diags *diags, Str file, YamlPos pos, const char *fmt, ...)
{
        va_list ap;
        va_start(ap, fmt);
        add(diags, DIAG_ERROR, file, pos, fmt, ap);
        va_end(ap);
        return false;
}

void diags_warn(Diags *diags, Str file, YamlPos pos, const char *fmt, ...)
{
        va_list ap;
        va_start(ap, fmt);
        add(diags, DIAG_WARNING, file, pos, fmt, ap);
        va_end(ap);
}

void diags_print(Buf *out, const Diags *diags)
{
        size_t shown = 0;
        for (size_t i = 0; i < diags->list.len; i++) {
                const Diag *d = &diags->list.data[i];
                if (d->file.n)
                        buf_printf(out, STR_FMT ":", STR_ARG(d->file));
                if (d->pos.line)
                        buf_printf(out, "%u:%u:", d->pos.line, d->pos.col);
                buf_printf(out, "%s%s: " STR_FMT "\n", d->file.n || d->pos.line ? " " : "",
                           d->level == DIAG_ERROR ? "error" : "warning", STR_ARG(d->message));
                shown += d->level == DIAG_ERROR;
        }
        if (diags->errors > shown)
                buf_printf(out, "... and %zu more errors\n", diags->errors - shown);
}
