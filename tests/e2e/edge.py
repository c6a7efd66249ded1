#!/usr/bin/env python3
"""pharos at its edges: targets that misbehave, files that are wrong, disks that are full, clients that ask nonsense; and the
answers of its API beside a real Prometheus. Prints ok / not ok lines, and last `N passed, N failed, N skipped`."""
import http.client, json, os, shutil, signal, socket, subprocess, sys, time

import harness as lib
import edge_targets
from harness import Server, check, free_port, skip, wait_for, write

PHAROS = os.path.abspath(os.path.join(sys.argv[1] if len(sys.argv) > 1 else "build", "pharos"))
SERVER = edge_targets.start()
TARGET = f"127.0.0.1:{SERVER.server_address[1]}"

# path: what its lastError must contain ("" means that it is up), and extra keys of its job
AWKWARD = {
    "good": ("", ""),
    "duplicates": ("", ""),
    "big": ("", "scrape_interval: 6s, scrape_timeout: 6s"),
    "big_limited": ("body is larger than", "metrics_path: /big, body_size_limit: 10MB"),
    "garbage": ("line 1", ""),
    "nonutf8": ("UTF-8", ""),
    "nanlabel": ("expected '='", ""),
    "badlabels": ("not unique", ""),
    "html": ("Content-Type", ""),
    "status": ("503", ""),
    "openmetrics_cut": ("# EOF", ""),
    "endless": ("", "scrape_interval: 6s, scrape_timeout: 4s"),
    "drip": ("timeout", ""),
    "reset": ("reset", ""),
    "redirects": ("redirects", ""),
    "bomb": ("body is larger than", "body_size_limit: 50MB"),
    "cut": ("GET", ""),
    "refused": ("refused", ""),
}


def awkward_config():
    jobs = []
    for name, (_, extra) in AWKWARD.items():
        keys = {"job_name": name, "metrics_path": "/" + name, "scrape_interval": "2s", "scrape_timeout": "1500ms"}
        keys.update(pair.split(": ") for pair in extra.split(", ") if pair)
        address = TARGET if name != "refused" else f"127.0.0.1:{free_port()}"
        jobs.append("  - {" + ", ".join(f"{k}: {v}" for k, v in keys.items()) + f", static_configs: [{{targets: ['{address}']}}]}}")
    return write("awkward.yml", "scrape_configs:\n" + "\n".join(jobs) + "\n")


def pharos(name, config, *more, data=None):
    return Server(name, [PHAROS, "serve", "--config", config, "--data", data or os.path.join(lib.WORK, name), "--listen", "127.0.0.1:PORT", *more])


def targets(server):
    return {t["scrapePool"]: t for t in (server.data("/targets") or {}).get("activeTargets", [])}


def fits(name, target):
    want, _ = AWKWARD[name]
    return target["health"] == "up" if not want and name != "endless" else target["health"] == "down" and want in target["lastError"]


def judge_target(server, name, target):
    want, _ = AWKWARD[name]
    up = server.values(f'up{{job="{name}"}}')
    error = target["lastError"]
    if name == "endless":
        check("target endless: stopped by size or time", target["health"] == "down" and ("larger" in error or "timeout" in error or "1 MiB" in error), target)
    elif want:
        check(f"target {name}: down and says why", target["health"] == "down" and want in error, target)
    else:
        check(f"target {name}: up", target["health"] == "up" and error == "", target)
        check(f"target {name}: up is 1", up == ["1"], up)
        return
    check(f"target {name}: up is 0", up == ["0"], up)


def awkward_targets():
    server = pharos("awkward", awkward_config())
    if not check("awkward: starts", server.ready(), server.logged()):
        return
    done = wait_for(lambda: all(t["health"] != "unknown" for t in targets(server).values()) and len(targets(server)) == len(AWKWARD), 25)
    check("every target was scraped", done, {n: t["health"] for n, t in targets(server).items()})
    # On a busy machine the targets, not pharos, are late for a scrape now and then: the next one tells.
    wait_for(lambda: all(fits(n, t) for n, t in targets(server).items()), 25)
    for name, target in sorted(targets(server).items()):
        if name in AWKWARD:
            judge_target(server, name, target)
    peak = server.memory("VmHWM")
    check("memory stays bounded beside a 100 MB body, an endless line and a bomb", peak < 900, f"{peak} MiB")
    dup = server.values("edge_dup")
    check("of duplicate samples the first is kept", dup == ["1"], dup)
    check("values of NaN and infinities come back", sorted(server.values("edge_nan")) == ["+Inf", "-Inf", "NaN"], server.values("edge_nan"))
    before = server.values("count_over_time(edge_gauge{part='a'}[1m])")
    more = wait_for(lambda: server.values("count_over_time(edge_gauge{part='a'}[1m])") > before, 6)
    check("the good target goes on", more, before)
    live_events(server)
    http_edges(server)
    check("ends on SIGTERM with 0", server.stop() == 0, server.logged()[-500:])


def live_events(server):
    c = http.client.HTTPConnection("127.0.0.1", server.port, timeout=8)
    seen = b""
    try:
        c.request("GET", "/api/pharos/v1/live")
        r = c.getresponse()
        check("live: event stream", r.getheader("Content-Type", "").startswith("text/event-stream"), r.getheaders())
        until = time.time() + 8
        while time.time() < until and not (b"event: hello" in seen and b"event: scrape" in seen):
            seen += r.read1(4096)
    except OSError as e:
        seen += repr(e).encode()
    c.close()
    check("live: hello and scrape events", b"event: hello" in seen and b"event: scrape" in seen and b'"t_ms":' in seen, seen)


def http_edges(server):
    for path in ("/api/v1/nothing", "/assets/none.js", "/-/nothing", "/api/v1/label/a/b"):
        check(f"404: {path}", server.get(path)[0] == 404, server.get(path))
    for method, path in (("DELETE", "/api/v1/query"), ("POST", "/api/v1/targets"), ("GET", "/-/reload"), ("PUT", "/api/v1/labels")):
        check(f"405: {method} {path}", server.request(method, path)[0] == 405, server.request(method, path))
    bad = [("/query", {}), ("/query", {"query": "sum("}), ("/query", {"query": "up", "time": "x"}), ("/query", {"query": "up", "timeout": "x"}),
           ("/query", {"query": "up", "limit": "-1"}), ("/query_range", {"query": "up"}), ("/query_range", {"query": "up", "start": 2, "end": 1, "step": 1}),
           ("/query_range", {"query": "up", "start": 1, "end": 2, "step": 0}), ("/query_range", {"query": "up", "start": 1, "end": 99999, "step": 1}),
           ("/query_range", {"query": "up", "start": -9e15, "end": 9e15, "step": "1s"}),
           ("/series", {}), ("/series", {"match[]": "{"}), ("/series", {"match[]": "{}"}), ("/labels", {"limit": "x"}), ("/labels", {"start": "2023-02-30T00:00:00Z"}),
           ("/rules", {"type": "x"}), ("/metadata", {"limit": "x"}), ("/targets/metadata", {"match_target": "{"})]
    for path, params in bad:
        status, answer = server.api(path, params)
        check(f"400: {path} {params}", status == 400 and answer.get("errorType") == "bad_data" and answer.get("error"), (status, answer))
    status, _ = server.request("POST", "/api/v1/write", b"\xff\xff\xff\xff\xff\xff", {"Content-Encoding": "snappy"})
    check("remote write: corrupt snappy is 400", status == 400, status)
    status, body = server.request("POST", "/-/reload")
    check("reload over HTTP is off by default", status == 403, (status, body))
    status, answer = server.request("POST", "/api/v1/query", "query=1%2B1", {"Content-Type": "application/x-www-form-urlencoded"})
    check("a form asks as well", status == 200 and b'"2"' in answer, answer)


# ---- files

def wrong_files():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        config = write("empty.yml", "scrape_configs: []\n")
        run = subprocess.run([PHAROS, "serve", "--config", config, "--data", os.path.join(lib.WORK, "taken"), "--listen", f"127.0.0.1:{port}"],
                             capture_output=True, text=True, timeout=20)
        check("a taken port ends the start and is named", run.returncode != 0 and str(port) in run.stderr and "in use" in run.stderr, run)
    run = subprocess.run([PHAROS, "serve", "--config", "/nonexistent/pharos.yml", "--data", os.path.join(lib.WORK, "none")], capture_output=True, text=True, timeout=20)
    check("an unreadable configuration is named", run.returncode != 0 and "/nonexistent/pharos.yml" in run.stderr, run)
    for name, text, want in (
            ("broken.yml", "scrape_configs:\n  - job_name: [\n", "broken.yml:"),
            ("unknown.yml", "scrape_configs:\n  - job_name: a\n    scrape_intervall: 1m\n", "unknown.yml:3:5: error"),
            ("expr.yml", "groups:\n  - name: g\n    rules:\n      - record: a\n        expr: sum(\n", "expr.yml:5:"),
            ("dup.yml", "scrape_configs:\n  - job_name: a\n  - job_name: a\n", "dup.yml:3:5: error: found multiple")):
        run = subprocess.run([PHAROS, "check", write(name, text)], capture_output=True, text=True, timeout=20)
        check(f"check {name}: says where", run.returncode == 1 and want in run.stdout, run.stdout + run.stderr)


def reload_config(interval, extra=""):
    return (f"global: {{scrape_interval: {interval}}}\nscrape_configs:\n"
            f"  - {{job_name: good, metrics_path: /good, static_configs: [{{targets: ['{TARGET}']}}]}}\n{extra}")


def reloads():
    path = write("reload.yml", reload_config("1s"))
    server = pharos("reload", path, "--web.enable-lifecycle")
    if not check("reload: starts", server.ready() and wait_for(lambda: server.values("edge_gauge")), server.logged()):
        return
    write("reload.yml", "scrape_configs: [{job_name: a, nonsense: 1}]\n")
    status, body = server.request("POST", "/-/reload")
    check("reload: a bad file is refused with its place", status == 500 and b"reload.yml:1:" in body, (status, body))
    server.process.send_signal(signal.SIGHUP)
    wait_for(lambda: server.logged().count("reload failed") >= 2, 5)
    good = targets(server).get("good", {})
    check("reload: the old configuration stays in force", good.get("health") == "up" and good.get("scrapeInterval") == "1s", good)
    info = server.data("/status/runtimeinfo")
    check("reload: runtimeinfo says so", info["reloadConfigSuccess"] is False, info)
    write("reload.yml", reload_config("2s", f"  - {{job_name: more, metrics_path: /good, static_configs: [{{targets: ['{TARGET}']}}]}}\n"))
    status, body = server.request("POST", "/-/reload")
    check("reload: a good file is taken", status == 200, (status, body))
    now = targets(server)
    check("reload: targets follow", set(now) >= {"good", "more"} and now["good"]["scrapeInterval"] == "2s" and now["good"]["health"] == "up", now)
    wait_for(lambda: len(server.values("edge_gauge{part='a'}")) == 2, 6)
    write("reload.yml", "scrape_configs: []\n")
    server.process.send_signal(signal.SIGHUP)
    check("reload: removed targets end at once", wait_for(lambda: not server.values("edge_gauge") and not server.values("up"), 6), server.values("up"))
    check("reload: POST /-/quit ends", server.request("POST", "/-/quit")[0] == 200 and wait_for(lambda: server.process.poll() is not None, 10), server.logged())
    check("reload: exit code 0", server.stop() == 0, server.logged()[-500:])
    newer_data(path)


def newer_data(config):
    data = os.path.join(lib.WORK, "reload")
    path = os.path.join(data, "metrics", "FORMAT")
    with open(path) as f:
        text = f.read()
    with open(path, "w") as f:
        f.write(text.split()[0] + " 9\n")
    run = subprocess.run([PHAROS, "serve", "--config", config, "--data", data, "--listen", f"127.0.0.1:{free_port()}"], capture_output=True, text=True, timeout=20)
    check("a newer data directory is refused and the reason said", run.returncode != 0 and "version 9" in run.stderr and "newer" in run.stderr, run)


# ---- a full disk

def full_disk():
    disk = os.path.join(lib.WORK, "disk")
    os.mkdir(disk)
    if os.geteuid() != 0 or subprocess.run(["mount", "-t", "tmpfs", "-o", "size=24m", "tmpfs", disk], capture_output=True).returncode != 0:
        skip("full disk", "no tmpfs can be mounted here")
        return
    try:
        with_full_disk(disk)
    finally:
        subprocess.run(["umount", "-l", disk], capture_output=True)


def storage_state(server):
    return json.loads(server.get("/health/detailed")[1])["checks"]["storage"]["status"]


def with_full_disk(disk):
    many = f"  - {{job_name: many, metrics_path: /many, static_configs: [{{targets: ['{TARGET}']}}]}}\n"
    server = pharos("full", write("full.yml", reload_config("500ms", many)), data=os.path.join(disk, "data"))
    filler = os.path.join(disk, "filler")
    if not check("full disk: starts", server.ready() and wait_for(lambda: server.values("edge_gauge")), server.logged()):
        return
    with open(filler, "wb", buffering=0) as f:
        try:
            while True:
                f.write(b"x" * 65536)
        except OSError:
            pass
        try:
            while True:
                f.write(b"x")
        except OSError:
            pass
    refused = wait_for(lambda: storage_state(server) == "unhealthy", 12)
    check("full disk: health says so", refused, server.get("/health/detailed"))
    # Each scrape tries again, and one may find the bytes that the last one left.
    check("full disk: health is 503", wait_for(lambda: server.get("/health/detailed")[0] == 503, 12))
    check("full disk: queries go on", len(server.values("edge_gauge")) == 2, server.values("edge_gauge"))
    target = targets(server).get("many", {})
    check("full disk: the target's error names the disk", "space" in target.get("lastError", ""), target)
    os.unlink(filler)
    check("full disk: recovers when there is space", wait_for(lambda: storage_state(server) == "healthy", 15), server.get("/health/detailed"))
    check("full disk: scrapes are stored again", wait_for(lambda: targets(server)["many"]["health"] == "up", 10), targets(server))
    check("full disk: ends well", server.stop() == 0, server.logged()[-500:])


# ---- clients

def promtool(url):
    if not shutil.which("promtool"):
        skip("promtool", "not installed")
        return
    def ask(*args):
        run = subprocess.run(["promtool", "query", *args], capture_output=True, text=True, timeout=20)
        return run.stdout + run.stderr
    got = ask("instant", url, 'edge_gauge{part="b"}')
    check("promtool query instant", 'part="b"' in got and "=> 2.5 @[" in got, got)
    end = int(time.time())
    got = ask("range", f"--start={end - 10}", f"--end={end}", "--step=5s", url, "vector(3)")
    check("promtool query range", got.count("3 @[") == 3, got)
    got = ask("series", "--match=edge_gauge", url)
    check("promtool query series", got.count("edge_gauge") == 2, got)
    got = ask("labels", url, "part")
    check("promtool query labels", got.split() == ["a", "b"], got)
    got = ask("instant", url, "sum(")
    check("promtool query instant: an error arrives", "parse error" in got, got)


RULES = """groups:
  - name: edge
    interval: 1s
    rules:
      - record: edge:sum
        expr: sum(edge_gauge)
        labels: {kind: rule}
      - alert: EdgeHigh
        expr: edge_gauge > 2
        labels: {severity: page}
        annotations: {summary: 'part {{ $labels.part }} is {{ $value }}'}
      - alert: EdgePending
        expr: edge_gauge > 2
        for: 1h
      - alert: EdgeNever
        expr: edge_gauge > 100
"""


def keys_of(value, depth=0):
    """The shape of an answer: keys, and what they hold, without the values."""
    if isinstance(value, dict):
        return {k: keys_of(v, depth + 1) for k, v in value.items()}
    if isinstance(value, list):
        return [keys_of(value[0], depth + 1)] if value else []
    return type(value).__name__ if not isinstance(value, (int, float)) or isinstance(value, bool) else "number"


def contains(ours, theirs, path=""):
    """None when ours has every key of theirs with the same kind of value; else the first difference."""
    if isinstance(theirs, dict):
        if not isinstance(ours, dict):
            return f"{path}: {ours} for {theirs}"
        for key, value in theirs.items():
            if key not in ours:
                return f"{path}/{key} is missing"
            why = contains(ours[key], value, f"{path}/{key}")
            if why:
                return why
        return None
    if isinstance(theirs, list):
        return contains(ours[0], theirs[0], path + "[]") if theirs and isinstance(ours, list) and ours else None if isinstance(ours, list) else f"{path}: not a list"
    return None if ours == theirs else f"{path}: {ours} for {theirs}"


def stripped(answer):
    """Without times: samples and series sorted."""
    if not isinstance(answer, dict) or "data" not in answer:
        return answer
    data = answer["data"]
    if isinstance(data, dict) and data.get("resultType") == "vector":
        return sorted((json.dumps(r["metric"], sort_keys=True), r["value"][1]) for r in data["result"])
    if isinstance(data, list) and data and isinstance(data[0], dict):
        return sorted(json.dumps(d, sort_keys=True) for d in data)
    return data


def same_answers(ours, theirs):
    end = int(time.time())
    exact = [("/query", {"query": "1+1", "time": "1435781451.781"}), ("/query", {"query": "'text'", "time": 7}), ("/query", {"query": "vector(1e21)", "time": 7}),
             ("/query", {"query": "vector(1e-7)", "time": 7.5}), ("/query_range", {"query": "time()", "start": 10, "end": 12.5, "step": "500ms"}),
             ("/query_range", {"query": "vector(1)", "start": "2024-01-01T00:00:00Z", "end": "2024-01-01T01:00:00.5+00:00", "step": "30m"}),
             ("/query", {"query": "label_replace(vector(1),'a','\\n\"\u00e4','','')", "time": 1}), ("/format_query", {"query": "sum by(a)(b)"})]
    for path, params in exact:
        a, b = ours.api(path, params), theirs.api(path, params)
        check(f"beside Prometheus: {path} {params}", a == b, (a, b))
    data = [("/query", {"query": q}) for q in ("edge_gauge", "sum(edge_gauge)", "edge_nan", "histogram_quantile(0.5, edge_latency_seconds_bucket)",
                                               "edge_gauge > bool 2", "topk(1, edge_gauge)", "absent(nothing)", "edge:sum", "ALERTS", "edge_latency_seconds_bucket")]
    data += [("/series", {"match[]": ["edge_gauge", "edge_nan"]}), ("/series", {"match[]": '{__name__=~"edge_.*"}'}), ("/labels", {"match[]": "edge_gauge"}),
             ("/label/part/values", {}), ("/label/__name__/values", {"match[]": '{job="edge"}'}), ("/label/nothing/values", {}), ("/metadata", {}),
             ("/metadata", {"metric": "edge_gauge"}), ("/metadata", {"limit": 1, "metric": "edge_nan"}), ("/targets/metadata", {"metric": "edge_gauge"}),
             ("/series", {"match[]": "edge_gauge", "start": end - 60, "end": end + 60})]
    for path, params in data:
        a, b = stripped(ours.api(path, params)[1]), stripped(theirs.api(path, params)[1])
        check(f"beside Prometheus: {path} {params}", a == b, (a, b))


def same_shapes(ours, theirs):
    for path, params in (("/targets", {}), ("/rules", {}), ("/rules", {"type": "alert"}), ("/alerts", {}), ("/status/buildinfo", {}), ("/status/runtimeinfo", {}),
                         ("/status/tsdb", {}), ("/status/flags", {}), ("/status/config", {}), ("/alertmanagers", {}), ("/status/walreplay", {}),
                         ("/query_range", {"query": "edge_gauge", "start": time.time() - 2, "end": time.time(), "step": 1})):
        a, b = ours.api(path, params)[1], theirs.api(path, params)[1]
        why = contains(keys_of(a), keys_of(b) if path != "/status/flags" else keys_of({"status": "", "data": {}}))
        check(f"shape as Prometheus': {path} {params}", why is None, why)
    errors = [("/query", {}), ("/query", {"query": "sum("}), ("/query", {"query": "up", "time": "x"}), ("/query_range", {"query": "up", "start": 1, "end": 2, "step": -1}),
              ("/query_range", {"query": "up", "start": 5, "end": 2, "step": 1}), ("/series", {}), ("/series", {"match[]": "{}"}), ("/query", {"query": "edge_gauge + on() edge_nan"}),
              ("/rules", {"type": "x"}), ("/query_range", {"query": "up[5m]", "start": 1, "end": 2, "step": 1}), ("/label/9/values", {}), ("/metadata", {"limit": "x"})]
    for path, params in errors:
        (sa, a), (sb, b) = ours.api(path, params), theirs.api(path, params)
        if path == "/label/9/values":  # a valid name since 3.0
            check("a label name of digits is valid", sa == 200, a)
            continue
        check(f"error as Prometheus': {path} {params}", (sa, a.get("errorType")) == (sb, b.get("errorType")), (sa, a, sb, b))
        if os.environ.get("EDGE_SHOW"):
            print("#", a.get("error"), "|", b.get("error"))


def same_alerts(ours, theirs):
    def of(server):
        found = (server.data("/alerts") or {}).get("alerts", [])
        return sorted(json.dumps({k: a[k] for k in ("labels", "annotations", "state", "value")}, sort_keys=True) for a in found)
    a, b = of(ours), of(theirs)
    check("beside Prometheus: alerts", a == b and len(a) == 2, (a, b))


def beside_prometheus():
    rules = write("edge.rules.yml", RULES)
    config = write("beside.yml", f"global: {{scrape_interval: 1s, evaluation_interval: 1s}}\nrule_files: [{rules}]\nscrape_configs:\n"
                   f"  - {{job_name: edge, metrics_path: /good, static_configs: [{{targets: ['{TARGET}'], labels: {{zone: x}}}}]}}\n")
    ours = pharos("ours", config)
    if not check("beside Prometheus: starts", ours.ready(), ours.logged()):
        return
    theirs = None
    if shutil.which("prometheus"):
        theirs = Server("theirs", ["prometheus", "--config.file=" + config, "--storage.tsdb.path=" + os.path.join(lib.WORK, "theirs"), "--web.listen-address=127.0.0.1:PORT"])
    wait_for(lambda: ours.values("edge:sum") and len(ours.data("/alerts")["alerts"]) == 2, 10)
    promtool(f"http://127.0.0.1:{ours.port}")
    if not theirs:
        skip("beside Prometheus", "prometheus is not installed")
    elif check("Prometheus starts", theirs.ready() and wait_for(lambda: theirs.values("edge:sum") and theirs.data("/alerts")["alerts"], 15), theirs.logged()[-500:]):
        time.sleep(1)
        same_answers(ours, theirs)
        same_shapes(ours, theirs)
        same_alerts(ours, theirs)
        theirs.stop()
    check("beside Prometheus: ends well", ours.stop() == 0, ours.logged()[-500:])


def main():
    if not os.access(PHAROS, os.X_OK):
        print(f"not ok {PHAROS} is not there")
        print("0 passed, 1 failed, 0 skipped")
        return 1
    for part in (wrong_files, awkward_targets, reloads, full_disk, beside_prometheus):
        if len(sys.argv) > 2 and part.__name__ not in sys.argv[2:]:
            continue
        try:
            part()
        except Exception as e:  # a part that breaks must not hide the others
            check(part.__name__, False, repr(e))
    return lib.finish()


if __name__ == "__main__":
    sys.dont_write_bytecode = True
    sys.exit(main())
