#!/usr/bin/env bash
# Alerts, silences and kills at random points: nothing is forgotten, nothing told twice outside the window: alertkill.sh BUILD [ROUNDS]
exec python3 -B "$(dirname "$0")/alertkill.py" "${1:-build}" "${2:-8}"
