/* app/app_tsdb_look.h - `pharos tsdb list`, `analyze`, `verify`, `repair`. Return the exit status. */
#pragma once

int app_tsdb_look_list(int argc, char **argv);
int app_tsdb_look_analyze(int argc, char **argv);
int app_tsdb_look_verify(int argc, char **argv);
int app_tsdb_look_repair(int argc, char **argv);
