#!/usr/bin/env bash
# Alerts, groups, silences and inhibition beside Alertmanager: bench_alerts.sh BUILD [SCALE [pharos|alertmanager]], SCALE 1 is 100,000 alerts;
# a name at the end: that one alone.
exec python3 -B "$(dirname "$0")/bench_alerts.py" "${1:-build}" "${2:-0.1}" "${3:-}"
