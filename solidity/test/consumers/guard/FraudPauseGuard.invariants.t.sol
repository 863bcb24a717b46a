// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import { GuardConfig, IncidentStatus } from "../../../src/consumers/guard/IFraudPauseGuard.sol";
import { Credulous } from "../../utils/Mocks.sol";
import { GuardTest } from "./GuardTest.sol";

/// @dev Reporters who can prove everything, even of other contexts, governance, a resumer and users
/// do what they like, in any order. What holds here doesn't depend on what a proof says.
contract FraudPauseGuardInvariantsTest is GuardTest {
    struct Piece {
        int256 tag;
        uint256 blockNumber;
        uint256 uses;
    }

    address[] private _reporters;
    Piece[] private _pieces;

    // When the guard's pauses began, and when they ended or will.
    uint256[] private _starts;
    uint256[] private _ends;

    uint256 private _wrongPauses;
    uint256 private _exitsRefused;
    uint256 private _entriesDuringPause;
    uint256 private _lastIncident;
    mapping(uint256 incident => uint256) private _promised;

    function setUp() public override {
        super.setUp();
        GuardConfig memory config = _config(adapter);
        (config.evidenceBlocks, config.bounty) = (256, 30e18);
        guard = _newGuard(config);
        for (uint256 i = 0; i < 3; ++i) {
            _reporters.push(makeAddr(string.concat("reporter ", vm.toString(i))));
            _fund(_reporters[i]);
        }
        token.mint(user, 1_000_000);
        vm.prank(user);
        token.approve(address(vault), type(uint256).max);

        vm.etch(address(verifier), address(new Credulous()).code);

        bytes4[] memory selectors = new bytes4[](11);
        selectors[0] = this.look.selector;
        selectors[1] = this.trigger.selector;
        selectors[2] = this.triggerNow.selector;
        selectors[3] = this.wait.selector;
        selectors[4] = this.requestResume.selector;
        selectors[5] = this.resume.selector;
        selectors[6] = this.handOverOrExpire.selector;
        selectors[7] = this.judge.selector;
        selectors[8] = this.moveBond.selector;
        selectors[9] = this.useVault.selector;
        selectors[10] = this.moveBounties.selector;
        targetContract(address(this));
        targetSelector(FuzzSelector(address(this), selectors));
    }

    // ------------------------------------------------------------------------------------- actions

    /// @dev There is new evidence.
    function look(int16 tag) external {
        _pieces.push(Piece(tag, block.number, 0));
    }

    /// @dev Some evidence, old or new, with some anchor around it, and a proof of some score.
    function trigger(uint256 seed, uint256 piece, uint256 shift) public {
        if (_pieces.length == 0) return;
        piece = seed % 2 == 0 ? _pieces.length - 1 : piece % _pieces.length;
        Piece memory chosen = _pieces[piece];
        uint256 anchor = chosen.blockNumber - shift % 3;
        features.set(_words(chosen.tag), uint64(block.timestamp), uint64(chosen.blockNumber));
        int256 score = int256(80 + (seed >> 8) % 20);
        uint256[] memory outputs = _outputWord(model, score);
        uint256 free = guard.freeBounties();
        vm.prank(_reporters[(seed >> 16) % 3]);
        try guard.trigger("", anchor, outputs, "") returns (uint256 incident) {
            if (score < MINIMUM || !vault.isPaused()) ++_wrongPauses;
            ++_pieces[piece].uses;
            _lastIncident = incident;
            // What wasn't free any more was promised.
            _promised[incident] = free - guard.freeBounties();
            _starts.push(block.timestamp);
            _ends.push(block.timestamp + PAUSE);
        } catch { }
    }

    /// @dev What somebody who wants a pause does: looks, waits for a block, triggers.
    function triggerNow(uint256 seed) external {
        _pieces.push(Piece(1, block.number, 0));
        vm.roll(block.number + 1);
        trigger((seed << 16) + (19 << 8), 0, 0);
    }

    function wait(uint256 time) external {
        skip(time % 8 hours);
        vm.roll(block.number + 1 + time % 60);
    }

    function requestResume() external {
        vm.prank(resumer);
        try guard.requestResume() { } catch { }
    }

    function resume() external {
        vm.prank(resumer);
        try guard.resume() {
            _ends[_ends.length - 1] = block.timestamp;
        } catch { }
    }

    function handOverOrExpire(bool expire) external {
        if (expire) {
            try guard.expire() { } catch { }
            return;
        }
        vm.prank(governor);
        try guard.handOver() {
            // From now on the pause is governance's.
            uint256 last = _ends.length - 1;
            if (_ends[last] > block.timestamp) _ends[last] = block.timestamp;
            if (vault.isPaused()) {
                vm.prank(address(adapter));
                vault.resume();
            }
        } catch { }
    }

    function judge(uint256 incident, uint256 verdict) external {
        incident = incident % (_lastIncident + 2);
        if (verdict % 3 == 0) {
            vm.prank(governor);
            try guard.reject(incident) { } catch { }
        } else if (verdict % 3 == 1) {
            vm.prank(governor);
            try guard.uphold(incident) { } catch { }
        } else {
            try guard.settle(incident) { } catch { }
        }
    }

    function moveBond(uint256 who, uint256 amount, bool takeOut) external {
        address account = _reporters[who % 3];
        vm.startPrank(account);
        if (takeOut) {
            try guard.withdraw(account, amount % (2 * BOND)) { } catch { }
        } else {
            try guard.deposit(account, amount % (2 * BOND)) { } catch { }
        }
        vm.stopPrank();
    }

    function moveBounties(uint256 who, uint256 amount, bool takeOut) external {
        if (takeOut) {
            vm.prank(admin);
            try guard.withdrawBounties(admin, amount % (2 * BOND)) { } catch { }
            return;
        }
        vm.prank(_reporters[who % 3]);
        try guard.fundBounties(amount % BOND) { } catch { }
    }

    function useVault(uint256 amount, bool takeOut) external {
        vm.startPrank(user);
        if (takeOut) {
            amount = bound(amount, 0, vault.balanceOf(user));
            try vault.withdraw(amount) { }
            catch {
                ++_exitsRefused;
            }
        } else {
            try vault.deposit(amount % 1000) {
                if (_isPausedByGuard()) ++_entriesDuringPause;
            } catch { }
        }
        vm.stopPrank();
    }

    // ---------------------------------------------------------------------------------- properties

    /// @dev Withdrawals never revert because of the guard. While its pause lasts nobody gets in,
    /// and the contract is paused neither longer nor shorter. Nothing below threshold and margin
    /// pauses, and what triggers does pause.
    function invariant_ExitsStayOpenAndEntriesAreClosedExactlyWhilePaused() public view {
        assertEq(_exitsRefused, 0);
        assertEq(_entriesDuringPause, 0);
        assertEq(vault.isPaused(), _isPausedByGuard());
        assertEq(_wrongPauses, 0);
    }

    /// @dev In no window as long as the period, wherever it begins, do the guard's pauses take more
    /// than the budget. No pause is longer than its time, and between two is the cooldown.
    function invariant_TotalPausedTimeInAnyPeriodIsWithinTheBudget() public view {
        for (uint256 i = 0; i < _starts.length; ++i) {
            assertLe(_paused(_starts[i], _starts[i] + PERIOD), BUDGET);
            assertLe(_paused(_ends[i] - PERIOD, _ends[i]), BUDGET);
            assertLe(_ends[i] - _starts[i], PAUSE);
            if (i != 0) assertGe(_starts[i], _ends[i - 1] + COOLDOWN);
        }
    }

    /// @dev One piece of evidence pauses at most once. The guard's tokens are what accounts can
    /// withdraw, the bonds and bounties of the open incidents, and the bounties that are promised to
    /// nobody, to the last unit.
    function invariant_EvidenceCountsOnceAndTokensAreBalancesAndOpenBonds() public view {
        for (uint256 i = 0; i < _pieces.length; ++i) {
            assertLe(_pieces[i].uses, 1);
        }
        uint256 sum = guard.freeBalanceOf(treasury) + guard.freeBounties();
        for (uint256 i = 0; i < 3; ++i) {
            sum += guard.freeBalanceOf(_reporters[i]);
        }
        for (uint256 i = 1; i <= _lastIncident; ++i) {
            (IncidentStatus status,,) = guard.incidentOf(i);
            if (status == IncidentStatus.Open) sum += BOND + _promised[i];
        }
        assertEq(token.balanceOf(address(guard)), sum);
    }

    function _isPausedByGuard() private view returns (bool) {
        return _ends.length != 0 && block.timestamp < _ends[_ends.length - 1];
    }

    function _paused(uint256 from, uint256 to) private view returns (uint256 sum) {
        for (uint256 i = 0; i < _starts.length; ++i) {
            uint256 start = _starts[i] > from ? _starts[i] : from;
            uint256 end = _ends[i] < to ? _ends[i] : to;
            if (start < end) sum += end - start;
        }
    }
}
