/* rules/rule_order.h - which rules of a group may run at the same time without anybody seeing a difference. Private. */
#pragma once
#include "rules/rules.h"

/* Steps to do one after the other; the rules of one step are independent of each other. */
typedef struct RuleSteps {
        size_t *rules; /* indices of the group's rules, step by step */
        size_t *ends;  /* where each step ends in rules */
        size_t n;
} RuleSteps;

RuleSteps rule_order_of(const RuleGroup *group, Arena *arena);
