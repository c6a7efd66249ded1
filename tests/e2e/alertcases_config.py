"""Variations of alertmanager.yml: every key missing, empty, null, of another kind, twice; odd addresses, durations, regexes,
matchers, times. peer() is what amtool check-config says of them."""
import json, re, subprocess

class Raw(str): pass
def scalar(v):
    if isinstance(v,Raw): return str(v)
    if v is None: return '~'
    if v is True: return 'true'
    if v is False: return 'false'
    if isinstance(v,(int,float)): return repr(v)
    return json.dumps(v,ensure_ascii=False)
def emit(v,ind=0):
    pad='  '*ind
    if isinstance(v,dict): v=list(v.items())
    if isinstance(v,Pairs) or (isinstance(v,list) and v and isinstance(v[0],tuple)):
        out=''
        for k,x in v:
            if isinstance(x,(dict,list)) and len(x): out+=f'{pad}{k}:\n{emit(x,ind+1)}'
            else: out+=f'{pad}{k}: {flow(x)}\n'
        return out
    if isinstance(v,list):
        out=''
        for x in v:
            if isinstance(x,(dict,list)) and len(x): out+=f'{pad}-\n{emit(x,ind+1)}'
            else: out+=f'{pad}- {flow(x)}\n'
        return out
    return pad+scalar(v)+'\n'
class Pairs(list): pass
def flow(x):
    if isinstance(x,dict): return '{'+', '.join(f'{k}: {flow(y)}' for k,y in x.items())+'}'
    if isinstance(x,list): return '['+', '.join(flow(y) for y in x)+']'
    return scalar(x)

TLS=dict(ca_file='ca',cert_file='c',key_file='k',server_name='s',insecure_skip_verify=True,min_version='TLS12',max_version='TLS13',ca='x',cert='c',key='k',ca_ref='x',cert_ref='x',key_ref='x')
def tls(*k): return {x:TLS[x] for x in k}
HTTPS=[
 dict(basic_auth=dict(username='u',password='p')),
 dict(basic_auth=dict(username_file='u',password_file='p')),
 dict(basic_auth=dict(username_ref='u',password_ref='p')),
 dict(authorization=dict(type='Bearer',credentials='x')),
 dict(authorization=dict(type='Token',credentials_file='x')),
 dict(authorization=dict(credentials_ref='x')),
 dict(oauth2=dict(client_id='a',client_secret='b',token_url='http://x/',scopes=['a'],endpoint_params=dict(a='b'),tls_config=tls('insecure_skip_verify'),proxy_url='http://p:1')),
 dict(oauth2=dict(client_id='a',client_secret_file='b',token_url='http://x/',no_proxy='x',proxy_url='http://p',proxy_connect_header={'A':['b']})),
 dict(oauth2=dict(client_id='a',client_secret='b',token_url='http://x/',grant_type='client_credentials',audience='x',claims=dict(a='b'))),
 dict(oauth2=dict(client_id='a',client_certificate_key='b',token_url='http://x/',grant_type='urn:ietf:params:oauth:grant-type:jwt-bearer',signature_algorithm='RS256',iss='x',client_certificate_key_id='k')),
 dict(bearer_token='x'), dict(bearer_token_file='x'),
 dict(tls_config=tls('ca_file','cert_file','key_file','server_name','insecure_skip_verify','min_version','max_version')),
 dict(tls_config=tls('ca','cert','key')), dict(tls_config=tls('cert','key_file')),
 dict(proxy_url='http://p:1',follow_redirects=True,enable_http2=False),
 dict(proxy_url='http://p:1',no_proxy='a,b',proxy_connect_header={'X':['a']}),
 dict(proxy_from_environment=True),
 dict(http_headers={'X-A':dict(values=['a'])}), dict(http_headers={'X-A':dict(secrets=['a'],files=['f'])}), {},
]
CONFIRM=dict(text='t',title='t',ok_text='o',dismiss_text='d')
RECV=dict(
 webhook=[dict(send_resolved=True,http_config=dict(),url='http://w/',max_alerts=3,timeout='5s'),dict(url_file='f'),dict(url='http://{{ .GroupLabels.x }}/',payload=dict(a='b'))],
 slack=[dict(send_resolved=True,api_url='http://s/',channel='#c',username='u',color='c',title='t',title_link='l',pretext='p',text='t',fields=[dict(title='a',value='b',short=True)],short_fields=True,footer='f',fallback='f',callback_id='c',icon_emoji=':a:',icon_url='http://x',image_url='i',thumb_url='t',link_names=True,mrkdwn_in=['a'],actions=[dict(type='button',text='t',url='http://u',style='s',name='n',value='v',confirm=CONFIRM)]),dict(api_url_file='f',channel='x',timeout='5s',message_text='x'),dict(app_token='x',app_url='http://x',channel='x'),dict(app_token_file='x',channel='x',update_message=True),dict(api_url='http://s/',actions=[dict(type='button',text='t',name='n')])],
 pagerduty=[dict(send_resolved=True,routing_key='k',url='http://p/',client='c',client_url='u',description='d',severity='s',details=dict(a='b'),images=[dict(href='h',src='s',alt='a')],links=[dict(href='h',text='t')],component='c',group='g',timeout='3s',source='s'),dict(service_key='k'),dict(routing_key_file='f'),dict(service_key_file='f',**{'class':'x'})],
 opsgenie=[dict(send_resolved=True,api_key='k',api_url='http://o/',message='m',description='d',source='s',details=dict(a='b'),entity='e',actions='a',tags='t',note='n',priority='P1',responders=[dict(id='i',type='team')],update_alerts=True),dict(api_key_file='f',responders=[dict(name='n',type='teams')]),dict(api_key='k',responders=[dict(username='u',type='user'),dict(name='{{ .x }}',type='{{ .y }}')])],
 victorops=[dict(send_resolved=True,api_key='k',api_url='http://v/',routing_key='r',message_type='m',state_message='s',entity_display_name='e',monitoring_tool='t',custom_fields=dict(a='b')),dict(api_key_file='f',routing_key='r')],
 pushover=[dict(send_resolved=True,user_key='u',token='t',title='t',message='m',url='u',url_title='x',device='d',sound='s',priority='2',retry='1m',expire='1h',ttl='1h',html=True),dict(user_key_file='u',token_file='t',monospace=True)],
 telegram=[dict(send_resolved=True,bot_token='t',chat_id=-100,api_url='http://t',message='m',parse_mode='HTML',disable_notifications=True,message_thread_id=5),dict(bot_token_file='f',chat_id_file='f')],
 discord=[dict(send_resolved=True,webhook_url='http://d/',title='t',message='m',content='c',username='u',avatar_url='http://x'),dict(webhook_url_file='f')],
 msteams=[dict(send_resolved=True,webhook_url='http://d/',title='t',text='m',summary='s'),dict(webhook_url_file='f')],
 msteamsv2=[dict(send_resolved=True,webhook_url='http://d/',title='t',text='m'),dict(webhook_url_file='f')],
 webex=[dict(send_resolved=True,room_id='r',message='m',api_url='http://x',http_config=dict(authorization=dict(type='Bearer',credentials='x')))],
 sns=[dict(send_resolved=True,sigv4=dict(region='r',access_key='a',secret_key='s',profile='p',role_arn='r'),topic_arn='t',subject='s',message='m',attributes=dict(a='b'),api_url='http://x'),dict(phone_number='p',sigv4=dict()),dict(target_arn='p',sigv4=dict(external_id='x',use_fips_sts_endpoint=True,service_name='x'))],
 wechat=[dict(send_resolved=True,corp_id='c',api_secret='s',agent_id='a',to_user='u',to_party='p',to_tag='t',message='m',message_type='text',api_url='http://x'),dict(corp_id='c',api_secret_file='s')],
 jira=[dict(send_resolved=True,api_url='http://x',api_type='auto',project='p',issue_type='i',summary='s',description='d',labels=['a'],priority='p',fields=dict(a='b',c=dict(d='e')),reopen_transition='r',resolve_transition='r',wont_fix_resolution='w',reopen_duration='1h'),dict(api_url='http://x',project='p',issue_type='i',summary=dict(template='x',enable_update=False),description=dict(template='x',enable_update=True))],
 rocketchat=[dict(send_resolved=True,token='t',token_id='i',api_url='http://x',channel='c',color='c',title='t',title_link='l',text='x',fields=[dict(title='a',value='b',short=True)],short_fields=True,emoji='e',icon_url='u',image_url='u',thumb_url='u',link_names=True,actions=[dict(type='button',text='t',url='u',msg='m')]),dict(token_file='t',token_id_file='i')],
 mattermost=[dict(send_resolved=True,webhook_url='http://x',channel='c',username='u',text='t',icon_url='u',icon_emoji='e',attachments=[dict(fallback='f',color='c',pretext='p',text='t',author_name='a',author_link='l',author_icon='i',title='t',title_link='l',fields=[dict(title='a',value='b',short=True)],thumb_url='t',footer='f',footer_icon='f',image_url='i')],type='x',props=dict(card='c'),priority=dict(priority='urgent',requested_ack=True,persistent_notifications=True)),dict(webhook_url_file='f')],
 incidentio=[dict(send_resolved=True,url='http://x',alert_source_token='t',max_alerts=3,timeout='3s'),dict(url_file='f',alert_source_token_file='f')],
 email=[dict(send_resolved=True,to='a@b.c',**{'from':'x@y'},hello='h',smarthost='h:25',auth_username='u',auth_password='p',auth_secret='s',auth_identity='i',headers={'Subject':'s'},html='h',text='t',require_tls=True,tls_config=tls('insecure_skip_verify')),dict(to='a@b',**{'from':'x@y'},smarthost='h:25',auth_password_file='f',auth_secret_file='f',force_implicit_tls=True,threading=dict(enabled=True,thread_by_date='daily'),implicit_tls=True)],
)
GLOBALS=[dict(resolve_timeout='5m',smtp_smarthost='h:25',smtp_from='a@b',smtp_hello='h',smtp_auth_username='u',smtp_auth_password='p',smtp_auth_secret='s',smtp_auth_identity='i',smtp_require_tls=True,slack_api_url='http://s',pagerduty_url='http://p',opsgenie_api_url='http://o',opsgenie_api_key='k',wechat_api_url='http://w',wechat_api_secret='s',wechat_api_corp_id='c',victorops_api_url='http://v',victorops_api_key='k',telegram_api_url='http://t',webex_api_url='http://w'),
 dict(slack_api_url_file='f',opsgenie_api_key_file='f',victorops_api_key_file='f',smtp_auth_password_file='f'),
 dict(smtp_auth_secret_file='f',smtp_tls_config=tls('insecure_skip_verify'),smtp_force_implicit_tls=True,jira_api_url='http://j',rocketchat_api_url='http://r',rocketchat_token='t',rocketchat_token_id='t',mattermost_webhook_url='http://m',telegram_bot_token='x',wechat_api_secret_file='x'),
 dict(rocketchat_token_file='t',rocketchat_token_id_file='t',mattermost_webhook_url_file='http://m',telegram_bot_token_file='x',slack_app_token='x',slack_app_url='http://x'),
 dict(slack_app_token_file='x'), {}]
TI=[dict(name='t',time_intervals=[dict(times=[dict(start_time='09:00',end_time='17:00')],weekdays=['monday:friday','sunday'],days_of_month=['1:5','-3:-1'],months=['1:3','may','june:august'],years=['2020:2022','2030'],location='Europe/Berlin')])]
ROUTE=dict(receiver='r',group_by=['a','b'],group_wait='30s',group_interval='5m',repeat_interval='4h',routes=[dict(receiver='r',match=dict(a='b'),match_re=dict(c='d.*'),matchers=['a="b"','c=~"d"'],mute_time_intervals=['t'],active_time_intervals=['t'],group_by=['...'],group_wait='1s',group_interval='1m',repeat_interval='1h',routes=[dict(matchers=['x=y'])],**{'continue':True})])
INH=[dict(source_match=dict(a='b'),source_match_re=dict(a='b'),source_matchers=['a=b'],target_match=dict(a='b'),target_match_re=dict(a='b'),target_matchers=['c=d'],equal=['e','f'])]

BASES=[]
def base(**k):
    b=dict(route=dict(receiver='r'),receivers=[dict(name='r')]); b.update(k); return b
for i,g in enumerate(GLOBALS): BASES.append((f'global{i}',base(**{'global':g}),('global',)))
for i,h in enumerate(HTTPS):
    BASES.append((f'ghttp{i}',base(**{'global':dict(http_config=h)}),('global','http_config')))
    BASES.append((f'http{i}',base(receivers=[dict(name='r',webhook_configs=[dict(url='http://x',http_config=h)])]),('receivers',0,'webhook_configs',0,'http_config')))
for k,vs in RECV.items():
    for i,v in enumerate(vs): BASES.append((f'{k}{i}',base(receivers=[dict(name='r',**{k+'_configs':[v]})]),('receivers',0,k+'_configs')))
    if k in('slack','pagerduty','opsgenie','victorops','wechat','email','jira','rocketchat','mattermost','telegram','webex'):
      for j,g in enumerate(GLOBALS[:5]):
        for i,v in enumerate(vs[:2]): BASES.append((f'{k}{i}g{j}',base(**{'global':g},receivers=[dict(name='r',**{k+'_configs':[v]})]),('receivers',0,k+'_configs',0,'!keys')))
BASES.append(('route',base(route=ROUTE,time_intervals=TI),('route',)))
BASES.append(('ti',base(time_intervals=TI),('time_intervals',)))
BASES.append(('mti',base(mute_time_intervals=TI),('mute_time_intervals',)))
BASES.append(('inh',base(inhibit_rules=INH),('inhibit_rules',)))
BASES.append(('top',base(templates=['nothing*.tmpl'],inhibit_rules=[],time_intervals=[],mute_time_intervals=[],**{'global':{}}),()))
BASES.append(('recv',base(receivers=[dict(name='r',labels=dict(a='b')),dict(name='s')]),('receivers',)))
BASES.append(('rlabels',base(route=dict(receiver='r',labels=dict(a='b'),routes=[dict(labels=dict(a='{{ .x }}'))])),('route',)))
BASES.append(('inhname',base(inhibit_rules=[dict(name='x',source_matchers=['a=b'],target_matchers=['c=d'])]),('inhibit_rules',)))
BASES.append(('tracing',base(tracing=dict(endpoint='x:1',client_type='grpc',insecure=True,sampling_fraction=0.5,timeout='1s',compression='gzip',headers=dict(a='b'),tls_config={},http_headers={})),('tracing',)))

GEN=[None,'','text',5,-1,0,1.5,True,False,[],[None],['a'],[''],[5],[True],[['a']],[{}],[{'a':'b'}],{},{'a':'b'},{'a':None},{'a':5},{'a':['b']},{'a':{}},
 Raw('yes'),Raw('on'),Raw('"true"'),Raw('0x10'),Raw('1_000'),Raw('2020-01-01'),Raw('!!binary aGk='),Raw('!!str 5'),Raw('!!int "5"'),Raw('!!int x'),Raw('.inf'),Raw('.nan'),Raw('1e3'),Raw('010'),Raw('0o7'),Raw('"null"'),Raw("'5'"),Raw('+5'),Raw('1:30'),Raw('9223372036854775808'),Raw('99999999999999999999999'),Raw('<secret>'),Raw('"<secret>"'),Raw('&x y'),Raw('*nope'),Raw('? x'),Raw('!foo x'),Raw('!!float 5'),Raw('!!bool yes'),Raw('!!null x'),Raw('!!map {}'),Raw('!!seq []'),Raw('!!seq {}'),Raw('"\\x41\\u263a"'),Raw("'it''s'"),Raw('- a'),Raw('a: b'),Raw('"unclosed'),Raw('[a'),Raw('{a: b'),Raw('@x'),Raw('`x'),Raw('%x'),Raw('|\n                    text'),Raw('>-\n                    a\n                    b'),Raw('n'),Raw('y'),Raw('Null'),Raw('TRUE'),Raw('=')]
URL=['http://','http:///x','ftp://h','://','http://h:port','http://h:99999','http://h:','h','/x','http://h/%zz','http://[::1','http://[::1]:80/','http://a b','http://h/a b','http://h?x=%','http://user:pw@h','HTTP://H','http://h\x01','mailto:x','http://{{ .x }}','{{ .x }}','http:h','https://h#f','//h/x','http://h/%41','1http://h','http://ü','http://%41','http://h:0','http://h:-1','http://:80','http://u:p:q@h','http://h\\x','http://[h]','http://[fe80::1%25en0]/','http://h/<>','?x',' http://h','http://h ','http://a,b','http://a_b','http://h/{{ .a }}','unix:///x','http://u%zz@h','http:// h']
DUR=['5s','1h30m','30m1h','1.5h','-1s','0s','1w2d','1y','1ms','1m 1s','9999999999y','1H','1h1h','1d','s','1','1s ','1us','1ns','1m1ms','+1s','292y','293y','106751d','106752d','9223372036s','9223372037s','1y1w1d1h1m1s1ms','00s','007s','0w','1M']
RE=['(','[a','a{1001}','a{1000}','(?=x)','\\C','(?i)x','*','a**','a*+','\\pN','\\p{Foo}','(?P<n>x)','(?<n>x)','(?P<n>x)(?P<n>y)','a{2,1}','\\8','\\1','[b-a]','[[:foo:]]','[[:alpha:]]','\\Q(','a|*','(?z)','x{0}','(((a{100}){100}){100})','\\','\\x{110000}','\\z','\\Z','a{,2}','(?#c)','(?>x)','\xff','a{1,}{2}','(?s-i:x)','(?-)','(?:','\\u0041','.{1000}.{1000}']
MATCH=['a','a=','=b','a=b,c=d','{a=b}','{a=b','a=b}','a=~(','a=~"("','a="b','a=b"','a=\'b\'','a==b','a!b','a!=b','a!~b','a=~b','"a"=b','"a b"=c','ü=x','a=ü','a.b=c','a-b=c','a:b=c','1a=b','a = b',' a=b ','a=b,','a=b,,c=d',',a=b','{}','','a="\\d"','a="\\n"','a="\\x41"','a=`b`','a=b c','a="b" c','a=b=c','a=~b=c','a="b,c"','a=b,c','__name__=x','a\n=b','a="\\"','a="\\\\"','{"a"}','a="","b"=""','""=x','a=""','{a="b",}','{,}','a=~""','a=~".*"','a!=""','a={','a=}','a=~{2}','a=[x]','\U0001f642=x','a="\xff"','"\\xff"=a','a=~a{2}','a=~"a{2}"','a=~a{2},b=c','a=(x','a=~x)','a=\\','a=b\\']
NAME=['a','1','a-b','a.b','ü','a b','','__name__','...','{{ .x }}','a:b','A','_','a\nb','"a"']
TIMEV=['09:00','9:00','24:00','24:01','00:00','23:60','9','09:00:00','-1:00','09:0','0900','ab:cd','09.00','099:00',' 09:00','09:00 ','24:00:','1:00','00:1']
RANGE=['monday','Monday','mon','monday:friday','friday:monday','sunday:saturday','saturday:sunday','monday:','1','0','6','7','1:5','-1','-31','-32','31','32','1:-1','-1:1','-5:-1','-1:-5','10:5','0:3','may','May','may:june','june:may','12','13','0','1:13','12:1','1:12','december:january','2020','2020:2021','2021:2020','0:5','-1:5','2020:','2020-2021','1:2:3',' 1','1 ','1.5','monday:monday','5:5','1:31','-31:-1','29:31','31:31','jan','1:may','monday:5','-31:31','-1:31','5:-30','5:-28','x:y',':5',':','a','00','01','+1','1e1','99999','9223372036854775808','january:12','-0']
LOC=['UTC','Local','Europe/Berlin','europe/berlin','EST','Mars/X','','utc','GMT+1','Etc/GMT+1','../etc/passwd','/etc/localtime','America/Argentina/Buenos_Aires','CET','Z','Europe/Berlin ','US/Pacific','local']
HOST=['h:25','h','h:','h:smtp',':25','h:99999','h:0','h:-1','[::1]:25','::1:25','h:25:3','h: 25','1.2.3.4:25','h:+5','[::1]','h:65536',' h:25','h:25 ','http://h:25','[::1]x:25','h]:25','[h:25']
ENUMS=['TLS10','TLS11','TLS12','TLS13','TLS9','tls12','TLS1.2','text','markdown','html','HTML','Html','Markdown','MarkdownV2','MarkdownV3','none','daily','weekly','auto','cloud','datacenter','server','team','teams','user','escalation','schedule','Team','teams ','Basic','basic','Bearer','bearer','Bearer x','Token','urgent','important','standard','RS256','HS256','P1','P9','5','0','-1','2','3','client_credentials','button','gzip','grpc','http','snappy']
TPL=['{{','{{ .x }}','{{ nofunc }}','{{ template "nope" . }}','{{ .Nope.X }}','{{ define "a" }}','{{ end }}','{{ if }}','{{ "a" | toUpper }}','}}']
MAIL=['a@b','a','a b <a@b>','a@b, c@d','<a@b','','{{ .x }}@b','"x" <a@b>','a@b,','@b']
SPECIAL={**{k:DUR for k in('group_wait','group_interval','repeat_interval','resolve_timeout','timeout','retry','expire','ttl','reopen_duration')},
 **{k:RANGE for k in('weekdays','days_of_month','months','years')},'start_time':TIMEV,'end_time':TIMEV,'location':LOC,'smarthost':HOST,'smtp_smarthost':HOST,
 'matchers':MATCH,'source_matchers':MATCH,'target_matchers':MATCH,'group_by':NAME,'equal':NAME,'templates':['nothing*.tmpl','/nonexistent/x','[','a[','*','\\','good.tmpl','bad.tmpl','sub','{a,b}','~/x',''],
 'to':MAIL,'from':MAIL}
SPECIALPARENT={'match_re':RE,'source_match_re':RE,'target_match_re':RE}
def special(path):
    names=[p for p in path if isinstance(p,str)]
    k=names[-1] if names else ''
    out=[]
    if k in SPECIAL: out+=SPECIAL[k]
    if len(names)>1 and names[-2] in SPECIALPARENT: out+=SPECIALPARENT[names[-2]]
    if 'url' in k and not k.endswith('_file') or k in('endpoint','slack_app_url'): out+=URL
    if k in('min_version','max_version','message_type','parse_mode','thread_by_date','api_type','type','priority','signature_algorithm','grant_type','compression','client_type'): out+=ENUMS
    if k in('title','text','message','html','description') : out+=TPL
    if k in('timeout','retry') : out+=[]
    return out

NEWER=set('smtp_auth_secret_file smtp_tls_config smtp_force_implicit_tls slack_app_token slack_app_token_file slack_app_url jira_api_url rocketchat_api_url rocketchat_token rocketchat_token_file rocketchat_token_id rocketchat_token_id_file mattermost_webhook_url mattermost_webhook_url_file telegram_bot_token telegram_bot_token_file wechat_api_secret_file username_file username_ref password_ref credentials_ref no_proxy audience claims grant_type iss signature_algorithm client_certificate_key client_certificate_key_id ca cert ca_ref cert_ref key_ref proxy_from_environment http_headers timeout url_file message_text app_token app_token_file app_url update_message device ttl monospace token_file user_key_file message_thread_id bot_token_file chat_id_file content username avatar_url webhook_url_file external_id use_fips_sts_endpoint service_name api_secret_file auth_secret_file force_implicit_tls implicit_tls threading labels'.split())
def strip(v):
    if isinstance(v,dict): return {k:strip(x) for k,x in v.items() if k not in NEWER and not(k=='proxy_connect_header' and 'scopes' not in v and 'client_id' in v)}
    if isinstance(v,list): return [strip(x) for x in v]
    return v
for n,b,u in list(BASES):
    b2=strip(b)
    if b2!=b and not any(x in n for x in('jira','rocketchat','mattermost','incidentio','msteams')): BASES.append((n+'old',b2,u))
def walk(v,path=()):
    yield path,v
    if isinstance(v,dict):
        for k,x in v.items(): yield from walk(x,path+(k,))
    elif isinstance(v,list):
        for i,x in enumerate(v): yield from walk(x,path+(i,))
def clone(v):
    if isinstance(v,dict): return {k:clone(x) for k,x in v.items()}
    if isinstance(v,list): return [clone(x) for x in v]
    return v
def setp(v,path,x):
    v=clone(v); p=v
    if not path: return x
    for k in path[:-1]: p=p[k]
    p[path[-1]]=x; return v
def delp(v,path):
    v=clone(v); p=v
    for k in path[:-1]: p=p[k]
    del p[path[-1]]; return v
def short(x): return x if isinstance(x,str) else json.dumps(x)
def cases():
    for name,b,under in BASES:
        yield f'{name}: as it is',b
        keys='!keys' in under
        under=tuple(u for u in under if u!='!keys')
        for path,v in walk(b):
            if path[:len(under)]!=under: continue
            where=name+' '+'.'.join(map(str,path))
            if path: yield f'{where}: absent',delp(b,path)
            if keys: 
                if len(path)>len(under): yield f'{where}: null',setp(b,path,None); yield f'{where}: empty',setp(b,path,'')
                continue
            for g in GEN: yield f'{where}: {short(g)}',setp(b,path,g)
            for g in special(path):
                yield f'{where}: {short(g)!r}',setp(b,path,[g] if isinstance(v,list) else g)
            if isinstance(v,dict):
                yield f'{where}: unknown',setp(b,path,{**v,'nosuchkey':1})
                yield f'{where}: unknownnull',setp(b,path,{**v,'nosuchkey':None})
                for k in v: 
                    yield f'{where}.{k}: twice',setp(b,path,Pairs(list(v.items())+[(k,v[k])]))
                    yield f'{where}.{k}: upper',setp(b,path,Pairs([(k.upper() if q==k else q,x) for q,x in v.items()]))
                    for k2 in ('x_file','x_ref'):
                        t=k+k2[1:]
                        if t not in v: yield f'{where}: and {t}',setp(b,path,{**v,t:'f'})
            if isinstance(v,list) and v:
                yield f'{where}: doubled',setp(b,path,v+v)
                yield f'{where}: and null',setp(b,path,v+[None])
                yield f'{where}: and empty',setp(b,path,v+[''])
                yield f'{where}: and {{}}',setp(b,path,v+[{}])
    # pairs of http_config
    for i,a in enumerate(HTTPS):
        for j,c in enumerate(HTTPS):
            if i<j:
                h={**a,**c}
                for k in a:
                    if k in c and isinstance(a[k],dict): h[k]={**a[k],**c[k]}
                yield f'httppair {i} {j}',base(receivers=[dict(name='r',webhook_configs=[dict(url='http://x',http_config=h)])])
    for k,vs in RECV.items():
        for i,a in enumerate(vs):
            for j,c in enumerate(vs):
                if i<j:
                    yield f'pair {k} {i} {j}',base(receivers=[dict(name='r',**{k+'_configs':[{**a,**c}]})])
                    for key in c:
                        if key not in a: yield f'pair {k} {i}+{key}',base(receivers=[dict(name='r',**{k+'_configs':[{**a,key:c[key]}]})])
    for k in ROUTE['routes'][0]:
        if k not in ROUTE: yield f'root route {k}',base(route=dict(receiver='r',**{k:ROUTE['routes'][0][k]}),time_intervals=TI)
    for n in NAME+MATCH[:5]:
        for side in('match','match_re'): yield f'route {side} name {n!r}',base(route=dict(receiver='r',routes=[{side:{json.dumps(n):'x'}}]))
        for side in('source_match','target_match_re'): yield f'inhibit {side} name {n!r}',base(inhibit_rules=[{side:{json.dumps(n):'x'}}])
        yield f'route labels name {n!r}',base(route=dict(receiver='r',labels={json.dumps(n):'x'}))
        yield f'receiver labels name {n!r}',base(receivers=[dict(name='r',labels={json.dumps(n):'x'})])
        yield f'receiver name {n!r}',base(receivers=[dict(name='r'),dict(name=n)])
        yield f'interval name {n!r}',base(time_intervals=[dict(name=n,time_intervals=[])])
        yield f'group_by with ... {n!r}',base(route=dict(receiver='r',group_by=['...',n]))
        yield f'group_by twice {n!r}',base(route=dict(receiver='r',group_by=[n,n]))
        yield f'header {n!r}',base(receivers=[dict(name='r',email_configs=[dict(to='a',smarthost='h:25',**{'from':'x'},headers={json.dumps(n):'x'})])])
        yield f'http header {n!r}',base(receivers=[dict(name='r',webhook_configs=[dict(url='http://x',http_config=dict(http_headers={json.dumps(n):dict(values=['a'])}))])])
    for h in ('Authorization','authorization','Host','Content-Type','User-Agent','X-Prometheus-Scrape-Timeout','Connection','Content-Length','Accept-Encoding','X a','X:a'):
        yield f'http header {h!r}',base(receivers=[dict(name='r',webhook_configs=[dict(url='http://x',http_config=dict(http_headers={json.dumps(h):dict(values=['a'])}))])])
    for a in('subject','Subject','SUBJECT'):
        yield f'mail header twice {a}',base(receivers=[dict(name='r',email_configs=[dict(to='a',smarthost='h:25',**{'from':'x'},headers=Pairs([('Subject','x'),(a,'y')]))])])
    for s in TIMEV:
        for e in TIMEV: yield f'times {s} {e}',base(time_intervals=[dict(name='t',time_intervals=[dict(times=[dict(start_time=s,end_time=e)])])])
    for t in ['','null','[]','a','5','{}','route: ~','---\n','# c\n','route: {receiver: a}\n---\nroute: {receiver: b}\n','route:\n\treceiver: a\n','receivers: []\nroute: {receiver: a}','route: {receiver: r}\nreceivers: [{name: r}]\n...\n','\ufeffroute: {receiver: r}\nreceivers: [{name: r}]\n','route: {receiver: r}\nreceivers: [{name: r}, {name: r}]\n','route: &a {receiver: r}\nreceivers: [{name: r}]\n','x: &a {receiver: r}\nroute: *a\nreceivers: [{name: r}]\n','route: {<<: {receiver: r}}\nreceivers: [{name: r}]\n','route: {? receiver : r}\nreceivers: [{name: r}]\n','route: {receiver: r}\nreceivers: [{name: r, webhook_configs: [&w {url: http://x}, {<<: *w, max_alerts: 1}]}]\n','route: {receiver: r, routes: [{<<: [{matchers: [a=b]},{continue: true}]}]}\nreceivers: [{name: r}]\n']:
        yield f'whole {t!r}',Raw(t)

def text_of(c): return str(c) if isinstance(c,Raw) else emit(c)
def peer(program,files,cwd):
    out={}; at=0
    while at<len(files):
        batch=files[at:at+400]
        r=subprocess.run([program,'check-config',*batch],capture_output=True,text=True,cwd=cwd,errors='replace')
        cur=None
        for line in r.stdout.split('\n'):
            m=re.match(r"Checking '(\S+)'(?:  (SUCCESS|FAILED: (.*)))?",line)
            if m: cur=m[1]; out[cur]=(m[2]=='SUCCESS',m[3] or '')
            elif cur and line=='  SUCCESS': out[cur]=(True,'') # behind the warnings
            elif cur and not out[cur][0]: out[cur]=(False,out[cur][1]+'\n'+line)
        at+=len(batch)
        if 'panic' in r.stderr:
            # the one whose line was not finished, or the one after the last finished line
            done=[f for f in batch if f in out]; last=done[-1] if done else None
            bad=last if last and not out[last][0] and not out[last][1].strip() else batch[len(done)]
            out[bad]=(False,'panic'); at=files.index(bad)+1
    return out
