#include "app/app_defaults.h"

Str app_defaults_prometheus(void)
{
        return STR("global:\n"
                   "  scrape_interval: 15s\n"
                   "  evaluation_interval: 15s\n");
}

Str app_defaults_alertmanager(void)
{
        return STR("route:\n"
                   "  receiver: log\n"
                   "  group_by: [alertname, instance]\n"
                   "  group_wait: 10s\n"
                   "  group_interval: 1m\n"
                   "  repeat_interval: 4h\n"
                   "receivers:\n"
                   "  - name: log\n"
                   "    log_configs:\n"
                   "      - send_resolved: true\n");
}

/* Thresholds: memory 80 % and 90 %, disks 85 % and 95 %, CPU 80 %. */
Str app_defaults_rules(void)
{
        return STR(
                "groups:\n"
                "  - name: host\n"
                "    rules:\n"
                "      - alert: HighMemoryUsage\n"
                "        expr: 100 * (1 - node_memory_MemAvailable_bytes / node_memory_MemTotal_bytes) > 80\n"
                "        for: 5m\n"
                "        labels: {severity: warning}\n"
                "        annotations:\n"
                "          summary: 'Memory of {{ $labels.instance }} is {{ $value | printf \"%.0f\" }} % full'\n"
                "          description: 'Above 80 % for 5 minutes. Look for the process that grew, or add memory.'\n"
                "      - alert: CriticalMemoryUsage\n"
                "        expr: 100 * (1 - node_memory_MemAvailable_bytes / node_memory_MemTotal_bytes) > 90\n"
                "        for: 2m\n"
                "        labels: {severity: critical}\n"
                "        annotations:\n"
                "          summary: 'Memory of {{ $labels.instance }} is {{ $value | printf \"%.0f\" }} % full'\n"
                "          description: 'Above 90 % for 2 minutes: processes may be killed soon.'\n"
                "      - alert: LowDiskSpace\n"
                "        expr: 100 * (1 - node_filesystem_avail_bytes{fstype!~\"tmpfs|ramfs|squashfs|iso9660\"} / node_filesystem_size_bytes{fstype!~\"tmpfs|ramfs|squashfs|iso9660\"}) > 85\n"
                "        for: 5m\n"
                "        labels: {severity: warning}\n"
                "        annotations:\n"
                "          summary: '{{ $labels.mountpoint }} of {{ $labels.instance }} is {{ $value | printf \"%.0f\" }} % full'\n"
                "          description: 'Above 85 % for 5 minutes.'\n"
                "      - alert: CriticalDiskSpace\n"
                "        expr: 100 * (1 - node_filesystem_avail_bytes{fstype!~\"tmpfs|ramfs|squashfs|iso9660\"} / node_filesystem_size_bytes{fstype!~\"tmpfs|ramfs|squashfs|iso9660\"}) > 95\n"
                "        for: 2m\n"
                "        labels: {severity: critical}\n"
                "        annotations:\n"
                "          summary: '{{ $labels.mountpoint }} of {{ $labels.instance }} is {{ $value | printf \"%.0f\" }} % full'\n"
                "          description: 'Above 95 % for 2 minutes: writes will fail soon.'\n"
                "      - alert: HighCPUUsage\n"
                "        expr: 100 * (1 - avg by (job, instance) (rate(node_cpu_seconds_total{mode=\"idle\"}[5m]))) > 80\n"
                "        for: 10m\n"
                "        labels: {severity: warning}\n"
                "        annotations:\n"
                "          summary: 'CPU of {{ $labels.instance }} is {{ $value | printf \"%.0f\" }} % busy'\n"
                "          description: 'Above 80 % for 10 minutes.'\n"
                "  - name: pharos\n"
                "    rules:\n"
                "      - alert: TargetDown\n"
                "        expr: up == 0\n"
                "        for: 2m\n"
                "        labels: {severity: critical}\n"
                "        annotations:\n"
                "          summary: '{{ $labels.job }} on {{ $labels.instance }} does not answer'\n"
                "          description: 'Every scrape failed for 2 minutes. The error is on the Targets page.'\n"
                "      - alert: RuleFailures\n"
                "        expr: increase(pharos_rules_evaluation_failures_total[10m]) > 0\n"
                "        for: 5m\n"
                "        labels: {severity: warning}\n"
                "        annotations:\n"
                "          summary: 'Some alert or recording rules fail to evaluate'\n"
                "          description: 'An alert that cannot be evaluated cannot fire. The Alerts page says which, and why.'\n"
                "      - alert: NotificationFailures\n"
                "        expr: increase(pharos_alert_notifications_total{outcome=\"failed\"}[10m]) > 0\n"
                "        for: 5m\n"
                "        labels: {severity: warning}\n"
                "        annotations:\n"
                "          summary: 'Notifications to {{ $labels.receiver }} fail'\n"
                "          description: 'Somebody is not told. The log says what the receiver answered.'\n");
}
