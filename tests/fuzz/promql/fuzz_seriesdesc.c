#include <stdint.h>

#include "base/arena.h"
#include "base/check.h"
#include "promql/seriesdesc.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        AUTO(arena_free) Arena *arena = arena_new();
        Str line = str_n((const char *)data, size), rest;
        SeriesDesc d;
        Labels labels;
        Err err = { 0 };
        bool ok = seriesdesc_parse(line, arena, &d, &err);
        CHECK(ok || err.msg[0]);
        CHECK(!ok || d.n <= SERIESDESC_MAX_VALUES);
        bool labelled = seriesdesc_parse_labels(line, arena, &labels, &rest, &err);
        CHECK(labelled || !ok);
        CHECK(!ok || labels_eq(labels, d.labels));
        return 0;
}
