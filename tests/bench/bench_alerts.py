"""100,000 active alerts in 1,000 groups, 10,000 silences, 1,000 inhibition rules (times SCALE): processor seconds, latencies
and memory of pharos and of Alertmanager for the same requests, phase by phase. Processor seconds are the figures to compare:
wall times depend on what else the machine does. A phase ends when its bound is over, done or not: what it took so far is
then a lower bound (>=), the table says how far it came, and the next phase has a new process that was given the same silences
and alerts, so that nobody pays for what was cut off. The peak of memory is that of the phase. About ten minutes at SCALE 1."""
import argparse, concurrent.futures, http.client, http.server, json, os, shutil, signal, socket, subprocess, sys, tempfile, threading, time

BATCH, ROUNDS, READS, CLIENTS = 256, 4, 3, 8
GROUP_WAIT, GROUP_INTERVAL = 10, 30  # before, they wait for longer than all of it takes
PEER = next((p for p in ["/opt/peers/usr/bin/prometheus-alertmanager", shutil.which("prometheus-alertmanager")] if p and os.path.exists(p)), None)
TICKS = os.sysconf("SC_CLK_TCK")

flags = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
flags.add_argument("build", nargs="?", default="build")
flags.add_argument("scale", nargs="?", type=float, default=0.1)
flags.add_argument("--only", choices=["pharos", "alertmanager"], help="one of them alone")
flags.add_argument("--rules", type=int, help="inhibition rules, in place of 1,000 times SCALE")
flags.add_argument("--silences", type=int, help="silences, in place of 10,000 times SCALE")
flags.add_argument("--bound", type=float, default=60, help="seconds after which a phase is cut off (60)")
flags.add_argument("--json", metavar="FILE", help="the figures as JSON, too")
args = flags.parse_args()

ALERTS, GROUPS = max(1, int(100000 * args.scale)), max(1, int(1000 * args.scale))
SILENCES = args.silences if args.silences is not None else max(1, int(10000 * args.scale))
RULES = args.rules if args.rules is not None else max(1, int(1000 * args.scale))
BATCHES = -(-ALERTS // BATCH)
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
  group_wait: %ds
  group_interval: {GROUP_INTERVAL}s
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


def write_config(group_wait):
    with open(config_path, "w", encoding="utf-8") as f:
        f.write(CONFIG % group_wait)


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


class Program:
    """pharos or Alertmanager, and what its phases took."""

    def __init__(self, name, command):
        self.name, self.command, self.port = name, command, free_port()
        self.process, self.connections, self.result, self.starts = None, threading.local(), {}, ""

    def start(self):
        write_config(3600)
        data = tempfile.mkdtemp(dir=WORK)
        with open(os.path.join(data, "log"), "wb") as out:
            self.process = subprocess.Popen(self.command(self.port, data), stdout=subprocess.DEVNULL, stderr=out)
        self.connections = threading.local()
        until = time.time() + 30
        while time.time() < until:
            try:
                self.ask("GET", "/-/ready", None, 5)
                break
            except OSError:
                time.sleep(0.1)
        time.sleep(2)

    def stop(self):
        self.connections = threading.local()
        self.process.kill()
        self.process.wait()
        self.process = None

    def ask(self, method, path, body, timeout):
        """Over a connection of each thread that stays. An OSError when there is no answer in time."""
        c = getattr(self.connections, "one", None)
        try:
            if not c:
                c = self.connections.one = http.client.HTTPConnection("127.0.0.1", self.port)
                c.connect()
            c.sock.settimeout(max(timeout, 0.1))
            c.request(method, path, body, {"Content-Type": "application/json"})
            r = c.getresponse()
            data = r.read()
        except (OSError, http.client.HTTPException) as e:
            self.connections.one = None
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

    def set_silence(self, i, seconds):
        self.ask("POST", "/api/v2/silences", json.dumps(silence(i)), seconds)

    def post(self, i, seconds):
        at = i % BATCHES * BATCH
        self.ask("POST", "/api/v2/alerts", json.dumps([alert(k, self.starts, stamp(3600)) for k in range(at, min(at + BATCH, ALERTS))]), seconds)

    def flushes(self, _, seconds):
        """With a new configuration all groups begin to wait: until they are told, and due once more."""
        began = time.time()
        write_config(GROUP_WAIT)
        self.process.send_signal(signal.SIGHUP)
        while Sink.messages < GROUPS or time.time() - began < GROUP_WAIT + GROUP_INTERVAL + 5:
            if time.time() - began > seconds:
                raise OSError("not all are told")
            time.sleep(1)

    def begin_anew(self):
        """In place of one that still works at a phase that was cut off."""
        print("  (a new process, set up)", file=sys.stderr, flush=True)
        self.start()
        each(self.set_silence, SILENCES, time.time() + args.bound, CLIENTS)
        self.starts = stamp(0)
        each(self.post, BATCHES, time.time() + args.bound)

    def phase(self, name, step, n, clients=1, per=1, bound=0):
        """step(i, seconds left) n times, until the bound; per: what the processor time of one is divided by."""
        if not self.process:
            self.begin_anew()
        self.forget_peak()
        bound = bound or args.bound
        cpu, began = self.cpu(), time.time()
        times = each(step, n, began + bound, clients)
        took, done = time.time() - began, len(times)
        self.result[name] = {"done": done / n, "cpu_s": (self.cpu() - cpu) / per, "rss_mib": self.memory("VmRSS"), "peak_mib": self.memory("VmHWM")}
        if n > 1:
            self.result[name].update(ms=1000 * (sum(times) / done if done else took), slowest_ms=1000 * max(times, default=took))
        print(f"  {name}: {done} of {n} in {took:.0f} s", file=sys.stderr, flush=True)
        if done < n:
            self.stop()


def each(step, n, until, clients=1):
    """What each step took, in seconds, as far as it came."""
    lock, at, times = threading.Lock(), iter(range(n)), []

    def work():
        try:
            while True:
                with lock:
                    i, t = next(at, None), time.time()
                if i is None or t >= until:
                    return
                step(i, until - t)
                with lock:
                    times.append(time.time() - t)
        except OSError:
            pass

    with concurrent.futures.ThreadPoolExecutor(clients) as pool:
        for done in [pool.submit(work) for _ in range(clients)]:
            done.result()
    return times


def run(p):
    def read(path):
        return lambda _, seconds: p.ask("GET", path, None, seconds)

    result = p.result
    p.start()
    p.phase("start", lambda *_: None, 1)
    result["start"]["cpu_s"] = p.cpu()
    p.phase(f"set the silences, {CLIENTS} clients", p.set_silence, SILENCES, clients=CLIENTS)
    p.starts = stamp(0)
    p.phase("first post of all", p.post, BATCHES)
    p.phase(f"{ROUNDS - 1} posts of all again", p.post, BATCHES * (ROUNDS - 1))
    p.phase("a read of the silences", read("/api/v2/silences"), READS, per=READS)
    p.phase("a read of the groups", read("/api/v2/alerts/groups"), READS, per=READS)
    p.phase("a read of the alerts", read("/api/v2/alerts"), READS, per=READS)
    p.phase("all groups told, and due again", p.flushes, 1, bound=GROUP_WAIT + GROUP_INTERVAL + 5 + args.bound)
    result["all groups told, and due again"].update(messages=Sink.messages, alerts=Sink.alerts, spread_s=Sink.last - Sink.first)
    result["all"] = {"done": min(x["done"] for x in result.values()), "cpu_s": sum(x["cpu_s"] * (READS if "read" in name else 1) for name, x in result.items()),
                     "rss_mib": max(x["rss_mib"] for x in result.values()), "peak_mib": max(x["peak_mib"] for x in result.values())}


def pharos(port, data):
    pharos_yml = os.path.join(WORK, "pharos.yml")
    with open(pharos_yml, "w", encoding="utf-8") as f:
        f.write(f"collect: {{host: {{enabled: false}}, self: {{enabled: false}}}}\ndefault_rules: false\nalertmanager: {config_path}\n")
    return [os.path.abspath(os.path.join(args.build, "pharos")), "serve", "--config", pharos_yml, "--data", os.path.join(data, "p"), "--listen", f"127.0.0.1:{port}"]


def alertmanager(port, data):
    # A peer that is unpacked elsewhere finds its templates in a mount namespace of its own.
    share = os.path.join(os.path.dirname(os.path.dirname(PEER)), "share")
    inside = [] if share == "/usr/share" else ["unshare", "-m", "sh", "-c", f'mount --bind {share} /usr/share && exec "$@"', "-"]
    return [*inside, PEER, "--config.file", config_path, "--storage.path", os.path.join(data, "a"), "--web.listen-address", f"127.0.0.1:{port}",
            "--cluster.listen-address="]


def measure(name, command):
    """What was measured, also when it ends early."""
    if args.only not in (None, name) or (name == "alertmanager" and not PEER):
        return {}
    Sink.reset()
    print(name, file=sys.stderr)
    p = Program(name, command)
    try:
        run(p)
    except (OSError, KeyboardInterrupt) as e:
        print(f"  ends early: {e!r}", file=sys.stderr)
    finally:
        if p.process:
            p.stop()
    return p.result


def cell(x, key, digits):
    if not x or key not in x:
        return ""
    return (">= " if x["done"] < 1 and key in ("cpu_s", "ms", "slowest_ms") else "") + f"{x[key]:.{digits}f}"


def ratio(a, b, key):
    """How many times as much the peer takes; b unfinished: at least that many."""
    if not a or not b or not a.get(key) or not b.get(key) or a["done"] < 1:
        return ""
    return (">= " if b["done"] < 1 and key != "rss_mib" else "") + f"{b[key] / a[key]:.1f}"


def table(mine, theirs):
    columns = [("processor, s", "cpu_s", 2), ("each, ms", "ms", 1), ("slowest, ms", "slowest_ms", 0), ("memory, MiB", "rss_mib", 1), ("peak, MiB", "peak_mib", 1)]
    print(f"{ALERTS} alerts in {GROUPS} groups, {SILENCES} silences, {RULES} inhibition rules; a phase is cut off after {args.bound:.0f} s,")
    print("what it took until then is a lower bound (>=)\n")
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
    figures = {"pharos": measure("pharos", pharos), "alertmanager": measure("alertmanager", alertmanager)}
finally:
    shutil.rmtree(WORK, ignore_errors=True)
table(figures["pharos"], figures["alertmanager"])
if args.json:
    with open(args.json, "w", encoding="utf-8") as f:
        json.dump({"alerts": ALERTS, "groups": GROUPS, "silences": SILENCES, "rules": RULES, "bound_s": args.bound, **figures}, f, indent=1)
