#include "scrape/scrape_request.h"

const char *const scrape_request_protocols[] = { "PrometheusProto",     "OpenMetricsText0.0.1", "OpenMetricsText1.0.0",
                                                 "PrometheusText0.0.4", "PrometheusText1.0.0",  NULL };

/* In the default order. */
static const struct {
        Str protocol, media;
        bool escapes; /* says how names are to be escaped */
} MEDIA[] = {
        { STR_INIT("OpenMetricsText1.0.0"), STR_INIT("application/openmetrics-text;version=1.0.0"), true },
        { STR_INIT("OpenMetricsText0.0.1"), STR_INIT("application/openmetrics-text;version=0.0.1"), false },
        { STR_INIT("PrometheusText1.0.0"), STR_INIT("text/plain;version=1.0.0"), true },
        { STR_INIT("PrometheusText0.0.4"), STR_INIT("text/plain;version=0.0.4"), false },
};

Str scrape_request_accept(const StrList *protocols, int escaping, Arena *arena)
{
        static const char *const schemes[] = { "allow-utf-8", "underscores", "dots", "values" };
        Buf out = { .arena = arena };
        size_t n = protocols->n ? protocols->n : ARRAY_LEN(MEDIA);
        size_t tenths = n + 2; /* falling preference, as upstream */
        for (size_t i = 0; i < n; i++) {
                for (size_t k = 0; k < ARRAY_LEN(MEDIA); k++) {
                        if (protocols->n ? !str_eq(protocols->data[i], MEDIA[k].protocol) : k != i)
                                continue;
                        buf_str_add(&out, MEDIA[k].media);
                        if (MEDIA[k].escapes)
                                buf_printf(&out, ";escaping=%s", schemes[escaping]);
                        buf_printf(&out, ";q=0.%zu,", tenths);
                }
                tenths--;
        }
        buf_printf(&out, "*/*;q=0.%zu", tenths);
        return buf_str(&out);
}

bool scrape_request_format(Str content_type, Str fallback, ExpoFormat *ret, Err *err)
{
        if (expofmt_from_content_type(content_type, ret))
                return true;
        if (fallback.n) {
                *ret = str_starts(fallback, STR("OpenMetrics")) ? EXPO_OPENMETRICS : EXPO_TEXT;
                return true;
        }
        return err_set(err, ERR_INVALID,
                       "received unsupported Content-Type '" STR_FMT
                       "' and no fallback_scrape_protocol specified for target",
                       STR_ARG(str_sub(content_type, 0, 100)));
}
