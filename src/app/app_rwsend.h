/* app/app_rwsend.h - AppRwsend: a running server as the target of an import: batches go to it by remote write 1.0. */
#pragma once
#include "base/err.h"
#include "store/store.h"

typedef struct AppRwsend AppRwsend;
/* url: http://host:port, or the whole address of a remote write endpoint (a path behind the host). */
MUST_CHECK bool app_rwsend_new(const char *url, AppRwsend **ret, Err *err);
void app_rwsend_free(AppRwsend *rw);
/* Only its appender can be used, by one thread. A commit waits for the answer; it tries again when the server is busy. */
StoreEngine *app_rwsend_engine(AppRwsend *rw);
