#!/usr/bin/env python3
"""A small application to watch: serves /metrics on 127.0.0.1:8080, with requests, latencies and a queue that vary.

    python3 demo-app.py [PORT]      POST /break makes every third request fail, POST /fix ends that.
"""
import math, random, sys, threading, time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1)
lock = threading.Lock()
state = {"requests": {"200": 0, "500": 0}, "buckets": [0] * (len(BUCKETS) + 1), "sum": 0.0, "queue": 0.0, "broken": False}


def work():
    while True:
        with lock:
            wave = 1 + math.sin(time.time() / 60)
            for _ in range(random.randint(1, 4 + int(4 * wave))):
                failed = random.random() < (0.33 if state["broken"] else 0.005)
                seconds = random.lognormvariate(-3.5, 0.8)
                state["requests"]["500" if failed else "200"] += 1
                state["buckets"][next((i for i, b in enumerate(BUCKETS) if seconds <= b), len(BUCKETS))] += 1
                state["sum"] += seconds
            state["queue"] = max(0.0, 10 * wave + random.gauss(0, 2))
        time.sleep(0.2)


def text():
    out = ["# HELP demo_requests_total Requests handled.", "# TYPE demo_requests_total counter"]
    with lock:
        out += [f'demo_requests_total{{status="{s}"}} {n}' for s, n in state["requests"].items()]
        out += ["# HELP demo_request_seconds Time to answer.", "# TYPE demo_request_seconds histogram"]
        total = 0
        for bound, n in zip([*map(str, BUCKETS), "+Inf"], state["buckets"]):
            total += n
            out.append(f'demo_request_seconds_bucket{{le="{bound}"}} {total}')
        out += [f"demo_request_seconds_sum {state['sum']:.6f}", f"demo_request_seconds_count {total}"]
        out += ["# HELP demo_queue_length Jobs that wait.", "# TYPE demo_queue_length gauge", f"demo_queue_length {state['queue']:.2f}"]
    return ("\n".join(out) + "\n").encode()


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        body = text() if self.path == "/metrics" else b"see /metrics\n"
        self.send_response(200)
        self.send_header("Content-Type", "text/plain; version=0.0.4")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_POST(self):
        state["broken"] = self.path == "/break"
        self.send_response(204)
        self.end_headers()

    def log_message(self, *args):
        pass


if __name__ == "__main__":
    port = int(sys.argv[1]) if len(sys.argv) > 1 else 8080
    threading.Thread(target=work, daemon=True).start()
    print(f"demo application: http://127.0.0.1:{port}/metrics", flush=True)
    ThreadingHTTPServer(("127.0.0.1", port), Handler).serve_forever()
