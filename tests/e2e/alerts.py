"""The real program with short intervals, a target that is taken down and up, and a receiver that records what it is told.

Each scenario has its own server, target and receiver; they run side by side."""
import glob, json, os, re, signal, subprocess, sys, threading, time, traceback

import harness
from harness import WORK, Handler, Server, Target, finish, serve, skip, wait_for, write

PHAROS = os.path.abspath(os.path.join(sys.argv[1], "pharos"))
SHARED = os.environ.get("PHAROS_SHARED") or os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../../shared")


line = threading.Lock()


def check(*args):
    with line:
        return harness.check(*args)


class Receiver:
    """Records (time, path, body) of every webhook."""

    def __init__(self):
        self.got, self.answer = [], 200
        outer = self

        class Hook(Handler):
            def do_POST(self):
                body, status = self.body(), outer.answer
                if status == 200:
                    outer.got.append((time.time(), self.path, json.loads(body)))
                self.answer(status)

        self.server = serve(Hook)
        self.url = f"http://127.0.0.1:{self.server.server_port}/hook"

    def count(self, status, path="/hook"):
        return sum(1 for _, p, b in self.got if p == path and b["status"] == status)


RULES = """groups:
- name: api
  rules:
  - alert: APIServerDown
    expr: up{job="api"} == 0
    for: FOR
    labels: {severity: critical}
    annotations: {summary: 'API server {{ $labels.instance }} is down'}
  - record: job:up:sum
    expr: sum by (job) (up)
"""


class Stack:
    def __init__(self, name, hold="2s", wait="1s", interval="2s", repeat="1h", route="", receivers="", rules=None):
        self.name, self.receiver, self.target = name, Receiver(), Target(name, lambda: "demo_requests_total 1\n")
        self.rules = write(name + "-rules.yml", rules or RULES.replace("FOR", hold))
        self.text = f"""collect: {{host: {{enabled: false}}, self: {{enabled: false}}}}
default_rules: false
prometheus:
  global: {{scrape_interval: 500ms, evaluation_interval: 500ms}}
  rule_files: ['{self.rules}']
  scrape_configs:
  - {{job_name: api, static_configs: [{{targets: ['127.0.0.1:{self.target.port}']}}]}}
alertmanager:
  route: {{receiver: hook, group_by: [alertname], group_wait: {wait}, group_interval: {interval}, repeat_interval: {repeat}{route}}}
  receivers:
  - {{name: hook, webhook_configs: [{{url: '{self.receiver.url}'}}]}}
{receivers}"""
        self.config = write(name + ".yml", self.text)
        self.runs = 0
        self.start()

    def start(self):
        self.runs += 1
        self.server = Server(f"{self.name}-{self.runs}", [PHAROS, "serve", "--config", self.config, "--data", os.path.join(WORK, self.name), "--listen",
                                                          "127.0.0.1:PORT", "--web.enable-lifecycle"])
        if not self.server.ready():
            raise RuntimeError(self.server.logged()[-500:])

    def kill(self):
        self.server.stop(signal.SIGKILL)

    def alerts(self):
        return (self.server.data("/alerts") or {}).get("alerts", [])

    def state(self):
        a = self.alerts()
        return a[0]["state"] if a else "inactive"

    def wait_state(self, state, seconds=15):
        return wait_for(lambda: self.state() == state, seconds, 0.05)

    def told(self, status, n=1, seconds=15, path="/hook"):
        return wait_for(lambda: self.receiver.count(status, path) >= n, seconds, 0.05)

    def counts(self):
        return self.receiver.count("firing"), self.receiver.count("resolved")

    def check(self, what, good, why=""):
        return check(f"{self.name}: {what}", good, why or [(round(t - self.receiver.got[0][0], 1), p, b["status"]) for t, p, b in self.receiver.got])


def lifecycle():
    s = Stack("lifecycle")
    s.target.up()
    s.check("quiet while the target answers", wait_for(lambda: s.server.values('up{job="api"}') == ["1"] and s.state() == "inactive"))
    s.target.down()
    s.check("pending first", s.wait_state("pending"), s.alerts())
    pending_at = time.time()
    s.check("then firing", s.wait_state("firing"), s.alerts())
    s.check("after its for", 1.0 < time.time() - pending_at < 4, time.time() - pending_at)
    s.check("the receiver is told", s.told("firing"))
    body = s.receiver.got[0][2]
    a = body["alerts"][0]
    s.check("with the whole story", body["receiver"] == "hook" and body["version"] == "4" and body["groupKey"] == '{}:{alertname="APIServerDown"}'
            and a["labels"]["severity"] == "critical" and a["annotations"]["summary"] == f"API server 127.0.0.1:{s.target.port} is down"
            and a["endsAt"] == "0001-01-01T00:00:00Z" and "/graph?g0.expr=up%7Bjob%3D%22api%22%7D" in a["generatorURL"], body)
    s.check("ALERTS says so", s.server.values('ALERTS{alertname="APIServerDown",alertstate="firing"}') == ["1"]
            and s.server.values('ALERTS{alertstate="pending"}') == [] and len(s.server.values("ALERTS_FOR_STATE")) == 1)
    time.sleep(4.5)
    s.check("exactly once", s.counts() == (1, 0))
    s.target.up()
    s.check("the end is told", s.told("resolved"))
    s.check("ALERTS ends", wait_for(lambda: s.server.values("ALERTS") == []))
    time.sleep(2.5)
    s.check("also once", s.counts() == (1, 1))
    end = s.receiver.got[-1][2]["alerts"][0]["endsAt"]
    s.check("with its time", end.startswith("20"), end)
    s.check("the recording rule follows", s.server.values("job:up:sum") == ["1"])
    s.server.stop()


def kill_pending():
    s = Stack("kill-pending", hold="8s")
    s.check("pending", s.wait_state("pending"))
    since = s.alerts()[0]["activeAt"]
    time.sleep(5)
    s.kill()
    time.sleep(2)
    s.start()
    started = time.time()
    s.check("still pending after the kill", wait_for(lambda: s.state() == "pending", 3, 0.05), s.alerts())
    s.check("fires", s.wait_state("firing"), s.alerts())
    took = time.time() - started
    s.check("for what was left of its time, not anew", 1 < took < 6.5, f"{took:.1f} s, active since {since}")
    s.check("told once", s.told("firing"))
    time.sleep(2.5)
    s.check("and not twice", s.counts() == (1, 0))
    s.server.stop()


def kill_before_notice():
    s = Stack("kill-before-notice", hold="1s", wait="6s")
    s.check("firing", s.wait_state("firing"))
    time.sleep(0.7)
    s.kill()
    s.start()
    s.check("firing at once after the kill", wait_for(lambda: s.state() == "firing", 2, 0.05), s.alerts())
    s.check("told", s.told("firing"))
    time.sleep(2.5)
    s.check("once", s.counts() == (1, 0))
    s.server.stop()


def kill_after_notice():
    s = Stack("kill-after-notice", hold="1s")
    s.check("told", s.told("firing"))
    time.sleep(0.3)
    for _ in range(3):
        s.kill()
        s.start()
        time.sleep(1.5)
    time.sleep(2)
    s.check("three kills repeat nothing", s.counts() == (1, 0))
    s.kill()
    s.target.up()  # it comes back while nobody looks
    s.start()
    s.check("the end that happened meanwhile is told", s.told("resolved"))
    time.sleep(2.5)
    s.check("once", s.counts() == (1, 1))
    s.server.stop()


def kill_resolving():
    s = Stack("kill-resolving", hold="1s", interval="6s")
    s.check("told", s.told("firing"))
    s.target.up()
    s.check("over, and not told yet", s.wait_state("inactive") and s.counts() == (1, 0))
    time.sleep(0.3)
    s.kill()
    s.start()
    s.check("the end is told after the kill", s.told("resolved"))
    s.kill()
    s.start()
    time.sleep(4)
    s.check("once, and nothing fires again", s.counts() == (1, 1))
    s.server.stop()


def repeat():
    s = Stack("repeat", hold="1s", repeat="8s")
    s.check("told", s.told("firing"))
    first = s.receiver.got[0][0]
    time.sleep(1)
    s.kill()
    s.start()
    s.check("told again", s.told("firing", 2, 14))
    gap = s.receiver.got[1][0] - first if len(s.receiver.got) > 1 else 0
    s.check("after repeat_interval, counted over the restart", 7.9 <= gap <= 11, gap)
    s.server.stop()


def fan_out():
    hooks = "".join(f"  - {{name: {n}, webhook_configs: [{{url: 'http://URL/{n}'}}]}}\n" for n in ("all", "crit", "never"))
    s = Stack("fan-out", hold="0s", route=', routes: [{receiver: all, matchers: [\'severity=~".+"\'], continue: true}, '
              '{receiver: crit, matchers: [severity=critical]}, {receiver: never}]', receivers=hooks)
    s.server.stop()
    write("fan-out.yml", s.text.replace("http://URL", s.receiver.url))
    s.start()
    s.check("both routes with continue are told", s.told("firing", 1, 15, "/hook/all") and s.told("firing", 1, 15, "/hook/crit"))
    s.check("the others are not", not s.receiver.count("firing", "/hook/never") and not s.receiver.count("firing"))
    s.server.stop()


def reload():
    s = Stack("reload", hold="1s")
    s.check("told", s.told("firing"))
    s.check("a reload while firing", s.server.request("POST", "/-/reload")[0] == 200)
    s.server.process.send_signal(signal.SIGHUP)
    time.sleep(3)
    s.check("repeats nothing", s.state() == "firing" and s.counts() == (1, 0))
    write("reload.yml", s.text.replace("group_wait", "group_wiat"))
    status, answer = s.server.request("POST", "/-/reload")
    s.check("a bad file is refused with its place", status >= 400 and b"reload.yml:" in answer and b"group_wait" in answer, answer)
    s.check("and changes nothing", s.state() == "firing" and "group_wait:" in s.server.data("/status/config")["yaml"])
    write("reload.yml", s.text.replace("receiver: hook, group_by", "receiver: two, group_by") + f"  - {{name: two, webhook_configs: [{{url: '{s.receiver.url}/two'}}]}}\n")
    s.check("another receiver is told at once", s.server.request("POST", "/-/reload")[0] == 200 and s.told("firing", 1, 5, "/hook/two"))
    s.target.up()
    s.check("and hears the end", s.told("resolved", 1, 15, "/hook/two") and s.counts() == (1, 0))
    s.server.stop()


def slow_receiver():
    s = Stack("slow-receiver", hold="0s")
    s.receiver.answer = 503
    s.check("firing", s.wait_state("firing"))
    time.sleep(4)
    s.check("a receiver that is down hears nothing", s.counts() == (0, 0))
    s.receiver.answer = 200
    s.check("and is told when it is back", s.told("firing", 1, 12))
    time.sleep(2.5)
    s.check("once", s.counts() == (1, 0))
    s.check("a stop waits for nothing", s.server.stop() == 0)


def seeds():
    files = sorted(glob.glob(os.path.join(SHARED, "seeds/marine-safety/prometheus/rules/*.yml")))
    if not files:
        skip("seeds: rule files of a real system", "not here")
        return
    done = subprocess.run([PHAROS, "check", os.path.join(SHARED, "seeds/marine-safety/prometheus/prometheus.yml"), *files], capture_output=True, text=True)
    check("seeds: check accepts them", done.returncode == 0, done.stdout)
    names = []
    for path in files:
        with open(path, encoding="utf-8") as f:  # as they are, but faster
            text = re.sub(r"\binterval: \S+", "interval: 1s", re.sub(r"\bfor: \S+", "for: 1s", f.read()))
        names.append(write("seed-" + os.path.basename(path), text))
    s = Stack("seeds", rules=RULES.replace("FOR", "1h"))
    s.server.stop()
    write("seeds.yml", s.text.replace(f"'{s.rules}'", ", ".join(f"'{n}'" for n in names)).replace("job_name: api,", "job_name: marine-safety-api,"))
    s.start()
    s.check("APIServerDown is told", wait_for(lambda: any(b["groupLabels"].get("alertname") == "APIServerDown" for _, _, b in s.receiver.got), 15),
            [b["groupLabels"] for _, _, b in s.receiver.got])
    rules = [r for g in s.server.data("/rules")["groups"] for r in g["rules"]]
    broken = [(r["name"], r["lastError"]) for r in rules if r["health"] == "err"]
    s.check(f"all {len(rules)} rules evaluate", len(rules) > 20 and not broken, broken)
    s.server.stop()


def guarded(scenario):
    try:
        scenario()
    except Exception:
        check(f"{scenario.__name__}: runs to its end", False, traceback.format_exc())


scenarios = [lifecycle, kill_pending, kill_before_notice, kill_after_notice, kill_resolving, repeat, fan_out, reload, slow_receiver, seeds]
if len(sys.argv) > 2:
    scenarios = [s for s in scenarios if s.__name__ in sys.argv[2:]]
threads = [threading.Thread(target=guarded, args=(s,)) for s in scenarios]
for t in threads:
    t.start()
for t in threads:
    t.join(100)
sys.exit(finish())
