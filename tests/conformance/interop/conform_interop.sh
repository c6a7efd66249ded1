#!/bin/sh
# Upstream's own test blocks: an index of format 1, and one that says 1 but is 2: conform_interop.sh PHAROS
set -eu
data="${PHAROS_SHARED:?}/conformance/prometheus/tsdb/testdata"
[ -d "$data" ] || { echo "SKIPPED: no corpus at $data"; exit 77; }
fail() { echo "not ok $*"; exit 1; }
out=$("$1" tsdb verify "$data/index_format_v1") || fail 'index_format_v1 is not sound'
[ "$out" = 'sound: 102 samples of 102 series can be read' ] || fail "index_format_v1: $out"
[ "$("$1" tsdb dump --match '{foo="bar"}' "$data/index_format_v1")" = '{foo="bar"} 2 1' ] || fail 'index_format_v1: {foo="bar"}'
out=$("$1" tsdb list --json "$data/repair_index_version") || fail 'repair_index_version does not open'
case $out in *'"numSeries":88910'*) ;; *) fail "repair_index_version: $out" ;; esac
echo ok
