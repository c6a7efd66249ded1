/* notify/notify_memory.h - NotifyMemory: what integrations remember from one message to the next: access tokens, where a
 * chat message was posted. Bounded, lost at the program's end but for what is kept. Thread-safe. Private to notify/. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/str.h"
#include "notify/notify.h"

enum { NOTIFY_MEMORY_MAX_ENTRIES = 10000, NOTIFY_MEMORY_MAX_BYTES = 16 << 10 /* of a key or a value */ };

/* Times are of one clock, the callers'. Forgotten at expires_ms; the oldest goes when there are too many. An empty value forgets at once. */
void notify_memory_put(NotifyMemory *memory, Str key, Str value, int64_t expires_ms);
/* What is put with notify_memory_keep goes there, too; what is there is read at once. Before anything is put. */
void notify_memory_set_keep(NotifyMemory *memory, const NotifyKeep *keep);
/* As notify_memory_put, and kept beyond the program's end. What is already remembered so, for longer than half of the time
 * from now_ms to expires_ms, is not written again. */
void notify_memory_keep(NotifyMemory *memory, Str key, Str value, int64_t now_ms, int64_t expires_ms);
/* A copy in arena; false when unknown or expired. memory may be NULL. */
bool notify_memory_get(NotifyMemory *memory, Str key, int64_t now_ms, Arena *arena, Str *ret);
