// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import { IERC20 } from "@openzeppelin/contracts/token/ERC20/IERC20.sol";

import { IScoredAirdrop } from "../../../src/consumers/airdrop/IScoredAirdrop.sol";
import { AirdropTest } from "./AirdropTest.sol";

/// @dev Everything anyone can do, in any order: deposits, gifts, batches (new ones, accepted ones
/// again, ones with numbers that were used), claims of right and of made-up entries, sweeps, and
/// time. Accounts and identities come from small pools, so the same ones are listed again and
/// again, in one batch and in several.
contract ScoredAirdropInvariantsTest is AirdropTest {
    uint256 private constant POOL = 12;
    uint256 private constant BATCHES = 24;
    uint256 private constant NUMBERS = 16;

    // Proved once: batches, some of which have the same number, and another proof of each.
    Person[][] private _lists;
    bytes[] private _prepared;
    bytes[] private _otherProofs;

    // Which were accepted.
    uint256[] private _accepted;
    mapping(uint256 number => bool) private _used;

    uint256 private _gifts;
    uint256 private _deposits;
    uint256 private _sumOfBatches;
    uint256 private _swept;
    mapping(address account => uint256) private _due;
    mapping(address account => uint256) private _accountClaims;
    mapping(uint256 identity => uint256) private _identityClaims;
    string private _broken;

    function _campaign() internal view override returns (IScoredAirdrop.Campaign memory campaign) {
        campaign = super._campaign();
        // What was signed at the start is good till the end.
        campaign.maximumAge = 20 days;
    }

    function setUp() public override {
        super.setUp();
        _deposits = FUNDS;
        token.mint(address(this), 1e30);
        for (uint256 i = 0; i < BATCHES; ++i) {
            _prepare(i);
        }
        // A good proof, of a batch that is never handed in.
        _otherProofs.push(_submission(NUMBERS, _people(0, 1)).proof);
        bytes4[] memory actions = new bytes4[](11);
        actions[0] = this.deposit.selector;
        actions[1] = this.give.selector;
        actions[2] = this.submit.selector;
        actions[3] = this.submitAgain.selector;
        actions[4] = this.claimEntry.selector;
        // More of what leads somewhere.
        actions[5] = this.claimEntry.selector;
        actions[6] = this.claimMadeUp.selector;
        actions[7] = this.sweepToken.selector;
        actions[8] = this.pass.selector;
        actions[9] = this.submitMany.selector;
        actions[10] = this.submitMixed.selector;
        targetContract(address(this));
        targetSelector(FuzzSelector(address(this), actions));
    }

    function _prepare(uint256 i) private {
        uint256 count = i % ITEMS + 1;
        Person[] storage list = _lists.push();
        for (uint256 j = 0; j < count; ++j) {
            uint256 hash = uint256(keccak256(abi.encode(i, j)));
            address account = address(uint160(0xacc0 + hash % POOL));
            list.push(Person(account, (hash >> 32) % POOL, int256((hash >> 64) % 1300) - 100));
        }
        Submission memory s = _submission(i % NUMBERS, list);
        _prepared.push(abi.encode(s));
        _otherProofs.push(_prove(model, _publicValues(s, address(airdrop), model, _payload(s)), 1));
    }

    // ------------------------------------------------------------------------------------- actions

    function deposit(uint256 amount) external {
        amount = bound(amount, 0, 20 * CAP);
        vm.prank(sponsor);
        try airdrop.fund(amount) {
            if (block.timestamp >= batchesUntil) _broken = "funded late";
            _deposits += amount;
        } catch { }
    }

    function give(uint256 amount) external {
        amount = bound(amount, 0, CAP);
        token.transfer(address(airdrop), amount);
        _gifts += amount;
    }

    function submit(uint256 which) external {
        which %= BATCHES;
        Submission memory s = abi.decode(_prepared[which], (Submission));
        uint256 number = s.batch.number;
        try airdrop.acceptBatch(s.batch, s.evidence, s.outputs, s.proof) returns (uint256 sum) {
            if (sum != _take(which, number)) _broken = "a batch is worth something else";
        } catch { }
    }

    /// @dev Several in one call, some of which may have the same number, or one that was used.
    function submitMany(uint256 seed) external {
        uint256 count = seed % 5;
        Submission[] memory list = new Submission[](count);
        for (uint256 i = 0; i < count; ++i) {
            list[i] = abi.decode(_prepared[(seed >> 8 * (i + 1)) % BATCHES], (Submission));
        }
        try airdrop.acceptBatches(_given(list)) returns (uint256 sum) {
            if (count == 0) _broken = "nothing was accepted";
            uint256 expected = 0;
            for (uint256 i = 0; i < count; ++i) {
                expected += _take((seed >> 8 * (i + 1)) % BATCHES, list[i].batch.number);
            }
            if (sum != expected) _broken = "batches are worth something else";
        } catch { }
    }

    /// @dev Several, one of which has the proof of another batch: none counts.
    function submitMixed(uint256 seed) external {
        uint256 count = seed % 3 + 2;
        Submission[] memory list = new Submission[](count);
        for (uint256 i = 0; i < count; ++i) {
            list[i] = abi.decode(_prepared[(seed >> 8 * (i + 1)) % BATCHES], (Submission));
        }
        list[(seed >> 64) % count].proof = _otherProofs[BATCHES];
        try airdrop.acceptBatches(_given(list)) {
            _broken = "a proof of something else counted";
        } catch { }
    }

    /// @dev Keeps what an accepted batch is worth.
    function _take(uint256 which, uint256 number) private returns (uint256 expected) {
        if (_used[number]) _broken = "a batch's number counted twice";
        if (block.timestamp >= batchesUntil) _broken = "accepted late";
        _used[number] = true;
        _accepted.push(which);
        for (uint256 i = 0; i < _lists[which].length; ++i) {
            expected += _amount(_lists[which][i].score);
        }
        _sumOfBatches += expected;
    }

    /// @dev An accepted batch, with another proof of it.
    function submitAgain(uint256 which) external {
        if (_accepted.length == 0) return;
        which = _accepted[which % _accepted.length];
        Submission memory s = abi.decode(_prepared[which], (Submission));
        try airdrop.acceptBatch(s.batch, s.evidence, s.outputs, _otherProofs[which]) {
            _broken = "a batch counted twice";
        } catch { }
    }

    function claimEntry(uint256 which, uint256 index, address caller) external {
        if (_accepted.length == 0) return;
        which = _accepted[which % _accepted.length];
        index %= _lists[which].length;
        _try(caller, _entry(which % NUMBERS, _lists[which], index), _lists[which][index]);
    }

    /// @dev An entry that was never listed.
    function claimMadeUp(uint256 which, uint256 index, address account, uint256 identity) external {
        if (_accepted.length == 0) return;
        which = _accepted[which % _accepted.length];
        index %= _lists[which].length;
        IScoredAirdrop.Entry memory entry = _entry(which % NUMBERS, _lists[which], index);
        if (entry.account == account && entry.identity == identity) return;
        (entry.account, entry.identity) = (account, identity);
        try airdrop.claim(entry) {
            _broken = "someone who was not listed was paid";
        } catch { }
    }

    function sweepToken() external {
        try airdrop.sweep(IERC20(address(token))) returns (uint256 amount) {
            if (block.timestamp < sweepFrom) _broken = "swept early";
            _swept += amount;
        } catch { }
    }

    function pass(uint256 time) external {
        skip(bound(time, 1 hours, 12 days));
    }

    function _try(address caller, IScoredAirdrop.Entry memory entry, Person memory person) private {
        vm.prank(caller);
        try airdrop.claim(entry) returns (uint256 amount) {
            if (block.timestamp < claimsFrom || block.timestamp >= claimsUntil) _broken = "claimed out of time";
            if (amount != _amount(person.score)) _broken = "a score is worth something else";
            _due[person.account] += amount;
            ++_accountClaims[person.account];
            ++_identityClaims[person.identity];
        } catch { }
    }

    // ---------------------------------------------------------------------------------- invariants

    /// @dev One campaign of calls for all five properties.
    function invariant_HoldsWhateverHappens() public view {
        _claimedAndRemainingAreFunded();
        _nobodyIsPaidTwice();
        _aBatchCountsOnce();
        _onlyTheAccountsArePaid();
        _nothingHappensOutOfTimeOrTurn();
    }

    /// @dev Claimed + remaining = funded, and until the sweep the contract holds what remains, and
    /// every gift.
    function _claimedAndRemainingAreFunded() private view {
        assertEq(airdrop.funded(), _deposits);
        assertEq(airdrop.claimed() + airdrop.remaining(), airdrop.funded());
        assertEq(token.balanceOf(address(airdrop)) + _swept, airdrop.remaining() + _gifts);
        assertEq(token.balanceOf(treasury), _swept);
    }

    /// @dev No identity and no account is paid twice.
    function _nobodyIsPaidTwice() private view {
        for (uint256 i = 0; i < POOL; ++i) {
            assertLe(_accountClaims[address(uint160(0xacc0 + i))], 1);
            assertLe(_identityClaims[i], 1);
            assertEq(
                airdrop.isAccountPaid(address(uint160(0xacc0 + i))), _accountClaims[address(uint160(0xacc0 + i))] == 1
            );
            assertEq(airdrop.isIdentityPaid(i), _identityClaims[i] == 1);
        }
    }

    /// @dev A batch counts once: what is allocated is what the accepted batches are worth, each
    /// taken once, and it is funded.
    function _aBatchCountsOnce() private view {
        assertEq(airdrop.allocated(), _sumOfBatches);
        assertLe(airdrop.allocated(), airdrop.funded());
        assertLe(airdrop.claimed(), airdrop.allocated());
    }

    /// @dev Nobody but the accounts is paid, what the curve gives to their scores; and what others
    /// can still claim is there until the sweep.
    function _onlyTheAccountsArePaid() private view {
        uint256 sum = 0;
        for (uint256 i = 0; i < POOL; ++i) {
            address account = address(uint160(0xacc0 + i));
            assertEq(token.balanceOf(account), _due[account]);
            sum += _due[account];
        }
        assertEq(sum, airdrop.claimed());
        if (_swept == 0) assertGe(token.balanceOf(address(airdrop)), airdrop.allocated() - airdrop.claimed());
    }

    /// @dev Claims happen in their window, sweeps after it, deposits and batches before theirs
    /// ends, and nothing that must be refused is accepted.
    function _nothingHappensOutOfTimeOrTurn() private view {
        assertEq(_broken, "");
    }
}
