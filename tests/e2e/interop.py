"""pharos import, export, tsdb and remote read against a real Prometheus: every series and sample of both sides is compared."""
import argparse, filecmp, json, os, re, shutil, signal, struct, subprocess, time

import interop_peer as peer, rwire

HOURS = 9
failed = passed = skipped = 0


def check(name, ok, detail=""):
    global failed, passed
    passed, failed = passed + bool(ok), failed + (not ok)
    print(f"{'ok' if ok else 'not ok'} {name}" + (f": {detail}" if detail and not ok else ""), flush=True)


def skip(name, why):
    global skipped
    skipped += 1
    print(f"SKIPPED {name}: {why}", flush=True)


def run(*args, ok=True):
    p = subprocess.run(args, stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=300)
    if ok and p.returncode != 0:
        print(f"   {' '.join(args)} exits {p.returncode}: {p.stderr.decode()[-600:]}", flush=True)
    return p


def is_histogram(line):
    return b"} {count:" in line


def floats(dump):
    return sorted(l for l in dump.splitlines() if not is_histogram(l))


BOUND = re.compile(rb"-?\d[\d.e+-]*|[+-]Inf")


def rounded(text):
    """Releases differ in the last digit of bucket bounds, and in the sign of a zero bound."""
    return re.sub(BOUND, lambda m: b"%.9g" % (float(m.group()) + 0.0), text)


def histograms(dump):
    return sorted(rounded(l) for l in dump.splitlines() if is_histogram(l))


def near(a, b, what):
    """Two sorted dumps of floats are the same."""
    if a == b:
        return check(what, True)
    extra, missing = sorted(set(a) - set(b))[:3], sorted(set(b) - set(a))[:3]
    check(what, False, f"{len(a)} and {len(b)} samples; only here {extra}, only there {missing}")


def api_histograms(port, at):
    """What a server answers for every native histogram, from low to high: text as in a dump, without stale markers."""
    out = []
    for s in json.loads(peer.get(port, "/api/v1/query", query='{__name__=~"request_seconds_.*"}[10h]', time=at))["data"]["result"]:
        labels = ", ".join(f'{k}="{v}"' for k, v in sorted(s["metric"].items()))
        for t, h in s.get("histograms", []):
            opens, closes = ["(", "[", "(", "["], ["]", ")", ")", "]"]
            buckets = "".join(f", {opens[b]}{lo},{hi}{closes[b]}:{n}" for b, lo, hi, n in h.get("buckets", []))
            out.append(rounded(f"{{{labels}}} {{count:{h['count']}, sum:{h['sum']}{buckets}}} {round(t * 1000)}".encode()))
    return sorted(out)


def without_stale(lines):
    return [l for l in lines if b"sum:NaN" not in l and b"sum:nan" not in l.lower()]


class Test:
    def __init__(self, a):
        self.a = a
        self.t0 = (int(time.time() * 1000) - HOURS * 3600_000) // 7200_000 * 7200_000
        self.end = self.t0 + HOURS * 3600_000

    def path(self, name):
        return os.path.join(self.a.work, name)

    def pharos(self, *args, ok=True):
        return run(self.a.pharos, *args, ok=ok)

    def dump(self, data, *more):
        return self.pharos("tsdb", "dump", *more, data).stdout

    def promtool(self, data):
        p = run(self.a.promtool, "tsdb", "dump", data)
        return p.stdout

    def prometheus(self, data, config="global: {scrape_interval: 1h}\nstorage: {tsdb: {out_of_order_time_window: 1h}}\n", extra=()):
        return peer.prometheus(self.a.prometheus, data, self.a.work, config, extra)

    def serve(self, data, config=None):
        port = peer.free_port()
        args = [self.a.pharos, "serve", "--data", data, "--listen", f"127.0.0.1:{port}", "--storage.tsdb.retention.time=60d"]
        if config:
            with open(self.path("pharos.yml"), "w") as f:
                f.write(config)
            args += ["--config", self.path("pharos.yml")]
        return peer.Server(args, port, self.path("pharos.log"))

    def make(self, name, compression, how):
        data = self.path(name)
        server = self.prometheus(data, extra=[f"--storage.tsdb.wal-compression-type={compression}"])
        try:
            peer.fill(server, self.a.rwload, self.t0, HOURS)
            deadline = time.monotonic() + 30
            while len([d for d in os.listdir(data) if len(d) == 26]) < 3 and time.monotonic() < deadline:
                time.sleep(0.2)
            # what the peer answers for histograms: promtool's dump loses the first of a series
            self.native = api_histograms(server.port, self.end / 1000 + 300)
        finally:
            server.stop(how)
        check(f"{name}: the peer's folder has blocks, a log and late samples",
              len([d for d in os.listdir(data) if len(d) == 26]) >= 3 and os.listdir(data + "/wal") and os.listdir(data + "/wbl"), str(os.listdir(data)))
        return data

    def read(self, data, name):
        ours, theirs = self.dump(data), self.promtool(data)
        near(floats(ours), floats(theirs), f"{name}: every float sample is read as promtool reads it")
        near(without_stale(histograms(ours)), self.native, f"{name}: every histogram is read as the peer answers")
        return ours

    def take_over(self, data, ours):
        target = self.path("taken")
        p = self.pharos("import", "--data", target, data, ok=False)
        got = self.dump(target)
        near(floats(got), floats(ours), "import: every float sample arrives")
        if b"the target does not store them" in p.stderr:
            skip("import: histograms", "this store has no place for them yet")
        else:
            check("import: exits 0", p.returncode == 0, p.stderr.decode())
            near(histograms(got), histograms(ours), "import: every histogram arrives")
        again = self.pharos("import", "--data", target, data, ok=False)
        check("import: twice is once", floats(self.dump(target)) == floats(got), again.stderr.decode())
        return target

    def give_back(self, source, name, ours):
        blocks = self.path(f"blocks-{name}")
        p = self.pharos("export", "--to", "blocks", "--data", source, "--output", blocks)
        check(f"export of {name}: exits 0", p.returncode == 0)
        near(floats(self.promtool(blocks)), floats(ours), f"export of {name}: promtool reads every float sample")
        check(f"export of {name}: reads back", self.dump(blocks) == self.dump(source))
        check(f"export of {name}: promtool lists the blocks", run(self.a.promtool, "tsdb", "list", blocks).returncode == 0)
        check(f"export of {name}: promtool analyses them", b"Label names" in run(self.a.promtool, "tsdb", "analyze", blocks).stdout)
        return blocks

    def served_by_peer(self, blocks):
        copy = self.path("served")
        shutil.copytree(blocks, copy)
        server = self.prometheus(copy)
        try:
            near(api_histograms(server.port, self.end / 1000 + 300), self.native, "export: the peer serves every histogram")
        finally:
            server.stop()

    def texts(self, source):
        match = '{__name__=~"hard|late|sparse|app_gauge_.*"}'
        for format in "jsonl", "csv", "openmetrics":
            first, second, target = self.path("a." + format), self.path("b." + format), self.path("from-" + format)
            self.pharos("export", "--to", format, "--data", source, "--match", match, "--output", first)
            check(f"{format}: import exits 0", self.pharos("import", "--from", format, "--data", target, first).returncode == 0)
            self.pharos("export", "--to", format, "--data", target, "--output", second)
            check(f"{format}: out, in and out again is the same", os.path.getsize(first) > 1000 and filecmp.cmp(first, second, False))
        made = self.path("made")
        os.makedirs(made + "/wal")
        p = run(self.a.promtool, "tsdb", "create-blocks-from", "openmetrics", self.path("a.openmetrics"), made)
        if check("openmetrics: promtool takes it", p.returncode == 0, p.stderr.decode()[-300:]):
            pass
        near(floats(self.dump(made)), floats(self.dump(self.path("from-openmetrics"))), "openmetrics: promtool's blocks hold the same")

    def remote(self, target, ours):
        server = self.serve(self.path("remote"))
        try:
            p = self.pharos("import", "--url", f"http://127.0.0.1:{server.port}", "--match", '{__name__=~"hard|node_disk_m.*"}', target)
            check("import --url: exits 0", p.returncode == 0)
        finally:
            server.stop()
        want = [l for l in floats(ours) if re.match(rb'\{__name__="(hard|node_disk_m[^"]*)"', l)]
        near(floats(self.dump(self.path("remote"), "--match", '{__name__=~"hard|node_disk_m.*"}')), want, "import --url: every sample arrives")

    def remote_read(self, target):
        external = {"zone": "eu", "cluster": "c1"}
        config = "prometheus:\n  global:\n    external_labels: {zone: eu, cluster: c1}\n"
        server = self.serve(target, config)
        url = f"http://127.0.0.1:{server.port}/api/v1/read"
        try:
            client = self.prometheus(self.path("client"), f"global: {{scrape_interval: 1h}}\nremote_read:\n- url: {url}\n  read_recent: true\n")
            try:
                at = self.end / 1000 - 400
                for q in ("count({instance=~'host.*'})", "count_over_time(app_gauge_5[8h])", "count_over_time(hard[40m])", "late[9h]", "sum(rate(node_disk_m3_total[5m]))",
                          "sum by (mode) (increase(node_cpu_seconds_total[3h]))", "quantile(0.9, app_gauge_3)"):
                    got = [json.loads(peer.get(port, "/api/v1/query", query=q, time=at))["data"]["result"] for port in (client.port, server.port)]
                    for r in got[0]:
                        for k in external:
                            r["metric"].pop(k, None)
                    key = lambda r: json.dumps(r["metric"], sort_keys=True)
                    a, b = sorted(got[0], key=key), sorted(got[1], key=key)
                    check(f"remote read: {q}", a and json.dumps(a) == json.dumps(b) or approx(a, b), f"{str(a)[:150]} not {str(b)[:150]}")
                some = json.loads(peer.get(client.port, "/api/v1/query", query="late", time=at))["data"]["result"]
                check("remote read: external labels are added", some and all(some[0]["metric"].get(k) == v for k, v in external.items()), str(some))
                one = json.loads(peer.get(client.port, "/api/v1/query", query='late{zone="eu"}', time=at))["data"]["result"]
                none = json.loads(peer.get(client.port, "/api/v1/query", query='late{zone="us"}', time=at))["data"]["result"]
                check("remote read: external labels select", one and not none)
            finally:
                client.stop()
            self.by_hand(server.port)
        finally:
            server.stop()

    def by_hand(self, port):
        def request(types, matcher_type=0, value="sparse"):
            m = rwire.number(1, matcher_type) + rwire.text(2, "__name__") + rwire.text(3, value)
            q = rwire.number(1, 0) + rwire.number(2, 1 << 60) + rwire.text(3, m)
            return rwire.snappy(rwire.text(1, q) + b"".join(rwire.number(2, t) for t in types))
        headers = {"Content-Type": "application/x-protobuf", "Content-Encoding": "snappy"}
        status, body, got = peer.post(port, "/api/v1/read", request([0]), headers)
        series = dict(rwire.fields(dict(rwire.fields(dict(rwire.fields(rwire.unsnappy(body)))[1]))[1]))
        check("remote read: samples", status == 200 and got.get("Content-Encoding") == "snappy" and struct.pack("<d", 1.5) in series[2])
        status, body, got = peer.post(port, "/api/v1/read", request([1]), headers)
        check("remote read: chunks", status == 200 and got["Content-Type"] == "application/x-streamed-protobuf; proto=prometheus.ChunkedReadResponse")
        check("remote read: unknown types are 400", peer.post(port, "/api/v1/read", request([9]), headers)[0] == 400)
        check("remote read: a bad expression is 400", peer.post(port, "/api/v1/read", request([0], 2, "("), headers)[0] == 400)
        check("remote read: rubbish is 400", peer.post(port, "/api/v1/read", b"\xff\xff\xff\xff", headers)[0] == 400)

    def tools(self, data, target, ours):
        n = str(len(ours.splitlines()))
        for name, folder in ("the peer's folder", data), ("pharos' folder", target):
            p = self.pharos("tsdb", "verify", folder)
            check(f"tsdb verify: {name}", p.returncode == 0 and p.stdout.startswith(b"sound: " + n.encode()), p.stdout.decode())
            rows = json.loads(self.pharos("tsdb", "list", "--json", folder).stdout)
            check(f"tsdb list: {name}", rows and all(r["numSamples"] > 0 and r["bytes"] > 0 for r in rows), str(rows))
            stats = json.loads(self.pharos("tsdb", "analyze", "--json", folder).stdout)
            check(f"tsdb analyze: {name}", str(stats["numSamples"]) == n and stats["churnByLabelPair"][0]["name"] == "__name__=hard", str(stats)[:300])
        listed = [l.split()[:3] for l in run(self.a.promtool, "tsdb", "list", data).stdout.decode().splitlines()[1:]]
        ours = [l.split()[:3] for l in self.pharos("tsdb", "list", data).stdout.decode().splitlines()[1:]]
        check("tsdb list: as promtool's", listed == ours, f"{ours} not {listed}")
        p = self.pharos("tsdb", "repair", target)
        check("tsdb repair: nothing to do", p.returncode == 0 and b"nothing to repair" in p.stdout)
        check("tsdb repair: does not touch Prometheus' folder", self.pharos("tsdb", "repair", data, ok=False).returncode == 1)
        server = self.serve(target)
        try:
            p = self.pharos("tsdb", "list", target, ok=False)
            check("tsdb: a folder in use is refused", p.returncode == 1 and b"another process" in p.stderr, p.stderr.decode())
            status = json.loads(peer.get(server.port, "/api/v1/status/tsdb", limit=5))["data"]
            check("status/tsdb", {"headStats", "churnPerHour", "seriesCountByTarget", "jobsByMetricName", "storage"} <= set(status), str(status)[:300])
        finally:
            server.stop()

    def damage(self, data, ours):
        bad = self.path("damaged")
        shutil.copytree(data, bad)
        block = sorted(d for d in os.listdir(bad) if len(d) == 26)[0]
        with open(f"{bad}/{block}/chunks/000001", "r+b") as f:
            f.seek(5000)
            byte = f.read(1)
            f.seek(5000)
            f.write(bytes([byte[0] ^ 8]))
        p = self.pharos("tsdb", "dump", bad, ok=False)
        lost = len(ours.splitlines()) - len(p.stdout.splitlines())
        check("damage: one chunk is missing, and said so", p.returncode == 1 and 0 < lost <= 150 and b"damaged chunks" in p.stderr, f"{lost} samples lost")
        segment = [f for f in sorted(os.listdir(bad + "/wal")) if os.path.getsize(f"{bad}/wal/{f}")][-1]
        with open(f"{bad}/wal/{segment}", "rb") as f:
            end = len(f.read().rstrip(b"\0"))
        os.truncate(f"{bad}/wal/{segment}", end - 3)
        p = self.pharos("tsdb", "dump", bad, ok=False)
        check("damage: a cut log gives what is whole, and is said", p.returncode == 1 and b"damaged segments" in p.stderr)


def approx(a, b):
    """The same but for the order in which floats were added up."""
    try:
        return bool(a) and len(a) == len(b) and all(x["metric"] == y["metric"] and abs(float(x["value"][1]) - float(y["value"][1])) <= 1e-9 * abs(float(y["value"][1]))
                                            for x, y in zip(a, b))
    except KeyError:
        return False


def main():
    p = argparse.ArgumentParser()
    for name in "pharos", "prometheus", "promtool", "rwload", "work":
        p.add_argument("--" + name, required=True)
    t = Test(p.parse_args())
    data = t.make("snappy", "snappy", signal.SIGTERM)
    ours = t.read(data, "snappy")
    t.read(t.make("killed-zstd", "zstd", signal.SIGKILL), "killed-zstd")
    target = t.take_over(data, ours)
    t.served_by_peer(t.give_back(data, "the peer's folder", ours))
    t.give_back(target, "pharos' folder", t.dump(target))
    t.tools(data, target, ours)
    t.texts(target)
    t.remote(target, ours)
    t.remote_read(target)
    t.damage(data, ours)
    print(f"{passed} passed, {failed} failed, {skipped} skipped")
    raise SystemExit(failed > 0)


main()
