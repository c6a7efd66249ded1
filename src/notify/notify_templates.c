#include "notify/notify_templates.h"

#include <glob.h>

#include "base/check.h"
#include "os/file.h"

static void free_set(void *set) { gotmpl_set_free(set); }

static TmplSet *new_set(bool html, AlertCompat compat, Arena *arena)
{
        bool old = compat == ALERT_COMPAT_AM_0_25;
        TmplOptions options = { .funcs = old ? gotmpl_alert_funcs_0_25 : gotmpl_alert_funcs,
                                .html = html,
                                .missing_key_zero = true,
                                .go_1_19 = old,
                                .old_words = old };
        TmplSet *set = gotmpl_set_new(&options);
        Err err;
        arena_defer(arena, free_set, set);
        CHECK(gotmpl_defaults_add(set, &err)); /* they are part of the program */
        return set;
}

static bool add_file(const char *path, const OptionCtx *ctx, TmplSet *text, TmplSet *html)
{
        Buf content = { .arena = ctx->arena };
        Err err;
        Str file = str_dup(ctx->arena, str_of(path));
        Str name = str_sub(file, str_rfind_char(file, '/') + 1, file.n); /* SIZE_MAX + 1 is 0 */
        if (!file_read_all(fs_system(), path, NOTIFY_TEMPLATES_MAX_FILE_BYTES, &content, &err) ||
            !gotmpl_add(text, name, buf_str(&content), &err) || !gotmpl_add(html, name, buf_str(&content), &err))
                return diags_error(ctx->diags, file, (YamlPos){ 0 }, "%s", err.msg);
        return true;
}

bool notify_templates_load(const StrList *globs, AlertCompat compat, const OptionCtx *ctx, TmplSet **ret_text,
                           TmplSet **ret_html)
{
        TmplSet *text = new_set(false, compat, ctx->arena);
        TmplSet *html = new_set(true, compat, ctx->arena);
        size_t n = 0;
        bool ok = true;
        for (size_t i = 0; globs && i < globs->n; i++) {
                glob_t found;
                const char *pattern = str_dupz(ctx->arena, option_path(ctx, globs->data[i]));
                int rc = glob(pattern, 0, NULL, &found); /* NOLINT: only ~ would look into shared state */
                if (rc != 0)
                        continue;
                for (size_t k = 0; k < found.gl_pathc && n < NOTIFY_TEMPLATES_MAX_FILES; k++, n++)
                        ok &= add_file(found.gl_pathv[k], ctx, text, html);
                globfree(&found);
        }
        if (n == NOTIFY_TEMPLATES_MAX_FILES)
                diags_warn(ctx->diags, ctx->file, (YamlPos){ 0 }, "only the first %d template files are read",
                           NOTIFY_TEMPLATES_MAX_FILES);
        *ret_text = text;
        *ret_html = html;
        return ok;
}
