/* The reference page of an option table: one Markdown table a section, nested sections behind it, each once. */
#include "base/vec.h"
#include "config/option.h"
#include "config/option_value.h"

typedef struct Sections {
        VEC(const OptionTable *) seen;
} Sections;

static const char *kind_name(const Option *o)
{
        switch (o->kind) {
        case OPT_BOOL: return "bool";
        case OPT_INT:
        case OPT_UINT: return "integer";
        case OPT_FLOAT: return "number";
        case OPT_STR: return "text";
        case OPT_SECRET: return "secret";
        case OPT_DURATION: return "duration";
        case OPT_BYTES: return "size";
        case OPT_ENUM: return "one of";
        case OPT_STR_LIST: return "list of texts";
        case OPT_LABELS:
        case OPT_TEXTS: return "map of texts";
        case OPT_STRUCT:
        case OPT_STRUCT_PTR: return "section";
        case OPT_STRUCT_LIST: return "list of sections";
        case OPT_MAP_OF_STR_LIST: return "map of lists";
        case OPT_NODE: return "see there";
        case OPT_CUSTOM:
                return o->parse == option_parse_go_duration || o->parse == option_parse_go_nanoseconds ? "duration"
                                                                                                       : "see there";
        case OPT_IGNORED: return "ignored";
        }
        return "";
}

/* A cell must not end the table's row. */
static void put_cell(Buf *out, const char *text)
{
        for (; *text; text++) {
                if (*text == '|')
                        buf_char(out, '\\');
                buf_char(out, *text == '\n' ? ' ' : *text);
        }
}

static void put_row(Buf *out, const Option *o)
{
        buf_printf(out, "| `%s` | %s", o->key, kind_name(o));
        if (o->kind == OPT_ENUM)
                for (size_t i = 0; o->values[i]; i++)
                        buf_printf(out, "%s `%s`", i ? "," : "", o->values[i]);
        if (o->table)
                buf_printf(out, " `%s`", o->table->name);
        buf_lit(out, " | ");
        if (o->required)
                buf_lit(out, "required");
        else if (o->def && *o->def)
                buf_printf(out, "`%s`", o->def);
        buf_lit(out, " | ");
        put_cell(out, o->help ? o->help : "");
        if (o->max > o->min) {
                AUTO(buf_done) Buf low = { 0 };
                AUTO(buf_done) Buf high = { 0 };
                option_value_range(o, &low, &high);
                buf_printf(out, " Between %s and %s.", buf_cstr(&low), buf_cstr(&high));
        }
        buf_lit(out, " |\n");
}

static bool first_visit(Sections *sections, const OptionTable *table)
{
        vec_each(t, &sections->seen)
                if (*t == table)
                        return false;
        vec_push(&sections->seen, table);
        return true;
}

static void document(Buf *out, const OptionTable *table, Sections *sections)
{
        if (!first_visit(sections, table))
                return;
        buf_printf(out, "## %s\n\n| key | kind | default | meaning |\n|---|---|---|---|\n", table->name);
        for (const Option *o = table->options; o->key; o++)
                put_row(out, o);
        buf_char(out, '\n');
        for (const Option *o = table->options; o->key; o++)
                if (o->table)
                        document(out, o->table, sections);
}

void option_document(Buf *out, const OptionTable *table)
{
        Sections sections = { 0 };
        document(out, table, &sections);
        vec_done(&sections.seen);
}
