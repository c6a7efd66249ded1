#!/usr/bin/env bash
# Alerts through the real program: pending, firing, told once, over; kills in every state: alerts.sh BUILD
exec python3 -B "$(dirname "$0")/alerts.py" "${1:-build}"
