#!/usr/bin/env bash
# Compiles the contracts with forge and writes what the Rust side embeds to crates/chain/artifacts/. Run it after every
# change of solidity/src; `cargo test -p verdict-vectors --test artifacts` compares the files with a compilation of its own.
# With --check, writes nothing and fails if the files are out of date.
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
# The reference contracts that the consumers' stories act on are of the tests.
(cd solidity && ../node_modules/.bin/forge build --offline src test/risk/LendingMarket.sol test/guard/GuardMocks.sol) >&2

version=$(scripts/solc --version | sed -n 's/^Version: \([0-9.]*\)+.*/\1/p')
# file:contract; the same list as in crates/chain/src/artifact.rs.
contracts=(
    InferenceVerifier VerifyingKeys ModelRegistry IModelRegistry VerdictGateway IVerdictGateway
    ERC7007Adapter ERC8004Validator SP1Adapter RiscZeroAdapter
    OnChainFeatures SignedFeatures CommittedFeatures
    InferenceOracle
    RiskParameterUpdater ModelRiskSource LendingMarket LendingMarket:LendingMarketAdapter
    FraudPauseGuard PauseForAdapter GuardMocks:EntryVault GuardMocks:MockToken
    ScoredAirdrop
)
stale=0
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
    file=crates/chain/artifacts/$contract.json
    size=$(sed -n 's|^ "runtime_size": \([0-9]*\),*|\1|p' <<<"$new")
    if [[ "$new" == "$(cat "$file" 2>/dev/null)" ]]; then
        echo "$file: up to date, $size bytes of code"
    elif $check; then
        echo "$file: out of date, run scripts/build-contracts.sh"
        stale=1
    else
        printf '%s' "$new" >"$file.tmp"
        mv "$file.tmp" "$file"
        echo "$file: written, $size bytes of code"
    fi
done
exit $stale
