"""Texts of notifications: functions, formats, pipelines, scopes, mistakes. render() is what amtool template render makes of
them."""
import json, random, subprocess
R=random.Random()
def pick(*a): return R.choice(a)
STR=['""','"a"','"abc"','"Hello World"','"a.b,c"','`raw "q"`','"é☃"','"\\xff\\xfe"','"<b>&\'\\""','"12"','"3.5"','"-7"','"a\\nb"','"%d"','"alertname"','"severity"','"UTC"','"2006-01-02"','"straße ǆ ﬁ İ"','"true"',"\"it's\"",'"a b  c"','"x=1&y=2"','"\\u0000"','"\U0001f642"','"http://h/p?q=a b"','"a+b"','"[a-z]+"','"(b)"','"$1"']
NUM=['0','1','-1','2','3','42','1.5','0.0','-0.5','1e3','1e100','100000000000','0x1F','1_000',"'a'","'\\n'","'☃'",'1e6','1e21','1e20','3.0','0b101','0o17','0x1p4','9223372036854775807','-9223372036854775808','0.1','1e-7','123456789.0']
BOOL=['true','false']
DATA=['.Status','.Receiver','.Alerts','.Alerts.Firing','.Alerts.Resolved','.GroupLabels','.CommonLabels','.CommonAnnotations','.ExternalURL','.GroupLabels.alertname','.CommonLabels.nope','.CommonLabels.SortedPairs','.CommonLabels.Names','.CommonLabels.Values','.GroupLabels.SortedPairs.Names','.GroupLabels.SortedPairs.Values','(index .Alerts 0)','(index .Alerts 0).Labels','(index .Alerts 0).StartsAt','(index .Alerts 0).EndsAt','(index .Alerts 1).EndsAt','(index .Alerts 0).Fingerprint','(index .Alerts 0).GeneratorURL','(index .Alerts 0).Status','(index .Alerts 0).Annotations.summary','(index .CommonLabels.SortedPairs 0)','(index .CommonLabels.SortedPairs 0).Name','(len .Alerts)','(.CommonLabels.Remove (stringSlice "alertname"))','(stringSlice "a" "b" "c")','(stringSlice)','nil','(index .Alerts 0).StartsAt.Weekday','(index .Alerts 0).StartsAt.Month','((index .Alerts 0).EndsAt.Sub (index .Alerts 0).StartsAt)','(index .Alerts 0).StartsAt.Unix','(index .CommonLabels "severity")','.Nope','.Alerts.Nope','.Status.Nope','$.CommonLabels','.CommonLabels.SortedPairs.Nope','(index .Alerts 0).StartsAt.Location','(index .Alerts 0).Labels.instance']
NEWD=['(dict "a" 1 "b" "x")','(list 1 "a" true)','(list)','(list "a" "b")','(dict "k" (list 1 2))','(dict)','(append (list 1) 2)']
FUNS=['and','or','not','len','index','slice','html','js','print','printf','println','urlquery','eq','ne','lt','le','gt','ge','toUpper','toLower','title','trimSpace','join','match','safeHtml','reReplaceAll','stringSlice','safeUrl','urlUnescape','call']
NEWF=['date','tz','since','humanizeDuration','toJson','list','dict','append']
TM=['Format "2006-01-02T15:04:05Z07:00"','Format "Mon Jan _2 15:04:05.000 MST 2006"','Format "3:04PM"','Format ""','Unix','UnixMilli','UnixNano','UTC','Local','IsZero','Year','Month','Day','Hour','Minute','Second','Nanosecond','YearDay','Weekday','String','Date','ISOWeek','Clock','GoString','Add 5','AddDate 1 2 3','Truncate 3600000000000','Round 3600000000000','Location','Zone','MarshalJSON','Equal .','UnixMicro','Nope','Format "06 1 2 03 4 5 .999 Z0700 -07 002"','Format "Monday January 02 pm PM"','Month.String','Weekday.String','Format 5','Format','Before (index $.Alerts 1).StartsAt','After (index $.Alerts 1).StartsAt','Sub (index $.Alerts 1).StartsAt','Compare (index $.Alerts 1).StartsAt','IsDST','AppendFormat','Zone']
DM=['Hours','Minutes','Seconds','Milliseconds','Nanoseconds','String','Round 1000','Truncate 1000000000','Abs','Microseconds','Nope']
def atom(d=0):
    r=R.random()
    if r<0.28: return pick(*STR)
    if r<0.5: return pick(*NUM)
    if r<0.55: return pick(*BOOL)
    if r<0.9 or d>2: return pick(*DATA)
    if NEW: return pick(*NEWD)
    return '('+expr(d+1)+')'
NEW=False
def fun(): return pick(*(FUNS+NEWF if NEW and R.random()<0.4 else FUNS))
VERB='vvvvsssqdtxXobcUeEfFgGT%wZ'
def fmt():
    s=''
    for _ in range(pick(1,1,1,2,3)):
        s+=pick('','x',' ','%%')
        s+='%'+''.join(R.sample('+-# 0',pick(0,0,0,1,1,2)))+pick('','','','5','12','*','1')+pick('','','','.2','.0','.','.10','.*')+pick('','','','','[1]','[2]','[3]')+pick(*VERB)
    return json.dumps(s)
def expr(d=0):
    r=R.random()
    if r<0.12: return 'printf '+fmt()+' '+' '.join(atom(d+1) for _ in range(pick(0,1,1,1,2,3)))
    if r<0.24: return pick('eq','ne','lt','le','gt','ge')+' '+' '.join(atom(d+1) for _ in range(pick(1,2,2,2,2,3)))
    if r<0.32: return 'index '+pick('.Alerts','.CommonLabels','(stringSlice "a" "b")','"abc"','nil',atom(d+1))+' '+' '.join(atom(d+1) for _ in range(pick(0,1,1,1,2)))
    if r<0.37: return 'slice '+pick('"abcdef"','(stringSlice "a" "b" "c")','.Alerts',atom(d+1))+' '+' '.join(pick('0','1','2','3','9','-1',atom(d+1)) for _ in range(pick(0,1,2,2,3)))
    if r<0.43: return '(index .Alerts 0).StartsAt.'+pick(*TM)
    if r<0.46: return '((index .Alerts 1).StartsAt.Sub (index .Alerts 0).StartsAt).'+pick(*DM)
    if r<0.5: return pick('reReplaceAll','match','join')+' '+' '.join(pick(*STR) if R.random()<0.8 else atom(d+1) for _ in range(pick(1,2,2,3,3)))
    if r<0.54: return pick('and','or')+' '+' '.join(pick(atom(d+1),'true','false','""','0','nil','.Nope') for _ in range(pick(1,2,3)))
    if r<0.6: return pick('print','println','html','js','urlquery')+' '+' '.join(atom(d+1) for _ in range(pick(0,1,2,3)))
    if r<0.8: return fun()+' '+' '.join(atom(d+1) for _ in range(pick(0,1,1,1,2,2,3)))
    if r<0.86: return atom(d)
    if r<0.9: return '.CommonLabels.'+pick('Remove','Remove "a"','Remove (stringSlice "severity")','SortedPairs.Names','SortedPairs.Values','Names','Values','String','nope.x','Nope "a"','alertname "x"','SortedPairs')
    return atom(d)+' | '+fun()+pick('',' '+atom(d+1))+pick('','',' | '+fun(),' | '+fun()+' '+atom(d+1))
def trim(): return pick('{{','{{','{{','{{- '),pick('}}','}}','}}',' -}}')
def act(s): a,b=trim(); return a+s+b
def stmt(d=0):
    r=R.random()
    if d>2 or r<0.3: return act(pick('',' ')+expr()+pick('',' '))
    if r<0.4: return pick('text','a ','\n  ','  x\n','<b>','é','{','}','\t')
    if r<0.52: return act('if '+expr())+body(d)+pick('',act('else')+body(d),act('else if '+expr())+body(d)+pick('',act('else')+body(d)))+act('end')
    if r<0.6: return act('with '+pick('','$x := ')+expr())+body(d)+pick('{{.}}','')+pick('',act('else')+body(d),act('else with '+expr())+body(d))+act('end')
    if r<0.76: return act('range '+pick('','','$i, $e := ','$e := ','$i, $e = ')+pick('.Alerts','.CommonLabels','.CommonLabels.SortedPairs','(stringSlice "x" "y")','3','"ab"','nil','0','.CommonLabels.Names',pick(*STR,*DATA)))+pick('',act('.'),act('$i'),act('$e'),act('break'),act('continue'),act('if $i')+act(pick('break','continue'))+act('end'))+body(d)+pick('',act('else')+body(d))+act('end')
    if r<0.84: return act('$x := '+expr())+body(d)+act(pick('$x','$x','$y','$x.Nope','$x | len'))
    if r<0.87: return act('define "t%d"'%R.randrange(3))+body(d)+act('end')
    if r<0.92: return act('template "'+pick('t0','t1','t2','nope','a','x')+'"'+pick('',' .',' '+atom()))
    if r<0.94: return act('block "b%d" '%R.randrange(3)+atom())+body(d)+act('end')
    if r<0.97: return pick('{{/* c */}}','{{- /* c */ -}}','{{ /* c */ }}','{{/* a\nb */}}','{{/* c }}','{{/**/}}')
    return act('$x := 1')+act('$x = '+expr())+act('$x')
def body(d): return ''.join(stmt(d+1) for _ in range(pick(0,1,1,2)))
def mutate(s):
    for _ in range(pick(1,1,2)):
        i=R.randrange(len(s)+1) if s else 0
        r=R.random()
        if r<0.4: s=s[:i]+s[i+pick(1,1,2,3):]
        elif r<0.8: s=s[:i]+pick('{{','}}','"',"'",'`','(',')','.','$','|',',','=',':=',' ','-','{{end}}','{{else}}','/*','*/','\n','%','0','_','\\','é','\x01',' | ','..','.5','end','#','@','[',']','{','}')+s[i:]
        else: 
            j=min(len(s),i+R.randrange(1,12)); s=s[:j]+s[i:j]+s[j:]
    return s
VAL=['.','.CommonLabels.severity','"<a href=\'x\'>&\\""','"javascript:alert(1)"','"http://h/a b?x=\\"y\\""','1.5','true','.CommonLabels','.Alerts','("<i>"|safeHtml)','("http://x\'y"|safeUrl)','nil','"a\\nb"','(stringSlice "a<" "b")','"expression(1)"','"#fff"','"10px"','"é"','"</script>"','(index .Alerts 0).StartsAt','.ExternalURL','"on\'x"','""','"a=b c"','"data:x"','"//h"','"\\u2028"','-5','"\\\\"']
CTX=['@','<p>@</p>','<a href="@">x</a>',"<a href='@'>",'<a href=@>','<a title="@">','<a title=@>','<a href="http://h/@">','<a href="/p?q=@">','<a href="/p?q=@&r=@#@">','<a onclick="f(@)">','<a onclick="f(\'@\')">','<script>var x = @;</script>','<script>var x = "@";</script>',"<script>var x = '@';</script>",'<style>p { color: @ }</style>','<p style="color: @">','<p style="background: url(\'@\')">','<textarea>@</textarea>','<title>@</title>','<!-- @ -->a@','<img src="@">','<img srcset="@ 2x">','<@>','<a @>','<a @="x">','<a data-x="@">','<input value=@ >','<a b=@ c="@">','<script>/* @ */</script>','<script>// @\n</script>','<script>x = /@/;</script>','<script>`@`</script>','<div class="a @ b">','<a href="@@">','<a href="{{if .Status}}/x{{else}}/y?{{end}}@">','{{if .Status}}<a href="{{end}}@">','<p>{{if .Status}}<b>{{end}}@','<svg @/>','<a href=" @ ">','<iframe srcdoc="@">','<meta content="@">','<form action="@">','<script type="text/template">@</script>','<script type="application/json">@</script>','<a xlink:href="@">','<p>@','<b>@</b','<a href="mailto:@">','<a href="javascript:f(@)">','<style>@</style>',"<p style='width: @px; height:\"@\"'>",'<a href="?@=1">','<button formaction="@">','<a href="#@">','&lt;@','<a\nhref\n=\n"@">','<A HREF="@">','<td bgcolor=@>','<script>x = [@, @];</script>','<script>x = {a: @}</script>','<script>if (@) {}</script>','<script>x = @ / 2</script>','{{range .Alerts}}<a href="@">{{end}}','{{with .Status}}<i title="@">{{else}}<i>{{end}}','{{define "h"}}<i title="@">{{end}}{{template "h" .}}','<x {{template "nope" .}}>']
def html():
    c=pick(*CTX)
    if R.random()<0.15: c+=pick(*CTX)
    while '@' in c: c=c.replace('@','{{ '+pick(*VAL)+pick('','','',' | html',' | urlquery',' | printf "%q"',' | print',' | js',' | safeHtml',' | toUpper')+' }}',1)
    if R.random()<0.05: c=mutate(c)
    return c
def cases(n,seed,new,kinds):
    global NEW
    R.seed(seed); NEW=new; out=[]; seen=set()
    while len(out)<n:
        k=R.choice(kinds)
        if k=='expr': t,ty='{{ '+expr()+' }}','text'
        elif k=='stmt': t,ty=''.join(stmt() for _ in range(pick(1,1,2,3))),'text'
        elif k=='mut': t,ty=mutate(pick(lambda:'{{ '+expr()+' }}',lambda:stmt())()),'text'
        elif k=='html': t,ty=html(),'html'
        if '\x00' in t or (t,ty) in seen or len(t)>4000 : continue
        seen.add((t,ty)); out.append((t,ty,k))
    return out
def limits():
    import resource; resource.setrlimit(resource.RLIMIT_AS,(3<<30,3<<30)); resource.setrlimit(resource.RLIMIT_CPU,(5,5))
def render(amtool,data,files,t,ty):
    r=subprocess.run([amtool,'template','render',*['--template.glob='+f for f in files],'--template.data',data,'--template.type',ty,'--template.text='+t],capture_output=True,preexec_fn=limits)
    if r.returncode<0 or b'out of memory' in r.stderr or b'goroutine ' in r.stderr: return None,'\ufffd'
    if r.returncode==0: return True,r.stdout.decode('utf-8','replace').removesuffix('\n')
    e=r.stderr.decode('utf-8','replace')
    return False,(e[len('amtool: error: '):] if e.startswith('amtool: error: ') else e).rstrip('\n')
