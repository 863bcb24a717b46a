// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import { IVerdictGateway } from "../../src/core/gateway/IVerdictGateway.sol";
import { IFeatureSource } from "../../src/features/IFeatureSource.sol";
import { VerdictScript } from "./VerdictScript.sol";
import { SafeCast } from "@openzeppelin/contracts/utils/math/SafeCast.sol";

/// @title What scripts for consumers share
/// @dev Their settings have a "name", under which results go to `consumers`; models and sources are
/// named as in the results.
abstract contract ConsumerScript is VerdictScript {
    function _name(string memory config) internal view returns (string memory name) {
        name = _text(config, ".name");
        _checkName(name);
    }

    function _gateway(string memory deployment) internal view returns (IVerdictGateway) {
        return IVerdictGateway(_deployed(deployment, ".core.gateway"));
    }

    /// @dev The model that the settings name at `path`.
    function _model(string memory config, string memory deployment, string memory path)
        internal
        view
        returns (uint256 modelId, uint32 version)
    {
        string memory model = string.concat(".models.", _text(config, path));
        modelId = _recorded(deployment, string.concat(model, ".modelId"));
        version = SafeCast.toUint32(_recorded(deployment, string.concat(model, ".version")));
    }

    /// @dev The source that the settings name.
    function _source(string memory config, string memory deployment) internal view returns (IFeatureSource) {
        return IFeatureSource(_deployed(deployment, string.concat(".sources.", _text(config, ".source"), ".address")));
    }

    /// @dev Begins the results of a consumer; `key` is that of the object.
    function _begin(string memory key, string memory kind, address account) internal returns (string memory) {
        vm.serializeString(key, "kind", kind);
        return vm.serializeAddress(key, "address", account);
    }
}
