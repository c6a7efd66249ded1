/* tests/lib/testing.h - what every unit test includes: cmocka in its required order, and comparisons of our own values. */
#pragma once
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/str.h"

#define assert_str(actual, expected_literal)                                                                     \
        do {                                                                                                     \
                Str actual_ = (actual);                                                                          \
                Str expected_ = str_of(expected_literal);                                                        \
                if (!str_eq(actual_, expected_))                                                                 \
                        fail_msg("got '" STR_FMT "', want '" STR_FMT "'", STR_ARG(actual_), STR_ARG(expected_)); \
        } while (0)
/* Bit-exact: distinguishes -0 and NaN payloads. */
#define assert_double(actual, expected)                                        \
        do {                                                                   \
                double actual_ = (actual);                                     \
                double expected_ = (expected);                                 \
                if (memcmp(&actual_, &expected_, sizeof actual_) != 0)         \
                        fail_msg("got %.17g, want %.17g", actual_, expected_); \
        } while (0)
#define assert_ok(call, err)                                  \
        do {                                                  \
                if (!(call))                                  \
                        fail_msg("%s: %s", #call, (err).msg); \
        } while (0)
#define assert_contains(haystack, needle)                                             \
        do {                                                                          \
                if (!strstr((haystack), (needle)))                                    \
                        fail_msg("'%s' does not contain '%s'", (haystack), (needle)); \
        } while (0)

/* Where tests keep files: memory if the machine has it, so that thousands of syncs cost nothing. */
#define TEST_DIR(name) (access("/dev/shm", W_OK) == 0 ? "/dev/shm/" name "-XXXXXX" : "/tmp/" name "-XXXXXX")
