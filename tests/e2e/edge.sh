#!/usr/bin/env bash
# The real program against awkward targets, files, disks and clients: edge.sh BUILD
exec python3 -B "$(dirname "$0")/edge.py" "${1:-build}"
