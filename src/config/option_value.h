/* config/option_value.h - one YAML value read as one kind of option. For option.c. */
#pragma once
#include "config/option.h"

/* Reads a scalar kind (OPT_BOOL to OPT_ENUM) into field. False: it reported, field is untouched. */
bool option_value_scalar(const YamlNode *node, const Option *option, void *field, const OptionCtx *ctx);
/* The lists and maps of strings. */
bool option_value_str_list(const YamlNode *node, const char *key, StrList *ret, const OptionCtx *ctx);
bool option_value_labels(const YamlNode *node, const char *key, bool empty_too, Labels *ret, const OptionCtx *ctx);
bool option_value_params(const YamlNode *node, const char *key, ParamList *ret, const OptionCtx *ctx);
/* The least and the greatest value of an option that has them, as a person writes them. */
void option_value_range(const Option *o, Buf *low, Buf *high);
/* The nearest of n names, or NULL when none is near. */
const char *option_value_nearest(Str name, const char *const *names, size_t n);
