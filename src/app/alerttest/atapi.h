/* Golden API exchanges: requests in order, and what was answered. */
#pragma once
#include "app/alerttest/atkind.h"

void atapi_run(AtRun *run);
