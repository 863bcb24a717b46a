#!/usr/bin/env bash
# Line coverage of src/ without the verifier: test/utils/coverage.sh [arguments of forge coverage]
#
# `forge coverage` compiles without the optimizer, and InferenceVerifier then runs out of stack. So this works on a copy, in
# which its source is replaced by one whose constructor yields the same code, as the optimizer made it. Contracts named …GasTest
# hold optimized code to limits, and are left out.
set -euo pipefail
solidity=$(cd "$(dirname "$0")/../.." && pwd)
copy=$(mktemp -d)
trap 'rm -rf "$copy"' EXIT

FOUNDRY_OUT="$copy/optimized" FOUNDRY_CACHE_PATH="$copy/cache" "$solidity/../node_modules/.bin/forge" build --offline \
  --root "$solidity" src/verifier/InferenceVerifier.sol >/dev/null
code=$(node -p "require('$copy/optimized/InferenceVerifier.sol/InferenceVerifier.json').bytecode.object.slice(2)")

mkdir "$copy/solidity"
cp -r "$solidity"/{src,test,script,foundry.toml,remappings.txt} "$copy/solidity/"
cp -r "$solidity/../scripts" "$copy/scripts"
ln -s "$(realpath "$solidity/../node_modules")" "$copy/node_modules"
ln -s ../node_modules "$copy/solidity/node_modules"
ln -s "$solidity/../test-vectors" "$copy/test-vectors"
# Tests of the verifier itself say nothing about the rest.
rm "$copy/solidity/test/verifier"/*.t.sol
cat >"$copy/solidity/src/verifier/InferenceVerifier.sol" <<STUB
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

    function isDevelopmentSetup() external view returns (bool) { }

    function tauG2() external view returns (uint256[4] memory) { }
}
STUB
cd "$copy/solidity"
command=("$copy/node_modules/.bin/forge" coverage --offline --no-match-contract 'GasTest$' --no-match-coverage '^(test|script|src/verifier|node_modules)/|node_modules/' --report summary "$@")
VERDICT_TEST_VECTORS="$copy/test-vectors" "${command[@]}"
