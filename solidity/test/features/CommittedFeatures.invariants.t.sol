// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import { Test } from "forge-std/Test.sol";

import { CommittedFeatures } from "../../src/features/CommittedFeatures.sol";
import { Features } from "../../src/features/IFeatureSource.sol";
import { ModelPin } from "../../src/types/ModelPin.sol";
import { FeatureTest } from "./FeatureTest.sol";

/// @dev Committers come and go and commit, and everything that was ever committed is shown again,
/// to everyone.
contract CommitmentHandler is Test {
    /// @dev What was committed, and when.
    struct Put {
        uint256 committer;
        uint256 consumer;
        bytes32 subject;
        uint256 word;
        uint256 time;
    }

    uint256 private constant ACTORS = 3;

    CommittedFeatures private immutable _SOURCE;
    address private immutable _ADMIN;
    ModelPin private immutable _PIN;
    bytes32 private immutable _ROLE;

    Put[] private _puts;
    mapping(bytes32 place => uint256) private _last;
    mapping(bytes32 place => uint256) private _counts;
    mapping(bytes32 provenance => uint256) private _seen;

    /// @dev Something came out that shouldn't have; something didn't that should have; or other
    /// data with one provenance.
    bool public yieldedTooMuch;
    bool public yieldedTooLittle;
    bool public sameProvenance;
    uint256 public yields;

    constructor(CommittedFeatures source, address admin, ModelPin pin) {
        (_SOURCE, _ADMIN, _PIN, _ROLE) = (source, admin, pin, source.COMMITTER_ROLE());
    }

    function appoint(uint256 who, uint256 seldom) external {
        bool allowed = seldom % 4 != 0;
        vm.prank(_ADMIN);
        if (allowed) _SOURCE.grantRole(_ROLE, _actor(who));
        else _SOURCE.revokeRole(_ROLE, _actor(who));
    }

    function commit(uint256 who, uint256 consumer, bool about, uint256 word) external {
        Put memory put = Put(who % ACTORS, consumer % ACTORS, about ? bytes32("a") : bytes32(0), word % 3, 0);
        put.time = vm.getBlockTimestamp();
        address committer = _actor(put.committer);
        bytes32 hash = _SOURCE.hashOf(
            committer, _actor(put.consumer), _PIN, put.subject, _words(put.word), new uint256[](0), _salt(put)
        );
        vm.prank(committer);
        try _SOURCE.commit(_actor(put.consumer), put.subject, hash) {
            if (!_SOURCE.hasRole(_ROLE, committer)) yieldedTooMuch = true;
            _puts.push(put);
            _last[_place(put)] = _puts.length;
            ++_counts[_place(put)];
        } catch {
            if (_SOURCE.hasRole(_ROLE, committer)) yieldedTooLittle = true;
        }
    }

    function wait(uint256 time) external {
        skip(bound(time, 1, 10 minutes));
    }

    /// @dev Any commitment, to its consumer or to another, as it was or with another word.
    function show(uint256 index, bool elsewhere, bool tampered) external {
        if (_puts.length == 0) return;
        index %= _puts.length;
        Put memory put = _puts[index];
        if (elsewhere) put.consumer = (put.consumer + 1) % ACTORS;
        uint256[] memory words = _words(tampered ? put.word + 1 : put.word);
        bytes memory evidence = abi.encode(_actor(put.committer), words, new uint256[](0), _salt(put));
        // The same words, salt and place, put down once more, are the same commitment.
        uint256 number = _last[_place(put)];
        Put memory last = number == 0 ? put : _puts[number - 1];
        uint256 age = vm.getBlockTimestamp() - last.time;
        bool inTime = age >= _SOURCE.minimumAge() && age <= _SOURCE.maximumAge();
        bool current = number != 0 && last.word == put.word && !tampered;
        bool good = current && inTime && _SOURCE.hasRole(_ROLE, _actor(put.committer));
        vm.prank(_actor(put.consumer));
        try _SOURCE.features(_PIN, put.subject, evidence) returns (Features memory taken) {
            if (!good || taken.timestamp != last.time || taken.words[0] != put.word) yieldedTooMuch = true;
            if (taken.sequence != _counts[_place(put)]) yieldedTooMuch = true;
            uint256 before = _seen[taken.provenance];
            if (before != 0 && before != number) sameProvenance = true;
            _seen[taken.provenance] = number;
            ++yields;
        } catch {
            if (good) yieldedTooLittle = true;
        }
    }

    /// @dev The usual way, so that something comes out.
    function commitAndShow(uint256 who, uint256 word) external {
        this.commit(who, who, true, word);
        skip(_SOURCE.minimumAge());
        if (_puts.length != 0) this.show(_puts.length - 1, false, false);
    }

    function _actor(uint256 who) private pure returns (address) {
        return address(uint160(0xa0 + who % ACTORS));
    }

    function _place(Put memory put) private pure returns (bytes32) {
        return keccak256(abi.encode(put.committer, put.consumer, put.subject));
    }

    function _salt(Put memory put) private pure returns (bytes32) {
        return bytes32(put.word);
    }

    function _words(uint256 word) private pure returns (uint256[] memory words) {
        words = new uint256[](1);
        words[0] = word;
    }
}

contract CommittedFeaturesInvariantTest is FeatureTest {
    CommitmentHandler private _handler;

    function setUp() public override {
        super.setUp();
        TestModel memory model = _register(_spec(1, 1));
        CommittedFeatures source =
            new CommittedFeatures(registry, admin, 1 days, address(uint160(0xa0)), 60, 20 minutes);
        _handler = new CommitmentHandler(source, admin, model.pin);
        targetContract(address(_handler));
    }

    /// @dev No sequence of calls yields anything but what a committer of now put down last for this
    /// consumer and subject, as of when it was put down, from the least age to the greatest; and
    /// all of that comes out. So there is never more than one thing to choose from. No two
    /// commitments have one provenance.
    function invariant_TheLastCommitmentYieldsAndNoOther() public view {
        assertFalse(_handler.yieldedTooMuch());
        assertFalse(_handler.yieldedTooLittle());
        assertFalse(_handler.sameProvenance());
    }
}
