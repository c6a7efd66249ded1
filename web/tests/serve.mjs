/**
 * A server for trying the built page without pharos: serves dist/ the way pharos does (gzip, <base href> rewritten for a
 * prefix, strict Content-Security-Policy), forwards the API to a Prometheus-compatible server, and plays pharos' own
 * endpoints: the event stream and the health report.
 *
 *   PHAROS_URL=http://127.0.0.1:9090 PORT=8080 PREFIX=/ops/ STREAM=on node tests/serve.mjs
 */
import { createServer, request } from "node:http";
import { readFile } from "node:fs/promises";
import { extname, join, normalize } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";

const upstream = new URL(process.env.PHAROS_URL ?? "http://127.0.0.1:9090");
const port = Number(process.env.PORT ?? 8080);
const prefix = process.env.PREFIX ?? "/";
const withStream = process.env.STREAM !== "off";
const dist = fileURLToPath(new URL("../dist/", import.meta.url));
const startedMs = Date.now();

const TYPES = { ".html": "text/html; charset=utf-8", ".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml" };
const CSP = "default-src 'self'; img-src 'self' data:; object-src 'none'; base-uri 'self'; frame-ancestors 'none'";

function forward(req, res, path) {
  const out = request(
    { host: upstream.hostname, port: upstream.port, method: req.method, path, headers: { ...req.headers, host: upstream.host } },
    (answer) => {
      res.writeHead(answer.statusCode, answer.headers);
      answer.pipe(res);
    },
  );
  out.on("error", (error) => {
    if (!res.headersSent) res.writeHead(502, { "Content-Type": "text/plain" });
    res.end(String(error.message));
  });
  req.pipe(out);
}

function getUpstream(path) {
  return fetch(new URL(path, upstream)).then((r) => r.json());
}

/** `hello` at once, then `scrape` every five seconds and `alerts` when the counts change. */
async function stream(req, res) {
  res.writeHead(200, { "Content-Type": "text/event-stream", "Cache-Control": "no-store" });
  const send = (name, data) => res.write(`event: ${name}\ndata: ${JSON.stringify(data)}\n\n`);
  send("hello", { version: "0.1.0-test", start_ms: startedMs });
  let last = "";
  const round = async () => {
    send("scrape", { t_ms: Date.now() });
    try {
      const { data } = await getUpstream("api/v1/alerts");
      const count = (state) => data.alerts.filter((a) => a.state === state).length;
      const counts = { firing: count("firing"), pending: count("pending") };
      if (JSON.stringify(counts) !== last) send("alerts", counts);
      last = JSON.stringify(counts);
    } catch (error) {
      send("reload", { ok: false, error: String(error.message) });
    }
  };
  void round();
  const id = setInterval(round, 5_000);
  req.on("close", () => clearInterval(id));
}

function health(res) {
  const report = {
    status: "degraded",
    version: "0.1.0-test",
    uptime_seconds: (Date.now() - startedMs) / 1000,
    checks: {
      storage: { status: "ok", message: "write-ahead log is synced", free_bytes: 81_000_000_000 },
      scrape: { status: "degraded", message: "1 target is down" },
      rules: { status: "ok", message: "all groups run in time" },
      notify: { status: "ok", message: "no receiver is configured" },
    },
  };
  res.writeHead(200, { "Content-Type": "application/json" }).end(JSON.stringify(report));
}

async function file(res, path) {
  const isAsset = path.startsWith("assets/");
  const name = isAsset ? normalize(path) : "index.html";
  try {
    let body = await readFile(join(dist, name));
    if (!isAsset) body = Buffer.from(body.toString().replace('<base href="/"', `<base href="${prefix}"`));
    res.writeHead(200, {
      "Content-Type": TYPES[extname(name)] ?? "application/octet-stream",
      "Content-Encoding": "gzip",
      "Content-Security-Policy": CSP,
      "Cache-Control": isAsset ? "public, max-age=31536000, immutable" : "no-cache",
    });
    res.end(gzipSync(body));
  } catch {
    res.writeHead(404, { "Content-Type": "text/plain" }).end("not found");
  }
}

createServer((req, res) => {
  if (!req.url.startsWith(prefix)) return void res.writeHead(404).end();
  const path = req.url.slice(prefix.length);
  if (path.startsWith("api/pharos/v1/live")) return withStream ? void stream(req, res) : void res.writeHead(404).end();
  if (path.startsWith("health/detailed")) return health(res);
  if (/^(api|-)\//.test(path)) return forward(req, res, `/${path}`);
  return void file(res, path.split("?")[0]);
}).listen(port, "127.0.0.1", () => console.log(`http://127.0.0.1:${port}${prefix}`));
