/* tests/unit/config/bind_lib.h - binds a YAML text to a table and gives back what was complained about. */
#pragma once
#include "codec/yaml.h"
#include "config/option.h"
#include "testing.h"

typedef struct Bind {
        Arena *arena;
        Diags diags;
        OptionCtx ctx;
        Buf text; /* the diagnostics, printed */
} Bind;

static inline void bind_begin(Bind *b)
{
        b->arena = arena_new();
        diags_init(&b->diags, b->arena);
        b->ctx = (OptionCtx){ .arena = b->arena, .diags = &b->diags, .file = STR("f.yml"), .base_dir = STR("/etc/x") };
        b->text = (Buf){ .arena = b->arena };
}

static inline YamlNode *bind_yaml(Bind *b, const char *yaml)
{
        YamlNode **docs = NULL;
        YamlError *errors = NULL;
        size_t n = 0;
        size_t n_errors = 0;
        if (!yaml_parse(str_of(yaml), b->arena, &docs, &n, &errors, &n_errors))
                fail_msg("test yaml: %.*s", STR_ARG(errors[0].message));
        return n ? docs[0] : NULL;
}

static inline bool bind_text(Bind *b, const OptionTable *table, const char *yaml, void *self)
{
        bool ok = option_bind(bind_yaml(b, yaml), table, self, &b->ctx);
        diags_print(&b->text, &b->diags);
        buf_cstr(&b->text);
        assert_int_equal(ok, b->diags.errors == 0);
        return ok;
}

static inline void bind_end(Bind *b) { arena_free(b->arena); }
