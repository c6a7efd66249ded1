#include "app/alerttest/atkind.h"

#include <stdio.h>
#include <string.h>

#include "os/file.h"

enum { LARGEST_FILE_BYTES = 64 << 20 };

void atkind_check(AtRun *run, bool good, Str what, Str why)
{
        run->passed += good;
        run->failed += !good;
        if (!good)
                printf("%s: " STR_FMT ": " STR_FMT "\n", run->path, STR_ARG(what), STR_ARG(why));
        else if (run->verbose)
                printf("%s: " STR_FMT ": ok\n", run->path, STR_ARG(what));
}

const char *atkind_sibling(const AtRun *run, Str name)
{
        const char *slash = strrchr(run->path, '/');
        int dir = slash ? (int)(slash - run->path) : 1;
        return str_printf(run->arena, "%.*s/" STR_FMT, dir, slash ? run->path : ".", STR_ARG(name)).p;
}

bool atkind_read(AtRun *run, Str name, Str *ret)
{
        Buf text = { .arena = run->arena };
        Err err;
        if (!file_read_all(fs_system(), atkind_sibling(run, name), LARGEST_FILE_BYTES, &text, &err)) {
                atkind_check(run, false, name, str_of(err.msg));
                return false;
        }
        *ret = buf_str(&text);
        return true;
}

Labels atkind_labels(Arena *arena, const JsonValue *object)
{
        LabelsBuilder lb;
        labels_builder_init(&lb, arena, (Labels){ 0 });
        for (size_t i = 0; object && object->kind == JSON_OBJECT && i < object->n; i++)
                labels_builder_set(&lb, object->members[i].key, object->members[i].value.str);
        return labels_builder_build(&lb, arena);
}
