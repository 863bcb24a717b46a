// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import { IAccessControl } from "@openzeppelin/contracts/access/IAccessControl.sol";

import { CommittedFeatures } from "../../src/features/CommittedFeatures.sol";
import { Features } from "../../src/features/IFeatureSource.sol";
import { ModelPin } from "../../src/types/ModelPin.sol";
import { ModelSpec, Visibility } from "../../src/types/Schemas.sol";
import { FeatureTest } from "./FeatureTest.sol";

/// @dev The consumer is this contract.
contract CommittedFeaturesTest is FeatureTest {
    uint256 private constant MINIMUM = 60;
    uint256 private constant MAXIMUM = 1 hours;
    bytes32 private constant SALT = "salt";

    TestModel private _model;
    CommittedFeatures private _source;
    address private _committer = makeAddr("committer");
    uint256[] private _words;
    uint256[] private _hidden;

    function setUp() public override {
        super.setUp();
        _model = _register(_spec(20, 1));
        _source = _deploy(MINIMUM, MAXIMUM);
        _words = _inputWords(new int256[](20));
        _hidden = [uint256(0x1234)];
    }

    function _deploy(uint256 minimum, uint256 maximum) private returns (CommittedFeatures) {
        return new CommittedFeatures(registry, admin, 1 days, _committer, minimum, maximum);
    }

    function _hash(address consumer) private view returns (bytes32) {
        return _source.hashOf(_committer, consumer, _model.pin, SUBJECT, _words, _hidden, SALT);
    }

    function _put(bytes32 hash) private {
        vm.prank(_committer);
        _source.commit(address(this), SUBJECT, hash);
    }

    function _reveal() private view returns (bytes memory) {
        return abi.encode(_committer, _words, _hidden, SALT);
    }

    function _take(bytes memory evidence) private view returns (Features memory) {
        return _source.features(_model.pin, SUBJECT, evidence);
    }

    // ------------------------------------------------------------------------------------ accepted

    function test_WhatWasCommittedIsProvedLater() public {
        bytes32 hash = _hash(address(this));
        vm.expectEmit();
        emit CommittedFeatures.Committed(_committer, address(this), SUBJECT, hash, 1);
        _put(hash);
        skip(MINIMUM);
        vm.roll(1010);
        Features memory taken = _take(_reveal());
        assertEq(taken.words, _words);
        assertEq(taken.commitments, _hidden);
        // As of the commitment, not of the proof.
        assertEq(taken.timestamp, START);
        assertEq(taken.blockNumber, 1000);
        assertEq(taken.sequence, 1);
        bytes32 typehash = keccak256("VerdictCommitted(bytes32 hash,uint256 timestamp,uint256 sequence)");
        assertEq(_source.PROVENANCE_TYPEHASH(), typehash);
        assertEq(taken.provenance, keccak256(abi.encode(typehash, hash, uint256(START), uint256(1))));
    }

    function test_HashIsAsDocumented() public view {
        bytes32 typehash = keccak256(
            "VerdictCommitment(uint256 chainId,address source,address committer,address consumer,uint256 modelId,uint256 version,bytes32 subject,bytes32 words,bytes32 commitments,bytes32 salt)"
        );
        assertEq(_source.COMMITMENT_TYPEHASH(), typehash);
        bytes memory head = abi.encode(typehash, block.chainid, _source, _committer, address(this), _model.id);
        bytes32 words = keccak256(abi.encodePacked(_words));
        bytes32 hidden = keccak256(abi.encodePacked(_hidden));
        bytes memory tail = abi.encode(uint256(1), SUBJECT, words, hidden, SALT);
        assertEq(_hash(address(this)), keccak256(bytes.concat(head, tail)));
    }

    /// @dev With words that hide the inputs, nothing of them is ever shown.
    function test_SealedInputsAreNeverShown() public {
        delete _words;
        _put(_hash(address(this)));
        skip(MINIMUM);
        Features memory taken = _take(_reveal());
        assertEq(taken.words.length, 0);
        assertEq(taken.commitments, _hidden);
    }

    function test_SameInputsCommittedAgainAreOtherData() public {
        bytes32 hash = _hash(address(this));
        _put(hash);
        skip(MINIMUM);
        Features memory first = _take(_reveal());
        _put(hash);
        skip(MINIMUM);
        Features memory second = _take(_reveal());
        assertEq(second.sequence, 2);
        assertEq(second.timestamp, START + MINIMUM);
        assertNotEq(first.provenance, second.provenance);
    }

    function testFuzz_GoodFromMinimumToMaximumAge(uint256 age) public {
        age = bound(age, 0, 2 * MAXIMUM);
        _put(_hash(address(this)));
        skip(age);
        bytes memory evidence = _reveal();
        if (age < MINIMUM) {
            vm.expectRevert(abi.encodeWithSelector(CommittedFeatures.TooEarly.selector, START + MINIMUM));
        } else if (age > MAXIMUM) {
            vm.expectRevert(abi.encodeWithSelector(CommittedFeatures.TooLate.selector, START + MAXIMUM));
        }
        _take(evidence);
    }

    function test_Views() public {
        _put("hash");
        CommittedFeatures.Commitment memory commitment = _source.commitmentOf(_committer, address(this), SUBJECT);
        assertEq(commitment.hash, "hash");
        assertEq(commitment.timestamp, START);
        assertEq(_source.minimumAge(), MINIMUM);
        assertEq(_source.maximumAge(), MAXIMUM);
        assertEq(address(_source.registry()), address(registry));
    }

    function test_CoversVersionsWithBoundInputsAlone() public {
        assertTrue(_source.covers(_model.pin));
        ModelSpec memory spec = _spec(1, 1);
        spec.inputs[0] = _input(1, Visibility.Private);
        TestModel memory hidden = _register(spec);
        assertFalse(_source.covers(hidden.pin));
    }

    // ------------------------------------------------------------------------------------ refusals

    function test_RevertWhen_AgesOutOfOrder() public {
        vm.expectRevert(abi.encodeWithSelector(CommittedFeatures.AgesOutOfOrder.selector, 0, 10));
        _deploy(0, 10);
        vm.expectRevert(abi.encodeWithSelector(CommittedFeatures.AgesOutOfOrder.selector, 10, 10));
        _deploy(10, 10);
    }

    function test_RevertWhen_EmptyCommitment() public {
        vm.expectRevert(CommittedFeatures.EmptyCommitment.selector);
        _put(0);
    }

    function test_RevertWhen_NotCommitted() public {
        bytes memory evidence = _reveal();
        vm.expectPartialRevert(CommittedFeatures.NotCommitted.selector);
        _take(evidence);
    }

    function test_RevertWhen_TooEarly() public {
        _put(_hash(address(this)));
        skip(MINIMUM - 1);
        bytes memory evidence = _reveal();
        vm.expectRevert(abi.encodeWithSelector(CommittedFeatures.TooEarly.selector, START + MINIMUM));
        _take(evidence);
        skip(1);
        _take(evidence);
    }

    function test_RevertWhen_TooLate() public {
        _put(_hash(address(this)));
        skip(MAXIMUM);
        bytes memory evidence = _reveal();
        _take(evidence);
        skip(1);
        vm.expectRevert(abi.encodeWithSelector(CommittedFeatures.TooLate.selector, START + MAXIMUM));
        _take(evidence);
    }

    function test_RevertWhen_CallerIsNoCommitter() public {
        bytes memory error_ = _unauthorized(address(this));
        vm.expectRevert(error_);
        _source.commit(address(this), SUBJECT, "hash");
    }

    function _unauthorized(address account) private view returns (bytes memory) {
        return abi.encodeWithSelector(
            IAccessControl.AccessControlUnauthorizedAccount.selector, account, _source.COMMITTER_ROLE()
        );
    }

    // ------------------------------------------------------------------------------------- attacks

    /// @dev Someone who was a committer has nothing left that counts.
    function test_Attack_CommitterWithoutRole() public {
        _put(_hash(address(this)));
        skip(MINIMUM);
        bytes32 role = _source.COMMITTER_ROLE();
        vm.prank(admin);
        _source.revokeRole(role, _committer);
        bytes memory evidence = _reveal();
        vm.expectRevert(_unauthorized(_committer));
        _take(evidence);
    }

    /// @dev Whoever commits to two things has only the last: there is nothing to choose from.
    function test_Attack_TwoCommitmentsToChooseFrom() public {
        _put(_hash(address(this)));
        bytes memory evidence = _reveal();
        bytes32 first = _hash(address(this));
        _words[0] ^= 1;
        _put(_hash(address(this)));
        skip(MINIMUM);
        vm.expectRevert(abi.encodeWithSelector(CommittedFeatures.NotCommitted.selector, first));
        _take(evidence);
        _take(_reveal());
    }

    /// @dev A copied hash names its author: the thief can't show what it is of.
    function test_Attack_CopiedHash() public {
        bytes32 role = _source.COMMITTER_ROLE();
        address thief = makeAddr("thief");
        vm.prank(admin);
        _source.grantRole(role, thief);
        bytes32 hash = _hash(address(this));
        vm.prank(thief);
        _source.commit(address(this), SUBJECT, hash);
        _put(hash);
        skip(MINIMUM);
        _take(_reveal());
        bytes memory stolen = abi.encode(thief, _words, _hidden, SALT);
        vm.expectPartialRevert(CommittedFeatures.NotCommitted.selector);
        _take(stolen);
    }

    /// @dev Every part counts.
    function test_Attack_TamperedReveal() public {
        _put(_hash(address(this)));
        skip(MINIMUM);
        bytes memory right = _reveal();
        _refused(abi.encode(_committer, _words, _hidden, bytes32("other")));
        _refused(abi.encode(_committer, _hidden, _words, SALT));
        _words[1] ^= 1;
        _refused(_reveal());
        _take(right);
    }

    function test_Attack_ReplayElsewhere() public {
        _put(_hash(address(this)));
        skip(MINIMUM);
        bytes memory evidence = _reveal();
        // Another consumer has a commitment of its own.
        vm.prank(makeAddr("another consumer"));
        vm.expectPartialRevert(CommittedFeatures.NotCommitted.selector);
        _take(evidence);
        vm.expectPartialRevert(CommittedFeatures.NotCommitted.selector);
        _source.features(_model.pin, "BTC/USD", evidence);
        ModelPin other = _register(_spec(20, 1)).pin;
        vm.expectPartialRevert(CommittedFeatures.NotCommitted.selector);
        _source.features(other, SUBJECT, evidence);
        vm.chainId(5);
        _refused(evidence);
    }

    function _refused(bytes memory evidence) private {
        vm.expectPartialRevert(CommittedFeatures.NotCommitted.selector);
        _take(evidence);
    }
}
