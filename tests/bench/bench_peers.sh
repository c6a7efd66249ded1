#!/usr/bin/env bash
# Queries over the same samples in pharos, Prometheus and VictoriaMetrics: milliseconds of processor and of waiting, best of several runs.
#
#     bench_peers.sh BUILD [INSTANCES=100 [SAMPLES=240 [QUESTIONS=heavy|wide]]] [-- OPTIONS of bench_peers.py]
#
# PEERS names the folder under which usr/bin has the peers (those that are not there are left out), PHAROS_SHARED the folder with the load
# generator: 400 series an instance, 15 s apart. heavy: range queries of dashboards; wide: few samples of very many series.
set -euo pipefail
here=$(dirname "$(readlink -f "$0")")
build=$(readlink -f "${1:?usage: bench_peers.sh BUILD [INSTANCES [SAMPLES [QUESTIONS]]]}")
shift
shared=${PHAROS_SHARED:-$here/../../../shared}
args=(100 240 heavy)
for i in 0 1 2; do
        if [ $# -gt 0 ] && [ "$1" != -- ]; then args[i]=$1; shift; fi
done
if [ "${1:-}" = -- ]; then shift; fi
[ -f "$shared/bench/rwload.c" ] || { echo "no load generator: $shared/bench/rwload.c is absent; set PHAROS_SHARED" >&2; exit 1; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
${CC:-cc} -O2 -D_GNU_SOURCE -o "$work/rwload" "$shared/bench/rwload.c" -lsnappy -lm
python3 "$here/bench_peers.py" --pharos "$build/pharos" --peers "${PEERS:-/opt/peers}/usr/bin" --rwload "$work/rwload" --work "$work" \
        --instances "${args[0]}" --samples "${args[1]}" --questions "${args[2]}" "$@"
