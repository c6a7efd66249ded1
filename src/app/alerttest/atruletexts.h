/* Golden texts of rules: annotations over recorded series. */
#pragma once
#include "app/alerttest/atkind.h"

void atruletexts_run(AtRun *run);
