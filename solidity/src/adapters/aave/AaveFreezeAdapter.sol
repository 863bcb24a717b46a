// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import { IPauseAdapter } from "../../consumers/guard/IPauseAdapter.sol";
import { PauseAdapter } from "../../consumers/guard/PauseAdapter.sol";
import { IAaveAddressesProvider, IAaveConfigurator, IAavePool } from "../../interfaces/external/IAaveV3.sol";
import { AaveConfiguration } from "./AaveConfiguration.sol";

/// @title Adapter that freezes one reserve of Aave v3
/// @notice In a frozen reserve nobody can supply or borrow; withdrawals, repayments and liquidations
/// go on. Aave's pause, of a reserve or of the pool, isn't used here: it stops withdrawals,
/// repayments and liquidations, too. This contract needs `RISK_ADMIN`, which can't pause;
/// `EMERGENCY_ADMIN`, which can, should not be given to it, though it would make nothing of it.
///
/// From 3.1 on, a freeze sets the reserve's loan-to-value to zero and its end sets it to what it was
/// before, or to what governance has set meanwhile. **A borrower who has a frozen reserve among his
/// collateral can then withdraw no other collateral** unless he first withdraws the frozen one, or
/// repays: so Aave treats all reserves with a loan-to-value of zero.
/// @dev The target is the asset: a guard's evidence is about that. It doesn't say in which pool, so
/// there is an adapter and a guard for each.
///
/// A reserve that is paused is left alone: its exits are shut already, and a freeze would outlast
/// the pause. One that Aave's governance drops meanwhile is no longer frozen, and nothing is left to
/// resume.
contract AaveFreezeAdapter is PauseAdapter {
    using AaveConfiguration for uint256;

    /// @notice The asset isn't listed, or its reserve not active.
    error NotListed(address asset);

    /// @notice The reserve is paused, which stops more than a freeze.
    error ReservePaused(address asset);

    /// @notice Where Aave's addresses are.
    IAaveAddressesProvider public immutable PROVIDER;

    /// @param provider Aave's, of one pool, which lists the asset.
    /// @param asset The asset of the reserve to freeze.
    /// @param owner_ Appoints the guard.
    constructor(IAaveAddressesProvider provider, address asset, address owner_) PauseAdapter(asset, owner_) {
        if (address(provider).code.length == 0) revert NotAContract(address(provider));
        PROVIDER = provider;
        if (!_configuration().isActive()) revert NotListed(asset);
    }

    /// @inheritdoc IPauseAdapter
    function expiresByItself() external pure returns (bool) {
        return false;
    }

    function _saysPaused() internal view override returns (bool) {
        return _configuration().isFrozen();
    }

    function _pause(uint256) internal override {
        uint256 data = _configuration();
        if (!data.isActive()) revert NotListed(_TARGET);
        if (data.isPaused()) revert ReservePaused(_TARGET);
        _freeze(true);
    }

    function _resume() internal override {
        _freeze(false);
    }

    function _freeze(bool frozen) private {
        IAaveConfigurator(PROVIDER.getPoolConfigurator()).setReserveFreeze(_TARGET, frozen);
    }

    function _configuration() private view returns (uint256) {
        return IAavePool(PROVIDER.getPool()).getConfiguration(_TARGET);
    }
}
