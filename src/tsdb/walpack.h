/* tsdb/walpack.h - records of a checkpoint, compressed: labels of neighbours repeat each other. Layout: docs/formats/wal.md. */
#pragma once
#include "base/buf.h"
#include "base/err.h"
#include "tsdb/wal.h"

enum { WALPACK_SECTION = 64 /* kind: the only section of a packed record */ };

/* Replaces the sections of a record that wal_begin_record began by one packed section, when that is shorter. */
void walpack_pack(Buf *record);
/* The sections of a record: *ret is the payload itself, or lies in scratch. ERR_CORRUPT when they cannot be unpacked. */
MUST_CHECK bool walpack_open(Str payload, Buf *scratch, Str *ret, Err *err);
