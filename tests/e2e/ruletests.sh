#!/usr/bin/env bash
# Random rule files and unit tests of rules through promtool and pharos, and files of others, changed a little: the same verdicts,
# the same words: ruletests.sh BUILD [FILES=40 [SEED=1]]. PROMTOOL names another program than the one on the PATH; it must be of Prometheus 3.
set -euo pipefail
here=$(dirname "$(readlink -f "$0")")
build=$(readlink -f "${1:?usage: ruletests.sh BUILD [FILES [SEED]]}")
skip() { printf 'SKIPPED: %s\n0 passed, 0 failed, 1 skipped\n' "$1"; exit 0; }

[ -x "$build/pharos" ] || { echo "not ok $build/pharos is not built"; echo '0 passed, 1 failed, 0 skipped'; exit 1; }
for peer in /opt/peers/usr/bin/promtool; do [ -z "${PROMTOOL:-}" ] && [ -x $peer ] && PROMTOOL=$peer; done
promtool=$(command -v "${PROMTOOL:-promtool}") || skip 'no promtool on this machine (Debian package prometheus)'
"$promtool" --version 2>&1 | grep -q 'version 3' || skip "$promtool is older than 3.0"
exec python3 -B "$here/ruletests.py" "$build/pharos" "$promtool" "${2:-40}" "${3:-1}" "${PHAROS_SHARED:-$here/../../../shared}"
