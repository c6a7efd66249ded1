#!/usr/bin/env python3
"""Starts Prometheus and pharos, feeds both the same samples and compares what they answer; see peers.sh.

Prints `ok NAME` and `not ok NAME: why`, notes that begin with `#`, and last `N passed, N failed, N skipped`."""
import argparse, ast, http.client, json, math, os, random, re, signal, struct, subprocess, sys, time, urllib.parse

import peers_hist, rwire
from peers_expr import GRID_S, Expressions
from ports import free_port

INSTANCES, SAMPLES, STEP_S = 10, 60, 15
EXACT, CLOSE, MAGNIFIED, NOTHING = 1e-12, 1e-12, 1e-4, 1e-12
passed = failed = 0


def ok(name, why=None):
    global passed, failed
    if why is None:
        passed += 1
        print(f"ok {name}")
    else:
        failed += 1
        print(f"not ok {name}: {why}")


# ---- the two servers

class Server:
    def __init__(self, name, args, port, work):
        self.name, self.port, self.connection = name, port, None
        self.log = os.path.join(work, name + ".log")
        with open(self.log, "wb") as log:
            self.process = subprocess.Popen(args, stdout=log, stderr=subprocess.STDOUT)

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}"

    def request(self, method, path, body=None, headers=None):
        for attempt in (0, 1):  # a server may have closed an idle connection
            if self.connection is None:
                self.connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=180)
            try:
                self.connection.request(method, path, body, headers or {})
                response = self.connection.getresponse()
                return response.status, response.read()
            except (http.client.HTTPException, OSError):
                self.connection.close()
                self.connection = None
                if attempt or self.process.poll() is not None:
                    raise
        return None

    def ask(self, path, params):
        form = urllib.parse.urlencode(params, doseq=True)
        status, body = self.request("POST", path, form, {"Content-Type": "application/x-www-form-urlencoded"})
        try:
            return status, json.loads(body)
        except ValueError:
            return status, {"status": "error", "errorType": "not JSON", "error": body[:200].decode(errors="replace")}

    def wait_ready(self, seconds=30):
        end = time.monotonic() + seconds
        while time.monotonic() < end and self.process.poll() is None:
            try:
                if self.request("GET", "/-/ready")[0] == 200:
                    return True
            except (http.client.HTTPException, OSError):
                pass
            time.sleep(0.05)
        return False

    def stop(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(20)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()

    def tail(self):
        with open(self.log, "rb") as log:
            return log.read()[-1500:].decode(errors="replace")


FEATURES = "promql-experimental-functions,promql-duration-expr,promql-per-step-stats,native-histograms"


def start_servers(a):
    global_part = f"{{scrape_interval: {STEP_S}s, evaluation_interval: {STEP_S}s}}"
    prom_yml, pharos_yml = os.path.join(a.work, "prometheus.yml"), os.path.join(a.work, "pharos.yml")
    with open(prom_yml, "w") as f:
        f.write(f"global: {global_part}\n")
    with open(pharos_yml, "w") as f:
        f.write(f"collect: {{host: {{enabled: false}}, self: {{enabled: false}}}}\nprometheus: {{global: {global_part}}}\n")
    port = free_port()
    prometheus = Server("prometheus", [a.prometheus, "--config.file=" + prom_yml, "--storage.tsdb.path=" + os.path.join(a.work, "prometheus"),
                                       f"--web.listen-address=127.0.0.1:{port}", "--web.enable-remote-write-receiver", "--enable-feature=" + FEATURES, "--log.level=warn"], port, a.work)
    port = free_port()
    pharos = Server("pharos", [a.pharos, "serve", "--config", pharos_yml, "--data", os.path.join(a.work, "pharos"), "--listen", f"127.0.0.1:{port}", "--enable-feature=" + FEATURES], port, a.work)
    return prometheus, pharos


# ---- samples that rwload does not make: resets, gaps, stale markers, special values, odd names

STALE = struct.unpack("<d", struct.pack("<Q", 0x7FF0000000000002))[0]
ODD_VALUES = [math.nan, math.inf, -math.inf, 0.0, -0.0, 1e308, -1e308, 1e-300, 1.0, 0.1]
HUGE = 1e300


def odd_series(seed, modern):
    """[(labels, value at step k or None)]; `modern` peers let a dot in a pattern match a line break, and
    keep small values in sums of huge ones."""
    r = random.Random(seed)
    out = []
    values = ODD_VALUES if modern else [v for v in ODD_VALUES if math.isinf(v) or not abs(v) > HUGE]

    def add(name, value_at, **labels):
        out.append((sorted({"__name__": name, "job": "odd", **labels}.items()), value_at))

    for i in range(3):
        instance = f"host-0000{i}:9100"
        walk, total = [], r.randrange(1000)
        for _ in range(SAMPLES):
            total = r.randrange(5) if r.random() < 0.08 else total + r.randrange(50)
            walk.append(total)
        add("odd_reset_total", lambda k, w=walk: w[k], instance=instance)
        add("odd_gap", lambda k, i=i: None if 10 + 4 * i < k < 36 + 4 * i else k * 1.5, instance=instance)
        add("odd_values", lambda k, i=i: values[(k + i) % len(values)], instance=instance)
        add("odd_stale", lambda k, i=i: STALE if k % 13 == 7 + i else None if k % 13 == 8 + i else float(k), instance=instance)
        add("odd_sparse_total", lambda k, i=i: float(k * k) if k % 16 == i else None, instance=instance)
        add("odd_late", lambda k, i=i: k - 30.25 if k > 30 + i else None, instance=instance)
        add("odd_constant", lambda k, i=i: 7.0, instance=instance)
        add("target_info", lambda k: 1.0, instance=instance, version=f"1.{i}", region="ab"[i % 2])
    for value in ("", "ünïcode ✓", 'quo"te', "back\\slash", "new\nline" if modern else "new line", "a b", "x" * 300):
        add("odd_labels", lambda k: k % 7 + 0.5, **({"odd": value} if value else {}))
    for le, share in (("0.1", 0.2), ("1", 0.5), ("10", 0.9), ("+Inf", 1.0)):
        for kind in ("whole", "endless", "empty"):
            if kind == "endless" and le == "+Inf":
                continue
            add("odd_seconds_bucket", lambda k, s=share, kind=kind: 0.0 if kind == "empty" else math.floor(k * 10 * s), le=le, kind=kind)
    return out


def send_odd(server, series, start_ms):
    for k in range(SAMPLES):
        body = b""
        for labels, value_at in series:
            value = value_at(k)
            if value is None:
                continue
            body += rwire.series(labels, [(start_ms + k * STEP_S * 1000, float(value))])
        status, text = server.request("POST", "/api/v1/write", rwire.snappy(body), rwire.HEADERS)
        if status // 100 != 2:
            return f"step {k}: HTTP {status}: {text[:200]!r}"
    return None


# ---- comparing answers

def same(a, b, tolerance):
    if a == b or (math.isnan(a) and math.isnan(b)):
        return True
    return not (math.isinf(a) or math.isinf(b)) and abs(a - b) <= tolerance * max(abs(a), abs(b))


def points(entry):
    """[(time, "float" or {histogram})] in order of time."""
    floats = entry.get("values", []) or ([entry["value"]] if "value" in entry else [])
    hists = entry.get("histograms", []) or ([entry["histogram"]] if "histogram" in entry else [])
    return sorted(floats + hists, key=lambda p: p[0]) if hists else floats


def by_labels(data):
    if data["resultType"] in ("scalar", "string"):
        return {(): [data["result"]]}
    out = {}
    for entry in data["result"]:
        key = tuple(sorted(entry["metric"].items()))
        if key in out:
            raise ValueError(f"two series of the same labels: {key}")
        out[key] = points(entry)
    return out


def show(labels):
    return "{" + ", ".join(f'{k}="{v}"' for k, v in labels) + "}"


class Difference(Exception):
    def __init__(self, kind, text):
        super().__init__(text)
        self.kind = kind


def compare_data(theirs, ours, tolerance):
    """Raises Difference with a kind: type, series, timestamps, value, near (a value that cancellation may explain)."""
    if theirs["resultType"] != ours["resultType"]:
        raise Difference("type", f"{theirs['resultType']} against {ours['resultType']}")
    t, o = by_labels(theirs), by_labels(ours)
    if set(t) != set(o):
        missing, extra = sorted(set(t) - set(o)), sorted(set(o) - set(t))
        raise Difference("series", f"{len(missing)} series missing {[show(m) for m in missing[:2]]}, {len(extra)} too many {[show(m) for m in extra[:2]]} of {len(t)}")
    worst = None
    for key, theirs_points in t.items():
        ours_points = o[key]
        if [p[0] for p in theirs_points] != [p[0] for p in ours_points]:
            raise Difference("timestamps", f"{show(key)}: {len(theirs_points)} points against {len(ours_points)}")
        for (when, x), (_, y) in zip(theirs_points, ours_points):
            if theirs["resultType"] == "string":
                if x != y:
                    raise Difference("value", f"{x!r} against {y!r}")
                continue
            if isinstance(x, dict) or isinstance(y, dict):
                if type(x) is not type(y) or not peers_hist.same_histogram(x, y, MAGNIFIED):
                    raise Difference("histogram", f"{show(key)} at {when}: {x} against {y}")
                if worst is None and not peers_hist.same_histogram(x, y, tolerance):
                    worst = (0, f"{show(key)} at {when}: {x} against {y}")
                continue
            a, b = float(x), float(y)
            if not same(a, b, tolerance):
                size = max(abs(a), abs(b), NOTHING)  # of what cancels out, only noise is left
                gap = abs(a - b) / size if math.isfinite(a) and math.isfinite(b) else math.inf
                gap = 0 if size == NOTHING else gap
                if worst is None or gap > worst[0]:
                    worst = (gap, f"{show(key)} at {when}: {x} against {y}")
    if worst:
        raise Difference("near" if worst[0] < MAGNIFIED else "value", worst[1])


def compare_stats(expr, theirs, ours):
    if theirs["status"] == "error" or re.search(r"histogram_(count|sum|avg)\(", expr):  # below them 3.5 decodes other buckets
        return None
    t, o = theirs["data"]["stats"]["samples"], ours["data"]["stats"]["samples"]
    for key in ("totalQueryableSamples", "totalQueryableSamplesPerStep"):
        if t.get(key) != o.get(key):
            return "stats", f"{key}: {str(t.get(key))[:300]} against {str(o.get(key))[:300]}"
    return None


def same_but_for_ties(theirs, ours):
    """topk and bottomk may take any of equal values: at every time both must have the same values, whatever series they are of."""
    def at_times(data):
        out = {}
        for series in by_labels(data).values():
            for when, value in series:
                out.setdefault(when, []).append(math.nan if isinstance(value, dict) else float(value))
        return {when: sorted(values, key=lambda v: (math.isnan(v), v)) for when, values in out.items()}
    t, o = at_times(theirs), at_times(ours)
    return t.keys() == o.keys() and all(len(t[k]) == len(o[k]) and all(same(a, b, CLOSE) for a, b in zip(t[k], o[k])) for k in t)


NEWER_THAN_PEER = re.compile(r"PromQL warning: (sort is ineffective for range queries|conflicting counter resets during)")  # said since 3.6
REWORDED = ((' for metric name ""', ""), ("histograms and floats for aggregation", "histograms and floats in aggregation"))


def said(answer):
    """(warnings, infos), without what releases say differently."""
    def plain(text):
        for old, new in REWORDED:
            text = text.replace(old, new)
        return text
    return tuple(sorted({plain(text) for text in answer.get(key, []) if not NEWER_THAN_PEER.match(text)}) for key in ("warnings", "infos"))


def compare(theirs, ours, tolerance, annotated):
    """None when both agree (also when both refuse alike), else (kind, text). annotated: the peer says warnings and infos at all (3.0)."""
    (status_t, t), (status_o, o) = theirs, ours
    if t["status"] != o["status"]:
        return "outcome", f"{t['status']} ({t.get('error', '')[:150]}) against {o['status']} ({o.get('error', '')[:150]})"
    if t["status"] == "error":
        if (status_t, t["errorType"]) != (status_o, o["errorType"]):
            return "error type", f"{status_t} {t['errorType']} ({t['error'][:150]}) against {status_o} {o['errorType']} ({o['error'][:150]})"
        return None
    try:
        compare_data(t["data"], o["data"], tolerance)
    except Difference as d:
        return d.kind, str(d)
    except ValueError as e:
        return "series", str(e)
    if annotated and said(t) != said(o):
        gone, new = ([x for two in zip(said(p), said(q)) for x in two[0] if x not in two[1]] for p, q in ((t, o), (o, t)))
        return "annotations", f"not said: {gone}; said too much: {new}"
    return None


# ---- the checks

def load(a, servers, start_ms, modern):
    odd = odd_series(a.seed, modern)
    for server in servers:
        out = subprocess.run([a.rwload, "127.0.0.1", str(server.port), "/api/v1/write", str(INSTANCES), str(SAMPLES), str(STEP_S), str(start_ms), "2000"],
                             capture_output=True, text=True, timeout=300)
        text = (out.stdout + out.stderr).strip()
        ok(f"{server.name} takes {INSTANCES * 400 * SAMPLES} samples", None if out.returncode == 0 and " fails=0" in text else text)
        ok(f"{server.name} takes the odd series", send_odd(server, odd, start_ms))
    if modern:
        load_histograms(a, servers, start_ms)


def load_histograms(a, servers, start_ms):
    histograms = peers_hist.series(a.seed)
    for server in servers:
        why = None
        for k in range(peers_hist.STEPS):
            body = peers_hist.write_request(histograms, k, start_ms + k * STEP_S * 1000)
            status, text = server.request("POST", "/api/v1/write", rwire.snappy(body), rwire.HEADERS)
            if status // 100 != 2:
                why = f"step {k}: HTTP {status}: {text[:200]!r}"
                break
        ok(f"{server.name} takes native histograms", why)


def read_questions(path):
    with open(path) as f:
        tree = ast.parse(f.read())
    for node in tree.body:
        if isinstance(node, ast.Assign) and [getattr(t, "id", None) for t in node.targets] == ["Q"]:
            return ast.literal_eval(node.value)
    raise SystemExit(f"{path} has no list Q")


def check_questions(a, prometheus, pharos, first_s, last_s):
    for name, query, _ in read_questions(a.questions):
        instant = {"query": query, "time": last_s}
        range_ = {"query": query, "start": first_s, "end": last_s, "step": STEP_S}
        for kind, path, params in (("instant", "/api/v1/query", instant), ("range", "/api/v1/query_range", range_)):
            theirs, ours = prometheus.ask(path, params), pharos.ask(path, params)
            if theirs[1]["status"] == "success" and not theirs[1]["data"]["result"]:
                ok(f"{name}, {kind}", "nothing to compare: Prometheus answers nothing")
                continue
            difference = compare(theirs, ours, EXACT, a.modern)
            ok(f"{name}, {kind}", None if difference is None else f"{difference[0]}: {difference[1]}")


def catalogue(prometheus):
    _, answer = prometheus.ask("/api/v1/series", {"match[]": ['{job=~".+"}']})
    metrics = {}
    for labels in answer["data"]:
        of = metrics.setdefault(labels["__name__"], {})
        for k, v in labels.items():
            if k != "__name__":
                of.setdefault(k, set()).add(v)
    return {n: {k: sorted(v) for k, v in of.items()} for n, of in metrics.items()}


def counted(data):
    """How many values there are at each time."""
    out = {}
    for series in by_labels(data).values():
        for when, _ in series:
            out[when] = out.get(when, 0) + 1
    return out


def refused_strangers(theirs, ours):
    """Until 3.9 series whose names leave were refused for having equal labels even where they never have samples at one time."""
    return theirs["status"] == "error" and "with the same labelset" in theirs.get("error", "") and ours["status"] == "success"


def known(expr, difference, theirs, ours, modern):
    """Why a difference is none of ours, or None."""
    kind, text = difference
    if refused_strangers(theirs[1], ours[1]):
        return "series of equal labels that never meet are merged since 3.9"
    if kind == "value" and "mad_over_time" in expr and text.endswith("against NaN"):
        return "mad_over_time of NaN is NaN since 3.6"
    if re.search(r"histogram_(count|sum|avg)\(.*((irate|rate|increase)\(.*nh_gau|[!=]= on \(instance\))", expr) and kind in ("value", "series", "near", "annotations"):
        return "below histogram_count and its kin 3.5 decodes other buckets"
    if kind == "series" and re.search(r"\binfo\(.*odd_sparse", expr) and text.endswith("0 too many [] of " + text.rsplit(" ", 1)[1]):
        return "3.5 gives series the info of others when some have no sample at a step"
    if re.search(r"Parameter value is NaN|Ratio value is NaN", text) and "success" in text:
        return "a parameter of NaN is an error since 3.6"
    if re.search(r"Scalar value \S+ (over|under)flows int64", text) and "success ()" in text and not theirs[1]["data"]["result"]:
        return "a parameter is checked since 3.6 also when there is nothing to choose from"
    if kind in ("series", "timestamps", "value", "histogram") and expr.startswith("limitk") and counted(theirs[1]["data"]) == counted(ours[1]["data"]):
        return "limitk takes any"
    if kind in ("series", "timestamps", "value") and re.search(r"\b(topk|bottomk)\b", expr) and same_but_for_ties(theirs[1]["data"], ours[1]["data"]):
        return "equal values, of which any may be taken"
    if theirs[1].get("status") == "success" and "multiple matches for labels" in text and re.search(r"[=!]=|[<>]", expr):
        return "until 3.9 only what a comparison left was counted as a match"
    if kind == "stats" and re.search(r"_over_time\(nh_coarser.*\[[^\]]*:", expr):
        return "how large a sum of histograms of several resolutions is in memory"
    if kind == "near":
        return "the last digit of an intermediate result, magnified"
    if not modern and kind == "value" and re.search(r"\bavg\b", expr) and re.search(r": [-+.\w]+ against (-Inf|\+Inf|NaN)$|: ([-+]Inf|NaN) against", text):
        return "an average that overflows is infinite since 3.0, was NaN or wrong"
    return None


def check_expressions(a, prometheus, pharos, first_s, last_s, modern):
    source = Expressions(a.seed, catalogue(prometheus), first_s, last_s, modern)
    r = random.Random(a.seed + 1)
    counts = {"agree": 0, "agree on an error": 0, "empty": 0, "known differences": 0}
    exact = values = redrawn = 0
    real = []
    done = 0
    while done < a.expressions:
        done += 1
        expr = source.next()
        at = first_s + GRID_S * r.randrange((last_s - first_s) // GRID_S + 30)  # also behind the last sample
        if r.random() < 0.5:
            path, params = "/api/v1/query", {"query": expr, "time": at}
        else:
            path, params = "/api/v1/query_range", {"query": expr, "start": first_s, "end": last_s + r.choice([0, 300]), "step": r.choice([15, 30, 45, 60, 120])}
        params["stats"] = "all"
        theirs, ours = prometheus.ask(path, params), pharos.ask(path, params)
        difference = compare(theirs, ours, CLOSE, a.modern) or compare_stats(expr, theirs[1], ours[1])
        if difference is None:
            if theirs[1]["status"] == "error":
                counts["agree on an error"] += 1
            elif not theirs[1]["data"]["result"]:
                if counts["empty"] < 0.15 * done:
                    counts["empty"] += 1
                else:
                    done -= 1  # another one instead: an empty answer says little
                    redrawn += 1
            else:
                counts["agree"] += 1
                if theirs[1]["data"]["resultType"] in ("vector", "matrix") and theirs[1]["data"]["result"]:
                    t, o = by_labels(theirs[1]["data"]), by_labels(ours[1]["data"])
                    values += sum(len(p) for p in t.values())
                    exact += sum(x == y for k in t for x, y in zip(t[k], o[k]))
            continue
        why = known(expr, difference, theirs, ours, modern)
        line = f"{difference[0]}: {path.rsplit('/', 1)[1]} {json.dumps(params, ensure_ascii=False)}: {difference[1]}"
        if why:
            counts["known differences"] += 1
            print(f"# {why}; {line}")
        else:
            real.append(line)
            print(f"not ok expression {line}")
    print("# " + ", ".join(f"{n} {k}" for k, n in counts.items()) + f", {len(real)} differ; {exact} of {values} values are equal to the last digit; {redrawn} empty ones drawn again")
    ok(f"{a.expressions} random expressions of seed {a.seed}", f"{len(real)} differ" if real else None)
    ok("known differences are rare", None if counts["known differences"] <= max(3, a.expressions // 50) else f"{counts['known differences']} of {a.expressions}")
    useful = counts["agree"] / max(1, a.expressions)
    ok("most random expressions have an answer", None if useful > 0.4 else f"only {useful:.0%} do")


def check_histograms(a, prometheus, pharos, first_s, last_s):
    source, r, real, full = peers_hist.Expressions(a.seed), random.Random(a.seed + 2), 0, 0
    n = max(50, a.expressions // 3)
    for _ in range(n):
        expr = source.next()
        at = first_s + GRID_S * r.randrange((last_s - first_s) // GRID_S)
        params = {"query": expr, "start": at, "end": min(last_s, at + 300), "step": r.choice([15, 30, 60])}
        theirs, ours = prometheus.ask("/api/v1/query_range", params), pharos.ask("/api/v1/query_range", params)
        why = None if refused_strangers(theirs[1], ours[1]) else peers_hist.compare(theirs, ours)
        full += theirs[1]["status"] == "success" and bool(theirs[1]["data"]["result"])
        if why:
            real += 1
            print(f"not ok histogram expression {json.dumps(params)}: {why}")
    ok(f"{n} random expressions of native histograms, seed {a.seed}", f"{real} differ" if real else None)
    ok("most of them have an answer", None if full > 0.5 * n else f"only {full} of {n} do")


def check_promtool(a, prometheus, pharos, first_s, last_s):
    at, span = [f"--time={last_s}"], [f"--start={first_s}", f"--end={last_s}"]
    cases = [
        ("instant", ["query", "instant", *at], ['max by (mode) (rate(node_cpu_seconds_total[5m]))'], sorted),
        ("instant, scalar", ["query", "instant", *at], ["scalar(count(app_gauge_1)) + 0.5"], list),
        ("instant, string", ["query", "instant", *at], ['"text"'], list),
        ("instant, sorted", ["query", "instant", *at], ["sort_desc(sum by (instance) (http_requests_total))"], list),
        ("range", ["query", "range", *span, "--step=60s"], ['max by (instance) (rate(http_requests_total{status=~"5.."}[5m]))'], list),
        ("series", ["query", "series", "--match=app_gauge_1", '--match={__name__="odd_labels"}', *span], [], sorted),
        ("labels", ["query", "labels", *span], ["instance"], list),
        ("labels, a name that is not there", ["query", "labels", *span], ["nothing_of_this_name"], list),
    ]
    for name, args, rest, order in cases:
        answers = []
        for server in (prometheus, pharos):
            out = subprocess.run([a.promtool, *args, server.url, *rest], capture_output=True, text=True, timeout=60)
            answers.append((out.returncode, order(out.stdout.replace(server.url, "URL").splitlines()), out.stderr.replace(server.url, "URL").strip()))
        theirs, ours = answers
        why = None
        if theirs[0] != ours[0]:
            why = f"exit {theirs[0]} against {ours[0]}: {ours[2][:300]}"
        elif theirs[1] != ours[1]:
            pair = next(((x, y) for x, y in zip(theirs[1] + ["(end)"], ours[1] + ["(end)"]) if x != y), None)
            why = f"the text differs: {pair}"
        elif ours[0] == 0 and not ours[1] and "not there" not in name:
            why = "nothing was printed"
        ok(f"promtool query {name}", why)


def main():
    p = argparse.ArgumentParser()
    for name in ("pharos", "prometheus", "promtool", "rwload", "questions", "work"):
        p.add_argument("--" + name, required=True)
    p.add_argument("--expressions", type=int, default=300)
    p.add_argument("--seed", type=int, default=1)
    a = p.parse_args()
    # Samples lie 4 s behind the grid, evaluations 11 s behind it.
    start_s = (int(time.time()) - SAMPLES * STEP_S - 60) // 60 * 60 + 4
    first_s, last_s = start_s + 7 + 3 * STEP_S, start_s + 7 + (SAMPLES - 2) * STEP_S
    servers = start_servers(a)
    try:
        for server in servers:
            ready = server.wait_ready()
            ok(f"{server.name} starts", None if ready else server.tail())
            if not ready:
                return
        prometheus, pharos = servers
        version = json.loads(prometheus.request("GET", "/api/v1/status/buildinfo")[1])["data"]["version"]
        modern = a.modern = int(version.split(".")[0]) >= 3
        print(f"# Prometheus {version}; seed {a.seed}")
        load(a, servers, start_s * 1000, modern)
        check_questions(a, prometheus, pharos, first_s, last_s)
        check_promtool(a, prometheus, pharos, first_s, last_s)
        check_expressions(a, prometheus, pharos, first_s, last_s, modern)
        if modern:
            check_histograms(a, prometheus, pharos, first_s, last_s)
        for server in servers:
            ok(f"{server.name} is still alive", None if server.process.poll() is None else f"exit {server.process.poll()}: {server.tail()}")
    except (http.client.HTTPException, OSError) as e:
        ok("both servers answer", f"{e!r}; pharos' log: {servers[1].tail()}")
    finally:
        for server in servers:
            server.stop()
        code = servers[1].process.returncode
        ok("pharos ends by itself on SIGTERM", None if code == 0 else f"exit {code}: {servers[1].tail()}")
        print(f"{passed} passed, {failed} failed, 0 skipped")


main()
sys.exit(failed > 0)
