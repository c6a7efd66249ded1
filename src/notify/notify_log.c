/* log: pharos' own: a line in the log for each alert. */
#include <stddef.h>

#include "notify/notify_kind.h"

typedef struct LogOptions {
        NotifyBase base;
} LogOptions;

static const Option options[] = {
        { "send_resolved", OPT_BOOL, offsetof(NotifyBase, send_resolved), .def = "true",
          .help = "Also tell when alerts are over." },
        OPTION_END,
};
static const OptionTable table = { "log_config", options, sizeof(LogOptions), NULL };
const NotifyKind notify_log_kind = {
        .base = { COMPONENT_NOTIFIER, "log", "Writes a line to the log, for trying things out.", &table, NULL, NULL },
};
