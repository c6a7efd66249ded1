/* notify/notify_templates.h - the named templates of receivers: the defaults and the files of the configuration. Private. */
#pragma once
#include "config/option.h"
#include "gotmpl/gotmpl.h"
#include "model/notification.h"

enum { NOTIFY_TEMPLATES_MAX_FILE_BYTES = 1 << 20, NOTIFY_TEMPLATES_MAX_FILES = 1000 };

/* Both sets live until ctx->arena is freed. globs: as in the file, relative to its folder; one without a match is fine. False: it
 * reported. */
bool notify_templates_load(const StrList *globs, AlertCompat compat, const OptionCtx *ctx, TmplSet **ret_text,
                           TmplSet **ret_html);
