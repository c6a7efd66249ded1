"""The real program evaluates rules that come and go and tells a receiver; then it is asked when they would have fired. The answer
must have the times that were told, and as many notifications."""
import json, os, subprocess, sys, time, urllib.parse
from datetime import datetime

from harness import Handler, Server, check, finish, serve, write

PHAROS = os.path.abspath(os.path.join(sys.argv[1], "pharos"))
GOT = []
RULES = """groups:
- name: waves
  interval: 1s
  rules:
  - record: wave
    expr: vector(time() % 16)
  - {alert: Wave, expr: wave > 8, for: 2s, labels: {severity: page}}
  - {alert: Slope, expr: wave > 13, recovery_threshold: 3}
"""
CONFIG = """collect: {host: {enabled: false}, self: {interval: 1s}}
default_rules: false
prometheus: {global: {evaluation_interval: 1s}, rule_files: [RULES]}
alertmanager:
  route: {receiver: team, group_by: [alertname], group_wait: 1s, group_interval: 1s, repeat_interval: 1h}
  receivers: [{name: team, webhook_configs: [{url: 'http://127.0.0.1:PORT_OF_SINK/'}]}]
"""


class Sink(Handler):
    def do_POST(self):
        GOT.append((time.time(), json.loads(self.body())))
        self.answer(200)


def at(text):
    return datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp() if text else None


def backtest(server, *args):
    return subprocess.run([PHAROS, "rules", "backtest", "--url", f"http://127.0.0.1:{server.port}", *args, "backtest-rules.yml"],
                          capture_output=True, text=True, timeout=60, cwd=os.path.dirname(server.log))


def main():
    sink = serve(Sink)
    rules = write("backtest-rules.yml", RULES)
    config = write("backtest.yml", CONFIG.replace("RULES", rules).replace("PORT_OF_SINK", str(sink.server_port)))
    server = Server("backtest", [PHAROS, "serve", "--config", config, "--data", "backtest-data", "--listen", "127.0.0.1:PORT"])
    if not check("pharos starts", server.ready(), open(server.log).read()[-500:]):
        sys.exit(finish())
    start = time.time()
    time.sleep(45)
    done = backtest(server, "--json", "--start", str(start), "--end", str(time.time() - 3))
    if not check("a backtest answers", done.returncode == 0, done.stderr):
        sys.exit(finish())
    data = json.loads(done.stdout)["data"]
    check("time after time was not needed", data["stepwise"] is False)
    low, high = start + 3, time.time() - 6  # what began before, or may still be on its way, says nothing
    told = {}
    for _, body in GOT:
        for a in body["alerts"]:
            key = a["labels"]["alertname"], round(at(a["startsAt"]), 3)
            told[key] = round(at(a["endsAt"]), 3) if a["status"] == "resolved" else told.get(key)
    found = {(r["name"], round(at(f["firedAt"]), 3)): round(at(f["resolvedAt"]), 3) if f["resolvedAt"] else None
             for r in data["rules"] for f in r.get("firings", [])}
    inside = lambda d: {k: v for k, v in d.items() if k[1] >= low and v and v <= high}
    check("some alerts came and went", len(inside(told)) >= 3, told)
    check("they are found, to the millisecond", inside(told) == inside(found), (inside(told), inside(found)))
    wave = [v - k[1] for k, v in inside(found).items() if k[0] == "Slope"]
    check("hysteresis is a part of it", wave and all(3 <= w <= 8 for w in wave), wave)
    sent = [t for t, body in GOT if body["status"] == "firing" and low <= t <= high]
    would = [n for n in data["notifications"]["list"] if n["status"] == "firing" and low <= at(n["time"]) <= high]
    check("as many pages", abs(len(sent) - len(would)) <= 1 and len(sent) >= 3, (len(sent), len(would)))
    picture = backtest(server, "--since", "40s")
    check("the picture shows both", picture.returncode == 0 and "\u2588" in picture.stdout and "Slope" in picture.stdout, picture.stdout)
    never = backtest(server, "--json", "--since", "40s", "--set", "Wave.threshold=16")
    check("a changed threshold changes what is found", never.returncode == 0 and json.loads(never.stdout)["data"]["rules"][1]["fired"] == 0, never.stdout[:300])
    wrong = backtest(server, "--set", "Nobody.threshold=1")
    check("a setting that changes nothing is refused", wrong.returncode == 1 and "no rule has" in wrong.stderr, wrong.stderr)
    live = next(g for g in server.data("/rules")["groups"] if any(r["name"] == "Wave" for r in g["rules"]))
    ask = {"rule": "Wave", "group": live["name"], "file": live["file"], "start": start, "end": time.time()}
    post = lambda body="", **more: server.request("POST", "/api/pharos/v1/rules/backtest?" + urllib.parse.urlencode({**ask, **more}), body)
    status, text = post()
    check("a rule in force is backtested by its name", status == 200 and [r["name"] for r in json.loads(text)["data"]["rules"]] == ["Wave"] and json.loads(text)["data"]["rules"][0]["fired"] >= 1, text[:300])
    status, text = post(set="threshold=16")
    check("and with another threshold", status == 200 and json.loads(text)["data"]["rules"][0]["fired"] == 0, text[:300])
    status, text = post(rule="Nobody")
    check("one that is not in force is not found", status == 404 and b"Nobody" in text, text[:300])
    status, text = post("groups: []")
    check("a body and a name are refused", status == 400, text[:300])
    check("nothing was written", server.data("/query", {"query": "count({__name__=\"wave\"})"})["result"][0]["value"][1] == "1")
    server.stop()
    offline = subprocess.run([PHAROS, "rules", "backtest", "--json", "--data", "backtest-data", "--start", str(low), "--end", str(high), rules],
                             capture_output=True, text=True, timeout=60, cwd=os.path.dirname(server.log))
    check("the data folder alone gives the same", offline.returncode == 0 and json.loads(offline.stdout)["rules"][1]["fired"] >= 1, offline.stderr + offline.stdout[:300])
    sys.exit(finish())


main()
