/* The text of a manifest, as it is and with its checksum put right: what is read and printed again reads the same. */
#include <stdio.h>

#include "base/check.h"
#include "base/hash.h"
#include "store/manifest.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const ManifestKind KINDS[] = {
        { .magic = STR_INIT("pharos-parts"),
          .word = STR_INIT("part"),
          .suffix = STR_INIT(".part"),
          .version = 1,
          .replaces = true },
        { .magic = STR_INIT("pharos-index"), .word = STR_INIT("segment"), .suffix = STR_INIT(".index"), .version = 1 },
};

static void use(const ManifestKind *kind, Str text)
{
        AUTO(manifest_done) Manifest m = { 0 };
        AUTO(manifest_done) Manifest again = { 0 };
        AUTO(buf_done) Buf one = { 0 };
        AUTO(buf_done) Buf two = { 0 };
        if (manifest_parse(kind, text, &m) != MANIFEST_OK)
                return;
        manifest_print(kind, &m, &one);
        CHECK(manifest_parse(kind, buf_str(&one), &again) == MANIFEST_OK);
        manifest_print(kind, &again, &two);
        CHECK(str_eq(buf_str(&one), buf_str(&two)));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        AUTO(buf_done) Buf sealed = { 0 };
        Str text = str_n((const char *)data, size);
        buf_str_add(&sealed, text);
        buf_printf(&sealed, "crc %08x\n", hash_crc32c(0, data, size));
        for (size_t i = 0; i < sizeof KINDS / sizeof *KINDS; i++) {
                use(&KINDS[i], text);
                use(&KINDS[i], buf_str(&sealed));
        }
        return 0;
}
