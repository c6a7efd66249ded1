/* base/err.h - Err: why an operation failed, in words an operator can act on.
 *
 * A function that can fail returns bool and takes the caller's `Err *err` last (never NULL). On failure it fills
 * err and leaves its outputs untouched; on success err is untouched. Messages are lower-case, put names in single
 * quotes, end without a newline. Programs compare `code`, never `msg`. */
#pragma once
#include <stdbool.h>

#include "base/attr.h"

typedef enum ErrCode {
        ERR_NONE,
        ERR_INVALID,     /* the input is wrong: the caller must change it */
        ERR_NOT_FOUND,   /* the named thing does not exist */
        ERR_EXISTS,      /* the named thing exists already, or the place is taken */
        ERR_LIMIT,       /* a named limit was reached */
        ERR_CORRUPT,     /* stored bytes fail their checksum or structure */
        ERR_IO,          /* the operating system said no */
        ERR_TIMEOUT,     /* the deadline passed */
        ERR_CANCELED,    /* the caller went away */
        ERR_UNAVAILABLE, /* not now: try later */
        ERR_UNSUPPORTED, /* understood, but this build or version cannot do it */
        ERR_CODE_MAX_,
} ErrCode;

typedef struct Err {
        ErrCode code;
        char msg[508];
} Err;

/* All three return false, so a failing path is one line: return err_set(...); */
bool err_set(Err *err, ErrCode code, const char *fmt, ...) PRINTF_LIKE(3, 4);
/* Appends ": <strerror(errnum)>"; ENOENT gives ERR_NOT_FOUND, EEXIST and EADDRINUSE ERR_EXISTS, others ERR_IO. */
bool err_sys(Err *err, int errnum, const char *fmt, ...) PRINTF_LIKE(3, 4);
/* Prepends "what I was doing: " and keeps the code. */
bool err_wrap(Err *err, const char *fmt, ...) PRINTF_LIKE(2, 3);
#ifdef __clang_analyzer__
/* The analyzer does not see their bodies, and would follow paths on which a failure is a success. */
#define err_set(...) ((void)err_set(__VA_ARGS__), false)
#define err_sys(...) ((void)err_sys(__VA_ARGS__), false)
#define err_wrap(...) ((void)err_wrap(__VA_ARGS__), false)
#endif
/* "invalid", "not_found", ... for logs. */
const char *err_code_name(ErrCode code);
