// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import { Feed } from "../../src/features/Feeds.sol";
import { Features } from "../../src/features/IFeatureSource.sol";
import { SignedFeatures } from "../../src/features/SignedFeatures.sol";
import { ModelPin } from "../../src/types/ModelPin.sol";
import { CoreTest } from "../utils/CoreTest.sol";

/// @dev Signers, evidence, feeds.
abstract contract FeatureTest is CoreTest {
    uint64 internal constant START = 1_800_000_000;
    uint256 internal constant ROTATION_DELAY = 3 days;
    bytes32 internal constant SUBJECT = "ETH/USD";

    address internal dataOwner = makeAddr("data owner");
    // Ascending addresses.
    uint256[] internal signerKeys;
    address[] internal signerSet;

    function setUp() public virtual override {
        super.setUp();
        vm.warp(START);
        vm.roll(1000);
    }

    /// @dev Makes `signerKeys` and `signerSet`, `count` long.
    function _makeSigners(uint256 count, string memory prefix) internal {
        delete signerKeys;
        delete signerSet;
        for (uint256 i = 0; i < count; ++i) {
            (address account, uint256 key) = makeAddrAndKey(string.concat(prefix, vm.toString(i)));
            signerSet.push(account);
            signerKeys.push(key);
            for (uint256 j = i; j > 0 && signerSet[j] < signerSet[j - 1]; --j) {
                (signerSet[j], signerSet[j - 1]) = (signerSet[j - 1], signerSet[j]);
                (signerKeys[j], signerKeys[j - 1]) = (signerKeys[j - 1], signerKeys[j]);
            }
        }
    }

    /// @dev `quorum` of `count` signers.
    function _signedSource(uint256 count, uint256 quorum) internal returns (SignedFeatures) {
        _makeSigners(count, "signer ");
        return new SignedFeatures(registry, dataOwner, signerSet, quorum, ROTATION_DELAY);
    }

    /// @dev Data of now.
    function _data(uint256[] memory words) internal view returns (Features memory data) {
        data.words = words;
        data.commitments = new uint256[](0);
        data.timestamp = uint64(vm.getBlockTimestamp());
        data.sequence = 1;
    }

    /// @dev A signature of one of `signerKeys`.
    function _signature(uint256 signer, bytes32 digest) internal view returns (bytes memory) {
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(signerKeys[signer], digest);
        return abi.encodePacked(r, s, v);
    }

    /// @dev What the signers in `mask` sign, for `consumer`.
    function _evidence(
        SignedFeatures source,
        address consumer,
        ModelPin pin,
        bytes32 subject,
        Features memory data,
        uint256 mask
    ) internal view returns (bytes memory) {
        bytes32 digest = source.digestOf(consumer, pin, subject, data);
        uint256 count = 0;
        for (uint256 i = 0; i < 32; ++i) {
            if ((mask >> i) & 1 != 0) ++count;
        }
        bytes[] memory signatures = new bytes[](count);
        count = 0;
        for (uint256 i = 0; i < signerKeys.length; ++i) {
            if ((mask >> i) & 1 != 0) signatures[count++] = _signature(i, digest);
        }
        return _encode(data, mask, signatures);
    }

    function _encode(Features memory data, uint256 mask, bytes[] memory signatures)
        internal
        pure
        returns (bytes memory)
    {
        return abi.encode(
            data.timestamp, data.blockNumber, data.sequence, data.words, data.commitments, mask, signatures
        );
    }

    /// @dev Word 0 of what `target` returns, as a signed number with 18 decimals.
    function _feed(address target, bytes memory data) internal pure returns (Feed memory feed) {
        feed.target = target;
        feed.data = data;
        feed.isSigned = true;
        feed.decimals = 18;
    }
}
