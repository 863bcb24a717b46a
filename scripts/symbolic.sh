#!/usr/bin/env bash
# Proves, for all values at once, what carries money by time: the oracle's cap per time and the risk parameters' step per
# time (solidity/symbolic/). Takes minutes. Needs halmos: pip install halmos==0.3.3, or $HALMOS.
# usage: scripts/symbolic.sh [arguments of halmos]
#
# halmos compiles a whole project, and by itself: so this works on a copy that has no more than what is proved.
set -euo pipefail
exec </dev/null
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
halmos=$(command -v "${HALMOS:-halmos}") || {
    echo "symbolic: no halmos; pip install halmos==0.3.3, or set HALMOS to it" >&2
    exit 2
}
copy=$(mktemp -d)
trap 'rm -rf "$copy"' EXIT
mkdir -p "$copy/solidity"
cp -r "$root/solidity/src" "$copy/solidity/src"
cp -r "$root/solidity/symbolic" "$copy/solidity/test"
cp "$root/solidity/foundry.toml" "$root/solidity/remappings.txt" "$copy/solidity/"
for file in "$copy"/solidity/test/*.sol; do mv "$file" "${file%.symbolic.sol}.t.sol"; done
# Nothing of the rest is needed, and the verifier takes the compiler a while.
rm -rf "$copy"/solidity/src/adapters "$copy"/solidity/src/consumers/{airdrop,guard}
cp -r "$root/scripts" "$copy/scripts"
ln -s "$(realpath "$root/node_modules")" "$copy/node_modules"
ln -s ../node_modules "$copy/solidity/node_modules"
cd "$copy/solidity"
PATH="$copy/node_modules/.bin:$PATH" "$halmos" --root . --function check_ --solver-timeout-assertion 0 "$@"
