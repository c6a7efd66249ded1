#!/usr/bin/env bash
# What pharos and Alertmanager (0.33 or newer) send for the same alerts and receivers, byte for byte: notifypeer.sh BUILD [SEED]
# With a seed the alerts are made up: odd names, texts around the limits of receivers, what YAML or HTML reads in other ways.
# ALERTMANAGER names another program. Debian 12 has 0.25, for which there are recordings; without a newer one this is skipped.
set -euo pipefail
here=$(dirname "$(readlink -f "$0")")
build=$(readlink -f "${1:?usage: notifypeer.sh BUILD [SEED]}")
[ -x "$build/pharos" ] || { echo "not ok $build/pharos is not built"; echo '0 passed, 1 failed, 0 skipped'; exit 1; }
for program in "${ALERTMANAGER:-}" /opt/peers/usr/bin/prometheus-alertmanager prometheus-alertmanager alertmanager; do
        [ -n "$program" ] && program=$(command -v "$program") || continue
        minor=$("$program" --version 2>&1 | sed -nE 's/^alertmanager, version 0\.([0-9]+).*/\1/p')
        [ "${minor:-0}" -ge 33 ] && exec python3 -B "$here/notifypeer.py" "$build/pharos" "$program" "${2:-}"
done
echo 'SKIPPED: no Alertmanager 0.33 or newer on this machine (set ALERTMANAGER)'
echo '0 passed, 0 failed, 1 skipped'
