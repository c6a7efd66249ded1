/* tsdb/headappend.h - the appenders of a Tsdb: judge, log, apply. */
#pragma once
#include "tsdb/head.h"

Appender *headappend_open(StoreEngine *engine);
void headappend_free_all(Tsdb *db);
/* Ids below it belong to appenders that are closed. */
uint64_t headappend_oldest(Tsdb *db);
uint64_t headappend_newest(Tsdb *db); /* the highest id that was given */
