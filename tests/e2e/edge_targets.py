"""Targets that misbehave, one path each, on one port of the loopback interface."""
import gzip, http.server, socket, struct, threading, time

GOOD = b"""# HELP edge_gauge A gauge that stands still.
# TYPE edge_gauge gauge
edge_gauge{part="a"} 1
edge_gauge{part="b"} 2.5
# HELP edge_requests_total Requests.
# TYPE edge_requests_total counter
edge_requests_total{code="200"} 10
edge_requests_total{code="500"} 1
# HELP edge_latency_seconds Latency.
# TYPE edge_latency_seconds histogram
edge_latency_seconds_bucket{le="0.1"} 3
edge_latency_seconds_bucket{le="0.5"} 5
edge_latency_seconds_bucket{le="+Inf"} 6
edge_latency_seconds_sum 4.5
edge_latency_seconds_count 6
# TYPE edge_nan gauge
edge_nan NaN
edge_nan{v="inf"} +Inf
edge_nan{v="-inf"} -Inf
"""
TEXT = "text/plain; version=0.0.4"
MIB = 1 << 20


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *args):
        pass

    def body(self, data, content_type=TEXT, **headers):
        self.send_response(200)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(data)))
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(data)

    def stream(self, pieces):
        self.send_response(200)
        self.send_header("Content-Type", TEXT)
        self.send_header("Connection", "close")
        self.end_headers()
        self.close_connection = True
        for piece in pieces:
            self.wfile.write(piece)

    def do_GET(self):
        path = self.path.split("?")[0].strip("/")
        try:
            getattr(self, "get_" + path)()
        except (BrokenPipeError, ConnectionResetError):
            self.close_connection = True

    def get_good(self): self.body(GOOD)
    def get_garbage(self): self.body(bytes((i * 37 + 11) % 256 for i in range(4096)))
    def get_nonutf8(self): self.body(b'edge_bytes{v="\xff\xfe"} 1\n')
    def get_nanlabel(self): self.body(b"edge_label{NaN} 1\n")
    def get_duplicates(self): self.body(b'edge_dup{a="1"} 1\nedge_dup{a="1"} 2\nedge_dup{a="1"} 1\nedge_dup_other 7\n')
    def get_badlabels(self): self.body(b'edge_twice{a="1",a="2"} 1\n')
    def get_html(self): self.body(b"<html>not metrics</html>", "text/html")
    def get_status(self): self.send_error(503, "no")
    def get_openmetrics_cut(self): self.body(b"# TYPE a gauge\na 1\n", "application/openmetrics-text; version=1.0.0; charset=utf-8")

    def get_many(self):  # values that move: bytes to store
        now = time.time()
        self.body("".join(f'edge_many{{i="{i}"}} {now * (i + 1) % 1009!r}\n' for i in range(5000)).encode())

    def get_big(self):  # 100 MB of comments around one sample
        line = b"# " + b"x" * 1021 + b"\n"
        self.stream([b"edge_big 1\n"] + [line * 1000] * 98)

    def get_endless(self):  # one line for ever
        def pieces():
            yield b"edge_endless "
            while True:
                yield b"1" * MIB
        self.stream(pieces())

    def get_drip(self):
        def pieces():
            while True:
                yield b"#\n"
                time.sleep(0.2)
        self.stream(pieces())

    def get_reset(self):
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.close_connection = True
        self.connection.close()

    def get_redirects(self):
        self.send_response(302)
        self.send_header("Location", "/redirects")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def get_bomb(self): self.body(BOMB, Content_Encoding="gzip")
    def get_cut(self):
        self.send_response(200)
        self.send_header("Content-Type", TEXT)
        self.send_header("Content-Length", "100000")
        self.end_headers()
        self.wfile.write(b"edge_cut 1\n")
        self.close_connection = True


BOMB = gzip.compress(b"\n" * (200 * MIB), 1)


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request, client_address):
        pass


def start():
    server = Server(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server
