/* What Go's decoder says of a body whose members have wrong types: clients and their tests compare the words.
 *
 * Upstream decodes a struct in passes, each over some of the fields, in the text's order. Two things can be wrong:
 * a type, which Alertmanager 0.25 keeps for the end of the pass (the first one is told) and newer ones tell at once;
 * and a time or URI that reads itself, whose error ends the pass at once. */
#include "api/api_am_decode.h"

#include "api/api_am_time.h"

typedef enum FieldKind { FIELD_STRING, FIELD_BOOL, FIELD_TIME, FIELD_URI, FIELD_SET, FIELD_MATCHERS } FieldKind;

typedef struct Field {
        const char *key;
        FieldKind kind;
} Field;

typedef struct Pass {
        const char *name; /* of the struct: empty for one without a name */
        const char *type; /* what stands for it where the whole value is of another type */
        Field fields[8];  /* up to one without a key */
} Pass;

static const Pass ALERT_PASSES[] = {
        { "",
          "struct { Annotations models.LabelSet \"json:\\\"annotations,omitempty\\\"\"; EndsAt strfmt.DateTime "
          "\"json:\\\"endsAt,omitempty\\\"\"; StartsAt strfmt.DateTime \"json:\\\"startsAt,omitempty\\\"\" }",
          { { "annotations", FIELD_SET }, { "endsAt", FIELD_TIME }, { "startsAt", FIELD_TIME } } },
        { "Alert", "models.Alert", { { "generatorURL", FIELD_URI }, { "labels", FIELD_SET } } },
};

static const Pass SILENCE_PASSES[] = {
        { "", "struct { ID string \"json:\\\"id,omitempty\\\"\" }", { { "id", FIELD_STRING } } },
        { "Silence",
          "models.Silence",
          { { "comment", FIELD_STRING },
            { "createdBy", FIELD_STRING },
            { "endsAt", FIELD_TIME },
            { "startsAt", FIELD_TIME },
            { "matchers", FIELD_MATCHERS },
            { "annotations", FIELD_SET } } },
};

static const Field MATCHER_FIELDS[] = {
        { "name", FIELD_STRING }, { "value", FIELD_STRING }, { "isRegex", FIELD_BOOL }, { "isEqual", FIELD_BOOL }
};

typedef struct Decode {
        bool old;
        Buf *why; /* of the first thing that is wrong */
} Decode;

const char *api_am_decode_kind(const JsonValue *v)
{
        static const char *const names[] = { "null", "bool", "number", "string", "array", "object" };
        return names[v->kind];
}

/* True: go on looking, for something that is told before this. */
static bool wrong_type(Decode *d, const JsonValue *v, const char *name, Str path, const char *type)
{
        if (!d->why->n)
                buf_printf(d->why, "json: cannot unmarshal %s into Go struct field %s." STR_FMT " of type %s",
                           api_am_decode_kind(v), name, STR_ARG(str_sub(path, 0, 500)), type);
        return d->old;
}

/* The path of a part within a member: newer ones tell it whole. */
static Str path_of(const Decode *d, const char *key, size_t i, Str part, bool indexed)
{
        Buf b = { .arena = d->why->arena };
        buf_printf(&b, "%s", key);
        if (indexed && !d->old)
                buf_printf(&b, ".%zu", i);
        if (indexed || !d->old)
                buf_printf(&b, "." STR_FMT, STR_ARG(str_sub(part, 0, 300)));
        return buf_str(&b);
}

static bool check_set(Decode *d, const char *name, const char *key, const JsonValue *set)
{
        if (set->kind != JSON_OBJECT)
                return wrong_type(d, set, name, str_of(key), "models.LabelSet");
        for (size_t i = 0; i < set->n; i++) {
                const JsonValue *v = &set->members[i].value;
                if (v->kind == JSON_STRING || v->kind == JSON_NULL)
                        continue;
                if (!wrong_type(d, v, name, path_of(d, key, 0, set->members[i].key, false), "string"))
                        return false;
        }
        return true;
}

static const Field *field_of(const Field *fields, size_t n, Str key)
{
        for (size_t i = 0; i < n && fields[i].key; i++)
                if (str_eq_fold(key, str_of(fields[i].key)))
                        return &fields[i];
        return NULL;
}

static bool check_matcher(Decode *d, size_t i, const JsonValue *m)
{
        if (m->kind == JSON_NULL)
                return true;
        if (m->kind != JSON_OBJECT) {
                if (d->old)
                        return wrong_type(d, m, "Silence", STR("matchers"), "models.Matcher");
                buf_printf(d->why, "json: cannot unmarshal %s into Silence.matchers.%zu of type models.Matcher",
                           api_am_decode_kind(m), i);
                return false;
        }
        for (size_t k = 0; k < m->n; k++) {
                const Field *f = field_of(MATCHER_FIELDS, ARRAY_LEN(MATCHER_FIELDS), m->members[k].key);
                const JsonValue *v = &m->members[k].value;
                if (!f || v->kind == JSON_NULL || v->kind == (f->kind == FIELD_BOOL ? JSON_BOOL : JSON_STRING))
                        continue;
                Str path = path_of(d, "matchers", i, str_of(f->key), true);
                if (!wrong_type(d, v, d->old ? "Matcher" : "Silence", path, f->kind == FIELD_BOOL ? "bool" : "string"))
                        return false;
        }
        return true;
}

static bool check_matchers(Decode *d, const JsonValue *list)
{
        if (list->kind != JSON_ARRAY)
                return wrong_type(d, list, "Silence", STR("matchers"), "models.Matchers");
        for (size_t i = 0; i < list->n; i++)
                if (!check_matcher(d, i, &list->items[i]))
                        return false;
        return true;
}

/* One that reads itself: its error comes before all others of the pass. */
static bool check_text(Decode *d, const char *name, const Field *f, const JsonValue *v)
{
        int64_t t_ms;
        if (v->kind == JSON_STRING && (f->kind == FIELD_URI || api_am_time_parse(v->str, d->old, &t_ms)))
                return true;
        buf_clear(d->why);
        if (v->kind == JSON_STRING)
                api_am_time_why(d->why, v->str, d->old);
        else if (d->old)
                buf_printf(d->why, "json: cannot unmarshal %s into Go struct field %s.%s of type string",
                           api_am_decode_kind(v), name, f->key);
        else
                buf_printf(d->why, "json: cannot unmarshal %s into Go value of type string", api_am_decode_kind(v));
        return false;
}

static bool check_field(Decode *d, const char *name, const Field *f, const JsonValue *v)
{
        switch (f->kind) {
        case FIELD_STRING: return v->kind == JSON_STRING || wrong_type(d, v, name, str_of(f->key), "string");
        case FIELD_BOOL: return v->kind == JSON_BOOL || wrong_type(d, v, name, str_of(f->key), "bool");
        case FIELD_TIME:
        case FIELD_URI: return check_text(d, name, f, v);
        case FIELD_SET: return check_set(d, name, f->key, v);
        case FIELD_MATCHERS: break;
        }
        return check_matchers(d, v);
}

static bool check_passes(Decode *d, const Pass *passes, size_t n_passes, const JsonValue *v)
{
        if (v->kind == JSON_NULL)
                return true;
        if (v->kind != JSON_OBJECT) {
                buf_printf(d->why, "json: cannot unmarshal %s into Go value of type %s", api_am_decode_kind(v),
                           passes[0].type);
                return false;
        }
        for (size_t p = 0; p < n_passes; p++) {
                for (size_t i = 0; i < v->n; i++) {
                        const Field *f = field_of(passes[p].fields, ARRAY_LEN(passes[p].fields), v->members[i].key);
                        if (f && d->old && passes == SILENCE_PASSES && f->kind == FIELD_SET)
                                continue; /* 0.25 knows no annotations of silences */
                        if (f && v->members[i].value.kind != JSON_NULL &&
                            !check_field(d, passes[p].name, f, &v->members[i].value))
                                return false;
                }
                if (d->why->n)
                        return false;
        }
        return true;
}

/* The members under the names of the fields: Go's decoder does not tell capital letters from small ones. */
static void spell(const Field *fields, size_t n, JsonValue *v, Arena *arena)
{
        bool other = false;
        for (size_t i = 0; v->kind == JSON_OBJECT && i < v->n; i++) {
                const Field *f = field_of(fields, n, v->members[i].key);
                other |= f && !str_eq(v->members[i].key, str_of(f->key));
        }
        if (!other)
                return;
        JsonMember *members = arena_array(arena, JsonMember, v->n);
        size_t n_members = 0;
        for (size_t i = 0; i < v->n; i++) {
                const Field *f = field_of(fields, n, v->members[i].key);
                JsonMember m = { f ? str_of(f->key) : v->members[i].key, v->members[i].value };
                size_t at = 0;
                while (at < n_members && !str_eq(members[at].key, m.key))
                        at++;
                members[at] = m;
                n_members += at == n_members;
        }
        v->members = members;
        v->n = n_members;
}

bool api_am_decode_alert(JsonValue *alert, bool old, Buf *why)
{
        Decode d = { old, why };
        if (!check_passes(&d, ALERT_PASSES, ARRAY_LEN(ALERT_PASSES), alert))
                return false;
        for (size_t p = 0; p < ARRAY_LEN(ALERT_PASSES); p++)
                spell(ALERT_PASSES[p].fields, ARRAY_LEN(ALERT_PASSES[p].fields), alert, why->arena);
        return true;
}

bool api_am_decode_silence(JsonValue *silence, bool old, Buf *why)
{
        Decode d = { old, why };
        if (!check_passes(&d, SILENCE_PASSES, ARRAY_LEN(SILENCE_PASSES), silence))
                return false;
        for (size_t p = 0; p < ARRAY_LEN(SILENCE_PASSES); p++)
                spell(SILENCE_PASSES[p].fields, ARRAY_LEN(SILENCE_PASSES[p].fields), silence, why->arena);
        for (size_t i = 0; silence->kind == JSON_OBJECT && i < silence->n; i++) {
                JsonValue list = silence->members[i].value;
                if (!str_eq(silence->members[i].key, STR("matchers")) || !list.n)
                        continue;
                JsonValue *items = arena_array(why->arena, JsonValue, list.n);
                memcpy(items, list.items, list.n * sizeof *items);
                for (size_t k = 0; k < list.n; k++)
                        spell(MATCHER_FIELDS, ARRAY_LEN(MATCHER_FIELDS), &items[k], why->arena);
                JsonMember *members = arena_array(why->arena, JsonMember, silence->n);
                memcpy(members, silence->members, silence->n * sizeof *members);
                members[i].value.items = items;
                silence->members = members;
        }
        return true;
}
