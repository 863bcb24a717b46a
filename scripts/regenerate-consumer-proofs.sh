#!/usr/bin/env bash
# Proves anew what solidity/test/real/ takes: a proof for each consumer, under the context that the contract computes.
# Needed after a change of the model, of the development set-up, of a context or of an address there. Builds nothing: takes
# target/release/verdict, or $VERDICT.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
verdict=${VERDICT:-target/release/verdict}
vectors=test-vectors/logreg-breast-cancer
contexts=solidity/deployments/test/contexts.json
ranks=test-vectors/consumers/ranks

mkdir -p "$(dirname "$contexts")"

# prove <consumer> <input> [arguments]
prove() {
    local name=$1 input=$2 context
    shift 2
    context=$(node -p "require('./$contexts').$name ?? '0x'.padEnd(66, '1')")
    "$verdict" prove --dev --saturate --input "$vectors/$input" --context "$context" \
        --out "test-vectors/consumers/$name.json" "$@" "$vectors/model.verdict" >/dev/null
}

# The tests want proofs of some key before they can say for which contexts.
echo '{}' >"$contexts"
for _ in first last; do
    for name in oracle risk guard; do prove "$name" input.json; done
    prove airdrop test.npz --batch 8
    (cd solidity && VERDICT_WRITE_CONTEXTS=true ../node_modules/.bin/forge test --offline \
        --match-test test_ContextsAreTheProofs >/dev/null)
done

# A tree whose public inputs are ranks. The test wants some proof of the model before it can say for which context.
"$verdict" compile test-vectors/tiny-tree/model.onnx --calibration test-vectors/tiny-tree/calibration.npz --input public \
    --optimize gas --out "$ranks/model.verdict" >/dev/null
"$verdict" inspect "$ranks/model.verdict" --json | solidity/script/model-spec.py >"$ranks/spec.json"
context=0x$(printf %064x 1)
for _ in first last; do
    "$verdict" prove --dev --input "$ranks/input.json" --context "$context" --out "$ranks.json" "$ranks/model.verdict" >/dev/null
    (cd solidity && VERDICT_WRITE_CONTEXTS=true ../node_modules/.bin/forge test --offline \
        --match-test test_ContextIsTheRanksProofs >/dev/null)
    context=$(node -p 'require("./solidity/deployments/test/context-of-ranks.json").ranks')
done
chmod 644 test-vectors/consumers/*.json "$ranks"/*
scripts/check-vectors.sh --update
