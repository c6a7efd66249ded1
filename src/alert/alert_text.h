/* alert/alert_text.h - AlertText: what an alert says (labels, annotations, generator URL), packed into one small block that
 * its versions share; what it has in common with others is there once. Immutable, counted; private. */
#pragma once
#include "base/arena.h"
#include "model/alert_msg.h"

typedef struct AlertText AlertText;

/* Texts that others of the same rule are written against. Not thread-safe. */
typedef struct AlertTexts AlertTexts;
AlertTexts *alert_text_table(void); /* returns owned */
void alert_text_table_free(AlertTexts *texts);

/* Returns owned: one reference. */
AlertText *alert_text_new(AlertTexts *texts, const AlertMsg *msg);
AlertText *alert_text_ref(AlertText *text);
void alert_text_unref(AlertText *text); /* may be NULL */
/* Labels, annotations and generator URL are the same. */
bool alert_text_is(const AlertText *text, const AlertMsg *msg);
/* Pairs live in arena, their strings in the text or its base. */
Labels alert_text_labels(const AlertText *text, Arena *arena);
void alert_text_read(const AlertText *text, Arena *arena, AlertMsg *ret);
/* The value of a label, in the text; an empty Str when absent. */
Str alert_text_get(const AlertText *text, Str name);
