#!/usr/bin/env bash
# Proves anew what solidity/test/real/ takes: a proof for each consumer, under the context that the contract computes.
# Needed after a change of the model, of the development set-up, of a context or of an address there. Builds nothing: takes
# target/release/verdict, or $VERDICT.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
verdict=${VERDICT:-target/release/verdict}
vectors=test-vectors/logreg-breast-cancer
contexts=solidity/deployments/test/contexts.json

mkdir -p "$(dirname "$contexts")"
(cd solidity && VERDICT_WRITE_CONTEXTS=true ../node_modules/.bin/forge test --offline --match-test test_ContextsAreTheProofs >/dev/null)
mkdir -p test-vectors/consumers

# prove <consumer> <input> [arguments]
prove() {
    local name=$1 input=$2 context
    shift 2
    context=$(node -p "require('./$contexts').$name")
    "$verdict" prove --dev --saturate --input "$vectors/$input" --context "$context" \
        --out "test-vectors/consumers/$name.json" "$@" "$vectors/model.verdict" >/dev/null
}

for name in oracle risk guard; do prove "$name" input.json; done
prove airdrop test.npz --batch 8
chmod 644 test-vectors/consumers/*.json
scripts/check-vectors.sh --update
