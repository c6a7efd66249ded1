/* Any bytes as both exposition formats: items tile the text, the fast path reads what the slow path reads, labels and
 * exemplars parse or say why. */
#include "base/check.h"
#include "scrape/expofmt.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void one(Str text, ExpoFormat format)
{
        AUTO(arena_free) Arena *arena = arena_new();
        ExpoParser p;
        Err err;
        expofmt_init(&p, text, format, arena);
        for (unsigned items = 0;; items++) {
                ExpoItem item;
                ExpoParser before = p;
                ExpoKind kind = expofmt_next(&p, &item, &err);
                CHECK(items <= text.n + 1);
                if (kind == EXPO_END || kind == EXPO_BAD)
                        break;
                CHECK(p.at > before.at && p.at <= text.n);
                if (kind != EXPO_SERIES)
                        continue;
                ExpoItem again;
                ExpoKind kind_again;
                ExpoParser fast = before;
                while (fast.at < text.n && fast.text.p + fast.at < item.series.p) /* blank lines and leading blanks */
                        fast.at++;
                if (expofmt_next_known(&fast, item.series, &again, &kind_again, &err)) {
                        CHECK(kind_again == kind && fast.at == p.at && str_eq(again.series, item.series));
                        CHECK(memcmp(&again.value, &item.value, sizeof item.value) == 0 && again.has_t == item.has_t &&
                              again.t_ms == item.t_ms);
                        CHECK(str_eq(again.exemplar, item.exemplar));
                }
                Labels labels;
                if (expofmt_labels(item.series, METRIC_TYPE_HISTOGRAM, arena, &labels, &err))
                        for (size_t i = 1; i < labels.n; i++)
                                CHECK(str_cmp(labels.data[i - 1].name, labels.data[i].name) < 0 &&
                                      labels.data[i].value.n);
                double value;
                bool has_t;
                int64_t t_ms;
                if (item.exemplar.n && !expofmt_exemplar(item.exemplar, arena, &labels, &value, &has_t, &t_ms, &err))
                        CHECK(err.msg[0]);
        }
        ExpoItem item;
        CHECK(expofmt_next(&p, &item, &err) == EXPO_END);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        Str text = str_n((const char *)data, size);
        one(text, EXPO_TEXT);
        one(text, EXPO_OPENMETRICS);
        return 0;
}
