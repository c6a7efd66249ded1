#!/usr/bin/env bash
# Is what README.md and docs/ name still there? docs.sh BUILD
exec python3 -B "$(dirname "$(readlink -f "$0")")/docs.py" "${1:?usage: docs.sh BUILD}"
