// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import { DevelopmentSetup } from "../../src/core/verifier/libraries/DevelopmentSetup.sol";
import { IERC7992Registry } from "../../src/interfaces/IERC7992.sol";
import { Bundles } from "../../src/libraries/Bundles.sol";
import { ModelSpec } from "../../src/types/Schemas.sol";
import { CoreTest } from "../utils/CoreTest.sol";

contract BundlesTest is CoreTest {
    /// @dev Two vectors, made with `cast keccak` of the words one after the other. Rust's must be
    /// the same.
    function test_Vectors() public pure {
        bytes32 one = bytes32(type(uint256).max / 15);
        (bytes32 two, bytes32 three, bytes32 four) = (_times(one, 2), _times(one, 3), _times(one, 4));
        assertEq(
            Bundles.digest(one, two, three, four, DevelopmentSetup.tauG2()),
            0x4da363c74f8990646e813747b2cf3b87967b4b763ea04febc1c7a9fb3aed80d6
        );
        assertEq(
            Bundles.digest(one, two, three, 0, DevelopmentSetup.tauG2()),
            0x805b3665ac4088c5499357d7f493e3644380d6934f2f5a473d2c834b6de242fe
        );
    }

    function testFuzz_DependsOnEveryPart(bytes32[4] memory parts, uint256[4] memory tau, uint256 part, uint256 bit)
        public
        pure
    {
        bytes32 before = Bundles.digest(parts[0], parts[1], parts[2], parts[3], tau);
        (part, bit) = (part % 8, 1 << (bit % 256));
        if (part < 4) parts[part] ^= bytes32(bit);
        else tau[part - 4] ^= bit;
        assertNotEq(Bundles.digest(parts[0], parts[1], parts[2], parts[3], tau), before);
    }

    /// @dev No part can take another's place.
    function test_PartsHavePlaces() public pure {
        uint256[4] memory tau;
        bytes32 digest = Bundles.digest("a", "b", "c", "d", tau);
        assertNotEq(Bundles.digest("b", "a", "c", "d", tau), digest);
        assertNotEq(Bundles.digest("a", "b", "d", "c", tau), digest);
        assertNotEq(Bundles.digest("c", "b", "a", "d", tau), digest);
    }

    function test_OfARegisteredVersion() public {
        ModelSpec memory spec = _spec(3, 1);
        spec.keyProof = keccak256("key proof");
        TestModel memory model = _register(spec);
        assertEq(registry.specOf(model.id, 1).keyProof, spec.keyProof);
        IERC7992Registry.ModelCommitment memory made = registry.versionOf(model.id, 1).commitment;
        uint256[4] memory tau = verifier.tauG2();
        bytes32 digest = Bundles.digestOf(registry, model.id, 1, tau);
        assertEq(digest, Bundles.digest(made.modelHash, made.circuitHash, made.vkHash, spec.keyProof, tau));

        // The next version, of the same spec, has another key; a third another key proof.
        TestModel memory next = _upgrade(model, spec);
        assertNotEq(Bundles.digestOf(registry, next.id, next.version, tau), digest);
        assertEq(Bundles.digestOf(registry, model.id, 1, tau), digest);
        spec.keyProof = 0;
        assertNotEq(registry.publishSpec(spec), made.circuitHash);
    }

    function _times(bytes32 word, uint256 factor) private pure returns (bytes32) {
        return bytes32(uint256(word) * factor);
    }
}
