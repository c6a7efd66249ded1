#!/usr/bin/env bash
# The pages in a real browser against the real program: first live graph within 15 s of the start, then every page in both
# sizes and themes, then clicks and keys. web.sh BUILD [PICTURES-FOLDER]. Last line: N passed, N failed, N skipped.
set -u
build=$(readlink -f "$1")
here=$(dirname "$(readlink -f "$0")")
web=$here/../../web
work=$(mktemp -d)
pictures=${2:-$work/pictures}
pass=0 fail=0 server=
cleanup() {
        [ -n "$server" ] && kill "$server" 2>/dev/null && wait "$server" 2>/dev/null
        rm -rf "$work"
}
trap cleanup EXIT
ok() { pass=$((pass + 1)); echo "ok $1"; }
not_ok() { fail=$((fail + 1)); echo "not ok $1"; }
finish() { echo "$pass passed, $fail failed, 0 skipped"; exit $((fail > 0)); }

command -v chromium >/dev/null || [ -n "${CHROMIUM:-}" ] || { echo "# chromium is missing"; echo "0 passed, 0 failed, 1 skipped"; exit 0; }
port=$(python3 "$here/ports.py")
start() { # CONFIG...
        "$build/pharos" serve --data "$work/data" --listen "127.0.0.1:$port" "$@" >"$work/log" 2>&1 &
        server=$!
        for _ in $(seq 100); do curl -sf "http://127.0.0.1:$port/-/ready" >/dev/null && return 0; sleep 0.1; done
        cat "$work/log"
        return 1
}
graph_within() { # SECONDS: the first graph on Home has drawn something
        (cd "$web" && BASE_URL="http://127.0.0.1:$port/" LIMIT_S="$1" node e2e/first.mjs)
}

# 1. As a newcomer: no configuration at all.
begin=$(date +%s)
if start && graph_within 15; then ok "live graphs $(($(date +%s) - begin)) s after the start, with nothing configured"; else not_ok "live graphs within 15 s of the start"; fi
kill "$server" 2>/dev/null; wait "$server" 2>/dev/null

# 2. With something to see: a rule that fires, one that is pending, one that is broken by its data, a target that is down.
mkdir -p "$work/rules"
cat >"$work/rules/demo.yml" <<'YML'
groups:
  - name: demo
    interval: 1s
    rules:
      - alert: TargetIsDown
        expr: up == 0
        labels: {severity: critical}
        annotations: {summary: '{{ $labels.job }} on {{ $labels.instance }} does not answer'}
      - alert: AlwaysPending
        expr: vector(1)
        for: 1h
        labels: {severity: warning}
        annotations: {summary: 'pending for an hour'}
      - alert: NeverFires
        expr: up > 100
      - record: job:up:sum
        expr: sum by (job) (up)
YML
cat >"$work/pharos.yml" <<YML
collect: {host: {interval: 1s}, self: {interval: 1s}}
prometheus:
  global: {scrape_interval: 1s, evaluation_interval: 1s}
  rule_files: ['$work/rules/*.yml']
  scrape_configs:
    - job_name: shop-api
      static_configs: [{targets: ['127.0.0.1:9'], labels: {env: prod}}]
    - job_name: prometheus
      metrics_path: /metrics
      static_configs: [{targets: ['127.0.0.1:$port']}]
YML
if start --config "$work/pharos.yml"; then ok "start with a configuration"; else not_ok "start with a configuration"; finish; fi
sleep 6
mkdir -p "$pictures"
for script in screens smoke; do
        (cd "$web" && BASE_URL="http://127.0.0.1:$port/" OUT="$pictures" node "e2e/$script.mjs") >"$work/$script.log" 2>&1
        line=$(grep -E '^[0-9]+ passed, [0-9]+ failed' "$work/$script.log" | tail -1)
        grep -E '^(FAIL|ok)' "$work/$script.log" | sed "s/^FAIL/not ok $script:/; s/^ok  */ok $script: /"
        if [ -z "$line" ]; then tail -5 "$work/$script.log"; not_ok "$script ended early"; continue; fi
        pass=$((pass + $(echo "$line" | awk '{print $1}')))
        fail=$((fail + $(echo "$line" | awk '{print $3}')))
done
finish
