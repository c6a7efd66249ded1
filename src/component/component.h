/* component/component.h - Component: the one shape of everything that can be configured by name: collectors, notifiers,
 * discoverers, receivers, senders, probes.
 *
 *     const Collector collector_loadavg = {
 *             .base = { .name = "loadavg", .help = "Load averages.", .table = &loadavg_table, .open = loadavg_open,
 * .close = loadavg_close }, .gather = loadavg_gather,
 *     };
 *
 * A component is a constant and one row of a plain array in app/. The option table gives validation with line numbers,
 * `pharos help`, and the reference page. A kind is a struct whose first member is the Component. */
#pragma once
#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/str.h"
#include "component/env.h"
#include "component/metric_sink.h"
#include "config/option.h"
#include "model/alert_msg.h"
#include "model/labels.h"

typedef enum ComponentKind {
        COMPONENT_COLLECTOR,  /* Collector */
        COMPONENT_NOTIFIER,   /* Notifier */
        COMPONENT_DISCOVERER, /* Discoverer */
        COMPONENT_RECEIVER,   /* Receiver */
        COMPONENT_KIND_MAX_,
} ComponentKind;

typedef struct Component {
        ComponentKind kind;
        const char *name;         /* unique within its kind; what the configuration says */
        const char *help;         /* one sentence */
        const OptionTable *table; /* NULL: no options */
        /* options: a bound struct of table, borrowed until close (NULL without a table). *ret_self is passed to
         * everything else; it may stay NULL. Nothing is left behind on failure. */
        bool (*open)(const void *options, const Env *env, void **ret_self, Err *err); /* NULL: no state */
        void (*close)(void *self);                                                    /* may be NULL when open is */
} Component;

/* Measures this machine or a service when asked. */
typedef struct Collector {
        Component base;
        /* Pushes what it measured. On failure, what was pushed before is kept; the others go on. Called by one thread
         * at a time. ERR_UNSUPPORTED: this machine has nothing of the kind, which is no failure. */
        bool (*gather)(void *self, MetricSink *sink, Err *err);
        bool off_by_default;
} Collector;

/* Tells somebody about a group of alerts. */
typedef struct NotifierResult {
        bool ok;
        bool retry; /* worth trying again */
        Err err;
} NotifierResult;
typedef struct NotifierRequest {
        const AlertMsg *alerts; /* borrowed until done is called, as everything here */
        size_t n;
        Labels group_labels;
        Str group_key, receiver;
        int64_t timeout_ms;
} NotifierRequest;
typedef struct Notifier {
        Component base;
        /* Starts sending and returns; done is called once, on the loop thread, perhaps before this returns. */
        void (*send)(void *self, const NotifierRequest *request, void (*done)(void *arg, const NotifierResult *result),
                     void *arg);
} Notifier;

/* Finds targets: whole groups each time, named by their source. */
typedef struct DiscoveredGroup {
        Str source;            /* replaces the earlier group of this name */
        const Labels *targets; /* each has __address__ */
        size_t n;
        Labels labels; /* added to each */
} DiscoveredGroup;
typedef struct Discoverer {
        Component base;
        /* Calls found, on the loop thread, whenever something changed, until close. Groups are borrowed for the call.
         */
        bool (*start)(void *self, void (*found)(void *arg, const DiscoveredGroup *groups, size_t n), void *arg,
                      Err *err);
} Discoverer;

/* Listens for what others send. */
typedef struct Receiver {
        Component base;
        bool (*start)(void *self, Err *err);
} Receiver;

/* "collector", "notifier", ... */
const char *component_kind_name(ComponentKind kind);
/* The one with this kind and name among n rows; NULL when there is none. */
const Component *component_find(const Component *const *rows, size_t n, ComponentKind kind, Str name);
/* "unknown collector 'lodavg': did you mean 'loadavg'?" for a name that component_find did not know. Returns false. */
bool component_unknown(const Component *const *rows, size_t n, ComponentKind kind, Str name, Err *err);
/* Opens with the defaults of its table: options live in arena. */
MUST_CHECK bool component_open_default(const Component *component, Arena *arena, const Env *env, void **ret_self,
                                       Err *err);
/* The error of a component that needs a capability which env lacks. Returns false. */
bool component_need(const Component *component, const char *capability, Err *err);
/* Two rows with the same kind and name, a row without name or help, a kind out of range: the programmer's mistakes, as
 * text for a test; empty Buf when there are none. */
void component_lint(Buf *out, const Component *const *rows, size_t n);
/* One line a component: kind, name, help; then the options of each. Markdown. */
void component_document(Buf *out, const Component *const *rows, size_t n);
