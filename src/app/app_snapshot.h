/* app/app_snapshot.h - `pharos tsdb snapshot`. Returns the exit status. */
#pragma once

int app_snapshot_run(int argc, char **argv);
