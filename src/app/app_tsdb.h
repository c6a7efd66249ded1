/* app/app_tsdb.h - `pharos tsdb`: looks into data directories that no server has open. Returns the exit status. */
#pragma once

int app_tsdb_run(int argc, char **argv);
