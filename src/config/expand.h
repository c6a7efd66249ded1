/* config/expand.h - $VAR and ${VAR} in texts of the configuration, exactly as Go's os.Expand. Used for external_labels.
 */
#pragma once
#include "base/arena.h"
#include "base/str.h"
#include "model/labels.h"

typedef struct ExpandSource {
        /* The value of a name; empty when there is none. The result must outlive the call of expand_*. "$" is never
         * asked. */
        Str (*lookup)(void *arg, Str name);
        void *arg;
} ExpandSource;

/* The environment of the process. */
ExpandSource expand_environment(void);
/* Returns s itself when it has no $. $$ is a dollar sign. Names that have no value are pushed to missing (may be NULL).
 */
Str expand_str(Arena *arena, Str s, ExpandSource source, void (*missing)(void *arg, Str name), void *missing_arg);
/* Every value of the set; values that become empty go away. */
Labels expand_labels(Arena *arena, Labels labels, ExpandSource source, void (*missing)(void *arg, Str name),
                     void *missing_arg);
