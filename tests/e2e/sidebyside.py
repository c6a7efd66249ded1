"""One set of targets, rules and routes; one script of faults; two systems. Compared are the notifications: receiver, group, status,
alerts with their texts, and when.

Time runs in slots of 10 s, which is also group_interval. Faults are at the start of a slot, alerts reach the router at once or 2.5 s
later (each system scrapes and evaluates at times of its own), groups tick from 3 to 8.5 s, silences come at 9 s: a second or two
between the two systems cannot change what a tick sees. A receiver refuses before the first could tick and not for long.
What is random is which faults there are, not how close they are to a tick."""
import collections, datetime, json, os, random, re, subprocess, sys, time

from harness import WORK, Handler, Server, Target, check, finish, free_port, serve, write

PHAROS, PROMETHEUS, ALERTMANAGER, DURATION = *sys.argv[1:4], int(sys.argv[4])
SLOT_S, SLACK_S = 10, 4
REPEAT_S = 35 if DURATION <= 200 else 245  # twice that is how long what was told is remembered: faults must be shorter
SLOTS = max(12, DURATION // SLOT_S)
RESTART_EVERY, RESTART_AT = 60, 8  # of the slots
URL = "http://mon.example.com/p"
VERSION = re.search(r"version (\d+)\.(\d+)", subprocess.run([ALERTMANAGER, "--version"], capture_output=True, text=True).stdout)
COMPAT = "alertmanager-0.25" if int(VERSION[2]) < 30 else "alertmanager-0.34"
LOAD, REFUSE = {"a": 1, "b": 1, "c": 1}, set()
GOT = {"pharos": [], "pair": []}
random.seed(int(os.environ.get("SEED", "1")))

RULES = """groups:
- name: demo
  interval: 1s
  rules:
  - {record: 'job:demo_load:sum', expr: sum by (job) (demo_load)}
  - alert: HighLoad
    expr: demo_load > 5
    for: 20s
    labels: {severity: warning, team: web}
    annotations: {summary: 'Load of {{ $labels.name }} is {{ $value | humanize }} <{{ $externalURL }}>'}
  - alert: Loaded
    expr: demo_load > 5
    keep_firing_for: 10s
    labels: {severity: info, size: '{{ if gt $value 8.0 }}big{{ else }}small{{ end }}'}
  - alert: Overload
    expr: demo_load > 8
    labels: {severity: critical, team: web}
    annotations: {summary: '{{ with query "count(up)" }}{{ . | first | value }}{{ end }} of {{ $labels.job }}'}
  - {alert: JobLoad, expr: 'job:demo_load:sum > 12', labels: {severity: warning}}
- name: targets
  interval: 1s
  rules:
  - {alert: InstanceDown, expr: up == 0, labels: {severity: critical, team: infra}}
  - {alert: Gone, expr: 'absent(demo_load{name="c"})', labels: {severity: warning, team: infra}}
"""


def alertmanager_yml(who, sink):
    hook = lambda name, more="": f"{{name: {name}, webhook_configs: [{{url: 'http://127.0.0.1:{sink}/{who}/{name}'{more}}}]}}"
    return f"""global: {{http_config: {{follow_redirects: true}}}}
route:
  receiver: root
  group_by: [alertname]
  group_wait: 3s
  group_interval: 10s
  repeat_interval: {REPEAT_S}s
  routes:
  - {{matchers: [team="web"], receiver: web, group_by: [job], continue: true}}
  - {{matchers: [severity="critical"], receiver: pager, group_by: [alertname, name], repeat_interval: 1h}}
  - {{matchers: [alertname="Loaded"], receiver: quiet, group_by: ['...']}}
inhibit_rules:
- {{source_matchers: [alertname="InstanceDown"], target_matchers: [severity="warning"], equal: [job]}}
- {{source_matchers: [severity="critical"], target_matchers: [severity="info"], equal: [name]}}
receivers:
- {hook("root")}
- {hook("web")}
- {hook("pager", ", max_alerts: 1")}
- {hook("quiet", ", send_resolved: false")}
"""


def prometheus_yml(rules, targets, alertmanager):
    entries = "\n".join(f"    - {{targets: ['127.0.0.1:{t.port}'], labels: {{name: {t.name}}}}}" for t in targets)
    alerting = f"alerting: {{alertmanagers: [{{static_configs: [{{targets: ['127.0.0.1:{alertmanager}']}}]}}]}}\n" if alertmanager else ""
    return f"""global: {{scrape_interval: 1s, evaluation_interval: 1s, external_labels: {{region: eu}}}}
{alerting}rule_files: [{rules}]
scrape_configs:
- job_name: demo
  static_configs:
{entries}
"""


class Sink(Handler):
    def do_POST(self):
        body = self.body()
        _, who, receiver = self.path.split("/")
        if receiver in REFUSE:
            return self.answer(503)
        GOT[who].append((time.time(), receiver, json.loads(body)))
        self.answer(200)


def page(name):
    return f"# TYPE demo_load gauge\ndemo_load {LOAD[name]}\n"


class System:
    """Programs that are started and ended together; the last one has the API of Alertmanager."""

    def __init__(self, name, commands):
        self.name, self.commands, self.servers, self.runs = name, commands, [], 0

    def start(self):
        self.runs += 1
        for i, (port, command) in enumerate(self.commands):
            s = Server(f"{self.name}-{i}-{self.runs}", command)
            s.port = port
            self.servers.append(s)
        return all(s.ready() for s in self.servers)

    def stop(self):
        for s in self.servers:
            s.stop()
        self.servers = []

    def failed_scrapes(self):
        """On a busy machine a scrape may fail of itself: a `for` begins anew then, and groups move to other times of the slot."""
        return self.servers[-1].values(f"sum(sum_over_time((1 - up)[{SLOTS * SLOT_S}s:1s]))")

    def silences(self, method, path, body=None):
        _, answer = self.servers[0].request(method, "/api/v2" + path, body, {"Content-Type": "application/json"})
        return json.loads(answer) if answer.strip() else None


class Script:
    """What happens in each slot; the same for both."""

    def __init__(self, systems, targets):
        self.systems, self.targets, self.start = systems, targets, time.time()
        self.since, self.silenced, self.story, self.restarts = {}, {}, [], []

    def tell(self, slot, what):
        self.story.append(f"{slot * SLOT_S:5d} s  {what}")

    def until(self, slot, phase):
        time.sleep(max(0, self.start + slot * SLOT_S + phase - time.time()))

    def change(self, slot, name):
        """A load comes, changes or goes; not after just two slots, which is the `for` of a rule."""
        old, held = LOAD[name], slot - self.since.get(name, -9)
        new = random.choice([6, 9] if slot == 1 else [1, 6, 9] if old == 1 or held != 2 else [6, 9])
        if new == old:
            return
        if (old > 5) != (new > 5):
            self.since[name] = slot
        LOAD[name] = new
        self.tell(slot, f"load of {name}: {new}")

    def switch(self, slot, target):
        # A target that is down has no load: it comes back with none, so that no rule's `for` ends beside an edge.
        if target.server:
            if slot - self.since.get(target.name, -9) == 2:
                return
            target.down()
        else:
            target.up()
        LOAD[target.name], self.since[target.name] = 1, slot
        self.tell(slot, f"target {target.name} {'up' if target.server else 'down'}")

    def silence(self, slot):
        for key in [k for k, end in self.silenced.items() if end == slot]:
            del self.silenced[key]
        if len(self.silenced) > 1 or random.random() < 0.5:
            return
        name, value = random.choice([("alertname", "Overload"), ("name", "a"), ("team", "web"), ("alertname", "InstanceDown"), ("name", "b")])
        slots = random.choice([1, 2, 4])
        fmt = "%Y-%m-%dT%H:%M:%S.000Z"
        at = lambda s: datetime.datetime.fromtimestamp(self.start + s * SLOT_S + 9, datetime.timezone.utc).strftime(fmt)
        by_hand = random.random() < 0.5
        ids = {}
        for system in self.systems:
            got = system.silences("POST", "/silences", json.dumps(
                {"matchers": [{"name": name, "value": value, "isRegex": False, "isEqual": True}], "startsAt": at(slot),
                 "endsAt": at(slot + (60 if by_hand else slots)), "createdBy": "script", "comment": "a test"}))
            ids[system.name] = got["silenceID"]
        self.silenced[(name, value, slot)] = slot + slots
        if by_hand:
            self.by_hand.append((slot + slots, ids))
        self.tell(slot, f"silence {name}={value} for {slots} slots{', ended by hand' if by_hand else ''}")

    def end_silences(self, slot):
        for end, ids in [x for x in self.by_hand if x[0] == slot]:
            for system in self.systems:
                system.silences("DELETE", "/silence/" + ids[system.name])
        self.by_hand = [x for x in self.by_hand if x[0] != slot]

    def restart(self, slot):
        self.tell(slot, "restart of both")
        self.restarts.append(time.time())
        # pharos knows its alerts at once and tells groups in the moment it is back; the pair when Prometheus has found them again,
        # those with a `for` a second or two later, and group_wait is over: both so that groups go on ticking where they did.
        for phase, system in [(0, self.systems[1]), (5, self.systems[0])]:
            self.until(slot, phase)
            system.stop()
            system.start()

    def play(self):
        self.by_hand = []
        for slot in range(1, SLOTS):
            to_restart = (slot - RESTART_AT) % RESTART_EVERY
            self.until(slot, 0)
            if to_restart == 0:
                self.restart(slot)
            elif 2 < to_restart < RESTART_EVERY - 2:  # nothing is pending when the two go, and what comes back settles
                for target in self.targets:
                    if target.server and random.random() < (0.9 if slot == 1 else 0.5):
                        self.change(slot, target.name)
                if slot > 1 and random.random() < 0.3:
                    self.switch(slot, random.choice(self.targets[1:]))
            self.until(slot, 2.8)
            if to_restart > 2 and random.random() < 0.15:
                REFUSE.add(random.choice(["root", "web", "pager"]))
                self.tell(slot, f"{' '.join(REFUSE)} refuses")
            self.until(slot, 5.5)  # the pauses between attempts grow, and are random: none may reach into the next slot
            REFUSE.clear()
            self.until(slot, 9)
            self.end_silences(slot)
            self.silence(slot)
        self.until(SLOTS, 0)


def content(n, forget=0):
    """What must be equal; `startsAt` is the clock's of each system. `forget`: without alerts that ended before."""
    _, receiver, body = n
    if forget:
        body = {k: v for k, v in body.items() if not k.startswith("common")}
        body["alerts"] = [a for a in body["alerts"] if a["status"] == "firing" or
                          datetime.datetime.fromisoformat(re.sub(r"\.\d+", "", a["endsAt"]).replace("Z", "+00:00")).timestamp() > forget]
        if not body["alerts"]:
            return None
    alerts = sorted((a["status"], json.dumps(a["labels"], sort_keys=True), json.dumps(a["annotations"], sort_keys=True), a["generatorURL"],
                     a["fingerprint"]) for a in body["alerts"])
    rest = {k: v for k, v in body.items() if k not in ("alerts", "notification_reason")}
    return json.dumps([receiver, rest, alerts], sort_keys=True)


def short(n):
    when, receiver, body = n
    names = lambda status: ", ".join(sorted(a["labels"]["alertname"] + "/" + a["labels"].get("name", a["labels"].get("job", "")) for a in body["alerts"] if a["status"] == status))
    return f"{receiver} {body['groupKey']} firing [{names('firing')}] resolved [{names('resolved')}]"


def compare(start, restarts):
    """Pairs equal notifications of one group that are at most SLACK_S apart; what is left is a difference.

    After a restart Prometheus has forgotten what ended before, and Alertmanager is never told that it ended; pharos has not, and
    tells it. So a difference is explained in the slots after a restart, when pharos tells nothing but such ends, and in a group
    until both have told the same: what counts as told already is not the same in the two by then."""
    lists = {who: collections.defaultdict(list) for who in GOT}
    for who, all_of_it in GOT.items():
        for n in all_of_it:
            lists[who][n[1], n[2]["groupKey"]].append(n)
    lines, paired, left, apart, agreed = [], 0, [], [], collections.defaultdict(list)
    for key in sorted(set(lists["pharos"]) | set(lists["pair"])):
        theirs = list(lists["pair"][key])
        for n in lists["pharos"][key]:
            near = [t for t in theirs if abs(t[0] - n[0]) <= SLACK_S]
            restart = max((r for r in restarts if r < n[0]), default=0)
            same = [t for t in near if content(t) == content(n)] or [t for t in near if restart and content(t, restart) == content(n, restart)]
            if same:
                theirs.remove(same[0])
                if content(same[0]) == content(n):
                    agreed[key].append(n[0])
                paired += 1
                apart.append(n[0] - same[0][0])
                lines.append((n[0], f"both    {n[0] - same[0][0]:+5.1f} s  {short(n)}"))
            else:
                left.append((n[0], "pharos", n))
        left += [(n[0], "pair", n) for n in theirs]
    explained = []
    for x in left:
        since = max((r for r in restarts if r - 1 <= x[0]), default=None)
        if since is not None and (x[0] <= since + 3.5 * SLOT_S or x[1] == "pharos" and not content(x[2], since) or
                                  not any(since < t < x[0] for t in agreed[x[2][1], x[2][2]["groupKey"]])):
            explained.append(x)
    for when, who, n in left:
        lines.append((when, f"{who:7s} alone{' (after a restart)' if (when, who, n) in explained else ''}  {short(n)}"))
    return [f"{when - start:6.1f} s  {text}" for when, text in sorted(lines)], paired, [x for x in left if x not in explained], explained, apart


def main():
    sink = serve(Sink)
    targets = [Target(n, lambda n=n: page(n)) for n in LOAD]
    for t in targets:
        t.up()
    rules, port, pr_port, am_port = write("rules.yml", RULES), free_port(), free_port(), free_port()
    files = {who: write(f"{who}-am.yml", alertmanager_yml(who, sink.server_port)) for who in GOT}
    pharos_yml = write("pharos.yml", f"""collect: {{host: {{enabled: false}}, self: {{enabled: false}}}}
default_rules: false
alerting: {{compat: {COMPAT}}}
prometheus: {write("pharos-prometheus.yml", prometheus_yml(rules, targets, None))}
alertmanager: {files["pharos"]}
""")
    prom_yml = write("pair-prometheus.yml", prometheus_yml(rules, targets, am_port))
    resend = "--rules.alert.resend-delay=2s"
    web = [f"--web.external-url={URL}", "--web.route-prefix=/"]
    systems = [
        System("pharos", [(port, [PHAROS, "serve", "--config", pharos_yml, "--data", os.path.join(WORK, "pharos"), "--listen", f"127.0.0.1:{port}", resend, *web])]),
        System("pair", [(am_port, [ALERTMANAGER, f"--config.file={files['pair']}", "--storage.path=pair-am", "--cluster.listen-address=",
                                   f"--web.listen-address=127.0.0.1:{am_port}", *web]),
                        (pr_port, [PROMETHEUS, f"--config.file={prom_yml}", "--storage.tsdb.path=pair-pr", "--rules.alert.for-grace-period=1s",
                                   resend, f"--web.listen-address=127.0.0.1:{pr_port}", *web])]),
    ]
    script = None
    try:
        if all([check(f"{s.name} starts", s.start(), [x.logged()[-400:] for x in s.servers]) for s in systems]):
            script = Script(systems, targets)
            script.play()
            failed = {s.name: s.failed_scrapes() for s in systems}
    finally:
        cpu = {s.name: round(sum(sum(map(int, open(f"/proc/{x.process.pid}/stat").read().split()[13:15])) for x in s.servers) / os.sysconf("SC_CLK_TCK"), 2)
               for s in systems}
        for s in systems:
            s.stop()
        for t in targets:
            t.down()
        sink.shutdown()
        sink.server_close()
    if not script:
        return
    lines, paired, left, explained, apart = compare(script.start, script.restarts)
    report = [f"pharos ({COMPAT}) beside {os.path.basename(ALERTMANAGER)} {VERSION[1]}.{VERSION[2]}, {SLOTS * SLOT_S} s", "", "Script:", *script.story, "", "Notifications:",
              *lines, "", f"{paired} the same, {len(explained)} different after a restart, {len(left)} different; CPU seconds since the last restart {cpu}; failed scrapes {failed}"]
    if os.environ.get("REPORT"):
        with open(os.environ["REPORT"], "w", encoding="utf-8") as f:
            f.write("\n".join(report) + "\n")
    check("notifications were sent", paired >= SLOTS // 2, (paired, [len(x) for x in GOT.values()]))
    check(f"the same ones ({paired}), at most {max(map(abs, apart), default=0):.1f} s apart", not left, [f"{w - script.start:.1f} {who} {short(n)}" for w, who, n in left])
    print(report[-1])


main()
sys.exit(finish())
