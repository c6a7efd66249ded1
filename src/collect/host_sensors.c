/* Hardware sensors of /sys/class/hwmon, and the thermal zones.
 *
 * A sensor is a group of files <type><number>_<property>. A chip is named by its device, which is stable, where hwmon
 * numbers depend on the order in which modules were loaded; two chips of one device get their own names behind it. */
#include "codec/floats.h"
#include "collect/host.h"
#include "os/kernel.h"

typedef struct SensorFile {
        Str type, sensor, property; /* "temp", "temp1", "crit_alarm" */
        Str value;
} SensorFile;

typedef struct Chip {
        const char *dir;
        Str name, human; /* human: of the file "name" */
} Chip;

/* Lower case, everything else '_', no '_' at the ends. */
static Str clean_name(Arena *arena, Str s)
{
        Str lower = str_lower(arena, s);
        char *out = arena_raw(arena, s.n + 1, 1);
        for (size_t i = 0; i < s.n; i++) {
                char c = lower.p[i];
                out[i] = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == ':' || c == '_' ? c : '_';
        }
        size_t from = 0;
        size_t to = s.n;
        while (from < to && out[from] == '_')
                from++;
        while (to > from && out[to - 1] == '_')
                to--;
        return str_n(out + from, to - from);
}

/* "temp1_crit_alarm" to its parts; "pwm1" has no property, "vrm" no number. */
static bool parse_sensor_file(Arena *arena, Str file, SensorFile *ret)
{
        static const char *const types[] = {
                "vrm",  "beep_enable", "update_interval", "in",     "cpu",      "fan",       "pwm",
                "temp", "curr",        "power",           "energy", "humidity", "intrusion", "freq"
        };
        for (size_t i = 0; i < ARRAY_LEN(types); i++) {
                Str type = str_of(types[i]);
                if (!str_starts(file, type))
                        continue;
                size_t digits = type.n;
                while (digits < file.n && file.p[digits] >= '0' && file.p[digits] <= '9')
                        digits++;
                if (digits < file.n && file.p[digits] != '_')
                        continue;
                Str number = str_sub(file, type.n, digits);
                ret->type = type;
                ret->property = str_sub(file, digits + 1, file.n);
                ret->sensor = number.n ? str_sub(file, 0, digits) : str_printf(arena, STR_FMT "0", STR_ARG(type));
                return true;
        }
        return false;
}

typedef VEC(SensorFile) SensorFiles;

static void read_sensors(Host *host, const char *dir, SensorFiles *files)
{
        Str *names;
        size_t n;
        Err ignored;
        if (!host->fs->list(host->fs, dir, host->arena, &names, &n, &ignored))
                return;
        for (size_t i = 0; i < n; i++) {
                SensorFile f = { 0 };
                Str text;
                if (!parse_sensor_file(host->arena, names[i], &f) ||
                    !host_read(host, str_printf(host->arena, "%s/" STR_FMT, dir, STR_ARG(names[i])).p, &text, &ignored))
                        continue;
                f.value = str_trim(text);
                bool known = false; /* the device's own folder says it again */
                vec_each(other, files) {
                        if (!str_eq(other->sensor, f.sensor) || !str_eq(other->property, f.property))
                                continue;
                        other->value = f.value;
                        known = true;
                }
                if (!known)
                        vec_push(files, f);
        }
}

static const SensorFile *property_of(SensorFiles *files, Str sensor, Str property)
{
        vec_each(f, files)
                if (str_eq(f->sensor, sensor) && str_eq(f->property, property))
                        return f;
        return NULL;
}

typedef struct SensorRule {
        const char *type;
        const char *property; /* NULL: any */
        const char *suffix;
        double unit;
        MetricType kind;
} SensorRule;

/* The first rule that fits; what has none is exposed as it is. */
static const SensorRule sensor_rules[] = {
        { "in", NULL, "_volts", 0.001, METRIC_TYPE_GAUGE },
        { "cpu", NULL, "_volts", 0.001, METRIC_TYPE_GAUGE },
        { "temp", "type", "", 1, METRIC_TYPE_GAUGE },
        { "temp", NULL, "_celsius", 0.001, METRIC_TYPE_GAUGE },
        { "curr", NULL, "_amps", 0.001, METRIC_TYPE_GAUGE },
        { "energy", NULL, "_joule_total", 1e-6, METRIC_TYPE_COUNTER },
        { "power", "accuracy", "", 1e-6, METRIC_TYPE_GAUGE },
        { "power", "average_interval", "_seconds", 0.001, METRIC_TYPE_GAUGE },
        { "power", "average_interval_min", "_seconds", 0.001, METRIC_TYPE_GAUGE },
        { "power", "average_interval_max", "_seconds", 0.001, METRIC_TYPE_GAUGE },
        { "power", NULL, "_watt", 1e-6, METRIC_TYPE_GAUGE },
        { "humidity", NULL, "", 1e-6, METRIC_TYPE_GAUGE },
        { "fan", "input", "_rpm", 1, METRIC_TYPE_GAUGE },
        { "fan", "min", "_rpm", 1, METRIC_TYPE_GAUGE },
        { "fan", "max", "_rpm", 1, METRIC_TYPE_GAUGE },
        { "fan", "target", "_rpm", 1, METRIC_TYPE_GAUGE },
};

static const SensorRule *rule_of(Str type, Str property)
{
        for (size_t i = 0; i < ARRAY_LEN(sensor_rules); i++)
                if (str_eq(type, str_of(sensor_rules[i].type)) &&
                    (!sensor_rules[i].property || str_eq(property, str_of(sensor_rules[i].property))))
                        return &sensor_rules[i];
        return NULL;
}

/* A power of ten is divided by where it is smaller than 1: 0.001 has no exact double, 1000 has. */
static double scaled(double v, double unit) { return unit == 1e-6 ? v / 1e6 : v * unit; }

static void put_property(Host *host, MetricSink *sink, const Chip *chip, SensorFiles *files, const SensorFile *f)
{
        double v;
        if (!floats_parse(f->value, &v))
                return;
        Str help = str_printf(host->arena, "Hardware monitor " STR_FMT " element " STR_FMT ".", STR_ARG(f->type),
                              STR_ARG(f->property.n ? f->property : STR("value")));
        Str name = str_printf(host->arena, "node_hwmon_" STR_FMT, STR_ARG(f->type));
        if (str_eq(f->property, STR("input"))) {
                if (property_of(files, f->sensor, (Str){ 0 })) /* the plain name is taken */
                        name = str_printf(host->arena, STR_FMT "_input", STR_ARG(name));
        } else if (f->property.n) {
                name = str_printf(host->arena, STR_FMT "_" STR_FMT, STR_ARG(name),
                                  STR_ARG(clean_name(host->arena, f->property)));
        }
        Str sensor = f->sensor;
        Str suffix = { 0 };
        MetricType kind = METRIC_TYPE_GAUGE;
        const SensorRule *rule = rule_of(f->type, f->property);
        if (str_eq(f->property, STR("fault")) || str_eq(f->property, STR("alarm"))) {
                rule = NULL; /* switches have no unit */
        } else if (str_eq(f->property, STR("beep"))) {
                rule = NULL;
                suffix = STR("_enabled");
        } else if (str_eq(f->type, STR("freq")) && str_eq(f->property, STR("input"))) {
                const SensorFile *label = property_of(files, f->sensor, STR("label"));
                if (!label)
                        return;
                sensor = clean_name(host->arena, label->value);
                suffix = STR("_freq_mhz");
                v /= 1e6;
        }
        if (rule) {
                suffix = str_of(rule->suffix);
                v = scaled(v, rule->unit);
                kind = rule->kind;
        }
        metric_sink_family(sink, str_printf(host->arena, STR_FMT STR_FMT, STR_ARG(name), STR_ARG(suffix)), kind, help);
        metric_sink_put(sink, v, { STR("chip"), chip->name }, { STR("sensor"), sensor });
}

/* Files that are a whole sensor. */
static bool put_special(MetricSink *sink, const Chip *chip, const SensorFile *f)
{
        double v = 0;
        bool number = floats_parse(f->value, &v);
        if (str_eq(f->type, STR("beep_enable"))) {
                metric_sink_family(sink, STR("node_hwmon_beep_enabled"), METRIC_TYPE_GAUGE,
                                   STR("Hardware beep enabled."));
                v = str_eq(f->value, STR("1"));
        } else if (str_eq(f->type, STR("vrm"))) {
                metric_sink_family(sink, STR("node_hwmon_voltage_regulator_version"), METRIC_TYPE_GAUGE,
                                   STR("Hardware voltage regulator."));
        } else if (str_eq(f->type, STR("update_interval"))) {
                metric_sink_family(sink, STR("node_hwmon_update_interval_seconds"), METRIC_TYPE_GAUGE,
                                   STR("Hardware monitor update interval."));
                v *= 0.001;
        } else {
                return false;
        }
        if (f->property.n == 0 && (number || str_eq(f->type, STR("beep_enable"))))
                metric_sink_put(sink, v, { STR("chip"), chip->name }, { STR("sensor"), f->sensor });
        return true;
}

static void put_chip(Host *host, MetricSink *sink, const Chip *chip)
{
        SensorFiles files = { .arena = host->arena };
        read_sensors(host, chip->dir, &files);
        read_sensors(host, str_printf(host->arena, "%s/device", chip->dir).p, &files);
        if (chip->human.n) {
                metric_sink_family(sink, STR("node_hwmon_chip_names"), METRIC_TYPE_GAUGE,
                                   STR("Annotation metric for human-readable chip names."));
                metric_sink_put(sink, 1, { STR("chip"), chip->name }, { STR("chip_name"), chip->human });
        }
        vec_each(f, &files) {
                if (str_eq(f->property, STR("label")) && f->value.n) {
                        metric_sink_family(sink, STR("node_hwmon_sensor_label"), METRIC_TYPE_GAUGE,
                                           STR("Label for given chip and sensor."));
                        metric_sink_put(sink, 1, { STR("chip"), chip->name }, { STR("sensor"), f->sensor },
                                        { STR("label"), f->value });
                } else if (!str_eq(f->property, STR("label")) && !put_special(sink, chip, f)) {
                        put_property(host, sink, chip, &files, f);
                }
        }
}

/* "platform_coretemp_0" from where the link "device" leads; else the file "name"; else the folder itself. */
static bool name_chip(Host *host, Str entry, Chip *ret)
{
        Str path, head, bus = { 0 };
        Err ignored;
        ret->dir = host_sys(host, "class/hwmon/" STR_FMT, STR_ARG(entry));
        ret->human = clean_name(host->arena,
                                host_read_word(host, host_sys(host, "class/hwmon/" STR_FMT "/name", STR_ARG(entry))));
        if (kernel_realpath(str_printf(host->arena, "%s/device", ret->dir).p, host->arena, &path, &ignored)) {
                size_t slash = str_rfind_char(path, '/');
                head = str_sub(path, 0, slash);
                bus = clean_name(host->arena, str_sub(head, str_rfind_char(head, '/') + 1, head.n));
                Str device = clean_name(host->arena, str_sub(path, slash + 1, path.n));
                ret->name = bus.n && device.n
                                    ? str_printf(host->arena, STR_FMT "_" STR_FMT, STR_ARG(bus), STR_ARG(device))
                                    : device;
        }
        if (ret->name.n == 0)
                ret->name = ret->human;
        if (ret->name.n == 0 && kernel_realpath(ret->dir, host->arena, &path, &ignored))
                ret->name = clean_name(host->arena, str_sub(path, str_rfind_char(path, '/') + 1, path.n));
        return ret->name.n > 0;
}

static bool hwmon_gather(void *self, MetricSink *sink, Err *err)
{
        Host *host = self;
        Str *entries;
        size_t n;
        if (!host->fs->list(host->fs, host_sys(host, "class/hwmon"), host->arena, &entries, &n, err)) {
                if (err->code == ERR_NOT_FOUND)
                        err->code = ERR_UNSUPPORTED;
                return false;
        }
        VEC(Chip) chips = { .arena = host->arena };
        for (size_t i = 0; i < n; i++) {
                Chip chip = { 0 };
                if (kernel_is_dir(host_sys(host, "class/hwmon/" STR_FMT, STR_ARG(entries[i]))) &&
                    name_chip(host, entries[i], &chip))
                        vec_push(&chips, chip);
        }
        Str *names = arena_array(host->arena, Str, chips.len + 1);
        for (size_t i = 0; i < chips.len; i++) {
                bool shared = false;
                for (size_t k = 0; k < chips.len; k++)
                        shared = shared || (k != i && str_eq(chips.data[k].name, chips.data[i].name));
                names[i] = shared && chips.data[i].human.n
                                   ? str_printf(host->arena, STR_FMT "_" STR_FMT, STR_ARG(chips.data[i].name),
                                                STR_ARG(chips.data[i].human))
                                   : chips.data[i].name;
        }
        for (size_t i = 0; i < chips.len; i++) {
                chips.data[i].name = names[i];
                if (!host->filters[HOST_FILTER_HWMON_INCLUDE] || host_filter(host, HOST_FILTER_HWMON_INCLUDE, names[i]))
                        put_chip(host, sink, &chips.data[i]);
        }
        return true;
}

const Collector host_hwmon_collector = {
        .base = { COMPONENT_COLLECTOR, .name = "hwmon", .help = "Temperatures, fans, voltages of hardware monitors." },
        .gather = hwmon_gather,
};

static bool thermal_zone_gather(void *self, MetricSink *sink, Err *err)
{
        Host *host = self;
        Str *numbers;
        size_t n;
        double v;
        (void)err;
        Err ignored; /* a zone without a reading is common: a sensor that is off */
        host_list_numbered(host, host_sys(host, "class/thermal"), STR("thermal_zone"), &numbers, &n);
        for (size_t i = 0; i < n; i++) {
                if (!host_read_double(host, host_sys(host, "class/thermal/thermal_zone%s/temp", numbers[i].p), &v,
                                      &ignored))
                        continue;
                Str type = host_read_word(host, host_sys(host, "class/thermal/thermal_zone%s/type", numbers[i].p));
                metric_sink_family(sink, STR("node_thermal_zone_temp"), METRIC_TYPE_GAUGE,
                                   STR("Zone temperature in Celsius."));
                metric_sink_put(sink, v / 1000.0, { STR("zone"), numbers[i] }, { STR("type"), type });
        }
        host_list_numbered(host, host_sys(host, "class/thermal"), STR("cooling_device"), &numbers, &n);
        for (size_t i = 0; i < n; i++) {
                double max;
                if (!host_read_double(host, host_sys(host, "class/thermal/cooling_device%s/cur_state", numbers[i].p),
                                      &v, &ignored) ||
                    !host_read_double(host, host_sys(host, "class/thermal/cooling_device%s/max_state", numbers[i].p),
                                      &max, &ignored))
                        continue;
                Str type = host_read_word(host, host_sys(host, "class/thermal/cooling_device%s/type", numbers[i].p));
                metric_sink_family(sink, STR("node_cooling_device_cur_state"), METRIC_TYPE_GAUGE,
                                   STR("Current throttle state of the cooling device."));
                metric_sink_put(sink, v, { STR("name"), numbers[i] }, { STR("type"), type });
                metric_sink_family(sink, STR("node_cooling_device_max_state"), METRIC_TYPE_GAUGE,
                                   STR("Maximum throttle state of the cooling device."));
                metric_sink_put(sink, max, { STR("name"), numbers[i] }, { STR("type"), type });
        }
        return true;
}

const Collector host_thermal_zone_collector = {
        .base = { COMPONENT_COLLECTOR, .name = "thermal_zone", .help = "Thermal zones and what cools them." },
        .gather = thermal_zone_gather,
};
