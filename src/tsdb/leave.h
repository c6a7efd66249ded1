/* tsdb/leave.h - series leave memory, a thousand under one lock. */
#pragma once
#include "tsdb/head.h"

/* Commits and queries wait for so many series, not for a million. */
enum { LEAVE_STEP = 1024 };

/* Whether the i-th may go. Asked with the commit, the catalog and the series' stripe locked; appenders below `oldest_appender` are closed. */
typedef bool LeaveAsk(const void *ctx, size_t i, Series *s, uint64_t oldest_appender);

/* Takes those of n slots that may go out of the catalog. Returns how many went. */
size_t leave_memory(Tsdb *db, const uint32_t *slots, size_t n, LeaveAsk *may_go, const void *ctx);
