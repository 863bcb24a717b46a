// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import { Test } from "forge-std/Test.sol";

import { CometPauseAdapter } from "../../../src/adapters/compound/CometPauseAdapter.sol";
import { IPauseAdapter } from "../../../src/consumers/guard/IPauseAdapter.sol";
import { AggregatorV3Interface } from "../../../src/consumers/oracle/AggregatorV3Interface.sol";
import { IComet } from "../../../src/interfaces/external/IComet.sol";

/// @dev A Comet's pause and price, and who may do what under each flag. Written from the published
/// source (`Comet.sol`): `pause` sets all flags, for the governor and the one guardian; supplying, which
/// is also repaying, asks `isSupplyPaused`, withdrawing and borrowing `isWithdrawPaused`, absorbing
/// `isAbsorbPaused`; a price feed has 8 decimals (`BadDecimals` when the Comet is made), and a price of
/// zero or less is `BadPrice`.
contract CometModel is IComet {
    error Unauthorized();
    error Paused();
    error BadDecimals();
    error BadPrice();

    address public immutable GOVERNOR;
    address public immutable PAUSE_GUARDIAN;
    uint8 private _flags;
    mapping(address => int256) public balanceOf;

    constructor(address governor, address pauseGuardian, AggregatorV3Interface priceFeed) {
        (GOVERNOR, PAUSE_GUARDIAN) = (governor, pauseGuardian);
        require(priceFeed.decimals() == 8, BadDecimals());
    }

    function pause(bool supply_, bool transfer_, bool withdraw_, bool absorb_, bool buy_) external {
        require(msg.sender == GOVERNOR || msg.sender == PAUSE_GUARDIAN, Unauthorized());
        _flags = (supply_ ? 1 : 0) | (transfer_ ? 2 : 0) | (withdraw_ ? 4 : 0) | (absorb_ ? 8 : 0) | (buy_ ? 16 : 0);
    }

    function supply(int256 amount) external {
        require(!isSupplyPaused(), Paused());
        balanceOf[msg.sender] += amount;
    }

    function withdraw(int256 amount) external {
        require(!isWithdrawPaused(), Paused());
        balanceOf[msg.sender] -= amount;
    }

    function absorb(address account) external {
        require(!isAbsorbPaused(), Paused());
        balanceOf[account] = 0;
    }

    function getPrice(AggregatorV3Interface feed) external view returns (uint256) {
        (, int256 price,,,) = feed.latestRoundData();
        require(price > 0, BadPrice());
        return uint256(price);
    }

    function isSupplyPaused() public view returns (bool) {
        return _flags & 1 != 0;
    }

    function isTransferPaused() public view returns (bool) {
        return _flags & 2 != 0;
    }

    function isWithdrawPaused() public view returns (bool) {
        return _flags & 4 != 0;
    }

    function isAbsorbPaused() public view returns (bool) {
        return _flags & 8 != 0;
    }

    function isBuyPaused() public view returns (bool) {
        return _flags & 16 != 0;
    }

    function flags() external view returns (uint8) {
        return _flags;
    }
}

contract EightDecimals {
    uint8 public decimals = 8;
}

/// @dev The guard and the former guardian, each in its turn; flags are one number.
contract CometHandler is Test {
    CometPauseAdapter private immutable _ADAPTER;
    address private immutable _FORMER;

    /// @dev What the flags of withdrawal, transfer and sale were last set to by a human.
    uint8 public others;
    /// @dev Whether the last pause of supply was the former guardian's or the governor's.
    bool public humans;
    uint256 public pauses;
    uint256 public resumes;

    constructor(CometPauseAdapter adapter, address former) {
        (_ADAPTER, _FORMER) = (adapter, former);
    }

    function guardPauses() external {
        vm.prank(_ADAPTER.guard());
        try _ADAPTER.pause(1) {
            ++pauses;
            humans = false;
        } catch { }
    }

    function guardResumes() external {
        vm.prank(_ADAPTER.guard());
        try _ADAPTER.resume() {
            ++resumes;
        } catch { }
    }

    function formerSets(uint8 flags) external {
        vm.prank(_FORMER);
        _ADAPTER.pauseAll(flags & 1 != 0, flags & 2 != 0, flags & 4 != 0, flags & 8 != 0, flags & 16 != 0);
        (others, humans) = (flags & 22, flags & 1 != 0);
    }
}

/// @dev The adapter is a Comet's guardian; this contract is owner and guard.
contract CometPauseAdapterTest is Test {
    CometModel private _comet;
    CometPauseAdapter private _adapter;
    CometHandler private _handler;
    address private _governor = makeAddr("governor");
    address private _former = makeAddr("former guardian");
    address private _user = makeAddr("user");

    function setUp() public {
        address comet = vm.computeCreateAddress(address(this), vm.getNonce(address(this)) + 2);
        // A Comet's guardian is part of its configuration, and the adapter wants to see a Comet.
        address feed = address(new EightDecimals());
        vm.etch(comet, hex"00");
        _adapter = new CometPauseAdapter(comet, address(this), _former);
        vm.etch(comet, "");
        _comet = new CometModel(_governor, address(_adapter), AggregatorV3Interface(feed));
        assertEq(address(_comet), comet);
        _handler = new CometHandler(_adapter, _former);
        _adapter.setGuard(address(this));
        targetContract(address(_handler));
        vm.prank(_user);
        _comet.supply(10);
    }

    function test_PausesSupplyAndLiquidation() public {
        assertFalse(_adapter.expiresByItself());
        _adapter.pause(100);
        vm.snapshotGasLastCall("CometPauseAdapter", "pause");
        assertTrue(_adapter.isPaused());
        assertEq(_comet.flags(), 9);
        vm.startPrank(_user);
        vm.expectRevert(CometModel.Paused.selector);
        _comet.supply(1);
        // Nobody is liquidated who could not repay.
        vm.expectRevert(CometModel.Paused.selector);
        _comet.absorb(_user);
        // Exits are open.
        _comet.withdraw(3);
        vm.stopPrank();
        _adapter.resume();
        vm.snapshotGasLastCall("CometPauseAdapter", "resume");
        assertEq(_comet.flags(), 0);
        _adapter.resume();
    }

    /// @dev Whatever others had paused stays so, before, during and after.
    function testFuzz_OthersFlagsStay(uint8 before, uint8 during) public {
        before = before & 0x1e;
        during = (during & 0x16) | 9;
        _govern(before);
        _adapter.pause(100);
        assertEq(_comet.flags(), before | 9);
        _govern(during);
        _adapter.resume();
        assertEq(_comet.flags(), (during & 0x16) | (before & 8));
    }

    function _govern(uint8 flags) private {
        vm.prank(_governor);
        _comet.pause(flags & 1 != 0, flags & 2 != 0, flags & 4 != 0, flags & 8 != 0, flags & 16 != 0);
    }

    /// @dev One guardian only: whoever was it keeps its powers, and what it paused a guard can't end.
    function test_FormerGuardianKeepsItsPowers() public {
        _adapter.pause(100);
        vm.expectEmit(address(_adapter));
        emit CometPauseAdapter.FlagsSet(true, false, true, true, false);
        vm.prank(_former);
        _adapter.pauseAll(true, false, true, true, false);
        vm.expectRevert(abi.encodeWithSelector(IPauseAdapter.StillPaused.selector, _comet));
        _adapter.resume();
        assertEq(_comet.flags(), 13);
        vm.prank(_former);
        _adapter.pauseAll(false, false, false, false, false);
        _adapter.resume();
        assertEq(_comet.flags(), 0);
        // And the guard's next pause is the guard's.
        _adapter.pause(100);
        _adapter.resume();
        assertEq(_comet.flags(), 0);
    }

    /// @dev The former guardian ended a guard's pause, and the governor began one: that isn't the guard's.
    function test_Attack_EndingWhatTheGovernorBegan() public {
        _adapter.pause(100);
        vm.prank(_former);
        _adapter.pauseAll(false, false, false, false, false);
        _govern(1);
        vm.expectRevert(abi.encodeWithSelector(IPauseAdapter.StillPaused.selector, _comet));
        _adapter.resume();
        assertTrue(_comet.isSupplyPaused());
    }

    function test_RevertWhen_PausedBySomebodyElse() public {
        _govern(1);
        vm.expectRevert(abi.encodeWithSelector(IPauseAdapter.AlreadyPausedElsewhere.selector, _comet));
        _adapter.pause(100);
    }

    /// @dev A Comet that takes commands without effect.
    function test_RevertWhen_CometIsDeaf() public {
        vm.mockCall(address(_comet), abi.encodeWithSelector(IComet.pause.selector), "");
        _adapter.pause(100);
        assertFalse(_adapter.isPaused());
        vm.clearMockedCalls();
        _adapter.pause(100);
        vm.mockCall(address(_comet), abi.encodeWithSelector(IComet.pause.selector), "");
        vm.expectRevert(abi.encodeWithSelector(IPauseAdapter.StillPaused.selector, _comet));
        _adapter.resume();
    }

    function test_RevertWhen_NotFormerGuardian() public {
        vm.expectRevert(abi.encodeWithSelector(CometPauseAdapter.NotFormerGuardian.selector, address(this)));
        _adapter.pauseAll(true, true, true, true, true);
        assertEq(_adapter.FORMER_GUARDIAN(), _former);
    }

    /// @dev A Comet that names another guardian.
    function test_RevertWhen_NotTheGuardian() public {
        CometModel other = new CometModel(_governor, _former, AggregatorV3Interface(address(new EightDecimals())));
        CometPauseAdapter made = new CometPauseAdapter(address(other), address(this), address(0));
        made.setGuard(address(this));
        vm.expectRevert(CometModel.Unauthorized.selector);
        made.pause(100);
    }

    /// @dev No sequence of the guard's and the former guardian's calls changes a flag that is none of
    /// the guard's, or ends a pause that a human began.
    function invariant_OthersFlagsAreTheirs() public view {
        assertEq(_comet.flags() & 22, _handler.others());
        if (_handler.humans()) assertTrue(_comet.isSupplyPaused());
    }

    /// @dev The invariant isn't about nothing.
    function test_HandlerActs() public {
        _handler.guardPauses();
        _handler.formerSets(7);
        _handler.guardResumes();
        assertEq(_handler.pauses(), 1);
        assertEq(_handler.resumes(), 0);
        assertTrue(_handler.humans());
        _handler.formerSets(6);
        _handler.guardPauses();
        _handler.guardResumes();
        assertEq(_handler.resumes(), 1);
        assertEq(_comet.flags(), 6);
    }
}
