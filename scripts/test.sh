#!/usr/bin/env bash
# Everything that must pass: set-up, format, lints, structure, documentation, Rust tests, contract tests, a project
# outside the repository, a deployment to a local chain, test vectors. Stops at the first stage that fails, with its
# exit code. The contracts' stages run beside cargo's: their compiler is JavaScript and uses one core.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
exec </dev/null

fast=false
for arg in "$@"; do
    case "$arg" in
    --fast) fast=true ;;
    *)
        echo "usage: scripts/test.sh [--fast]"
        echo "  --fast  leave lints, documentation and the deployment out"
        [[ "$arg" == --help || "$arg" == -h ]] && exit 0
        exit 2
        ;;
    esac
done >&2

stage() {
    local name=$1 started=$SECONDS code=0
    shift
    printf '\n==> %s\n' "$name"
    # Not `"$@" || …` with errexit, which it would switch off within functions.
    set +e
    (
        set -e
        "$@"
    )
    code=$?
    set -e
    if ((code != 0)); then
        printf '\n==> FAILED after %d s: %s (exit code %d)\n' $((SECONDS - started)) "$name" "$code" >&2
        exit "$code"
    fi
    printf '==> %s: %d s\n' "$name" $((SECONDS - started))
}

in_solidity() {
    cd solidity
    "$@"
}

forge=../node_modules/.bin/forge
# One profile for lints, documentation, tests and scripts: Cargo.toml says what it leaves out.
profile=(--profile ci --workspace --locked)

contracts() {
    stage "forge fmt" in_solidity "$forge" fmt --check src testing examples test script
    # The sources alone first: with forge-std in the same compilation its 256 warnings drown theirs.
    stage "forge build" in_solidity "$forge" build --offline --deny warnings \
        src script testing/mocks examples/score-gate/src
    # Gas snapshots are compared, not written: after a change on purpose run forge test without the variable.
    stage "forge test" in_solidity env FORGE_SNAPSHOT_CHECK=true "$forge" test --offline
    stage "outside project" scripts/check-outside-project.sh
}

stage "set-up" scripts/setup.sh
stage "services" scripts/setup-services.sh
stage "cargo fmt" cargo fmt --all --check
stage "cargo fetch" cargo fetch --locked

log=$(mktemp)
contracts >"$log" 2>&1 &
contracts=$!
finish() {
    kill "$contracts" 2>/dev/null || true
    rm -f "$log"
}
trap finish EXIT

if ! $fast; then
    stage "structure" scripts/check_structure.py
    stage "cargo clippy" cargo clippy "${profile[@]}" --all-targets -- -D warnings
    stage "cargo doc" env RUSTDOCFLAGS="-D warnings" cargo doc "${profile[@]}" --no-deps
fi
stage "cargo test" scripts/run_tests.py "${profile[@]}"

code=0
wait "$contracts" || code=$?
cat "$log"
((code == 0)) || exit "$code"

if ! $fast; then
    stage "deployment" scripts/deploy-dry-run.sh
    # With the program that the tests built.
    stage "corpus" env VERDICT="$PWD/target/ci/verdict" scripts/corpus.sh --committed --jobs 2
fi
stage "test vectors" scripts/check-vectors.sh

printf '\nAll stages passed in %d s.\n' "$SECONDS"
