#!/usr/bin/env bash
# Compiles the contracts with forge and writes what the Rust side embeds to crates/chain/artifacts/, and the core's code
# for tests of other projects to solidity/testing/CompiledCore.sol. Run it after every change of solidity/src;
# `cargo test -p verdict-vectors --test artifacts` compares the files with a compilation of its own, and
# solidity/test/testing/ the core's code. With --check, writes nothing and fails if the files are out of date.
set -euo pipefail
exec </dev/null
cd "$(dirname "${BASH_SOURCE[0]}")/.."

check=false
case "${1:-}" in
"") ;;
--check) check=true ;;
*)
    echo "usage: $0 [--check]" >&2
    exit 2
    ;;
esac

scripts/setup.sh >&2
# The contracts that the consumers' stories act on are mocks.
(cd solidity && ../node_modules/.bin/forge build --offline src testing/mocks) >&2

version=$(scripts/solc --version | sed -n 's/^Version: \([0-9.]*\)+.*/\1/p')
# file:contract; the same list as in crates/chain/src/artifact.rs.
contracts=(
    InferenceVerifier PinnedKeyVerifier VerifyingKeys ModelRegistry IModelRegistry IModelBreakpoints VerdictGateway IVerdictGateway
    ERC7007Adapter ERC8004Validator SP1Adapter RiscZeroAdapter
    OnChainFeatures SignedFeatures CommittedFeatures
    InferenceOracle StrictFeed
    RiskParameterUpdater SequencedExecutor ModelRiskSource LendingMarket LendingMarket:LendingMarketAdapter
    FraudPauseGuard PauseForAdapter EntryVault MockToken
    ScoredAirdrop
)
stale=0
# put <file> <text> <what to say of it>: writes the file, or, with --check, says whether it is as it should be.
put() {
    if cmp --silent <(printf '%s' "$2") "$1"; then
        echo "$1: up to date$3"
    elif $check; then
        echo "$1: out of date, run scripts/build-contracts.sh"
        stale=1
    else
        printf '%s' "$2" >"$1.tmp"
        mv "$1.tmp" "$1"
        echo "$1: written$3"
    fi
}

for entry in "${contracts[@]}"; do
    source=${entry%:*} contract=${entry#*:}
    # One-space indent, no newline at the end; the interface on one line.
    new=$(node -e '
        const [, source, contract, solc] = process.argv;
        const path = `./solidity/out/${source}.sol/${contract}.json`;
        const { abi, bytecode, deployedBytecode } = JSON.parse(require("node:fs").readFileSync(path, "utf8"));
        const runtime_size = (deployedBytecode.object.length - 2) / 2;
        const code = JSON.stringify({ contract, solc, bytecode: bytecode.object, runtime_size }, null, 1);
        process.stdout.write(`${code.slice(0, -2)},\n "abi": ${JSON.stringify(abi)}\n}`);
    ' "$source" "$contract" "$version")
    size=$(sed -n 's|^ "runtime_size": \([0-9]*\),*|\1|p' <<<"$new")
    put "crates/chain/artifacts/$contract.json" "$new" ", $size bytes of code"
done

# The core's creation code as Solidity, for projects that can't or don't compile it as solidity/foundry.toml says. The
# functions are external, so that it is compiled once, not into every test that asks for it; forge links libraries.
core=solidity/testing/CompiledCore.sol
code='// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.24;

// Written by scripts/build-contracts.sh: what solc '$version' makes of the core, with the settings of
// solidity/foundry.toml.
'
for contract in VerifyingKeys InferenceVerifier ModelRegistry VerdictGateway; do
    object=$(node -p "require('./solidity/out/$contract.sol/$contract.json').bytecode.object")
    code+="
/// @title \`$contract\`, compiled
library Compiled$contract {
    /// @notice The keccak-256 of the creation code, without constructor arguments.
    bytes32 internal constant HASH = $(node_modules/.bin/cast keccak <<<"$object");

    /// @notice The creation code, without constructor arguments.
    function creationCode() external pure returns (bytes memory) {
        return hex\"${object#0x}\";
    }
}
"
done
put "$core" "$code" ""
exit $stale
