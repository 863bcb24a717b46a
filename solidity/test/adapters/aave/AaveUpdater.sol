// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import { RiskAdapter } from "../../../src/adapters/RiskAdapter.sol";
import { RiskParameterUpdater } from "../../../src/consumers/risk/RiskParameterUpdater.sol";
import { RISK_PARAMETERS, RiskLimit, RiskParameter } from "../../../src/consumers/risk/RiskTypes.sol";
import { AaveMarket } from "./AaveMarket.sol";
import { ScriptedSource } from "./ScriptedSource.sol";

/// @dev An updater in front of Aave's own code. This contract is its administrator and guardian; a
/// model that says anything proposes, for everybody.
abstract contract AaveUpdater is AaveMarket {
    uint32 internal constant VETO = 1 hours;
    uint32 internal constant EXECUTION = 2 days;
    uint32 internal constant DELAY = 1 days;
    uint128 internal constant STEP = 0.02e18;

    RiskParameterUpdater internal updater;
    ScriptedSource internal source;

    function _deployUpdater(RiskAdapter adapter) internal {
        updater = new RiskParameterUpdater(adapter, address(this), 1 days, address(this));
        adapter.setUpdater(address(updater));
        updater.grantRole(updater.PROPOSER_ROLE(), address(0));
        updater.grantRole(updater.EXECUTOR_ROLE(), address(0));
        for (uint256 i = 1; i < 4; ++i) {
            updater.setLimit(
                address(weth), RiskParameter(i), RiskLimit(STEP, DELAY, false, true, false, 0.3e18, 1.2e18, 1e14)
            );
        }
        for (uint256 i = 4; i < 6; ++i) {
            updater.setLimit(
                address(weth), RiskParameter(i), RiskLimit(0.2e18, DELAY, true, true, false, 1e18, 5_000_000e18, 1e18)
            );
        }
        source = new ScriptedSource(address(weth), 0x3e);
        updater.addSource(source, VETO, EXECUTION, 0);
    }

    /// @dev Values by parameter, from the loan-to-value on; the model proposes them.
    function _propose(int256[5] memory said) internal returns (uint256) {
        int256[RISK_PARAMETERS] memory values;
        for (uint256 i = 0; i < 5; ++i) {
            values[i + 1] = said[i];
        }
        return updater.propose(source, block.timestamp, "", new uint256[](0), abi.encode(values));
    }

    /// @dev What is live now, but for caps.
    function _proposeCaps(int256 supplyCap, int256 borrowCap) internal returns (uint256) {
        uint256[3] memory live = _ratiosOf(weth);
        return _propose([int256(live[0] * 1e14), int256(live[1] * 1e14), int256(live[2] * 1e14), supplyCap, borrowCap]);
    }
}
