/* Invariants
 * 1. The copy holds what was committed, and deleted, at one moment: when no commit was under way and the log went on in a new segment.
 * 2. What is linked is never written again by anybody who opens either directory: retired segments, checkpoints, sealed files, parts.
 * 3. Nothing is merged, sealed or removed meanwhile: db->upkeep is held. Commits wait only for the moment, not for the copying.
 *
 * Why the length of an open chunk file is remembered: chunks that are closed while it is copied have samples of later than the moment,
 * and of some series only. */
#include "tsdb/backup.h"

#include <string.h>

typedef struct BackupFile {
        ChunkFile *file; /* referenced */
        uint64_t bytes;  /* of an open file, at the moment */
        bool sealed;
} BackupFile;

typedef struct Backup {
        Tsdb *db;
        const char *dir;
        bool skip_head;
        Arena *arena;
        VEC(const char *) folders; /* inside the database, in arena */
        VEC(BackupFile) files;
        uint32_t end_segment; /* first one that is not in the copy */
} Backup;

static const char *path_in(Backup *b, const char *dir, const char *sub, Str name)
{
        return str_printf(b->arena, "%s/%s%s" STR_FMT, dir, sub, *sub ? "/" : "", STR_ARG(name)).p;
}

/* sub: folder inside the database, or "". Where the file system knows no links, the bytes are copied. */
static bool link_file(Backup *b, const char *sub, Str name, Err *err)
{
        const Fs *fs = b->db->fs;
        const char *from = path_in(b, b->db->dir, sub, name), *to = path_in(b, b->dir, sub, name);
        Err why;
        return fs->link(fs, from, to, &why) || file_copy(fs, from, to, UINT64_MAX, err);
}

/* A file that may be absent. */
static bool link_if_there(Backup *b, const char *name, Err *err)
{
        Err why;
        if (link_file(b, "", str_of(name), &why) || why.code == ERR_NOT_FOUND)
                return true;
        *err = why;
        return false;
}

/* Caller holds the commit lock. */
static void note_files(Backup *b)
{
        ChunkList *list = chunkset_list(b->db->chunks);
        for (size_t i = 0; i < list->n; i++) {
                ChunkFile *f = list->files[i];
                BackupFile file = { f, chunkfile_bytes(f), chunkfile_is_sealed(f) };
                bool wanted = b->skip_head ? file.sealed && chunkfile_is_covered(f) : file.bytes > 0;
                if (!wanted)
                        continue;
                snapshot_ref(chunkfile_snapshot(f));
                vec_push(&b->files, file);
        }
        snapshot_unref(&list->snap);
}

/* Everything committed before is in segments below end_segment, and in chunks that are in the files up to here. */
static bool take_moment(Backup *b, Err *err)
{
        Tsdb *db = b->db;
        MUTEX_SCOPE(&db->commit);
        if (!b->skip_head) {
                wal_rotate(db->wal);
                b->end_segment = wal_segment(db->wal);
        }
        note_files(b);
        return link_if_there(b, "tombstones", err);
}

/* Levels of roll-ups are taken as they are found, also those that nobody has asked for since. */
static bool list_folders(Backup *b, Err *err)
{
        static const char *const FOLDERS[] = { "wal", "chunks", "parts", "index" };
        const Fs *fs = b->db->fs;
        Str *levels;
        size_t n;
        for (size_t i = 0; i < ARRAY_LEN(FOLDERS); i++)
                vec_push(&b->folders, FOLDERS[i]);
        Err why;
        if (!fs->list(fs, path_in(b, b->db->dir, "rollups", STR("")), b->arena, &levels, &n, &why)) {
                if (why.code == ERR_NOT_FOUND)
                        return true;
                *err = why;
                return false;
        }
        for (size_t i = 0; i < n; i++)
                vec_push(&b->folders, str_printf(b->arena, "rollups/" STR_FMT, STR_ARG(levels[i])).p);
        return true;
}

static bool make_folders(Backup *b, Err *err)
{
        const Fs *fs = b->db->fs;
        vec_each(folder, &b->folders)
                if (!fs->mkdir_all(fs, path_in(b, b->dir, *folder, STR("")), err))
                        return false;
        return true;
}

static bool is_wanted(const Backup *b, Str name)
{
        uint32_t segment;
        if (str_ends(name, STR(".tmp")) || str_ends(name, STR(".bad")))
                return false;
        return !wal_is_segment(name, &segment) || segment < b->end_segment;
}

static bool link_folder(Backup *b, const char *sub, Err *err)
{
        const Fs *fs = b->db->fs;
        Str *names;
        size_t n;
        if (!fs->list(fs, path_in(b, b->db->dir, sub, STR("")), b->arena, &names, &n, err))
                return false;
        for (size_t i = 0; i < n; i++)
                if (is_wanted(b, names[i]) && !link_file(b, sub, names[i], err))
                        return false;
        return true;
}

static bool copy_chunks(Backup *b, Err *err)
{
        vec_each(file, &b->files) {
                const char *from = chunkfile_path(file->file);
                Str name = str_of(strrchr(from, '/') + 1);
                if (file->sealed ? !link_file(b, "chunks", name, err)
                                 : !file_copy(b->db->fs, from, path_in(b, b->dir, "chunks", name), file->bytes, err))
                        return false;
        }
        return true;
}

/* Chunk files are copied one by one: see take_moment. */
static bool link_folders(Backup *b, Err *err)
{
        vec_each(folder, &b->folders)
                if (strcmp(*folder, "chunks") != 0 && !link_folder(b, *folder, err))
                        return false;
        return copy_chunks(b, err) && link_if_there(b, "FORMAT", err);
}

static bool sync_folders(Backup *b, Err *err)
{
        const Fs *fs = b->db->fs;
        vec_each(folder, &b->folders)
                if (!fs->sync_dir(fs, path_in(b, b->dir, *folder, STR("")), err))
                        return false;
        return fs->sync_dir(fs, b->dir, err);
}

static bool copy_all(Backup *b, Err *err)
{
        Tsdb *db = b->db;
        return list_folders(b, err) && make_folders(b, err) && take_moment(b, err) && chunkset_sync(db->chunks, err) &&
               wal_sync(db->wal, err) && link_folders(b, err) && sync_folders(b, err);
}

bool backup_write(Tsdb *db, const char *dir, bool skip_head, Err *err)
{
        Str *names;
        size_t n;
        Err ignored;
        AUTO(arena_free) Arena *arena = arena_new();
        if (db->fs->list(db->fs, dir, arena, &names, &n, &ignored))
                return err_set(err, ERR_EXISTS, "'%s' is there already", dir);
        Backup b = { .db = db, .dir = dir, .skip_head = skip_head, .arena = arena };
        bool ok = copy_all(&b, err);
        vec_each(file, &b.files)
                snapshot_unref(chunkfile_snapshot(file->file));
        vec_done(&b.files);
        vec_done(&b.folders);
        if (!ok)
                IGNORE(file_remove_tree(db->fs, dir, &ignored));
        return ok || err_wrap(err, "snapshot");
}
