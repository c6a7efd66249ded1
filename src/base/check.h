/* base/check.h - CHECK(): a broken promise of our own code. On in release builds; aborts with file and line. */
#pragma once
#include "base/attr.h"

#define CHECK(cond) ((void)(LIKELY(cond) || (check_failed(__FILE__, __LINE__, #cond), 0)))

NORETURN void check_failed(const char *file, int line, const char *cond);
