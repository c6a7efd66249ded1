"""A server under the load of a fleet (churn.c), watched: memory, processor, files and disk over time, as CSV and as a picture.

    fleet.py BUILD OUT [name=value ...]        writes OUT.csv and OUT.svg, prints one line of JSON

Options: those of churn.c, and
    rate=60       how many times faster than in reality time runs (--clock.rate)
    queries=1     ask range queries beside, one after the other (0: none)
    rest=0        seconds of its own time to go on watching after the load
    config=FILE   instead of the one below
    title=TEXT    above the picture
"""
import json, os, shutil, signal, socket, subprocess, sys, tempfile, threading, time, urllib.parse, urllib.request

import plot

CONFIG = "collect: {host: {enabled: false}, self: {enabled: false}}\ndefault_rules: false\n"
QUERIES = [
    "sum by (status) (rate(app_requests_total[5m]))",
    "histogram_quantile(0.95, sum by (le) (rate(app_request_duration_seconds_bucket{route='/api/v1/route0'}[5m])))",
    "avg by (mode) (irate(node_cpu_seconds_total{cpu='0'}[5m]))",
    "topk(5, avg_over_time(app_gauge_1[30m]))",
    "count by (job) ({__name__=~'node_memory_.*'})",
]
EVERY_S = 1.0  # in reality


def free_port():
    s = socket.socket()
    s.bind(("127.0.0.1", 0))
    port = s.getsockname()[1]
    s.close()
    return port


def status_kib(pid):
    with open(f"/proc/{pid}/status") as f:
        return {line.split(":")[0]: int(line.split()[1]) for line in f if line.startswith(("VmRSS", "VmHWM", "RssAnon"))}


def cpu_seconds(pid):
    with open(f"/proc/{pid}/stat") as f:
        fields = f.read().rsplit(") ", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def folder(path):
    files = size = 0
    for where, _, names in os.walk(path):
        for name in names:
            try:
                size += os.stat(os.path.join(where, name)).st_blocks * 512
                files += 1
            except FileNotFoundError:
                pass  # merged away meanwhile
    return files, size / 2**20


class Watch(threading.Thread):
    """Columns: seconds of the server's time, MiB resident, MiB of its own (not mapped files), processor seconds, files, MiB on disk."""
    HEAD = "t_s,rss_mib,own_mib,cpu_s,files,disk_mib"

    def __init__(self, pid, data, out, world):
        super().__init__(daemon=True)
        self.pid, self.data, self.out, self.world, self.rows, self.over = pid, data, out, world, [], threading.Event()

    def run(self):
        with open(self.out, "w") as f:
            f.write(self.HEAD + "\n")
            while not self.over.wait(EVERY_S):
                try:
                    kib = status_kib(self.pid)
                    row = [self.world(), kib["VmRSS"] / 1024, kib["RssAnon"] / 1024, cpu_seconds(self.pid), *folder(self.data)]
                except (OSError, KeyError):
                    return  # it ended
                self.rows.append(row)
                f.write(",".join(f"{v:.2f}" for v in row) + "\n")
                f.flush()


class Queries(threading.Thread):
    def __init__(self, port, now):
        super().__init__(daemon=True)
        self.port, self.now, self.over = port, now, threading.Event()
        self.asked, self.failed, self.slowest_s = 0, [], 0.0

    def run(self):
        while not self.over.wait(0.2):
            end = self.now()
            q = {"query": QUERIES[self.asked % len(QUERIES)], "start": end - 3600, "end": end, "step": 60}
            began = time.monotonic()
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{self.port}/api/v1/query_range?" + urllib.parse.urlencode(q), timeout=60).read()
            except OSError as e:
                self.failed.append(f"{q['query']}: {e}")
            self.slowest_s = max(self.slowest_s, time.monotonic() - began)
            self.asked += 1


def wait_ready(port, process):
    for _ in range(600):
        try:
            if urllib.request.urlopen(f"http://127.0.0.1:{port}/-/ready", timeout=1).status == 200:
                return
        except OSError:
            pass
        if process.poll() is not None:
            sys.exit(f"fleet.py: the server ended with {process.returncode}")
        time.sleep(0.1)
    sys.exit("fleet.py: the server does not become ready")


def third(rows, part, column):
    """The mean of a column over one of the three parts of the run: growth shows as a difference of the last two."""
    n = max(len(rows) // 3, 1)
    mine = rows[part * n:(part + 1) * n] or rows
    return round(sum(r[column] for r in mine) / len(mine), 1)


def main():
    build, out = os.path.abspath(sys.argv[1]), sys.argv[2]
    options = dict(a.split("=", 1) for a in sys.argv[3:])
    queries, rest = int(options.pop("queries", "1")), int(options.pop("rest", "0"))
    title, config = options.pop("title", "pharos under the load of a fleet"), options.pop("config", None)
    rate = int(options.setdefault("rate", "60"))
    work = tempfile.mkdtemp(prefix="pharos-fleet-")
    port, anchor = free_port(), int(time.time())
    if not config:
        config = os.path.join(work, "fleet.yml")
        with open(config, "w") as f:
            f.write(CONFIG)
    data = os.path.join(work, "data")
    children = []
    try:
        with open(os.path.join(work, "log"), "w") as log:
            server = subprocess.Popen([os.path.join(build, "pharos"), "serve", "--config", config, "--data", data, "--listen", f"127.0.0.1:{port}",
                                       "--clock.rate", str(rate), "--clock.anchor", str(anchor)], stdout=log, stderr=log)
        children.append(server)
        wait_ready(port, server)
        now = lambda: anchor + (time.time() - anchor) * rate
        started = now()
        watch = Watch(server.pid, data, out + ".csv", lambda: now() - started)
        asking = Queries(port, now)
        watch.start()
        if queries:
            asking.start()
        load = subprocess.Popen([os.path.join(build, "tests/bench/churn"), f"port={port}", f"anchor={anchor}"] + [f"{k}={v}" for k, v in options.items()],
                                stdout=subprocess.PIPE, text=True)
        children.append(load)
        said = load.communicate()[0]
        time.sleep(rest / rate)
        asking.over.set()
        if queries:
            asking.join()
        watch.over.set()
        watch.join()
        server.send_signal(signal.SIGTERM)
        ended = server.wait(120)
        rows = watch.rows
        print(json.dumps({"load": json.loads(said or "{}"), "load_status": load.returncode, "server_status": ended, "peak_rss_mib": round(max(r[1] for r in rows), 1),
                          "rss_mib_by_third": [third(rows, i, 1) for i in range(3)], "own_mib_by_third": [third(rows, i, 2) for i in range(3)],
                          "files_by_third": [third(rows, i, 4) for i in range(3)], "most_files": max(r[4] for r in rows), "disk_mib": round(rows[-1][5], 1),
                          "cpu_s": rows[-1][3], "data_s": round(rows[-1][0]), "queries": asking.asked, "queries_failed": asking.failed[:3],
                          "slowest_query_s": round(asking.slowest_s, 2)}))
        plot.write(out + ".svg", title, "hours of data", [r[0] / 3600 for r in rows],
                   [("resident memory, MiB", [("all", [r[1] for r in rows]), ("without mapped files", [r[2] for r in rows])]),
                    ("files", [("files", [r[4] for r in rows])]), ("on disk, MiB", [("disk", [r[5] for r in rows])])])
        ok = ended == 0 and load.returncode == 0 and not asking.failed
        if not ok:
            with open(os.path.join(work, "log")) as log:
                sys.stderr.write(log.read()[-3000:])
        return 0 if ok else 1
    finally:
        for child in children:
            if child.poll() is None:
                child.kill()
                child.wait()
        shutil.rmtree(work, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main())
