"""Random PromQL over metrics that exist. The same seed gives the same expressions.

Times, ranges, offsets and steps are multiples of GRID_S: with evaluation times that lie between two samples no window then begins
or ends exactly on a sample, where Prometheus 2 (closed on both sides) and 3 (open on the left) differ. A subquery inside a
subquery would break that.

What is left out, because Prometheus itself gives no answer to hold on to:
- topk and bottomk inside other expressions: which of equal values they take is not defined, and changes what is computed from them;
- % of computed values: the last digit of an operand may turn x % x into 0 or x;
- calendar functions of NaN, infinite or huge times, which depend on the processor;
- count_values of computed values: a last digit is another label;
- info() of info series, of other info metrics (mixed up by 3.5), and behind offset or @, where 3.6 looks at other times;
- histogram_fraction of classic buckets, which was always NaN before 3.6, and mad_over_time of NaN, which is NaN since then;
- @ in the parameter of an aggregation: 3.5 moves that time from step to step;
- limitk inside other expressions: it takes the first ones of what has no order;
- two matchers of one label (absent() takes them in the order that the store left them in), timestamp() of a selector with
  both @ and offset (the offset is lost there), logarithms of denormal numbers (wrong there on x86-64), sinh and cosh
  (infinite there just before they are).
When the peer is older than 3.0 (`modern` false) also: what 3.0 changed about atan2 (it kept the name), the spread of infinite
values (was 0), predict_linear behind @, rates of gauges near zero, and buckets that differ in the last digit."""
import random

GRID_S = 15
COUNTER_FUNCTIONS = ["rate", "increase", "irate", "resets"]
GAUGE_FUNCTIONS = ["delta", "idelta", "deriv", "changes"]
OVER_TIME = ["avg", "min", "max", "sum", "count", "stddev", "stdvar", "last", "present"]
AGGREGATIONS = ["sum", "avg", "min", "max", "count", "group", "stddev", "stdvar"]
MATHS = ["abs", "ceil", "floor", "exp", "ln", "log2", "log10", "sqrt", "sgn", "deg", "rad", "sin", "cos", "tan", "asin", "acos", "atan",
         "sinh", "cosh", "tanh", "asinh", "acosh", "atanh"]
EXPERIMENTAL_OVER_TIME = ["mad", "ts_of_min", "ts_of_max", "ts_of_last"]
OF_HISTOGRAMS = ["histogram_count", "histogram_sum", "histogram_avg", "histogram_stddev", "histogram_stdvar"]
CALENDAR = ["minute", "hour", "day_of_week", "day_of_month", "day_of_year", "days_in_month", "month", "year"]
COMPARISONS = ["==", "!=", ">", "<", ">=", "<="]
NUMBERS = ["0", "1", "-1", "2", "0.5", "10", "100", "1e3", "1e-3", "3.7", "NaN", "Inf", "-Inf", "0x1F"]
RANGES = ["15s", "30s", "45s", "1m", "90s", "2m", "5m", "10m"]


class Expressions:
    def __init__(self, seed, metrics, first_s, last_s, modern):
        """metrics: {name: {label: [value, ...]}}; first_s .. last_s: the evaluation times that may appear after @."""
        self.r = random.Random(seed)
        self.metrics = metrics
        self.names = sorted(metrics)
        self.counters = [n for n in self.names if n.endswith("_total") or n.endswith("_bucket")]
        self.gauges = [n for n in self.names if n not in self.counters]
        self.buckets = [n for n in self.names if n.endswith("_bucket")]
        self.labels = sorted({k for labels in metrics.values() for k in labels})
        self.first_s, self.last_s, self.modern = first_s, last_s, modern
        self.steady = [n for n in self.names if n != "odd_values"]
        self.histograms = [n for n in self.names if n.startswith("nh_")]
        self.aggregations = AGGREGATIONS if modern else [a for a in AGGREGATIONS if not a.startswith("std")]
        self.operators = ["+", "-", "*", "/", "^"] + (["atan2"] if modern else [])
        self.in_subquery = self.in_parameter = 0

    def next(self):
        self.in_subquery = 0
        kind, depth = self.r.random(), self.r.choice([1, 2, 2, 3, 3, 4])
        if self.modern and kind > 0.97:
            expr = self.last(depth)
        else:
            expr = self.scalar(2) if kind < 0.04 else self.ranked(depth) if kind < 0.09 else self.vector(depth)
        return self.broken(expr) if self.r.random() < 0.04 else expr

    # ---- leaves

    def time(self):
        return self.first_s + GRID_S * self.r.randrange((self.last_s - self.first_s) // GRID_S + 1)

    def modifiers(self, both=True):
        r, out = self.r, []
        if r.random() < 0.15:
            out.append("offset " + r.choice(["15s", "30s", "1m", "150s", "5m", "-30s", "-2m"] + (["(1m-15s)", "(2*30)", "-(15s*2)"] if self.modern else [])))
        if r.random() < 0.12 and not self.in_parameter:
            out.append("@ " + r.choice([str(self.time()), "start()", "end()", f"{self.time()}.000"]))
        r.shuffle(out)
        out = out if both else out[:1]
        return "".join(" " + m for m in out)

    def quoted(self, text):
        return '"' + text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") + '"'

    def matcher(self, name, label):
        r, labels = self.r, self.metrics[name]
        value = r.choice(labels.get(label) or ["x"])
        kind = r.random()
        if kind < 0.45:
            return f"{label}={self.quoted(value)}"
        if kind < 0.6:
            return f"{label}!={self.quoted(value)}"
        plain = [v for v in labels.get(label, []) if v.replace("-", "").replace("_", "").isalnum()] or ["x"]
        pattern = r.choice([".+", ".*", "|".join(r.sample(plain, min(len(plain), 2))), plain[0][:2] + ".*", ".*" + plain[0][-1:], "", "[a-m].*"])
        return f"{label}{r.choice(['=~', '!~'])}{self.quoted(pattern)}"

    def selector(self, names=None):
        r = self.r
        name = r.choice(names or self.names)
        if r.random() < 0.03:
            return f'{{__name__=~"{name[:-2]}.*"}}'
        if r.random() < 0.02:
            return "absent_metric"
        labels = sorted(self.metrics[name])
        matchers = [self.matcher(name, label) for label in r.sample(labels, min(len(labels), r.choice([0, 0, 0, 1, 1, 2])))]
        return name + ("{" + ",".join(matchers) + "}" if matchers else "")

    def instant(self, names=None):
        text = self.selector(names) + self.modifiers()
        return f"({text})" if "offset (" in text or "offset -(" in text else text  # else 3.5 takes an operator behind it for the duration's

    def duration(self, choices):
        """One of them, or the like as an expression."""
        r = self.r
        if not self.modern or r.random() < 0.9:
            return r.choice(choices)
        return r.choice(["1m*2", "(30s+15s)", "2*45", "5m/2", "1m30s-15s", "-(-1m)", "30s*2^2", "90", "300%240"])

    def range(self, names=None):
        return f"{self.selector(names)}[{self.duration(RANGES)}]{self.modifiers()}"

    def subquery(self, depth):
        if self.in_subquery:
            return self.range()
        self.in_subquery += 1
        inner = self.vector(depth - 1)
        self.in_subquery -= 1
        if not inner.endswith(")") or " " in inner:
            inner = f"({inner})"
        return f"{inner}[{self.duration(['1m', '2m', '5m'])}:{self.r.choice(['15s', '30s', '1m', ''])}]{self.modifiers()}"

    def number(self):
        return self.r.choice(NUMBERS)

    def grouping(self):
        some = self.r.sample(self.labels, self.r.choice([0, 1, 1, 2]))
        return f"{self.r.choice(['by', 'by', 'without'])} ({', '.join(some)})"

    # ---- scalars and vectors

    def scalar(self, depth):
        kind = self.r.random()
        if depth <= 0 or kind < 0.5:
            return self.number()
        if kind < 0.6:
            return self.r.choice(["time()", "pi()"])
        if kind < 0.8:
            return f"scalar({self.vector(depth - 1)})"
        if kind < 0.9:
            return f"({self.scalar(depth - 1)} {self.r.choice(self.operators)} {self.scalar(depth - 1)})"
        return f"({self.scalar(depth - 1)} {self.r.choice(COMPARISONS)} bool {self.scalar(depth - 1)})"

    def vector(self, depth):
        if depth <= 0:
            return self.instant()
        makers = [(self.over_range, 22), (self.aggregation, 18), (self.arithmetic, 12), (self.matching, 9), (self.set_operation, 5), (self.maths, 6),
                  (self.chosen, 7), (self.labelled, 5), (self.absent, 3), (self.histogram, 5), (self.dated, 3), (self.sign, 2), (self.instant_any, 3)]
        if self.modern:
            makers += [(self.native, 8), (self.info, 2), (self.sampled, 2), (self.smoothing, 3)]
        make = self.r.choices([m for m, _ in makers], [w for _, w in makers])[0]
        return make(depth)

    def instant_any(self, depth):
        r, by = self.r, []
        if self.modern:
            by = [f"{r.choice(['sort_by_label', 'sort_by_label_desc'])}({self.vector(depth - 1)}{''.join(', ' + self.quoted(l) for l in r.sample(self.labels, r.choice([0, 1, 2])))})"]
        return r.choice([self.instant(), f"vector({self.scalar(depth - 1)})", f"sort({self.vector(depth - 1)})", f"sort_desc({self.vector(depth - 1)})"] + by)

    def native(self, depth):
        """Of native histograms, or a histogram."""
        r, names = self.r, self.histograms
        inner = r.choice([lambda: self.instant(names), lambda: f"{r.choice(['rate', 'increase', 'irate', 'delta', 'idelta'])}({self.range(names)})",
                          lambda: f"{r.choice(['sum', 'avg', 'last'])}_over_time({self.range(names)})",
                          lambda: f"{r.choice(['sum', 'avg'])} {self.grouping()} ({self.native(depth - 1) if depth > 1 else self.instant(names)})",
                          lambda: f"({self.instant(names)} {r.choice(['*', '/', '+', '-', '==', '!='])} {self.number()})",
                          lambda: f"({self.instant(names)} {r.choice(['*', '/', '+', '-', '==', '!=', 'and', 'unless', 'or'])} on (instance) {self.instant(names)})"])()
        kind = r.random()
        if kind < 0.3:
            return inner
        if kind < 0.5:
            return f"histogram_quantile({r.choice(['0.5', '0.9', '0.99', '0', '1', '0.333', 'NaN', '1.2'])}, {inner})"
        if kind < 0.6:
            return f"histogram_fraction({r.choice(['-Inf', '-1', '0', '0.3', '2'])}, {r.choice(['0', '0.7', '3', '+Inf'])}, {inner})"
        return f"{r.choice(OF_HISTOGRAMS)}({inner})"

    def info(self, depth):
        del depth
        r, inner = self.r, f"{self.r.choice(['rate', 'increase'])}({self.selector(self.counters)}[{self.r.choice(RANGES)}])"
        which = r.choice(["", "", ', {version=~".+"}', ', {nothing="x"}'])
        return f"info({r.choice([self.selector(self.counters), inner])}{which})"

    def sampled(self, depth):
        return f"limit_ratio{self.r.choice(['', ' ' + self.grouping() + ' '])}({self.r.choice(['0', '0.2', '0.5', '0.9', '1', '-0.3', '-1', '1.5', '-2'])}, {self.vector(depth - 1)})"

    def smoothing(self, depth):
        r = self.r
        what = self.subquery(depth) if r.random() < 0.3 else self.range()
        if r.random() < 0.5:
            return f"double_exponential_smoothing({what}, {r.choice(['0.1', '0.5', '0.9', '0.01', '1', '0'])}, {r.choice(['0.1', '0.5', '0.9', '1.5'])})"
        return f"{r.choice(EXPERIMENTAL_OVER_TIME)}_over_time({self.range(self.steady) if r.random() < 0.7 else self.subquery(1)})"

    def last(self, depth):
        """What only stands at the top: limitk, a string, a range, a scalar that changes."""
        r = self.r
        return r.choice([lambda: f"limitk{r.choice(['', ' ' + self.grouping() + ' '])}({r.choice(['0', '1', '3', '1000'])}, {self.vector(depth - 1)})",
                         lambda: self.quoted(r.choice(["", "text", "ünï\ncode", 'a"b'])), self.range, lambda: self.subquery(depth), lambda: f"scalar({self.vector(depth)})",
                         lambda: f"topk({self.parameter()}, {self.instant()})", lambda: f"quantile({self.parameter()}, {self.instant()})"])()

    def parameter(self):
        self.in_parameter = 1
        text = self.scalar(2)
        self.in_parameter = 0
        return text

    def over_range(self, depth):
        r, kind = self.r, self.r.random()
        if kind < 0.3:
            return f"{r.choice(COUNTER_FUNCTIONS)}({self.range(self.counters)})"
        if kind < 0.45:
            return f"{r.choice(GAUGE_FUNCTIONS)}({self.range()})"
        what = self.subquery(depth) if kind > 0.75 else self.range()
        if kind > 0.97 and self.modern:
            return f"{r.choice(COUNTER_FUNCTIONS + GAUGE_FUNCTIONS)}({what})"
        if r.random() < 0.15:
            return f"quantile_over_time({r.choice(['0', '0.5', '0.9', '1', '-1', '2', '0.333'])}, {what})"
        if r.random() < 0.08 and (self.modern or "@" not in what):
            return f"predict_linear({what}, {r.choice(['0', '60', '3600', '-300'])})"
        return f"{r.choice(OVER_TIME)}_over_time({what})"

    def aggregation(self, depth):
        r = self.r
        inner = self.vector(depth - 1)
        op, kind = r.choice(self.aggregations), r.random()
        if kind < 0.25:
            return f"{op}({inner})"
        return f"{op} {self.grouping()} ({inner})" if kind < 0.7 else f"{op}({inner}) {self.grouping()}"

    def chosen(self, depth):
        r, inner = self.r, self.vector(depth - 1)
        group = " " + self.grouping() + " " if r.random() < 0.5 else ""
        return r.choice([
            f"quantile{group}({r.choice(['0', '0.25', '0.5', '0.99', '1', '1.5'])}, {inner})", f'count_values{group}("value", {self.instant()})'])

    def ranked(self, depth):
        group = " " + self.grouping() + " " if self.r.random() < 0.5 else ""
        return f"{self.r.choice(['topk', 'bottomk'])}{group}({self.r.choice(['0', '1', '2', '3', '5'])}, {self.vector(depth - 1)})"

    def arithmetic(self, depth):
        r = self.r
        if r.random() < 0.06:
            return f"({self.instant()} % {self.number()})"
        left, right = self.vector(depth - 1), self.scalar(depth - 1)
        if r.random() < 0.3:
            left, right = right, left
        op = r.choice(self.operators) if r.random() < 0.6 else r.choice(COMPARISONS) + r.choice(["", " bool"])
        return f"({left} {op} {right})"

    def matching(self, depth):
        r = self.r
        op = r.choice(self.operators) if r.random() < 0.7 else r.choice(COMPARISONS) + r.choice(["", " bool"])
        kind = r.random()
        if kind < 0.35:  # the same labels on both sides
            name = r.choice(self.names)
            other = r.choice([n for n in self.names if set(self.metrics[n]) == set(self.metrics[name])])
            return f"({self.selector([name])} {op} {self.selector([other])})"
        label = r.choice(self.labels)
        if kind < 0.55:
            return f"({r.choice(self.aggregations)} by ({label}) ({self.vector(depth - 1)}) {op} on ({label}) {r.choice(self.aggregations)} by ({label}) ({self.vector(depth - 1)}))"
        if kind < 0.85:
            extra = r.choice(["", "", "job", label])
            side = r.choice(["left", "right"])
            many, one = self.vector(depth - 1), f"{r.choice(self.aggregations)} by ({label}) ({self.vector(depth - 1)})"
            left, right = (many, one) if side == "left" else (one, many)
            return f"({left} {op} on ({label}) group_{side} ({extra}) {right})"
        return f"({self.vector(depth - 1)} {op} ignoring ({', '.join(r.sample(self.labels, 2))}) {self.vector(depth - 1)})"

    def set_operation(self, depth):
        r = self.r
        how = r.choice(["", f"on ({r.choice(self.labels)}) ", f"ignoring ({r.choice(self.labels)}) "])
        return f"({self.vector(depth - 1)} {r.choice(['and', 'or', 'unless'])} {how}{self.vector(depth - 1)})"

    def maths(self, depth):
        r, inner = self.r, self.vector(depth - 1)
        return r.choice([f"{r.choice(MATHS)}({inner})", f"{r.choice(MATHS)}({inner})", f"round({inner})", f"round({inner}, {r.choice(['0.1', '5', '1000'])})",
                         f"clamp({inner}, {self.number()}, {self.number()})", f"clamp_min({inner}, {self.number()})", f"clamp_max({inner}, {self.number()})"])

    def labelled(self, depth):
        r, inner = self.r, self.vector(depth - 1)
        source = r.choice(self.labels)
        target = r.choice(self.labels + ["made"])
        pattern, replacement = r.choice([("(.*)", "$1"), ("(.).*", "$1"), ("host-0*(.+):(.+)", "$2-$1"), ("(?P<x>[a-z]+).*", "${x}_y"), (".*", ""), ("no", "x"), ("(", "x")])
        if r.random() < 0.7:
            return f'label_replace({inner}, "{target}", "{replacement}", "{source}", "{pattern}")'
        return f'label_join({inner}, "{target}", "-", {", ".join(self.quoted(l) for l in r.sample(self.labels, 2))})'

    def absent(self, depth):
        r = self.r
        return r.choice([f"absent({self.instant()})", f"absent({self.vector(depth - 1)})", f"absent_over_time({self.range()})",
                         f'absent(absent_metric{{job="x",instance=~"a.*",cpu="0"}})'])

    def histogram(self, depth):
        del depth
        r = self.r
        labels = sorted({k for n in self.buckets for k in self.metrics[n]} - {"le"})
        by = ", ".join(["le"] + r.sample(labels, r.choice([0, 1, 2])))
        if not self.modern:
            return f"histogram_quantile({r.choice(['0.5', '0.9', '0.95', '0', '1', '-0.1', '1.1'])}, sum by ({by}) ({self.instant(self.buckets)}))"
        return (f"histogram_quantile({r.choice(['0.5', '0.9', '0.95', '0', '1', '-0.1', '1.1'])}, "
                f"{r.choice(['sum', 'avg', 'max'])} by ({by}) ({r.choice(['rate', 'increase', 'irate'])}({self.range(self.buckets)})))")

    def dated(self, depth):
        del depth
        r = self.r
        stamp = f"timestamp({self.selector()}{self.modifiers(both=False)})"
        return r.choice([stamp, f"{r.choice(CALENDAR)}({self.instant(self.steady)})", f"{r.choice(CALENDAR)}({stamp})", f"{r.choice(CALENDAR)}()"])

    def sign(self, depth):
        return f"-({self.vector(depth - 1)})"

    def broken(self, expr):
        r = self.r
        cut = r.randrange(1, max(2, len(expr)))
        return r.choice([expr[:cut], expr + ")", f"rate({expr})", f"({expr})[5m]", f"sum by (({expr})", f"no_such_function({expr})", f"({expr}) and 1",
                         f"1 > 2 + ({expr}) offset 5m", f"{expr} {expr}", f"quantile({expr})"])
