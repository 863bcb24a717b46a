#!/usr/bin/env bash
# Uses the contracts from a Foundry project outside of the repository: packs solidity/ as npm does, sets a project up with
# the files that solidity/README.md shows under "Use from your project", and runs the tests there: the README's own, and the
# example's. Then again with the oldest compiler and no optimizer, for consumers and tests must not depend on either. With
# --all also with via-IR, which takes minutes. Needs no network.
set -euo pipefail
exec </dev/null
all=false
case "${1:-}" in
"") ;;
--all) all=true ;;
*)
    echo "usage: $0 [--all]" >&2
    exit 2
    ;;
esac
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
forge=$root/node_modules/.bin/forge
project=$(mktemp -d)
trap 'rm -rf "$project"' EXIT

# fenced <name>: the block of README.md whose first line is a comment that names this file.
fenced() {
    awk -v name="$1" '
        inside && /^```$/ { exit }
        inside { print }
        opened { opened = 0; if ($0 == "# " name || $0 == "// " name) { inside = 1; found = 1; print } }
        /^```[a-z]+$/ { opened = 1 }
        END { exit !found }
    ' "$root/solidity/README.md" || {
        echo "check-outside-project: solidity/README.md shows no $1" >&2
        exit 1
    }
}

# As `npm install` of the tarball, of OpenZeppelin and `forge install` of forge-std leave a project.
modules=$project/node_modules
mkdir -p "$modules/@verdict/contracts" "$project/lib/forge-std" "$project/src" "$project/test"
tarball=$(cd "$root/solidity" && npm pack --silent --offline --pack-destination "$project")
tar -xzf "$project/$tarball" -C "$modules/@verdict/contracts" --strip-components 1
mkdir "$modules/@openzeppelin"
cp -r "$root/node_modules/@openzeppelin/contracts" "$modules/@openzeppelin/contracts"
cp -r "$root/node_modules/@layerzerolabs/toolbox-foundry/lib/forge-std" "$project/lib/forge-std/src"
for file in foundry.toml test/Answers.t.sol; do
    fenced "$file" >"$project/$file"
done
cp -r "$modules/@verdict/contracts/examples/score-gate/." "$project/"

links=$(find "$modules/@verdict" -type l)
if [[ -n "$links" ]]; then
    printf 'check-outside-project: the package has links\n%s\n' "$links" >&2
    exit 1
fi

# check <what> <solc> [settings]: runs all tests; there must be some.
check() {
    local what=$1 solc=$2
    shift 2
    echo "check-outside-project: $what"
    if ! (cd "$project" && env FOUNDRY_OFFLINE=true FOUNDRY_FUZZ_RUNS=16 FOUNDRY_SOLC="$root/scripts/$solc" \
        "$@" "$forge" test) >"$project/log" 2>&1; then
        tail -n 100 "$project/log" >&2
        exit 1
    fi
    if ! grep -E '^Ran .* [1-9][0-9]* tests passed, 0 failed' "$project/log"; then
        tail -n 100 "$project/log" >&2
        exit 1
    fi
}

check "as README.md says" solc
check "with solc 0.8.24, without the optimizer, on Cancun" solc-0.8.24 FOUNDRY_OPTIMIZER=false FOUNDRY_EVM_VERSION=cancun
if $all; then
    check "with via-IR" solc FOUNDRY_VIA_IR=true
fi
