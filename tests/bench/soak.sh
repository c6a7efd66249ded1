#!/usr/bin/env bash
# Six hours of 40,000 series every 15 s, a tenth replaced every hour, queries beside, sixty times faster than in reality: soak.sh BUILD OUT [NAME=VALUE...]
# Writes OUT.csv and OUT.svg; options as in fleet.py.
set -euo pipefail
build=${1:?usage: soak.sh BUILD OUT [NAME=VALUE...]}
out=${2:?usage: soak.sh BUILD OUT [NAME=VALUE...]}
shift 2
ninja -C "$build" --quiet pharos tests/bench/churn >&2
exec python3 -B "$(dirname "$0")/fleet.py" "$build" "$out" instances=100 series=400 step=15 percent=10 every=3600 duration=21600 rate=60 \
        title='40,000 series every 15 s for six hours, 10 % replaced every hour' "$@"
