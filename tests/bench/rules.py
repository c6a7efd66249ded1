"""10,000 rules every 15 seconds, in pharos and in Prometheus, on the same series: CPU seconds of each, and whether they keep up.

    rules.py PHAROS [PROMETHEUS] [seconds]

One exporter serves the series to both; both scrape it every 15 seconds; one runs after the other, so that they do not disturb
each other. Half of the rules record a sum of some series, half are alerts on one series, a tenth of which fire. Printed as one
JSON line each: CPU seconds of a cycle of 15 seconds with the rules, less those without, and evaluations missed.
"""
import http.server, json, os, re, signal, subprocess, sys, tempfile, threading, time, urllib.request

TARGETS, METRICS, GROUPS, RULES = 500, 20, 200, 50


class Exporter(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        t = int(time.time())
        lines = []
        for m in range(METRICS):
            lines.append(f"# TYPE bench_metric_{m}_total counter")
            for i in range(TARGETS):
                lines.append(f'bench_metric_{m}_total{{shard="{i % 10}",unit="{i}"}} {t * (1 + (i * 7 + m) % 13)}')
        body = ("\n".join(lines) + "\n").encode()
        self.send_response(200)
        self.send_header("Content-Type", "text/plain; version=0.0.4")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args):
        pass


def rules():
    out = ["groups:"]
    for g in range(GROUPS):
        out.append(f"- name: g{g}\n  interval: 15s\n  rules:")
        for r in range(RULES):
            k = g * RULES + r
            m, u = k % METRICS, k % TARGETS
            if r % 2:
                above = -1 if k % 20 == 1 else 1e18
                out.append(f"  - alert: A{k}\n    expr: rate(bench_metric_{m}_total{{unit=\"{u}\"}}[1m]) > {above:g}\n    for: 30s\n"
                           f"    labels: {{severity: page}}\n    annotations: {{summary: 'unit {{{{ $labels.unit }}}} is at {{{{ $value | humanize }}}}'}}")
            else:
                out.append(f"  - record: bench:sum{k}\n    expr: sum by (shard) (rate(bench_metric_{m}_total{{shard=\"{k % 10}\"}}[1m]))")
    return "\n".join(out) + "\n"


def cpu_seconds(pid):
    fields = open(f"/proc/{pid}/stat").read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def rss_mb(pid):
    return int(re.search(r"VmRSS:\s+(\d+)", open(f"/proc/{pid}/status").read()).group(1)) / 1024


def ask(port, path):
    return urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=30).read().decode()


def missed(port):
    """Of both: how many group evaluations were skipped."""
    text = ask(port, "/metrics")
    return sum(float(l.rsplit(" ", 1)[1]) for l in text.splitlines()
               if l.startswith(("prometheus_rule_group_iterations_missed_total", "pharos_rules_group_iterations_missed_total")))


def run(name, argv, port, seconds, folder):
    process = subprocess.Popen(argv, stdout=open(f"{folder}/{name}.log", "w"), stderr=subprocess.STDOUT)
    try:
        deadline = time.time() + 60
        while time.time() < deadline:
            try:
                ask(port, "/-/ready")
                break
            except OSError:
                time.sleep(0.2)
        time.sleep(35)  # two scrapes, so that rates have something
        start_cpu, start = cpu_seconds(process.pid), time.time()
        time.sleep(seconds)
        used, took = cpu_seconds(process.pid) - start_cpu, time.time() - start
        groups = json.loads(ask(port, "/api/v1/rules"))["data"]["groups"]
        every = [r for g in groups for r in g["rules"]]
        return {"cpu_seconds_per_cycle": used / took * 15, "rss_mb": round(rss_mb(process.pid)), "missed": missed(port),
                "rules": len(every), "healthy": sum(r["health"] == "ok" for r in every),
                "firing": sum(r.get("state") == "firing" for r in every),
                "slowest_group_seconds": round(max([g["evaluationTime"] for g in groups], default=0), 3)}
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(30)


def main():
    pharos = sys.argv[1]
    prometheus = sys.argv[2] if len(sys.argv) > 2 and not sys.argv[2].isdigit() else None
    seconds = int(sys.argv[-1]) if sys.argv[-1].isdigit() else 60
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Exporter)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    with tempfile.TemporaryDirectory(prefix="bench-rules-") as folder:
        open(f"{folder}/rules.yml", "w").write(rules())
        scrape = f"scrape_configs: [{{job_name: bench, static_configs: [{{targets: ['127.0.0.1:{server.server_port}']}}]}}]\n"
        base = "global: {scrape_interval: 15s, evaluation_interval: 15s}\n" + scrape
        open(f"{folder}/with.yml", "w").write(base + f"rule_files: [{folder}/rules.yml]\n")
        open(f"{folder}/without.yml", "w").write(base)
        programs = [("pharos", lambda c, p: [pharos, "serve", "--config", c, "--data", f"{folder}/ph-{p}", "--listen", f"127.0.0.1:{p}"])]
        if prometheus:
            programs.append(("prometheus", lambda c, p: [prometheus, f"--config.file={c}", f"--storage.tsdb.path={folder}/pr-{p}",
                                                         f"--web.listen-address=127.0.0.1:{p}"]))
        port = 29600 + os.getpid() % 300
        for name, argv in programs:
            idle = run(name + "-idle", argv(f"{folder}/without.yml", port), port, seconds // 2, folder)
            full = run(name, argv(f"{folder}/with.yml", port + 1), port + 1, seconds, folder)
            full["rules_cpu_seconds_per_cycle"] = round(full["cpu_seconds_per_cycle"] - idle["cpu_seconds_per_cycle"], 3)
            full["cpu_seconds_per_cycle"] = round(full["cpu_seconds_per_cycle"], 3)
            full["idle_rss_mb"] = idle["rss_mb"]
            print(json.dumps({"program": name, **full}), flush=True)
            port += 2


main()
