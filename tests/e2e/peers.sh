#!/usr/bin/env bash
# The same samples into Prometheus and into pharos, the same questions to both: peers.sh BUILD [EXPRESSIONS=300 [SEED=1]]
# PROMETHEUS and PROMTOOL name other programs than those on the PATH, PHAROS_SHARED the folder with the load generator.
set -euo pipefail
here=$(dirname "$(readlink -f "$0")")
build=$(readlink -f "${1:?usage: peers.sh BUILD [EXPRESSIONS [SEED]]}")
shared=${PHAROS_SHARED:-$here/../../../shared}
skip() { printf 'SKIPPED: %s\n0 passed, 0 failed, 1 skipped\n' "$1"; exit 0; }

[ -x "$build/pharos" ] || { echo "not ok $build/pharos is not built"; echo '0 passed, 1 failed, 0 skipped'; exit 1; }
prometheus=$(command -v "${PROMETHEUS:-prometheus}") || skip 'no prometheus on this machine (Debian package prometheus)'
promtool=$(command -v "${PROMTOOL:-promtool}") || skip 'no promtool on this machine (Debian package prometheus)'
[ -f "$shared/bench/rwload.c" ] && [ -f "$shared/bench/qbench.py" ] || skip "no load generator: $shared/bench/rwload.c and qbench.py are absent; set PHAROS_SHARED"

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
${CC:-cc} -O2 -D_GNU_SOURCE -o "$work/rwload" "$shared/bench/rwload.c" -lsnappy -lm || { echo 'not ok the load generator does not compile'; echo '0 passed, 1 failed, 0 skipped'; exit 1; }
python3 "$here/peers.py" --pharos "$build/pharos" --prometheus "$prometheus" --promtool "$promtool" --rwload "$work/rwload" \
        --questions "$shared/bench/qbench.py" --work "$work" --expressions "${2:-300}" --seed "${3:-1}"
