#!/usr/bin/env bash
# Static analysis of the contracts with Slither, from PyPI. Fails on a finding that scripts/analyse-explained.toml doesn't
# explain, and on an explanation of what is no longer found. Takes about two minutes.
# usage: scripts/analyse.sh [--all]    --all prints the explained findings too
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

venv=target/slither/venv
wanted="slither-analyzer==0.11.6 crytic-compile==0.4.2"
if [[ "$(cat "$venv/wanted" 2>/dev/null)" != "$wanted" ]]; then
    echo "analyse: pip install $wanted" >&2
    python3 -m venv --clear "$venv"
    read -ra packages <<<"$wanted"
    "$venv/bin/pip" install --quiet --disable-pip-version-check "${packages[@]}" >&2
    printf '%s' "$wanted" >"$venv/wanted"
fi

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
root=$PWD
export PATH=$root/node_modules/.bin:$PATH
cd solidity
# The sources alone, and afresh: Slither takes every compilation that it finds.
if ! forge build --offline --skip test script --build-info --out "$work/out" --cache-path "$work/cache" \
    >"$work/log" 2>&1; then
    cat "$work/log" >&2
    exit 1
fi
# Its exit code tells how many findings there are; what counts is in the report.
"$root/$venv/bin/slither" . --ignore-compile --foundry-out-directory "$work/out" \
    --filter-paths '(^|/)(node_modules|test|testing|script)/' --json "$work/report.json" >"$work/log" 2>&1 || true
if [[ ! -s "$work/report.json" ]]; then
    cat "$work/log" >&2
    exit 1
fi
python3 "$root/scripts/analyse.py" "$work/report.json" "$root/scripts/analyse-explained.toml" "$@"
