"""The comparison of host-metrics.sh: host_metrics.py PEER.txt DUMP.txt SERVED.txt VERSION"""
import re, sys

SAMPLE = re.compile(r'([a-zA-Z_:][\w:]*)(\{(?:[^"}]|"(?:[^"\\]|\\.)*")*\})? (\S+)$')
LABEL = re.compile(r'(\w+)="((?:[^"\\]|\\.)*)"')
COLLECTORS = ("arp conntrack cpu cpufreq diskstats dmi entropy filefd filesystem hwmon loadavg meminfo netclass netdev netstat os pressure "
              "schedstat sockstat softnet stat textfile thermal_zone time timex udp_queues uname vmstat").split()
FAMILIES = re.compile(r"(node_(arp_|boot_time|context_switches|cooling_device_|cpu_|disk_|dmi_|entropy_|filefd_|filesystem_|forks_|hwmon_|intr_|"
                      r"load\d|memory_|netstat_|network_|nf_conntrack_|os_|pressure_|procs_|schedstat_|scrape_collector_|sockstat_|softirqs_|"
                      r"softnet_|textfile_|thermal_zone_|time_|timex_|udp_queues|uname_|vmstat_)|backup_)")
# Younger than the 1.5.0 of Debian 12: ours has them, the peer may not.
YOUNGER = {"node_cpu_frequency_hertz", "node_disk_device_mapper_backing_device_info", "node_filesystem_mount_info", "node_netstat_TcpExt_TCPOFOQueue",
           "node_netstat_TcpExt_TCPRcvQDrop", "node_pressure_irq_stalled_seconds_total", "node_softnet_backlog_len", "node_softnet_cpu_collision_total",
           "node_softnet_flow_limit_count_total", "node_softnet_received_rps_total", "node_timex_offset_overflow_total"}
YOUNGER_LABELS = {"node_disk_info": {"rotational"}, "node_network_info": {"adminstate"}, "node_filesystem_device_error": {"device_error"}}


def parse(path):
    families, types = {}, {}
    for line in open(path, errors="surrogateescape").read().split("\n"):
        if line.startswith("# TYPE "):
            _, _, name, kind = line.split(" ")
            types[name] = kind
            families.setdefault(name, {})
        elif line and not line.startswith("#"):
            m = SAMPLE.match(line)
            base = next((m[1][:-len(s)] for s in ("_sum", "_count", "_bucket") if m[1].endswith(s) and m[1][:-len(s)] in types), m[1])
            labels = tuple(sorted((k, v) for k, v in LABEL.findall(m[2] or "") if v))
            families.setdefault(base, {})[(m[1], labels)] = float(m[3])
    return families, types


counts = {"ok": 0, "not ok": 0, "skip": 0}


def say(verdict, name, why=""):
    counts[verdict] += 1
    print(f"{verdict} {name}" + (f": {why}" if why else ""))


def without(series, names):
    return {(n, tuple(kv for kv in l if kv[0] not in names)) for n, l in series}


def compare(got, got_types, want, want_types):
    for name in sorted(n for n in set(got) | set(want) if FAMILIES.match(n)):
        g, w = set(got.get(name, {})), set(want.get(name, {}))
        if name.startswith("node_scrape_collector_"):
            mine = lambda s: {x for x in s if dict(x[1])["collector"] in COLLECTORS}
            g, w = mine(g), mine(w)
        if name == "node_filesystem_readonly":  # older peers leave out file systems that cannot be asked
            g = {x for x in g if x in w or not dict(x[1]).get("device_error")}
        if name in YOUNGER_LABELS:
            g = without(g, YOUNGER_LABELS[name] - {k for _, l in w for k, _ in l})
        if not w and name in YOUNGER:
            say("skip", name, "this version of the peer does not have it yet")
        elif got_types.get(name) != want_types.get(name):
            say("not ok", name, f"type {got_types.get(name)}, want {want_types.get(name)}")
        elif g != w:
            say("not ok", name, "; ".join([f"- {x}" for x in sorted(w - g)[:4]] + [f"+ {x}" for x in sorted(g - w)[:4]]))
        else:
            say("ok", name)


def near(got, want):
    """Values move between the two readings, but not far: a unit mistaken would show."""
    for name, tolerance in (("node_boot_time_seconds", 0), ("node_memory_MemTotal_bytes", 0), ("node_filesystem_size_bytes", 0.01), ("node_cpu_seconds_total", 60),
                            ("node_filefd_maximum", 0), ("node_time_seconds", 60), ("node_disk_read_bytes_total", 1e9), ("node_network_receive_bytes_total", 1e9),
                            ("node_uname_info", 0), ("node_timex_tick_seconds", 0), ("node_network_mtu_bytes", 0), ("node_time_zone_offset_seconds", 0)):
        far = [(s, v, want[name][s]) for s, v in got.get(name, {}).items() if s in want.get(name, {}) and abs(v - want[name][s]) > tolerance]
        say("not ok" if far else "ok", f"values of {name}", str(far[:2]) if far else "")


want, want_types = parse(sys.argv[1])
got, got_types = parse(sys.argv[2])
served, served_types = parse(sys.argv[3])
print(f"# peer: {sys.argv[4]}")
compare(got, got_types, want, want_types)
near(got, want)
if served:
    mine = {n for n in got if FAMILIES.match(n) and not re.match(r"backup_|node_(cpu_info|cpu_frequency_hertz|softirqs|textfile_mtime)", n)}
    lost = sorted(n for n in mine if served_types.get(n) != got_types.get(n))
    say("not ok" if lost else "ok", "the program serves the same families", ", ".join(lost[:8]))
else:
    say("skip", "the program's own /metrics/host", "pharos is not built or has no such path")
print(f"{counts['ok']} passed, {counts['not ok']} failed, {counts['skip']} skipped")
sys.exit(1 if counts["not ok"] else 0)
