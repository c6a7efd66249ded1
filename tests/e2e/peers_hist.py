"""Native histograms for the comparison with Prometheus: series, remote write, random expressions, answers side by side."""
import math, random

import rwire
from rwire import double, number, signed, text, zigzag

STEPS, BUCKETS = 60, 12


def encode(h, at_ms):
    """A histogram {schema, zero, width, sum, gauge, start, counts, negative} as an integer histogram of remote write v1."""
    def side(counts, spans_field, deltas_field):
        if not counts:
            return b""
        deltas, before = b"", 0
        for c in counts:
            deltas += zigzag(c - before)
            before = c
        return text(spans_field, signed(1, h["start"]) + number(2, len(counts))) + text(deltas_field, deltas)
    total = h["zero"] + sum(h["counts"]) + sum(h["negative"])
    return (number(1, total) + double(3, h["sum"]) + signed(4, h["schema"]) + double(5, h["width"]) + number(6, h["zero"])
            + side(h["negative"], 8, 9) + side(h["counts"], 11, 12) + (number(14, 3) if h["gauge"] else b"") + number(15, at_ms))


def series(seed):
    """[(labels, [histogram or None per step])]

    Counts are large from the start: that a rate is not extrapolated below a count of zero is newer than some peers."""
    r, out, base = random.Random(seed), [], 4000

    def add(name, schema_at, width, gauge, reset, gap, negative, **labels):
        counts, minus, zero, total, all_ = [base] * BUCKETS, [base] * 4, base, 0.0, []
        for k in range(STEPS):
            if r.random() < reset:
                low = min(counts) * 3 // 4
                counts, minus, zero, total = [low] * BUCKETS, [low] * 4, low, 0.0
            for _ in range(r.randrange(12)):
                counts[min(BUCKETS - 1, int(abs(r.gauss(4, 3))))] += 1
                total += r.random() * 4
            zero += r.randrange(2)
            if gauge:
                counts = [max(0, c - r.randrange(3)) for c in counts]
            if negative:
                minus[r.randrange(4)] += 1
                total -= 1
            h = {"schema": schema_at(k), "zero": zero, "width": width, "sum": total, "gauge": gauge, "start": -3, "counts": list(counts),
                 "negative": list(minus) if negative else []}
            all_.append(None if r.random() < gap else h)
        out.append((sorted({"__name__": name, "job": "nh", **labels}.items()), all_))

    for i in range(3):
        add("nh_requests", lambda k: 1, 0.001, False, 0.0, 0.0, False, instance=str(i))
        add("nh_resets", lambda k: 0, 0.001, False, 0.08, 0.1, True, instance=str(i))
        add("nh_finer", lambda k, i=i: i, 0.01 * (i + 1), False, 0.0, 0.0, True, instance=str(i))
        add("nh_gauge", lambda k: 2, 0.001, True, 0.0, 0.05, False, instance=str(i))
    add("nh_coarser", lambda k: 3 - k // 20, 0.001, False, 0.0, 0.0, False, instance="0")
    return out


def write_request(all_series, k, at_ms):
    body = b""
    for labels, values in all_series:
        if values[k] is not None:
            body += rwire.series(labels, histograms=[encode(values[k], at_ms)])
    return body


class Expressions:
    NAMES = ["nh_requests", "nh_resets", "nh_finer", "nh_gauge", "nh_coarser"]

    def __init__(self, seed):
        self.r = random.Random(seed)

    def next(self):
        r = self.r
        return r.choice([self.of_floats, self.of_floats, self.histogram])(r.choice([1, 2, 2, 3]))

    def selector(self):
        r = self.r
        return r.choice(self.NAMES) + r.choice(["", "", '{instance="0"}', '{instance=~"0|1"}']), r.choice(["", "", "", " offset 1m", " @ end()"])

    def range(self, counters=False):
        s, m = self.selector()
        while counters and "gauge" in s:  # what falls again and again soon reaches a count of zero, and is reset in buckets alone
            s, m = self.selector()
        return f"{s}[{self.r.choice(['1m', '2m', '5m', '45s'])}]{m}"

    def histogram(self, depth):
        r = self.r
        if depth <= 0:
            return "".join(self.selector())
        kind = r.randrange(9)
        if kind < 3:
            function = r.choice(['rate', 'increase', 'irate', 'delta', 'idelta'])
            return f"{function}({self.range(function in ('rate', 'increase', 'irate'))})"
        if kind == 3:
            return f"{r.choice(['sum_over_time', 'avg_over_time', 'last_over_time'])}({self.range()})"
        if kind == 4:
            return f"{r.choice(['sum', 'avg'])} {r.choice(['', 'by (instance) ', 'without (instance) '])}({self.histogram(depth - 1)})"
        if kind == 5:
            return f"({self.histogram(depth - 1)} {r.choice(['*', '/'])} {r.choice(['2', '0.5', '-1', '10'])})"
        if kind == 6:
            return f"({self.histogram(depth - 1)} {r.choice(['+', '-', 'and', 'or', 'unless', '==', '!='])} on (instance) {self.histogram(depth - 1)})"
        if kind == 7:
            return f"-{self.histogram(depth - 1)}"
        return f"rate(({self.range(True).split('[')[0]})[4m:{r.choice(['30s', '1m', '90s'])}])"

    def of_floats(self, depth):
        r, inner = self.r, self.histogram(depth)
        kind = r.randrange(8)
        if kind < 2:
            return f"histogram_quantile({r.choice(['0', '0.1', '0.5', '0.9', '0.99', '1'])}, {inner})"
        if kind == 2:
            return f"histogram_fraction({r.choice(['-Inf', '-1', '0', '0.3', '2'])}, {r.choice(['0', '0.7', '3', '+Inf'])}, {inner})"
        if kind < 6:
            return f"{r.choice(['histogram_count', 'histogram_sum', 'histogram_avg', 'histogram_stddev', 'histogram_stdvar'])}({inner})"
        if kind == 6:
            return f"{r.choice(['count_over_time', 'present_over_time', 'changes', 'resets', 'ts_of_last_over_time'][:4])}({self.range()})"
        return f"{r.choice(['count', 'group', 'max'])} by (instance) ({inner})"


def near(a, b, size, tolerance):
    if a == b or (math.isnan(a) and math.isnan(b)):
        return True
    return math.isfinite(a) and math.isfinite(b) and abs(a - b) <= tolerance * max(abs(a), abs(b), size)


def buckets(h):
    return {(b[0], b[1], b[2]): float(b[3]) for b in h.get("buckets", [])}


def same_histogram(x, y, tolerance):
    """What one has not counts as zero: the peer adds without compensation, so noise may be left in a bucket."""
    size = max([abs(float(x["count"])), abs(float(x["sum"]))] + [abs(v) for v in buckets(x).values()])
    size = size if math.isfinite(size) else 0.0
    a, b = buckets(x), buckets(y)
    return (near(float(x["count"]), float(y["count"]), size, tolerance) and near(float(x["sum"]), float(y["sum"]), size, tolerance)
            and all(near(a.get(k, 0.0), b.get(k, 0.0), size, tolerance) for k in set(a) | set(b)))


def compare(theirs, ours, tolerance=1e-9):
    """None, or what differs."""
    (status_t, t), (status_o, o) = theirs, ours
    if (status_t, t["status"], t.get("errorType")) != (status_o, o["status"], o.get("errorType")):
        return f"{status_t} {t.get('error', '')[:150]} against {status_o} {o.get('error', '')[:150]}"
    if t["status"] == "error":
        return None
    x, y = ({tuple(sorted(s["metric"].items())): s for s in d["data"]["result"]} for d in (t, o))
    if set(x) != set(y):
        return f"series {sorted(set(x) - set(y))[:2]} missing, {sorted(set(y) - set(x))[:2]} too many"
    for key in x:
        for field_ in ("values", "histograms"):
            p, q = x[key].get(field_, []), y[key].get(field_, [])
            if [v[0] for v in p] != [v[0] for v in q]:
                return f"{key}: {len(p)} {field_} against {len(q)}"
            for (at, a), (_, b) in zip(p, q):
                if field_ == "values" and not near(float(a), float(b), 1e-9, tolerance):
                    return f"{key} at {at}: {a} against {b}"
                if field_ == "histograms" and not same_histogram(a, b, tolerance):
                    return f"{key} at {at}: {a} against {b}"
    return None
