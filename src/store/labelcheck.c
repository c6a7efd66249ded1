/* Why here: an engine that takes what another refuses would make data that cannot move between them. */
#include "store/labelcheck.h"

#include "base/utf8.h"

AppendResult labelcheck_labels(Labels labels, bool need_metric_name)
{
        if (labels.n == 0)
                return APPEND_BAD_LABELS;
        if (labels.n > LABELCHECK_MAX_LABELS)
                return APPEND_LIMIT;
        bool has_name = false;
        for (size_t i = 0; i < labels.n; i++) {
                const Label *l = &labels.data[i];
                if (l->name.n > LABELCHECK_MAX_NAME_BYTES || l->value.n > LABELCHECK_MAX_VALUE_BYTES)
                        return APPEND_LIMIT;
                if (l->name.n == 0 || l->value.n == 0)
                        return APPEND_BAD_LABELS;
                if (i && str_cmp(labels.data[i - 1].name, l->name) >= 0)
                        return APPEND_BAD_LABELS;
                if (!utf8_valid(l->name) || !utf8_valid(l->value))
                        return APPEND_BAD_LABELS;
                has_name = has_name || str_eq(l->name, LABEL_NAME);
        }
        return has_name || !need_metric_name ? APPEND_OK : APPEND_BAD_LABELS;
}
