// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import { Test } from "forge-std/Test.sol";

import { BN254_R } from "../../src/core/verifier/libraries/Bn254.sol";
import { InferenceContext } from "../../src/libraries/InferenceContext.sol";
import { ModelPin, ModelPins } from "../../src/types/ModelPin.sol";

contract InferenceContextTest is Test {
    /// @dev The same number must come out of crates/chain.
    function test_KnownContext() public {
        vm.chainId(1);
        address consumer = 0x00112233445566778899AABbCCdDeeFf00112233;
        bytes32 payload = 0x000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f;
        assertEq(InferenceContext.TYPEHASH, 0x11338a376d07a6dad8d925b59db9dd1bd1c58330f55564631d950512b85b2586);
        assertEq(
            InferenceContext.digest(consumer, 7, 3, payload),
            0x125f568748ab528902f122959840e240e75572a989a184dcba24fbd4ed8d73c7
        );
    }

    function testFuzz_Layout(address consumer, uint256 modelId, uint256 version, bytes32 payload, uint64 chainId)
        public
    {
        vm.assume(chainId != 0);
        vm.chainId(chainId);
        bytes memory preimage = bytes.concat(
            keccak256(
                "VerdictContext(uint256 chainId,address consumer,uint256 modelId,uint256 version,bytes32 payload)"
            ),
            bytes32(uint256(chainId)),
            bytes12(0),
            bytes20(consumer),
            bytes32(modelId),
            bytes32(version),
            payload
        );
        assertEq(preimage.length, 192);
        uint256 context = InferenceContext.digest(consumer, modelId, version, payload);
        assertEq(context, uint256(keccak256(preimage)) / 8);
        assertLt(context, BN254_R);
    }

    function testFuzz_OfAPinIsThatOfTheCallingContract(address key, bytes4 selector, uint32 id, uint32 version)
        public
        view
    {
        ModelPin pin = ModelPins.make(key, selector, id, version);
        bytes32 payload = keccak256("payload");
        assertEq(InferenceContext.digest(pin, payload), InferenceContext.digest(address(this), id, version, payload));
    }

    function testFuzz_PinHasItsParts(address key, bytes4 selector, uint32 id, uint32 version) public pure {
        ModelPin pin = ModelPins.make(key, selector, id, version);
        assertEq(ModelPin.unwrap(pin), bytes32(abi.encodePacked(key, selector, id, version)));
        assertEq(pin.key(), key);
        assertEq(pin.selector(), selector);
        assertEq(pin.modelId(), id);
        assertEq(pin.version(), version);
        assertEq(pin.isZero(), uint160(key) == 0 && selector == 0 && id == 0 && version == 0);
    }

    function test_NothingIsPinned() public pure {
        assertTrue(ModelPin.wrap(0).isZero());
    }
}
