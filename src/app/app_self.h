/* app/app_self.h - pharos' metrics about its own process and store, beside those that the folders declare. */
#pragma once
#include "tsdb/tsdb.h"

/* Registers them; db is borrowed until app_self_stop. Once per process. */
void app_self_start(Tsdb *db);
void app_self_stop(void);
