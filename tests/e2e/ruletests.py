"""Random rule files with unit tests through promtool and through pharos. What is expected is random too, so nearly every test fails, and the
lists of what was found instead show every alert, label, text and value: they must be the same line by line. Then files of others,
changed a little: the same verdicts."""
import difflib, json, os, random, re, shutil, subprocess, sys

import rulemutants

from harness import WORK, check, finish, skip, write

PHAROS, PROMTOOL, FILES, SEED, SHARED = os.path.abspath(sys.argv[1]), sys.argv[2], int(sys.argv[3]), int(sys.argv[4]), sys.argv[5]
METRICS, LABELS, VALUES = ["m1", "m2", "up", "req_total", "lat"], ["job", "instance", "a", "severity"], ["x", "y", "z", "api"]
TIMES = ["0s", "15s", "1m", "90s", "2m", "3m", "270s", "5m", "10m"]
TEXTS = ["plain", "", "{{ $labels.job }}", "{{ $value }}", "v={{ $value | humanize }}", "{{ $labels.instance }} {{ printf \"%.2f\" $value }}",
         "{{ $externalLabels.cluster }} {{ $externalURL }}", "{{ range query \"sum(up)\" }}{{ .Labels.job }}={{ .Value }} {{ end }}", "{{ $labels }}",
         "{{ with query \"max(m1)\" }}{{ . | first | value }}{{ end }}", "{{ humanizeDuration $value }}", "{{ humanizePercentage $value }}",
         "{{ if gt $value 1.0 }}big{{ else }}small{{ end }}", "{{ $labels.a | toUpper }}", "{{ reReplaceAll \"x\" \"y\" $labels.a }}", "{{ len $labels }}",
         "multi\nline {{ $value }}", "{{ query \"m1\" | sortByLabel \"job\" | len }}", "{{ .ExternalURL }}", "{{ index $labels \"job\" }}"]
ENDS_EARLY = "missing document start"  # promtool does not read what follows a document's end by indentation; pharos refuses it
R = random.Random()
quoted = lambda text: json.dumps(text, ensure_ascii=False)
number = lambda: R.choice(["0", "1", "2", "-1", "0.5", "10", "100", "3", "1e3"])
some_labels = lambda names=LABELS, most=2: {k: R.choice(VALUES) for k in R.sample(names, R.randint(0, most))}
mapping = lambda d: "{" + ", ".join(f"{k}: {quoted(v)}" for k, v in d.items()) + "}"


def selector(metric=None):
    return (metric or R.choice(METRICS)) + ("{" + ",".join(
        f"{l}{R.choice(['=', '!=', '=~', '!~'])}\"{R.choice(VALUES + ['x|y', '.+', ''])}\"" for l in R.sample(LABELS, R.randint(1, 2))) + "}" if R.random() < 0.4 else "")


def series(metric=None):
    return (metric or R.choice(METRICS)) + "{" + ", ".join(f"{l}=\"{v}\"" for l, v in some_labels(most=3).items()) + "}"


def expression(deep=True, in_test=False):
    s = selector()
    if deep and R.random() < 0.25:
        return f"{expression(False)} {R.choice(['+', '*', 'and', 'or', 'unless', 'and on(job)', '> bool'])} {expression(False)}"
    if in_test and R.random() < 0.2:
        return R.choice(["histogram_count(h)", "h", "histogram_quantile(0.9, h)", "sum(h)", "ALERTS", "ALERTS_FOR_STATE", 'ALERTS{alertstate="firing"}'])
    return R.choice([s, s, f"{s} > {number()}", f"{s} == {number()}", f"{s} < {number()}", f"sum({s}) by ({R.choice(LABELS)})", f"sum({s})", f"rate({s}[2m])",
                     f"increase({s}[5m])", f"absent({s})", f"avg without ({R.choice(LABELS)}) ({s})", f"max_over_time({s}[3m])", f"count({s}) > 1", "time()",
                     f"vector({number()})", f"{s} offset 1m", f"{s} offset -1m", f"changes({s}[5m])",
                     f"label_replace({s}, \"a\", \"$1\", \"job\", \"(.*)\")", "rec:one", "rec:two > 1", f"last_over_time({s}[5m])", f"{s} @ 60", f"-{s}",
                     f"timestamp({s})", f"count_over_time({s}[4m:])", f"count_values(\"v\", {s})", f"absent_over_time({s}[2m])", f"{s} or vector(1)"])


def values():
    return " ".join(R.choice([number(), "NaN", "-Inf", "_", "stale", f"_x{R.randint(0, 6)}", f"{number()}x{R.randint(0, 10)}",
                              f"{number()}{R.choice('+-')}{R.choice(['1', '0.1', '10', '0'])}x{R.randint(0, 12)}"]) for _ in range(R.randint(1, 5)))


def histograms():
    one = lambda n, hint="": "{{schema:1 count:%d sum:%d buckets:[%d %d]%s}}" % (3 * n, n, n, 2 * n, hint)
    return " ".join(R.choice([one(2), one(3, " counter_reset_hint:gauge"), one(1) + "x2", one(4) + "+" + one(1) + "x3", "_", "stale"]) for _ in range(3))


def rule():
    if R.random() < 0.35:
        lines = [f"  - record: {R.choice(['rec:one', 'rec:two', 'm2'])}", f"    expr: {quoted(expression())}"]
        return lines + ([f"    labels: {mapping({k: R.choice(VALUES + ['']) for k in R.sample(LABELS, 1)})}"] if R.random() < 0.4 else [])
    lines = [f"  - alert: {R.choice(['A1', 'A2', 'A3'])}", f"    expr: {quoted(expression())}"]
    lines += [f"    {key}: {R.choice(TIMES)}" for key in ("for", "keep_firing_for") if R.random() < 0.4]
    lines += [f"    labels: {mapping({k: R.choice(VALUES + TEXTS) for k in R.sample(['severity', 'team', 'job'], R.randint(1, 2))})}"] if R.random() < 0.6 else []
    return lines + ([f"    annotations: {mapping({k: R.choice(TEXTS) for k in R.sample(['summary', 'description'], R.randint(1, 2))})}"] if R.random() < 0.6 else [])


def rules():
    lines = ["groups:"]
    for g in range(R.randint(1, 3)):
        lines.append(f"- name: g{g}")
        lines += [line for line in ("  interval: 5m", f"  limit: {R.randint(-1, 2)}", f"  query_offset: {R.choice(TIMES)}", "  labels: {grp: one, severity: low}")
                  if R.random() < 0.15]
        lines.append("  rules:")
        for _ in range(R.randint(1, 4)):
            lines += rule()
    return "\n".join(lines) + "\n"


def tests():
    lines = ["rule_files: [rules.yml]", f"evaluation_interval: {R.choice(['15s', '30s', '1m', '90s', '2m'])}"]
    lines += [line for line in ("fuzzy_compare: true",) if R.random() < 0.2]
    lines.append("group_eval_order: " + R.choice(["[g0, g1, g2]", "[g2, g0, g1]"]))  # promtool takes groups in any order unless told
    lines.append("tests:")
    for _ in range(R.randint(1, 2)):
        lines.append(f"- interval: {R.choice(['15s', '30s', '1m', '2m'])}")
        lines += [line for line in ("  external_labels: {cluster: eu}", "  external_url: http://p.example.com/prom") if R.random() < 0.4]
        lines.append("  input_series:")
        for _ in range(R.randint(1, 6)):
            lines += [f"  - series: {quoted(series())}", f"    values: {quoted(values())}"]
        if R.random() < 0.4:
            lines += [f"  - series: {quoted(series('h'))}", f"    values: {quoted(histograms())}"]
        lines.append("  alert_rule_test:")
        for _ in range(R.randint(1, 4)):
            lines += [f"  - eval_time: {R.choice(TIMES)}", f"    alertname: {R.choice(['A1', 'A2', 'A3'])}"]
            if R.random() < 0.5:
                lines.append(f"    exp_alerts: [{{exp_labels: {mapping(some_labels())}, exp_annotations: {mapping(some_labels(['summary', 'team']))}}}]")
        lines.append("  promql_expr_test:")
        for _ in range(R.randint(1, 5)):
            lines += [f"  - expr: {quoted(expression(in_test=True))}", f"    eval_time: {R.choice(TIMES)}"]
            if R.random() < 0.5:
                lines.append(f"    exp_samples: [{{labels: {quoted(series())}, value: {R.choice(['1', '0x10', '-.inf', '.nan', '010', '1e3', '0.5'])}}}]")
    return "\n".join(lines) + "\n"


def run(*command):
    done = subprocess.run(command, cwd=WORK, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=120)
    return done.returncode, done.stdout.decode("utf-8", "replace")


def plain(text):
    """Without the frame around the failures, which differs, and the words of errors, which are each program's own."""
    lines = [line.rstrip() for line in text.split("\n")]
    frame = lambda line: not line or line.startswith("Unit Testing") or re.match(r"\d+ passed,", line) or line.strip() in ("FAILED:", "SUCCESS") or "could not parse" in line
    return [re.sub(r"time: \S+, err: .*", "err", line) for line in lines if not frame(line)]


def made_up():
    same = 0
    for seed in range(SEED, SEED + FILES):
        R.seed(seed)
        write("rules.yml", rules())
        write("test.yml", tests())
        for what in (("test", "rules", "test.yml"), ("check", "rules", "--lint-fatal", "rules.yml")):
            theirs, ours = run(PROMTOOL, *what), run(PHAROS, *what)
            differ = list(difflib.unified_diff(plain(theirs[1]), plain(ours[1]), lineterm="", n=0))[2:] if what[0] == "test" else []
            if theirs[0] == ours[0] and not differ:
                same += 1
            else:
                check(f"seed {seed}: {' '.join(what)}", False, f"{theirs[0]} and {ours[0]}: " + "\n".join(differ))
    check(f"{FILES} files from seed {SEED} on have the same verdicts and the same words: {same}", same == 2 * FILES)


def mutants():
    folder, files = rulemutants.sources(SHARED)
    # A promtool may be older than a file.
    files = [(kind, f) for kind, f in files if "not found in type" not in run(PROMTOOL, kind, "rules", f)[1]]
    if not files:
        return skip("files of others, changed", f"none below {SHARED}; set PHAROS_SHARED")
    shutil.copytree(folder, WORK, dirs_exist_ok=True)
    same = 0
    for seed in range(SEED, SEED + FILES):
        R.seed(seed)
        kind, path = R.choice(files)
        with open(path, encoding="utf-8") as f:
            write("mutant.yml", rulemutants.mutate(R, f.read()))
        theirs, ours = run(PROMTOOL, kind, "rules", "mutant.yml"), run(PHAROS, kind, "rules", "mutant.yml")
        if theirs[0] == ours[0] or ENDS_EARLY in ours[1]:
            same += 1
        else:
            check(f"seed {seed}: {kind} {os.path.basename(path)}, changed", False, f"{theirs[0]} and {ours[0]}: {theirs[1][-200:]} {ours[1][-200:]}")
    check(f"{FILES} changed files from seed {SEED} on have the same verdicts: {same}", same == FILES)


made_up()
mutants()
sys.exit(finish())
