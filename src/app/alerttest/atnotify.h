/* Golden captures: what receivers were sent for alerts that came in steps. */
#pragma once
#include "app/alerttest/atkind.h"

void atnotify_run(AtRun *run);
