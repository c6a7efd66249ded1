/* store/overlay.h - Overlay: one StoreEngine over another: reads see both, writes go to the upper one. For evaluations that
 * must not touch what is stored, such as backtests of rules. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "store/store.h"

typedef struct Overlay Overlay;

/* Both are borrowed. hides: what of the lower store is not seen from since_ms on, because the upper one is to have it; it is
 * asked with a series' labels, from many threads; NULL: nothing. Upper samples are expected to be later than since_ms.
 * Returns owned. */
Overlay *overlay_new(StoreEngine *lower, StoreEngine *upper, int64_t since_ms, bool (*hides)(void *ctx, Labels labels),
                     void *ctx);
void overlay_free(Overlay *overlay);
DEFINE_AUTO(Overlay *, overlay_free);
StoreEngine *overlay_engine(Overlay *overlay); /* borrowed; valid until overlay_free */
