// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import { Test } from "forge-std/Test.sol";

import { Features } from "../../src/features/IFeatureSource.sol";
import { SignedFeatures } from "../../src/features/SignedFeatures.sol";
import { ModelPin } from "../../src/types/ModelPin.sol";
import { FeatureTest } from "./FeatureTest.sol";

/// @dev Sets come and go, signers are revoked, and evidence of all kinds is shown. The consumer is
/// this contract.
contract SignerSetHandler is Test {
    uint256 private constant POOL = 8;

    SignedFeatures private immutable _SOURCE;
    address private immutable _OWNER;
    ModelPin private immutable _PIN;
    // Ascending.
    address[POOL] private _accounts;
    uint256[POOL] private _signingKeys;

    /// @dev Something came out that no quorum signed; a quorum signed and nothing came out.
    bool public yieldedTooMuch;
    bool public yieldedTooLittle;
    uint256 public yields;

    constructor(SignedFeatures source, address owner, ModelPin pin, address[] memory accounts, uint256[] memory keys) {
        (_SOURCE, _OWNER, _PIN) = (source, owner, pin);
        for (uint256 i = 0; i < POOL; ++i) {
            (_accounts[i], _signingKeys[i]) = (accounts[i], keys[i]);
        }
    }

    /// @dev Some of the pool, as a mask.
    function propose(uint256 members, uint256 quorum) external {
        members = bound(members, 1, (1 << POOL) - 1);
        address[] memory all = new address[](POOL);
        uint256 count = 0;
        for (uint256 i = 0; i < POOL; ++i) {
            if ((members >> i) & 1 != 0) all[count++] = _accounts[i];
        }
        address[] memory set = new address[](count);
        for (uint256 i = 0; i < count; ++i) {
            set[i] = all[i];
        }
        vm.prank(_OWNER);
        try _SOURCE.proposeRotation(set, bound(quorum, 1, count)) { } catch { }
    }

    function cancel() external {
        vm.prank(_OWNER);
        try _SOURCE.cancelRotation() { } catch { }
    }

    function execute(uint256 wait) external {
        skip(bound(wait, 0, 20 days));
        try _SOURCE.executeRotation() { } catch { }
    }

    function revoke(uint256 index) external {
        vm.prank(_OWNER);
        try _SOURCE.revokeSigner(bound(index, 0, POOL)) { } catch { }
    }

    /// @dev The signers in `mask` are named. Those in `forged` didn't sign, or someone else did in
    /// their place.
    function show(uint256 mask, uint256 forged, uint256 impostor, bool earlierSet) external {
        address[] memory set = _SOURCE.signers();
        mask = bound(mask, 0, (1 << (set.length + 1)) - 1);
        if (forged % 3 != 0) forged = 0;
        Features memory data;
        data.words = new uint256[](2);
        data.words[0] = mask;
        data.commitments = new uint256[](0);
        data.timestamp = uint64(vm.getBlockTimestamp());
        bytes32 digest = _SOURCE.digestOf(address(this), _PIN, 0, data);
        if (earlierSet) digest = keccak256(abi.encode(digest));

        bytes[] memory signatures = new bytes[](_bits(mask));
        (uint256 count, uint256 good) = (0, 0);
        for (uint256 i = 0; i <= set.length; ++i) {
            if ((mask >> i) & 1 == 0) continue;
            bool real = (forged >> i) & 1 == 0 && i < set.length && set[i] != address(0);
            uint256 key = real ? _keyOf(set[i]) : _signingKeys[impostor % POOL];
            if (i < set.length && vm.addr(key) == set[i] && !earlierSet) ++good;
            (uint8 v, bytes32 r, bytes32 s) = vm.sign(key, digest);
            signatures[count++] = abi.encodePacked(r, s, v);
        }
        bytes memory evidence = abi.encode(
            data.timestamp, data.blockNumber, data.sequence, data.words, data.commitments, mask, signatures
        );
        bool quorum = good == count && count >= _SOURCE.quorum();
        try _SOURCE.features(_PIN, 0, evidence) {
            if (!quorum) yieldedTooMuch = true;
            ++yields;
        } catch {
            if (quorum) yieldedTooLittle = true;
        }
    }

    function _keyOf(address account) private view returns (uint256) {
        for (uint256 i = 0; i < POOL; ++i) {
            if (_accounts[i] == account) return _signingKeys[i];
        }
        revert("unknown signer");
    }

    function _bits(uint256 mask) private pure returns (uint256 count) {
        for (; mask != 0; mask >>= 1) {
            count += mask & 1;
        }
    }
}

contract SignerSetInvariantTest is FeatureTest {
    SignedFeatures private _source;
    SignerSetHandler private _handler;

    function setUp() public override {
        super.setUp();
        TestModel memory model = _register(_spec(20, 1));
        _makeSigners(8, "pool ");
        address[] memory first = new address[](5);
        for (uint256 i = 0; i < 5; ++i) {
            first[i] = signerSet[i];
        }
        _source = new SignedFeatures(registry, dataOwner, first, 2, ROTATION_DELAY);
        _handler = new SignerSetHandler(_source, dataOwner, model.pin, signerSet, signerKeys);
        targetContract(address(_handler));
    }

    /// @dev A quorum below k never yields features: nothing comes out but what at least `quorum`
    /// different, current, unrevoked signers signed, under the current set's number. And whatever
    /// they signed comes out.
    function invariant_ExactlyAQuorumYields() public view {
        assertFalse(_handler.yieldedTooMuch());
        assertFalse(_handler.yieldedTooLittle());
    }

    /// @dev There are always enough signers left for a quorum, which is never zero, and they are
    /// strictly ascending.
    function invariant_AQuorumIsPossibleAndNotFree() public view {
        address[] memory set = _source.signers();
        (uint256 left, address previous) = (0, address(0));
        for (uint256 i = 0; i < set.length; ++i) {
            if (set[i] == address(0)) continue;
            ++left;
            assertGt(uint160(set[i]), uint160(previous));
            previous = set[i];
        }
        assertGt(_source.quorum(), 0);
        assertGe(left, _source.quorum());
    }
}
