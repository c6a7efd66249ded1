/* Golden configurations: whether they load. */
#pragma once
#include "app/alerttest/atkind.h"

void atconfig_run(AtRun *run);
