"""amtool's commands, and what a client of API v2 sees: each is run against one server."""
import json, os, shutil, subprocess, sys, urllib.error, urllib.request

from harness import WORK, Server, check, finish, skip, write

PHAROS = os.path.abspath(os.path.join(sys.argv[1], "pharos"))
AMTOOL = shutil.which("amtool") or next((p for p in ["/opt/peers/usr/bin/amtool"] if os.path.exists(p)), None)
CONFIG = """alertmanager:
  route:
    receiver: root
    group_by: [alertname]
    group_wait: 1s
    routes:
    - {matchers: [severity="critical"], receiver: pager, continue: true}
    - {matchers: [severity=~"critical|warning"], receiver: chat}
  inhibit_rules:
  - {source_matchers: [severity="critical"], target_matchers: [severity="warning"], equal: [instance]}
  receivers: [{name: root}, {name: pager}, {name: chat}]
"""


def main():
    if not AMTOOL:
        skip("amtool", "not installed: apt-get install prometheus-alertmanager")
        return
    config = write("pharos.yml", CONFIG)
    am_yml = write("alertmanager.yml", "\n".join(line[2:] for line in CONFIG.splitlines()[1:]) + "\n")

    def start():
        s = Server("pharos", [PHAROS, "serve", "--config", config, "--data", os.path.join(WORK, "data"), "--listen", "127.0.0.1:PORT"])
        check("ready", s.ready(), s.logged())
        return s, f"http://127.0.0.1:{s.port}"

    server, url = start()

    def amtool(*args, ok=True):
        run = subprocess.run([AMTOOL, "--alertmanager.url", url, *args], capture_output=True, text=True, timeout=60)
        check(f"amtool {' '.join(args)}", (run.returncode == 0) == ok, run.stdout + run.stderr)
        return run.stdout

    def has(what, text, *parts):
        check(what, all(p in text for p in parts), text)

    amtool("alert", "add", "A", "severity=critical", "instance=i1", "--annotation=summary=down")
    amtool("alert", "add", "B", "severity=warning", "instance=i1")
    amtool("alert", "add", "C", "severity=info", "instance=i2")
    has("an inhibited alert is not active", amtool("alert"), "A", "C")
    check("inhibited: hidden", "B" not in [line.split()[0] for line in amtool("alert").splitlines() if line], "")
    has("inhibited: asked for", amtool("alert", "query", "-i"), "B")
    has("by matcher", amtool("alert", "query", 'instance=~"i.*"'), "A", "C")
    has("extended", amtool("-o", "extended", "alert", "query", "A"), 'severity="critical"', "down")
    check("json", len(json.loads(amtool("-o", "json", "alert", "query"))) == 2, "")
    sid = amtool("silence", "add", "instance=i2", "-c", "work", "-a", "ann", "-d", "1h").strip()
    check("an id", len(sid) == 36, sid)
    has("silence query", amtool("silence", "query"), sid[:8], "work", "ann")
    has("silence by matcher", amtool("silence", "query", "instance=i2"), sid[:8])
    check("silenced: hidden", "C" not in [line.split()[0] for line in amtool("alert").splitlines() if line], "")
    has("silenced: asked for", amtool("alert", "query", "-s"), "C")
    # What is silenced is remembered over a restart.
    server.stop()
    server, url = start()
    has("after a restart", amtool("silence", "query"), sid[:8])
    amtool("silence", "update", "-d", "2h", sid)
    newer = [line.split()[0] for line in amtool("silence", "query").splitlines()[1:] if line.split()]
    for one in newer:
        amtool("silence", "expire", one)
    check("all expired", len(amtool("silence", "query").splitlines()) <= 1, amtool("silence", "query"))
    has("expired: asked for", amtool("silence", "query", "--expired"), sid[:8])
    amtool("silence", "expire", "11111111-1111-1111-1111-111111111111", ok=False)
    exported = write("silences.json", amtool("-o", "json", "silence", "query", "--expired"))
    check("exported", json.load(open(exported))[0]["comment"] == "work", "")
    amtool("config", "routes", "test", "--config.file", am_yml, "--verify.receivers=pager,chat", "severity=critical")
    has("routes of the server's own file", amtool("config", "routes", "test", "--config.file", am_yml, "severity=info"), "root")
    has("routes show", amtool("config", "routes", "show", "--config.file", am_yml), 'severity="critical"')
    amtool("check-config", am_yml)
    has("config show", amtool("config", "show"), "alertmanager")
    amtool("cluster", "show")

    def ask(method, path, body=None):
        req = urllib.request.Request(url + path, method=method, data=body and json.dumps(body).encode(),
                                     headers={"Content-Type": "application/json"})
        try:
            with urllib.request.urlopen(req, timeout=20) as answer:
                return answer.status, json.loads(answer.read() or b"null")
        except urllib.error.HTTPError as e:
            return e.code, e.read().decode()

    def pharos(*args, ok=True):
        run = subprocess.run([PHAROS, *args], capture_output=True, text=True, timeout=60)
        check(f"pharos {' '.join(args[:2])}", (run.returncode == 0) == ok, run.stdout + run.stderr)
        return run.stdout

    has("explained: inhibited", pharos("explain", "alert", "--url", url, "alertname=B", "severity=warning", "instance=i1"), "inhibited by alert", "-> chat")
    has("acknowledged", pharos("alerts", "ack", "--url", url, "--by", "ann", "--comment", "looking", "alertname=A"), "1 alerts")
    has("who", pharos("alerts", "acks", "--url", url), "ann", "looking", 'severity="critical"')
    has("seen by", pharos("explain", "alert", "--url", url, "alertname=A", "severity=critical", "instance=i1"), "ann", "started", "acknowledged")
    has("history", pharos("alerts", "history", "--url", url, "--kind", "silence_created"), "silence_created", "work")
    has("noise", pharos("alerts", "noise", "--url", url), "fired", "A")
    has("taken back", pharos("alerts", "unack", "--url", url, "alertname=A"), "1 alerts")
    pharos("alerts", "ack", "--url", url, "--by", "ann", "alertname=nope", ok=False)
    status, groups = ask("GET", "/api/v2/alerts/groups")
    check("groups", status == 200 and len(groups) == 4, groups)
    status, why = ask("POST", "/api/v2/silences", {"matchers": [{"name": "a", "value": "[", "isRegex": True}], "createdBy": "x",
                      "comment": "y", "startsAt": "2026-01-01T00:00:00Z", "endsAt": "2099-01-01T00:00:00Z"})
    check("a broken regex is refused", status == 400 and "missing closing ]" in why, why)
    check("the answer to nothing", ask("POST", "/api/v2/alerts", [{"labels": {"alertname": "D"}}]) == (200, None), "")
    status, metrics = 200, urllib.request.urlopen(url + "/metrics", timeout=20).read().decode()
    for name in ["alertmanager_alerts", "alertmanager_silences", "alertmanager_alerts_received_total"]:
        check(name, f"\n{name}" in metrics, "")
    server.stop()


main()
sys.exit(finish())
