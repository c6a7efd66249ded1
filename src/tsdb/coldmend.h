/* tsdb/coldmend.h - what the index of idle series lost with both of its copies, from the parts, which know labels too. */
#pragma once
#include "tsdb/head.h"

/* Indexes every series of the parts that is neither in memory nor in the index. Reads the list of series of every part. Caller holds
 * db->upkeep, or opens the store. */
MUST_CHECK bool coldmend_from_parts(Tsdb *db, Err *err);
