"""Each round posts, resolves and silences alerts and kills the server with SIGKILL at a random moment.

What was answered with 200 must hold afterwards, over all rounds: an alert is told as firing, its end is told, what is
silenced is not told. The same message may come twice only when a kill lies within WINDOW behind the first copy: then the
receiver had answered, and the answer was not on disk yet."""
import json, os, random, signal, sys, threading, time

from harness import WORK, Handler, Server, check, finish, serve, wait_for, write

PHAROS = os.path.abspath(os.path.join(sys.argv[1], "pharos"))
ROUNDS = int(sys.argv[2])
WINDOW = 2.0  # seconds; the log is written within milliseconds on a machine that has a core to spare
SEED = int(os.environ.get("SEED", "0")) or random.randrange(1 << 30)
rng = random.Random(SEED)
got, kills = [], []


class Sink(Handler):
    def do_POST(self):
        body = json.loads(self.body())
        names = tuple(sorted((a["labels"]["name"], a["status"]) for a in body["alerts"]))
        got.append((time.time(), body["groupKey"], names))
        self.answer(200)


sink = serve(Sink)
config = write("kill.yml", f"""collect: {{host: {{enabled: false}}, self: {{enabled: false}}}}
default_rules: false
alertmanager:
  route: {{receiver: hook, group_by: [group], group_wait: 300ms, group_interval: 700ms, repeat_interval: 1h}}
  receivers:
  - {{name: hook, webhook_configs: [{{url: 'http://127.0.0.1:{sink.server_port}/'}}]}}
""")
runs = 0


def start():
    global runs
    runs += 1
    server = Server(f"kill-{runs}", [PHAROS, "serve", "--config", config, "--data", os.path.join(WORK, "kill"), "--listen", "127.0.0.1:PORT"])
    if not server.ready(30):
        raise RuntimeError(server.logged()[-500:])
    return server


def stamp(seconds):
    t = time.time() + seconds
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(t)) + f".{int(t % 1 * 1000):03d}Z"


def post(server, path, body):
    try:
        return server.request("POST", path, json.dumps(body), {"Content-Type": "application/json"}, timeout=10)[0] == 200
    except OSError:
        return False
    except Exception:  # the connection broke in the middle of an answer
        return False


def fire(server, name, group):
    return post(server, "/api/v2/alerts", [{"labels": {"alertname": "K", "name": name, "group": group}, "startsAt": stamp(0), "endsAt": stamp(3600)}])


def resolve(server, name, group):
    return post(server, "/api/v2/alerts", [{"labels": {"alertname": "K", "name": name, "group": group}, "endsAt": stamp(0)}])


def silence(server, name):
    return post(server, "/api/v2/silences", {"matchers": [{"name": "name", "value": name, "isRegex": False}], "startsAt": stamp(0), "endsAt": stamp(3600),
                                             "createdBy": "kill", "comment": "kill"})


def told(name, status):
    return any((name, status) in names for _, _, names in list(got))


def main():
    print("seed", SEED, flush=True)
    fired, resolved, silenced = {}, {}, {}
    server = start()
    for r in range(ROUNDS):
        group, name, quiet = f"g{r % 7}", f"a{r}", f"q{r}"
        deadline = time.time() + rng.uniform(0.0, 1.6)
        killer = threading.Timer(max(0, deadline - time.time()), lambda p=server.process: (kills.append(time.time()), p.send_signal(signal.SIGKILL)))
        killer.start()
        if silence(server, quiet):
            silenced[quiet] = group
            fire(server, quiet, group)
        if fire(server, name, group):
            fired[name] = group
        for old in [n for n in fired if n not in resolved and told(n, "firing")][:2]:
            if rng.random() < 0.5 and resolve(server, old, fired[old]):
                resolved[old] = True
        killer.join()
        server.stop(signal.SIGKILL)
        server = start()

    wait_for(lambda: all(told(n, "firing") for n in fired), 20)
    for name, group in fired.items():
        if name not in resolved and resolve(server, name, group):
            resolved[name] = True
    wait_for(lambda: all(told(n, "resolved") for n in resolved), 20)
    time.sleep(1.5)
    lost = [n for n in fired if not told(n, "firing")]
    check("no alert is forgotten", not lost, lost)
    open_ends = [n for n in resolved if not told(n, "resolved")]
    check("no end is forgotten", not open_ends, open_ends)
    heard = [n for n in silenced if told(n, "firing")]
    check("no silence is forgotten", not heard, heard)
    last, twice, outside = {}, 0, []
    for t, key, names in got:
        if last.get(key, (0, None))[1] == names:
            twice += 1
            first = last[key][0]
            if not any(first <= k <= first + WINDOW for k in kills):
                outside.append((key, names, round(t - first, 2)))
        last[key] = (t, names)
    check("nothing is told twice outside the window", not outside, outside)
    check("alerts were told", len(got) >= ROUNDS // 2, len(got))
    print(f"{ROUNDS} kills, {len(fired)} alerts, {len(resolved)} ends, {len(silenced)} silences, {len(got)} messages, {twice} of them twice", flush=True)
    server.stop()


main()
sys.exit(finish())
