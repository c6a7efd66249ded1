#!/usr/bin/env bash
# A million series of which a tenth is replaced every two minutes, for twenty, ten times faster than in reality: churn.sh BUILD OUT [NAME=VALUE...]
# Writes OUT.csv and OUT.svg; options as in fleet.py.
set -euo pipefail
build=${1:?usage: churn.sh BUILD OUT [NAME=VALUE...]}
out=${2:?usage: churn.sh BUILD OUT [NAME=VALUE...]}
shift 2
ninja -C "$build" --quiet pharos tests/bench/churn >&2
exec python3 -B "$(dirname "$0")/fleet.py" "$build" "$out" instances=2500 series=400 step=15 percent=10 every=120 duration=1200 rate=10 queries=0 \
        title='1,000,000 active series, 10 % replaced every 2 minutes' "$@"
