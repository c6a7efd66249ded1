/* os/fault.h - FaultFs: a twin of the file system that fails on purpose, for tests/fault.
 *
 * Wraps another Fs. Counts every write, sync, rename, link, truncate and remove; the n-th of the chosen kind fails. */
#pragma once
#include <stdint.h>

#include "os/file.h"

typedef enum FaultKind {
        FAULT_NONE,
        FAULT_WRITE,
        FAULT_SHORT_WRITE,
        FAULT_SYNC,
        FAULT_RENAME,
        FAULT_OPEN,
        FAULT_REMOVE,
        FAULT_ENOSPC,
        FAULT_KILL, /* the process, as kill -9 does */
} FaultKind;

typedef struct FaultFs {
        Fs fs; /* first: a FaultFs is an Fs */
        const Fs *under;
        FaultKind kind;
        _Atomic int64_t countdown;  /* fails when it reaches 0; FAULT_ENOSPC: bytes left before every write fails */
        bool sticky;                /* goes on failing after the first time */
        _Atomic int64_t operations; /* counted so far: how many points there are to fail at */
} FaultFs;

/* Borrows under. Disarmed; a FaultFs is armed only while no other thread uses it. */
void fault_fs_init(FaultFs *fault, const Fs *under);
/* countdown 1: the next operation of that kind fails. FAULT_WRITE also strikes truncate, FAULT_SYNC also sync_dir,
 * FAULT_RENAME also link; a short write leaves the first half. FAULT_KILL strikes before any of the
 * operations that are counted. FAULT_ENOSPC: countdown bytes fit, then nothing (until armed anew). */
void fault_fs_arm(FaultFs *fault, FaultKind kind, int64_t countdown, bool sticky);
