/* store/manifest.h - Manifest: the text file of a folder that says which of its numbered files there are, and those files' names.
 *
 * Parts and index segments are kept so. Layout: docs/formats/parts.md, docs/formats/index.md. One thread at a time for each folder, except
 * manifest_path, which any thread may call. */
#pragma once
#include "base/vec.h"
#include "os/file.h"

enum { MANIFEST_MAX_BYTES = 64 << 20 };

typedef VEC(uint32_t) ManifestIds;

/* What a folder holds. Immutable, valid as long as the folders of it. */
typedef struct ManifestKind {
        Str magic;       /* first word of the file: "pharos-parts" */
        Str word;        /* before the number of each file: "part" */
        Str suffix;      /* of the files' names: ".part" */
        uint8_t version; /* that this program writes, and the highest that it reads */
        bool replaces; /* files can hold the content of files of another kind, and the manifest says of which: `replaced`, `replaced-floor` */
} ManifestKind;

/* What a manifest says. {0}: nothing. manifest_done when done. */
typedef struct Manifest {
        uint32_t next_id;        /* above every number ever used */
        uint32_t replaced_floor; /* highest number ever replaced; 0: there is none */
        ManifestIds replaced;    /* numbers of files of another kind that must not be read again */
        ManifestIds ids;         /* the files that exist, in the order of the lines */
} Manifest;

void manifest_done(Manifest *m);
static inline void auto_manifest_done(Manifest *m) { manifest_done(m); }

typedef enum ManifestParsed { MANIFEST_OK, MANIFEST_NEWER, MANIFEST_DAMAGED } ManifestParsed;

/* The whole text of a manifest, appended to out. */
void manifest_print(const ManifestKind *kind, const Manifest *m, Buf *out);
/* Adds to m, which was empty; what m holds is of use only after MANIFEST_OK. */
ManifestParsed manifest_parse(const ManifestKind *kind, Str text, Manifest *m);

/* A folder with a manifest. */
typedef struct ManifestDir {
        const ManifestKind *kind;
        const Fs *fs;
        char *path;
        ManifestIds stray; /* files of commits that failed: removed after the next one that succeeds */
} ManifestDir;

void manifest_dir_init(ManifestDir *d, const ManifestKind *kind, const Fs *fs,
                       const char *path); /* borrows kind and fs */
void manifest_dir_done(ManifestDir *d);

/* Reads the manifest and removes files that it does not name. Without a readable one, *ret names every file in the folder; *damaged: there
 * was one. ret->next_id is above every number that was found. ret was empty. */
MUST_CHECK bool manifest_load(ManifestDir *d, Manifest *ret, bool *damaged, Err *err);
/* Replaces the manifest; m->ids holds added, whose files are written and complete. Durable when it returns true. When not, the added files
 * are given up: removed now or, when the new manifest may be on the disk, after the next commit. */
MUST_CHECK bool manifest_commit(ManifestDir *d, const Manifest *m, const uint32_t *added, size_t n_added, Err *err);

/* Where a file is, NUL-terminated. */
void manifest_path(const ManifestDir *d, uint32_t id, Buf *out);
/* Files that the manifest does not name: what fails here is made good by the next start. */
void manifest_remove(const ManifestDir *d, const uint32_t *ids, size_t n);
/* Renames a file to .bad as well as it can be done: what cannot be read stays for an operator to look at. */
void manifest_set_aside(const ManifestDir *d, const char *path);
