/* os/file.h - Fs: the file system as a table of functions, so that tests can fail the n-th write or cut the power.
 *
 * Every function fails with an Err that names the path and the system's reason. Paths are UTF-8, NUL-terminated. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/str.h"

typedef struct Fs Fs;
typedef struct File File; /* an open file; opaque; owned by who opened it; one thread at a time */

typedef enum FileMode {
        FILE_READ,       /* must exist */
        FILE_APPEND,     /* created when absent; every write goes to the end */
        FILE_CREATE,     /* created or emptied, read and write */
        FILE_CREATE_NEW, /* fails with ERR_EXISTS */
        FILE_READ_WRITE, /* must exist */
} FileMode;

typedef struct FileMap {
        const unsigned char *p; /* valid until file_unmap; NULL for an empty file */
        size_t n;
} FileMap;

struct Fs {
        bool (*open)(const Fs *fs, const char *path, FileMode mode, File **ret, Err *err);
        void (*close)(File *file);
        bool (*write)(File *file, const void *p, size_t n, Err *err); /* all of it, or an error */
        bool (*pread)(File *file, uint64_t offset, void *p, size_t n, size_t *ret_n,
                      Err *err);            /* short only at the end */
        bool (*sync)(File *file, Err *err); /* fdatasync */
        bool (*truncate)(File *file, uint64_t size, Err *err);
        bool (*size)(File *file, uint64_t *ret, Err *err);
        bool (*map)(File *file, FileMap *ret, Err *err); /* read-only; lives on after close */
        void (*unmap)(const Fs *fs, FileMap map);
        bool (*rename)(const Fs *fs, const char *from, const char *to, Err *err);
        /* A second name for a file: same bytes, no copy. ERR_EXISTS when `to` is there. */
        bool (*link)(const Fs *fs, const char *from, const char *to, Err *err);
        bool (*remove)(const Fs *fs, const char *path, Err *err);
        bool (*mkdir_all)(const Fs *fs, const char *path, Err *err);
        bool (*sync_dir)(const Fs *fs, const char *path, Err *err);
        /* Names (without . and ..), sorted, living in arena. */
        bool (*list)(const Fs *fs, const char *path, Arena *arena, Str **ret_names, size_t *ret_n, Err *err);
        /* Advisory exclusive lock held until close: a second process gets ERR_EXISTS. */
        bool (*lock)(File *file, Err *err);
};

/* The real file system. Valid for ever. New files and folders are for user and group only (0640, 0750). */
const Fs *fs_system(void);

/* Folders within folders that the tree functions enter; a deeper tree is ERR_LIMIT. */
enum { FILE_MAX_TREE_DEPTH = 64 };

/* Whole-file helpers over the table. */
/* Fails with ERR_LIMIT when the file is longer than max_bytes. Works on /proc files, whose size is 0. */
MUST_CHECK bool file_read_all(const Fs *fs, const char *path, size_t max_bytes, Buf *out, Err *err);
/* Maps a whole file; fs->unmap when done. */
MUST_CHECK bool file_map(const Fs *fs, const char *path, FileMap *ret, Err *err);
/* Writes path.tmp, syncs, renames over path, syncs the folder: readers see the old or the new content, never a part. */
MUST_CHECK bool file_write_atomic(const Fs *fs, const char *path, Str content, Err *err);
/* The first max_bytes of a file into a new one, synced. ERR_EXISTS when `to` is there; what a failure leaves is the caller's. */
MUST_CHECK bool file_copy(const Fs *fs, const char *from, const char *to, uint64_t max_bytes, Err *err);
/* Removes a folder and everything in it; absent is fine. */
MUST_CHECK bool file_remove_tree(const Fs *fs, const char *path, Err *err);
/* Bytes used below path (files only). */
MUST_CHECK bool file_tree_bytes(const Fs *fs, const char *path, uint64_t *ret, Err *err);
