#!/usr/bin/env bash
# A data folder is copied while it is in use and at rest, and restored: snapshot.sh BUILD
exec python3 -B "$(dirname "$0")/snapshot.py" "${1:-build}"
