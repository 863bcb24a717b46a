#!/usr/bin/env bash
# Coverage of the contracts without the verifier, by lines and branches: prints it, and fails below 100 %. Takes minutes.
# usage: scripts/coverage.sh [arguments of forge coverage]
#
# `forge coverage` compiles without the optimizer, and InferenceVerifier then runs out of stack. So this works on a copy, in
# which its source is replaced by one whose constructor yields the same code, as the optimizer made it. Left out are contracts
# named …GasTest and CodeSizesTest, which hold optimized code to limits, and CompiledCoreTest, which compares code; invariants run
# once, for they are there to find what isn't a line.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
copy=$(mktemp -d)
trap 'rm -rf "$copy"' EXIT
cd "$root/solidity"

FOUNDRY_OUT="$copy/optimized" FOUNDRY_CACHE_PATH="$copy/cache" ../node_modules/.bin/forge build --offline \
    src/core/verifier/InferenceVerifier.sol >/dev/null
code=$(node -p "require('$copy/optimized/InferenceVerifier.sol/InferenceVerifier.json').bytecode.object.slice(2)")

mkdir -p "$copy/solidity/deployments"
cp -r src testing examples test script foreign foundry.toml remappings.txt "$copy/solidity/"
cp -r ../scripts "$copy/scripts"
ln -s "$(realpath ../node_modules)" "$copy/node_modules"
ln -s ../node_modules "$copy/solidity/node_modules"
ln -s "$root/test-vectors" "$copy/test-vectors"
# Tests of the verifier itself say nothing about the rest.
rm "$copy/solidity/test/core/verifier"/*.t.sol
cat >"$copy/solidity/src/core/verifier/InferenceVerifier.sol" <<STUB
// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import { IInferenceVerifier } from "./interfaces/IInferenceVerifier.sol";

contract InferenceVerifier is IInferenceVerifier {
    constructor(uint256[4] memory tau) {
        bytes memory code = abi.encodePacked(hex"$code", abi.encode(tau));
        assembly {
            let made := create(0, add(code, 0x20), mload(code))
            if iszero(made) {
                returndatacopy(0, 0, returndatasize())
                revert(0, returndatasize())
            }
            extcodecopy(made, 0, 0, extcodesize(made))
            return(0, extcodesize(made))
        }
    }

    function verify(address, uint256[] calldata, bytes calldata) external view { }

    function verifyMany(address[] calldata, uint256[][] calldata, bytes[] calldata) external view { }

    function isDevelopmentSetup() external view returns (bool) { }

    function tauG2() external view returns (uint256[4] memory) { }
}
STUB
# Nothing but those tests uses it.
cat >"$copy/solidity/src/core/verifier/PinnedKeyVerifier.sol" <<STUB
// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import { InferenceVerifier } from "./InferenceVerifier.sol";

contract PinnedKeyVerifier is InferenceVerifier {
    constructor(uint256[4] memory tau) InferenceVerifier(tau) { }
}
STUB
# Nothing here is compiled as it must be to be deployed.
sed -i 's/if (found != expected) revert/if (false) revert/' "$copy/solidity/testing/CompilerCheck.sol"
cd "$copy/solidity"
VERDICT_TEST_VECTORS="$copy/test-vectors" FOUNDRY_INVARIANT_RUNS=4 FOUNDRY_FUZZ_RUNS=64 \
    ../node_modules/.bin/forge coverage --offline --no-match-contract '(Gas|^CompiledCore|^CodeSizes)Test$' \
    --no-match-coverage '^(test|testing|script|src/core/verifier|node_modules)/|node_modules/|\.t\.sol$' \
    --report summary --report lcov --report-file "$copy/lcov.info" "$@" >"$copy/log" 2>&1 || {
    tail -n 60 "$copy/log" >&2
    exit 1
}
sed -n '/^| File /,$p' "$copy/log" | grep '^| [FsT]'

# The report names the lines that nothing reaches, and the branches that nothing takes.
missing=$(awk -F'[:,]' '
    /^SF:/ { file = $2 }
    /^DA:/ && $3 == 0 { print file ":" $2 }
    /^BRDA:/ && ($5 == "-" || $5 == 0) { print file ":" $2 ", a branch" }
' "$copy/lcov.info")
if [[ -n "$missing" ]]; then
    printf 'coverage: no test reaches\n%s\n' "$missing" >&2
    exit 1
fi
lines=$(grep -c '^DA:' "$copy/lcov.info" || true)
if ((lines == 0)); then
    echo "coverage: an empty report" >&2
    exit 1
fi
branches=$(grep -c '^BRDA:' "$copy/lcov.info" || true)
echo "coverage: all $lines lines, all $branches branches"
