// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import { IRiskSource, RiskBinding } from "../../../src/consumers/risk/IRiskSource.sol";
import { RISK_PARAMETERS } from "../../../src/consumers/risk/RiskTypes.sol";
import { IFeatureSource } from "../../../src/features/IFeatureSource.sol";
import { ModelPin } from "../../../src/types/ModelPin.sol";

/// @dev A model that says whatever it is told to, as a hostile one does: its "proof" is the values.
contract ScriptedSource is IRiskSource {
    address public immutable market;
    uint8 public immutable mask;

    constructor(address market_, uint8 mask_) {
        (market, mask) = (market_, mask_);
    }

    function infer(uint256, bytes calldata, uint256[] calldata, bytes calldata proof)
        external
        view
        returns (uint256, int256[RISK_PARAMETERS] memory)
    {
        return (block.timestamp, abi.decode(proof, (int256[6])));
    }

    function checkUsable() external view { }

    function payloadOf(uint256) external pure returns (bytes32) { }

    function bindings() external pure returns (RiskBinding[] memory) { }

    function pin() external pure returns (ModelPin) { }

    function featureSource() external pure returns (IFeatureSource) { }

    function maximumAge() external pure returns (uint256) { }
}
