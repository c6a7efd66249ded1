#!/usr/bin/env bash
# A backtest of the hour that was, beside what did happen: backtest.sh BUILD
exec python3 -B "$(dirname "$0")/backtest.py" "${1:-build}"
