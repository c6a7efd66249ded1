/* part/labelpage.h - the labels of many series, column by column: names once for all series that have the same ones, values as numbers of
 * strings that stand once in a page. What it gives is to be compressed: neighbours repeat each other. Layout: docs/formats/parts.md. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/str.h"
#include "model/labels.h"

/* ---- writing; one thread at a time */
typedef struct LabelPageWriter LabelPageWriter;
LabelPageWriter *labelpage_writer_new(void);
void labelpage_writer_free(LabelPageWriter *w); /* NULL is fine */
/* By rising sid, for who wants to find one; copies the labels. */
void labelpage_add(LabelPageWriter *w, uint64_t sid, Labels labels);
size_t labelpage_series(const LabelPageWriter *w);
size_t labelpage_bytes(const LabelPageWriter *w); /* about, before compression */
/* Appends the page and begins the next one. */
void labelpage_finish(LabelPageWriter *w, Buf *out);

/* ---- reading */
typedef struct LabelPage LabelPage;
/* Borrows text. NULL when it is no page. */
LabelPage *labelpage_open(Str text);
void labelpage_free(LabelPage *page); /* NULL is fine */
size_t labelpage_count(const LabelPage *page);
uint64_t labelpage_sid(const LabelPage *page, size_t i);
/* Of the ith series; strings are views of the text. */
Labels labelpage_labels(const LabelPage *page, size_t i, Arena *arena);
/* False when no series has this id; strings are copied. */
bool labelpage_find(const LabelPage *page, uint64_t sid, Arena *arena, Labels *ret);
/* Behind the labels: what who wrote the page appended to it. */
Str labelpage_rest(const LabelPage *page);
