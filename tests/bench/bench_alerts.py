"""100,000 active alerts in 1,000 groups, 10,000 silences, 1,000 inhibition rules (times SCALE): CPU seconds, latencies and
memory of pharos and of Alertmanager for the same requests. CPU seconds are the figures to compare: wall times depend on
what else the machine does."""
import http.client, http.server, json, os, shutil, signal, socket, subprocess, sys, tempfile, threading, time

PHAROS = os.path.abspath(os.path.join(sys.argv[1], "pharos"))
SCALE = float(sys.argv[2])
ONLY = sys.argv[3] if len(sys.argv) > 3 else ""  # "pharos" or "alertmanager": one of them alone
PEER = None if ONLY == "pharos" else next((p for p in ["/opt/peers/usr/bin/prometheus-alertmanager", shutil.which("prometheus-alertmanager")] if p and os.path.exists(p)), None)
ALERTS, GROUPS, SILENCES, RULES = (max(1, int(n * SCALE)) for n in (100000, 1000, 10000, 1000))
BATCH, ROUNDS, READS, FLUSH_SECONDS = 256, 4, 3, 80
WORK = tempfile.mkdtemp(prefix="pharos-bench-")
TICKS = os.sysconf("SC_CLK_TCK")


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class Sink(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    told = 0

    def log_message(self, *args):
        pass

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        Sink.told += body.count(b'"fingerprint"')
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()


class SinkServer(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *args):  # who is stopped resets its connections
        pass


sink = SinkServer(("127.0.0.1", 0), Sink)
threading.Thread(target=sink.serve_forever, daemon=True).start()
CONFIG = f"""route:
  receiver: hook
  group_by: [alertname]
  group_wait: 20s
  group_interval: 1m
  repeat_interval: 4h
receivers:
- name: hook
  webhook_configs: [{{url: 'http://127.0.0.1:{sink.server_port}/'}}]
inhibit_rules:
""" + "".join(f"""- source_matchers: [severity="critical", cluster="c{i}"]
  target_matchers: [severity="warning", cluster="c{i}"]
  equal: [namespace]
""" for i in range(RULES))
config_path = os.path.join(WORK, "alertmanager.yml")
with open(config_path, "w", encoding="utf-8") as f:
    f.write(CONFIG)


def alert(i, ends):
    return {"labels": {"alertname": f"Alert{i % GROUPS}", "instance": f"host-{i:06d}.example.com:9100", "job": "node", "namespace": f"ns{i % 50}",
                       "cluster": f"c{i % (2 * RULES)}", "severity": ("critical", "warning", "info", "info")[i % 4], "team": f"team{i % 20}"},
            "annotations": {"summary": f"host-{i:06d} is in trouble", "description": "The value is far above what it should be, and has been for a while."},
            "startsAt": starts, "endsAt": ends, "generatorURL": "http://prometheus.example.com/graph?g0.expr=up&g0.tab=1"}


def stamp(seconds):
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + seconds))


starts = stamp(0)


class Process:
    def __init__(self, name, command, port):
        self.name, self.port = name, port
        self.process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=open(os.path.join(WORK, name + ".log"), "wb"))
        until = time.time() + 30
        while time.time() < until:
            try:
                if self.ask("GET", "/-/ready")[0] == 200:
                    break
            except OSError:
                time.sleep(0.1)
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=300)

    def ask(self, method, path, body=None):
        c = http.client.HTTPConnection("127.0.0.1", self.port, timeout=300)
        try:
            c.request(method, path, body, {"Content-Type": "application/json"})
            r = c.getresponse()
            return r.status, r.read()
        finally:
            c.close()

    def kept(self, method, path, body=None):
        self.connection.request(method, path, body, {"Content-Type": "application/json"})
        r = self.connection.getresponse()
        data = r.read()
        assert r.status == 200, (self.name, path, r.status, data[:300])
        return data

    def cpu(self):
        with open(f"/proc/{self.process.pid}/stat", encoding="utf-8") as f:
            fields = f.read().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / TICKS

    def rss(self):
        with open(f"/proc/{self.process.pid}/status", encoding="utf-8") as f:
            return next(int(line.split()[1]) for line in f if line.startswith("VmRSS")) / 1024


def run(p):
    result, cpu = {"rss MB at the start": p.rss()}, p.cpu()

    def part(name, seconds=None):
        nonlocal cpu
        now = p.cpu()
        result[name + " cpu s"] = now - cpu
        result[name + " rss MB"] = p.rss()
        if seconds is not None:
            result[name + " ms"] = seconds * 1000
        cpu = now

    began = time.time()
    for i in range(SILENCES):
        matchers = [{"name": "instance", "value": f"host-{i * 7 % ALERTS:06d}.example.com:9100", "isRegex": False}]
        if i % 10 == 0:
            matchers = [{"name": "instance", "value": f"host-00{i % 10}.*:91[0-9]+", "isRegex": True}, {"name": "team", "value": f"team{i % 97}", "isRegex": False}]
        p.kept("POST", "/api/v2/silences", json.dumps({"matchers": matchers, "startsAt": stamp(-60), "endsAt": stamp(36000), "createdBy": "bench", "comment": "bench"}))
    part("silences", (time.time() - began) / SILENCES)
    global starts
    starts, slowest = stamp(0), 0  # alerts that are older than group_wait would flush their groups with the first batch
    for r in range(ROUNDS):
        ends = stamp(600)
        began, n = time.time(), 0
        for i in range(0, ALERTS, BATCH):
            body = json.dumps([alert(k, ends) for k in range(i, min(i + BATCH, ALERTS))])
            t = time.time()
            p.kept("POST", "/api/v2/alerts", body)
            slowest = max(slowest, time.time() - t)
            n += 1
        if r == 0:
            part("first post of all")
            time.sleep(FLUSH_SECONDS)
            part(f"flushes in {FLUSH_SECONDS} s")
    part(f"{ROUNDS - 1} posts of all again")
    result["slowest post ms"] = slowest * 1000
    times = []
    for _ in range(READS):
        t = time.time()
        data = p.kept("GET", "/api/v2/alerts/groups")
        times.append(time.time() - t)
    part("a read of the groups", sorted(times)[READS // 2])
    result["a read of the groups cpu s"] /= READS
    result["groups MB"] = len(data) / 1e6
    result["all cpu s"] = p.cpu()
    return result


def stop(p):
    p.process.send_signal(signal.SIGTERM)
    try:
        p.process.wait(30)
    except subprocess.TimeoutExpired:
        p.process.kill()
        p.process.wait()


def run_pharos():
    port = free_port()
    pharos_yml = os.path.join(WORK, "pharos.yml")
    with open(pharos_yml, "w", encoding="utf-8") as f:
        f.write(f"collect: {{host: {{enabled: false}}, self: {{enabled: false}}}}\ndefault_rules: false\nalertmanager: {config_path}\n")
    p = Process("pharos", [PHAROS, "serve", "--config", pharos_yml, "--data", os.path.join(WORK, "p"), "--listen", f"127.0.0.1:{port}"], port)
    result = run(p)
    stop(p)
    return result


def run_peer():
    port = free_port()
    # A peer that is unpacked elsewhere finds its templates in a mount namespace of its own.
    share = os.path.join(os.path.dirname(os.path.dirname(PEER)), "share")
    inside = [] if share == "/usr/share" else ["unshare", "-m", "sh", "-c", f'mount --bind {share} /usr/share && exec "$@"', "-"]
    p = Process("alertmanager", [*inside, PEER, "--config.file", config_path, "--storage.path", os.path.join(WORK, "a"), "--web.listen-address", f"127.0.0.1:{port}", "--cluster.listen-address="], port)
    result = run(p)
    stop(p)
    return result


mine = run_pharos() if ONLY != "alertmanager" else {}
mine_told, Sink.told = Sink.told, 0
theirs = run_peer() if PEER else {}
print(f"{ALERTS} alerts, {GROUPS} groups, {SILENCES} silences, {RULES} inhibition rules; told: pharos {mine_told}, Alertmanager {Sink.told}")
print(f"{'':34} {'pharos':>12} {'Alertmanager':>12} {'ratio':>8}")
for key in mine or theirs:
    a, b = mine.get(key), theirs.get(key)
    print(f"{key:34}", *(f"{x:12.2f}" if x is not None else " " * 12 for x in (a, b)), f"{b / a:7.1f}x" if a and b else "")
shutil.rmtree(WORK, ignore_errors=True)
