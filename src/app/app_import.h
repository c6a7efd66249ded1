/* app/app_import.h - `pharos import` and `pharos export`: samples from and to other systems. Return the exit status. */
#pragma once

int app_import_run(int argc, char **argv);
int app_import_export_run(int argc, char **argv);
