/* app/app_import.h - `pharos import`: samples from other systems. Returns the exit status. */
#pragma once

int app_import_run(int argc, char **argv);
