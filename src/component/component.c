#include "component/component.h"

static const char *const KIND_NAMES[] = { "collector", "notifier", "discoverer", "receiver" };
_Static_assert(ARRAY_LEN(KIND_NAMES) == COMPONENT_KIND_MAX_, "a name for each kind");

const char *component_kind_name(ComponentKind kind)
{
        return (size_t)kind < ARRAY_LEN(KIND_NAMES) ? KIND_NAMES[kind] : "component";
}

const Component *component_find(const Component *const *rows, size_t n, ComponentKind kind, Str name)
{
        for (size_t i = 0; i < n; i++)
                if (rows[i]->kind == kind && str_eq(str_of(rows[i]->name), name))
                        return rows[i];
        return NULL;
}

bool component_unknown(const Component *const *rows, size_t n, ComponentKind kind, Str name, Err *err)
{
        enum { NEAR = 3 };
        const char *best = NULL;
        unsigned best_distance = NEAR + 1;
        for (size_t i = 0; i < n; i++) {
                if (rows[i]->kind != kind)
                        continue;
                unsigned d = str_distance(name, str_of(rows[i]->name), NEAR);
                if (d < best_distance) {
                        best = rows[i]->name;
                        best_distance = d;
                }
        }
        if (best)
                return err_set(err, ERR_NOT_FOUND, "unknown %s '" STR_FMT "': did you mean '%s'?",
                               component_kind_name(kind), STR_ARG(name), best);
        return err_set(err, ERR_NOT_FOUND, "unknown %s '" STR_FMT "'", component_kind_name(kind), STR_ARG(name));
}

bool component_open_default(const Component *component, Arena *arena, const Env *env, void **ret_self, Err *err)
{
        void *options = NULL;
        if (component->table) {
                options = arena_alloc(arena, component->table->size, _Alignof(max_align_t));
                option_defaults(component->table, options, arena);
        }
        void *self = NULL;
        if (component->open && !component->open(options, env, &self, err))
                return err_wrap(err, "%s '%s'", component_kind_name(component->kind), component->name);
        *ret_self = self;
        return true;
}

bool component_need(const Component *component, const char *capability, Err *err)
{
        return err_set(err, ERR_UNAVAILABLE, "%s '%s' needs the capability '%s', which is not there",
                       component_kind_name(component->kind), component->name, capability);
}

void component_lint(Buf *out, const Component *const *rows, size_t n)
{
        for (size_t i = 0; i < n; i++) {
                const Component *c = rows[i];
                if (!c->name || !*c->name || !c->help || !*c->help || (unsigned)c->kind >= COMPONENT_KIND_MAX_) {
                        buf_printf(out, "row %zu: a name, a help text and a kind are needed\n", i);
                        continue;
                }
                if (c->open && !c->close)
                        buf_printf(out, "%s '%s': open without close\n", component_kind_name(c->kind), c->name);
                for (size_t k = 0; k < i; k++)
                        if (rows[k]->name && rows[k]->kind == c->kind && !strcmp(rows[k]->name, c->name))
                                buf_printf(out, "%s '%s': twice\n", component_kind_name(c->kind), c->name);
        }
}

void component_document(Buf *out, const Component *const *rows, size_t n)
{
        for (size_t kind = 0; kind < COMPONENT_KIND_MAX_; kind++) {
                for (size_t i = 0; i < n; i++) {
                        const Component *c = rows[i];
                        if (c->kind != (ComponentKind)kind)
                                continue;
                        buf_printf(out, "# %s %s\n\n%s\n\n", component_kind_name(c->kind), c->name, c->help);
                        if (c->table)
                                option_document(out, c->table);
                }
        }
}
