#!/usr/bin/env bash
# A day of this machine in a few minutes, then a backtest of that day beside the event log: backtestday.sh BUILD
# HOURS (6) of RATE (360) times as fast; REPORT: a file for the plot.
exec python3 -B "$(dirname "$0")/backtestday.py" "${1:-build}"
