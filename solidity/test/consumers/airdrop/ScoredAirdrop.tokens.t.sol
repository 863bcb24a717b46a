// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import { IERC20 } from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import { SafeERC20 } from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import { ReentrancyGuardTransient } from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";

import { IScoredAirdrop } from "../../../src/consumers/airdrop/IScoredAirdrop.sol";
import { ScoredAirdrop } from "../../../src/consumers/airdrop/ScoredAirdrop.sol";
import { AirdropTest } from "./AirdropTest.sol";
import {
    CallbackToken,
    FalseToken,
    FeeToken,
    GasBurningVotesToken,
    GenerousToken,
    RebasingToken,
    VotesToken
} from "./Tokens.sol";

interface IMintable is IERC20 {
    function mint(address to, uint256 amount) external;
}

/// @dev Strange tokens, and the delegation of votes.
contract ScoredAirdropTokensTest is AirdropTest {
    Person[] private _list;

    function setUp() public override {
        super.setUp();
        for (uint256 i = 0; i < 4; ++i) {
            _list.push(_person(i));
        }
    }

    /// @dev A campaign that distributes another token, funded unless `amount` is zero.
    function _distribute(address other, uint256 amount) private {
        IScoredAirdrop.Campaign memory campaign = _campaign();
        campaign.token = IERC20(other);
        airdrop = new ScoredAirdrop(campaign);
        IMintable(other).mint(sponsor, 2 * FUNDS);
        vm.prank(sponsor);
        IERC20(other).approve(address(airdrop), type(uint256).max);
        if (amount != 0) _fund(amount);
    }

    function _open() private {
        _accept(_submission(1, _list));
        vm.warp(claimsFrom);
    }

    // ---------------------------------------------------------------------------- fees and rebases

    function test_RevertWhen_ATokenTakesAFeeOnDeposit() public {
        FeeToken fee = new FeeToken();
        _distribute(address(fee), 0);
        fee.setFee(1);
        vm.prank(sponsor);
        vm.expectRevert(abi.encodeWithSelector(IScoredAirdrop.TransferMismatch.selector, 1000, 990));
        airdrop.fund(1000);
    }

    /// @dev What arrives is what is counted, not more either.
    function test_RevertWhen_ATokenAddsToADeposit() public {
        _distribute(address(new GenerousToken()), 0);
        vm.prank(sponsor);
        vm.expectRevert(abi.encodeWithSelector(IScoredAirdrop.TransferMismatch.selector, 1000, 1001));
        airdrop.fund(1000);
    }

    /// @dev A fee that comes later is the account's: everyone else's funds are still there.
    function test_AFeeThatComesLaterIsTheAccounts() public {
        FeeToken fee = new FeeToken();
        _distribute(address(fee), FUNDS);
        _open();
        fee.setFee(10);
        uint256 amount = airdrop.claim(_entry(1, _list, 1));
        assertEq(fee.balanceOf(_list[1].account), amount - amount / 10);
        assertEq(fee.balanceOf(address(airdrop)), airdrop.remaining());
    }

    /// @dev Shrunk balances are served until there is nothing left; a plain transfer makes them
    /// good.
    function test_AShrunkBalanceIsServedWhileItLasts() public {
        RebasingToken rebasing = new RebasingToken();
        uint256 needed = _amount(_list[1].score) + _amount(_list[2].score);
        _distribute(address(rebasing), _amount(_list[0].score) + needed + _amount(_list[3].score));
        _open();
        airdrop.claim(_entry(1, _list, 0));
        airdrop.claim(_entry(1, _list, 3));
        rebasing.rebase(80);
        airdrop.claim(_entry(1, _list, 1));
        IScoredAirdrop.Entry memory last = _entry(1, _list, 2);
        vm.expectRevert();
        airdrop.claim(last);
        assertFalse(airdrop.isPaid(1, 2));
        vm.prank(sponsor);
        rebasing.transfer(address(airdrop), needed);
        airdrop.claim(last);
    }

    function test_WhatBalancesGrowIsTheTreasurys() public {
        RebasingToken rebasing = new RebasingToken();
        _distribute(address(rebasing), FUNDS);
        _open();
        rebasing.rebase(200);
        uint256 amount = airdrop.claim(_entry(1, _list, 1));
        assertEq(amount, _amount(_list[1].score));
        vm.warp(sweepFrom);
        assertEq(airdrop.sweep(IERC20(address(rebasing))), 2 * FUNDS - amount);
    }

    function test_RevertWhen_ATokenReturnsFalse() public {
        FalseToken no = new FalseToken();
        _distribute(address(no), 0);
        vm.prank(sponsor);
        vm.expectRevert(abi.encodeWithSelector(SafeERC20.SafeERC20FailedOperation.selector, address(no)));
        airdrop.fund(1);
    }

    // ---------------------------------------------------------------------------------- reentrancy

    function _callback(bytes memory data) private returns (CallbackToken callback) {
        callback = new CallbackToken();
        _distribute(address(callback), FUNDS);
        _open();
        callback.setCallback(address(airdrop), data);
    }

    function _expectRefusal(CallbackToken callback) private view {
        assertFalse(callback.succeeded());
        assertEq(callback.answer(), abi.encodePacked(ReentrancyGuardTransient.ReentrancyGuardReentrantCall.selector));
    }

    function test_Attack_ReenterClaimFromTheToken() public {
        CallbackToken callback = _callback(abi.encodeCall(airdrop.claim, (_entry(1, _list, 2))));
        airdrop.claim(_entry(1, _list, 1));
        _expectRefusal(callback);
        assertEq(airdrop.claimed(), _amount(_list[1].score));
        IScoredAirdrop.Delegation memory none;
        callback.setCallback(address(airdrop), abi.encodeCall(airdrop.claimAndDelegate, (_entry(1, _list, 3), none)));
        airdrop.claim(_entry(1, _list, 2));
        _expectRefusal(callback);
    }

    function test_Attack_ReenterFundFromTheToken() public {
        CallbackToken callback = _callback(abi.encodeCall(airdrop.fund, (0)));
        airdrop.claim(_entry(1, _list, 1));
        _expectRefusal(callback);
        // A deposit that deposits once more, and counts the second one twice.
        _fund(5);
        _expectRefusal(callback);
        assertEq(airdrop.funded(), FUNDS + 5);
    }

    function test_Attack_ReenterAcceptBatchFromTheToken() public {
        CallbackToken callback = _callback("");
        Submission memory s = _submission(2, _people(5, 3));
        callback.setCallback(
            address(airdrop), abi.encodeCall(airdrop.acceptBatch, (s.batch, s.evidence, s.outputs, s.proof))
        );
        _fund(5);
        _expectRefusal(callback);
    }

    function test_Attack_ReenterSweepFromTheToken() public {
        CallbackToken callback = _callback(abi.encodeCall(airdrop.sweep, (IERC20(address(0)))));
        callback.setCallback(address(airdrop), abi.encodeCall(airdrop.sweep, (IERC20(address(callback)))));
        vm.warp(sweepFrom);
        airdrop.sweep(IERC20(address(callback)));
        _expectRefusal(callback);
        assertEq(callback.balanceOf(treasury), FUNDS);
    }

    // ---------------------------------------------------------------------------------- delegation

    function _votes(uint256 key) private returns (VotesToken votes) {
        votes = new VotesToken();
        _distribute(address(votes), FUNDS);
        _list[1].account = vm.addr(key);
        _open();
    }

    function _delegation(VotesToken votes, uint256 key, address delegatee, uint256 expiry)
        private
        view
        returns (IScoredAirdrop.Delegation memory d)
    {
        bytes32 typehash = keccak256("Delegation(address delegatee,uint256 nonce,uint256 expiry)");
        bytes32 hash = keccak256(abi.encode(typehash, delegatee, 0, expiry));
        (d.delegatee, d.expiry) = (delegatee, expiry);
        (d.v, d.r, d.s) = vm.sign(key, keccak256(abi.encodePacked(hex"1901", votes.DOMAIN_SEPARATOR(), hash)));
    }

    function _claimAndDelegate(IScoredAirdrop.Delegation memory d, bool done) private {
        vm.expectEmit(address(airdrop));
        emit IScoredAirdrop.DelegationTried(_list[1].account, d.delegatee, done);
        assertEq(airdrop.claimAndDelegate(_entry(1, _list, 1), d), _amount(_list[1].score));
        assertTrue(airdrop.isAccountPaid(_list[1].account));
        assertEq(airdrop.token().balanceOf(_list[1].account), _amount(_list[1].score));
    }

    function test_AClaimCanDelegate() public {
        address delegatee = makeAddr("delegatee");
        VotesToken votes = _votes(0xabc);
        _claimAndDelegate(_delegation(votes, 0xabc, delegatee, block.timestamp), true);
        assertEq(votes.getVotes(delegatee), _amount(_list[1].score));
    }

    function test_AFailingDelegationDoesNotStopTheClaim() public {
        VotesToken votes = _votes(0xabc);
        // Expired.
        _claimAndDelegate(_delegation(votes, 0xabc, makeAddr("delegatee"), block.timestamp - 1), false);
        assertEq(votes.delegates(_list[1].account), address(0));
    }

    function test_ATokenWithoutVotesDoesNotStopTheClaim() public {
        _open();
        IScoredAirdrop.Delegation memory none;
        _claimAndDelegate(none, false);
    }

    function test_Attack_ADelegationThatBurnsAllGas() public {
        _distribute(address(new GasBurningVotesToken()), FUNDS);
        _open();
        IScoredAirdrop.Delegation memory none;
        uint256 before = gasleft();
        _claimAndDelegate(none, false);
        assertLt(before - gasleft(), 700_000);
    }

    /// @dev Whoever passes the claim on can't have it done without the delegation by being stingy
    /// with gas: what is left when that fails is not enough for the rest. (Of a token that takes
    /// longer it might be; the signature stays good then.)
    function test_Attack_ClaimWithScarceGas() public {
        address delegatee = makeAddr("delegatee");
        VotesToken votes = _votes(0xabc);
        IScoredAirdrop.Delegation memory d = _delegation(votes, 0xabc, delegatee, block.timestamp);
        bytes memory data = abi.encodeCall(airdrop.claimAndDelegate, (_entry(1, _list, 1), d));
        bool claimed = false;
        for (uint256 gas = 80_000; !claimed; gas += 1000) {
            (claimed,) = address(airdrop).call{ gas: gas }(data);
            assertEq(votes.getVotes(delegatee), claimed ? _amount(_list[1].score) : 0);
        }
    }

    /// @dev A signature that wasn't used, because someone claimed before, is still good.
    function test_Attack_FrontRunningAClaimThatDelegates() public {
        address delegatee = makeAddr("delegatee");
        VotesToken votes = _votes(0xabc);
        IScoredAirdrop.Delegation memory d = _delegation(votes, 0xabc, delegatee, block.timestamp);
        airdrop.claim(_entry(1, _list, 1));
        votes.delegateBySig(d.delegatee, d.nonce, d.expiry, d.v, d.r, d.s);
        assertEq(votes.getVotes(delegatee), _amount(_list[1].score));
    }

    /// @dev Someone else's signature delegates someone else's votes.
    function test_Attack_DelegationOfSomeoneElse() public {
        VotesToken votes = _votes(0xabc);
        address thief = makeAddr("thief");
        _claimAndDelegate(_delegation(votes, 0xbad, thief, block.timestamp), true);
        assertEq(votes.getVotes(thief), 0);
        assertEq(votes.delegates(_list[1].account), address(0));
    }

    /// @dev A failed claim delegates nothing.
    function test_RevertWhen_ClaimAndDelegateHasNothingToClaim() public {
        VotesToken votes = _votes(0xabc);
        airdrop.claim(_entry(1, _list, 1));
        IScoredAirdrop.Delegation memory d = _delegation(votes, 0xabc, makeAddr("delegatee"), block.timestamp);
        IScoredAirdrop.Entry memory entry = _entry(1, _list, 1);
        vm.expectRevert(abi.encodeWithSelector(IScoredAirdrop.EntryPaid.selector, 1, 1));
        airdrop.claimAndDelegate(entry, d);
    }
}
