/* What this machine is: kernel, distribution, hardware. */
#include "base/num.h"
#include "base/utf8.h"
#include "codec/floats.h"
#include "collect/host.h"
#include "os/kernel.h"

static bool uname_gather(void *self, MetricSink *sink, Err *err)
{
        Host *host = self;
        KernelUname u;
        if (!kernel_uname(host->arena, &u, err))
                return false;
        metric_sink_family(sink, STR("node_uname_info"), METRIC_TYPE_GAUGE,
                           STR("Labeled system information as provided by the uname system call."));
        metric_sink_put(sink, 1, { STR("sysname"), u.sysname }, { STR("release"), u.release },
                        { STR("version"), u.version }, { STR("machine"), u.machine }, { STR("nodename"), u.nodename },
                        { STR("domainname"), u.domainname });
        return true;
}

const Collector host_uname_collector = {
        .base = { COMPONENT_COLLECTOR, .name = "uname", .help = "The kernel's name and version." },
        .gather = uname_gather,
};

typedef enum OsField {
        OS_BUILD_ID,
        OS_ID,
        OS_ID_LIKE,
        OS_IMAGE_ID,
        OS_IMAGE_VERSION,
        OS_NAME,
        OS_PRETTY_NAME,
        OS_VARIANT,
        OS_VARIANT_ID,
        OS_VERSION,
        OS_VERSION_CODENAME,
        OS_VERSION_ID,
        OS_INFO_FIELDS,
        OS_SUPPORT_END = OS_INFO_FIELDS,
        OS_FIELDS
} OsField;

/* A value as a shell reads it: 'a', "b", b, with backslashes outside single quotes. */
static Str unquote(Arena *arena, Str s)
{
        char *out = arena_raw(arena, s.n + 1, 1);
        size_t n = 0;
        char quote = 0;
        for (size_t i = 0; i < s.n; i++) {
                char c = s.p[i];
                if (quote == 0 && (c == '"' || c == '\'')) {
                        quote = c;
                } else if (c == quote && quote) {
                        quote = 0;
                } else if (c == '\\' && quote != '\'' && i + 1 < s.n) {
                        out[n++] = s.p[++i];
                } else {
                        out[n++] = c;
                }
        }
        return str_n(out, n);
}

/* "20.04.2" is 20.04 */
static bool version_number(Str version, double *ret)
{
        size_t n = 0;
        bool dot = false;
        while (n < version.n &&
               ((version.p[n] >= '0' && version.p[n] <= '9') || (version.p[n] == '.' && n > 0 && !dot))) {
                dot = dot || version.p[n] == '.';
                n++;
        }
        return n > 0 && floats_parse(str_sub(version, 0, n), ret) && *ret > 0;
}

/* Days since 1970-01-01 of YYYY-MM-DD, the civil calendar. */
static bool date_days(Str date, int64_t *ret)
{
        uint64_t year, month, day;
        if (date.n != 10 || date.p[4] != '-' || date.p[7] != '-' || !num_parse_u64(str_sub(date, 0, 4), &year) ||
            !num_parse_u64(str_sub(date, 5, 7), &month) || !num_parse_u64(str_sub(date, 8, 10), &day) || month < 1 ||
            month > 12 || day < 1 || day > 31)
                return false;
        int64_t y = (int64_t)year - (month <= 2);
        int64_t era = (y >= 0 ? y : y - 399) / 400;
        int64_t of_era = y - era * 400;
        int64_t of_year = (153 * ((int64_t)month + (month > 2 ? -3 : 9)) + 2) / 5 + (int64_t)day - 1;
        *ret = era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719468;
        return true;
}

static bool read_release(Host *host, Str *ret, Err *err)
{
        static const char *const paths[] = { "/etc/os-release", "/usr/lib/os-release" };
        Str root = str_eq(host->options->rootfs, STR("/")) ? (Str){ 0 } : host->options->rootfs;
        for (size_t i = 0; i < ARRAY_LEN(paths); i++) {
                if (host_read_optional(host, str_printf(host->arena, STR_FMT "%s", STR_ARG(root), paths[i]).p, ret,
                                       err))
                        return true;
                if (err->code != ERR_UNSUPPORTED)
                        return false;
        }
        return false;
}

static bool os_gather(void *self, MetricSink *sink, Err *err)
{
        static const struct {
                const char *key;
                Str label;
        } rows[OS_FIELDS] = {
                { "BUILD_ID", STR_INIT("build_id") },
                { "ID", STR_INIT("id") },
                { "ID_LIKE", STR_INIT("id_like") },
                { "IMAGE_ID", STR_INIT("image_id") },
                { "IMAGE_VERSION", STR_INIT("image_version") },
                { "NAME", STR_INIT("name") },
                { "PRETTY_NAME", STR_INIT("pretty_name") },
                { "VARIANT", STR_INIT("variant") },
                { "VARIANT_ID", STR_INIT("variant_id") },
                { "VERSION", STR_INIT("version") },
                { "VERSION_CODENAME", STR_INIT("version_codename") },
                { "VERSION_ID", STR_INIT("version_id") },
                { "SUPPORT_END", { 0 } },
        };
        Host *host = self;
        Str text;
        if (!read_release(host, &text, err))
                return false;
        Str fields[OS_FIELDS] = { 0 };
        for (Str line, key, value; host_next_line(&text, &line);) {
                line = str_trim(line);
                if (str_starts(line, STR("#")) || !str_cut(line, '=', &key, &value))
                        continue;
                for (size_t i = 0; i < OS_FIELDS; i++)
                        if (str_eq(key, str_of(rows[i].key)))
                                fields[i] = unquote(host->arena, value);
        }
        Label labels[OS_INFO_FIELDS];
        for (size_t i = 0; i < OS_INFO_FIELDS; i++)
                labels[i] = (Label){ rows[i].label, fields[i] };
        metric_sink_family(sink, STR("node_os_info"), METRIC_TYPE_GAUGE,
                           STR("What /etc/os-release says, as labels of a constant 1."));
        metric_sink_sample(sink, labels, OS_INFO_FIELDS, 1);
        double version;
        if (version_number(fields[OS_VERSION_ID], &version)) {
                metric_sink_family(sink, STR("node_os_version"), METRIC_TYPE_GAUGE,
                                   STR("Metric containing the major.minor part of the OS version."));
                metric_sink_put(sink, version, { STR("id"), fields[OS_ID] }, { STR("id_like"), fields[OS_ID_LIKE] },
                                { STR("name"), fields[OS_NAME] });
        }
        int64_t days;
        if (date_days(fields[OS_SUPPORT_END], &days))
                metric_sink_gauge(sink, STR("node_os_support_end_timestamp_seconds"),
                                  STR("When support of this release ends."), (double)days * 86400);
        return true;
}

const Collector host_os_collector = {
        .base = { COMPONENT_COLLECTOR, .name = "os", .help = "The distribution and its version." },
        .gather = os_gather,
};

static bool dmi_gather(void *self, MetricSink *sink, Err *err)
{
        static const struct {
                const char *file;
                Str label;
        } rows[] = {
                { "bios_date", STR_INIT("bios_date") },
                { "bios_release", STR_INIT("bios_release") },
                { "bios_vendor", STR_INIT("bios_vendor") },
                { "bios_version", STR_INIT("bios_version") },
                { "board_asset_tag", STR_INIT("board_asset_tag") },
                { "board_name", STR_INIT("board_name") },
                { "board_serial", STR_INIT("board_serial") },
                { "board_vendor", STR_INIT("board_vendor") },
                { "board_version", STR_INIT("board_version") },
                { "chassis_asset_tag", STR_INIT("chassis_asset_tag") },
                { "chassis_serial", STR_INIT("chassis_serial") },
                { "chassis_vendor", STR_INIT("chassis_vendor") },
                { "chassis_version", STR_INIT("chassis_version") },
                { "product_family", STR_INIT("product_family") },
                { "product_name", STR_INIT("product_name") },
                { "product_serial", STR_INIT("product_serial") },
                { "product_sku", STR_INIT("product_sku") },
                { "product_uuid", STR_INIT("product_uuid") },
                { "product_version", STR_INIT("product_version") },
                { "sys_vendor", STR_INIT("system_vendor") },
        };
        Host *host = self;
        const char *dir = host_sys(host, "class/dmi/id");
        if (!kernel_is_dir(dir))
                return err_set(err, ERR_UNSUPPORTED, "'%s': this machine has no DMI table", dir);
        Label labels[ARRAY_LEN(rows)];
        size_t n = 0;
        for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
                Str value = host_read_word(
                        host, host_sys(host, "class/dmi/id/%s", rows[i].file)); /* serial numbers are for root */
                if (value.n && utf8_valid(value))
                        labels[n++] = (Label){ rows[i].label, value };
        }
        metric_sink_family(sink, STR("node_dmi_info"), METRIC_TYPE_GAUGE,
                           STR("A metric with a constant '1' value labeled by what the firmware says of the machine."));
        metric_sink_sample(sink, labels, n, 1);
        return true;
}

const Collector host_dmi_collector = {
        .base = { COMPONENT_COLLECTOR, .name = "dmi", .help = "Vendor and model of the hardware." },
        .gather = dmi_gather,
};
