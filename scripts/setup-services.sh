#!/usr/bin/env bash
# Installs the servers that the relayer's tests start: PostgreSQL, NATS, and a browser for its page. Does nothing for what is
# there already; needs Debian's packages and root for what is not.
set -euo pipefail
exec </dev/null

missing=()
compgen -G '/usr/lib/postgresql/*/bin/initdb' >/dev/null || missing+=(postgresql)
[[ -x /usr/sbin/nats-server || -x /usr/bin/nats-server ]] || missing+=(nats-server)
command -v chromedriver >/dev/null || missing+=(chromium chromium-driver)
if ((${#missing[@]} == 0)); then
    exit 0
fi
if ! command -v apt-get >/dev/null || ((EUID != 0)); then
    echo "setup: install ${missing[*]} (as root on Debian: apt-get install ${missing[*]})" >&2
    exit 1
fi
echo "setup: apt-get install ${missing[*]}"
export DEBIAN_FRONTEND=noninteractive
apt-get install -y --no-install-recommends "${missing[@]}" >/dev/null 2>&1 || {
    apt-get update -qq
    apt-get install -y --no-install-recommends "${missing[@]}" >/dev/null
}
