#!/usr/bin/env bash
# pharos in Prometheus' place: the same rules and the same faults in both, the same alerts out of both: takeover.sh BUILD
# PROMETHEUS names another program than the one on the PATH.
set -euo pipefail
here=$(dirname "$(readlink -f "$0")")
build=$(readlink -f "${1:?usage: takeover.sh BUILD}")
[ -x "$build/pharos" ] || { echo "not ok $build/pharos is not built"; echo '0 passed, 1 failed, 0 skipped'; exit 1; }
prometheus=$(command -v "${PROMETHEUS:-prometheus}") || { echo 'SKIPPED: no prometheus on this machine (Debian package prometheus)'; echo '0 passed, 0 failed, 1 skipped'; exit 0; }
exec python3 -B "$here/takeover.py" "$build/pharos" "$prometheus"
