/* index/indexbuild.h - IndexBuild: collects series in memory and writes them as an index segment. One thread at a time. */
#pragma once
#include "index/indexseg.h"

typedef struct IndexBuild IndexBuild;

IndexBuild *indexbuild_new(void); /* returns owned */
void indexbuild_free(IndexBuild *b);
DEFINE_AUTO(IndexBuild *, indexbuild_free);
/* sid above the last one; labels are copied. */
void indexbuild_add(IndexBuild *b, const IndexEntry *entry, Labels labels);
size_t indexbuild_series(const IndexBuild *b);
/* A limit of indexseg.h is near: write it and begin another. */
bool indexbuild_is_full(const IndexBuild *b);
/* At least one series. The file appears under its name when it is complete and synced; on failure nothing is left behind. Only once. */
MUST_CHECK bool indexbuild_write(IndexBuild *b, const Fs *fs, const char *path, uint32_t id, Err *err);
