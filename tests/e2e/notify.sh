#!/usr/bin/env bash
# Receivers through the real program: mail servers with TLS and logins, sinks that refuse, fail and hang: notify.sh BUILD
# Debian's Python has Debian's aiosmtpd, another one in the PATH may not.
python=python3
[ -x /usr/bin/python3 ] && /usr/bin/python3 -c 'import aiosmtpd' 2>/dev/null && python=/usr/bin/python3
exec "$python" -B "$(dirname "$0")/notify.py" "${1:-build}"
