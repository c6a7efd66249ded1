#!/usr/bin/env bash
# What pharos says of this machine beside what node_exporter says of it at the same moment: names, types and label sets of
# every family of the collectors that both have. host-metrics.sh BUILD. Last line: N passed, N failed, N skipped.
set -u
build=$(readlink -f "${1:?usage: host-metrics.sh BUILD}")
here=$(dirname "$(readlink -f "$0")")
exporter=$(command -v "${NODE_EXPORTER:-prometheus-node-exporter}") || {
        echo 'skip: no node_exporter on this machine (Debian package prometheus-node-exporter)'
        echo '0 passed, 0 failed, 1 skipped'
        exit 0
}
dump=$build/tests/conformance/node_exporter/collect-dump
[ -x "$dump" ] || { echo "not ok $dump is not built"; echo '0 passed, 1 failed, 0 skipped'; exit 1; }

work=$(mktemp -d)
peer='' ours=''
cleanup() {
        for p in $peer $ours; do kill "$p" 2>/dev/null && wait "$p" 2>/dev/null; done
        rm -rf "$work"
}
trap cleanup EXIT
free_port() { python3 "$here/ports.py"; }
fetch() { python3 -c 'import sys, urllib.request as u; sys.stdout.buffer.write(u.urlopen(sys.argv[1], timeout=10).read())' "$1" 2>/dev/null; }
until_answers() { for _ in $(seq 100); do fetch "$1" >"$2" && [ -s "$2" ] && return 0; sleep 0.1; done; return 1; }

mkdir "$work/text"
cat >"$work/text/job.prom" <<'TXT'
# HELP backup_last_success_timestamp_seconds When the last backup ended well.
# TYPE backup_last_success_timestamp_seconds gauge
backup_last_success_timestamp_seconds{job="nightly"} 1.7e+09
# TYPE backup_seconds summary
backup_seconds{quantile="0.5"} 12
backup_seconds_sum 24
backup_seconds_count 2
TXT

# The peer's defaults are Debian's; the patterns that differ from upstream's are given.
port=$(free_port)
"$exporter" --web.listen-address="127.0.0.1:$port" --collector.textfile.directory="$work/text" --collector.cpu.info --collector.stat.softirq \
        --collector.netdev.device-exclude='^$' --collector.diskstats.device-exclude='^(z?ram|loop|fd|(h|s|v|xv)d[a-z]|nvme\d+n\d+p)\d+$' \
        --collector.filesystem.mount-points-exclude='^/(dev|proc|run/credentials/.+|sys|var/lib/docker/.+|var/lib/containers/storage/.+)($|/)' \
        >"$work/peer.log" 2>&1 &
peer=$!
until_answers "http://127.0.0.1:$port/metrics" "$work/peer.txt" || { cat "$work/peer.log"; echo 'not ok node_exporter does not answer'; echo '0 passed, 1 failed, 0 skipped'; exit 1; }
"$dump" textfile_directory="$work/text" cpu_info=true stat_softirq=true >"$work/dump.txt" || { echo 'not ok one gather'; echo '0 passed, 1 failed, 0 skipped'; exit 1; }

# The program's own endpoint, when it is built and has one: with the default options.
: >"$work/served.txt"
if [ -x "$build/pharos" ]; then
        port=$(free_port)
        "$build/pharos" serve --data "$work/data" --listen "127.0.0.1:$port" >"$work/ours.log" 2>&1 &
        ours=$!
        until_answers "http://127.0.0.1:$port/-/ready" "$work/ready.txt"
        fetch "http://127.0.0.1:$port/metrics/host" >"$work/served.txt" || : >"$work/served.txt"
fi
python3 "$here/host_metrics.py" "$work/peer.txt" "$work/dump.txt" "$work/served.txt" "$("$exporter" --version 2>&1 | head -1)"
