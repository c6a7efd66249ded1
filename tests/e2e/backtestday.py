"""The real program watches this machine for a day, on a clock that runs faster; its rules fire as the machine is busy or not. Then the
rules are backtested over that day: what fired, and when, must be what the event log says.

A minute is a fraction of a second here, so a sample may come later than the evaluation of its time: query_offset waits for it."""
import json, os, subprocess, sys, time
from datetime import datetime

from harness import WORK, Server, check, finish, write

PHAROS = os.path.abspath(os.path.join(sys.argv[1], "pharos"))
HOURS, RATE = float(os.environ.get("HOURS", "6")), int(os.environ.get("RATE", "360"))
RULES = """groups:
- name: machine
  interval: 1m
  query_offset: 2m
  rules:
  - {alert: LoadRises, expr: 'node_load1 > avg_over_time(node_load1[30m])', for: 2m}
  - {alert: MemoryFalls, expr: 'node_memory_MemAvailable_bytes < avg_over_time(node_memory_MemAvailable_bytes[20m])', for: 3m, keep_firing_for: 5m}
  - {alert: ManyRun, expr: 'node_procs_running > 1.5 * avg_over_time(node_procs_running[20m])'}
  - {alert: OfficeHours, expr: 'hour() >= 9 < 17', labels: {severity: info}}
  - {alert: Never, expr: 'node_memory_MemTotal_bytes < 0'}
"""
CONFIG = """collect: {host: {interval: 1m}, self: {enabled: false}}
default_rules: false
prometheus: {global: {evaluation_interval: 1m}, rule_files: [RULES]}
alertmanager:
  route: {receiver: nobody, group_by: [alertname], group_wait: 1m, group_interval: 5m, repeat_interval: 12h}
  receivers: [{name: nobody}]
"""


def at(text):
    return datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp() if text else None


def history(server, start, end):
    """name -> [when it fired], from the event log, all pages of it. An event itself may be some minutes late, as the machine is."""
    out, params = {}, {"kind": "started", "limit": 1000}
    while True:
        data = server.data("/alerts/history", params)
        for e in data["events"]:
            out.setdefault(e["detail"]["labels"]["alertname"], []).append(e["detail"]["starts_at_ms"] / 1000)
        if "before" not in data:
            return {name: sorted(t for t in times if start <= t <= end) for name, times in out.items()}
        params["before"] = data["before"]


def main():
    rules = write("day-rules.yml", RULES)
    config = write("day.yml", CONFIG.replace("RULES", rules))
    anchor = int(time.time())
    server = Server("day", [PHAROS, "serve", "--config", config, "--data", "day-data", "--listen", "127.0.0.1:PORT", "--clock.rate", str(RATE),
                            "--clock.anchor", str(anchor)])
    if not check("pharos starts", server.ready(), open(server.log).read()[-500:]):
        return
    now = lambda: anchor + (time.time() - anchor) * RATE
    until = now() + HOURS * 3600
    while now() < until and server.process.poll() is None:
        time.sleep(0.5)
    end = now() - 300  # what is on its way says nothing
    start = end - HOURS * 3600 + 2400  # the longest window of a rule has its samples by then
    fired = history(server, start, end)
    run = lambda *args: subprocess.run([PHAROS, "rules", "backtest", "--url", f"http://127.0.0.1:{server.port}", *args, rules],
                                       capture_output=True, text=True, timeout=120)
    began = time.time()
    done = run("--json", "--start", str(start - 3600), "--end", str(end))
    took = time.time() - began
    if check("a backtest of the day answers", done.returncode == 0, done.stderr):
        data = json.loads(done.stdout)["data"]
        found = {r["name"]: sorted(at(f["firedAt"]) for f in r.get("firings", []) if start <= at(f["firedAt"]) <= end) for r in data["rules"]}
        missed = sum(float(line.split()[-1]) for line in server.get("/metrics")[1].decode().splitlines()
                     if line.startswith("pharos_rules_group_iterations_missed_total"))
        for name in sorted(found):
            ours, log = [round(t, 3) for t in found[name]], [round(t, 3) for t in fired.get(name, [])]
            # An evaluation that a busy machine left out is one that a backtest makes: it is that much earlier.
            odd = sorted(t for a, b in ((ours, log), (log, ours)) for t in a if not any(abs(t - o) <= 120 * missed for o in b))
            check(f"{name}: fired {len(log)} times, and the backtest finds them", not odd, (len(ours), len(log), odd[:6]))
        check("alerts fired in the day", sum(map(len, fired.values())) >= 2, fired)
        check("and one that never does did not", not found.get("Never"), found.get("Never"))
        picture = run("--start", str(start), "--end", str(end))
        check("with a picture", picture.returncode == 0 and "LoadRises" in picture.stdout, picture.stdout + picture.stderr)
        if os.environ.get("REPORT"):
            with open(os.environ["REPORT"], "w", encoding="utf-8") as f:
                f.write(picture.stdout)
        print(f"{HOURS:g} h of {RATE} times as fast: {sum(map(len, fired.values()))} firings in the event log; {missed:g} evaluations left out; the backtest took {took:.2f} s")
    server.stop()


main()
sys.exit(finish())
