"""A remote-write sender of numbered samples, and a server that is killed while it sends.

Every sample of series s at time t has the value v(s, t): what comes back can be told right from wrong without a list of
everything. After each restart all acknowledged samples must be there exactly once; what was sent and not acknowledged may
be there, and then must be right. In every second round the store is told all the time to flush and to merge, so that it is
killed in the middle of that as well."""
import http.client, os, random, signal, sys, threading, time

import rwire
from harness import WORK, Server, check, finish, write

PHAROS = os.path.abspath(os.path.join(sys.argv[1], "pharos"))
ROUNDS = int(sys.argv[2])
SERIES, SENDERS, PER_REQUEST, READY_LIMIT_S, FULL_EVERY = 40, 4, 10, 2.0, 10
STEP_MS = 10
BASE_MS = int(time.time() * 1000) - 40 * 60 * 1000


def value(series, n):
    return float(series * 1000003 + n * 7 + (0.5 if n % 3 else 0))


def timeseries(series, numbers):
    samples = [(BASE_MS + n * STEP_MS, value(series, n)) for n in numbers]
    return rwire.series({"__name__": "killed_samples", "series": str(series)}, samples)


class Sender(threading.Thread):
    """Owns its series. progress[s]: [the next number, how many were sent, numbers whose fate is unknown]."""

    def __init__(self, mine, progress):
        super().__init__(daemon=True)
        self.mine, self.progress, self.stop, self.refused = mine, progress, False, []

    def run(self):
        c = http.client.HTTPConnection("127.0.0.1", server.port, timeout=10)
        try:
            while not self.stop:
                numbers = {s: range(self.progress[s][0], self.progress[s][0] + PER_REQUEST) for s in self.mine}
                body = rwire.snappy(b"".join(timeseries(s, n) for s, n in numbers.items()))
                for s in self.mine:
                    self.progress[s][1] = max(self.progress[s][1], numbers[s].stop)
                c.request("POST", "/api/v1/write", body, rwire.HEADERS)
                r = c.getresponse()
                answer = r.read()
                time.sleep(0.005)  # what is verified in Python grows with every round
                if r.status // 100 == 2:
                    for s in self.mine:
                        self.progress[s][0] = numbers[s].stop
                elif b"out of order" in answer:  # sent before the kill, stored, not acknowledged: as Prometheus, go on
                    for s in self.mine:
                        self.progress[s][2].update(range(self.progress[s][0], self.progress[s][1]))
                        self.progress[s][0] = self.progress[s][1]
                else:
                    self.refused.append((r.status, answer[:200]))
                    return
        except (OSError, http.client.HTTPException):
            pass  # killed
        finally:
            c.close()


class Flusher(threading.Thread):
    """Every flush writes the head into a part and merges parts: one is nearly always under way."""

    def __init__(self):
        super().__init__(daemon=True)
        self.stop, self.asked, self.done, self.refused = False, 0, 0, []

    def run(self):
        try:
            while not self.stop:
                self.asked += 1
                status, answer = server.request("POST", "/api/v1/admin/tsdb/flush")
                self.done += status // 100 == 2
                if status // 100 != 2:
                    self.refused.append((status, answer[:200]))
                    return
        except (OSError, http.client.HTTPException):
            pass  # killed


def start():
    global server
    began = time.time()
    server = Server("killloop", [PHAROS, "serve", "--config", CONFIG, "--data", os.path.join(WORK, "data"), "--listen", "127.0.0.1:PORT"])
    ok = server.ready(30)
    return ok, time.time() - began


def verify(progress, since):
    """Problems, and how many samples were compared, from number `since` on."""
    problems, compared = [], 0
    last = max(p[1] for p in progress.values()) + 10
    window = 20000
    got = {s: {} for s in progress}
    for first in range(since, last, window):
        end = BASE_MS + (first + window - 1) * STEP_MS
        data = server.data("/query", {"query": f"killed_samples[{window * STEP_MS - 1}ms]", "time": f"{end / 1000:.3f}"})
        if data is None:
            return ["the query failed"], 0
        for series in data["result"]:
            mine = got[int(series["metric"]["series"])]
            for t, v in series["values"]:
                n, rest = divmod(round(t * 1000) - BASE_MS, STEP_MS)
                if rest or n in mine:
                    problems.append(f"series {series['metric']['series']}: {t} is doubled or foreign")
                mine[n] = float(v)
    for s, (acknowledged, sent, unknown) in progress.items():
        lost = [n for n in range(since, acknowledged) if n not in got[s] and n not in unknown]
        wrong = [n for n, v in got[s].items() if v != value(s, n) or n >= sent]
        compared += len(got[s])
        if lost:
            problems.append(f"series {s}: {len(lost)} acknowledged samples are lost, from {lost[0]} of {acknowledged}")
        if wrong:
            problems.append(f"series {s}: {len(wrong)} samples are wrong, such as {wrong[0]}")
    return problems, compared


CONFIG = write("killloop.yml", "collect: {host: {enabled: false}, self: {enabled: false}}\ndefault_rules: false\n")
progress = {s: [0, 0, set()] for s in range(SERIES)}
slowest, compared, bad_rounds, settled, flushes, cut_short = 0.0, 0, 0, 0, 0, 0
ok, took = start()
check("killloop: starts on an empty folder", ok, server.logged()[-500:])
for round_number in range(ROUNDS):
    senders = [Sender([s for s in progress if s % SENDERS == i], progress) for i in range(SENDERS)]
    flusher = Flusher() if round_number % 2 else None
    for s in senders + ([flusher] if flusher else []):
        s.start()
    time.sleep(random.uniform(0.05, 0.9))
    server.stop(signal.SIGKILL)
    for s in senders + ([flusher] if flusher else []):
        s.stop = True
        s.join(30)
    if flusher:
        flushes, cut_short = flushes + flusher.done, cut_short + (flusher.asked > flusher.done)
    since, settled = settled, min(p[0] for p in progress.values())
    refused = [r for s in senders + ([flusher] if flusher else []) for r in s.refused]
    ok, took = start()
    slowest = max(slowest, took)
    full = (round_number + 1) % FULL_EVERY == 0 or round_number == ROUNDS - 1
    problems, n = verify(progress, 0 if full else since) if ok else (["does not start: " + server.logged()[-300:]], 0)
    if refused:
        problems.append(f"refused: {refused[0]}")
    if took >= READY_LIMIT_S:
        problems.append(f"ready after {took:.2f} s")
    bad_rounds += bool(problems)
    compared = max(compared, n)
    if problems or full:
        check(f"killloop: round {round_number + 1}, {n} samples compared", not problems, "; ".join(problems[:5]))
    if not ok:
        break
check(f"killloop: {ROUNDS} kills lose nothing that was acknowledged", bad_rounds == 0 and compared > 1000, bad_rounds)
check("killloop: ends in order", server.stop() == 0, server.logged()[-300:])
check("killloop: kills met flushes and merges", cut_short > 0 or ROUNDS < 4, f"{flushes} done, {cut_short} cut short")
print(f"max start-up {slowest:.2f} s, {compared} samples, {flushes} flushes done and {cut_short} cut short")
sys.exit(finish())
