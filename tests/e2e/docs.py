"""What the documentation names is there: links, files, commands and flags, addresses, metrics; its examples load."""
import glob, os, re, subprocess, sys

from harness import WORK, Server, check, finish, write

BUILD = os.path.abspath(sys.argv[1])
PHAROS = os.path.join(BUILD, "pharos")
ROOT = os.path.abspath(os.path.join(os.path.dirname(__file__), "../.."))
PAGES = sorted(p for pattern in ("*.md", "docs/**/*.md", "src/*/README.md", "web/*.md", "tests/**/*.md")
               for p in glob.glob(os.path.join(ROOT, pattern), recursive=True))
HISTORY = ("CHANGELOG.md", "docs/decisions/")  # these speak of their day
FENCE = re.compile(r"^ *```(\w*)\n(.*?)^ *```", re.M | re.S)


def read(path):
    with open(path, encoding="utf-8") as f:
        return f.read()


def run(*args):
    return subprocess.run([PHAROS, *args], capture_output=True, text=True, timeout=30, cwd=WORK)


def anchors(text):
    headings = re.findall(r"^#+ (.*)$", FENCE.sub("", text), re.M)
    return {re.sub(r"[^\w\- ]", "", h.lower()).replace(" ", "-") for h in headings}


def links(page, text):
    """Those that lead nowhere."""
    here, lost = os.path.dirname(page), []
    for target in re.findall(r"\]\(([^)\s]+)\)", FENCE.sub("", text)):
        path, _, anchor = target.partition("#")
        if "://" in target:
            continue
        to = os.path.normpath(os.path.join(here, path)) if path else page
        if not os.path.exists(to) or (anchor and to.endswith(".md") and anchor not in anchors(read(to))):
            lost.append(target)
    return lost


def files(page, text):
    """Names of files of ours that are not there: from the top on, from src/ on, or from the page on; of programs their sources count."""
    names = re.findall(r"`((?:docs|src|tests|tools|examples|\.ci)/[\w./*-]+)`", text)
    tops = ROOT, os.path.join(ROOT, "src"), os.path.dirname(page)
    return [n for n in names if not any(glob.glob(os.path.join(top, n + end)) for top in tops for end in ("", ".c"))]


def commands(text):
    """`pharos ...` with a word or a flag that its help does not know."""
    helps, lost = {}, []
    for line in re.findall(r"(?:^|[`'(] *)(?:build/)?pharos ([a-z][^`\n#|]*)", text, re.M):
        words = line.split()
        name = words[0]
        if name not in helps:
            got = run("help", name)
            helps[name] = got.stdout + got.stderr if got.returncode == 0 else None
        if helps[name] is None:
            if len(words) > 1 and words[1].startswith("-"):
                lost.append(line)
            continue
        lost += [f"{name} {w}" for w in re.findall(r"(?<!\S)--[\w.-]+", line) if w not in helps[name] and w not in ("--help", "--url")]
    return lost


def metrics(text, known):
    names = re.findall(r"`(pharos_[a-z0-9_]+)(\*?)[`{]", text)
    return [n for n, star in names if not any(k.startswith(n) if star else k == n for k in known)]


def examples():
    for page in PAGES:
        blocks = [body for kind, body in FENCE.findall(read(page)) if kind == "yaml"]
        for i, body in enumerate(blocks):
            got = run("check", write("example.yml", body))
            check(f"{os.path.relpath(page, ROOT)}: example {i + 1} loads", got.returncode == 0, got.stdout + got.stderr)
    for path in sorted(glob.glob(os.path.join(ROOT, "examples/**/*.yml"), recursive=True)):
        got = run("check", path)
        check(f"{os.path.relpath(path, ROOT)} loads", got.returncode == 0, got.stdout + got.stderr)


def addresses(text):
    """Paths that the server does not know."""
    return sorted({re.sub(r"[?{].*", "", p).rstrip("/.") for p in re.findall(r"[` ]((?:/api/(?:v1|pharos)|/health|/-)/[\w/.?{-]*\w)", text)})


def main():
    known = set(re.findall(r'"(pharos_[a-z0-9_]+)"', "".join(read(p) for p in glob.glob(os.path.join(ROOT, "src/*/*.[ch]")))))
    known |= {k + s for k in known for s in ("_bucket", "_sum", "_count")}
    paths = set()
    for page in PAGES:
        name, text = os.path.relpath(page, ROOT), read(page)
        lost = links(page, text)
        check(f"{name}: links lead somewhere", not lost, lost)
        if name.startswith(HISTORY):
            continue
        lost = files(page, text) + commands(text) + metrics(text, known)
        check(f"{name}: what it names is there", not lost, lost)
        paths |= set(addresses(text)) if name.startswith(("README", "docs/op", "docs/arch")) else set()
    examples()
    config = write("docs.yml", "collect: {host: {enabled: false}}\n")
    server = Server("docs", [PHAROS, "serve", "--config", config, "--data", "docs-data", "--listen", "127.0.0.1:PORT", "--web.enable-lifecycle", "--web.enable-admin-api"])
    if check("pharos starts", server.ready(), server.logged()[-300:]):
        lost = [p for p in paths if server.get(p)[0] == 404]
        check(f"its {len(paths)} addresses are known", paths and not lost, lost)
        server.stop()


main()
sys.exit(finish())
