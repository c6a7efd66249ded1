/* ui/embedded.h - the files of web/dist, as tools/embed wrote them into embedded_files.c at build time. Private. */
#pragma once
#include <stddef.h>

typedef struct EmbeddedFile {
        const char *path; /* "index.html", "assets/..." */
        const char *content_type;
        const unsigned char *gzip; /* gzip-compressed content */
        size_t gzip_n, n;
} EmbeddedFile;

extern const EmbeddedFile embedded_files[];
extern const size_t embedded_files_n;
