/* config/relabel_options.h - lists of relabelling rules in YAML: relabel_configs, metric_relabel_configs, ... */
#pragma once
#include "config/option.h"
#include "model/relabel.h"

/* An OPT_CUSTOM parser: field is a RelabelConfigList. Names are checked as UTF-8. */
bool relabel_options_parse(void *field, const YamlNode *node, const OptionCtx *ctx);
/* The same for metric_name_validation_scheme: legacy. */
bool relabel_options_parse_legacy(void *field, const YamlNode *node, const OptionCtx *ctx);
/* The keys of one rule, for the reference. */
extern const OptionTable relabel_options_table;
