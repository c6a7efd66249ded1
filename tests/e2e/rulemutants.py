"""Files of others, changed a little: numbers, times, words and characters replaced, lines removed, doubled, moved."""
import glob, os, re

DURATIONS = ["0s", "15s", "1m", "90s", "5m", "1d", "1y", "-1m", "1", "0", "1m30s", "5 m", "1.5m", "'3m'", "null"]
VALUES = ["null", "''", "{}", "[]", "true", "0x1F", "1e3", ".inf", ".nan", "010", "foo", "'{{ $value }}'", "{{ $labels.x }}", "'{{ $x }}'", "'{{ . }}'", "up == 0", "sum(",
          "vector(1)", "'abc", "- a", "a: b", "|\n      x", "*a", "&a x"]
WORDS = ["job", "instance", "severity", "alert", "expr", "record", "labels", "__name__", "groups", "name", "a:b", "ü", "a-b"]
CHARACTERS = ["", "{", "}", "[", "]", '"', "'", ":", ",", "#", "(", ")", " ", "-", "\t", "=", "~", "_", "x3", "stale", "$", "{{", "}}"]


def replace(random, line, pattern, by):
    found = list(re.finditer(pattern, line))
    if not found:
        return line
    m = random.choice(found)
    return line[: m.start()] + by(m.group()) + line[m.end() :]


def mutate(random, text):
    lines = text.split("\n")
    for _ in range(random.choice([1, 1, 1, 2, 3])):
        i = random.randrange(len(lines))
        line, kind = lines[i], random.randrange(10)
        if kind < 3:
            lines[i] = replace(random, line, r"\d+(\.\d+)?", lambda n: random.choice(["0", "1", "2", "10", "0.5", "-1", "1e2", str(int(float(n)) + 1), str(random.randint(0, 20))]))
        elif kind == 3:
            lines[i] = replace(random, line, r"[A-Za-z_]{3,}", lambda w: random.choice(WORDS + [w + "x", w[:-1]]))
        elif kind == 4:
            lines[i] = re.sub(r"^(\s*(?:- )?\w+:\s*).*$", lambda m: m[1] + random.choice(VALUES), line)
        elif kind == 5:
            lines[i] = re.sub(r"^(\s*(?:- )?(?:for|interval|evaluation_interval|eval_time|keep_firing_for|query_offset):\s*).*$", lambda m: m[1] + random.choice(DURATIONS), line)
        elif kind == 6 and line:
            at = random.randrange(len(line))
            lines[i] = line[:at] + random.choice(CHARACTERS) + line[at + 1 :]
        elif kind == 7:
            lines.insert(i, line)
        elif kind == 8 and len(lines) > 1:
            del lines[i]
        else:
            at = random.randrange(len(lines))
            lines[i], lines[at] = lines[at], lines[i]
    return "\n".join(lines)


def sources(shared):
    """The folder that holds files of unit tests of rules, and the files of both kinds: (kind, path)."""
    folder = os.path.join(shared, "conformance/prometheus/cmd/promtool/testdata")
    found = []
    for path in sorted(glob.glob(folder + "/*.yml") + glob.glob(shared + "/**/*rule*.y*ml", recursive=True)):
        with open(path, encoding="utf-8") as f:
            text = f.read()
        if len(text) > 60000:
            continue
        if path.startswith(folder) and re.search(r"^tests:", text, re.M):
            found.append(("test", path))
        elif re.search(r"^groups:", text, re.M):
            found.append(("check", path))
    return folder, found
