// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import { Ownable } from "@openzeppelin/contracts/access/Ownable.sol";
import { ERC20 } from "@openzeppelin/contracts/token/ERC20/ERC20.sol";
import { Test } from "forge-std/Test.sol";

import { MorphoVaultGate } from "../../../src/adapters/morpho/MorphoVaultGate.sol";
import { EntryPausable } from "../../../src/consumers/guard/EntryPausable.sol";
import { PauseForAdapter } from "../../../src/consumers/guard/PauseForAdapter.sol";
import { IMorphoGates } from "../../../src/interfaces/external/IMorphoGates.sol";
import { MockToken } from "../../../testing/mocks/MockToken.sol";

/// @dev What a Morpho vault (V2) does with its gates, one share per asset. Written from the published
/// source (`VaultV2.sol`): a deposit asks `canReceiveShares(onBehalf)` and `canSendAssets(caller)`, an
/// exit `canSendShares(onBehalf)` and `canReceiveAssets(receiver)`, a transfer `canSendShares(from)` and
/// `canReceiveShares(to)`. Interest is counted first in deposits and exits, and asks
/// `canReceiveShares` of the fee recipient, who gets nothing if not.
contract GatedVault is ERC20 {
    error CannotReceiveShares();
    error CannotSendAssets();
    error CannotSendShares();
    error CannotReceiveAssets();

    MockToken private immutable _ASSET;
    IMorphoGates[4] public gates;
    address public feeRecipient = address(0xfee);

    constructor(MockToken asset) ERC20("Vault", "V") {
        _ASSET = asset;
    }

    /// @dev 0 sendAssets, 1 receiveShares, 2 sendShares, 3 receiveAssets.
    function setGate(uint256 which, IMorphoGates gate) external {
        gates[which] = gate;
    }

    function deposit(uint256 assets, address onBehalf) external {
        _accrue();
        require(_none(1) || gates[1].canReceiveShares(onBehalf), CannotReceiveShares());
        require(_none(0) || gates[0].canSendAssets(msg.sender), CannotSendAssets());
        _ASSET.transferFrom(msg.sender, address(this), assets);
        _mint(onBehalf, assets);
    }

    function withdraw(uint256 assets, address receiver, address onBehalf) external {
        _accrue();
        require(_none(2) || gates[2].canSendShares(onBehalf), CannotSendShares());
        require(_none(3) || gates[3].canReceiveAssets(receiver), CannotReceiveAssets());
        if (msg.sender != onBehalf) _spendAllowance(onBehalf, msg.sender, assets);
        _burn(onBehalf, assets);
        _ASSET.transfer(receiver, assets);
    }

    function transfer(address to, uint256 value) public override returns (bool) {
        require(_none(2) || gates[2].canSendShares(msg.sender), CannotSendShares());
        require(_none(1) || gates[1].canReceiveShares(to), CannotReceiveShares());
        return super.transfer(to, value);
    }

    function _accrue() private {
        if (_none(1) || gates[1].canReceiveShares(feeRecipient)) _mint(feeRecipient, 1);
    }

    function _none(uint256 which) private view returns (bool) {
        return address(gates[which]) == address(0);
    }
}

/// @dev A guard, which this contract is, closes a vault's gate.
contract MorphoVaultGateTest is Test {
    MockToken private _token = new MockToken();
    GatedVault private _vault = new GatedVault(_token);
    MorphoVaultGate private _gate = new MorphoVaultGate(1 days, address(this));
    PauseForAdapter private _adapter = new PauseForAdapter(address(_gate), address(this));
    address private _user = makeAddr("user");

    function setUp() public {
        vm.warp(1000 days);
        vm.expectEmit(address(_gate));
        emit MorphoVaultGate.PauserChanged(address(_adapter));
        _gate.setPauser(address(_adapter));
        _adapter.setGuard(address(this));
        _vault.setGate(0, _gate);
        _token.mint(_user, 100e18);
        vm.startPrank(_user);
        _token.approve(address(_vault), type(uint256).max);
        _vault.deposit(10e18, _user);
        vm.stopPrank();
    }

    function test_ClosesEntriesAlone() public {
        _adapter.pause(1 hours);
        vm.startPrank(_user);
        vm.expectRevert(GatedVault.CannotSendAssets.selector);
        _vault.deposit(1e18, _user);
        _vault.withdraw(1e18, _user, _user);
        _vault.transfer(address(9), 1e18);
        vm.stopPrank();
        assertGt(_vault.balanceOf(address(0xfee)), 1);
        // By itself.
        skip(1 hours);
        vm.prank(_user);
        _vault.deposit(1e18, _user);
        _gate.canSendAssets(_user);
        vm.snapshotGasLastCall("MorphoVaultGate", "canSendAssets");
    }

    /// @dev Whichever of a vault's gates a curator makes it, exits stay open and fees are paid.
    function testFuzz_StopsNothingElse(uint8 places) public {
        for (uint256 i = 0; i < 4; ++i) {
            _vault.setGate(i, (places >> i) & 1 == 0 ? IMorphoGates(address(0)) : _gate);
        }
        _adapter.pause(1 hours);
        vm.startPrank(_user);
        _vault.withdraw(1e18, _user, _user);
        _vault.transfer(address(9), 1e18);
        vm.stopPrank();
        assertEq(_vault.balanceOf(address(0xfee)), 2);
    }

    /// @dev The questions never revert, whoever is asked about.
    function testFuzz_NeverReverts(address account, bool closed) public {
        if (closed) _adapter.pause(1 hours);
        assertEq(_gate.canSendAssets(account), !closed);
        assertTrue(_gate.canReceiveShares(account));
        assertTrue(_gate.canSendShares(account));
        assertTrue(_gate.canReceiveAssets(account));
    }

    function test_RevertWhen_NotPauser() public {
        vm.expectRevert(abi.encodeWithSelector(MorphoVaultGate.NotPauser.selector, address(this)));
        _gate.pauseFor(1);
        vm.expectRevert(abi.encodeWithSelector(MorphoVaultGate.NotPauser.selector, address(this)));
        _gate.resume();
        vm.prank(_user);
        vm.expectRevert(abi.encodeWithSelector(Ownable.OwnableUnauthorizedAccount.selector, _user));
        _gate.setPauser(_user);
    }

    function test_RevertWhen_PauseTooLong() public {
        vm.expectRevert(abi.encodeWithSelector(EntryPausable.PauseDurationOutOfRange.selector, 1 days, 1 days + 1));
        _adapter.pause(1 days + 1);
    }
}
