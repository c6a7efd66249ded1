/* os/proc.h - what the system knows about this process and machine, for self metrics. Read from /proc at each call.
 *
 * Values that the system does not tell are 0: a missing /proc is no reason to fail. Thread-safe. */
#pragma once
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/str.h"

uint64_t proc_resident_bytes(void);
uint64_t proc_virtual_bytes(void);
double proc_cpu_seconds(void); /* user and system time of all threads */
uint64_t proc_open_fds(void);
uint64_t proc_max_fds(void); /* the soft limit */
uint64_t proc_threads(void);
double proc_start_time_seconds(void); /* since 1970-01-01 UTC */
size_t proc_cpus(void);               /* usable by this process; at least 1 */
Str proc_hostname(Arena *arena);      /* "localhost" when unknown */
