/* app/app_export.h - `pharos export`: samples for other systems. Returns the exit status. */
#pragma once

int app_export_run(int argc, char **argv);
