#!/usr/bin/env bash
# Compiles, plans and proves every model of test-vectors/ anew and lists the files' hashes.
# Needed after a change of the compiler, the tape, the planner's choice or the development set-up.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
VERDICT_UPDATE_VECTORS=1 cargo test --release --locked -p verdict-vectors --test vectors vectors_are_up_to_date
cargo test --release --locked -p verdict-vectors --test vectors
scripts/check-vectors.sh --update
if [[ -x node_modules/.bin/forge ]]; then
    cargo build --release --locked --bin verdict
    scripts/regenerate-consumer-proofs.sh
    # Calldata changes with every proof by a few zero bytes, and with it the gas snapshots.
    (cd solidity && ../node_modules/.bin/forge test --offline --match-contract Vectors >/dev/null)
fi
