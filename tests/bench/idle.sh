#!/usr/bin/env bash
# What watching one machine costs: pharos beside Prometheus and node_exporter, all asked every 15 s for the same machine.
# idle.sh BUILD [SECONDS=120]   PEERS names a folder with current peers (default /opt/peers), else those on the PATH are taken.
set -euo pipefail
build=${1:?usage: idle.sh BUILD [SECONDS]}
seconds=${2:-120}
PATH=${PEERS:-/opt/peers}/usr/bin:$PATH
work=$(mktemp -d)
pids=()
finish() {
        for pid in "${pids[@]}"; do kill "$pid" 2>/dev/null || true; done
        wait || true
        rm -rf "$work"
}
trap finish EXIT
free_port() { python3 "$(dirname "$0")/../e2e/ports.py"; }
need() { command -v "$1" >/dev/null || { echo "idle.sh: $1 is missing: install the Debian package $1, or set PEERS" >&2; exit 1; }; }
need prometheus
need prometheus-node-exporter
[ -x "$build/pharos" ] || { echo "idle.sh: $build/pharos is not built" >&2; exit 1; }

prometheus_port=$(free_port)
exporter_port=$(free_port)
pharos_port=$(free_port)
cat >"$work/prometheus.yml" <<YML
global: {scrape_interval: 15s, evaluation_interval: 15s}
scrape_configs:
  - job_name: prometheus
    static_configs: [{targets: ['127.0.0.1:$prometheus_port']}]
  - job_name: node
    static_configs: [{targets: ['127.0.0.1:$exporter_port']}]
YML
cat >"$work/pharos.yml" <<YML
collect: {host: {interval: 15s}, self: {interval: 15s}}
YML
"$build/pharos" serve --config "$work/pharos.yml" --data "$work/pharos" --listen "127.0.0.1:$pharos_port" >"$work/pharos.log" 2>&1 &
pharos=$!
prometheus --config.file="$work/prometheus.yml" --storage.tsdb.path="$work/prometheus" --web.listen-address="127.0.0.1:$prometheus_port" >"$work/prometheus.log" 2>&1 &
prometheus=$!
prometheus-node-exporter --web.listen-address="127.0.0.1:$exporter_port" >"$work/exporter.log" 2>&1 &
exporter=$!
pids=("$pharos" "$prometheus" "$exporter")
sleep "$seconds"

kib() { awk -v key="$2:" '$1 == key { print $2 }' "/proc/$1/status"; }
cpu() { awk -v hz="$(getconf CLK_TCK)" '{ sub(/.*\) /, ""); printf "%.2f", ($12 + $13) / hz }' "/proc/$1/stat"; }
query() { curl -sG "http://127.0.0.1:$1/api/v1/query" --data-urlencode "query=count({__name__!=\"\"})" | sed -n 's/.*,"\([0-9]*\)"\].*/\1/p'; }
for pid in "${pids[@]}"; do [ -d "/proc/$pid" ] || { echo 'idle.sh: a program ended early:' >&2; tail -3 "$work"/*.log >&2; exit 1; }; done
echo "after $seconds s; series: pharos $(query "$pharos_port"), prometheus with node_exporter $(query "$prometheus_port")"
{
        for name in pharos prometheus exporter; do
                pid=${!name}
                echo "$name $(kib "$pid" VmRSS) $(kib "$pid" VmHWM) $(cpu "$pid")"
        done
} | awk '
function show(name, rss, peak, cpu) { printf "%-28s rss %7.1f MiB   peak %7.1f MiB   cpu %6.2f s\n", name, rss / 1024, peak / 1024, cpu }
{ rss[$1] = $2; peak[$1] = $3; cpu[$1] = $4; show($1, $2, $3, $4) }
END {
        r = rss["prometheus"] + rss["exporter"]; p = peak["prometheus"] + peak["exporter"]; c = cpu["prometheus"] + cpu["exporter"]
        show("prometheus + exporter", r, p, c)
        printf "%-28s rss %7.1f x     peak %7.1f x     cpu %6.1f x\n", "they take", r / rss["pharos"], p / peak["pharos"], c / (cpu["pharos"] > 0 ? cpu["pharos"] : 0.01)
}'
