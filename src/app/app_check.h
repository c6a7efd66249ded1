/* app/app_check.h - `pharos check FILE...`. Returns the exit status: 0 fine, 1 errors, 2 wrong use. */
#pragma once

int app_check_run(int argc, char **argv);
