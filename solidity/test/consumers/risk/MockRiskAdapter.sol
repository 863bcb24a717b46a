// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import { IRiskAdapter } from "../../../src/consumers/risk/IRiskAdapter.sol";
import { MarketState, RISK_PARAMETERS } from "../../../src/consumers/risk/RiskTypes.sol";

/// @dev A protocol that may do something else than it is told.
contract MockRiskAdapter is IRiskAdapter {
    MarketState private _state;
    bool private _deaf;
    uint8 private _alongs;
    address private _callee;
    bytes private _data;
    bool public succeeded;
    bytes public reason;

    function set(MarketState calldata state) external {
        _state = state;
    }

    /// @dev Pushes have no effect.
    function setDeaf() external {
        _deaf = true;
    }

    /// @dev Pushes change this parameter along.
    function setAlong(uint8 parameter) external {
        _alongs = parameter + 1;
    }

    /// @dev Pushes call this.
    function arm(address callee, bytes calldata data) external {
        (_callee, _data) = (callee, data);
    }

    function stateOf(address) external view returns (MarketState memory) {
        return _state;
    }

    function push(address, uint8 mask, uint256[RISK_PARAMETERS] calldata values) external {
        for (uint256 i = 0; i < RISK_PARAMETERS; ++i) {
            if (!_deaf && mask & (1 << i) != 0) _state.values[i] = values[i];
        }
        if (_alongs != 0) ++_state.values[_alongs - 1];
        if (_callee != address(0)) (succeeded, reason) = _callee.call(_data);
    }
}
