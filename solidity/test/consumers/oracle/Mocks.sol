// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import { AggregatorV3Interface } from "../../../src/consumers/oracle/AggregatorV3Interface.sol";
import { InferenceOracle } from "../../../src/consumers/oracle/InferenceOracle.sol";
import { Features, IFeatureSource } from "../../../src/features/IFeatureSource.sol";
import { ModelPin } from "../../../src/types/ModelPin.sol";

/// @dev A source that gives whatever it was told to, and calls back if it was told to.
contract FreeSource is IFeatureSource {
    Features private _features;
    bytes private _call;

    error Reentered(bytes reason);

    function set(Features calldata data) external {
        _features = data;
    }

    function setCall(bytes calldata call) external {
        _call = call;
    }

    function covers(ModelPin) external pure returns (bool) {
        return true;
    }

    function features(ModelPin, bytes32, bytes calldata) external view returns (Features memory) {
        if (_call.length != 0) {
            (bool ok, bytes memory reason) = msg.sender.staticcall(_call);
            if (!ok) revert Reentered(reason);
        }
        return _features;
    }
}

/// @dev Submits what someone else made.
contract FrontRunner {
    function run(InferenceOracle oracle, bytes calldata evidence, uint256[] calldata outputs, bytes calldata proof)
        external
        returns (uint80)
    {
        return oracle.submit(evidence, outputs, proof);
    }
}

/// @dev Chainlink's feed of a sequencer's uptime.
contract UptimeFeed is AggregatorV3Interface {
    int256 private _status;
    uint256 private _since;

    function set(int256 status, uint256 since) external {
        (_status, _since) = (status, since);
    }

    function latestRoundData() public view returns (uint80, int256, uint256, uint256, uint80) {
        return (1, _status, _since, block.timestamp, 1);
    }

    function getRoundData(uint80) external view returns (uint80, int256, uint256, uint256, uint80) {
        return latestRoundData();
    }

    function decimals() external pure returns (uint8) {
        return 0;
    }

    function description() external pure returns (string memory) {
        return "L2 Sequencer Uptime Status Feed";
    }

    function version() external pure returns (uint256) {
        return 1;
    }
}
