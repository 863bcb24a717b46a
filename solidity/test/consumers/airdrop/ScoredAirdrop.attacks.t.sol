// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import { IERC20 } from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import { Hashes } from "@openzeppelin/contracts/utils/cryptography/Hashes.sol";

import { IScoredAirdrop } from "../../../src/consumers/airdrop/IScoredAirdrop.sol";
import { ScoredAirdrop } from "../../../src/consumers/airdrop/ScoredAirdrop.sol";
import { IVerdictRoutes } from "../../../src/core/gateway/IVerdictRoutes.sol";
import { IInferenceVerifier } from "../../../src/core/verifier/interfaces/IInferenceVerifier.sol";
import { SignerSet } from "../../../src/features/SignerSet.sol";
import { ModelPin } from "../../../src/types/ModelPin.sol";
import { AirdropTest } from "./AirdropTest.sol";

/// @dev Attacks on batches and claims. What the source vouches for, and the proof, must each be
/// enough to refuse a batch: where a test is about one of them, the other is right.
contract ScoredAirdropAttacksTest is AirdropTest {
    bytes private constant _REJECTED = abi.encodePacked(IInferenceVerifier.ProofRejected.selector);

    function _unsigned() private view returns (bytes memory) {
        return abi.encodeWithSelector(SignerSet.InvalidSignature.selector, signerList[0]);
    }

    // ------------------------------------------------------------------------------------- replays

    function test_Attack_ReplayOnAnotherChain() public {
        Submission memory s = _submission(1, _people(0, 3));
        vm.chainId(5);
        _refused(s, _unsigned());
        _signFor(s, address(airdrop), model, _payload(s));
        _refused(s, _REJECTED);
    }

    function test_Attack_ReplayInAnotherCampaign() public {
        Submission memory s = _submission(1, _people(0, 3));
        airdrop = new ScoredAirdrop(_campaign());
        _refused(s, _unsigned());
        _signFor(s, address(airdrop), model, _payload(s));
        _refused(s, _REJECTED);
    }

    function test_Attack_ReplayAsAnotherBatch() public {
        Submission memory s = _submission(1, _people(0, 3));
        _accept(s);
        s.batch.number = 2;
        _refused(s, _unsigned());
        _signFor(s, address(airdrop), model, _payload(s));
        _refused(s, _REJECTED);
    }

    function test_Attack_ReplayUnderAnotherModelVersion() public {
        TestModel memory next = _upgrade(model, _scoringSpec(ITEMS));
        IScoredAirdrop.Campaign memory campaign = _campaign();
        campaign.models[1] = IScoredAirdrop.ModelReference(next.id, next.version);
        airdrop = new ScoredAirdrop(campaign);
        vm.prank(sponsor);
        token.approve(address(airdrop), FUNDS);
        _fund(FUNDS);
        Submission memory s = _submission(1, _people(0, 3));
        s.batch.model = 1;
        _refused(s, _unsigned());
        _signFor(s, address(airdrop), next, _payload(s));
        _refused(s, _REJECTED);
        s.batch.model = 0;
        _signFor(s, address(airdrop), model, _payload(s));
        _accept(s);
    }

    /// @dev Old data don't get younger by a new proof, nor with a new date.
    function test_Attack_StaleData() public {
        Submission memory s = _submission(1, _people(0, 3));
        skip(MAXIMUM_AGE + 1);
        _proveFor(s, address(airdrop), model, _payload(s));
        _refused(s, abi.encodeWithSelector(IScoredAirdrop.DataOutOfTime.selector, s.timestamp + 1, s.timestamp));
        bytes memory evidence = s.evidence;
        uint256 later = s.timestamp + 1 days;
        assembly ("memory-safe") {
            mstore(add(evidence, 0x20), later)
        }
        _refused(s, _unsigned());
    }

    /// @dev There are many proofs of one statement: none makes a second batch of it.
    function test_Attack_AnotherProofOfTheSameBatch() public {
        Submission memory s = _submission(1, _people(0, 3));
        _accept(s);
        s.proof = _prove(model, _publicValues(s, address(airdrop), model, _payload(s)), 1);
        _refused(s, abi.encodeWithSelector(IScoredAirdrop.BatchExists.selector, 1));
    }

    // ----------------------------------------------------------------------------- swapped content

    function test_Attack_SwappedEntries() public {
        Person[] memory people = _people(0, 3);
        Submission memory s = _submission(1, people);
        people[2].account = address(this);
        s.batch.entriesRoot = _root(people);
        _refused(s, _unsigned());
        _signFor(s, address(airdrop), model, _payload(s));
        _refused(s, _REJECTED);
    }

    function test_Attack_SwappedEntryCount() public {
        Submission memory s = _submission(1, _people(0, 3));
        s.batch.count = 2;
        _refused(s, _unsigned());
        _signFor(s, address(airdrop), model, _payload(s));
        _refused(s, _REJECTED);
    }

    function test_Attack_SwappedOutputs() public {
        Submission memory s = _submission(1, _people(0, 3));
        ++s.outputs[0];
        _refused(s, _REJECTED);
    }

    /// @dev Features that the signers did not sign, with a right proof of their scores.
    function test_Attack_SwappedInputs() public {
        Submission memory s = _submission(1, _people(0, 3));
        Submission memory other = _submission(1, _people(0, 3));
        ++other.commitments[0];
        _seal(other, address(airdrop), model);
        // Signed features, with the proof of others.
        s.proof = other.proof;
        _refused(s, _REJECTED);
        // Others' features, with signatures of these: the commitment is the last of the lists
        // before them.
        bytes memory evidence = s.evidence;
        uint256 changed = 0;
        for (uint256 i = 32; i <= evidence.length; i += 32) {
            uint256 word;
            assembly ("memory-safe") {
                word := mload(add(evidence, i))
            }
            if (word == s.commitments[0]) {
                assembly ("memory-safe") {
                    mstore(add(evidence, i), add(word, 1))
                }
                ++changed;
            }
        }
        assertEq(changed, 1);
        _refused(s, _unsigned());
    }

    /// @dev Words that are called inputs, outputs or commitments as it pleases, with the same
    /// public values.
    function test_Attack_WordsInAnotherList() public {
        Submission memory s = _submission(1, _people(0, 3));
        uint256[] memory joined = new uint256[](2);
        (joined[0], joined[1]) = (s.outputs[0], s.commitments[0]);
        (s.outputs, s.commitments) = (joined, new uint256[](0));
        _signFor(s, address(airdrop), model, _payload(s));
        _refused(s, abi.encodeWithSelector(IScoredAirdrop.WrongWordCount.selector, 0, 1));
    }

    function test_Attack_MalformedOffsets() public {
        Submission memory s = _submission(1, _people(0, 3));
        bytes memory data = abi.encodeCall(airdrop.acceptBatch, (s.batch, s.evidence, s.outputs, s.proof));
        // The offsets of the three lists are words 4 to 6.
        for (uint256 word = 4; word < 7; ++word) {
            bytes memory broken = bytes.concat(data);
            uint256 huge = type(uint256).max - 31;
            assembly ("memory-safe") {
                mstore(add(broken, add(0x24, mul(word, 0x20))), huge)
            }
            (bool ok,) = address(airdrop).call(broken);
            assertFalse(ok);
        }
        (bool fine,) = address(airdrop).call(data);
        assertTrue(fine);
    }

    // ------------------------------------------------------------------------------- front-running

    function test_Attack_FrontRunningASubmissionIsHarmless() public {
        Person[] memory people = _people(0, 3);
        Submission memory s = _submission(1, people);
        vm.prank(makeAddr("front-runner"));
        uint256 allocated = _accept(s);
        assertEq(airdrop.allocated(), allocated);
        vm.warp(claimsFrom);
        assertEq(airdrop.claim(_entry(1, people, 1)), _amount(people[1].score));
    }

    function test_Attack_FrontRunningAClaimIsHarmless() public {
        Person[] memory people = _people(0, 3);
        _accept(_submission(1, people));
        vm.warp(claimsFrom);
        IScoredAirdrop.Entry memory entry = _entry(1, people, 1);
        vm.prank(makeAddr("front-runner"));
        airdrop.claim(entry);
        assertEq(token.balanceOf(people[1].account), _amount(people[1].score));
        assertEq(token.balanceOf(makeAddr("front-runner")), 0);
    }

    // --------------------------------------------------------------------------- models and routes

    /// @dev A campaign's versions are those it was deployed with, whatever the model's owner does.
    function test_Attack_ModelOwnerSwapsVersions() public {
        TestModel memory evil = _upgrade(model, _scoringSpec(ITEMS));
        Person[] memory people = _people(0, 3);
        Submission memory s = _submission(1, people);
        _proveFor(s, address(airdrop), evil, _payload(s));
        _refused(s, _REJECTED);
        _accept(_submission(1, people));
        assertEq(ModelPin.unwrap(airdrop.models()[0]), ModelPin.unwrap(model.pin));
    }

    /// @dev A model's owner can't have the treasury take what was funded: the versions stay those of
    /// the campaign. But no more funds come in.
    function test_Attack_ModelOwnerStopsTheCampaign() public {
        Person[] memory people = _people(0, 3);
        Submission memory s = _submission(1, people);
        vm.startPrank(modelOwner);
        registry.deprecateModel(model.id);
        registry.deprecateVersion(single.id, single.version);
        vm.stopPrank();
        _accept(s);
        _accept(_submission(2, _people(3, 3)));
        _accept(_submission(address(airdrop), single, 1, 3, _people(10, 1)));
        vm.warp(claimsFrom);
        airdrop.claim(_entry(1, people, 1));
        vm.prank(sponsor);
        vm.expectRevert(abi.encodeWithSelector(IScoredAirdrop.ModelNotActive.selector, model.id, model.version));
        airdrop.fund(1);
    }

    /// @dev Nor does it take funds for what can't be proved any more.
    function test_RevertWhen_FundedWithAFrozenRoute() public {
        vm.prank(guardian);
        gateway.freezeRoute(ROUTE);
        vm.prank(sponsor);
        vm.expectRevert(abi.encodeWithSelector(IVerdictRoutes.RouteIsFrozen.selector, ROUTE));
        airdrop.fund(1);
    }

    function test_Attack_FrozenRoute() public {
        Person[] memory people = _people(0, 3);
        _accept(_submission(1, people));
        Submission memory s = _submission(2, _people(3, 3));
        vm.prank(guardian);
        gateway.freezeRoute(ROUTE);
        _refused(s, abi.encodeWithSelector(IVerdictRoutes.RouteIsFrozen.selector, ROUTE));
        vm.warp(claimsFrom);
        airdrop.claim(_entry(1, people, 1));
    }

    // ------------------------------------------------------------------------------------- signers

    function test_Attack_ASignerSetBelowQuorum() public {
        Submission memory s = _submission(1, _people(0, 3));
        _signFor(s, address(airdrop), model, _payload(s), 1);
        _refused(s, abi.encodeWithSelector(SignerSet.QuorumNotMet.selector, 2, 1));
        _signFor(s, address(airdrop), model, _payload(s), 3);
        _accept(s);
    }

    /// @dev Evidence for another consumer of the same source.
    function test_Attack_EvidenceForSomeoneElse() public {
        Submission memory s = _submission(1, _people(0, 3));
        _signFor(s, address(this), model, _payload(s));
        _refused(s, _unsigned());
    }

    /// @dev Evidence of the same features about something else.
    function test_Attack_EvidenceAboutSomethingElse() public {
        Submission memory s = _submission(1, _people(0, 3));
        _signFor(s, address(airdrop), model, bytes32(0));
        _refused(s, _unsigned());
    }

    /// @dev Whoever gets hold of the source can't announce other signers in time: it is set up so
    /// that it takes longer than batches are accepted.
    function test_Attack_RotationOfTheSigners() public {
        address[] memory evil = new address[](1);
        evil[0] = address(this);
        vm.prank(makeAddr("data owner"));
        source.proposeRotation(evil, 1);
        vm.warp(batchesUntil);
        vm.expectRevert();
        source.executeRotation();
    }

    // ---------------------------------------------------------------------------- dishonest source

    /// @dev A tree with two leaves of one index pays that score once: a batch never pays more than
    /// was allocated to it.
    function test_Attack_TwoEntriesOfOneIndex() public {
        Person[] memory people = _people(1, 2);
        bytes32 a = _leaf(0, people[0]);
        bytes32 b = _leaf(0, people[1]);
        Submission memory s = _submission(1, people);
        (s.batch.entriesRoot, s.batch.count) = (Hashes.commutativeKeccak256(a, b), 1);
        _seal(s, address(airdrop), model);
        uint256 allocated = _accept(s);
        vm.warp(claimsFrom);
        IScoredAirdrop.Entry memory entry =
            IScoredAirdrop.Entry(1, 0, people[0].account, people[0].identity, new bytes32[](1));
        entry.path[0] = b;
        assertEq(airdrop.claim(entry), allocated);
        entry = IScoredAirdrop.Entry(1, 0, people[1].account, people[1].identity, new bytes32[](1));
        entry.path[0] = a;
        _refusedClaim(entry, abi.encodeWithSelector(IScoredAirdrop.EntryPaid.selector, 1, 0));
    }

    /// @dev A node of the tree is no leaf: leaves are hashed twice, of 96 bytes.
    function test_Attack_ANodeAsALeaf() public {
        Person[] memory people = _people(0, 2);
        _accept(_submission(1, people));
        vm.warp(claimsFrom);
        // The only 64 bytes that hash to the root are the leaves; as an entry they would be two
        // words of three.
        bytes32[][] memory levels = _levels(people);
        IScoredAirdrop.Entry memory entry;
        (entry.batch, entry.index) = (1, 0);
        (entry.account, entry.identity) = (address(uint160(uint256(levels[0][0]))), uint256(levels[0][1]));
        _refusedClaim(entry, abi.encodeWithSelector(IScoredAirdrop.NotInBatch.selector, 1, 0));
    }

    /// @dev The zero account is like any other to the token, which refuses it.
    function test_Attack_AnEntryOfNobody() public {
        Person[] memory people = _people(0, 2);
        people[0].account = address(0);
        people[0].score = 5;
        _accept(_submission(1, people));
        vm.warp(claimsFrom);
        IScoredAirdrop.Entry memory entry = _entry(1, people, 0);
        vm.expectRevert();
        airdrop.claim(entry);
        airdrop.claim(_entry(1, people, 1));
    }

    // ------------------------------------------------------------------------------------ griefing

    /// @dev What one batch's accounts can claim can't be allocated again, before or after they
    /// claim.
    function test_Attack_AllocatingTheSameFundsTwice() public {
        airdrop = new ScoredAirdrop(_campaign());
        vm.prank(sponsor);
        token.approve(address(airdrop), FUNDS);
        Person[] memory people = _people(1, 1);
        people[0].score = 1000;
        _fund(CAP);
        _accept(_submission(1, people));
        Person[] memory others = _people(2, 1);
        others[0].score = 1000;
        Submission memory s = _submission(2, others);
        bytes memory expected = abi.encodeWithSelector(IScoredAirdrop.Underfunded.selector, CAP, 0);
        _refused(s, expected);
        vm.warp(claimsFrom);
        airdrop.claim(_entry(1, people, 0));
        _refused(s, expected);
    }

    /// @dev Dust can be deposited by anyone; it changes nothing but the sum.
    function test_Attack_DustDeposits() public {
        address duster = makeAddr("duster");
        token.mint(duster, 100);
        vm.startPrank(duster);
        token.approve(address(airdrop), 100);
        for (uint256 i = 0; i < 100; ++i) {
            airdrop.fund(1);
        }
        airdrop.fund(0);
        vm.stopPrank();
        assertEq(airdrop.funded(), FUNDS + 100);
        _accept(_submission(1, _people(0, 3)));
    }

    /// @dev Neither claims nor sweeps overlap: no second allows both.
    function testFuzz_ClaimAndSweepWindowsAreDisjoint(uint40 time) public {
        Person[] memory people = _people(1, 1);
        _accept(_submission(1, people));
        vm.warp(bound(time, block.timestamp, uint256(sweepFrom) + 30 days));
        (bool claimed,) = address(airdrop).call(abi.encodeCall(airdrop.claim, (_entry(1, people, 0))));
        (bool swept,) = address(airdrop).call(abi.encodeCall(airdrop.sweep, (IERC20(address(token)))));
        assertFalse(claimed && swept);
        assertEq(claimed, block.timestamp >= claimsFrom && block.timestamp < claimsUntil);
        assertEq(swept, block.timestamp >= sweepFrom);
    }
}
