/* model/fingerprint.h - Fingerprint: the stable 64-bit identity of a label set that Prometheus and Alertmanager show:
 * FNV-1a over name 0xff value 0xff in label order. Unlike labels_hash it may be stored and sent. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "model/labels.h"

uint64_t fingerprint_of(Labels labels);
/* 16 lower-case hex digits. */
void fingerprint_print(Buf *out, uint64_t fingerprint);
/* Exactly 16 hex digits. */
bool fingerprint_parse(Str s, uint64_t *ret);
