"""What the programs here stand on: ok lines, servers that are started and ended by their process ids, requests, and HTTP servers of our own
for receivers and targets."""
import http.client, http.server, json, os, shutil, signal, subprocess, tempfile, threading, time, urllib.parse

from ports import free_port

passed = failed = skipped = 0
WORK = tempfile.mkdtemp(prefix="pharos-e2e-")
running = []


def check(name, good, why=""):
    global passed, failed
    if good:
        passed += 1
        print("ok", name, flush=True)
    else:
        failed += 1
        print(f"not ok {name}: {str(why)[:600]}", flush=True)
    return good


def skip(name, why):
    global skipped
    skipped += 1
    print(f"ok {name} # skipped: {why}", flush=True)


def write(name, text):
    path = os.path.join(WORK, name)
    with open(path, "w", encoding="utf-8") as f:
        f.write(text)
    return path


class Server:
    """A pharos or a Prometheus; `ready` waits for its API."""

    def __init__(self, name, command):
        self.name, self.port = name, free_port()
        self.log = os.path.join(WORK, name + ".log")
        with open(self.log, "wb") as log:
            self.process = subprocess.Popen([a.replace("PORT", str(self.port)) for a in command], stdout=log, stderr=subprocess.STDOUT, cwd=WORK)
        running.append(self)

    def ready(self, seconds=20):
        until = time.time() + seconds
        while time.time() < until and self.process.poll() is None:
            try:
                if self.get("/-/ready")[0] == 200:
                    return True
            except OSError:
                pass
            time.sleep(0.05)
        return False

    def request(self, method, path, body=None, headers=None, timeout=20):
        c = http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout)
        try:
            c.request(method, path, body, headers or {})
            r = c.getresponse()
            return r.status, r.read()
        finally:
            c.close()

    def get(self, path, params=None):
        return self.request("GET", path + ("?" + urllib.parse.urlencode(params, doseq=True) if params else ""))

    def api(self, path, params=None):
        status, body = self.get("/api/v1" + path, params)
        try:
            return status, json.loads(body)
        except ValueError:
            return status, {"status": "not JSON", "body": body[:300].decode(errors="replace")}

    def data(self, path, params=None):
        return self.api(path, params)[1].get("data")

    def values(self, query):
        result = (self.data("/query", {"query": query}) or {}).get("result", [])
        return [r["value"][1] for r in result]

    def logged(self):
        with open(self.log, errors="replace") as f:
            return f.read()

    def memory(self, key):
        with open(f"/proc/{self.process.pid}/status") as f:
            return next(int(line.split()[1]) >> 10 for line in f if line.startswith(key))

    def stop(self, sig=signal.SIGTERM):
        if self.process.poll() is None:
            self.process.send_signal(sig)
            try:
                self.process.wait(15)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        if self in running:
            running.remove(self)
        return self.process.returncode


class Handler(http.server.BaseHTTPRequestHandler):
    """Says nothing of its own; do_GET and do_POST are the heirs'."""

    def log_message(self, *args):
        pass

    def body(self):
        return self.rfile.read(int(self.headers.get("Content-Length") or 0))

    def answer(self, status, body=b"", kind="text/plain; version=0.0.4", headers=()):
        self.send_response(status)
        for name, value in (("Content-Type", kind), ("Content-Length", str(len(body))), *headers):
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)


class Listener(http.server.ThreadingHTTPServer):
    allow_reuse_address = daemon_threads = True
    request_queue_size = 128


def serve(handler, port=0, context=None):
    """Listens in a thread of its own until it is shut down; .server_port is where. context: TLS."""
    server = Listener(("127.0.0.1", port), handler)
    if context:
        server.socket = context.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    return server


class Target:
    """A metrics page, page(), that can be taken down and up on one port."""

    def __init__(self, name, page):
        self.name, self.port, self.server = name, free_port(), None

        class Page(Handler):
            def do_GET(self):
                self.answer(200, page().encode())

        self.handler = Page

    def up(self):
        self.server = serve(self.handler, self.port)

    def down(self):
        if self.server:
            self.server.shutdown()
            self.server.server_close()
            self.server = None


def wait_for(what, seconds=15, every=0.1):
    until = time.time() + seconds
    while time.time() < until:
        try:
            got = what()
            if got:
                return got
        except (OSError, http.client.HTTPException):
            pass
        time.sleep(every)
    return None


def finish():
    for server in list(running):
        server.stop()
    shutil.rmtree(WORK, ignore_errors=True)
    print(f"{passed} passed, {failed} failed, {skipped} skipped")
    return failed != 0
