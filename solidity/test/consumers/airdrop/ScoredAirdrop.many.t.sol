// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import { IScoredAirdrop } from "../../../src/consumers/airdrop/IScoredAirdrop.sol";
import { ScoredAirdrop } from "../../../src/consumers/airdrop/ScoredAirdrop.sol";
import { IBatchProofVerifier } from "../../../src/core/gateway/IBatchProofVerifier.sol";
import { IVerdictRoutes } from "../../../src/core/gateway/IVerdictRoutes.sol";
import { IInferenceVerifier } from "../../../src/core/verifier/interfaces/IInferenceVerifier.sol";
import { SignerSet } from "../../../src/features/SignerSet.sol";
import { PublicValues } from "../../../src/libraries/PublicValues.sol";
import { AirdropTest } from "./AirdropTest.sol";

/// @dev Several batches in one call: exactly what they are one by one, or nothing.
contract ScoredAirdropManyTest is AirdropTest {
    bytes private constant REJECTED = abi.encodePacked(IInferenceVerifier.ProofRejected.selector);

    // -------------------------------------------------------------------------------------- helpers

    /// @dev Batches 1, 2, 3, … of other people each; every third of one entry, by the other model.
    function _several(uint256 count) private view returns (Submission[] memory list) {
        list = new Submission[](count);
        for (uint256 i = 0; i < count; ++i) {
            list[i] = _numbered(i);
        }
    }

    function _numbered(uint256 i) private view returns (Submission memory) {
        return
            i % 3 == 2
                ? _submission(address(airdrop), single, 1, i + 1, _peopleOf(i))
                : _submission(i + 1, _peopleOf(i));
    }

    function _peopleOf(uint256 i) private pure returns (Person[] memory) {
        return _people(ITEMS * i, i % 3 == 2 ? 1 : ITEMS - i % 3);
    }

    function _refusedMany(Submission[] memory list, bytes memory errorData) private {
        uint256 allocated = airdrop.allocated();
        vm.expectRevert(errorData);
        airdrop.acceptBatches(_given(list));
        assertEq(airdrop.allocated(), allocated);
        for (uint256 i = 0; i < list.length; ++i) {
            assertEq(airdrop.batchOf(list[i].batch.number).data, address(0));
        }
    }

    /// @dev The error that each of them alone would be refused with, if it comes at any place.
    function _refusedAnywhere(Submission memory bad, bytes memory errorData) private {
        for (uint256 place = 0; place < 3; ++place) {
            Submission[] memory list = _several(3);
            list[place] = bad;
            _refusedMany(list, errorData);
        }
    }

    // -------------------------------------------------------------------------------------- accepts

    function test_AcceptsSeveralBatches() public {
        Submission[] memory list = _several(7);
        assertEq(airdrop.acceptBatches(_given(list)), airdrop.allocated());
        for (uint256 i = 0; i < 7; ++i) {
            Person[] memory people = _peopleOf(i);
            assertEq(airdrop.batchOf(i + 1).count, people.length);
            assertEq(airdrop.batchOf(i + 1).acceptedAt, block.timestamp);
            for (uint256 j = 0; j < people.length; ++j) {
                assertEq(airdrop.scoreOf(i + 1, j), people[j].score);
            }
        }
        vm.warp(claimsFrom);
        for (uint256 i = 0; i < 7; ++i) {
            Person[] memory people = _peopleOf(i);
            if (_amount(people[0].score) == 0) continue;
            assertEq(airdrop.claim(_entry(i + 1, people, 0)), _amount(people[0].score));
        }
    }

    /// @dev State and events are those of as many calls of `acceptBatch`, one after the other.
    function testFuzz_SameAsOneByOne(uint256 count, uint256 seed) public {
        count = bound(count, 1, 6);
        Submission[] memory list = new Submission[](count);
        for (uint256 i = 0; i < count; ++i) {
            list[i] = _numbered((seed >> 8 * i) % 4 + 4 * i);
        }
        uint256 before = vm.snapshotState();
        vm.recordLogs();
        uint256 sum = 0;
        for (uint256 i = 0; i < count; ++i) {
            sum += _accept(list[i]);
        }
        bytes32 logs = keccak256(abi.encode(vm.getRecordedLogs()));
        bytes32 state = _stateOf(list);
        vm.revertToState(before);
        vm.recordLogs();
        assertEq(airdrop.acceptBatches(_given(list)), sum);
        assertEq(keccak256(abi.encode(vm.getRecordedLogs())), logs);
        assertEq(_stateOf(list), state);
    }

    /// @dev All that the campaign says of batches, and what their accounts' code is.
    function _stateOf(Submission[] memory list) private view returns (bytes32 state) {
        state = keccak256(abi.encode(airdrop.allocated(), airdrop.funded()));
        for (uint256 i = 0; i < list.length; ++i) {
            IScoredAirdrop.AcceptedBatch memory batch = airdrop.batchOf(list[i].batch.number);
            state = keccak256(abi.encode(state, batch, batch.data.code));
        }
    }

    function test_AnyoneHandsSeveralIn() public {
        IScoredAirdrop.Submission[] memory given = _given(_several(2));
        vm.prank(makeAddr("anyone"));
        airdrop.acceptBatches(given);
        assertNotEq(airdrop.batchOf(2).data, address(0));
    }

    // -------------------------------------------------------------------------------------- refuses

    function test_RevertWhen_ThereAreNone() public {
        _refusedMany(new Submission[](0), abi.encodeWithSelector(IBatchProofVerifier.NoProofs.selector));
    }

    function test_RevertWhen_BatchesAreClosed() public {
        Submission[] memory list = _several(2);
        vm.warp(batchesUntil);
        _refusedMany(list, abi.encodeWithSelector(IScoredAirdrop.BatchesClosed.selector, batchesUntil));
    }

    function test_RevertWhen_OneNamesAnUnknownModel() public {
        Submission memory bad = _submission(9, _people(100, 3));
        bad.batch.model = 2;
        _refusedAnywhere(bad, abi.encodeWithSelector(IScoredAirdrop.UnknownModel.selector, 2));
    }

    function test_RevertWhen_OneHasNoEntriesOrTooMany() public {
        Submission memory bad = _submission(9, _people(100, 3));
        bad.batch.count = 0;
        _refusedAnywhere(bad, abi.encodeWithSelector(IScoredAirdrop.WrongEntryCount.selector, ITEMS, 0));
        bad.batch.count = ITEMS + 1;
        _refusedAnywhere(bad, abi.encodeWithSelector(IScoredAirdrop.WrongEntryCount.selector, ITEMS, ITEMS + 1));
    }

    function test_RevertWhen_OnesDataAreOld() public {
        Submission memory bad = _submission(9, _people(100, 3));
        skip(MAXIMUM_AGE + 1);
        _refusedAnywhere(
            bad, abi.encodeWithSelector(IScoredAirdrop.DataOutOfTime.selector, bad.timestamp + 1, bad.timestamp)
        );
    }

    function test_RevertWhen_OneHasWordsInAnotherList() public {
        Submission memory bad = _submission(9, _people(100, 3));
        (bad.inputs, bad.commitments) = (bad.commitments, new uint256[](0));
        _signFor(bad, address(airdrop), model, _payload(bad));
        _refusedAnywhere(bad, abi.encodeWithSelector(IScoredAirdrop.WrongWordCount.selector, 0, 1));
    }

    function test_RevertWhen_OneIsNotVouchedFor() public {
        Submission memory bad = _submission(9, _people(100, 3));
        _signFor(bad, address(airdrop), model, bytes32(0));
        _refusedAnywhere(bad, abi.encodeWithSelector(SignerSet.InvalidSignature.selector, signerList[0]));
    }

    /// @dev Funds that one batch takes are taken for those after it, though each alone would be paid
    /// for.
    function test_RevertWhen_TogetherTheyAreUnderfunded() public {
        airdrop = new ScoredAirdrop(_campaign());
        vm.prank(sponsor);
        token.approve(address(airdrop), FUNDS);
        Person[] memory people = _people(1, 1);
        people[0].score = 1000;
        Submission[] memory list = new Submission[](2);
        (list[0], list[1]) = (_submission(1, people), _submission(2, people));
        _fund(CAP + CAP / 2);
        uint256 before = vm.snapshotState();
        _accept(list[0]);
        vm.revertToState(before);
        _accept(list[1]);
        vm.revertToState(before);
        _refusedMany(list, abi.encodeWithSelector(IScoredAirdrop.Underfunded.selector, CAP, CAP / 2));
        _fund(CAP / 2);
        assertEq(airdrop.acceptBatches(_given(list)), 2 * CAP);
    }

    function test_RevertWhen_OneHasOtherScoresThanItems() public {
        Submission memory bad = _submission(9, _people(100, 3));
        uint256 word = bad.outputs[0];
        bad.outputs = new uint256[](2);
        bad.outputs[0] = word;
        _refusedAnywhere(bad, abi.encodeWithSelector(IInferenceVerifier.WrongPublicValueCount.selector, 3, 4));
        // The commitment in their place.
        bad.outputs = new uint256[](0);
        _refusedAnywhere(bad, abi.encodeWithSelector(PublicValues.StrayBits.selector, 1));
        bad = _submission(9, _people(100, 3));
        bad.outputs[0] |= 1 << 255;
        _refusedAnywhere(bad, abi.encodeWithSelector(PublicValues.StrayBits.selector, 1));
    }

    function test_RevertWhen_TheRouteIsFrozen() public {
        Submission[] memory list = _several(3);
        vm.prank(guardian);
        gateway.freezeRoute(ROUTE);
        _refusedMany(list, abi.encodeWithSelector(IVerdictRoutes.RouteIsFrozen.selector, ROUTE));
    }

    // -------------------------------------------------------------------------------------- attacks

    function test_Attack_OneFalseProofAmongGoodOnes() public {
        Submission memory bad = _submission(9, _people(100, 3));
        ++bad.outputs[0];
        _refusedAnywhere(bad, REJECTED);
        bad = _submission(9, _people(100, 3));
        bad.proof = _submission(10, _people(100, 3)).proof;
        _refusedAnywhere(bad, REJECTED);
        uint256 length = bad.proof.length;
        bad.proof = "";
        _refusedAnywhere(bad, abi.encodeWithSelector(IInferenceVerifier.WrongProofLength.selector, length, 0));
    }

    /// @dev One's proof stands for no other, whatever else stands in its place.
    function test_Attack_ExchangedProofs() public {
        Submission[] memory list = _several(5);
        for (uint256 i = 0; i < 5; ++i) {
            for (uint256 j = 0; j < i; ++j) {
                (list[i].proof, list[j].proof) = (list[j].proof, list[i].proof);
                _refusedMany(list, REJECTED);
                (list[i].proof, list[j].proof) = (list[j].proof, list[i].proof);
            }
        }
        airdrop.acceptBatches(_given(list));
    }

    /// @dev A good proof for both, of which one is about something else.
    function test_Attack_OneProofForTwoBatches() public {
        Submission memory first = _submission(1, _people(0, 3));
        Submission memory second = _submission(2, _people(0, 3));
        second.proof = first.proof;
        _refusedMany(_pair(first, second), REJECTED);
        first.proof = second.proof = _submission(2, _people(0, 3)).proof;
        _refusedMany(_pair(first, second), REJECTED);
    }

    /// @dev Evidence of one batch with another.
    function test_Attack_ExchangedEvidence() public {
        Submission[] memory list = _several(2);
        (list[0].evidence, list[1].evidence) = (list[1].evidence, list[0].evidence);
        _refusedMany(list, abi.encodeWithSelector(SignerSet.InvalidSignature.selector, signerList[0]));
    }

    /// @dev The same batch twice in a call, with the same proof or another one, or another batch with
    /// its number.
    function test_Attack_TheSameBatchTwiceInACall() public {
        Submission memory s = _submission(1, _people(0, 3));
        bytes memory reason = abi.encodeWithSelector(IScoredAirdrop.BatchExists.selector, 1);
        _refusedMany(_pair(s, s), reason);
        Submission memory again = _submission(1, _people(0, 3));
        again.proof = _prove(model, _publicValues(s, address(airdrop), model, _payload(s)), 1);
        _refusedMany(_pair(s, again), reason);
        _refusedMany(_pair(s, _submission(1, _people(8, 3))), reason);
        _refusedMany(_pair(s, _submission(address(airdrop), single, 1, 1, _people(8, 1))), reason);
        Submission[] memory three = new Submission[](3);
        (three[0], three[1], three[2]) = (s, _submission(2, _people(3, 3)), s);
        _refusedMany(three, reason);
        airdrop.acceptBatches(_given(_pair(s, three[1])));
    }

    /// @dev Across calls, of either kind.
    function test_Attack_ABatchAgainInAnotherCall() public {
        Submission[] memory list = _several(3);
        bytes memory reason = abi.encodeWithSelector(IScoredAirdrop.BatchExists.selector, 2);
        uint256 before = vm.snapshotState();
        _accept(list[1]);
        vm.expectRevert(reason);
        airdrop.acceptBatches(_given(list));
        vm.revertToState(before);
        airdrop.acceptBatches(_given(list));
        _refused(list[1], reason);
        Submission[] memory pair = _pair(list[1], _numbered(5));
        vm.expectRevert(reason);
        airdrop.acceptBatches(_given(pair));
    }

    /// @dev What a good batch of a refused call leaves is nothing: it can be handed in alone.
    function test_Attack_ABadBatchBlocksNoGoodOne() public {
        Submission[] memory list = _several(3);
        bytes memory proof = list[2].proof;
        list[2].proof = list[1].proof;
        vm.expectRevert();
        airdrop.acceptBatches(_given(list));
        _accept(list[0]);
        _accept(list[1]);
        list[2].proof = proof;
        _accept(list[2]);
    }

    function test_Attack_ReplayOnAnotherChainOrInAnotherCampaign() public {
        Submission[] memory list = _several(2);
        bytes memory unsigned = abi.encodeWithSelector(SignerSet.InvalidSignature.selector, signerList[0]);
        vm.chainId(5);
        _refusedMany(list, unsigned);
        vm.chainId(31_337);
        airdrop = new ScoredAirdrop(_campaign());
        _refusedMany(list, unsigned);
        for (uint256 i = 0; i < 2; ++i) {
            _signFor(list[i], address(airdrop), model, _payload(list[i]));
        }
        vm.prank(sponsor);
        token.approve(address(airdrop), FUNDS);
        _fund(FUNDS);
        _refusedMany(list, REJECTED);
    }

    function _pair(Submission memory first, Submission memory second) private pure returns (Submission[] memory list) {
        list = new Submission[](2);
        (list[0], list[1]) = (first, second);
    }
}
