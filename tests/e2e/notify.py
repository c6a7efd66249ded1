"""Deliveries to real servers. Mails go to aiosmtpd, requests to sinks of our own."""
import email, email.policy, json, logging, os, shutil, ssl, subprocess, sys, threading, time, warnings

import harness as lib
from harness import Handler, check, free_port, serve, skip, write

BUILD = os.path.abspath(sys.argv[1] if len(sys.argv) > 1 else "build")
PHAROS = os.path.join(BUILD, "pharos")
HUSH = "hush-hush"  # every secret has it in its name: it must not be seen anywhere


warnings.simplefilter("ignore")  # aiosmtpd's, about logins without TLS and its own old names
logging.disable(logging.CRITICAL)


# ---- sinks

class Sink(Handler):
    """What it answers, the path says: /500x2 fails twice, /429 asks to wait, /hang says nothing the first time."""
    protocol_version = "HTTP/1.1"
    seen = []
    counts = {}
    lock = threading.Lock()

    def do_POST(self):
        body = self.body()
        path = self.path.split("?")[0]
        with Sink.lock:
            n = Sink.counts[path] = Sink.counts.get(path, 0) + 1
            Sink.seen.append((path, dict(self.headers), body, time.time()))
        if path.startswith("/500x2") and n <= 2:
            self.answer(500, b"broken")
        elif path.startswith("/429") and n == 1:
            self.answer(429, b"slowly", headers=[("Retry-After", "1")])
        elif path.startswith("/hang") and n == 1:
            time.sleep(3)
            self.close_connection = True
        elif path.startswith("/403"):
            self.answer(403, b"go away")
        elif path.startswith("/token"):
            self.answer(200, json.dumps({"access_token": "tok%d" % n, "expires_in": 3600}).encode(), "application/json")
        else:
            self.answer(200, b"ok")


def requests(path):
    with Sink.lock:
        return [s for s in Sink.seen if s[0].startswith(path)]


# ---- mail servers

class Box:
    def __init__(self):
        self.mails = []

    async def handle_DATA(self, server, session, envelope):
        self.mails.append((envelope, session.ssl is not None, getattr(session, "pharos_login", None)))
        return "250 taken"


def mail_server(context, implicit):
    from aiosmtpd.controller import Controller
    from aiosmtpd.smtp import AuthResult, SMTP
    box = Box()

    def authenticate(server, session, envelope, mechanism, data):
        good = data.login == b"user" and data.password == HUSH.encode()
        session.pharos_login = data.login
        return AuthResult(success=good, handled=False)

    class Quiet(Controller):
        def factory(self):
            return SMTP(box, authenticator=authenticate, auth_require_tls=not implicit, auth_required=True, hostname="mx.example.com",
                        tls_context=None if implicit else context, require_starttls=not implicit)

    controller = Quiet(box, hostname="127.0.0.1", port=free_port(), ssl_context=context if implicit else None)
    try:
        controller.start()
    except ssl.SSLError:  # its own trial of the port does not know our certificate
        pass
    return box, controller


# ---- the program

def certificate():
    cert, key = os.path.join(lib.WORK, "cert.pem"), os.path.join(lib.WORK, "key.pem")
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", key, "-out", cert, "-days", "2", "-subj", "/CN=localhost",
                    "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"], check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(cert, key)
    return cert, context


def notify(config, receiver, *more, timeout="10s"):
    r = subprocess.run([PHAROS, "notify", "test", "--config", config, "--timeout", timeout, *more, receiver], capture_output=True, text=True,
                       timeout=60, env={**os.environ, "HOOK_TOKEN": HUSH})
    return r.returncode, r.stdout + r.stderr


def check_http(config):
    code, out = notify(config, "twice-broken")
    check("500 twice, then delivered", code == 0 and "3 attempts" in out, out)
    code, out = notify(config, "busy")
    posts = requests("/429")
    check("429 waits as long as it is told", code == 0 and len(posts) == 2 and posts[1][3] - posts[0][3] >= 0.95, out)
    code, out = notify(config, "hanging")
    check("what hangs is left and asked again", code == 0 and "2 attempts" in out, out)
    code, out = notify(config, "forbidden")
    check("403 fails at once", code == 1 and "after 1 attempt:" in out and "unexpected status code 403: go away" in out, out)
    code, out = notify(config, "nobody")
    check("a closed port is said without its path", code == 1 and "connection refused" in out and HUSH not in out, out)
    code, out = notify(config, "env")
    check("secrets come from the environment", code == 0 and len(requests("/env/" + HUSH)) == 1 and HUSH not in out, out)
    code, out = notify(config, "oauth")
    posts = requests("/oauth")
    check("oauth2: a token is fetched once and used", code == 0 and len(requests("/token")) == 1 and len(posts) == 2 and
          all(p[1].get("Authorization") == "Bearer tok1" for p in posts), out)
    code, out = notify(config, "https")
    check("TLS with an authority written in the file", code == 0 and len(requests("/https")) == 1, out)
    code, out = notify(config, "https-strange")
    check("TLS with an unknown authority is refused", code == 1 and "TLS" in out, out)
    code, out = notify(config, "chat", "--resolved")
    body = json.loads(requests("/slack")[0][2]) if requests("/slack") else {}
    check("slack gets its attachment", code == 0 and body.get("attachments", [{}])[0].get("color") == "good", (out, body))
    code, out = notify(config, "missing")
    check("an unknown receiver is said", code == 2 and "no receiver 'missing'" in out, out)
    code, out = notify(config, "chat", "--dry-run")
    check("a dry run shows the message and no secret", code == 0 and '"attachments"' in out and HUSH not in out and len(requests("/slack")) == 1, out)


def check_mail(config, box, tls_box):
    code, out = notify(config, "mail")
    good = code == 0 and len(box.mails) == 1
    check("a mail arrives with STARTTLS and a login", good, out)
    if good:
        envelope, tls, login = box.mails[0]
        m = email.message_from_bytes(envelope.content, policy=email.policy.default)
        html = m.get_body(("html",)).get_content()
        check("over TLS, logged in", tls and login == b"user", (tls, login))
        check("to both, from one", envelope.rcpt_tos == ["a@example.com", "b@example.com"] and envelope.mail_from == "pharos@example.com", envelope.rcpt_tos)
        check("subject, text and HTML", m["Subject"] == "caf\u00e9 SampleAlert" and m.get_body(("plain",)).get_content().strip() == "2 firing"
              and "View in Alertmanager" in html and "[2] Firing" in html, m["Subject"])
        check("threads", (m["References"] or "").startswith("<alert-"), m["References"])
    code, out = notify(config, "mail-implicit")
    check("a mail arrives over TLS from the first byte", code == 0 and len(tls_box.mails) == 1, out)
    code, out = notify(config, "mail-wrong")
    check("a wrong password fails for good and is not shown", code == 1 and "535" in out and "after 1 attempt:" in out and HUSH not in out, out)
    code, out = notify(config, "mail-strange", timeout="2s")
    check("an unknown authority is refused", code == 1 and len(box.mails) == 1, out)


def check_server(config):
    os.environ["HOOK_TOKEN"] = HUSH
    s = lib.Server("notify", [PHAROS, "serve", "--config", config, "--data", os.path.join(lib.WORK, "data"), "--listen", "127.0.0.1:PORT"])
    check("the server starts", s.ready(), s.log)
    until = time.time() + 20
    while time.time() < until and not requests("/500x2-live"):
        time.sleep(0.1)
    while time.time() < until and len(requests("/500x2-live")) < 3:
        time.sleep(0.1)
    posts = requests("/500x2-live")
    check("a rule's alert is told, after two failures", len(posts) == 3 and json.loads(posts[2][2])["alerts"][0]["labels"]["alertname"] == "Always", len(posts))
    status, body = s.get("/api/v1/status/config")
    check("the status page hides secrets", status == 200 and HUSH.encode() not in body, body[:200])
    metrics = s.get("/metrics")[1].decode()
    check("attempts are counted", 'pharos_notify_attempts_total{integration="webhook[0]",outcome="retry"} 2' in metrics,
          [line for line in metrics.splitlines() if "notify_attempts" in line])
    s.process.terminate()
    s.process.wait(20)
    check("the log holds no secret", HUSH not in open(s.log, encoding="utf-8", errors="replace").read())


def main():
    cert, context = certificate()
    port, tls_port = serve(Sink).server_port, serve(Sink, context=context).server_port
    pem = "".join("        " + line for line in open(cert, encoding="utf-8"))
    try:
        import aiosmtpd  # noqa: F401
        box, mx = mail_server(context, False)
        tls_box, tls_mx = mail_server(context, True)
    except ImportError:
        box = None
    rule = write("rules.yml", "groups: [{name: g, interval: 1s, rules: [{alert: Always, expr: 'vector(1)'}]}]")
    text = f"""
route: {{receiver: live, group_wait: 0s, group_interval: 5m}}
receivers:
- name: live
  webhook_configs: [{{url: 'http://127.0.0.1:{port}/500x2-live/{HUSH}'}}]
- name: twice-broken
  webhook_configs: [{{url: 'http://127.0.0.1:{port}/500x2'}}]
- name: busy
  webhook_configs: [{{url: 'http://127.0.0.1:{port}/429'}}]
- name: hanging
  webhook_configs: [{{url: 'http://127.0.0.1:{port}/hang', timeout: 500ms}}]
- name: forbidden
  webhook_configs: [{{url: 'http://127.0.0.1:{port}/403/{HUSH}'}}]
- name: nobody
  webhook_configs: [{{url: 'http://127.0.0.1:{free_port()}/{HUSH}'}}]
- name: env
  webhook_configs: [{{url: 'http://127.0.0.1:{port}/env/${{HOOK_TOKEN}}'}}]
- name: oauth
  webhook_configs:
  - &oauth
    url: 'http://127.0.0.1:{port}/oauth'
    http_config: {{oauth2: {{client_id: me, client_secret: {HUSH}, token_url: 'http://127.0.0.1:{port}/token'}}}}
  - *oauth
- name: https
  webhook_configs:
  - url: 'https://127.0.0.1:{tls_port}/https'
    http_config:
      tls_config:
        ca: |
  {pem.replace(chr(10) + "        ", chr(10) + "          ")}
- name: https-strange
  webhook_configs: [{{url: 'https://127.0.0.1:{tls_port}/strange'}}]
- name: chat
  slack_configs: [{{api_url: 'http://127.0.0.1:{port}/slack/{HUSH}', channel: '#x', send_resolved: true}}]
"""
    if box:
        text += f"""
- name: mail
  email_configs: [&mail {{to: 'a@example.com, B <b@example.com>', from: 'pharos@example.com', smarthost: '127.0.0.1:{mx.port}', auth_username: user,
    auth_password: {HUSH}, tls_config: {{ca_file: '{cert}'}}, text: '{{{{ len .Alerts }}}} {{{{ .Status }}}}',
    headers: {{Subject: 'caf\u00e9 {{{{ .GroupLabels.alertname }}}}'}}, threading: {{enabled: true}}}}]
- name: mail-implicit
  email_configs: [{{<<: *mail, smarthost: '127.0.0.1:{tls_mx.port}', require_tls: false, force_implicit_tls: true}}]
- name: mail-wrong
  email_configs: [{{<<: *mail, auth_password: {HUSH}-wrong}}]
- name: mail-strange
  email_configs: [{{<<: *mail, tls_config: {{}}}}]
"""
    am = write("alertmanager.yml", text)
    config = write("pharos.yml", f"collect: {{host: {{enabled: false}}}}\ndefault_rules: false\nalertmanager: {am}\nprometheus: {{rule_files: [{rule}]}}\n")
    r = subprocess.run([PHAROS, "check", am], capture_output=True, text=True, env={**os.environ, "HOOK_TOKEN": HUSH})
    check("the configuration is fine", r.returncode == 0 and "warning" not in r.stdout + r.stderr, r.stdout + r.stderr)
    check_http(am)
    if box:
        check_mail(am, box, tls_box)
    else:
        skip("mails", "python3-aiosmtpd is not installed")
    check_server(config)


try:
    main()
finally:
    for server in lib.running:
        if server.process.poll() is None:
            server.process.kill()
            server.process.wait()
    shutil.rmtree(lib.WORK, ignore_errors=True)
print(f"{lib.passed} passed, {lib.failed} failed, {lib.skipped} skipped")
sys.stdout.flush()
os._exit(1 if lib.failed else 0)
