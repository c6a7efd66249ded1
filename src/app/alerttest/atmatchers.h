/* Golden matchers: a text, what it reads as, or that it is refused. */
#pragma once
#include "app/alerttest/atkind.h"

void atmatchers_run(AtRun *run);
