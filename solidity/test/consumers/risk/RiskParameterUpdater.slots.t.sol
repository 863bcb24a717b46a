// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import { Vm } from "forge-std/Vm.sol";

import { IRiskOracle } from "../../../src/consumers/risk/IRiskOracle.sol";
import {
    IRiskParameterUpdater,
    ProposalStatus,
    RiskProposal
} from "../../../src/consumers/risk/IRiskParameterUpdater.sol";
import { RISK_PARAMETERS, RiskLimit, RiskParameter } from "../../../src/consumers/risk/RiskTypes.sol";
import { RiskUpdateLog } from "../../../src/consumers/risk/RiskUpdateLog.sol";
import { LendingMarket } from "../../../testing/mocks/LendingMarket.sol";
import { ScriptedSource } from "../../adapters/aave/ScriptedSource.sol";
import { RiskTest } from "./RiskTest.sol";

/// @dev Proposals and updates in slots that are used again: nothing that is alive is lost, nothing that
/// is dead comes back, and in the long run no new storage is taken.
contract RiskParameterUpdaterSlotsTest is RiskTest {
    uint256 private constant RING = 32;
    uint256 private constant REMEMBERED = 64;

    ScriptedSource private _ratioSource;
    ScriptedSource private _capSource;

    function setUp() public override {
        super.setUp();
        _ratioSource = new ScriptedSource(address(market), 0x0e);
        _capSource = new ScriptedSource(address(market), 0x30);
        vm.startPrank(admin);
        updater.addSource(_ratioSource, VETO, EXECUTION, 0);
        updater.addSource(_capSource, VETO, EXECUTION, 0);
        vm.stopPrank();
    }

    /// @dev One that says these of the ratios, or of the caps.
    function _say(ScriptedSource source, int256 first) private returns (uint256) {
        int256[RISK_PARAMETERS] memory values;
        if (source == _ratioSource) {
            (values[1], values[2], values[3]) = (first * 1e14, (first + 500) * 1e14, 1.05e18);
        } else {
            (values[4], values[5]) = (first * 1000e18, first * 500e18);
        }
        return updater.propose(source, block.timestamp, "", new uint256[](0), abi.encode(values));
    }

    function _status(uint256 proposal) private view returns (ProposalStatus) {
        return updater.proposalOf(proposal).status;
    }

    /// @dev What a flood finds before it is what it leaves there: the urgent proposal is executed after
    /// a hundred others, with its own values.
    function test_Attack_FloodKillsNoPendingProposal() public {
        uint256 urgent = _say(_capSource, 1100);
        RiskProposal memory before = updater.proposalOf(urgent);
        for (uint256 i = 0; i < 100; ++i) {
            skip(12);
            _say(_ratioSource, 7500 - int256(i % 7));
        }
        assertEq(abi.encode(updater.proposalOf(urgent)), abi.encode(before));
        skip(VETO);
        assertEq(updater.execute(urgent), 0x30);
        assertEq(_live().supplyCap, 1_100_000e18);
        assertEq(uint8(_status(urgent)), uint8(ProposalStatus.Executed));
        // Neither can it be executed once more.
        vm.expectRevert(
            abi.encodeWithSelector(IRiskParameterUpdater.NotPending.selector, urgent, ProposalStatus.Executed)
        );
        updater.execute(urgent);
        // Nor are those of the flood, those that went to places of their own included, anything else
        // than what they were.
        for (uint256 i = 2; i <= 101; ++i) {
            RiskProposal memory record = updater.proposalOf(i);
            assertEq(uint8(record.status), uint8(ProposalStatus.Pending));
            assertEq(record.targets[1], uint256(7500 - (i - 2) % 7) * 1e14);
            assertEq(record.targets[4], 0);
        }
    }

    /// @dev A veto of one that went to its own place holds, and so does one of them all.
    function test_VetoReachesEveryPlace() public {
        uint256 first = _say(_ratioSource, 7400);
        for (uint256 i = 0; i < RING + 1; ++i) {
            skip(12);
            _say(_ratioSource, 7450);
        }
        vm.startPrank(riskGuardian);
        updater.veto(first);
        assertEq(uint8(_status(first)), uint8(ProposalStatus.Vetoed));
        assertEq(uint8(_status(2)), uint8(ProposalStatus.Pending));
        updater.vetoAll(_ratioSource);
        assertEq(uint8(_status(2)), uint8(ProposalStatus.Vetoed));
        vm.stopPrank();
        skip(VETO);
        vm.expectRevert(abi.encodeWithSelector(IRiskParameterUpdater.NotPending.selector, first, ProposalStatus.Vetoed));
        updater.execute(first);
    }

    /// @dev Numbers without a proposal, and numbers of what was written over, have none, whoever asks.
    function test_NumbersWithoutAProposal() public {
        for (uint256 i = 0; i < 2 * RING; ++i) {
            uint256 proposal = _say(_ratioSource, 7500);
            skip(VETO + EXECUTION);
            assertEq(uint8(_status(proposal)), uint8(ProposalStatus.Expired));
        }
        uint256[5] memory none = [0, 1, RING, 2 * RING + 1, type(uint256).max];
        for (uint256 i = 0; i < none.length; ++i) {
            assertEq(abi.encode(updater.proposalOf(none[i])), abi.encode(_empty()));
            bytes memory reason =
                abi.encodeWithSelector(IRiskParameterUpdater.NotPending.selector, none[i], ProposalStatus.None);
            vm.expectRevert(reason);
            updater.execute(none[i]);
            vm.expectRevert(reason);
            vm.prank(riskGuardian);
            updater.veto(none[i]);
        }
        assertEq(uint8(_status(RING + 1)), uint8(ProposalStatus.Expired));
    }

    function _empty() private pure returns (RiskProposal memory record) { }

    /// @dev Values of one source never show through in proposals of another that has the same slots.
    function testFuzz_ValuesAreTheProposalsOwn(uint256 seed) public {
        RiskProposal[] memory said = new RiskProposal[](3 * RING + 1);
        for (uint256 i = 1; i < said.length; ++i) {
            bool cap = (seed >> (2 * i)) & 1 != 0;
            uint256 proposal =
                _say(cap ? _capSource : _ratioSource, cap ? int256(1000) + int256(i) : int256(7400) + int256(i % 50));
            assertEq(proposal, i);
            said[i] = updater.proposalOf(i);
            assertEq(said[i].targets[cap ? 1 : 4], 0);
            assertEq(said[i].targets[cap ? 4 : 1], cap ? (1000 + i) * 1000e18 : (7400 + i % 50) * 1e14);
            if ((seed >> (2 * i + 1)) & 1 != 0) {
                vm.prank(riskGuardian);
                updater.veto(i);
                said[i].status = ProposalStatus.Vetoed;
            }
            skip(12);
        }
        for (uint256 i = 1; i < said.length; ++i) {
            bool kept = i + RING >= said.length || said[i].status == ProposalStatus.Pending;
            assertEq(abi.encode(updater.proposalOf(i)), abi.encode(kept ? said[i] : _empty()));
        }
    }

    /// @dev After the first lap nothing that is written was zero: proposing, publishing and executing
    /// take no new storage.
    function test_NoNewStorageInTheLongRun() public {
        for (uint256 i = 0; i < REMEMBERED; ++i) {
            _lap(i);
        }
        for (uint256 i = 0; i < RING + 2; ++i) {
            vm.startStateDiffRecording();
            _lap(i);
            Vm.AccountAccess[] memory accesses = vm.stopAndReturnStateDiff();
            assertEq(_created(accesses, address(updater)) + _created(accesses, address(updater.log())), 0);
        }
    }

    /// @dev Three proposals, so that both sources come by every place: one is executed, and two forgotten.
    function _lap(uint256 i) private {
        uint256 proposal = _say(_ratioSource, i % 2 == 0 ? int256(7400) : int256(7500));
        skip(12);
        _say(_capSource, 1000);
        skip(12);
        _say(_capSource, 1000);
        skip(MINIMUM_DELAY);
        updater.publish(proposal);
        updater.execute(proposal);
        skip(EXECUTION);
    }

    function _created(Vm.AccountAccess[] memory accesses, address account) private pure returns (uint256 count) {
        for (uint256 i = 0; i < accesses.length; ++i) {
            Vm.StorageAccess[] memory slots = accesses[i].storageAccesses;
            for (uint256 j = 0; j < slots.length; ++j) {
                bool set = slots[j].isWrite && slots[j].previousValue == 0 && slots[j].newValue != 0;
                if (set && slots[j].account == account) ++count;
            }
        }
    }

    /// @dev Updates that others followed are in events alone, and by these an observer has the root.
    function test_HistoryIsInEventsUnderARoot() public {
        RiskUpdateLog log = RiskUpdateLog(address(updater.log()));
        bytes32 root;
        assertEq(log.historyRoot(), root);
        uint256[2] memory from = [uint256(0.75e18), 0.74e18];
        for (uint256 i = 0; i < 2; ++i) {
            uint256 proposal = _say(_ratioSource, 7400 - int256(i) * 100);
            skip(MINIMUM_DELAY);
            updater.execute(proposal);
            (uint256 id, uint256 time) = (2 * i + 1, block.timestamp);
            root = keccak256(
                abi.encode(root, id, market, RiskParameter.LoanToValue, from[i] - 0.01e18, from[i], time, proposal)
            );
            root = keccak256(
                abi.encode(
                    root,
                    id + 1,
                    market,
                    RiskParameter.LiquidationThreshold,
                    from[i] + 0.04e18,
                    i == 0 ? 0.8e18 : 0.79e18,
                    time,
                    proposal
                )
            );
            assertEq(log.historyRoot(), root);
        }
        assertEq(log.updateCounter(), 4);
        // The latest two by number; the two before are no longer there.
        for (uint256 id = 1; id <= 4; ++id) {
            if (id < 3) vm.expectRevert(IRiskOracle.UpdateNotFound.selector);
            IRiskOracle.RiskParameterUpdate memory update = log.getUpdateById(id);
            if (id >= 3) assertEq(update.updateId, id);
        }
    }

    /// @dev The latest of a type in a market is there however many others there were; by its number for
    /// the last 64.
    function test_LatestUpdatesAreNeverForgotten() public {
        uint256 proposal = _say(_capSource, 1100);
        skip(MINIMUM_DELAY);
        updater.execute(proposal);
        bytes memory cap = abi.encode(updater.getLatestUpdateByType("supplyCap"));
        bytes memory other = abi.encode(updater.getUpdateById(2));
        for (uint256 i = 0; i < REMEMBERED / 2; ++i) {
            assertEq(abi.encode(updater.getUpdateById(2)), other);
            proposal = _say(_ratioSource, i % 2 == 0 ? int256(7400) : int256(7500));
            skip(MINIMUM_DELAY);
            updater.execute(proposal);
        }
        assertEq(updater.updateCounter(), 2 + REMEMBERED);
        vm.expectRevert(IRiskOracle.UpdateNotFound.selector);
        updater.getUpdateById(2);
        assertEq(abi.encode(updater.getLatestUpdateByType("supplyCap")), cap);
        assertEq(abi.encode(updater.getLatestUpdateByParameterAndMarket("supplyCap", address(market))), cap);
        assertEq(updater.latestUpdateIdByMarketAndType(address(market), "borrowCap"), 2);
    }

    /// @dev Provenance stays that of the source that gave a value, whatever was added later.
    function test_ProvenanceOutlivesTheProposal() public {
        uint256 proposal = _propose(ratios, _ratios(7400, 7900, 10_500));
        uint256 time = block.timestamp;
        skip(VETO);
        updater.execute(proposal);
        bytes memory told = abi.encode(proposal, model.id, model.version, time);
        for (uint256 i = 0; i < 2 * RING; ++i) {
            skip(EXECUTION);
            _say(_capSource, 1000);
        }
        assertEq(uint8(_status(proposal)), uint8(ProposalStatus.None));
        assertEq(updater.getLatestUpdateByType("ltv").additionalData, told);
        assertEq(updater.sourceOf(ratios).index, 0);
        assertEq(updater.sourceOf(_capSource).index, 3);
    }

    /// @dev A source that is added again keeps telling apart what it proposed under another number.
    function test_SourcesHaveNumbers() public {
        vm.startPrank(admin);
        updater.removeSource(caps);
        updater.addSource(caps, VETO, EXECUTION, 0);
        vm.stopPrank();
        assertEq(updater.sourceOf(caps).index, 4);
        _update(caps, _caps(1100, 500));
        (, uint256 id, uint32 version,) =
            abi.decode(updater.getLatestUpdateByType("supplyCap").additionalData, (uint256, uint256, uint32, uint40));
        assertEq(id, model.id);
        assertEq(version, model.version);
    }

    /// @dev Two words of targets have two values each; a proposal of both sources' words takes what is
    /// its own.
    function testFuzz_EveryMaskKeepsItsValues(uint8 mask, uint128[6] memory values) public {
        mask = uint8(bound(mask, 1, 63));
        ScriptedSource source = new ScriptedSource(makeAddr("another market"), mask);
        vm.startPrank(admin);
        updater.addSource(source, VETO, EXECUTION, 0);
        int256[RISK_PARAMETERS] memory said;
        for (uint256 i = 0; i < RISK_PARAMETERS; ++i) {
            RiskLimit memory limit = RiskLimit(1, 1, false, true, true, 0, type(uint128).max, 1);
            updater.setLimit(makeAddr("another market"), RiskParameter(i), limit);
            said[i] = int256(uint256(values[i]));
        }
        vm.stopPrank();
        // Over what was there before.
        for (uint256 i = 0; i < RING; ++i) {
            _say(i % 2 == 0 ? _capSource : _ratioSource, 7500);
            skip(1);
        }
        uint256 proposal = updater.propose(source, block.timestamp, "", new uint256[](0), abi.encode(said));
        RiskProposal memory record = updater.proposalOf(proposal);
        assertEq(address(record.source), address(source));
        assertEq(record.eta, block.timestamp + VETO);
        assertEq(record.evidenceTime, block.timestamp);
        assertEq(record.mask, mask);
        for (uint256 i = 0; i < RISK_PARAMETERS; ++i) {
            assertEq(record.targets[i], (mask >> i) & 1 == 0 ? 0 : values[i]);
        }
    }

    /// @dev As `scripts/simulate_economics.py --points` counts: what a hostile source moves until a
    /// guardian acts, so many seconds after its first proposal.
    function test_HostileStepsAreAsSimulated() public {
        uint256[5] memory reactions = [uint256(3600), 3601, 25_200, 25_201, 90_000];
        uint256[5] memory steps = [uint256(0), 1, 1, 2, 4];
        for (uint256 i = 0; i < reactions.length; ++i) {
            uint256 snapshot = vm.snapshotState();
            assertEq(_hostileSteps(reactions[i]), steps[i]);
            vm.revertToState(snapshot);
        }
    }

    /// @dev A proposal every ten minutes, each of one step down; the newest that is ready is executed as
    /// soon as it can be.
    function _hostileSteps(uint256 reaction) private returns (uint256 steps) {
        uint256 began = block.timestamp;
        uint256 first = updater.proposalCount() + 1;
        while (block.timestamp < began + reaction) {
            LendingMarket.Parameters memory live = _live();
            _say(_ratioSource, int256(uint256(live.loanToValue)) - 200);
            // The newest first: executing one ends those before it.
            for (uint256 i = updater.proposalCount(); i >= first; --i) {
                try updater.execute(i) {
                    ++steps;
                    first = i + 1;
                    break;
                } catch { }
            }
            skip(600);
        }
    }
}
