#!/usr/bin/env bash
# The contracts' stateful invariants and fuzz tests, deeper than in CI and with another seed each time: 1,000 sequences of
# 100 calls, and 4,096 draws. Takes an hour. Prints the seed first; with it as argument, does the same again.
# usage: scripts/nightly.sh [SEED]
set -euo pipefail
exec </dev/null
cd "$(dirname "${BASH_SOURCE[0]}")/.."

seed=${1:-0x$(od -An -N32 -tx1 /dev/urandom | tr -d ' \n')}
if [[ ! "$seed" =~ ^0x[0-9a-fA-F]{1,64}$ ]]; then
    echo "usage: $0 [SEED]    a seed is a hexadecimal number of at most 32 bytes, with 0x" >&2
    exit 2
fi
scripts/setup.sh >&2
echo "nightly: seed $seed"
cd solidity
export FOUNDRY_FUZZ_SEED=$seed
forge=../node_modules/.bin/forge
FOUNDRY_INVARIANT_RUNS=1000 FOUNDRY_INVARIANT_DEPTH=100 "$forge" test --offline --match-test '^invariant'
FOUNDRY_FUZZ_RUNS=4096 "$forge" test --offline --match-test '^testFuzz'
