/* rules/rule_state.h - when rules were last looked at, over restarts. Private. */
#pragma once
#include "statedb/statedb.h"

/* 0: never. */
int64_t rule_state_last_tick(StateDb *db);
void rule_state_note_tick(StateDb *db, int64_t t_ms);
