/* Runs a fuzz target over every file of the given folders: the corpus as a plain test, in every build. */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void run_file(const char *path)
{
        FILE *f = fopen(path, "rb");
        if (!f)
                return;
        uint8_t *data = malloc(1 << 20);
        size_t n = data ? fread(data, 1, 1 << 20, f) : 0;
        fclose(f);
        /* An exact-size copy lets the sanitizer see one byte too far. */
        uint8_t *exact = malloc(n ? n : 1);
        if (exact && data) {
                memcpy(exact, data, n);
                LLVMFuzzerTestOneInput(exact, n);
        }
        free(exact);
        free(data);
}

int main(int argc, char **argv)
{
        int files = 0;
        LLVMFuzzerTestOneInput((const uint8_t *)"", 0);
        for (int i = 1; i < argc; i++) {
                DIR *dir = opendir(argv[i]);
                if (!dir)
                        continue;
                for (struct dirent *e; (e = readdir(dir));) {
                        char path[4096];
                        if (e->d_name[0] == '.' ||
                            snprintf(path, sizeof path, "%s/%s", argv[i], e->d_name) >= (int)sizeof path)
                                continue;
                        run_file(path);
                        files++;
                }
                closedir(dir);
        }
        printf("replayed %d files\n", files);
        return 0;
}
