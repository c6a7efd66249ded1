/* app/app_client.h - what the commands share that ask a running server: their flags, and a call of its HTTP API. */
#pragma once
#include "codec/json.h"

#define APP_CLIENT_URL "http://127.0.0.1:9090"

/* A flag with a value, and where the value goes. */
typedef struct AppClientFlag {
        const char *name;
        const char **value;
} AppClientFlag;

/* argv[*i] is one of these: stores its value and moves *i onto it. False: it is none, or its value is missing, which was printed. */
bool app_client_flag(const AppClientFlag *flags, size_t n_flags, int argc, char **argv, int *i);

typedef struct AppClientCall {
        const char *url;    /* of the server */
        const char *method; /* NULL: GET */
        const char *path;
        Str query;          /* app_client_param made it */
        Str yaml;           /* to send */
        int64_t timeout_ms; /* 0: two minutes */
} AppClientCall;

/* Adds to a query; an empty value adds nothing. */
void app_client_param(Buf *query, const char *name, Str value);
/* *ret: the `data` of the answer; *ret_body: the answer's whole text. Both live in arena. */
MUST_CHECK bool app_client_ask(const AppClientCall *call, Arena *arena, const JsonValue **ret, Str *ret_body, Err *err);
