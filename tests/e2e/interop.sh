#!/usr/bin/env bash
# A Prometheus' data directory into pharos and out again, every sample compared; remote read by a Prometheus: interop.sh BUILD
# PROMETHEUS and PROMTOOL name other programs than those on the PATH, PHAROS_SHARED the folder with the load generator.
set -euo pipefail
here=$(dirname "$(readlink -f "$0")")
build=$(readlink -f "${1:?usage: interop.sh BUILD}")
shared=${PHAROS_SHARED:-$here/../../../shared}
skip() { printf 'SKIPPED: %s\n0 passed, 0 failed, 1 skipped\n' "$1"; exit 0; }

[ -x "$build/pharos" ] || { echo "not ok $build/pharos is not built"; echo '0 passed, 1 failed, 0 skipped'; exit 1; }
for peers in /opt/peers/usr/bin; do [ -z "${PROMETHEUS:-}" ] && [ -x $peers/prometheus ] && [ -x $peers/promtool ] && PROMETHEUS=$peers/prometheus PROMTOOL=$peers/promtool; done
prometheus=$(command -v "${PROMETHEUS:-prometheus}") || skip 'no prometheus on this machine (Debian package prometheus)'
case $("$prometheus" --help 2>&1) in *wal-compression-type*) ;; *) skip "$prometheus is older than 2.54: its native histograms had another layout on disk" ;; esac
promtool=$(command -v "${PROMTOOL:-promtool}") || skip 'no promtool on this machine (Debian package prometheus)'
[ -f "$shared/bench/rwload.c" ] || skip "no load generator: $shared/bench/rwload.c is absent; set PHAROS_SHARED"

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
${CC:-cc} -O2 -D_GNU_SOURCE -o "$work/rwload" "$shared/bench/rwload.c" -lsnappy -lm || { echo 'not ok the load generator does not compile'; echo '0 passed, 1 failed, 0 skipped'; exit 1; }
python3 "$here/interop.py" --pharos "$build/pharos" --prometheus "$prometheus" --promtool "$promtool" --rwload "$work/rwload" --work "$work"
