#include "tmpl_fixture.h"

static bool safe(void *ctx, TmplRun *run, const TmplValue *args, size_t n, TmplValue *ret, Err *err)
{
        (void)ctx;
        (void)run;
        (void)n;
        (void)err;
        *ret = args[0];
        ret->safe_html = true;
        return true;
}

static void values_are_escaped_for_their_place(void **state)
{
        (void)state;
        static const TmplFunc funcs[] = { { "safe", 1, 1, safe, "s" }, { 0 } };
        static const Case cases[] = {
                { "<b>{{ \"<i>&+\" }}</b>", "<b>&lt;i&gt;&amp;&#43;</b>" },
                { "{{ print nil }}{{ .Any.y }}", "&lt;nil&gt;" },
                { "{{ safe \"<i>\" }}<p title='{{ safe \"<i>a&amp;b</i>'\" }}'>", "<i><p title='a&amp;b&#39;'>" },
                { "{{ \"<\" | html }}", "&lt;" },
                { "<a title={{ \"a b>\" }}>", "<a title=a&#32;b&gt;>" },
                { "<a title={{ \"\" }}>", "<a title=ZgotmplZ>" },
                { "<a href='{{ \"javascript:x\" }}'>", "<a href='#ZgotmplZ'>" },
                { "<a href='{{ \" JavaScript:x\" }}'>", "<a href='#ZgotmplZ'>" },
                { "<a href=\"{{ \"http://h/a b?c=d&e\" }}\">", "<a href=\"http://h/a%20b?c=d&amp;e\">" },
                { "<a href=\"/x?{{ \"a&b=c\" }}#{{ \"d e\" }}\">", "<a href=\"/x?a%26b%3dc#d%20e\">" },
                { "<a href=\"http://h/{{ \"javascript:x\" }}\">", "<a href=\"http://h/javascript:x\">" },
                { "<img data-src={{ \"javascript:x\" }}>", "<img data-src=#ZgotmplZ>" },
                { "<p onclick=\"f('{{ \"it's \\\"x\\\"</script>\" }}')\">",
                  "<p onclick=\"f('it\\u0027s \\u0022x\\u0022\\u003c\\/script\\u003e')\">" },
                { "<script>x = \"{{ \"</script>\" }}\"; y = {{ \"</script>\" }}; z = {{ .M }}; n = {{ .N }}</script>{{ \"<\" }}",
                  "<script>x = \"\\u003c\\/script\\u003e\"; y = \"\\u003c/script\\u003e\"; z = {\"a\":\"1\",\"b\":\"2\"}; n =  7 </script>&lt;" },
                { "<script>a /* {{ 1 }} \n */ b // {{ 2 }}\nc = /{{ \"/\" }}/; d = 1 / {{ 2 }}</script>",
                  "<script>a  \n b \nc = /\\//; d = 1 /  2 </script>" },
                { "<style>p { color: {{ \"red\" }}; x: {{ \"expression(1)\" }}; y: '{{ \"a'b\" }}'; z: url({{ \"javascript:x\" }}) }</style>",
                  "<style>p { color: red; x: ZgotmplZ; y: 'a\\27 b'; z: url(#ZgotmplZ) }</style>" },
                { "<p style=\"color: {{ \"a;b\" }}\">", "<p style=\"color: ZgotmplZ\">" },
                { "<textarea>{{ \"</textarea>\" }}<b></textarea><b>",
                  "<textarea>&lt;/textarea&gt;&lt;b></textarea><b>" },
                { "a<!-- {{ \"x\" }} <b> -->b < c <!DOCTYPE html>", "ab &lt; c <!DOCTYPE html>" },
                { "<p {{ \"id\" }}=1 {{ \"onclick\" }}=2 {{ \"a b\" }}>", "<p id=1 ZgotmplZ=2 ZgotmplZ>" },
                { "<{{ \"script\" }}>", "&lt;script>" },
                { "<h{{ 1 }}>{{ \"<\" }}</h{{ 1 }}>", "<h1>&lt;</h1>" },
                { "<a href='{{ if .T }}/x{{ else }}/y?{{ end }}{{ .S }}'>",
                  "html/template:t:1:47: {{.S}} appears in an ambiguous context within a URL" },
                { "{{ if .T }}<a href=\"{{ end }}\">",
                  "html/template:t:1:6: {{if}} branches end in different contexts: {stateURL delimDoubleQuote urlPartNone "
                  "jsCtxRegexp [] attrURL elementNone <nil>}, {stateText delimNone urlPartNone jsCtxRegexp [] attrNone "
                  "elementNone <nil>}" },
                { "<a title='",
                  "html/template:t: ends in a non-text context: {stateAttr delimSingleQuote urlPartNone jsCtxRegexp [] "
                  "attrNone elementNone <nil>}" },
                { "<a title=x='>", "html/template:t: \"=\" in unquoted attr: \"x='\"" },
                { "<b <", "html/template:t: \"<\" in attribute name: \" <\"" },
                { "{{ .S | html | print }}",
                  "html/template:t:1:3: predefined escaper \"html\" disallowed in template" },
                { "{{ template \"nope\" }}", "html/template:t:1:12: no such template \"nope\"" },
                { "<a href='{{ \"x y\" | urlquery }}' title='{{ html \"<\" 1 }}'>",
                  "<a href='x&#43;y' title='&lt;1'>" },
                { "<script>x = `{{ \"`${\" }}${ {{ 1 }} }`</script>{{ \"<\" }}",
                  "<script>x = `\\u0060\\u0024\\u007b${  1  }`</script>&lt;" },
                { "<script type='text/template'>{{ \"<\" }}</script>", "<script type='text/template'>&lt;</script>" },
                { "<img srcset='{{ \"a.png 2x, javascript:x\" }}'>", "<img srcset='a.png 2x,#ZgotmplZ'>" },
                { "<meta content='0;url={{ \"javascript:x\" }}'>", "<meta content='0;url=#ZgotmplZ'>" },
                { "<a href='{{ range .L }}{{ printf \"%s:x\" . }};{{ end }}'>",
                  "<a href='#ZgotmplZ;#ZgotmplZ;#ZgotmplZ;'>" },
                { "{{ range .L }}<i title='{{ . }}'>{{ else }}<b>{{ end }}",
                  "<i title='a'><i title='b'><i title='c'>" },
                { "{{ define \"r\" }}<p>{{ if . }}{{ template \"r\" false }}{{ end }}</p>{{ end }}{{ template \"r\" true }}",
                  "<p><p></p></p>" },
                { "{{ define \"q\" }}{{ . }}\"{{ end }}<a title=\"{{ template \"q\" \"<\" }}>{{ \"<\" }}",
                  "<a title=\"&lt;\">&lt;" },
        };
        TmplValue data = fixture_data();
        fixture_cases(&(TmplOptions){ .html = true, .funcs = funcs }, NULL, &data, cases, ARRAY_LEN(cases));
}

int main(void)
{
        const struct CMUnitTest tests[] = { cmocka_unit_test(values_are_escaped_for_their_place) };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
