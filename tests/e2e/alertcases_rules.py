"""Texts of rules: Prometheus' functions on odd values. judge() is what promtool test rules makes of them."""
import ast, json, random, re, subprocess
R=random.Random()
def pick(*a): return R.choice(a)
NUM=['0','1','-1','0.5','-0.5','999','1000','1234567','1e9','1e30','1e300','-1e300','1e-9','0.00012345','1023','1024','1048576','-1024','60','59.9','3600','86400','90061.5','0.001','-3661','1e15','253402300800','-62135596800','1.7976931348623157e308','5e-324','0.12345','100','1e-30','123456789.123','0x10','1_000',"'a'",'9223372036854775807','99.9999','0.9999','999.9995','1e24','1e27','-0.0','0.0','-999.9995','59.9999','3599.99','1e-24','1e-27']
STR=['"NaN"','"+Inf"','"-Inf"','"Inf"','"inf"','"0"','"12.5"','"-7"','"1e400"','"abc"','""','" 5"','"0x1p3"','"1_0"','"5m"','"1h30m"','"1d"','"-5m"','"5"','"1.5h"','"1y2w"','"0"','"host:9100"','"[::1]:80"','"10.0.0.1:80"','"host.example.com:9100"','"a.b.c"','"host"','"http://h/p"','"1.2.3.4"','"::1"','"a b&c/d?é"','"<b>"','"ǆungla ﬁx straße o\'neil mc-donald"','"HELLO world"','"a1b2 c_d"','"x"','"__name__"','"instance"','"(.*)b"','"("','"$1-${1}"','"\\\\d+"','"up"','"m"','"n"','"n > 1"','"sum(n)"','"1 +"','"nosuch"','"topk(1,n)"','"time()"','"\\"s\\""','"m{"','"n{x=\\"a\\"}"','"vector(1)"','"-n"','"label_replace(n,\\"y\\",\\"$1\\",\\"x\\",\\"(.*)\\")"']
VAR=['$value','$labels','$labels.instance','$labels.nope','$labels.job','.Value','.Labels','.Labels.instance','$externalLabels','$externalLabels.region','$externalURL','.ExternalURL','.ExternalLabels','.Nope','$nope','.','$','(query "n")','(query "n" | first)','(query "m" | first)','(query "nosuch")','(query "n" | first | value)','(query "sum(n)")','(query "n" | sortByLabel "x")','(args 1 "b")','(index (query "n") 0)','(index (query "n") 1)','(toTime 0)','(toTime $value)','true','nil','(parseDuration "5m")','(printf "%.2f" $value)','(query "1")','(query "n" | first).Value','(query "n" | first).Labels','(query "n" | first).Labels.x']
F1=['humanize','humanize1024','humanizeDuration','humanizePercentage','humanizeTimestamp','toTime','parseDuration','title','toUpper','toLower','stripPort','stripDomain','first','value','strvalue','graphLink','tableLink','safeHtml','query','len','not','html','js','urlquery','print','println','reReplaceAll','match','label','sortByLabel','args','index','slice','printf','eq','ne','lt','le','gt','ge','and','or','externalURL','pathPrefix','call']
FN=['toDuration','now','urlQueryEscape','tmpl']
def atom(d=0):
    r=R.random()
    if r<.33: return pick(*NUM)
    if r<.62: return pick(*STR)
    if r<.95 or d>1: return pick(*VAR)
    return '('+expr(d+1)+')'
def expr(d=0):
    r=R.random()
    if r<.3: return pick('humanize','humanize1024','humanizeDuration','humanizePercentage','humanizeTimestamp','toTime')+' '+(pick(*NUM) if R.random()<.7 else atom(d+1))
    if r<.42: return pick('label','sortByLabel','match','reReplaceAll')+' '+' '.join(atom(d+1) for _ in range(pick(1,2,2,3)))
    if r<.5: return pick('title','stripPort','stripDomain','toUpper','graphLink','tableLink','query','parseDuration','strvalue')+' '+pick(*STR)
    if r<.7: return pick(*F1)+' '+' '.join(atom(d+1) for _ in range(pick(0,1,1,2,3)))
    if r<.82: return atom(d)+' | '+pick(*F1)+pick('',' '+atom(d+1))+pick('',' | '+pick(*F1))
    if r<.88: return pick('toTime 1e9','toTime 0.5','toTime -1.25','(toTime 1700000000.123)').strip('()')+''
    if r<.93: return '(toTime %s).%s'%(pick(*NUM),pick('Format "2006-01-02"','Unix','Year','String','UTC','Add 5','IsZero','Weekday','UnixNano','Truncate 60000000000'))
    return atom(d)
def text():
    r=R.random()
    if r<.7: return '{{ '+expr()+' }}'
    if r<.8: return '{{ range query '+pick('"n"','"m"','"n > 1"','"nosuch"','"sort(n)"')+' }}{{ .Labels.x }}={{ .Value }},{{ . | '+pick('value','strvalue','label "x"','first')+' }};{{ '+pick('else }}none{{ ','')+'end }}'
    if r<.87: return '{{ with '+expr()+' }}{{ . }}{{ '+pick('else }}no{{ ','else with 1 }}x{{ ','')+'end }}'
    if r<.93: return '{{ if '+expr()+' }}y{{ else }}n{{ end }}'
    if r<.97: return '{{ define "t" }}[{{ .arg0 }}|{{ .arg1 }}]{{ end }}{{ template "t" (args '+atom()+' '+atom()+') }}'
    return '{{ $x := '+expr()+' }}{{ $x }}{{ range 2 }}.{{ end }}'
def yq(s): return json.dumps(s)
def rules(ts): 
    return 'groups:\n- name: g\n  rules:\n'+''.join(f'  - alert: T{i}\n    expr: m\n    annotations: {{a: {yq(t)}}}\n' for i,t in ts)
def unq(s):
    return ast.literal_eval(s)
def texts(n,seed):
    R.seed(seed); ts=[]; seen=set()
    while len(ts)<n:
        t=text()
        if '\\xff' in t or t in seen: continue
        seen.add(t); ts.append((len(ts),t))
    return ts
def judge(pt,ts,w):
    bad={}; live=ts
    for rnd in range(40):
        open(f'{w}/r.yml','w').write(rules(live))
        r=subprocess.run([pt,'check','rules',f'{w}/r.yml'],capture_output=True,text=True)
        new={}
        for l in (r.stdout+r.stderr).split('\n'):
            m=re.search(r'"T(\d+)": (?:annotation "a": )?(.*)',l)
            if m and r.returncode: new[int(m[1])]=m[2]
        if not new: 
            if r.returncode: print((r.stdout+r.stderr)[:500])
            break
        bad.update(new); live=[(i,t) for i,t in live if i not in new]
    got={}
    at=0; step=100
    chunks=[live[i:i+step] for i in range(0,len(live),step)]
    while chunks:
        c=chunks.pop()
        if not c: continue
        open(f'{w}/r.yml','w').write(rules(c))
        t='rule_files: [r.yml]\nevaluation_interval: 1m\ntests:\n- interval: 1m\n  external_labels: {region: eu}\n  external_url: http://prom.example:9090/p\n  input_series:\n  - {series: \'m{instance="host.example.com:9100",job="api"}\', values: "42.5 42.5"}\n  - {series: \'n{x="b"}\', values: "2 2"}\n  - {series: \'n{x="a"}\', values: "1 1"}\n  alert_rule_test:\n'
        t+=''.join(f'  - {{eval_time: 1m, alertname: T{i}, exp_alerts: [{{exp_labels: {{zz: x}}}}]}}\n' for i,_ in c)
        open(f'{w}/t.yml','w').write(t)
        try: r=subprocess.run([pt,'test','rules',f'{w}/t.yml'],capture_output=True,text=True,timeout=60,errors='replace')
        except subprocess.TimeoutExpired: print('timeout'); continue
        out=r.stdout+r.stderr
        if 'panic' in out or 'goroutine' in out:
            if len(c)>1: h=len(c)//2; chunks+= [c[:h],c[h:]]
            else: bad[c[0][0]]='PANIC'
            continue
        for m in re.finditer(r'alertname: T(\d+), time: 1m.*?got:\[\s*0:\s*Labels:\{(.*?)\}\s*Annotations:\{(.*?)\}\n',out,re.S):
            a=re.search(r'a=("(?:[^"\\]|\\.)*")',m[3],re.S)
            got[int(m[1])]=unq(a[1]) if a else ''
        miss=[i for i,_ in c if i not in got]
        if len(miss)==len(c): print(out[:600])
    cases=[dict(id=i,template=t,expected=got[i]) for i,t in ts if i in got and '\ufffd' not in got[i]]
    loads=[dict(template=t,load_error=bad[i]) for i,t in ts if i in bad and bad[i]!='PANIC']
    for x in loads: x['load_error']=re.sub(r'^.*?template: __alert_T\d+:\d+: ','',x['load_error']).split(' (')[0]
    return dict(cases=cases,load_errors=loads)
