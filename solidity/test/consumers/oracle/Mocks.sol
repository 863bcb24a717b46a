// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

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
