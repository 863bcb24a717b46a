// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import { Ownable } from "@openzeppelin/contracts/access/Ownable.sol";

import { Features } from "../../src/features/IFeatureSource.sol";
import { SignedFeatures } from "../../src/features/SignedFeatures.sol";
import { SignerSet } from "../../src/features/SignerSet.sol";
import { FeatureTest } from "./FeatureTest.sol";

/// @dev How a set of signers changes.
contract SignerSetTest is FeatureTest {
    TestModel private _model;
    SignedFeatures private _source;

    function setUp() public override {
        super.setUp();
        _model = _register(_spec(2, 1));
        _source = _signedSource(4, 3);
    }

    function _features(uint256 mask) private view returns (bytes memory) {
        Features memory data = _data(new uint256[](1));
        return _evidence(_source, address(this), _model.pin, 0, data, mask);
    }

    function _deploy(address[] memory set, uint256 quorum, uint256 delay) private returns (SignedFeatures) {
        return new SignedFeatures(registry, dataOwner, set, quorum, delay);
    }

    function _propose(uint256 count, uint256 quorum) private {
        _makeSigners(count, "next ");
        vm.prank(dataOwner);
        _source.proposeRotation(signerSet, quorum);
    }

    // ------------------------------------------------------------------------------------ rotation

    function test_Views() public view {
        assertEq(_source.signers(), signerSet);
        assertEq(_source.quorum(), 3);
        assertEq(_source.signerSet(), 1);
        assertEq(_source.rotationDelay(), ROTATION_DELAY);
        (address[] memory set, uint256 quorum, uint256 eta) = _source.pendingRotation();
        assertEq(set.length + quorum + eta, 0);
    }

    function test_RotationTakesItsTimeAndThenAnyone() public {
        _makeSigners(2, "next ");
        vm.expectEmit();
        emit SignerSet.RotationProposed(signerSet, 2, START + ROTATION_DELAY);
        vm.prank(dataOwner);
        _source.proposeRotation(signerSet, 2);
        (address[] memory set, uint256 quorum, uint256 eta) = _source.pendingRotation();
        assertEq(set, signerSet);
        assertEq(quorum, 2);
        assertEq(eta, START + ROTATION_DELAY);
        skip(ROTATION_DELAY);
        vm.expectEmit();
        emit SignerSet.SignersSet(2, signerSet, 2);
        vm.prank(makeAddr("anyone"));
        _source.executeRotation();
        assertEq(_source.signers(), signerSet);
        assertEq(_source.quorum(), 2);
        _source.features(_model.pin, 0, _features(3));
        // Once.
        (,, eta) = _source.pendingRotation();
        assertEq(eta, 0);
        vm.expectRevert(SignerSet.NoRotationPending.selector);
        _source.executeRotation();
    }

    function test_LargestSet() public {
        _makeSigners(32, "many ");
        _source = _deploy(signerSet, 32, 0);
        _source.features(_model.pin, 0, _features(type(uint32).max));
        vm.prank(dataOwner);
        vm.expectRevert(abi.encodeWithSelector(SignerSet.QuorumOutOfRange.selector, 32, 31));
        _source.revokeSigner(31);
    }

    function test_LongestDelay() public {
        assertEq(_deploy(signerSet, 1, 365 days).rotationDelay(), 365 days);
    }

    function test_CancelledRotationCanBeFollowedByAnother() public {
        _propose(2, 2);
        vm.expectEmit();
        emit SignerSet.RotationCancelled();
        vm.prank(dataOwner);
        _source.cancelRotation();
        _propose(3, 1);
        skip(ROTATION_DELAY);
        _source.executeRotation();
        assertEq(_source.quorum(), 1);
    }

    function test_OwnershipTakesTwoSteps() public {
        address next = makeAddr("next owner");
        vm.prank(dataOwner);
        _source.transferOwnership(next);
        assertEq(_source.owner(), dataOwner);
        vm.prank(next);
        _source.acceptOwnership();
        assertEq(_source.owner(), next);
    }

    function test_RevokedSignerCountsNoMoreAtOnce() public {
        bytes memory withIt = _features(0x0e);
        bytes memory without = _features(0x0d);
        vm.expectEmit();
        emit SignerSet.SignerRevoked(1, signerSet[1]);
        vm.prank(dataOwner);
        _source.revokeSigner(1);
        vm.expectRevert(abi.encodeWithSelector(SignerSet.NotASigner.selector, 1));
        _source.features(_model.pin, 0, withIt);
        _source.features(_model.pin, 0, without);
        assertEq(_source.signers()[1], address(0));
        assertEq(_source.quorum(), 3);
    }

    /// @dev Revocation is of a signer, not of a place: the next set begins with all that it names.
    function test_NextSetHasNobodyRevoked() public {
        vm.prank(dataOwner);
        _source.revokeSigner(0);
        _propose(2, 2);
        skip(ROTATION_DELAY);
        _source.executeRotation();
        assertEq(_source.signers(), signerSet);
        _source.features(_model.pin, 0, _features(3));
    }

    // ------------------------------------------------------------------------------------ refusals

    function test_RevertWhen_WrongSignerCount() public {
        vm.expectRevert(abi.encodeWithSelector(SignerSet.WrongSignerCount.selector, 0));
        _deploy(new address[](0), 0, 0);
        _makeSigners(33, "many ");
        vm.expectRevert(abi.encodeWithSelector(SignerSet.WrongSignerCount.selector, 33));
        _deploy(signerSet, 1, 0);
    }

    function test_RevertWhen_QuorumOutOfRange() public {
        vm.expectRevert(abi.encodeWithSelector(SignerSet.QuorumOutOfRange.selector, 0, 4));
        _deploy(signerSet, 0, 0);
        vm.expectRevert(abi.encodeWithSelector(SignerSet.QuorumOutOfRange.selector, 5, 4));
        _deploy(signerSet, 5, 0);
        vm.prank(dataOwner);
        vm.expectRevert(abi.encodeWithSelector(SignerSet.QuorumOutOfRange.selector, 5, 4));
        _source.proposeRotation(signerSet, 5);
        // To revoke never lowers the quorum.
        vm.startPrank(dataOwner);
        _source.revokeSigner(0);
        vm.expectRevert(abi.encodeWithSelector(SignerSet.QuorumOutOfRange.selector, 3, 2));
        _source.revokeSigner(1);
    }

    function test_RevertWhen_SignersNotAscending() public {
        address[] memory set = signerSet;
        set[2] = set[1];
        vm.expectRevert(abi.encodeWithSelector(SignerSet.SignersNotAscending.selector, 2));
        _deploy(set, 1, 0);
        (set[2], set[3]) = (signerSet[3], signerSet[2]);
        vm.expectRevert(abi.encodeWithSelector(SignerSet.SignersNotAscending.selector, 3));
        _deploy(set, 1, 0);
        set[0] = address(0);
        vm.expectRevert(abi.encodeWithSelector(SignerSet.SignersNotAscending.selector, 0));
        _deploy(set, 1, 0);
    }

    function test_RevertWhen_DelayTooLong() public {
        vm.expectRevert(abi.encodeWithSelector(SignerSet.DelayTooLong.selector, 365 days, 365 days + 1));
        _deploy(signerSet, 1, 365 days + 1);
    }

    function test_RevertWhen_RotationAlreadyPending() public {
        _propose(2, 2);
        vm.prank(dataOwner);
        vm.expectRevert(SignerSet.RotationAlreadyPending.selector);
        _source.proposeRotation(signerSet, 1);
    }

    function test_RevertWhen_NoRotationPending() public {
        vm.expectRevert(SignerSet.NoRotationPending.selector);
        _source.executeRotation();
        vm.prank(dataOwner);
        vm.expectRevert(SignerSet.NoRotationPending.selector);
        _source.cancelRotation();
    }

    function test_RevertWhen_RotationNotReady() public {
        _propose(2, 2);
        skip(ROTATION_DELAY - 1);
        vm.expectRevert(abi.encodeWithSelector(SignerSet.RotationNotReady.selector, START + ROTATION_DELAY));
        _source.executeRotation();
    }

    function test_RevertWhen_RotationExpired() public {
        _propose(2, 2);
        uint256 expiry = START + ROTATION_DELAY + _source.ROTATION_WINDOW();
        vm.warp(expiry);
        vm.expectRevert(abi.encodeWithSelector(SignerSet.RotationExpired.selector, expiry));
        _source.executeRotation();
        vm.warp(expiry - 1);
        _source.executeRotation();
    }

    function test_RevertWhen_RevokedSignerIsNone() public {
        vm.startPrank(dataOwner);
        vm.expectRevert(abi.encodeWithSelector(SignerSet.NotASigner.selector, 4));
        _source.revokeSigner(4);
        _source.revokeSigner(2);
        vm.expectRevert(abi.encodeWithSelector(SignerSet.NotASigner.selector, 2));
        _source.revokeSigner(2);
    }

    function test_RevertWhen_CallerIsNotTheOwner() public {
        bytes memory error_ = abi.encodeWithSelector(Ownable.OwnableUnauthorizedAccount.selector, address(this));
        vm.expectRevert(error_);
        _source.proposeRotation(signerSet, 1);
        vm.expectRevert(error_);
        _source.cancelRotation();
        vm.expectRevert(error_);
        _source.revokeSigner(0);
    }
}
