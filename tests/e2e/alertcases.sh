#!/usr/bin/env bash
# Thousands of made-up configurations and texts, told by amtool and promtool and by alerttest: alertcases.sh BUILD [N=400 [SEED=1]]
# Peers: Debian 12's amtool 0.25 and promtool 2.42; 0.33 and 3.5 below /opt/peers or as AMTOOL and PROMTOOL. What is absent is left out.
set -euo pipefail
here=$(dirname "$(readlink -f "$0")")
build=$(readlink -f "${1:?usage: alertcases.sh BUILD [N [SEED]]}")
shared=${PHAROS_SHARED:-$here/../../../shared}
skip() { printf 'SKIPPED: %s\n0 passed, 0 failed, 1 skipped\n' "$1"; exit 0; }
[ -x "$build/alerttest" ] || { echo "not ok $build/alerttest is not built"; echo '0 passed, 1 failed, 0 skipped'; exit 1; }
[ -d "$shared/conformance/alertmanager/golden/templates" ] || skip "no goldens below $shared; set PHAROS_SHARED"
of() { # VERSION PROGRAM...: the first whose version begins so
        local want=$1 p; shift
        for p in "$@"; do
                [ -n "$p" ] && p=$(command -v "$p") || continue
                "$p" --version 2>&1 | head -1 | grep -q "version $want" && { echo "$p"; return; }
        done
}
old=$(of '0\.25' amtool) new=$(of '0\.3' "${AMTOOL:-}" /opt/peers/usr/bin/amtool)
old_promtool=$(of '2\.42' promtool) new_promtool=$(of '3\.' "${PROMTOOL:-}" /opt/peers/usr/bin/promtool)
[ -n "$old$new$old_promtool$new_promtool" ] || skip 'no amtool 0.25 or 0.33, no promtool 2.42 or 3.5 on this machine'
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -B "$here/alertcases.py" --alerttest "$build/alerttest" --shared "$shared" --work "$work" --n "${2:-400}" --seed "${3:-1}" \
        --old "$old" --new "$new" --old-promtool "$old_promtool" --new-promtool "$new_promtool"
