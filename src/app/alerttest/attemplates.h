/* Golden texts of notifications: templates over recorded data. */
#pragma once
#include "app/alerttest/atkind.h"

void attemplates_run(AtRun *run);
