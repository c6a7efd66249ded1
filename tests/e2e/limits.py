#!/usr/bin/env python3
"""Queries at their limits while samples come in: memory, time, clients that leave, hostile expressions, old series, encodings.
Prints ok / not ok lines, and last `N passed, N failed, N skipped`."""
import gzip, http.client, json, os, socket, sys, threading, time, urllib.parse

import harness as lib, rwire
from harness import Server, check, wait_for, write

PHAROS = os.path.abspath(os.path.join(sys.argv[1] if len(sys.argv) > 1 else "build", "pharos"))
SERIES, PAUSE_S, LOAD_S = 400, 0.2, 3
FORM = {"Content-Type": "application/x-www-form-urlencoded"}
TOO_MUCH = "sum_over_time(vector(1)[30d:100ms])"      # 26 million points at once
TOO_LONG = "mad_over_time(vector(1)[4h:1s])"          # 14,400 values sorted twice at each of 11,000 steps: minutes
END_S = 20  # in which whatever is stopped must be gone; it takes far less, also where the machine is busy


# ---- remote write

def samples(name, n, t_ms, value):
    """A request with one sample for each of n series."""
    body = b""
    for i in range(n):
        labels = (("__name__", name), ("i", str(i)), ("job", "limits"))
        body += rwire.series(labels, [(t_ms, float(value + i))])
    return rwire.snappy(body)


def send(server, name, n, t_ms, value):
    return server.request("POST", "/api/v1/write", samples(name, n, t_ms, value), rwire.HEADERS)[0]


class Load(threading.Thread):
    """Writes SERIES samples again and again until told to stop."""

    def __init__(self, server):
        super().__init__()
        self.server, self.done, self.taken, self.refused = server, threading.Event(), 0, []

    def run(self):
        while not self.done.wait(PAUSE_S):
            try:
                status = send(self.server, "load", SERIES, int(time.time() * 1000), self.taken)
            except OSError as e:
                status = repr(e)
            if status == 204 or status == 200:
                self.taken += 1
            else:
                self.refused.append(status)


# ---- the budget

def over_budget(server):
    load = Load(server)
    load.start()
    check("samples come in", wait_for(lambda: load.taken >= 2, END_S), load.refused)
    before, until, refused, answered = load.taken, time.time() + LOAD_S, [], []

    def ask(query, out):
        while time.time() < until:
            try:
                out.append(server.api("/query", {"query": query}))
            except OSError as e:
                out.append((repr(e), {}))

    threads = [threading.Thread(target=ask, args=a) for a in [(TOO_MUCH, refused)] * 4 + [("count(load)", answered)] * 3]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    wrong = [a for a in refused if a[0] != 422 or a[1].get("errorType") != "execution" or "bytes" not in a[1].get("error", "")]
    check(f"{len(refused)} queries over their budget end with an error that names the limit", refused and not wrong, wrong[:1] or refused[:1])
    print("#", refused[0][1].get("error") if refused else "none")
    wrong = [a for a in answered if a[0] != 200 or [r["value"][1] for r in a[1]["data"]["result"]] != [str(SERIES)]]
    check(f"{len(answered)} other queries are answered meanwhile", answered and not wrong, wrong[:1])
    check("samples go on coming in", wait_for(lambda: load.taken > before + 2, END_S) and not load.refused, (before, load.taken, load.refused[:3]))
    check("memory stays bounded", server.memory("VmHWM") < 600, f"{server.memory('VmHWM')} MiB")
    return load


# ---- time

def asked(query, **more):
    return urllib.parse.urlencode({"query": query, "start": 1700000000, "end": 1700010999, "step": 1, **more})


def running(server):
    return [q["query"] for q in json.loads(server.get("/api/pharos/v1/queries")[1])["data"]]


def left_alone(server, n):
    """n clients ask what takes minutes and leave."""
    took = []
    for _ in range(n):
        with socket.create_connection(("127.0.0.1", server.port)) as s:
            body = asked(TOO_LONG)
            s.sendall(f"POST /api/v1/query_range HTTP/1.1\r\nHost: localhost\r\nContent-Type: {FORM['Content-Type']}\r\nContent-Length: {len(body)}\r\n\r\n{body}".encode())
            if not wait_for(lambda: TOO_LONG in running(server), END_S, 0.01):
                return took
            time.sleep(0.05)
        left = time.monotonic()
        if not wait_for(lambda: TOO_LONG not in running(server), END_S, 0.005):
            return took
        took.append(time.monotonic() - left)
    return took


def time_limits(server):
    took = left_alone(server, 5)
    check("a query whose client left ends", len(took) == 5, took)
    print("# ms from the client's leaving to the query's end:", " ".join(f"{1000 * t:.0f}" for t in sorted(took)))
    for name, query in (("a long function", TOO_LONG), ("a join", "vector(1) + on() " + TOO_LONG), ("a subquery", f"max_over_time(({TOO_LONG})[1m:1s])")):
        from_ = time.monotonic()
        status, body = server.request("POST", "/api/v1/query_range", asked(query, timeout="100ms"), FORM, timeout=END_S)
        answer = json.loads(body)
        took = time.monotonic() - from_
        check(f"timeout=100ms ends {name}", status == 503 and answer["errorType"] == "timeout" and took < END_S, (status, answer, took))
        print(f"# {1000 * took:.0f} ms")


# ---- hostile expressions

def hostile(server):
    deep = 10000
    cases = {
        "an expression of more than 1 MiB": "sum(" + "a_" * 600000 + ")",
        "1 MB of additions": "1" + "+1" * 499990,
        "parentheses 10,000 deep": "(" * deep + "1" + ")" * deep,
        "calls 10,000 deep": "abs(" * deep + "x" + ")" * deep,
        "signs 10,000 deep": "-" * deep + "x",
        "aggregations 10,000 deep": "sum(" * deep + "x" + ")" * deep,
        "subqueries 10,000 deep": "x" + "[1m:])" * deep,
        "unclosed parentheses": "(" * deep,
        "a regular expression of great size": '{a=~"((x{1000}){1000}){1000}"}',
    }
    for name, query in cases.items():
        status, body = server.request("POST", "/api/v1/query", urllib.parse.urlencode({"query": query}), FORM)
        try:
            answer = json.loads(body)
        except ValueError:
            answer = {"error": body.decode(errors="replace")}
        check(f"{name}: refused with a reason", status in (400, 413) and answer["error"] and len(answer["error"]) < 3000, (status, str(answer)[:300]))
    for pattern in ("(a+)+$", "(x+x+)+y", "(.*)*(.*)*(.*)*z", "(a|aa)+$"):
        status, answer = server.api("/query", {"query": f'count(load{{job=~"{pattern}"}}) or label_replace(load{{i="1"}}, "r", "$1", "job", "{pattern}")'})
        check(f"the pattern {pattern} is no burden", status in (200, 422), (status, answer))
    for params in ({"start": 0, "end": 11001, "step": 1}, {"start": 0, "end": 9e15, "step": "1ms"}):
        status, answer = server.api("/query_range", {"query": "load", **params})
        check(f"more than 11,000 points are refused: {params}", status == 400 and "11,000" in answer["error"], (status, answer))


# ---- what was long ago

def old_series(server):
    now = int(time.time())
    check("an old sample is taken", send(server, "bygone", 3, (now - 2400) * 1000, 1) in (200, 204))
    match = {"match[]": "bygone"}
    recent, all_ = {"start": now - 300, "end": now}, {"start": now - 4000, "end": now}
    for path, more, there in (("/series", match, 3), ("/labels", match, 3), ("/label/i/values", match, 3)):
        check(f"{path}: of long ago", len(server.data(path, {**more, **all_})) == there, server.data(path, {**more, **all_}))
        check(f"{path}: not among recent ones", server.data(path, {**more, **recent}) == [], server.data(path, {**more, **recent}))
    check("label values without a selector: all", "bygone" in server.data("/label/__name__/values", all_), all_)
    for path in ("/series", "/labels", "/label/i/values"):
        status, answer = server.api(path, {**match, **all_, "limit": 2})
        check(f"{path}: limit", status == 200 and len(answer["data"]) == 2 and answer.get("warnings") == ["results truncated due to limit"], answer)
    status, answer = server.api("/query", {"query": "load", "limit": 2})
    check("/query: limit", status == 200 and len(answer["data"]["result"]) == 2 and answer.get("warnings"), str(answer)[:300])


# ---- encodings

def encodings(server):
    now = int(time.time())
    path = "/api/v1/query_range?" + urllib.parse.urlencode({"query": "load * 0 + 1", "start": now - 1000, "end": now - 1, "step": 1, "lookback_delta": "3000s"})
    plain = server.request("GET", path)[1]
    for coding, magic in (("gzip", b"\x1f\x8b"), ("zstd", b"\x28\xb5\x2f\xfd")):
        c = http.client.HTTPConnection("127.0.0.1", server.port, timeout=END_S)
        c.request("GET", path, headers={"Accept-Encoding": coding})
        r = c.getresponse()
        body = r.read()
        c.close()
        good = r.getheader("Content-Encoding") == coding and body.startswith(magic) and len(body) < len(plain) / 2
        check(f"{len(plain)} bytes in {coding}", good, (r.getheaders(), len(body)))
        if coding == "gzip" and good:
            check("the same in gzip", gzip.decompress(body) == plain, len(body))


def main():
    server = Server("limits", [PHAROS, "serve", "--config", write("limits.yml", "collect: {host: {enabled: false}, self: {enabled: false}}\n"), "--data",
                               os.path.join(lib.WORK, "data"), "--listen", "127.0.0.1:PORT", "--query.max-bytes=64MB", "--query.max-total-bytes=512MB",
                               "--enable-feature=promql-experimental-functions"])
    load = None
    if check("starts", server.ready(), server.logged()):
        try:
            load = over_budget(server)
            time_limits(server)
            hostile(server)
            old_series(server)
            encodings(server)
        except (OSError, http.client.HTTPException, KeyError, TypeError, ValueError) as e:
            check("answers", False, repr(e))
        if load:
            load.done.set()
            load.join()
            check("no sample was refused all the while", not load.refused, load.refused[:3])
        check("is alive and ends by itself", server.stop() == 0, server.logged()[-500:])


main()
sys.exit(lib.finish())
