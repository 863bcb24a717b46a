#!/usr/bin/env bash
# Everything that must pass: set-up, format, lints, Rust tests, contract tests, their use from
# another project, a deployment to a local chain, test vectors.
# Stops at the first stage that fails, with its exit code.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
exec </dev/null

fast=false
for arg in "$@"; do
    case "$arg" in
    --fast) fast=true ;;
    *)
        echo "usage: scripts/test.sh [--fast]"
        echo "  --fast  leave clippy out"
        [[ "$arg" == --help || "$arg" == -h ]] && exit 0
        exit 2
        ;;
    esac
done >&2

current=""
started=0
finish() {
    local code=$?
    if ((code != 0)) && [[ -n "$current" ]]; then
        printf '\n==> FAILED after %d s: %s (exit code %d)\n' $((SECONDS - started)) "$current" "$code" >&2
    fi
}
trap finish EXIT

stage() {
    current=$1
    started=$SECONDS
    shift
    printf '\n==> %s\n' "$current"
    "$@"
    printf '==> %s: %d s\n' "$current" $((SECONDS - started))
    current=""
}

in_solidity() {
    (cd solidity && "$@")
}

forge=../node_modules/.bin/forge

stage "set-up" scripts/setup.sh
stage "cargo fmt" cargo fmt --all --check
if ! $fast; then
    stage "cargo clippy" cargo clippy --release --workspace --all-targets --locked -- -D warnings
fi
stage "cargo test" cargo test --release --workspace --locked
stage "forge fmt" in_solidity "$forge" fmt --check src testing examples test script
# The sources alone first: with forge-std in the same compilation its 256 warnings drown theirs.
stage "forge build" in_solidity "$forge" build --offline --deny warnings \
    src script testing/mocks examples/score-gate/src
# Gas snapshots are compared, not written: after a change on purpose run forge test without the variable.
stage "forge test" in_solidity env FORGE_SNAPSHOT_CHECK=true "$forge" test --offline
stage "outside project" scripts/check-outside-project.sh
stage "deployment" scripts/deploy-dry-run.sh
stage "test vectors" scripts/check-vectors.sh

printf '\nAll stages passed in %d s.\n' "$SECONDS"
