#include "base/err.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#undef err_set
#undef err_sys
#undef err_wrap

bool err_set(Err *err, ErrCode code, const char *fmt, ...)
{
        va_list ap;
        err->code = code;
        va_start(ap, fmt);
        vsnprintf(err->msg, sizeof err->msg, fmt, ap);
        va_end(ap);
        return false;
}

static ErrCode code_of_errno(int errnum)
{
        switch (errnum) {
        case ENOENT: return ERR_NOT_FOUND;
        case EEXIST:
        case EADDRINUSE: return ERR_EXISTS;
        case ETIMEDOUT: return ERR_TIMEOUT;
        default: return ERR_IO;
        }
}

bool err_sys(Err *err, int errnum, const char *fmt, ...)
{
        va_list ap;
        err->code = code_of_errno(errnum);
        va_start(ap, fmt);
        vsnprintf(err->msg, sizeof err->msg, fmt, ap);
        va_end(ap);
        size_t n = strlen(err->msg);
        char tmp[128];
        snprintf(err->msg + n, sizeof err->msg - n, ": %s", strerror_r(errnum, tmp, sizeof tmp));
        return false;
}

bool err_wrap(Err *err, const char *fmt, ...)
{
        char inner[sizeof err->msg];
        memcpy(inner, err->msg, sizeof inner);
        va_list ap;
        va_start(ap, fmt);
        vsnprintf(err->msg, sizeof err->msg, fmt, ap);
        va_end(ap);
        size_t n = strlen(err->msg);
        snprintf(err->msg + n, sizeof err->msg - n, ": %s", inner);
        return false;
}

const char *err_code_name(ErrCode code)
{
        static const char *const names[ERR_CODE_MAX_] = {
                [ERR_NONE] = "none",
                [ERR_INVALID] = "invalid",
                [ERR_NOT_FOUND] = "not_found",
                [ERR_EXISTS] = "exists",
                [ERR_LIMIT] = "limit",
                [ERR_CORRUPT] = "corrupt",
                [ERR_IO] = "io",
                [ERR_TIMEOUT] = "timeout",
                [ERR_CANCELED] = "canceled",
                [ERR_UNAVAILABLE] = "unavailable",
                [ERR_UNSUPPORTED] = "unsupported",
        };
        return (unsigned)code < ERR_CODE_MAX_ ? names[code] : "unknown";
}
