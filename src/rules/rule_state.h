/* rules/rule_state.h - what rules leave in the state database. Private. */
#pragma once
#include "rules/rule_group.h"

/* When rules were last looked at; 0: never. */
int64_t rule_state_last_tick(StateDb *db);
void rule_state_note_tick(StateDb *db, int64_t t_ms);
/* Deletes the alerts of rules that none of these groups has. db may be NULL. */
void rule_state_drop_unknown(StateDb *db, RuleGroupRun *const *groups, size_t n);
