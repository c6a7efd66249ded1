"""A Prometheus made to hold every kind of sample: floats, stale markers, late samples, histograms, deletions, several blocks and a log."""
import math, os, signal, struct, subprocess, time, urllib.parse, urllib.request

from ports import free_port
from rwire import HEADERS, double, number, series, signed, snappy, text, zigzag


STALE = 0x7FF0000000000002


def spans(n, pairs):
    return b"".join(text(n, signed(1, offset) + number(2, length)) for offset, length in pairs)


def int_histogram(t, counts, negative=(), schema=1, total=0.0, threshold=0.001, zero=2, hint=0):
    """counts: absolute, of one span from index -1 on."""
    deltas = [b - a for a, b in zip([0] + list(counts), counts)]
    ndeltas = [b - a for a, b in zip([0] + list(negative), negative)]
    packed = b"".join(zigzag(d) for d in deltas)
    npacked = b"".join(zigzag(d) for d in ndeltas)
    out = number(1, sum(counts) + sum(negative) + zero) + double(3, total) + signed(4, schema) + double(5, threshold)
    out += number(6, zero)
    if negative:
        out += spans(8, [(0, len(negative))]) + text(9, npacked)
    out += spans(11, [(-1, 2), (3, len(counts) - 2)]) + text(12, packed)
    return out + number(14, hint) + number(15, t)


def float_histogram(t, counts, total, schema=3, hint=3):
    out = double(2, float(sum(counts)) + 0.5) + double(3, total) + signed(4, schema) + double(5, 0.0) + double(7, 0.5)
    out += spans(11, [(4, len(counts))]) + text(13, b"".join(struct.pack("<d", c) for c in counts))
    return out + number(14, hint) + number(15, t)


def custom_histogram(t, counts, bounds, total):
    deltas = [b - a for a, b in zip([0] + list(counts), counts)]
    out = number(1, sum(counts)) + double(3, total) + signed(4, -53) + double(5, 0.0) + number(6, 0)
    out += spans(11, [(0, len(counts))]) + text(12, b"".join(zigzag(d) for d in deltas)) + number(14, 0) + number(15, t)
    return out + text(16, b"".join(struct.pack("<d", b) for b in bounds))


def stale_histogram(t):
    return number(1, 0) + double(3, STALE) + signed(4, 0) + double(5, 0.0) + number(6, 0) + number(15, t)


def post(port, path, body, headers=None):
    req = urllib.request.Request(f"http://127.0.0.1:{port}{path}", data=body, method="POST", headers=headers or {})
    try:
        with urllib.request.urlopen(req, timeout=60) as r:
            return r.status, r.read(), dict(r.headers)
    except urllib.error.HTTPError as e:
        return e.code, e.read(), dict(e.headers)


def write(port, payload):
    status, body, _ = post(port, "/api/v1/write", snappy(payload), HEADERS)
    assert status // 100 == 2, (status, body[:300])


def get(port, path, **params):
    query = urllib.parse.urlencode(params, doseq=True)
    with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}?{query}", timeout=120) as r:
        return r.read()


class Server:
    """A child process with an HTTP port that says when it is ready."""

    def __init__(self, args, port, log, ready="/-/ready"):
        self.port, self.log = port, log
        self.child = subprocess.Popen(args, stdout=open(log, "ab"), stderr=subprocess.STDOUT)
        deadline = time.monotonic() + 60
        while True:
            try:
                get(port, ready)
                return
            except OSError:
                if self.child.poll() is not None or time.monotonic() > deadline:
                    raise SystemExit(f"{args[0]} did not start: see {log}\n" + open(log).read()[-2000:])
                time.sleep(0.05)

    def stop(self, how=signal.SIGTERM):
        self.child.send_signal(how)
        self.child.wait(60)


def prometheus(binary, data, work, config="global: {scrape_interval: 1h}\n", extra=()):
    port = free_port()
    path = os.path.join(work, f"prometheus-{port}.yml")
    with open(path, "w") as f:
        f.write(config)
    return Server([binary, f"--config.file={path}", f"--storage.tsdb.path={data}", f"--web.listen-address=127.0.0.1:{port}",
                   "--web.enable-remote-write-receiver", "--web.enable-admin-api", "--enable-feature=native-histograms",
                   "--storage.tsdb.retention.time=30d", "--log.level=warn", *extra], port, os.path.join(work, f"prometheus-{port}.log"))


def hard_values(i):
    """Bit patterns that codecs get wrong."""
    table = [0.0, -0.0, math.inf, -math.inf, 5e-324, -2.2250738585072014e-308, 1.7976931348623157e308, STALE, 0x7FF8000000000001,
             0xFFF8000000000123, 1e-300, 1 / 3, -1 / 3, 2.0**53, 2.0**53 + 2, 1e15 + 0.3]
    return table[i % len(table)]


def feed_histograms(port, t0, n, step_ms):
    """Integer, float and custom-bucket histograms with resets, gaps, changing layouts and stale markers."""
    body = b""
    rows = {"int": [], "float": [], "custom": [], "gauge": []}
    for i in range(n):
        t = t0 + i * step_ms
        if i % 97 == 96:
            rows["int"].append(stale_histogram(t))
            continue
        k = i % 40 if i % 80 < 60 else i % 7
        width = 5 if i % 50 < 25 else 8
        rows["int"].append(int_histogram(t, [k + j * 3 for j in range(width)], [k, k + 1] if i % 60 > 20 else (), total=k * 1.5, zero=k))
        rows["float"].append(float_histogram(t, [k + j / 4 for j in range(4)], total=k / 3, hint=0))
        rows["gauge"].append(int_histogram(t, [abs(20 - k), 3, 1, 0], total=-1.25, hint=3))
        rows["custom"].append(custom_histogram(t, [k, k + 2, 1], [0.25, 1.0, math.pi if i > n // 2 else 2.5], total=k * 0.1))
    for name, hists in rows.items():
        for at in range(0, len(hists), 400):
            write(port, series({"__name__": f"request_seconds_{name}", "job": "native"}, histograms=hists[at : at + 400]))


def fill(server, rwload, t0, hours):
    """The whole load: floats of rwload in steps of 15 s over `hours`, hard values, late samples, histograms, deletions."""
    port, step = server.port, 15
    subprocess.run([rwload, "127.0.0.1", str(port), "/api/v1/write", "1", str(hours * 3600 // step), str(step), str(t0), "400"],
                   check=True, stdout=subprocess.DEVNULL)
    end = t0 + hours * 3600_000
    first = end - 40 * 60_000
    for s in range(8):
        labels = {"__name__": "hard", "kind": f"série {s} \"quoted\\\"\n"}
        write(port, series(labels, [(first + i * 5000 + (i * i * 7 % 900), hard_values(i * (s + 1) + s)) for i in range(300)]))
    write(port, series({"__name__": "sparse"}, [(end - 30 * 60_000, 1.5)]))
    write(port, series({"__name__": "late", "side": "a"}, [(end - 60_000 - i * 60_000, float(i)) for i in range(0, 30, 2)][::-1]))
    for i in range(25):
        write(port, series({"__name__": "late", "side": "a"}, [(end - 90_000 - i * 61_000, i / 7)]))
    feed_histograms(port, first, 400, 5000)
    post(port, "/api/v1/admin/tsdb/delete_series?" + urllib.parse.urlencode(
        {"match[]": 'node_memory_Ab_bytes', "start": (t0 + 30 * 60_000) / 1000, "end": (end - 50 * 60_000) / 1000}), b"")
    post(port, "/api/v1/admin/tsdb/delete_series?" + urllib.parse.urlencode({"match[]": 'app_gauge_7'}), b"")
