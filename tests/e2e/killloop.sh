#!/usr/bin/env bash
# Rounds of load, flushes, kill -9 and restart: what was acknowledged is there, once, with its value: killloop.sh BUILD [ROUNDS]
exec python3 -B "$(dirname "$0")/killloop.py" "${1:-build}" "${2:-10}"
