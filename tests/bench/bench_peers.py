"""What bench_peers.sh runs: starts the servers one after the other, loads each, asks, and prints a line a query.

A figure is the best of several runs. Processor time is that of the whole process between question and answer, so what others do on this
machine hardly counts; it has the resolution of the kernel's nanosecond accounting (/proc/PID/schedstat of every thread)."""
import argparse, glob, http.client, json, os, signal, socket, subprocess, sys, time, urllib.parse

HEAVY = [
    ("instant_1series", 'node_cpu_seconds_total{instance="host-00001:9100",cpu="0",mode="idle"}', "i"),
    ("rate_1host_1h", 'rate(node_cpu_seconds_total{instance="host-00001:9100"}[5m])', "r"),
    ("max_over_time_1h", "max_over_time(app_gauge_3[1h])", "i"),
    ("cpu_by_instance", '100 - (avg by (instance) (irate(node_cpu_seconds_total{mode="idle"}[5m])) * 100)', "r"),
    ("err_ratio", 'sum(rate(http_requests_total{status=~"5.."}[5m])) / sum(rate(http_requests_total[5m]))', "r"),
    ("p95_by_endpoint", "histogram_quantile(0.95, sum(rate(http_request_duration_seconds_bucket[5m])) by (le, endpoint))", "r"),
    ("sum_by_mode", "sum by (mode) (rate(node_cpu_seconds_total[5m]))", "r"),
    ("topk", "topk(10, sum by (instance) (rate(http_requests_total[5m])))", "i"),
    ("count_by_job", 'count by (job) ({job=~"node|api"})', "i"),
    ("quantile_over_time", "quantile_over_time(0.9, app_gauge_7[30m])", "r"),
    ("subquery", "max_over_time(sum(rate(http_requests_total[1m]))[30m:1m])", "i"),
    ("join", "sum by (instance) (rate(node_disk_m1_total[5m])) / on (instance) count by (instance) (node_disk_m1_total)", "r"),
    ("two_windows", "sum(rate(node_cpu_seconds_total[5m])) / sum(rate(node_cpu_seconds_total[30m]))", "r"),
    ("offset", "sum(http_requests_total) - sum(http_requests_total offset 5m)", "r"),
]
WIDE = [
    ("sum_by_job_rate", "sum by (job) (rate(http_requests_total[2m]))", "r"),
    ("sum_by_job_last", 'sum by (job) (last_over_time({__name__=~".+_total"}[2m]))', "i"),
    ("topk", "topk(10, rate(http_requests_total[2m]))", "i"),
    ("topk_range", "topk(5, sum by (instance) (rate(node_cpu_seconds_total[2m])))", "r"),
    ("regex_name", 'sum by (__name__) ({__name__=~"node_memory_A._bytes"})', "i"),
    ("regex_instance", 'sum(node_cpu_seconds_total{instance=~"host-0..7.*"})', "i"),
    ("regex_suffix", 'sum(rate(http_requests_total{instance=~".*[37]:9100",status=~"5.."}[2m]))', "i"),
    ("regex_not", 'count(http_requests_total{instance!~"host-01.*",status!="200"})', "i"),
    ("count_by_name", 'count by (__name__) ({__name__=~".+"})', "i"),
    ("count_by_job", 'count by (job) ({__name__!=""})', "i"),
]
MARGIN_S, WINDOW_S = 60, 300


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class Server:
    def __init__(self, name, argv, port, write, work, flush):
        self.name, self.port, self.write, self.flush, self.connection = name, port, write, flush, None
        with open(os.path.join(work, name + ".log"), "wb") as log:
            self.process = subprocess.Popen(argv, stdout=log, stderr=subprocess.STDOUT)

    def request(self, method, path, body=None):
        headers = {"Content-Type": "application/x-www-form-urlencoded"} if body else {}
        for attempt in (0, 1):  # a server may have closed an idle connection
            if self.connection is None:
                self.connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=300)
            try:
                self.connection.request(method, path, body, headers)
                response = self.connection.getresponse()
                return response.status, response.read()
            except (OSError, http.client.HTTPException):
                self.connection = None
                if attempt:
                    raise
        return None

    def wait_ready(self):
        for _ in range(300):
            try:
                if self.request("GET", "/health" if self.name == "victoria" else "/-/ready")[0] == 200:
                    return
            except (OSError, http.client.HTTPException):
                pass
            if self.process.poll() is not None:
                break
            time.sleep(0.1)
        sys.exit(f"bench_peers.py: {self.name} does not become ready")

    def cpu_ns(self):
        total = 0
        for path in glob.glob(f"/proc/{self.process.pid}/task/*/schedstat"):
            try:
                with open(path) as f:
                    total += int(f.read().split()[0])
            except OSError:
                pass  # that thread ended
        return total

    def rss_mib(self):
        with open(f"/proc/{self.process.pid}/status") as f:
            kib = {line.split(":")[0]: int(line.split()[1]) for line in f if line.startswith(("VmRSS", "VmHWM"))}
        return kib["VmRSS"] // 1024, kib["VmHWM"] // 1024

    def forget_peak(self):
        """What is resident now, in MiB; the peak counts anew from here."""
        with open(f"/proc/{self.process.pid}/clear_refs", "w") as f:
            f.write("5")
        return self.rss_mib()[0]

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(60)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


def start(name, a):
    port, data = free_port(), os.path.join(a.work, name)
    listen = f"127.0.0.1:{port}"
    if name == "pharos":
        config = os.path.join(a.work, "pharos.yml")
        with open(config, "w") as f:
            f.write("collect: {host: {enabled: false}, self: {enabled: false}}\n")
        argv = [a.pharos, "serve", "--config", config, "--data", data, "--listen", listen]
        return Server(name, argv, port, "/api/v1/write", a.work, ["/api/v1/admin/tsdb/flush"] if a.flush else [])
    if name == "prometheus":
        config = os.path.join(a.work, "prometheus.yml")
        with open(config, "w") as f:
            f.write("global: {scrape_interval: 15s}\n")
        argv = [os.path.join(a.peers, "prometheus"), "--config.file=" + config, "--storage.tsdb.path=" + data, "--web.listen-address=" + listen,
                "--web.enable-remote-write-receiver", "--storage.tsdb.retention.time=3650d"]
        return Server(name, argv, port, "/api/v1/write", a.work, [])
    argv = [os.path.join(a.peers, "victoria-metrics"), "-storageDataPath=" + data, "-httpListenAddr=" + listen, "-retentionPeriod=100y",
            "-search.latencyOffset=0s", "-search.maxUniqueTimeseries=5000000", "-search.maxMemoryPerQuery=0", "-search.maxQueryDuration=300s", "-http.connTimeout=1h"]
    return Server(name, argv, port, "/api/v1/write", a.work, ["/internal/force_flush"])


def ask(server, query, kind, first_s, last_s, step_s):
    form = {"query": query, "nocache": 1}
    if kind == "i":
        form["time"] = last_s - MARGIN_S
    else:
        form.update(start=first_s + min(WINDOW_S, (last_s - first_s) // 2), end=last_s - MARGIN_S, step=step_s)
    path = "/api/v1/query" if kind == "i" else "/api/v1/query_range"
    cpu, wall = server.cpu_ns(), time.perf_counter()
    status, body = server.request("POST", path, urllib.parse.urlencode(form))
    wall, cpu = time.perf_counter() - wall, server.cpu_ns() - cpu
    if status != 200:
        return None, None, body[:200].decode(errors="replace")
    return cpu / 1e6, wall * 1e3, len(json.loads(body)["data"]["result"])


def measure(server, a, first_s, last_s):
    figures = {}
    for name, query, kind in WIDE if a.questions == "wide" else HEAVY:
        best_cpu = best_wall = float("inf")
        answer = None
        before = server.forget_peak()
        for _ in range(a.runs):
            cpu, wall, answer = ask(server, query, kind, first_s, last_s, a.step)
            if cpu is None:
                break
            best_cpu, best_wall = min(best_cpu, cpu), min(best_wall, wall)
        peak = server.rss_mib()[1]
        figures[name] = [best_cpu, best_wall, answer, peak, peak - before]
    return figures


def show(all_figures):
    names = list(all_figures)
    base = all_figures.get("pharos")
    for query in next(iter(all_figures.values())):
        cells = []
        for name in names:
            cpu, wall, answer, peak, more = all_figures[name][query]
            ratio = f" x{base[query][0] / cpu:.2f}/{base[query][1] / wall:.2f}" if base and name != "pharos" and cpu > 0 and cpu != float("inf") else ""
            cells.append(f"{name} cpu={cpu:.2f} wall={wall:.2f} ({answer}) {peak} MiB (+{more}){ratio}")
        print(f"{query:20s} " + "  ".join(cells))


def main():
    p = argparse.ArgumentParser()
    for name in ("pharos", "peers", "rwload", "work", "questions"):
        p.add_argument("--" + name, required=True)
    p.add_argument("--instances", type=int, required=True)
    p.add_argument("--samples", type=int, required=True)
    p.add_argument("--runs", type=int, default=7)
    p.add_argument("--step", type=int, default=15)
    p.add_argument("--only", default="", help="servers to run, by commas; the others' figures come from --figures")
    p.add_argument("--figures", default="", help="a JSON file to read figures from and to write them to")
    p.add_argument("--flush", action="store_true", help="pharos moves its samples to parts first")
    a = p.parse_args()
    figures = {}
    if a.figures and os.path.exists(a.figures):
        with open(a.figures) as f:
            figures = json.load(f)
    wanted = a.only.split(",") if a.only else ["pharos", "prometheus", "victoria"]
    programs = {"pharos": a.pharos, "prometheus": os.path.join(a.peers, "prometheus"), "victoria": os.path.join(a.peers, "victoria-metrics")}
    last_s = int(time.time())
    first_s = last_s - a.samples * 15
    for name in wanted:
        if not os.path.exists(programs[name]):
            print(f"# {name} is not on this machine")
            continue
        server = start(name, a)
        try:
            server.wait_ready()
            load = [a.rwload, "127.0.0.1", str(server.port), server.write, str(a.instances), str(a.samples), "15", str(first_s * 1000), "10000"]
            subprocess.run(load, check=True, stdout=subprocess.DEVNULL)
            for path in server.flush:
                server.request("POST", path)
            time.sleep(3)
            loaded = server.rss_mib()
            figures[name] = measure(server, a, first_s, last_s)
            print(f"# {name}: {loaded[0]} MiB loaded, {server.rss_mib()[1]} MiB at most")
        finally:
            server.stop()
        if a.figures:
            with open(a.figures, "w") as f:
                json.dump(figures, f)
    show({name: figures[name] for name in programs if name in figures})


if __name__ == "__main__":
    main()
