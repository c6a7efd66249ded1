"""How long after a kill -9 until a server answers: the same samples into pharos, Prometheus and VictoriaMetrics, none of them
flushed by hand; each killed, then started ROUNDS times on a copy of what was left. `ready` is its health endpoint, `right` the
first answer that counts every sample of a fifth of the series."""
import glob, json, os, shutil, statistics, subprocess, sys, tempfile, time, urllib.parse, urllib.request

from fleet import CONFIG, cpu_seconds, folder, free_port, status_kib

BUILD, INSTANCES, STEPS, ROUNDS = os.path.abspath(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4])
SERIES, STEP_S, COUNTED = 400, 15, "app_requests_total"
WORK = tempfile.mkdtemp(prefix="pharos-replay-")
GIVE_UP_S, SETTLE_S = 60, 20  # VictoriaMetrics writes what it holds in memory every few seconds


def commands(config_dir):
    peers = os.environ.get("PEERS", "/opt/peers") + "/usr/bin/"
    with open(os.path.join(config_dir, "pharos.yml"), "w") as f:
        f.write(CONFIG)
    with open(os.path.join(config_dir, "prometheus.yml"), "w") as f:
        f.write("global: {scrape_interval: 15s}\n")
    return {
        "pharos": ([BUILD + "/pharos", "serve", "--config", config_dir + "/pharos.yml", "--data", "DATA", "--listen", "127.0.0.1:PORT"], "/-/ready"),
        "prometheus": ([peers + "prometheus", "--config.file=" + config_dir + "/prometheus.yml", "--storage.tsdb.path=DATA", "--web.listen-address=127.0.0.1:PORT",
                        "--web.enable-remote-write-receiver", "--storage.tsdb.retention.time=3650d"], "/-/ready"),
        "victoria": ([peers + "victoria-metrics", "-storageDataPath=DATA", "-httpListenAddr=127.0.0.1:PORT", "-retentionPeriod=100y", "-search.latencyOffset=0s",
                      "-search.disableCache"], "/health"),
    }


def start(command, data):
    port = free_port()
    with open(os.path.join(WORK, "log"), "w") as log:
        return subprocess.Popen([a.replace("DATA", data).replace("PORT", str(port)) for a in command], stdout=log, stderr=log, cwd=WORK), port


def get(port, path):
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=60) as r:
            return r.read() if r.status == 200 else None
    except OSError:
        return None


def wait_for(process, began, test):
    while time.monotonic() - began < GIVE_UP_S:
        if test():
            return time.monotonic() - began
        if process.poll() is not None:
            with open(os.path.join(WORK, "log")) as log:
                sys.exit(f"replay.py: {process.args[0]} ended: {log.read()[-1000:]}")
        time.sleep(0.005)
    return None


def kill(process):
    process.kill()
    process.wait()


def count(port, end_s):
    q = {"query": f"sum(count_over_time({COUNTED}[{(STEPS + 4) * STEP_S}s]))", "time": end_s}
    body = get(port, "/api/v1/query?" + urllib.parse.urlencode(q))
    result = json.loads(body)["data"]["result"] if body else []
    return float(result[0]["value"][1]) if result else 0


def load(name, command, health, start_s):
    data = os.path.join(WORK, name)
    process, port = start(command, data)
    try:
        wait_for(process, time.monotonic(), lambda: get(port, health) is not None)
        said = subprocess.run([BUILD + "/tests/bench/churn", f"port={port}", f"instances={INSTANCES}", f"series={SERIES}", f"step={STEP_S}", "percent=0",
                               f"duration={STEPS * STEP_S}", f"start={start_s}"], stdout=subprocess.PIPE, check=True).stdout
        time.sleep(SETTLE_S)
    finally:
        kill(process)
    return data, json.loads(said)


def main():
    end_s = int(time.time()) // STEP_S * STEP_S
    start_s = end_s - STEPS * STEP_S
    expected = INSTANCES * (SERIES // 5) * STEPS
    for name, (command, health) in commands(WORK).items():
        if not shutil.which(command[0]):
            print(f"{name:12} is absent: {command[0]}")
            continue
        data, said = load(name, command, health, start_s)
        log = sum(os.stat(p).st_size for p in glob.glob(data + "/**/wal/*", recursive=True) if os.path.isfile(p)) / 2**20
        ready, right, cpu, peak = [], [], [], []
        for _ in range(ROUNDS):
            copy = data + ".run"
            shutil.copytree(data, copy)
            began = time.monotonic()
            process, port = start(command, copy)
            try:
                ready.append(wait_for(process, began, lambda: get(port, health) is not None))
                cpu.append(cpu_seconds(process.pid))
                right.append(wait_for(process, began, lambda: count(port, end_s + STEP_S) == expected))
                if right[-1] is None:
                    print(f"{name:12} has {count(port, end_s + STEP_S):.0f} of {expected} samples after {GIVE_UP_S} s")
                peak.append(status_kib(process.pid)["VmHWM"] / 1024)
            finally:
                kill(process)
                shutil.rmtree(copy)
        files, disk = folder(data)
        show = lambda values: "never" if None in values else f"{statistics.median(values):.2f} s ({min(values):.2f} to {max(values):.2f})"
        print(f"{name:12} {said['samples']} samples, {disk:.0f} MiB on disk, {log:.0f} of it log; ready {show(ready)}; right {show(right)}; "
              f"cpu until ready {statistics.median(cpu):.2f} s; peak {max(peak):.0f} MiB", flush=True)
        shutil.rmtree(data)


try:
    main()
finally:
    shutil.rmtree(WORK, ignore_errors=True)
