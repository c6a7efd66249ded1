#!/usr/bin/env bash
# Start after kill -9 beside both peers: replay.sh BUILD [INSTANCES=100 [STEPS=500 [ROUNDS=3]]], 400 series an instance: 20 million samples.
# PEERS names a folder with usr/bin/prometheus and usr/bin/victoria-metrics (default /opt/peers).
set -euo pipefail
build=${1:?usage: replay.sh BUILD [INSTANCES [STEPS [ROUNDS]]]}
ninja -C "$build" --quiet pharos tests/bench/churn >&2
exec python3 -B "$(dirname "$0")/replay.py" "$build" "${2:-100}" "${3:-500}" "${4:-3}"
