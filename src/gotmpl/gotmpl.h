/* gotmpl/gotmpl.h - Go's text/template (and html/template's escaping) for alert annotations and notifications.
 *
 * Parse once, run many times. Data is a tree of TmplValue; functions are rows of a table that the caller gives. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/str.h"

typedef enum TmplKind {
        TMPL_NIL,
        TMPL_BOOL,
        TMPL_INT,
        TMPL_FLOAT,
        TMPL_STRING,
        TMPL_LIST,
        TMPL_MAP,      /* keys sorted when ranged and printed, in whatever order they are given */
        TMPL_STRUCT,   /* field access only; an unknown field is an error */
        TMPL_OPAQUE,   /* methods only: see TmplType */
        TMPL_TIME,     /* i: seconds since 1970, n: and nanoseconds; opaque: the zone, NULL for UTC */
        TMPL_DURATION, /* i: ns */
} TmplKind;

typedef struct TmplValue TmplValue;
typedef struct TmplType TmplType;
typedef struct TmplRun TmplRun; /* one execution; functions get it for arena and limits */
typedef bool (*TmplFn)(void *ctx, TmplRun *run, const TmplValue *args, size_t n, TmplValue *ret, Err *err);

/* The types of arguments, one letter each; the last one holds for all that follow. NULL: any. Arguments of another type
 * are refused before the call, in Go's words. a any, s string, i int, f float, b bool, l []string, t time.Time,
 * d time.Duration, m map, x []interface {}, q list of samples, p sample. */
typedef const char *TmplArgTypes;

typedef struct TmplMethod {
        const char *name; /* NULL ends */
        int min_args, max_args;
        bool (*call)(TmplRun *run, const TmplValue *self, const TmplValue *args, size_t n, TmplValue *ret, Err *err);
        TmplArgTypes arg_types;
        bool since_1_20;
        int results; /* above 1: Go has it, and a template cannot call it */
} TmplMethod;
struct TmplType {
        const char *go_name;       /* "template.KV": in messages */
        const TmplMethod *methods; /* may be NULL */
        TmplKind elem_kind; /* maps: what a missing key gives with missing_key_zero (a string: ""); TMPL_NIL: nothing */
        void (*print)(Buf *out, const TmplValue *value); /* Go's String method; NULL: as the kind prints */
        bool plain_json;                                 /* a struct whose fields have no names of their own in JSON */
};

struct TmplValue {
        TmplKind kind;
        bool safe_html; /* a string that HTML escaping leaves alone in text */
        bool safe_url;  /* a string that is a URL of any scheme, as safeUrl gives it */
        union {
                bool b;
                int64_t i;
                double f;
        };
        Str s;
        const TmplValue *items; /* TMPL_LIST: n values; TMPL_MAP and TMPL_STRUCT: n values parallel to keys */
        const Str *keys;
        size_t n;
        const TmplType *type; /* methods; NULL: the kind's own (time, duration) */
        const void *opaque;
};

/* Seconds of Go's zero time.Time, the start of year 1. */
#define TMPL_TIME_ZERO_S INT64_C(-62135596800)

static inline TmplValue tmpl_str(Str s) { return (TmplValue){ .kind = TMPL_STRING, .s = s }; }
static inline TmplValue tmpl_int(int64_t i) { return (TmplValue){ .kind = TMPL_INT, .i = i }; }
static inline TmplValue tmpl_float(double f) { return (TmplValue){ .kind = TMPL_FLOAT, .f = f }; }
/* ns: below a second. */
static inline TmplValue tmpl_time(int64_t unix_s, uint32_t ns)
{
        return (TmplValue){ .kind = TMPL_TIME, .i = unix_s, .n = ns };
}
static inline TmplValue tmpl_time_of_ms(int64_t ms)
{
        int64_t s = ms / 1000 - (ms % 1000 < 0);
        return tmpl_time(s, (uint32_t)(ms - s * 1000) * 1000000);
}
static inline TmplValue tmpl_bool(bool b) { return (TmplValue){ .kind = TMPL_BOOL, .b = b }; }

typedef struct TmplFunc {
        const char *name;       /* NULL ends */
        int min_args, max_args; /* max -1: variadic */
        TmplFn call;
        TmplArgTypes arg_types;
} TmplFunc;

typedef struct TmplOptions {
        const TmplFunc *
                funcs; /* beside Go's built-ins (and or not eq ne lt le gt ge len index slice print printf println html js urlquery call) */
        bool html;               /* html/template escaping of pipelines */
        bool missing_key_zero;   /* option("missingkey=zero") */
        bool go_1_19;            /* the language of that time: no range over a number, no "else with", its methods */
        bool old_words;          /* errors in the words of that time */
        bool every_branch;       /* a trial: branches that the data does not take are tried for mistakes of types */
        size_t max_output_bytes; /* 0: 1 MiB */
        size_t max_steps;        /* 0: 1,000,000 nodes executed */
        unsigned max_depth;      /* 0: 100 nested template calls */
        size_t max_memory_bytes; /* 0: 32 MiB taken from the run's arena */
        bool (*expired)(
                void *ctx); /* polled now and then with the run's ctx; true ends the run with ERR_TIMEOUT. May be NULL */
} TmplOptions;

typedef struct TmplSet TmplSet; /* named templates that may call each other; immutable when done adding */
TmplSet *gotmpl_set_new(const TmplOptions *options); /* returns owned; funcs are borrowed */
void gotmpl_set_free(TmplSet *set);
/* Parses text as template `name`, with its {{define}}s. The error has Go's shape: "template: name:line:col: ...". */
MUST_CHECK bool gotmpl_add(TmplSet *set, Str name, Str text, Err *err);
bool gotmpl_has(const TmplSet *set, Str name);
/* Runs template `name` on data ('.' and '$'), appending to out; after a failure out holds what was written before it.
 * ctx goes to the functions. Values that functions make live in arena. Thread-safe: a set is not changed by its runs. */
MUST_CHECK bool gotmpl_run(const TmplSet *set, Str name, const TmplValue *data, void *ctx, Arena *arena, Buf *out,
                           Err *err);
/* Parse and run a loose text that may call the set's templates: Alertmanager's ExecuteTextString. */
MUST_CHECK bool gotmpl_run_text(const TmplSet *set, Str name, Str text, const TmplValue *data, void *ctx, Arena *arena,
                                Buf *out, Err *err);
/* The same, and branches that the data does not take are tried for mistakes of types: see TmplOptions.every_branch. */
MUST_CHECK bool gotmpl_try_text(const TmplSet *set, Str name, Str text, const TmplValue *data, void *ctx, Arena *arena,
                                Buf *out, Err *err);
Arena *gotmpl_arena(TmplRun *run);
bool gotmpl_is_html(const TmplRun *run);
bool gotmpl_has_old_words(const TmplRun *run);
/* fmt.Sprint of one value, as {{ . }} prints it. */
void gotmpl_print(Buf *out, const TmplValue *value);
bool gotmpl_truth(const TmplValue *value);

/* Prometheus' functions for rule annotations (query, first, label, value, strvalue, sortByLabel, humanize, ..., 29 of
 * them). ctx must point to a TmplPromCtx. */
typedef struct TmplPromSample {
        Str *label_names, *label_values;
        size_t n;
        double v;
        const struct Histogram *h; /* NULL: v */
} TmplPromSample;
typedef struct TmplPromCtx {
        bool (*query)(void *self, Str expr, Arena *arena, TmplPromSample **ret, size_t *ret_n,
                      Err *err); /* may be NULL */
        void *self;
        Str external_url, path_prefix;
        int64_t now_ms;
} TmplPromCtx;
extern const TmplFunc gotmpl_prom_funcs[];

/* ---- rule texts: what a label or an annotation of a rule sees as $labels, $externalLabels, $externalURL, $value and as
 * the fields .Labels, .ExternalLabels, .ExternalURL, .Value. Everything is borrowed during the call. */
typedef struct TmplRuleData {
        const Str *label_names, *label_values;
        size_t labels_n;
        const Str *external_names, *external_values;
        size_t external_n;
        Str external_url;
        double value;
        const struct Histogram *histogram; /* what $value is; NULL: value */
        bool as_2_42;                      /* as Prometheus of that time: its language, its words, its title */
} TmplRuleData;
/* Expands one text; *ret lives in arena. name is the template's name in messages ("__alert_" and the alert's name upstream).
 * The error is what the caller puts between "<error expanding template: " and ">". */
MUST_CHECK bool gotmpl_expand_rule(Str name, Str text, const TmplRuleData *data, const TmplPromCtx *ctx, Arena *arena,
                                   Str *ret, Err *err);
/* Parses only: what a loader calls for every label and annotation of a rule file. */
MUST_CHECK bool gotmpl_check_rule(Str name, Str text, Err *err);
/* Runs it on made-up data, every branch: false when it would fail for whatever series, with what to write instead. A text
 * that does not parse is gotmpl_check_rule's business: true. */
MUST_CHECK bool gotmpl_try_rule(Str name, Str text, Err *err);
/* What to write instead, from an error of a rule's or a notification's text: "write .CommonAnnotations"; empty: nobody
 * knows. A constant. */
Str gotmpl_hint(Str error);
/* The labels that a rule text names as $labels.x or .Labels.x, each once, in the order of the text; in arena. */
void gotmpl_rule_labels(Str text, Arena *arena, Str **ret, size_t *ret_n);

/* ---- notification texts: Alertmanager's data and functions. Everything that is passed in is borrowed as long as the
 * values live. */
typedef struct TmplKv { /* a label or annotation set, in any order; prints as "a=b, c=d" */
        const Str *names, *values;
        size_t n;
} TmplKv;
typedef struct TmplAlert {
        bool firing;
        TmplKv labels, annotations;
        TmplValue starts_at, ends_at; /* TMPL_TIME; TMPL_TIME_ZERO_S: not set */
        Str generator_url, fingerprint;
} TmplAlert;
typedef struct TmplAlertData {
        Str receiver, external_url, notification_reason;
        bool firing;
        const TmplAlert *alerts;
        size_t alerts_n;
        TmplKv group_labels, common_labels, common_annotations, route_labels;
        bool as_0_25; /* label sets print as Go maps, lists of names have no Join, the two newer fields are not there */
        bool by_pointer; /* errors call it *template.Data, as in notifications; amtool's texts get the value */
} TmplAlertData;
/* template.Data: what '.' is in a notification's texts. */
TmplValue gotmpl_alert_data(const TmplAlertData *data, Arena *arena);
/* template.KV, for texts that get something else. */
TmplValue gotmpl_alert_kv(TmplKv kv, Arena *arena);
/* A time as JSON has it, in the zone that it names; the zero time where the text is none. */
TmplValue gotmpl_alert_time(Str rfc3339, Arena *arena);

/* ctx of gotmpl_alert_funcs. */
typedef struct TmplAlertCtx {
        int64_t now_ms;
        /* The offset of a zone like "Europe/Paris" at a moment, and its abbreviation; false when unknown. NULL: only UTC. */
        bool (*zone)(void *self, Str name, int64_t unix_s, int32_t *ret_offset_s, char ret_abbreviation[12]);
        void *self;
} TmplAlertCtx;
extern const TmplFunc gotmpl_alert_funcs[], gotmpl_alert_funcs_0_25[];

/* Adds the named templates that receivers use by default: __subject, slack.default.title, email.default.html, ... to a set
 * with gotmpl_alert_funcs. Files added later may define them anew. */
MUST_CHECK bool gotmpl_defaults_add(TmplSet *set, Err *err);
bool gotmpl_defaults_has(Str name);
