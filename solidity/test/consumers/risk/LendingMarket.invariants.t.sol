// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import { Math } from "@openzeppelin/contracts/utils/math/Math.sol";
import { Vm } from "forge-std/Vm.sol";

import { IRiskOracle } from "../../../src/consumers/risk/IRiskOracle.sol";
import { RiskProposal } from "../../../src/consumers/risk/IRiskParameterUpdater.sol";
import { ModelRiskSource } from "../../../src/consumers/risk/ModelRiskSource.sol";
import { MarketState, RISK_PARAMETERS, RiskLimit, RiskParameter } from "../../../src/consumers/risk/RiskTypes.sol";
import { RiskUpdateLog } from "../../../src/consumers/risk/RiskUpdateLog.sol";
import { LendingMarket } from "../../../testing/mocks/LendingMarket.sol";
import { Credulous } from "../../utils/Mocks.sol";
import { RiskTest } from "./RiskTest.sol";

/// @dev A lending market whose model says whatever an adversary likes, about which nobody needs a
/// proof; borrowers who go to their limits, prices that move, governance that sets parameters by
/// hand. What holds here is what the limits are worth.
contract LendingMarketInvariantsTest is RiskTest {
    uint256 private constant BASIS_POINTS = 1e14;

    address[] private _users;
    uint256 private _began;

    // What updates did that they must not.
    uint256 private _tooFar;
    uint256 private _tooEarly;
    uint256 private _unfair;
    uint256 private _twice;
    uint256 private _disordered;

    // By parameter: how far updates moved it altogether; when last, and where to.
    uint256[RISK_PARAMETERS] private _moved;
    uint256[RISK_PARAMETERS] private _movedAt;
    uint256[RISK_PARAMETERS] private _pushed;

    // Which parameters a proposal has moved.
    mapping(uint256 proposal => uint256) private _executed;
    // By parameter: when it was published last, by which proposal, and its value.
    uint256[RISK_PARAMETERS] private _toldAt;
    uint256[RISK_PARAMETERS] private _toldBy;
    uint256[RISK_PARAMETERS] private _told;
    mapping(address source => uint256) private _executedEvidence;
    // What the events hash to, how many there were, and how often they weren't as they must be.
    bytes32 private _root;
    uint256 private _updates;
    uint256 private _disorder;
    uint256 private _lastUpdateAt;

    function setUp() public override {
        super.setUp();
        vm.etch(address(verifier), address(new Credulous()).code);
        // Values that are too far are moved towards, so that the adversary gets the most out of
        // every proposal.
        vm.startPrank(admin);
        for (uint256 i = 1; i < RISK_PARAMETERS; ++i) {
            RiskLimit memory limit = i < 4 ? _ratioLimit() : _capLimit();
            limit.clamped = true;
            updater.setLimit(address(market), RiskParameter(i), limit);
        }
        vm.stopPrank();
        debt.mint(address(market), 100_000_000e18);
        for (uint256 i = 0; i < 4; ++i) {
            address account = makeAddr(string.concat("user ", vm.toString(i)));
            _users.push(account);
            collateral.mint(account, 10_000_000e18);
            vm.startPrank(account);
            collateral.approve(address(market), type(uint256).max);
            debt.approve(address(market), type(uint256).max);
            market.supply(50_000e18);
            market.borrow(10_000e18 * (i + 1) - 5000e18);
            vm.stopPrank();
        }
        _began = block.timestamp;

        bytes4[] memory selectors = new bytes4[](10);
        selectors[0] = this.propose.selector;
        selectors[1] = this.execute.selector;
        selectors[2] = this.executeLatest.selector;
        selectors[3] = this.wait.selector;
        selectors[4] = this.supplyOrWithdraw.selector;
        selectors[5] = this.borrowOrRepay.selector;
        selectors[6] = this.movePrice.selector;
        selectors[7] = this.setByHand.selector;
        selectors[8] = this.veto.selector;
        selectors[9] = this.publish.selector;
        targetContract(address(this));
        targetSelector(FuzzSelector(address(this), selectors));
    }

    // ------------------------------------------------------------------------------------- actions

    function propose(int16 ltv, int16 threshold, int16 bonus, int32 supplyCap, int32 borrowCap, uint256 seed) external {
        ModelRiskSource source = seed % 2 == 0 ? ratios : caps;
        // Half of the time, something that makes sense.
        if (seed % 4 < 2) {
            threshold = int16(int256(bound(threshold, 5000, 9500)));
            (ltv, bonus) = (threshold - 500, int16(int256(bound(bonus, 10_001, 10_600))));
        }
        features.set(_inputs(), uint64(block.timestamp - (seed >> 8) % 100), uint64(block.number));
        try updater.propose(source, block.timestamp, "", _outputs(ltv, threshold, bonus, supplyCap, borrowCap), "") { }
            catch { }
    }

    function executeLatest() external {
        _execute(updater.proposalCount());
    }

    function execute(uint256 seed) external {
        _execute(seed % (updater.proposalCount() + 1));
    }

    /// @dev Values that a steward would fetch are held to the same limits.
    function publish(uint256 seed) external {
        uint256 proposal = updater.proposalCount();
        if (seed % 4 == 0) proposal = seed % (proposal + 1);
        uint256[RISK_PARAMETERS] memory live = adapter.stateOf(address(market)).values;
        vm.recordLogs();
        try updater.publish(proposal) returns (uint8 mask) {
            _follow(proposal);
            _order(proposal);
            for (uint256 i = 1; i < RISK_PARAMETERS; ++i) {
                if (mask & (1 << i) == 0) continue;
                _tell(i, proposal);
                uint256 change = live[i] < _told[i] ? _told[i] - live[i] : live[i] - _told[i];
                if (change > (i < 4 ? STEP : live[i] / 5)) ++_tooFar;
            }
        } catch { }
    }

    /// @dev What an observer of events makes of these: numbers without gaps, and the history's root.
    function _follow(uint256 proposal) private {
        Vm.Log[] memory logs = vm.getRecordedLogs();
        string[] memory names = updater.getAllUpdateTypes();
        for (uint256 i = 0; i < logs.length; ++i) {
            if (logs[i].topics[0] != IRiskOracle.ParameterUpdated.selector) continue;
            if (uint256(logs[i].topics[2]) != ++_updates) ++_disorder;
            uint256 parameter;
            while (keccak256(bytes(names[parameter])) != logs[i].topics[1]) ++parameter;
            _hash(logs[i], parameter, proposal);
        }
    }

    function _hash(Vm.Log memory update, uint256 parameter, uint256 proposal) private {
        (, bytes memory next, bytes memory previous, uint256 time,) =
            abi.decode(update.data, (string, bytes, bytes, uint256, bytes));
        if (time < _lastUpdateAt) ++_disorder;
        _lastUpdateAt = time;
        // Both values are words.
        bytes memory about = abi.encodePacked(parameter, next, previous, time, proposal);
        _root = keccak256(abi.encodePacked(_root, _updates, update.topics[3], about));
    }

    /// @dev Notes what the log says now, if that was in time.
    function _tell(uint256 parameter, uint256 proposal) private {
        uint256 last = _toldAt[parameter];
        bool again = _toldBy[parameter] == proposal;
        if (last != 0 && !again && block.timestamp < last + MINIMUM_DELAY) ++_tooEarly;
        string memory name = updater.getAllUpdateTypes()[parameter];
        _told[parameter] =
            abi.decode(updater.getLatestUpdateByParameterAndMarket(name, address(market)).newValue, (uint256));
        (_toldAt[parameter], _toldBy[parameter]) = (block.timestamp, proposal);
    }

    /// @dev Nothing older is executed or published after what is newer.
    function _order(uint256 proposal) private {
        RiskProposal memory record = updater.proposalOf(proposal);
        if (record.evidenceTime < _executedEvidence[address(record.source)]) ++_disordered;
        _executedEvidence[address(record.source)] = record.evidenceTime;
    }

    function wait(uint256 time) external {
        skip(time % 4 hours);
    }

    function supplyOrWithdraw(uint256 who, uint256 amount, bool out) external {
        vm.startPrank(_users[who % 4]);
        if (out) {
            try market.withdraw(amount % 50_000e18) { } catch { }
        } else {
            // Up to the cap, often: then a lower one would be below what is in use.
            uint256 room = Math.saturatingSub(_live().supplyCap, market.supplied());
            try market.supply(amount % 4 == 0 ? room : amount % 100_000e18) { } catch { }
        }
        vm.stopPrank();
    }

    /// @dev As much as the market lets, often: positions at their limit are those that an update
    /// can hurt.
    function borrowOrRepay(uint256 who, uint256 amount, bool back) external {
        address account = _users[who % 4];
        vm.startPrank(account);
        if (back) {
            try market.repay(amount % (market.debtOf(account) + 1)) { } catch { }
        } else {
            LendingMarket.Parameters memory live = _live();
            uint256 most = market.collateralOf(account) * market.price() / 1e18 * live.loanToValue / 10_000;
            if (most > market.debtOf(account)) {
                try market.borrow(most - market.debtOf(account)) { } catch { }
            }
        }
        vm.stopPrank();
    }

    function movePrice(uint256 seed) external {
        market.setPrice(market.price() * (97 + seed % 7) / 100);
    }

    function setByHand(uint256 seed) external {
        LendingMarket.Parameters memory live = _live();
        live.threshold = uint16(7000 + seed % 2000);
        live.loanToValue = live.threshold - 300;
        live.bonus = uint16(10_100 + (seed >> 16) % 900);
        market.setParameters(live);
    }

    function veto(uint256 seed) external {
        vm.startPrank(riskGuardian);
        if (seed % 8 == 0) updater.vetoAll(ratios);
        else try updater.veto(seed % (updater.proposalCount() + 1)) { } catch { }
        vm.stopPrank();
    }

    /// @dev Executes, and looks at what that did to parameters and borrowers.
    function _execute(uint256 proposal) private {
        MarketState memory before = adapter.stateOf(address(market));
        uint256[] memory cushioned = _healthIf(_stepDown(before.values[2]));
        vm.recordLogs();
        try updater.execute(proposal) returns (uint8 mask) {
            _follow(proposal);
            MarketState memory later = adapter.stateOf(address(market));
            for (uint256 i = 1; i < RISK_PARAMETERS; ++i) {
                _look(i, mask & (1 << i) != 0, before.values[i], later.values[i]);
                if (mask & (1 << i) != 0) _tell(i, proposal);
            }
            for (uint256 i = 0; i < 4; ++i) {
                if (cushioned[i] >= 1e18 && market.healthFactor(_users[i]) < 1e18) ++_unfair;
            }
            if (_executed[proposal] & mask != 0) ++_twice;
            _executed[proposal] |= mask;
            _order(proposal);
        } catch { }
    }

    function _look(uint256 parameter, bool moved, uint256 from, uint256 to) private {
        uint256 change = from < to ? to - from : from - to;
        if (change > (parameter < 4 ? STEP : from / 5)) ++_tooFar;
        if (moved == (change == 0)) ++_tooFar;
        if (!moved) return;
        uint256 last = _movedAt[parameter];
        if (last != 0 && block.timestamp < last + MINIMUM_DELAY) ++_tooEarly;
        _movedAt[parameter] = block.timestamp;
        _moved[parameter] += change;
        _pushed[parameter] = to;
    }

    // ---------------------------------------------------------------------------------- properties

    /// @dev No update moves a parameter faster than its limit: not farther than a step, not sooner
    /// than the delay after the last, and, from the beginning to now, not farther altogether than a
    /// step for each delay that has passed, and one. None moves a parameter that it doesn't name.
    function invariant_NoUpdateMovesAParameterFasterThanItsLimit() public view {
        assertEq(_tooFar, 0);
        assertEq(_tooEarly, 0);
        uint256 steps = (block.timestamp - _began) / MINIMUM_DELAY + 1;
        for (uint256 i = 1; i < 4; ++i) {
            assertLe(_moved[i], STEP * steps);
        }
    }

    /// @dev A position that one step of the threshold would leave healthy is healthy after any
    /// update: nobody who keeps that much distance is liquidated because of what a model said. And
    /// the market's rules hold at all times.
    function invariant_NoUpdateMakesAHealthyPositionLiquidatableBeyondTheStep() public view {
        assertEq(_unfair, 0);
        LendingMarket.Parameters memory live = _live();
        assertLe(live.loanToValue, live.threshold);
        assertGt(live.bonus, 10_000);
        assertLe(uint256(live.threshold) * live.bonus, 1e8);
        assertLe(market.supplied(), live.supplyCap);
        assertLe(market.borrowed(), live.borrowCap);
    }

    /// @dev A proposal is executed once, and none after one with newer evidence. Update ids have no
    /// gaps, their times don't go back, the root is that of the events, and what was published last of
    /// a parameter is what was pushed last, and, unless governance set it by hand since, what the
    /// protocol has.
    function invariant_ProposalsAreExecutedOnceInOrderAndPublished() public view {
        assertEq(_twice, 0);
        assertEq(_disordered, 0);
        assertEq(_disorder, 0);
        assertEq(updater.updateCounter(), _updates);
        assertEq(RiskUpdateLog(address(updater.log())).historyRoot(), _root);
        uint256[RISK_PARAMETERS] memory values = adapter.stateOf(address(market)).values;
        string[] memory names = updater.getAllUpdateTypes();
        for (uint256 i = 1; i < RISK_PARAMETERS; ++i) {
            if (_toldAt[i] == 0) continue;
            IRiskOracle.RiskParameterUpdate memory update =
                updater.getLatestUpdateByParameterAndMarket(names[i], address(market));
            assertEq(update.newValue, abi.encode(_told[i]));
            assertEq(updater.latestUpdateIdByMarketAndType(address(market), names[i]), update.updateId);
            if (update.updateId + 64 > _updates) {
                assertEq(abi.encode(updater.getUpdateById(update.updateId)), abi.encode(update));
            }
            assertLe(update.timestamp, _toldAt[i]);
            assertEq(updater.lastMovedAt(address(market), RiskParameter(i)), _toldAt[i]);
            // What was pushed last is what was told last, unless more was told since; and caps aren't
            // set by hand here.
            if (_movedAt[i] == _toldAt[i]) assertEq(_pushed[i], _told[i]);
            if (i > 3 && _movedAt[i] != 0) assertEq(values[i], _pushed[i]);
        }
    }

    function _healthIf(uint256 threshold) private view returns (uint256[] memory health) {
        health = new uint256[](4);
        for (uint256 i = 0; i < 4; ++i) {
            health[i] = market.healthFactorAt(_users[i], threshold / BASIS_POINTS);
        }
    }

    function _stepDown(uint256 threshold) private pure returns (uint256) {
        return Math.saturatingSub(threshold, STEP);
    }
}
