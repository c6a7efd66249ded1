/* alert/alert_newer.h - keys of an alertmanager.yml that are newer than Alertmanager 0.25. */
#pragma once
#include <stdbool.h>

#include "config/option.h"

/* Reports each of them as an error; false: there are some. */
bool alert_newer_check(const YamlNode *root, const OptionCtx *ctx);
