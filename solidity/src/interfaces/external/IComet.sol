// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.24;

/// @title What an adapter asks of, and tells, a Comet (Compound III)
interface IComet {
    /// @notice Sets all five flags. For the governor and for the one pause guardian.
    function pause(bool supplyPaused, bool transferPaused, bool withdrawPaused, bool absorbPaused, bool buyPaused)
        external;

    /// @notice Whether nobody can supply, which is also how debts are repaid.
    function isSupplyPaused() external view returns (bool);

    /// @notice Whether nobody can transfer balances.
    function isTransferPaused() external view returns (bool);

    /// @notice Whether nobody can withdraw, which is also how debts are made.
    function isWithdrawPaused() external view returns (bool);

    /// @notice Whether nobody can be liquidated.
    function isAbsorbPaused() external view returns (bool);

    /// @notice Whether nobody can buy what was liquidated.
    function isBuyPaused() external view returns (bool);
}
