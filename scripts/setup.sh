#!/usr/bin/env bash
# Installs what the tests need beside cargo and node: forge, solc and the Solidity libraries, as package-lock.json
# pins them, into node_modules. Does nothing when they are there already.
set -euo pipefail
exec </dev/null
cd "$(dirname "${BASH_SOURCE[0]}")/.."

for tool in cargo node npm sha256sum; do
    if ! command -v "$tool" >/dev/null; then
        echo "setup: '$tool' is not installed" >&2
        exit 1
    fi
done
if (($(node -p 'process.versions.node.split(".")[0]') < 20)); then
    echo "setup: node $(node --version) is too old, 20 or newer is needed" >&2
    exit 1
fi

# Written after an install that succeeded, so one that was cut off, or is of another lock file or platform, is redone.
stamp=node_modules/.verdict-setup
wanted="$(sha256sum package.json package-lock.json) $(node -p 'process.platform + " " + process.arch')"
if [[ "$(cat "$stamp" 2>/dev/null)" != "$wanted" ]]; then
    echo "setup: npm ci"
    # The platform's own packages of the Foundry tools are named directly (optional, so that npm takes the one that
    # fits): nothing has an install script, and the lock file is complete.
    npm ci --ignore-scripts --include=optional --no-audit --no-fund --loglevel=error
    if ! node_modules/.bin/forge --version >/dev/null; then
        echo "setup: npm brought no forge that runs on $(node -p 'process.platform + " " + process.arch')" >&2
        exit 1
    fi
    scripts/solc --version >/dev/null
    echo "$wanted" >"$stamp"
fi

# Where solidity/foundry.toml and remappings.txt look for the libraries: inside forge's root.
if [[ "$(readlink solidity/node_modules)" != ../node_modules ]]; then
    ln -sfn ../node_modules solidity/node_modules
fi

# Other protocols' own code, for the adapters' tests; does nothing when it is there already.
scripts/foreign-contracts.js
