/* gotmpl/gotmpl_defaults.c - the named templates that receivers use when their file says nothing: subject lines, lists of
 * alerts, the HTML mail. Receivers' texts call them by these names, and files of the user may define them anew.
 *
 * Invariants:
 * 1. What machines compare (white space too) is what recordings of Alertmanager show; the mail's looks are our own. */
#include "gotmpl/gotmpl.h"

typedef struct Named {
        const char *name, *text;
} Named;

#define SUBJECT "{{ template \"__subject\" . }}"
#define PRODUCT "{{ template \"__alertmanager\" . }}"
#define LINK "{{ template \"__alertmanagerURL\" . }}"
#define ANNOTATIONS "{{ .CommonAnnotations.SortedPairs.Values | join \" \" }}"
/* Both lists with the empty lines that chat services get. */
#define SECTIONS "{{ template \"__text_sections\" . }}"
#define PRIORITY(alerts)                                                              \
        "{{ range " alerts " }}{{ $s := index .Labels \"severity\" }}"                \
        "{{ if eq $s \"critical\" }}{{ $p = \"High\" }}"                              \
        "{{ else if and (eq $s \"warning\") (ne $p \"High\") }}{{ $p = \"Medium\" }}" \
        "{{ else if and (eq $s \"info\") (eq $p \"\") }}{{ $p = \"Low\" }}{{ end }}{{ end }}"

/* ---- the mail: one column, styles on the elements because mail programs drop style sheets */
#define FONT "font-family:Helvetica,Arial,sans-serif;font-size:14px;color:#222"
#define MAIL_ALERT                                                                       \
        "<div style=\"margin:0 0 20px\">\n<strong>Labels</strong><br/>\n"                \
        "{{ range .Labels.SortedPairs }}{{ .Name }} = {{ .Value }}<br/>\n{{ end }}"      \
        "{{ if gt (len .Annotations) 0 }}<strong>Annotations</strong><br/>\n{{ end }}"   \
        "{{ range .Annotations.SortedPairs }}{{ .Name }} = {{ .Value }}<br/>\n{{ end }}" \
        "<a href=\"{{ .GeneratorURL }}\" style=\"color:#1565c0\">Source</a><br/>\n</div>\n"
#define MAIL_SECTION(alerts, word, color)                                                                           \
        "{{ if gt (len " alerts ") 0 }}<h2 style=\"font-size:16px;color:" color "\">[{{ " alerts " | len }}] " word \
        "</h2>\n{{ range " alerts " }}" MAIL_ALERT "{{ end }}{{ end }}"
#define MAIL                                                                                                               \
        "<!DOCTYPE html>\n<html>\n<head>\n<meta charset=\"UTF-8\"/>\n"                                                     \
        "<meta name=\"viewport\" content=\"width=device-width\"/>\n<title>" SUBJECT "</title>\n</head>\n"                  \
        "<body style=\"margin:0;padding:0;background:#f4f5f7;" FONT "\">\n"                                                \
        "<div style=\"max-width:600px;margin:0 auto;background:#ffffff;border:1px solid #ddd\">\n"                         \
        "<div style=\"padding:16px 20px;color:#ffffff;font-weight:bold;background:"                                        \
        "{{ if gt (len .Alerts.Firing) 0 }}#b71c1c{{ else }}#2e7d32{{ end }}\">\n"                                         \
        "{{ .Alerts | len }} alert{{ if gt (len .Alerts) 1 }}s{{ end }} for "                                              \
        "{{ range .GroupLabels.SortedPairs }}{{ .Name }}={{ .Value }} {{ end }}\n</div>\n"                                 \
        "<div style=\"padding:20px\">\n<p><a href=\"" LINK "\" style=\"color:#1565c0\">View in " PRODUCT                   \
        "</a></p>\n" MAIL_SECTION(".Alerts.Firing", "Firing", "#b71c1c") MAIL_SECTION(                                     \
                ".Alerts.Resolved", "Resolved",                                                                            \
                "#2e7d32") "</div>\n</div>\n<p style=\"text-align:center;font-size:12px\"><a href=\"{{ .ExternalURL }}\" " \
                           "style=\"color:#666\">Sent by " PRODUCT "</a></p>\n</body>\n</html>\n"

static const Named templates[] = {
        { "__alertmanager", "Alertmanager" },
        { "__alertmanagerURL", "{{ .ExternalURL }}/#/alerts?receiver={{ .Receiver | urlquery }}" },
        { "__subject",
          "[{{ .Status | toUpper }}{{ if eq .Status \"firing\" }}:{{ .Alerts.Firing | len }}{{ end }}] "
          "{{ .GroupLabels.SortedPairs.Values | join \" \" }} "
          "{{ if gt (len .CommonLabels) (len .GroupLabels) }}"
          "({{ with .CommonLabels.Remove .GroupLabels.Names }}{{ .Values | join \" \" }}{{ end }}){{ end }}" },
        { "__description", "" },
        { "__text_alert_list",
          "{{ range . }}Labels:\n{{ range .Labels.SortedPairs }} - {{ .Name }} = {{ .Value }}\n{{ end }}"
          "Annotations:\n{{ range .Annotations.SortedPairs }} - {{ .Name }} = {{ .Value }}\n{{ end }}"
          "Source: {{ .GeneratorURL }}\n{{ end }}" },
        { "__text_alert_list_markdown",
          "{{ range . }}\nLabels:\n{{ range .Labels.SortedPairs }}  - {{ .Name }} = {{ .Value }}\n{{ end }}\n"
          "Annotations:\n{{ range .Annotations.SortedPairs }}  - {{ .Name }} = {{ .Value }}\n{{ end }}\n"
          "Source: {{ .GeneratorURL }}\n{{ end }}\n" },
        { "__text_sections",
          "\n{{ if gt (len .Alerts.Firing) 0 }}\nAlerts Firing:\n{{ template \"__text_alert_list\" .Alerts.Firing }}\n"
          "{{ end }}\n{{ if gt (len .Alerts.Resolved) 0 }}\nAlerts Resolved:\n"
          "{{ template \"__text_alert_list\" .Alerts.Resolved }}\n{{ end }}\n" },
        { "__text_sections_markdown", "\n{{ if gt (len .Alerts.Firing) 0 }}\n# Alerts Firing:\n"
                                      "{{ template \"__text_alert_list_markdown\" .Alerts.Firing }}\n"
                                      "{{ end }}\n{{ if gt (len .Alerts.Resolved) 0 }}\n# Alerts Resolved:\n"
                                      "{{ template \"__text_alert_list_markdown\" .Alerts.Resolved }}\n{{ end }}\n" },
        /* The same without the empty lines. */
        { "__text_block", ANNOTATIONS "\n{{ if gt (len .Alerts.Firing) 0 }}Alerts Firing:\n"
                                      "{{ template \"__text_alert_list\" .Alerts.Firing }}{{ end }}\n"
                                      "{{ if gt (len .Alerts.Resolved) 0 }}Alerts Resolved:\n"
                                      "{{ template \"__text_alert_list\" .Alerts.Resolved }}{{ end }}" },

        { "slack.default.title", SUBJECT },
        { "slack.default.username", PRODUCT },
        { "slack.default.fallback",
          "{{ template \"slack.default.title\" . }} | {{ template \"slack.default.titlelink\" . }}" },
        { "slack.default.callbackid", "" },
        { "slack.default.pretext", "" },
        { "slack.default.titlelink", LINK },
        { "slack.default.iconemoji", "" },
        { "slack.default.iconurl", "" },
        { "slack.default.text", "" },
        { "slack.default.footer", "" },
        { "slack.default.color", "{{ if eq .Status \"firing\" }}danger{{ else }}good{{ end }}" },
        { "pagerduty.default.description", SUBJECT },
        { "pagerduty.default.client", PRODUCT },
        { "pagerduty.default.clientURL", LINK },
        { "pagerduty.default.instances", "{{ template \"__text_alert_list\" . }}" },
        { "opsgenie.default.message", SUBJECT },
        { "opsgenie.default.description", "{{ template \"__text_block\" . }}" },
        { "opsgenie.default.source", LINK },
        { "wechat.default.message", SUBJECT "\n{{ template \"__text_block\" . }}\nAlertmanagerUrl:\n" LINK },
        { "wechat.default.to_user", "" },
        { "wechat.default.to_party", "" },
        { "wechat.default.to_tag", "" },
        { "wechat.default.agent_id", "" },
        { "victorops.default.state_message", "{{ template \"__text_block\" . }}" },
        { "victorops.default.entity_display_name", SUBJECT },
        { "victorops.default.monitoring_tool", PRODUCT },
        { "pushover.default.title", SUBJECT },
        { "pushover.default.message", ANNOTATIONS SECTIONS },
        { "pushover.default.url", LINK },
        { "sns.default.subject", SUBJECT },
        { "sns.default.message", ANNOTATIONS SECTIONS },
        { "telegram.default.message", SECTIONS },
        { "discord.default.content", "" },
        { "discord.default.title", SUBJECT },
        { "discord.default.message", SECTIONS },
        { "webex.default.message", ANNOTATIONS SECTIONS },
        { "msteams.default.summary", SUBJECT },
        { "msteams.default.title", SUBJECT },
        { "msteams.default.text", "{{ template \"__text_sections_markdown\" . }}" },
        { "msteamsv2.default.title", SUBJECT },
        { "msteamsv2.default.text", "{{ template \"__text_sections_markdown\" . }}" },
        { "jira.default.summary", SUBJECT },
        { "jira.default.description", "{{ template \"__text_sections_markdown\" . }}" },
        { "jira.default.priority", "{{ $p := \"\" }}" PRIORITY(".Alerts.Firing") "{{ if eq $p \"\" }}" PRIORITY(
                                           ".Alerts.Resolved") "{{ end }}{{ $p }}" },
        { "rocketchat.default.title", SUBJECT },
        { "rocketchat.default.alias", PRODUCT },
        { "rocketchat.default.titlelink", LINK },
        { "rocketchat.default.emoji", "" },
        { "rocketchat.default.iconurl", "" },
        { "rocketchat.default.text", "" },
        { "mattermost.default.color", "{{ if eq .Status \"firing\" }}danger{{ else }}good{{ end }}" },
        { "mattermost.default.username", PRODUCT },
        { "mattermost.default.title", SUBJECT },
        { "mattermost.default.titlelink", LINK },
        { "mattermost.default.fallback",
          "{{ template \"mattermost.default.title\" . }} | {{ template \"mattermost.default.titlelink\" . }}" },
        { "mattermost.default.text", "{{ template \"__text_sections_markdown\" . }}" },
        { "email.default.subject", SUBJECT },
        { "email.default.html", MAIL },
};

bool gotmpl_defaults_add(TmplSet *set, Err *err)
{
        for (size_t i = 0; i < ARRAY_LEN(templates); i++)
                if (!gotmpl_add(set, str_of(templates[i].name), str_of(templates[i].text), err))
                        return false;
        return true;
}

bool gotmpl_defaults_has(Str name)
{
        for (size_t i = 0; i < ARRAY_LEN(templates); i++)
                if (str_eq(name, str_of(templates[i].name)))
                        return true;
        return false;
}
