/* What parses must be what the C library reads, and must survive printing in every form. */
#include <math.h>
#include <stdlib.h>

#include "base/bits.h"
#include "base/check.h"
#include "codec/floats.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        double v;
        if (size > 4096 || !floats_parse(str_n((const char *)data, size), &v))
                return 0;
        AUTO(buf_done) Buf text = { 0 };
        buf_add(&text, data, size);
        CHECK(isnan(v) || bits_of_double(strtod(buf_cstr(&text), NULL)) == bits_of_double(v));
        void (*const forms[])(Buf *, double) = { floats_format_f, floats_format_e, floats_format_g,
                                                 floats_format_json };
        for (size_t i = 0; i < ARRAY_LEN(forms); i++) {
                double back;
                buf_clear(&text);
                forms[i](&text, v);
                CHECK(floats_parse(buf_str(&text), &back));
                CHECK(bits_of_double(back) == bits_of_double(v));
        }
        return 0;
}
