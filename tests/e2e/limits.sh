#!/usr/bin/env bash
# Queries at their limits while samples come in: limits.sh BUILD
exec python3 -B "$(dirname "$0")/limits.py" "${1:-build}"
