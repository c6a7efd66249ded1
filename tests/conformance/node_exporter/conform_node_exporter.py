#!/usr/bin/env python3
"""Compares what the host's collectors expose for a recorded /proc and /sys with what node_exporter exposes for them.

usage: conform_node_exporter.py COLLECT-DUMP [CORPUS]

The corpus (conformance/traces/node_exporter below $PHAROS_SHARED) is used in place. Compared are, family by family, the
type, the label sets and the values, exactly; help texts are ours. Labels with empty values count as absent, as
everywhere in Prometheus."""
import os, re, shutil, subprocess, sys, tempfile

dump = sys.argv[1]
corpus = sys.argv[2] if len(sys.argv) > 2 else os.path.join(os.environ.get("PHAROS_SHARED", "../shared"), "conformance/traces/node_exporter")

# Families of the collectors that exist here; everything else in the recording belongs to collectors that do not.
OURS = re.compile(r"node_(arp_|boot_time|context_switches|cooling_device_|cpu_(?!vulner)|disk_|dmi_|entropy_|filefd_|filesystem_|forks_|hwmon_|"
                  r"intr_|load\d|memory_(?!numa)|netstat_|network_|nf_conntrack_|os_|pressure_|procs_|schedstat_|scrape_collector_success|sockstat_|"
                  r"softirqs_total|softnet_|textfile_|thermal_zone_|time_|timex_|udp_queues|uname_|vmstat_)|testmetric")
# Recorded without samples (they change), or from the recording's own network namespace, which the fixture is not.
UNRECORDED = {"node_textfile_mtime_seconds": "the time of a file here", "node_time_seconds": "the clock", "node_time_zone_offset_seconds": "the clock"}
NETDEV = re.compile(r"node_network_(receive|transmit)_\w+_total$")
UDEV = re.compile(r"node_disk_(ata_|device_mapper_|filesystem_info|info)")  # the recording's udev folder is not in the corpus


def unpack(archive, into):
    """ttar: 'Directory: p', 'Path: p' with 'SymlinkTo: t' or 'Lines: n' and n lines, 'Mode: m'."""
    lines = open(archive, "rb").read().split(b"\n")
    i, path = 0, None
    while i < len(lines):
        key, _, value = lines[i].partition(b": ")
        i += 1
        if key == b"Directory":
            os.makedirs(os.path.join(into, value.decode()), exist_ok=True)
        elif key == b"Path":
            path = os.path.join(into, value.decode())
            os.makedirs(os.path.dirname(path), exist_ok=True)
        elif key == b"SymlinkTo":
            os.symlink(value.decode(), path)
        elif key == b"Lines":
            n = int(value)
            text = b"".join(l + b"\n" for l in lines[i:i + n]).replace(b"NULLBYTE", b"\0")
            if text.endswith(b"EOF\n"):  # no newline at the end
                text = text[:-4]
            open(path, "wb").write(text)
            i += n


SAMPLE = re.compile(r'([a-zA-Z_:][\w:]*)(\{(?:[^"}]|"(?:[^"\\]|\\.)*")*\})? (\S+)$')
LABEL = re.compile(r'(\w+)="((?:[^"\\]|\\.)*)"')


def parse(text):
    families, types = {}, {}
    for line in text.split("\n"):
        if line.startswith("# TYPE "):
            _, _, name, kind = line.split(" ")
            types[name] = kind
            families.setdefault(name, set())
        elif line and not line.startswith("#"):
            m = SAMPLE.match(line)
            if not m:
                raise SystemExit(f"not a sample: {line}")
            labels = tuple(sorted((k, v) for k, v in LABEL.findall(m[2] or "") if v))
            base = next((m[1][:-len(s)] for s in ("_bucket", "_sum", "_count") if m[1].endswith(s) and m[1][:-len(s)] in types), m[1])
            families.setdefault(base, set()).add((m[1], labels, m[3]))
    return families, types


passed = failed = skipped = 0


def verdict(name, problem):
    global passed, failed
    if problem:
        failed += 1
        print(f"not ok {name}: {problem}")
    else:
        passed += 1
        print(f"ok {name}")


def skip(name, why):
    global skipped
    skipped += 1
    print(f"skip {name}: {why}")


def difference(got, want):
    missing, extra = sorted(want - got), sorted(got - want)
    show = lambda s: f"{s[0]}{{{', '.join(f'{k}={v!r}' for k, v in s[1])}}} {s[2]}"
    out = [f"{len(missing)} missing, {len(extra)} not expected"] if missing or extra else []
    return "\n    ".join(out + ["- " + show(s) for s in missing[:6]] + ["+ " + show(s) for s in extra[:6]])


def gather(**options):
    quoted = [f"{k}={v if isinstance(v, bool) is False and v.startswith('[') else repr(v) if isinstance(v, str) else str(v).lower()}" for k, v in options.items()]
    r = subprocess.run([dump, *quoted], capture_output=True, timeout=60)
    if r.returncode:
        raise SystemExit(f"collect-dump failed: {r.stderr.decode()}")
    return r.stdout.decode(errors="surrogateescape")


def compare_families(work):
    root = os.path.join(work, "fixtures")
    got, got_types = parse(gather(
        procfs=f"{root}/proc", sysfs=f"{root}/sys", rootfs=root, udev=f"{root}/udev/data", textfile_directory=f"{corpus}/textfile/two_metric_files/",
        disabled="[filesystem, timex, uname]", arp_device_exclude="nope", hwmon_chip_include="(applesmc|asus_nb_wmi|coretemp|hwmon4|ieee80211|nct6779)",
        netclass_ignored_devices="(dmz|int)", netclass_ignore_invalid_speed=True, netdev_device_include="lo", cpu_info=True,
        cpu_flags_include="^(aes|avx.?|constant_tsc)$", cpu_bugs_include="^(cpu_meltdown|spectre_.*|mds)$", stat_softirq=True))
    want, want_types = parse(open(f"{corpus}/e2e-output.txt", errors="surrogateescape").read())
    collectors = {dict(l)["collector"] for _, l, _ in got["node_scrape_collector_success"]}
    for name in sorted(n for n in set(got) | set(want) if OURS.match(n)):
        if name in UNRECORDED:
            skip(name, UNRECORDED[name])
            continue
        if NETDEV.match(name):
            continue  # below
        g, w = got.get(name, set()), want.get(name, set())
        if name == "node_scrape_collector_success":
            # netdev reads the recording's own machine; the recording has other collectors too.
            w = {s for s in w if dict(s[1])["collector"] in collectors - {"netdev"}}
            g = {s for s in g if dict(s[1])["collector"] != "netdev"}
        if UDEV.match(name):
            udev_labels = {"path", "wwn", "model", "serial", "revision"}
            if name != "node_disk_info":
                skip(name, "needs the udev folder, which the corpus lacks")
                continue
            strip = lambda f: {(n, tuple(kv for kv in l if kv[0] not in udev_labels), v) for n, l, v in f}
            g, w = strip(g), strip(w)
        if name == "node_os_info" or name == "node_os_version":
            if not os.path.exists(f"{root}/etc/os-release") and not os.path.exists(f"{root}/usr/lib/os-release"):
                skip(name, "needs os-release, which the corpus lacks")
                continue
        if name == "node_scrape_collector_success" and not os.path.exists(f"{root}/usr/lib/os-release"):
            g = {s for s in g if dict(s[1])["collector"] != "os"}
            w = {s for s in w if dict(s[1])["collector"] != "os"}
        kind = f"type {got_types.get(name)}, want {want_types.get(name)}" if got_types.get(name) != want_types.get(name) else ""
        verdict(name, kind or difference(g, w))
    return {n: t for n, t in want_types.items() if NETDEV.match(n) and n.endswith("_total") and not re.search("carrier_.*changes", n)}


def compare_netdev(work, want_types):
    """The recording's netdev families come from its own lo: names and types are compared, with a /proc/net/dev of our own."""
    proc = os.path.join(work, "netdev")
    os.makedirs(f"{proc}/net")
    open(f"{proc}/net/dev", "w").write("Inter-|   Receive                                                |  Transmit\n"
                                       " face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop fifo colls carrier compressed\n"
                                       "    lo: 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16\n")
    os.makedirs(f"{proc}/class/net/lo/statistics")
    open(f"{proc}/class/net/lo/statistics/rx_nohandler", "w").write("17\n")
    _, types = parse(gather(procfs=proc, sysfs=proc))
    types = {n: t for n, t in types.items() if NETDEV.match(n)}
    for name in sorted(set(types) | set(want_types)):
        verdict(name, "" if types.get(name) == want_types.get(name) else f"type {types.get(name)}, want {want_types.get(name)}")


def compare_textfiles(work):
    cases = sorted(f[:-4] for f in os.listdir(f"{corpus}/textfile") if f.endswith(".out"))
    empty = os.path.join(work, "empty")
    os.makedirs(empty)
    for case in cases:
        pattern = {"glob_extra_dimension": "*_extra_dimension", "nonexistent_path": "does_not_exist"}.get(case, case)
        got, got_types = parse(gather(procfs=empty, sysfs=empty, rootfs=empty, textfile_directory=f"{corpus}/textfile/{pattern}"))
        want, want_types = parse(open(f"{corpus}/textfile/{case}.out").read())
        own = lambda n: n.startswith("node_") and not n.startswith("node_textfile")
        times = lambda f: {(n, tuple((k, v.split("/textfile/")[-1]) for k, v in l), "t") for n, l, v in f}
        for f in (got, want):
            if "node_textfile_mtime_seconds" in f:
                f["node_textfile_mtime_seconds"] = times(f["node_textfile_mtime_seconds"])
        problems = [difference(got.get(n, set()), want.get(n, set())) for n in sorted(set(got) | set(want)) if not own(n)]
        problems += [f"type of {n}: {got_types.get(n)}, want {t}" for n, t in want_types.items() if got_types.get(n) != t]
        verdict(f"textfile/{case}", "\n    ".join(p for p in problems if p))


if not os.path.exists(f"{corpus}/e2e-output.txt"):
    print(f"skip node_exporter: NO CORPUS at {corpus}; set PHAROS_SHARED to the folder that holds conformance/")
    print("0 passed, 0 failed, 1 skipped")
    sys.exit(77)
work = tempfile.mkdtemp(prefix="pharos-node-")
try:
    shutil.copytree(f"{corpus}/proc", f"{work}/fixtures/proc", symlinks=True)
    subprocess.run(["chmod", "-R", "u+w", f"{work}/fixtures"], check=True)
    os.symlink("10", f"{work}/fixtures/proc/self")  # the corpus leaves it out
    unpack(f"{corpus}/sys.ttar", f"{work}/fixtures")
    compare_netdev(work, compare_families(work))
    compare_textfiles(work)
finally:
    shutil.rmtree(work)
print(f"{passed} passed, {failed} failed, {skipped} skipped")
sys.exit(1 if failed else 0)
