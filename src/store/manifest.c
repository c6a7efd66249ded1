/* Invariants
 * 1. A file that the manifest does not name does not exist: the next start removes it. Without a readable manifest all of them exist, so that
 *    its loss costs nothing but what was meant to go.
 * 2. A manifest speaks of files only after their names in the folder are synced.
 * 3. When writing a manifest fails, either one may be on the disk: the files of both stay until a later manifest is safe.
 * 4. Ids rise and are never used twice: next_id is above what the manifest and the folder show. */
#include "store/manifest.h"

#include <stdio.h>

#include "base/hash.h"
#include "base/mem.h"
#include "base/num.h"

void manifest_done(Manifest *m)
{
        vec_done(&m->ids);
        vec_done(&m->replaced);
}

void manifest_dir_init(ManifestDir *d, const ManifestKind *kind, const Fs *fs, const char *path)
{
        *d = (ManifestDir){ .kind = kind, .fs = fs, .path = mem_strndup(path, strlen(path)) };
}

void manifest_dir_done(ManifestDir *d)
{
        vec_done(&d->stray);
        mem_free(d->path);
}

/* ---- text */

void manifest_print(const ManifestKind *kind, const Manifest *m, Buf *out)
{
        size_t start = out->n;
        buf_printf(out, STR_FMT " %u\nnext %u\n", STR_ARG(kind->magic), kind->version, m->next_id);
        if (kind->replaces)
                buf_printf(out, "replaced-floor %u\n", m->replaced_floor);
        for (size_t i = 0; i < m->replaced.len; i++)
                buf_printf(out, "replaced %u\n", m->replaced.data[i]);
        for (size_t i = 0; i < m->ids.len; i++)
                buf_printf(out, STR_FMT " %u\n", STR_ARG(kind->word), m->ids.data[i]);
        buf_printf(out, "crc %08x\n", hash_crc32c(0, out->p + start, out->n - start));
}

static bool parse_line(const ManifestKind *kind, Str line, Manifest *m)
{
        Str word, number;
        uint64_t v;
        if (!str_cut(line, ' ', &word, &number) || !num_parse_u64(number, &v) || v > UINT32_MAX)
                return false;
        if (str_eq(word, STR("next")))
                m->next_id = (uint32_t)v;
        else if (str_eq(word, kind->word))
                vec_push(&m->ids, (uint32_t)v);
        else if (kind->replaces && str_eq(word, STR("replaced-floor")))
                m->replaced_floor = (uint32_t)v;
        else if (kind->replaces && str_eq(word, STR("replaced")))
                vec_push(&m->replaced, (uint32_t)v);
        else
                return false;
        return true;
}

ManifestParsed manifest_parse(const ManifestKind *kind, Str text, Manifest *m)
{
        Str rest = text, line, word, number;
        uint64_t version;
        str_split_next(&rest, '\n', &line);
        if (!str_cut(line, ' ', &word, &number) || !str_eq(word, kind->magic) || !num_parse_u64(number, &version))
                return MANIFEST_DAMAGED;
        if (version > kind->version && version < 256)
                return MANIFEST_NEWER;
        while (str_split_next(&rest, '\n', &line)) {
                if (str_starts(line, STR("crc "))) {
                        char want[32];
                        snprintf(want, sizeof want, "crc %08x", hash_crc32c(0, text.p, (size_t)(line.p - text.p)));
                        return str_eq(line, str_of(want)) && rest.n == 0 ? MANIFEST_OK : MANIFEST_DAMAGED;
                }
                if (!parse_line(kind, line, m))
                        return MANIFEST_DAMAGED;
        }
        return MANIFEST_DAMAGED;
}

/* ---- files */

static void text_path(const ManifestDir *d, Buf *out)
{
        buf_printf(out, "%s/MANIFEST", d->path);
        buf_cstr(out);
}

void manifest_path(const ManifestDir *d, uint32_t id, Buf *out)
{
        buf_clear(out);
        buf_printf(out, "%s/%08u" STR_FMT, d->path, id, STR_ARG(d->kind->suffix));
        buf_cstr(out);
}

void manifest_remove(const ManifestDir *d, const uint32_t *ids, size_t n)
{
        AUTO(buf_done) Buf path = { 0 };
        for (size_t i = 0; i < n; i++) {
                Err ignored;
                manifest_path(d, ids[i], &path);
                IGNORE(d->fs->remove(d->fs, path.p, &ignored));
        }
}

void manifest_set_aside(const ManifestDir *d, const char *path)
{
        AUTO(buf_done) Buf to = { 0 };
        Err ignored;
        buf_printf(&to, "%s.bad", path);
        IGNORE(d->fs->rename(d->fs, path, buf_cstr(&to), &ignored));
}

static bool id_of_name(const ManifestKind *kind, Str name, uint32_t *ret)
{
        uint64_t id;
        if (!str_ends(name, kind->suffix) || !num_parse_u64(str_sub(name, 0, name.n - kind->suffix.n), &id) ||
            id == 0 || id >= UINT32_MAX)
                return false;
        *ret = (uint32_t)id;
        return true;
}

static bool has_id(const ManifestIds *ids, uint32_t id)
{
        for (size_t i = 0; i < ids->len; i++)
                if (ids->data[i] == id)
                        return true;
        return false;
}

/* Removes files that the manifest does not name; without one (known is false), takes them. */
static bool visit_files(ManifestDir *d, Manifest *m, bool known, Err *err)
{
        AUTO(arena_free) Arena *arena = arena_new();
        Str *names;
        size_t n;
        if (!d->fs->list(d->fs, d->path, arena, &names, &n, err))
                return false;
        for (size_t i = 0; i < n; i++) {
                uint32_t id = 0;
                bool ours = id_of_name(d->kind, names[i], &id), temp = str_ends(names[i], STR(".tmp"));
                if (ours)
                        m->next_id = MAX_OF(m->next_id, id + 1);
                if (ours && !known)
                        vec_push(&m->ids, id);
                if (!temp && (!ours || has_id(&m->ids, id)))
                        continue;
                Err ignored; /* what stays is tried again at the next start */
                IGNORE(d->fs->remove(d->fs, str_printf(arena, "%s/" STR_FMT, d->path, STR_ARG(names[i])).p, &ignored));
        }
        return true;
}

/* *parsed: MANIFEST_OK, or MANIFEST_DAMAGED when m is empty because there is nothing that could be read; *found: there was a file. */
static bool read_text(ManifestDir *d, Manifest *m, ManifestParsed *parsed, bool *found, Err *err)
{
        AUTO(buf_done) Buf path = { 0 };
        AUTO(buf_done) Buf text = { 0 };
        Err why;
        text_path(d, &path);
        *found = file_read_all(d->fs, path.p, MANIFEST_MAX_BYTES, &text, &why);
        if (!*found && why.code != ERR_NOT_FOUND) {
                *err = why;
                return false;
        }
        *parsed = *found ? manifest_parse(d->kind, buf_str(&text), m) : MANIFEST_DAMAGED;
        if (*parsed == MANIFEST_NEWER)
                return err_set(
                        err, ERR_UNSUPPORTED,
                        "'%s' has a newer format, this program reads version %u: start the newer program, or move the data directory aside",
                        path.p, d->kind->version);
        if (*parsed == MANIFEST_DAMAGED) {
                manifest_done(m);
                *m = (Manifest){ 0 };
        }
        return true;
}

bool manifest_load(ManifestDir *d, Manifest *ret, bool *damaged, Err *err)
{
        AUTO(manifest_done) Manifest m = { 0 };
        ManifestParsed parsed;
        bool found;
        if (!read_text(d, &m, &parsed, &found, err) || !visit_files(d, &m, parsed == MANIFEST_OK, err))
                return false;
        m.next_id = MAX_OF(m.next_id, 1u);
        *damaged = found && parsed == MANIFEST_DAMAGED;
        *ret = m;
        m = (Manifest){ 0 };
        return true;
}

static bool replace_text(ManifestDir *d, const Manifest *m, Err *err)
{
        AUTO(buf_done) Buf path = { 0 };
        AUTO(buf_done) Buf text = { 0 };
        text_path(d, &path);
        manifest_print(d->kind, m, &text);
        return file_write_atomic(d->fs, path.p, buf_str(&text), err);
}

bool manifest_commit(ManifestDir *d, const Manifest *m, const uint32_t *added, size_t n_added, Err *err)
{
        if (!d->fs->sync_dir(d->fs, d->path, err)) {
                manifest_remove(d, added, n_added);
                return false;
        }
        if (!replace_text(d, m, err)) {
                for (size_t i = 0; i < n_added; i++)
                        vec_push(&d->stray, added[i]);
                return false;
        }
        manifest_remove(d, d->stray.data, d->stray.len);
        vec_clear(&d->stray);
        return true;
}
