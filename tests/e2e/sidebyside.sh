#!/usr/bin/env bash
# pharos alone beside Prometheus and Alertmanager: the same targets, rules, routes, silences, faults and restarts, the same
# notifications: sidebyside.sh BUILD. DURATION: seconds (120); SEED: another script of faults; REPORT: a file for the lists.
# PROMETHEUS and ALERTMANAGER name other programs than those on the PATH.
set -euo pipefail
here=$(dirname "$(readlink -f "$0")")
build=$(readlink -f "${1:?usage: sidebyside.sh BUILD}")
[ -x "$build/pharos" ] || { echo "not ok $build/pharos is not built"; echo '0 passed, 1 failed, 0 skipped'; exit 1; }
prometheus=$(command -v "${PROMETHEUS:-prometheus}") || { echo 'SKIPPED: no prometheus on this machine (Debian package prometheus)'; echo '0 passed, 0 failed, 1 skipped'; exit 0; }
alertmanager=$(command -v "${ALERTMANAGER:-prometheus-alertmanager}") || { echo 'SKIPPED: no prometheus-alertmanager on this machine (Debian package of that name)'; echo '0 passed, 0 failed, 1 skipped'; exit 0; }
exec python3 -B "$here/sidebyside.py" "$build/pharos" "$prometheus" "$alertmanager" "${DURATION:-120}"
