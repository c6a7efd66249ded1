"""Made-up configurations, notification texts and rule texts: what amtool and promtool say of them becomes golden files, which
alerttest must agree with. Differences that docs/alerting-compat.md names are left out. See alertcases.sh."""
import argparse, json, os, random, re, shutil, subprocess
import alertcases_config, alertcases_data, alertcases_rules, alertcases_texts

# What differs and is known, by what the peer or alerttest says.
KNOWN_CONFIG = [r'cannot decode !!', r'cannot unmarshal', r'bad matcher format: (hi|"")', r'empty or null entry', r'^panic', r'tracing',
                r'signature algorithms', r'field labels not found', r'unsupported scheme ""', r'unable to parse IP', r'unknown TLS version',
                r'unknown unit', r'a client (key|certificate) is configured', r'\bis not a valid ',
                r'needs a whole number', r'bad\.tmpl|missing value for if', r"header's name", r'webex_configs.*auth',
                r'missing name in']
KNOWN_TEXT = [r'AppendFormat', r'Marshal', r'Gob', r'Location', r'%!.\(uint64=', r'invalid slice index', r'0x[0-9a-f]{9}', r'number syntax',
              r'%[^}]*w', r'template.Strings', r'can.t iterate over \{', r'flag']
KNOWN_RULE = [r'0x[0-9a-f]{9}', r'^&|[ \[|]&\{', r'x:[ab]', r'query', r'<with> in else', r'Value\W*[12]$', r'range', r'first', r'ParseFloat']


def lines_of(program, arguments, cwd):
    r = subprocess.run([program, *arguments], capture_output=True, cwd=cwd)
    out = r.stdout.decode('utf-8', 'replace').strip()
    if r.returncode not in (0, 1) or 'passed' not in out:
        raise SystemExit(f'not ok alerttest ends with {r.returncode}: {out[-300:]}\n0 passed, 1 failed, 0 skipped')
    last = out.rsplit('\n', 1)[-1]
    return re.split(r'\n(?=/|\d+ passed)', out)[:-2], int(last.split()[0])


class Tally:
    passed = failed = known = 0

    def take(self, what, golden, level, known, alerttest, work, said=None):
        path = os.path.join(work, f'{what}-{level}.json')
        with open(path, 'w') as f:
            json.dump(golden, f)
        failures, passed = lines_of(alerttest, ['--compat', level, path], work)
        self.passed += passed
        for line in failures:
            line = line[len(path) + 2:]
            number = re.match(r'(\d+)\.yml', line)
            text = line + '\n' + (said[int(number[1])] if said and number else '')
            if any(re.search(k, text, re.M) for k in known):
                self.known += 1
            else:
                self.failed += 1
                print(f'not ok {what} {level}: {line[:600]}')


def configurations(tally, a, level, amtool):
    every = []
    seen = set()
    for name, c in alertcases_config.cases():
        text = alertcases_config.text_of(c)
        if text not in seen:
            seen.add(text)
            every.append((name.replace('\n', ' '), text))
    random.seed(a.seed)
    some = random.sample(every, min(a.n, len(every)))
    with open(os.path.join(a.work, 'good.tmpl'), 'w') as f:
        f.write('{{ define "x" }}a{{ end }}')
    files = []
    for i, (_, text) in enumerate(some):
        files.append(f'{i}.yml')
        with open(os.path.join(a.work, files[-1]), 'w', encoding='utf-8', errors='surrogateescape') as f:
            f.write(text)
    verdicts = alertcases_config.peer(amtool, files, a.work)
    own = [dict(name=f'{f} {name}', config=text, valid=verdicts[f][0]) for f, (name, text) in zip(files, some) if f in verdicts]
    tally.take('configurations', dict(own=own), level, KNOWN_CONFIG, a.alerttest, a.work, [verdicts.get(f, (0, ''))[1] for f in files])


def texts(tally, a, level, amtool):
    golden = os.path.join(a.shared, 'conformance/alertmanager/golden/templates')
    for name in ('data.json', 'defs.tmpl', 'defs2.tmpl'):
        shutil.copyfile(os.path.join(golden, name), os.path.join(a.work, name))
    cases = []
    for i, (text, kind, _) in enumerate(alertcases_texts.cases(a.n // 4, a.seed, level == '0.34', ['expr', 'expr', 'stmt', 'mut', 'html', 'html'])):
        ok, out = alertcases_texts.render(amtool, golden + '/data.json', [golden + '/defs.tmpl', golden + '/defs2.tmpl'], text, kind)
        if '\ufffd' not in out:  # JSON could not tell it
            cases.append(dict(id=i, type=kind, template=text, **({'expected': out} if ok else {'error': out})))
    tally.take('texts', dict(data='data.json', defs=['defs.tmpl', 'defs2.tmpl'], cases=cases), level, KNOWN_TEXT, a.alerttest, a.work)


def shapes(tally, a, level, amtool):
    """Every default template and texts as people write them, over notifications of many shapes."""
    share = os.path.join(os.path.dirname(os.path.dirname(os.path.realpath(amtool))), 'share/prometheus/alertmanager')
    files = [f for f in (os.path.join(share, 'default.tmpl'), os.path.join(share, 'email.tmpl')) if os.path.exists(f)]
    alertcases_data.R.seed(a.seed)
    for i in range(max(a.n // 100, 1)):
        data = os.path.join(a.work, f'data-{i}.json')
        with open(data, 'w', encoding='utf-8') as f:
            json.dump(alertcases_data.shape(), f, ensure_ascii=False)
        texts = [(alertcases_data.defaults(files), kind) for kind in ('text', 'html') if files] + [alertcases_data.text() for _ in range(20)]
        cases = []
        for text, kind in texts:
            ok, out = alertcases_texts.render(amtool, data, files, text, kind)
            if '\ufffd' not in out:
                cases.append(dict(id=len(cases), type=kind, template=text, **({'expected': out} if ok else {'error': out})))
        tally.take(f'shape-{i}', dict(data=os.path.basename(data), defs=[], cases=cases), level, KNOWN_TEXT, a.alerttest, a.work)


def main():
    p = argparse.ArgumentParser()
    for name in ('alerttest', 'shared', 'work', 'old', 'new', 'old-promtool', 'new-promtool'):
        p.add_argument('--' + name, default='')
    p.add_argument('--n', type=int, default=400)
    p.add_argument('--seed', type=int, default=1)
    a = p.parse_args()
    tally = Tally()
    for level, amtool, promtool in (('0.25', a.old, a.old_promtool), ('0.34', a.new, a.new_promtool)):
        if amtool:
            configurations(tally, a, level, amtool)
            texts(tally, a, level, amtool)
            shapes(tally, a, level, amtool)
        if promtool:
            made = alertcases_rules.judge(promtool, alertcases_rules.texts(a.n // 4, a.seed), a.work)
            tally.take('rules', made, level, KNOWN_RULE, a.alerttest, a.work)
    print(f'{tally.known} cases differ in ways that are known')
    print(f'{tally.passed + tally.known} passed, {tally.failed} failed, 0 skipped')


if __name__ == '__main__':
    main()
