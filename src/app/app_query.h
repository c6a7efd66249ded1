/* app/app_query.h - `pharos query`, `series`, `labels`: ask a running server over its API. Return the exit status. */
#pragma once

int app_query_run(int argc, char **argv);
int app_query_series_run(int argc, char **argv);
int app_query_labels_run(int argc, char **argv);
