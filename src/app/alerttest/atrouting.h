/* Golden routing: label sets and the receivers that a configuration sends them to. */
#pragma once
#include "app/alerttest/atkind.h"

void atrouting_run(AtRun *run);
