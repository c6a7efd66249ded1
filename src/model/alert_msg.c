#include "model/alert_msg.h"

Labels alert_msg_common(const AlertMsg *alerts, size_t n, bool annotations, Arena *arena)
{
        LabelsBuilder lb;
        Labels first = { 0 };
        if (n)
                first = annotations ? alerts[0].annotations : alerts[0].labels;
        labels_builder_init(&lb, arena, first);
        for (size_t i = 1; i < n; i++) {
                Labels other = annotations ? alerts[i].annotations : alerts[i].labels;
                for (size_t k = 0; k < first.n; k++)
                        if (!str_eq(labels_get(other, first.data[k].name), first.data[k].value))
                                labels_builder_del(&lb, first.data[k].name);
        }
        return labels_builder_build(&lb, arena);
}
