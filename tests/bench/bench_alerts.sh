#!/usr/bin/env bash
# Alerts, groups, silences and inhibition beside Alertmanager: bench_alerts.sh BUILD [SCALE], SCALE 1 is 100,000 alerts.
exec python3 -B "$(dirname "$0")/bench_alerts.py" "${1:-build}" "${2:-0.1}"
