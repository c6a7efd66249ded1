/* app/app_defaults.h - what is in force when the configuration is silent. Valid for ever. */
#pragma once
#include "base/str.h"

Str app_defaults_prometheus(void);   /* intervals */
Str app_defaults_alertmanager(void); /* one receiver that writes to the log */
Str app_defaults_rules(void);        /* alerts about this machine and pharos itself */
