/* Golden timelines: what happens to alerts and silences, and which notifications go out when. */
#pragma once
#include "app/alerttest/atkind.h"

void attimeline_run(AtRun *run);
