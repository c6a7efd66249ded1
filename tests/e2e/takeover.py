"""One prometheus.yml, two programs: both scrape the same targets, evaluate the same rules, and tell the same Alertmanager, which
records what each posts. Targets rise, flap, go down and come back. Compared are the alerts (labels, texts, links, how often each
began and ended, when within the slack that two clocks of rules and scrapes need) and the ALERTS series."""
import json, re, sys, time
from datetime import datetime

import harness
from harness import Handler, Server, Target, finish, serve, write

PHAROS, PROMETHEUS = sys.argv[1], sys.argv[2]
SLACK_S = 5  # scrapes and rules of the two run up to a second apart each, and the machine may be busy
ATTEMPTS = 2  # a machine that stands still for seconds is nobody's fault
LOAD, FLAP = {"a": 1, "b": 1}, {"on": 0}
NAMES = ("pharos", "prometheus")
results = []


def check(name, good, why=""):
    results.append((name, bool(good), why))
    return good


def sink_of(posts):
    class Sink(Handler):
        def do_POST(self):
            body = self.body()
            _, who, rest = self.path.split("/", 2)
            posts[who].append((time.time(), rest, self.headers["Content-Type"], json.loads(body)))
            self.answer(200)

    return serve(Sink)


def page(name):
    return f"# TYPE demo_load gauge\ndemo_load {LOAD[name]}\n# TYPE demo_flap gauge\ndemo_flap {FLAP['on']}\n"


RULES = """groups:
- name: demo
  interval: 1s
  rules:
  - record: job:demo_load:sum
    expr: sum by (job) (demo_load)
  - alert: HighLoad
    expr: demo_load > 5
    for: 2s
    keep_firing_for: 3s
    labels: {severity: page, size: '{{ if gt $value 8.0 }}big{{ else }}small{{ end }}'}
    annotations:
      summary: 'Load of {{ $labels.name }} is {{ $value | humanize }} in {{ $externalLabels.region }} <{{ $externalURL }}>'
  - alert: JobLoad
    expr: job:demo_load:sum > 7
    annotations: {summary: '{{ with query "job:demo_load:sum" }}{{ . | first | value }}{{ end }} of {{ $labels.job }}'}
- name: targets
  interval: 1s
  rules:
  - alert: InstanceDown
    expr: up == 0
    for: 2s
  - alert: Flapping
    expr: max without (instance, name) (demo_flap) > 0
  - alert: BadText
    expr: demo_load{name="b"} > 5
    annotations: {summary: '{{ .Nope }}'}
"""


def config(who, sink, targets):
    entries = "\n".join(f"      - {{targets: ['127.0.0.1:{t.port}'], labels: {{name: {t.name}}}}}" for t in targets)
    return f"""global: {{scrape_interval: 1s, evaluation_interval: 1s, external_labels: {{region: eu, replica: {who}}}}}
alerting:
  alert_relabel_configs: [{{regex: replica, action: labeldrop}}]
  alertmanagers: [{{path_prefix: /{who}, static_configs: [{{targets: ['127.0.0.1:{sink}']}}]}}]
rule_files: [{write("takeover-rules.yml", RULES)}]
scrape_configs:
  - job_name: demo
    static_configs:
{entries}
"""


def at(text):
    return datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()


def episodes(posts):
    """labels -> list of [startsAt, end or None, annotations, link], in the order of time."""
    all_alerts = {}
    for when, _, _, alerts in posts:
        for a in alerts:
            key = json.dumps(a["labels"], sort_keys=True)
            found = all_alerts.setdefault(key, [])
            start, end = at(a["startsAt"]), at(a["endsAt"])
            same = next((x for x in found if abs(x[0] - start) <= 0.002), None)
            if not same:
                same = [start, None, a.get("annotations"), a["generatorURL"]]
                found.append(same)
            if end <= when:
                same[1] = end
    return all_alerts


def alerts_series(server, start, end):
    answer = server.data("/query_range", {"query": "ALERTS", "start": start, "end": end, "step": 1})
    out = {}
    for s in answer["result"]:
        out[json.dumps(s["metric"], sort_keys=True)] = len(s["values"])
    return out


def play(targets):
    start = time.time()

    def until(t):
        time.sleep(max(0, start + t - time.time()))

    until(6)
    LOAD["a"] = 9
    FLAP["on"] = 1
    until(12)
    FLAP["on"] = 0
    until(15)
    LOAD["a"] = 1
    LOAD["b"] = 6
    until(19)
    FLAP["on"] = 1
    targets[0].down()
    until(25)
    FLAP["on"] = 0
    until(28)
    LOAD["b"] = 1
    targets[0].up()
    until(40)
    return start


def texts(told):
    """Prometheus 2 names the type of a value in an error otherwise than 3 does."""
    return [{k: v.replace("Value float64 }", "Value interface {} }") for k, v in (x[2] or {}).items()} for x in told]


def compare(ours, theirs):
    check("the same alerts are told", set(ours) == set(theirs), sorted(set(ours) ^ set(theirs)))
    for key in sorted(set(ours) & set(theirs)):
        name, a, b = json.loads(key)["alertname"] + " " + json.loads(key).get("name", ""), ours[key], theirs[key]
        check(f"{name}: begins and ends as often", [bool(x[1]) for x in a] == [bool(x[1]) for x in b], (a, b))
        check(f"{name}: at the same times", len(a) == len(b) and all(
            abs(x[0] - y[0]) <= SLACK_S and (not x[1] or not y[1] or abs(x[1] - y[1]) <= SLACK_S) for x, y in zip(a, b)), (a, b))
        check(f"{name}: with the same texts", texts(a) == texts(b), (texts(a), texts(b)))
        check(f"{name}: with the same link", a[0][3] == b[0][3], (a[0][3], b[0][3]))


def attempt(n):
    """All of it is its own: what an attempt that failed left behind must not speak in the next one."""
    results.clear()
    LOAD.update(a=1, b=1)
    FLAP["on"] = 0
    posts = {who: [] for who in NAMES}
    sink = sink_of(posts)
    targets = [Target(n, lambda n=n: page(n)) for n in ("a", "b")]
    for t in targets:
        t.up()
    servers = start_servers(n, sink, targets)
    try:
        observe(servers, targets, posts)
    except Exception as e:
        check("the scenario comes to its end", False, repr(e))
    finally:
        if not all(good for _, good, _ in results):
            tell_more(servers)
        for s in servers.values():
            s.stop()
        for t in targets:
            t.down()
        sink.shutdown()
        sink.server_close()


def tell_more(servers):
    for s in servers.values():
        print(f"# {s.name} says:", s.logged()[-2000:])
    try:
        metrics = servers["pharos"].get("/metrics")[1].decode()
        print("# forwarded:", re.findall(r"^pharos_rules_forward\w* .*", metrics, re.M))
    except OSError as e:
        print("# pharos does not answer:", e)


def start_servers(n, sink, targets):
    # A path of one length for both: it is a part of the link that alerts carry.
    url = "http://mon.example.com/p"
    files = {who: write(f"{who}-takeover.yml", config(who, sink.server_port, targets)) for who in NAMES}
    return {
        "pharos": Server(f"pharos-takeover-{n}", [PHAROS, f"--config.file={files['pharos']}", f"--storage.tsdb.path=ph-takeover-{n}",
                                             "--web.listen-address=127.0.0.1:PORT", f"--web.external-url={url}", "--web.route-prefix=/"]),
        "prometheus": Server(f"prometheus-takeover-{n}", [PROMETHEUS, f"--config.file={files['prometheus']}", f"--storage.tsdb.path=pr-takeover-{n}",
                                                     "--web.listen-address=127.0.0.1:PORT", f"--web.external-url={url}", "--web.route-prefix=/"]),
    }


def observe(servers, targets, posts):
    ready = [check(f"{who} starts", s.ready(), open(s.log).read()[-500:]) for who, s in servers.items()]
    if not all(ready):
        return
    start = play(targets)
    found = {who: episodes(posts[who]) for who in NAMES}
    compare(found["pharos"], found["prometheus"])
    for who in NAMES:
        check(f"{who} posts to the prefix, as JSON", {(p[1], p[2]) for p in posts[who]} == {("api/v2/alerts", "application/json")},
              {(p[1], p[2]) for p in posts[who]})
    shape = {who: sorted({tuple(sorted(a)) for p in posts[who] for a in p[3]}) for who in NAMES}
    check("what is posted has the same keys", shape["pharos"] == shape["prometheus"], shape)
    lasts = {who: sorted({round(at(a["endsAt"]) - p[0], -1) for p in posts[who] for a in p[3] if at(a["endsAt"]) > p[0] + 5}) for who in NAMES}
    check("firing alerts are valid for as long", lasts["pharos"] == lasts["prometheus"], lasts)
    series = {who: alerts_series(s, start, start + 40) for who, s in servers.items()}
    check("the same ALERTS series", set(series["pharos"]) == set(series["prometheus"]),
          sorted(set(series["pharos"]) ^ set(series["prometheus"])))
    apart = {k: (n, series["prometheus"][k]) for k, n in series["pharos"].items()
             if k in series["prometheus"] and abs(n - series["prometheus"][k]) > SLACK_S}
    check("for as long", not apart, apart)
    rules = {who: [(r["name"], r["type"], r["health"], r.get("duration"), r.get("keepFiringFor"), r["query"]) for g in s.data("/rules")["groups"]
                   for r in g["rules"]] for who, s in servers.items()}
    check("/api/v1/rules shows the same rules", rules["pharos"] == rules["prometheus"], rules)
    peers = {who: len(s.data("/alertmanagers")["activeAlertmanagers"]) for who, s in servers.items()}
    check("/api/v1/alertmanagers shows one", peers == {"pharos": 1, "prometheus": 1}, peers)


for n in range(ATTEMPTS):
    attempt(n)
    if all(good for _, good, _ in results):
        break
for result in results:
    harness.check(*result)
sys.exit(finish())
