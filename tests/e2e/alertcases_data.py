"""Notifications of many shapes: none, one or many alerts, odd names, long and wide texts, times of all zones; every default
template of upstream over each, and texts as people write them."""
import random, re
R = random.Random()
NAMES = ['alertname', 'severity', 'instance', 'job', 'team', 'cluster', 'env', 'node-name', 'k8s.io/app', 'größe', '名前', 'a b', '_x', 'Z9',
         '🙂', 'quote"d', '<tag>', 'runbook_url', 'summary', 'description', 'dashboard', 'value', 'aa', 'B', 'x:y']
VALUES = ['HighLatency', 'critical', 'warning', 'info', 'none', '', 'a:9090', '10.0.0.1:443', '[::1]:9', 'p99 > 1s & rising', 'ok <now>',
          '"quoted"', "it's", 'tab\tand\nline', 'https://wiki/x?a=1&b=2#f', 'ünïcödé', '日本語のテキスト', '🔥🔥', '*bold* _it_ `code` ~s~', '{{ .Status }}',
          '%d %s %%', '\\back\\slash', '</script><b>', 'javascript:alert(1)', '8080', '007', '3.14', 'true', 'null', '- a', 'a: b', '#c', 'x' * 40,
          'word ' * 300, 'é' * 1100, '日' * 700, '🙂' * 300, ' lead', 'trail ', 'MiXeD Case-word', 'o\'neil mc-donald', '\u2028', '\x7f', 'A&amp;B', '+1 a+b']
TIMES = ['2025-03-04T05:06:07Z', '2025-03-04T05:06:07.5Z', '2024-02-29T23:59:59.999Z', '1970-01-01T00:00:00Z', '2038-01-19T03:14:08Z',
         '1999-12-31T23:59:59.001Z', '2025-03-04T05:06:07.123456Z', '2025-03-04T05:06:07.123456789Z', '2025-03-04T05:06:07+05:30',
         '2025-03-04T05:06:07.25-03:00', '2025-07-01T12:00:00+00:00', '9999-12-31T23:59:59Z', '0001-01-01T00:00:00Z', '1969-12-31T23:59:59Z', '2025-03-30T01:30:00+13:45']
URLS = ['', 'http://am.example:9093', 'https://am.example/alerts', 'http://[::1]:9093/', 'http://h/?a=1&b=2', 'http://h/p a', 'http://ü.example/é', 'not a url']
RECEIVERS = ['team-x', '', 'web.hook', 'Team X/ops', 'größe', 'a"b', '<r>', 'x' * 300]


def labels(n):
    return {k: R.choice(VALUES) for k in R.sample(NAMES, n)}


def alert(shared):
    ended = R.random() < 0.4
    return dict(status='resolved' if ended else 'firing', labels={**labels(R.choice((0, 1, 2, 3, 6))), **shared}, annotations=labels(R.choice((0, 0, 1, 2, 5))),
                startsAt=R.choice(TIMES), endsAt=R.choice(TIMES) if ended else '0001-01-01T00:00:00Z', generatorURL=R.choice(URLS),
                fingerprint='%016x' % R.getrandbits(64))


def shape():
    shared = labels(R.choice((0, 1, 2, 4)))
    alerts = [alert(shared) for _ in range(R.choice((0, 1, 1, 2, 2, 3, 5, 12, 60)))]
    kind = R.random()
    for a in alerts:
        if kind < 0.2: a.update(status='firing', endsAt='0001-01-01T00:00:00Z')
        elif kind < 0.4: a.update(status='resolved', endsAt=R.choice(TIMES))
    firing = any(a['status'] == 'firing' for a in alerts)
    group = {k: shared[k] for k in list(shared)[:R.choice((0, 1, 2))]}
    d = dict(receiver=R.choice(RECEIVERS), status='firing' if firing else 'resolved', alerts=alerts, groupLabels=group, commonLabels=shared,
             commonAnnotations=labels(R.choice((0, 0, 1, 3))), externalURL=R.choice(URLS))
    if R.random() < 0.1: del d[R.choice(list(d))]
    return d


def defaults(files):
    """One text that shows every template of upstream's files but the mail's HTML, whose layout is our own."""
    names = [n for f in files for n in re.findall(r'define "([^"]*)"', open(f, encoding='utf-8').read())]
    return '\n'.join('%s=[{{ template "%s" %s }}]' % (n, n, '.Alerts' if 'alert_list' in n or n == 'pagerduty.default.instances' else '.')
                     for n in names if n != 'email.default.html')


# What people write: pieces that fit a list of alerts, a single one, a map, a text, a time.
MAPS = ['.CommonLabels', '.GroupLabels', '.CommonAnnotations', '$.CommonLabels']
KEYS = ['alertname', 'severity', 'instance', 'nope', 'summary', 'größe', 'a b', 'team']
TEXT_STEPS = ['toUpper', 'toLower', 'title', 'len', 'printf "%q"', 'printf "%-20s|"', 'printf "%.5s"', 'printf "%x"', 'html', 'js', 'urlquery', 'print',
              'println', 'printf "%+q"', 'reReplaceAll "[aeiou]" "_"', 'reReplaceAll "(\\\\w+) (\\\\w+)" "$2-$1"', 'match "^[a-z]+$"', 'safeHtml',
              'reReplaceAll "(?i)[^a-z0-9]+" "-" | toLower', 'reReplaceAll "." "$0$0"', 'printf "%5.2s"', 'printf "%v"', 'printf "%s" | len', 'slice']
LAYOUTS = ['2006-01-02 15:04:05', '02 Jan 06 15:04 MST', 'Mon Jan _2 15:04:05 2006', '2006-01-02T15:04:05.999999999Z07:00', '3:04PM', 'Jan _2 15:04:05.000000',
           'Monday, 02-Jan-06 15:04:05 MST', '2006-01-02 15:04:05.000 -0700', '02.01.2006', '.000', '15h04', '__2 002', '20060102T150405Z']
TIME_STEPS = ['.Format "%s"', '.UTC.Format "%s"', '.Unix', '.Year', '.Month', '.Weekday', '.YearDay', '.Hour', '.String', '', '.IsZero', '.Local.IsZero',
              '.Nanosecond', '.UnixMilli', '.Day', '.Minute', '.Add 3600000000000', '.Truncate 60000000000']


def time():
    return '.%s%s' % (R.choice(('StartsAt', 'StartsAt', 'EndsAt')), R.choice(TIME_STEPS).replace('%s', R.choice(LAYOUTS)))


def value(inside):
    m = R.choice(['.Labels', '.Annotations', '$.CommonLabels'] if inside else MAPS)
    k = R.choice(KEYS)
    return R.choice((f'(index {m} "{k}")', f'{m}.{k}' if k.isidentifier() else f'(index {m} "{k}")', '$.Receiver', '$.ExternalURL', '$.Status'))


def piece(inside, depth=0):
    r = R.random()
    if r < 0.25: return '{{ %s | %s }}' % (value(inside), R.choice(TEXT_STEPS))
    if r < 0.35: return '{{ %s }}' % value(inside)
    if r < 0.45 and inside: return '{{ %s }}' % time()
    if r < 0.45: return R.choice(('{{ .Alerts.Firing | len }}/{{ len .Alerts.Resolved }}', '{{ . }}', '{{ .Alerts }}', '{{ printf "%v" .CommonLabels }}',
                                  '{{ .CommonLabels.Names | join ", " }}', '{{ join "|" .GroupLabels.Values }}', '{{ (index .Alerts 0).Fingerprint }}',
                                  '{{ .CommonLabels.SortedPairs.Values | join " " }}', '{{ .GroupLabels }}', '{{ len . }}', '{{ .Alerts.Len }}',
                                  '{{ (.CommonLabels.Remove .GroupLabels.Names).Values | join "," }}', '{{ index .CommonLabels.Names 0 }}',
                                  '{{ with index .Alerts 0 }}{{ .Labels.SortedPairs }}{{ end }}', '{{ printf "%d alerts: %s" (len .Alerts) .Status }}'))
    if depth > 2: return R.choice((' - ', '\n', 'text ', '*', '<br>'))
    if r < 0.6: return '{{ if %s }}%s{{ else }}%s{{ end }}' % (R.choice((f'eq {value(inside)} "critical"', f'ne {value(inside)} ""', f'{value(inside)}', 'gt (len $.Alerts) 1',
                       'and $.Alerts $.CommonLabels', 'or $.GroupLabels.x $.Status', 'not $.Alerts.Resolved', f'match "crit.*" {value(inside)}',
                       f'lt (len {value(inside)}) 5', f'eq {value(inside)} "warning" "info" ""')), piece(inside, depth + 1), piece(inside, depth + 1))
    if r < 0.75 and not inside:
        return '{{ range $i, $a := %s }}%s{{ if $i }}, {{ end }}{{ $a.Status }}%s{{ else }}none{{ end }}' % (
            R.choice(('.Alerts', '.Alerts.Firing', '.Alerts.Resolved')), '{{ with $a }}%s{{ end }}' % piece(True, depth + 1), R.choice(('\n', ' -}}\n'.join(('{{ ""', '')), '')))
    if r < 0.85: return '{{ range %s.SortedPairs%s }}{{ .Name }}={{ .Value%s }};{{ end }}' % (R.choice(['.Labels', '.Annotations'] if inside else MAPS),
                        R.choice(('', '', '.Names | len' if R.random() < 0.1 else '')), R.choice(('', ' | ' + R.choice(TEXT_STEPS))))
    if r < 0.92: return '{{ range $k, $v := %s }}{{ $k }}: {{ $v%s }}\n{{ end }}' % (R.choice(['.Labels'] if inside else MAPS), R.choice(('', ' | ' + R.choice(TEXT_STEPS))))
    if r < 0.96: return '{{ $s := %s }}{{ if eq $s "critical" }}{{ $s = "P1" }}{{ end }}{{ $s }}' % value(inside)
    return R.choice((' - ', '\n', 'text ', '[', '] ', '{{- /* c */ -}}', '<li>', '&'))


HTML = ['<p title="@">@</p>', '<a href="@">@</a>', '<a href="https://h/?q=@&x=@">y</a>', '<script>var a = @, b = "@";</script>', '<td style="color: @">@</td>', '<ul>@</ul>',
        '<img src="@" alt=@>', '<div onclick="go(\'@\', @)">@</div>', '<style>.a { width: @ }</style>', '<textarea>@</textarea>@', '<a href=\'/x/@#@\'>', '<!-- @ --><b>@</b>']


def text():
    t = ''.join(piece(False) for _ in range(R.choice((1, 1, 2, 3, 5))))
    if R.random() < 0.6: return t, 'text'
    t = ''.join(R.choice(HTML) for _ in range(R.choice((1, 1, 2))))
    while '@' in t: t = t.replace('@', piece(False, 2), 1)
    return t, 'html'
