"""The real program watches this machine for a day, on a clock that runs faster; its rules fire as the machine is busy or not. Then the
rules are backtested over that day: what fired, and when, must be what the event log says.

A minute is a fraction of a second here, so a sample may come later than the evaluation of its time: query_offset waits for it. What is
compared is the time of the evaluation, to the millisecond, which both keep. A rule records that the group ran and which sample was the
newest then: where a busy machine left an evaluation out or stored a sample after it, which a backtest cannot know, what begins until the
longest window is over again is compared with patience."""
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
  - {alert: MemoryHeld, expr: 'node_memory_MemAvailable_bytes < 0.999 * avg_over_time(node_memory_MemAvailable_bytes[20m])', recovery: 'node_memory_MemAvailable_bytes > avg_over_time(node_memory_MemAvailable_bytes[20m])'}
  - {alert: LoadInARow, expr: 'node_load1 > avg_over_time(node_load1[30m])', consecutive_failures: 4}
  - {alert: OfficeHours, expr: 'hour() >= 9 < 17', labels: {severity: info}}
  - {alert: Never, expr: 'node_memory_MemTotal_bytes < 0'}
  - {record: 'day:seen', expr: timestamp(node_load1)}
"""
OTHER = RULES.replace("for: 2m}", "for: 11m}").replace("for: 3m, keep_firing_for: 5m", "for: 3m, keep_firing_for: 1m")
SET = ("LoadRises.for=2m", "MemoryFalls.keep_firing_for=5m")
PATIENCE = 3600
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
    """name -> [when it fired], from the event log, all pages of it. An event itself may be late, as the machine is; it says when the
    evaluation was."""
    out, params = {}, {"kind": "started", "limit": 1000}
    while True:
        data = server.data("/alerts/history", params)
        for e in data["events"]:
            out.setdefault(e["detail"]["labels"]["alertname"], []).append(e["detail"]["starts_at_ms"] / 1000)
        if "before" not in data:
            return {name: sorted(t for t in times if start <= t <= end) for name, times in out.items()}
        params["before"] = data["before"]


def stored(server, name, start, end):
    """time -> value, of one series."""
    out = {}
    while start < end:
        for series in server.data("/query", {"query": name + "[1h]", "time": min(start + 3600, end)})["result"]:
            out.update((t, float(v)) for t, v in series["values"])
        start += 3600
    return out


def left_out(server, start, end):
    """The minutes in which the group did not run, or did not see what was there by then."""
    seen, samples = stored(server, "day:seen", start, end), sorted(stored(server, "node_load1", start - 600, end))
    first, gaps = min(seen), []
    for k in range(round((max(seen) - first) / 60) + 1):
        t = round(first + 60 * k, 3)
        if abs(seen.get(t, -1) - max((s for s in samples if s <= t), default=0)) > 0.0005:
            gaps.append(t)
    return gaps


def firings(done, start, end):
    """name -> [when it fired], of a backtest's answer."""
    rules = json.loads(done.stdout)["data"]["rules"]
    return {r["name"]: sorted(at(f["firedAt"]) for f in r.get("firings", []) if start <= at(f["firedAt"]) <= end) for r in rules if r["type"] == "alerting"}


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
    run = lambda file, *args: subprocess.run([PHAROS, "rules", "backtest", "--url", f"http://127.0.0.1:{server.port}", *args, file],
                                             capture_output=True, text=True, timeout=120)
    gaps = left_out(server, max(start - PATIENCE, anchor + 300), end)
    began = time.time()
    done = run(rules, "--json", "--start", str(start - 3600), "--end", str(end))
    took = time.time() - began
    changed = run(write("other-rules.yml", OTHER), "--json", "--start", str(start - 3600), "--end", str(end), *(w for s in SET for w in ("--set", s)))
    exact = 0
    if check("a backtest of the day answers", done.returncode == 0 and changed.returncode == 0, done.stderr + changed.stderr):
        found = firings(done, start, end)
        check("with --set, other rules give the same", firings(changed, start, end) == found, found)
        for name in sorted(found):
            ours, log = [round(t, 3) for t in found[name]], [round(t, 3) for t in fired.get(name, [])]
            shaky = lambda t: any(g <= t + 120 and t <= g + PATIENCE for g in gaps)
            near = lambda t, others: any(abs(t - o) <= 120 * max(1, len(gaps)) for o in others)
            odd = sorted(t for a, b in ((ours, log), (log, ours)) for t in a if t not in b and not (shaky(t) and near(t, b)))
            exact += len(set(ours) & set(log))
            check(f"{name}: fired {len(log)} times, and the backtest finds them", not odd, (len(ours), len(log), odd[:6]))
        check("alerts fired in the day", sum(map(len, fired.values())) >= 2, fired)
        check("and one that never does did not", not found.get("Never"), found.get("Never"))
        picture = run(rules, "--start", str(start), "--end", str(end))
        check("with a picture", picture.returncode == 0 and "LoadRises" in picture.stdout, picture.stdout + picture.stderr)
        if os.environ.get("REPORT"):
            with open(os.environ["REPORT"], "w", encoding="utf-8") as f:
                f.write(picture.stdout)
        print(f"{HOURS:g} h of {RATE} times as fast: {sum(map(len, fired.values()))} firings in the event log, {exact} of them to the millisecond; {len(gaps)} evaluations left out; the backtest took {took:.2f} s")
    server.stop()


main()
sys.exit(finish())
