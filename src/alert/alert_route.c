/* Keys are part of the outside world: receivers find an incident again by them, so they are Alertmanager's to the byte. */
#include "alert/alert_route.h"

#include "model/quote.h"

/* True when this node or one below it took the alert. */
static bool match_node(const AlertRoute *node, Labels labels, void (*fn)(void *, const AlertRoute *), void *arg)
{
        if (!matchers_match(node->matchers, labels))
                return false;
        bool child_took = false;
        for (size_t i = 0; i < node->n; i++) {
                bool took = match_node(&node->routes[i], labels, fn, arg);
                child_took |= took;
                if (took && !node->routes[i].continue_matching)
                        break;
        }
        if (!child_took)
                fn(arg, node);
        return true;
}

void alert_route_match(const AlertRoute *root, Labels labels, void (*fn)(void *, const AlertRoute *), void *arg)
{
        match_node(root, labels, fn, arg);
}

Labels alert_route_group_labels(const AlertRoute *route, Labels labels, Arena *arena)
{
        if (route->group_by_all)
                return labels;
        LabelsBuilder lb;
        labels_builder_init(&lb, arena, (Labels){ 0 });
        for (size_t i = 0; i < route->group_by.n; i++)
                labels_builder_set(&lb, route->group_by.data[i], labels_get(labels, route->group_by.data[i]));
        return labels_builder_build(&lb, arena);
}

/* As OpenMetrics escapes a label value. */
static void print_escaped(Buf *out, Str s)
{
        for (size_t i = 0; i < s.n; i++) {
                char c = s.p[i];
                if (c == '\n')
                        buf_lit(out, "\\n");
                else if (c == '"' || c == '\\')
                        buf_printf(out, "\\%c", c);
                else
                        buf_char(out, c);
        }
}

/* A name that the unquoted grammar cannot hold. */
static bool is_reserved(Str name)
{
        for (size_t i = 0; i < name.n; i++)
                if (name.p[i] <= ' ' ? name.p[i] >= 0 : strchr("{}!=~,\\\"'`", name.p[i]) != NULL)
                        return true;
        return false;
}

static void print_matchers(Buf *out, Matchers ms)
{
        static const char *const ops[] = { [MATCH_EQ] = "=", [MATCH_NE] = "!=", [MATCH_RE] = "=~", [MATCH_NRE] = "!~" };
        buf_char(out, '{');
        for (size_t i = 0; i < ms.n; i++) {
                const Matcher *m = &ms.data[i];
                bool quoted = is_reserved(m->name);
                if (i)
                        buf_char(out, ',');
                if (quoted)
                        quote_go(out, m->name);
                else
                        buf_str_add(out, m->name);
                buf_cstr_add(out, ops[m->type]);
                if (quoted) {
                        quote_go(out, m->value);
                        continue;
                }
                buf_char(out, '"');
                print_escaped(out, m->value);
                buf_char(out, '"');
        }
        buf_char(out, '}');
}

static bool print_path(Buf *out, const AlertRoute *node, const AlertRoute *target)
{
        size_t mark = out->n;
        if (mark)
                buf_char(out, '/');
        print_matchers(out, node->matchers);
        if (node == target)
                return true;
        for (size_t i = 0; i < node->n; i++)
                if (print_path(out, &node->routes[i], target))
                        return true;
        out->n = mark;
        return false;
}

void alert_route_key(Buf *out, const AlertRoute *root, const AlertRoute *route)
{
        Buf path = { 0 };
        print_path(&path, root, route);
        buf_str_add(out, buf_str(&path));
        buf_done(&path);
}

void alert_route_print_labels(Buf *out, Labels labels)
{
        buf_char(out, '{');
        for (size_t i = 0; i < labels.n; i++) {
                if (i)
                        buf_lit(out, ", ");
                buf_str_add(out, labels.data[i].name);
                buf_char(out, '=');
                quote_go(out, labels.data[i].value);
        }
        buf_char(out, '}');
}

static StrList names_dup(Arena *arena, StrList from)
{
        StrList to = { arena_array(arena, Str, from.n), from.n };
        for (size_t i = 0; i < from.n; i++)
                to.data[i] = str_dup(arena, from.data[i]);
        return to;
}

bool alert_route_copy(const AlertRoute *from, Arena *arena, AlertRoute *ret, Err *err)
{
        *ret = *from;
        ret->receiver = str_dup(arena, from->receiver);
        Matcher *matchers = arena_array(arena, Matcher, from->matchers.n);
        for (size_t i = 0; i < from->matchers.n; i++) {
                const Matcher *m = &from->matchers.data[i];
                if (!matcher_make_alert(arena, m->type, m->name, m->value, &matchers[i], err))
                        return false;
        }
        ret->matchers = (Matchers){ matchers, from->matchers.n };
        ret->group_by = names_dup(arena, from->group_by);
        ret->mute_intervals = names_dup(arena, from->mute_intervals);
        ret->active_intervals = names_dup(arena, from->active_intervals);
        ret->labels = labels_dup(arena, from->labels);
        ret->routes = arena_array(arena, AlertRoute, from->n);
        for (size_t i = 0; i < from->n; i++)
                if (!alert_route_copy(&from->routes[i], arena, &ret->routes[i], err))
                        return false;
        return true;
}
