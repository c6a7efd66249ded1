#!/usr/bin/env bash
# Alertmanager's own client against the real program: alerts, silences, routes, checks: amtool.sh BUILD
exec python3 -B "$(dirname "$0")/amtool.py" "${1:-build}"
