/* Invariants
 * 1. A field that is bound without an error holds what the file says; every other field holds its default.
 * 2. Binding never stops at the first mistake: each key is looked at, each nested section too.
 * 3. A table is code: a default that its own kind refuses aborts (CHECK), it is not reported to the user.
 * 4. Recursion follows the document, whose depth the YAML reader bounds; a table may contain itself behind a list. */
#include "config/option.h"

#include "base/check.h"
#include "config/option_value.h"
#include "os/file.h"

enum { SHOWN_KEYS = 12 /* of a section, to one who wrote another */ };

static void set_default(const Option *o, void *self, const OptionCtx *ctx);

static void *field_of(const Option *o, void *self) { return (char *)self + o->offset; }

static void set_defaults(const OptionTable *table, void *self, const OptionCtx *ctx)
{
        memset(self, 0, table->size);
        for (const Option *o = table->options; o->key; o++)
                set_default(o, self, ctx);
}

/* ---- nested sections */

static bool bind_section(const YamlNode *node, const OptionTable *table, void *self, const OptionCtx *ctx);

static void *new_struct(const OptionTable *table, size_t n, const OptionCtx *ctx)
{
        return arena_alloc(ctx->arena, n * table->size, _Alignof(max_align_t));
}

static bool bind_list(const YamlNode *node, const Option *o, void *field, const OptionCtx *ctx)
{
        if (node->kind != YAML_SEQ)
                return diags_error(ctx->diags, ctx->file, node->pos, "'%s' needs a list", o->key);
        StructList list = { new_struct(o->table, node->n, ctx), node->n };
        bool ok = true;
        list.n = 0;
        for (size_t i = 0; i < node->n; i++) {
                const YamlNode *item = node->items[i];
                if (item->kind != YAML_NULL)
                        ok = bind_section(item, o->table, (char *)list.data + list.n++ * o->table->size, ctx) && ok;
                else if (o->null_entries)
                        diags_warn(ctx->diags, ctx->file, item->pos, "empty or null entry in '%s': it is passed over",
                                   o->key);
                else
                        ok = diags_error(ctx->diags, ctx->file, item->pos, "empty or null entry in '%s'", o->key);
        }
        *(StructList *)field = list;
        return ok;
}

static bool bind_value(const YamlNode *node, const Option *o, void *self, const OptionCtx *ctx)
{
        void *field = field_of(o, self);
        switch (o->kind) {
        case OPT_BOOL:
        case OPT_INT:
        case OPT_UINT:
        case OPT_FLOAT:
        case OPT_STR:
        case OPT_SECRET:
        case OPT_DURATION:
        case OPT_BYTES:
        case OPT_ENUM: return option_value_scalar(node, o, field, ctx);
        case OPT_STR_LIST: return option_value_str_list(node, o->key, field, ctx);
        case OPT_LABELS: return option_value_labels(node, o->key, false, field, ctx);
        case OPT_TEXTS: return option_value_labels(node, o->key, true, field, ctx);
        case OPT_MAP_OF_STR_LIST: return option_value_params(node, o->key, field, ctx);
        case OPT_STRUCT: return bind_section(node, o->table, field, ctx);
        case OPT_STRUCT_PTR: {
                void *section = new_struct(o->table, 1, ctx);
                *(void **)field = section;
                return bind_section(node, o->table, section, ctx);
        }
        case OPT_STRUCT_LIST: return bind_list(node, o, field, ctx);
        case OPT_NODE: *(const YamlNode **)field = node; return true;
        case OPT_CUSTOM: return o->parse(field, node, ctx);
        case OPT_IGNORED:
                diags_warn(ctx->diags, ctx->file, node->pos, "'%s' has no effect here: %s", o->key,
                           o->help ? o->help : "not needed");
                return true;
        }
        return true;
}

const Option *option_find(const OptionTable *table, Str key)
{
        for (const Option *o = table->options; o->key; o++)
                if (str_eq(str_of(o->key), key))
                        return o;
        return NULL;
}

static bool unknown_key(const YamlPair *pair, const OptionTable *table, const OptionCtx *ctx)
{
        VEC(const char *) names = { .arena = ctx->arena };
        for (const Option *o = table->options; o->key; o++)
                vec_push(&names, o->key);
        const char *near = option_value_nearest(pair->key, names.data, names.len);
        Str shown = str_sub(pair->key, 0, 80);
        if (near)
                return diags_error(ctx->diags, ctx->file, pair->key_pos,
                                   "unknown key '" STR_FMT "': did you mean '%s'?", STR_ARG(shown), near);
        Buf known = { .arena = ctx->arena };
        for (size_t i = 0; i < names.len && i < SHOWN_KEYS; i++)
                buf_printf(&known, "%s%s", i ? ", " : "", names.data[i]);
        return diags_error(ctx->diags, ctx->file, pair->key_pos, "unknown key '" STR_FMT "' in '%s': its keys are %s%s",
                           STR_ARG(shown), table->name, buf_cstr(&known), names.len > SHOWN_KEYS ? ", ..." : "");
}

static bool check_required(const YamlNode *node, const OptionTable *table, const OptionCtx *ctx)
{
        bool ok = true;
        for (const Option *o = table->options; o->key; o++) {
                if (!o->required)
                        continue;
                const YamlNode *value = yaml_get(node, str_of(o->key));
                if (!value || value->kind == YAML_NULL)
                        ok = diags_error(ctx->diags, ctx->file, node->pos, "'%s' needs the key '%s'", table->name,
                                         o->key);
        }
        return ok;
}

/* node is not null: a section that is there, though perhaps of the wrong kind. */
static bool bind_section(const YamlNode *node, const OptionTable *table, void *self, const OptionCtx *ctx)
{
        set_defaults(table, self, ctx);
        if (node->kind == YAML_NULL)
                return true;
        if (node->kind != YAML_MAP)
                return diags_error(ctx->diags, ctx->file, node->pos, "'%s' needs a mapping of keys to values",
                                   table->name);
        size_t errors_before = ctx->diags->errors;
        for (size_t i = 0; i < node->n; i++) {
                const YamlPair *pair = &node->pairs[i];
                const Option *o = option_find(table, pair->key);
                if (!o) {
                        if (!ctx->ignore_unknown)
                                unknown_key(pair, table, ctx);
                        continue;
                }
                /* A key without a value keeps its default, as if it were not there. What its owner binds may care. */
                if (pair->value->kind == YAML_NULL && o->kind != OPT_NODE && o->kind != OPT_CUSTOM)
                        continue;
                if (o->set_offset)
                        *(bool *)((char *)self + o->set_offset) = true;
                bind_value(pair->value, o, self, ctx);
        }
        check_required(node, table, ctx);
        if (table->validate && ctx->diags->errors == errors_before)
                table->validate(self, node, ctx);
        return ctx->diags->errors == errors_before;
}

bool option_bind(const YamlNode *node, const OptionTable *table, void *self, const OptionCtx *ctx)
{
        if (!node || node->kind == YAML_NULL) {
                option_defaults(table, self, ctx->arena);
                return true;
        }
        size_t errors_before = ctx->diags->errors;
        bind_section(node, table, self, ctx);
        return ctx->diags->errors == errors_before;
}

/* ---- defaults */

static void set_default(const Option *o, void *self, const OptionCtx *ctx)
{
        void *field = field_of(o, self);
        if (o->kind == OPT_STRUCT) {
                set_defaults(o->table, field, ctx);
                return;
        }
        if (!o->def || o->kind == OPT_IGNORED)
                return;
        /* Default texts live as long as the program; no copy, and for scalars no YAML parser. */
        YamlNode scalar = { .kind = YAML_SCALAR, .text = str_of(o->def) };
        const YamlNode *node = &scalar;
        bool is_scalar = o->kind <= OPT_ENUM;
        if (!is_scalar) {
                YamlNode **docs = NULL;
                YamlError *errors = NULL;
                size_t n = 0;
                size_t n_errors = 0;
                CHECK(yaml_parse(str_of(o->def), ctx->arena, &docs, &n, &errors, &n_errors) && n == 1);
                node = docs[0];
        }
        CHECK(bind_value(node, o, self, ctx));
}

void option_defaults(const OptionTable *table, void *self, Arena *arena)
{
        Diags diags;
        diags_init(&diags, arena);
        OptionCtx ctx = { .arena = arena, .diags = &diags };
        set_defaults(table, self, &ctx);
}

/* ---- files */

YamlNode *option_parse(Str text, Str file, Arena *arena, Diags *diags)
{
        YamlNode **docs = NULL;
        YamlError *errors = NULL;
        size_t n = 0;
        size_t n_errors = 0;
        if (!yaml_parse(text, arena, &docs, &n, &errors, &n_errors)) {
                for (size_t i = 0; i < n_errors; i++)
                        diags_error(diags, file, errors[i].pos, STR_FMT, STR_ARG(errors[i].message));
                return NULL;
        }
        for (size_t i = 1; i < n; i++) {
                if (docs[i]->kind == YAML_NULL)
                        continue;
                diags_warn(diags, file, docs[i]->pos, "only the first of %zu documents is read", n);
                break;
        }
        if (n == 0 || docs[0]->kind == YAML_NULL) {
                YamlNode *empty = arena_new_of(arena, YamlNode);
                *empty = (YamlNode){ .kind = YAML_MAP, .pos = { 1, 1 } };
                return empty;
        }
        return docs[0];
}

YamlNode *option_load_file(const char *path, Arena *arena, Diags *diags)
{
        Str file = str_dup(arena, str_of(path));
        Buf text = { .arena = arena };
        Err err = { 0 };
        if (!file_read_all(fs_system(), path, YAML_MAX_BYTES, &text, &err)) {
                diags_error(diags, file, (YamlPos){ 0 }, "%s", err.msg);
                return NULL;
        }
        return option_parse(buf_str(&text), file, arena, diags);
}

Str option_path(const OptionCtx *ctx, Str path)
{
        if (path.n == 0 || path.p[0] == '/' || ctx->base_dir.n == 0)
                return path;
        return str_printf(ctx->arena, STR_FMT "/" STR_FMT, STR_ARG(ctx->base_dir), STR_ARG(path));
}
