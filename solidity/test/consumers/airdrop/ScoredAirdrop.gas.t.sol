// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import { console } from "forge-std/console.sol";

import { IScoredAirdrop } from "../../../src/consumers/airdrop/IScoredAirdrop.sol";
import { ScoredAirdrop } from "../../../src/consumers/airdrop/ScoredAirdrop.sol";
import { ModelSpec } from "../../../src/types/Schemas.sol";
import { AirdropTest } from "./AirdropTest.sol";

/// @dev What a campaign costs, in whole transactions: isolated calls, so that base, calldata, cold
/// accounts and slots count, each as in a transaction of its own.
/// forge-config: default.isolate = true
contract ScoredAirdropGasTest is AirdropTest {
    string private constant GROUP = "ScoredAirdrop";

    function _campaignOf(uint256 items, uint256 commitments) private returns (TestModel memory scorer) {
        ModelSpec memory spec = _scoringSpec(uint24(items));
        spec.commitments = uint16(commitments);
        scorer = _register(spec);
        IScoredAirdrop.Campaign memory campaign = _campaign();
        campaign.models = new IScoredAirdrop.ModelReference[](1);
        campaign.models[0] = IScoredAirdrop.ModelReference(scorer.id, scorer.version);
        airdrop = new ScoredAirdrop(campaign);
        token.mint(sponsor, items * CAP);
        vm.prank(sponsor);
        token.approve(address(airdrop), type(uint256).max);
        _fund(items * CAP);
    }

    function _bare(TestModel memory scorer, Submission memory s) private {
        uint256[] memory publicValues = _publicValues(s, address(airdrop), scorer, _payload(s));
        // A static call would not be isolated.
        bytes memory data = abi.encodeCall(verifier.verify, (scorer.pin.key(), publicValues, s.proof));
        (bool ok,) = address(verifier).call(data);
        assertTrue(ok);
    }

    function _note(string memory what, uint256 gas) private {
        vm.snapshotValue(GROUP, what, gas);
        console.log("%s: %s", what, gas);
    }

    /// @dev `commitments` to the features: the compiler's circuits have one for each account.
    function _measureBatch(string memory n, uint256 items, uint256 commitments) private returns (uint256 accept) {
        TestModel memory scorer = _campaignOf(items, commitments);
        Submission memory s = _submission(address(airdrop), scorer, 0, 1, _people(0, items));
        _bare(scorer, s);
        uint256 bare = vm.lastCallGas().gasTotalUsed;
        _note(string.concat(n, "bare verification"), bare);
        _accept(s);
        accept = vm.lastCallGas().gasTotalUsed;
        _note(string.concat(n, "accept"), accept);
        _note(string.concat(n, "accept, over bare verification"), accept - bare);
        _note(string.concat(n, "accept, per account"), accept / items);
    }

    /// @dev The first claim writes where nothing was; those after it where others claimed.
    function _measureClaims(string memory n, uint256 items) private returns (uint256 claim) {
        Person[] memory people = _people(0, items);
        vm.warp(claimsFrom);
        bytes32[][] memory levels = _levels(people);
        airdrop.claim(_entryOf(people, levels, 0));
        claim = vm.lastCallGas().gasTotalUsed;
        _note(string.concat(n, "first claim"), claim);
        if (items > 1) {
            airdrop.claim(_entryOf(people, levels, 2));
            claim = vm.lastCallGas().gasTotalUsed;
            _note(string.concat(n, "claim"), claim);
        }
    }

    function _entryOf(Person[] memory people, bytes32[][] memory levels, uint256 i)
        private
        pure
        returns (IScoredAirdrop.Entry memory)
    {
        return IScoredAirdrop.Entry(1, i, people[i].account, people[i].identity, _path(levels, i));
    }

    function _measure(uint256 items) private {
        string memory n = string.concat("N = ", vm.toString(items), ": ");
        uint256 accept = _measureBatch(n, items, items);
        uint256 claim = _measureClaims(n, items);
        _note(string.concat(n, "all, per account"), accept / items + claim);
    }

    function test_GasOfOne() public {
        _measure(1);
    }

    function test_GasOfAHundred() public {
        _measure(100);
    }

    function test_GasOfAThousand() public {
        _measure(1000);
    }

    /// @dev What one commitment to all accounts' features would save.
    function test_GasOfAThousandUnderOneCommitment() public {
        _measureBatch("N = 1000, one commitment: ", 1000, 1);
    }

    /// @dev Batches of eight accounts, as many as are handed in one by one and then together: what each
    /// costs, its share of the transaction included.
    function test_GasOfSeveralBatches() public {
        uint256[4] memory counts = [uint256(1), 2, 10, 30];
        for (uint256 n = 0; n < counts.length; ++n) {
            uint256 before = vm.snapshotState();
            (uint256 alone, uint256 together) = _measureSeveral(counts[n]);
            vm.revertToState(before);
            string memory name = string.concat(vm.toString(counts[n]), " batches of 8: ");
            _note(string.concat(name, "one by one, each"), alone);
            _note(string.concat(name, "together, each"), together);
            if (counts[n] >= 10) assertLt(together, alone * 3 / 4);
        }
    }

    function _measureSeveral(uint256 count) private returns (uint256 alone, uint256 together) {
        TestModel memory scorer = model;
        airdrop = new ScoredAirdrop(_campaign());
        token.mint(sponsor, count * ITEMS * CAP);
        vm.prank(sponsor);
        token.approve(address(airdrop), type(uint256).max);
        _fund(count * ITEMS * CAP);
        Submission[] memory list = new Submission[](count);
        for (uint256 i = 0; i < count; ++i) {
            list[i] = _submission(address(airdrop), scorer, 0, i + 1, _people(i * ITEMS, ITEMS));
        }
        uint256 before = vm.snapshotState();
        for (uint256 i = 0; i < count; ++i) {
            _accept(list[i]);
            alone += vm.lastCallGas().gasTotalUsed;
        }
        vm.revertToState(before);
        airdrop.acceptBatches(_given(list));
        together = vm.lastCallGas().gasTotalUsed;
        (alone, together) = (alone / count, together / count);
    }
}
