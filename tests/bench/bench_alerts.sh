#!/usr/bin/env bash
# Alerts, groups, silences and inhibition beside Alertmanager: bench_alerts.sh BUILD [SCALE] [flags], SCALE 1 is 100,000 alerts in
# 1,000 groups, 10,000 silences and 1,000 inhibition rules; --help names the flags.
exec python3 -B "$(dirname "$0")/bench_alerts.py" "$@"
