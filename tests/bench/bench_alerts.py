"""100,000 active alerts in 1,000 groups, 10,000 silences, 1,000 inhibition rules (times SCALE): processor seconds, latencies
and memory of pharos and of Alertmanager for the same requests, phase by phase. Processor seconds are the figures to compare:
wall times depend on what else the machine does. A phase ends when its bound is over, done or not: what it took so far is
then a lower bound (>=), and the table says how far it came. The peak of memory is that of the phase."""
import argparse, http.client, http.server, json, os, shutil, signal, socket, subprocess, sys, tempfile, threading, time

BATCH, ROUNDS, READS, FLUSH_SECONDS = 256, 4, 3, 80  # group_wait, and a group_interval
PEER_PATHS = ["/opt/peers/usr/bin/prometheus-alertmanager", shutil.which("prometheus-alertmanager")]
TICKS = os.sysconf("SC_CLK_TCK")

flags = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
flags.add_argument("build", nargs="?", default="build")
flags.add_argument("scale", nargs="?", type=float, default=0.1)
flags.add_argument("--only", choices=["pharos", "alertmanager"], help="one of them alone")
flags.add_argument("--rules", type=int, help="inhibition rules, in place of 1,000 times SCALE")
flags.add_argument("--silences", type=int, help="silences, in place of 10,000 times SCALE")
flags.add_argument("--bound", type=float, default=600, help="seconds after which a phase is cut off (600)")
flags.add_argument("--json", metavar="FILE", help="the figures as JSON, too")
args = flags.parse_args()

ALERTS, GROUPS = max(1, int(100000 * args.scale)), max(1, int(1000 * args.scale))
SILENCES = args.silences if args.silences is not None else max(1, int(10000 * args.scale))
RULES = args.rules if args.rules is not None else max(1, int(1000 * args.scale))
WORK = tempfile.mkdtemp(prefix="pharos-bench-")


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class Sink(http.server.BaseHTTPRequestHandler):
    """Takes the notifications: how many, of how many alerts, and how much later than the first one the last came."""

    protocol_version = "HTTP/1.1"
    lock = threading.Lock()
    messages, alerts, first, last = 0, 0, 0.0, 0.0

    @classmethod
    def reset(cls):
        with cls.lock:
            cls.messages, cls.alerts, cls.first, cls.last = 0, 0, 0.0, 0.0

    def log_message(self, *_):
        pass

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        with Sink.lock:
            Sink.messages += 1
            Sink.alerts += body.count(b'"fingerprint"')
            Sink.last = time.time()
            Sink.first = Sink.first or Sink.last
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()


class SinkServer(http.server.ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 1024

    def handle_error(self, *_):  # who is stopped resets its connections
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


def stamp(seconds):
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + seconds))


def alert(i, starts, ends):
    return {"labels": {"alertname": f"Alert{i % GROUPS}", "instance": f"host-{i:06d}.example.com:9100", "job": "node", "namespace": f"ns{i % 50}",
                       "cluster": f"c{i % (2 * max(RULES, 1))}", "severity": ("critical", "warning", "info", "info")[i % 4], "team": f"team{i % 20}"},
            "annotations": {"summary": f"host-{i:06d} is in trouble", "description": "The value is far above what it should be, and has been for a while."},
            "startsAt": starts, "endsAt": ends, "generatorURL": "http://prometheus.example.com/graph?g0.expr=up&g0.tab=1"}


def silence(i):
    matchers = [{"name": "instance", "value": f"host-{i * 7 % ALERTS:06d}.example.com:9100", "isRegex": False}]
    if i % 10 == 0:
        matchers = [{"name": "instance", "value": f"host-00{i % 10}.*:91[0-9]+", "isRegex": True}, {"name": "team", "value": f"team{i % 97}", "isRegex": False}]
    return {"matchers": matchers, "startsAt": stamp(-60), "endsAt": stamp(36000), "createdBy": "bench", "comment": "bench"}


class Process:
    def __init__(self, command, port, log):
        self.port, self.connection = port, None
        with open(log, "wb") as out:
            self.process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=out)
        until = time.time() + 30
        while time.time() < until:
            try:
                self.ask("GET", "/-/ready", None, 5)
                break
            except OSError:
                self.drop()
                time.sleep(0.1)
        time.sleep(2)

    def drop(self):
        if self.connection:
            self.connection.close()
        self.connection = None

    def ask(self, method, path, body, timeout):
        """Over one connection that stays. An OSError when there is no answer in time."""
        if not self.connection:
            self.connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout)
            self.connection.connect()
        self.connection.sock.settimeout(max(timeout, 0.1))
        try:
            self.connection.request(method, path, body, {"Content-Type": "application/json"})
            r = self.connection.getresponse()
            data = r.read()
        except (OSError, http.client.HTTPException) as e:
            self.drop()
            raise OSError(str(e)) from e
        if r.status != 200:
            raise SystemExit(f"{method} {path}: {r.status} {data[:300]}")
        return data

    def cpu(self):
        with open(f"/proc/{self.process.pid}/stat", encoding="utf-8") as f:
            fields = f.read().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / TICKS

    def memory(self, line):
        with open(f"/proc/{self.process.pid}/status", encoding="utf-8") as f:
            return next(int(text.split()[1]) for text in f if text.startswith(line)) / 1024

    def forget_peak(self):
        with open(f"/proc/{self.process.pid}/clear_refs", "w", encoding="utf-8") as f:
            f.write("5")

    def stop(self):
        self.drop()
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(30)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


def phase(p, result, name, step, n, per=1):
    """step(i, seconds left) n times, until the bound; per: what the time of one is divided by."""
    p.forget_peak()
    cpu, began, done, slowest = p.cpu(), time.time(), 0, 0.0
    try:
        while done < n and time.time() - began < args.bound:
            t = time.time()
            step(done, began + args.bound - t)
            slowest = max(slowest, time.time() - t)
            done += 1
    except OSError:
        pass
    took = time.time() - began
    result[name] = {"done": done / n, "cpu_s": (p.cpu() - cpu) / per, "ms": took * 1000 / max(done, 1), "slowest_ms": slowest * 1000,
                    "rss_mib": p.memory("VmRSS"), "peak_mib": p.memory("VmHWM")}
    print(f"  {name}: {done} of {n} in {took:.0f} s", file=sys.stderr, flush=True)


def run(p):
    result = {}
    starts = ""

    def post(i, seconds):
        at = i * BATCH % (-(-ALERTS // BATCH) * BATCH)
        p.ask("POST", "/api/v2/alerts", json.dumps([alert(k, starts, stamp(3600)) for k in range(at, min(at + BATCH, ALERTS))]), seconds)

    def read(path):
        return lambda _, seconds: p.ask("GET", path, None, seconds)

    def flush(_, seconds):
        until = time.time() + seconds
        time.sleep(min(FLUSH_SECONDS, seconds))
        while Sink.messages < GROUPS:
            if time.time() > until:
                raise OSError("not all are told")
            time.sleep(1)

    batches = -(-ALERTS // BATCH)
    phase(p, result, "start", lambda *_: None, 1)
    result["start"]["cpu_s"] = p.cpu()
    phase(p, result, "set the silences", lambda i, s: p.ask("POST", "/api/v2/silences", json.dumps(silence(i)), s), SILENCES)
    starts = stamp(0)  # alerts that are older than group_wait would flush their groups with the first batch
    phase(p, result, "first post of all", post, batches)
    phase(p, result, "until all groups are told", flush, 1)
    result["until all groups are told"].update(messages=Sink.messages, alerts=Sink.alerts, spread_s=Sink.last - Sink.first)
    phase(p, result, f"{ROUNDS - 1} posts of all again", post, batches * (ROUNDS - 1))
    phase(p, result, "a read of the groups", read("/api/v2/alerts/groups"), READS, READS)
    phase(p, result, "a read of the alerts", read("/api/v2/alerts"), READS, READS)
    phase(p, result, "a read of the silences", read("/api/v2/silences"), READS, READS)
    result["all"] = {"done": min(x["done"] for x in result.values()), "cpu_s": p.cpu(), "rss_mib": p.memory("VmRSS"),
                     "peak_mib": max(x["peak_mib"] for x in result.values())}
    return result


def run_pharos():
    port, build = free_port(), os.path.abspath(os.path.join(args.build, "pharos"))
    pharos_yml = os.path.join(WORK, "pharos.yml")
    with open(pharos_yml, "w", encoding="utf-8") as f:
        f.write(f"collect: {{host: {{enabled: false}}, self: {{enabled: false}}}}\ndefault_rules: false\nalertmanager: {config_path}\n")
    return [build, "serve", "--config", pharos_yml, "--data", os.path.join(WORK, "p"), "--listen", f"127.0.0.1:{port}"], port


def run_peer():
    port = free_port()
    peer = next((p for p in PEER_PATHS if p and os.path.exists(p)), None)
    if not peer:
        return None
    # A peer that is unpacked elsewhere finds its templates in a mount namespace of its own.
    share = os.path.join(os.path.dirname(os.path.dirname(peer)), "share")
    inside = [] if share == "/usr/share" else ["unshare", "-m", "sh", "-c", f'mount --bind {share} /usr/share && exec "$@"', "-"]
    return [*inside, peer, "--config.file", config_path, "--storage.path", os.path.join(WORK, "a"), "--web.listen-address", f"127.0.0.1:{port}",
            "--cluster.listen-address="], port


def measure(name, how):
    if args.only not in (None, name) or not how:
        return {}
    Sink.reset()
    print(name, file=sys.stderr)
    p = Process(*how, os.path.join(WORK, name + ".log"))
    try:
        return run(p)
    finally:
        p.stop()


def cell(x, key, digits):
    if not x or key not in x:
        return ""
    return (">= " if x["done"] < 1 and key in ("cpu_s", "ms", "slowest_ms") else "") + f"{x[key]:.{digits}f}"


def ratio(a, b, key):
    """How many times as much the peer takes; b unfinished: at least that many."""
    if not a or not b or not a.get(key) or not b.get(key) or a["done"] < 1:
        return ""
    return (">= " if b["done"] < 1 and key == "cpu_s" else "") + f"{b[key] / a[key]:.1f}"


def table(mine, theirs):
    columns = [("processor, s", "cpu_s", 2), ("slowest, ms", "slowest_ms", 0), ("memory, MiB", "rss_mib", 1), ("peak, MiB", "peak_mib", 1)]
    print(f"{ALERTS} alerts in {GROUPS} groups, {SILENCES} silences, {RULES} inhibition rules; a phase is cut off after {args.bound:.0f} s\n")
    print("| | " + " | ".join(f"{title}: pharos | Alertmanager | ratio" for title, _, _ in columns) + " |")
    print("|---|" + "---|" * (3 * len(columns)))
    for name in mine or theirs:
        a, b = mine.get(name), theirs.get(name)
        print(f"| {name} | " + " | ".join(f"{cell(a, k, d)} | {cell(b, k, d)} | {ratio(a, b, k)}" for _, k, d in columns) + " |")
    print()
    for who, result in (("pharos", mine), ("Alertmanager", theirs)):
        cut = [f"{name} ({100 * x['done']:.0f} %)" for name, x in result.items() if x["done"] < 1 and name != "all"]
        told = next((x for x in result.values() if "messages" in x), None)
        if told:
            print(f"{who}: {told['messages']} notifications of {told['alerts']} alerts, the last one {told['spread_s']:.1f} s after the first;",
                  "cut off: " + ", ".join(cut) if cut else "every phase came to its end")


try:
    figures = {"pharos": measure("pharos", run_pharos()), "alertmanager": measure("alertmanager", run_peer())}
finally:
    shutil.rmtree(WORK, ignore_errors=True)
table(figures["pharos"], figures["alertmanager"])
if args.json:
    with open(args.json, "w", encoding="utf-8") as f:
        json.dump({"alerts": ALERTS, "groups": GROUPS, "silences": SILENCES, "rules": RULES, "bound_s": args.bound, **figures}, f, indent=1)
