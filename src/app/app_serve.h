/* app/app_serve.h - `pharos serve`: everything wired together, until a signal ends it. Returns the exit status. */
#pragma once

int app_serve_run(int argc, char **argv);
