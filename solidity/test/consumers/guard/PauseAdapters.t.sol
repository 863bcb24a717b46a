// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import { Ownable } from "@openzeppelin/contracts/access/Ownable.sol";
import { Pausable } from "@openzeppelin/contracts/utils/Pausable.sol";
import { Test } from "forge-std/Test.sol";

import { ERC4626PauseAdapter } from "../../../src/consumers/guard/ERC4626PauseAdapter.sol";
import { EntryPausable } from "../../../src/consumers/guard/EntryPausable.sol";
import { IPauseAdapter } from "../../../src/consumers/guard/IPauseAdapter.sol";
import { OpenZeppelinPauseAdapter } from "../../../src/consumers/guard/OpenZeppelinPauseAdapter.sol";
import { PauseForAdapter } from "../../../src/consumers/guard/PauseForAdapter.sol";
import { EntryVault } from "../../../testing/mocks/EntryVault.sol";
import { MockToken } from "../../../testing/mocks/MockToken.sol";
import { LockingVault, LyingTarget, PausableToken, PausableVault } from "./GuardMocks.sol";

/// @dev Adapters, and the contract that is made for one. This contract is guard and owner.
contract PauseAdaptersTest is Test {
    MockToken private _token;
    EntryVault private _vault;
    PausableVault private _pausable;
    LyingTarget private _liar;

    function setUp() public {
        _token = new MockToken();
        _vault = new EntryVault(_token, 1 days);
        (_pausable, _liar) = (new PausableVault(_token), new LyingTarget());
        vm.warp(1000 days);
    }

    function _ready(IPauseAdapter adapter) private returns (IPauseAdapter) {
        adapter.setGuard(address(this));
        return adapter;
    }

    function _forVault() private returns (IPauseAdapter adapter) {
        adapter = _ready(new PauseForAdapter(address(_vault), address(this)));
        _vault.setPauser(address(adapter));
    }

    function test_PauseFor() public {
        IPauseAdapter adapter = _forVault();
        assertTrue(adapter.expiresByItself());
        assertEq(adapter.target(), address(_vault));
        assertEq(adapter.guard(), address(this));
        adapter.pause(100);
        assertTrue(adapter.isPaused());
        assertEq(_vault.entriesClosedUntil(), block.timestamp + 100);
        adapter.resume();
        assertFalse(_vault.isPaused());
        // Nothing to do, no error.
        adapter.resume();
    }

    function test_OpenZeppelin() public {
        IPauseAdapter adapter = _ready(new OpenZeppelinPauseAdapter(address(_pausable), address(this)));
        _pausable.setPauser(address(adapter));
        assertFalse(adapter.expiresByItself());
        adapter.pause(100);
        assertTrue(_pausable.paused());
        adapter.resume();
        assertFalse(_pausable.paused());
    }

    function test_ERC4626() public {
        IPauseAdapter adapter = _ready(new ERC4626PauseAdapter(address(_pausable), address(this)));
        _pausable.setPauser(address(adapter));
        adapter.pause(100);
        assertTrue(adapter.isPaused());
        adapter.resume();
        assertFalse(adapter.isPaused());
    }

    /// @dev Should the guard fail, governance isn't locked out.
    function test_OwnerCanResume() public {
        IPauseAdapter adapter = _forVault();
        adapter.pause(100);
        adapter.setGuard(address(0xdead));
        adapter.resume();
        assertFalse(adapter.isPaused());
    }

    function test_GuardIsReplaced() public {
        IPauseAdapter adapter = _forVault();
        vm.expectEmit(address(adapter));
        emit IPauseAdapter.GuardChanged(address(1));
        adapter.setGuard(address(1));
        vm.expectRevert(abi.encodeWithSelector(IPauseAdapter.NotGuard.selector, address(this)));
        adapter.pause(1);
    }

    function test_RevertWhen_NotGuard() public {
        IPauseAdapter adapter = _forVault();
        vm.startPrank(address(2));
        vm.expectRevert(abi.encodeWithSelector(IPauseAdapter.NotGuard.selector, address(2)));
        adapter.pause(1);
        vm.expectRevert(abi.encodeWithSelector(IPauseAdapter.NotGuard.selector, address(2)));
        adapter.resume();
        vm.expectRevert(abi.encodeWithSelector(Ownable.OwnableUnauthorizedAccount.selector, address(2)));
        adapter.setGuard(address(2));
    }

    function test_RevertWhen_AlreadyPausedElsewhere() public {
        IPauseAdapter adapter = _ready(new OpenZeppelinPauseAdapter(address(_liar), address(this)));
        _liar.setPaused(true);
        vm.expectRevert(abi.encodeWithSelector(IPauseAdapter.AlreadyPausedElsewhere.selector, address(_liar)));
        adapter.pause(1);
    }

    function test_RevertWhen_StillPaused() public {
        IPauseAdapter adapter = _ready(new OpenZeppelinPauseAdapter(address(_liar), address(this)));
        adapter.pause(1);
        _liar.setDeaf(true);
        vm.expectRevert(abi.encodeWithSelector(IPauseAdapter.StillPaused.selector, address(_liar)));
        adapter.resume();
    }

    function test_RevertWhen_NotAContract() public {
        vm.expectRevert(abi.encodeWithSelector(IPauseAdapter.NotAContract.selector, address(3)));
        new PauseForAdapter(address(3), address(this));
    }

    /// @dev A vault that says it is paused and takes deposits isn't paused.
    function test_ERC4626AdapterLooksAtWhatItCanSee() public {
        IPauseAdapter adapter = _ready(new ERC4626PauseAdapter(address(_liar), address(this)));
        adapter.pause(1);
        assertTrue(_liar.paused());
        assertFalse(adapter.isPaused());
    }

    /// @dev A vault that is full isn't paused; nor is one that lets in by one of its two doors.
    function test_ERC4626AdapterLooksAtEverything() public {
        IPauseAdapter adapter = _ready(new ERC4626PauseAdapter(address(_pausable), address(this)));
        _pausable.setPauser(address(adapter));
        bytes[2] memory doors = [
            abi.encodeCall(_pausable.maxDeposit, (address(adapter))),
            abi.encodeCall(_pausable.maxMint, (address(adapter)))
        ];
        for (uint256 i = 0; i < 2; ++i) {
            vm.mockCall(address(_pausable), doors[i], abi.encode(0));
        }
        assertFalse(adapter.isPaused());
        vm.clearMockedCalls();
        adapter.pause(100);
        for (uint256 i = 0; i < 2; ++i) {
            vm.mockCall(address(_pausable), doors[i], abi.encode(1));
            assertFalse(adapter.isPaused());
            vm.clearMockedCalls();
            assertTrue(adapter.isPaused());
        }
    }

    /// @dev A pause that turns out to be none, because the vault began to take deposits, is ended
    /// all the same: otherwise the vault would be left in it for ever.
    function test_ERC4626AdapterEndsAPauseThatItNoLongerBelieves() public {
        IPauseAdapter adapter = _ready(new ERC4626PauseAdapter(address(_pausable), address(this)));
        _pausable.setPauser(address(adapter));
        adapter.pause(100);
        vm.mockCall(address(_pausable), abi.encodeCall(_pausable.maxDeposit, (address(adapter))), abi.encode(1));
        assertFalse(adapter.isPaused());
        vm.expectRevert(abi.encodeWithSelector(IPauseAdapter.AlreadyPausedElsewhere.selector, address(_pausable)));
        adapter.pause(100);
        adapter.resume();
        assertFalse(_pausable.paused());
    }

    /// @dev A pause that keeps users in is refused, whether it is the exits or the shares that it stops;
    /// a pause of entries alone lets them out.
    function test_RevertWhen_ExitsBlocked() public {
        for (uint256 i = 0; i < 2; ++i) {
            LockingVault vault = new LockingVault(_token, i == 0);
            IPauseAdapter adapter = _ready(new ERC4626PauseAdapter(address(vault), address(this)));
            vault.setPauser(address(adapter));
            vm.expectRevert(abi.encodeWithSelector(OpenZeppelinPauseAdapter.ExitsBlocked.selector, vault));
            adapter.pause(100);
            assertFalse(vault.paused());
        }
        PausableToken token = new PausableToken();
        IPauseAdapter plain = _ready(new OpenZeppelinPauseAdapter(address(token), address(this)));
        vm.expectRevert(abi.encodeWithSelector(OpenZeppelinPauseAdapter.ExitsBlocked.selector, token));
        plain.pause(100);
        assertFalse(token.paused());
    }

    function test_UsersGetOutOfAPausedVault() public {
        IPauseAdapter adapter = _ready(new ERC4626PauseAdapter(address(_pausable), address(this)));
        _pausable.setPauser(address(adapter));
        _token.mint(address(this), 10);
        _token.approve(address(_pausable), 10);
        _pausable.deposit(10, address(this));
        adapter.pause(100);
        _pausable.redeem(4, address(this), address(this));
        _pausable.withdraw(6, address(this), address(this));
        assertEq(_token.balanceOf(address(this)), 10);
    }

    /// @dev Shares that somebody gives to the adapter neither move nor make a difference: else a grain of
    /// them would stop the guard.
    function testFuzz_Attack_GiftsDoNotStopThePause(uint256 amount) public {
        amount = bound(amount, 1, 1e30);
        IPauseAdapter adapter = _ready(new ERC4626PauseAdapter(address(_pausable), address(this)));
        _pausable.setPauser(address(adapter));
        _token.mint(address(this), amount);
        _token.approve(address(_pausable), amount);
        _pausable.deposit(amount, address(adapter));
        adapter.pause(100);
        assertTrue(adapter.isPaused());
        assertEq(_pausable.balanceOf(address(adapter)), amount);
    }

    /// @dev What the adapter can't see: exits of a contract that is no token and no vault.
    function test_OpenZeppelinAdapterCannotSeeOtherExits() public {
        LockingVault vault = new LockingVault(_token, false);
        IPauseAdapter adapter = _ready(new OpenZeppelinPauseAdapter(address(vault), address(this)));
        vault.setPauser(address(adapter));
        adapter.pause(100);
        vm.expectRevert(Pausable.EnforcedPause.selector);
        vault.withdraw(0, address(this), address(this));
    }

    // ------------------------------------------------------------------------------- EntryPausable

    function test_RevertWhen_EntriesAreClosed() public {
        IPauseAdapter adapter = _forVault();
        adapter.pause(100);
        bytes memory reason = abi.encodeWithSelector(EntryPausable.EntriesAreClosed.selector, block.timestamp + 100);
        vm.expectRevert(reason);
        _vault.deposit(1);
        vm.expectRevert(reason);
        vm.prank(address(adapter));
        _vault.pauseFor(200);
    }

    function test_RevertWhen_EntriesAreOpen() public {
        IPauseAdapter adapter = _forVault();
        vm.expectRevert(EntryPausable.EntriesAreOpen.selector);
        vm.prank(address(adapter));
        _vault.resume();
    }

    function test_RevertWhen_PauseDurationOutOfRange() public {
        IPauseAdapter adapter = _forVault();
        uint256[2] memory durations = [uint256(0), 1 days + 1];
        for (uint256 i = 0; i < 2; ++i) {
            vm.expectRevert(
                abi.encodeWithSelector(EntryPausable.PauseDurationOutOfRange.selector, 1 days, durations[i])
            );
            adapter.pause(durations[i]);
        }
    }

    function test_RevertWhen_NotAPauser() public {
        vm.expectRevert("not a pauser");
        _vault.pauseFor(1);
        vm.expectRevert("not a pauser");
        _vault.resume();
    }
}
