/* Any name comes back from its escaped form; any text can be unescaped. */
#include "base/check.h"
#include "base/utf8.h"
#include "model/labels.h"
#include "model/utf8name.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        Str name = str_n((const char *)data, size);
        AUTO(buf_done) Buf escaped = { 0 };
        AUTO(buf_done) Buf back = { 0 };
        utf8name_unescape(&back, name);
        utf8name_underscores(&back, name);
        buf_clear(&back);
        utf8name_escape(&escaped, name);
        CHECK(name.n == 0 || labels_metric_is_legacy_valid(buf_str(&escaped)));
        utf8name_unescape(&back, buf_str(&escaped));
        if (utf8_valid(name) && !labels_metric_is_legacy_valid(name))
                CHECK(str_eq(buf_str(&back), name));
        return 0;
}
