/* app/app_test_rules.h - `pharos test rules`. */
#pragma once
int app_test_rules_run(int argc, char **argv);
