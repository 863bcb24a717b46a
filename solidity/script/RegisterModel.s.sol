// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import { IModelRegistry } from "../src/core/registry/IModelRegistry.sol";
import { IVerifyingKeys } from "../src/core/verifier/interfaces/IVerifyingKeys.sol";
import { IERC7992Registry } from "../src/interfaces/IERC7992.sol";
import { ModelSpecs } from "../src/libraries/ModelSpecs.sol";
import { ModelPin } from "../src/types/ModelPin.sol";
import { ModelSpec } from "../src/types/Schemas.sol";
import { SpecJson } from "./base/SpecJson.sol";
import { SafeCast } from "@openzeppelin/contracts/utils/math/SafeCast.sol";

/// @title Registers a model
/// @notice Publishes its verifying key and its spec, and registers it; the broadcaster owns it.
/// @dev `VERDICT_MODEL=name forge script script/RegisterModel.s.sol …`. The key comes from
/// `$VERDICT_PROOF`, a proof file (default: ../test-vectors/<name>/proof.json; its `model` and
/// `verifyingKey` are read), the spec from `$VERDICT_SPEC` (default:
/// script/config/models/<name>.json; see `SpecJson`). The spec may have "uri" and "delay", the
/// seconds between an update's announcement and its execution (default: the registry's least).
///
/// Ids are given in the order of registration. Should somebody else's come in between while this is
/// broadcast, the results name the wrong id: CheckDeployment.s.sol finds that out.
contract RegisterModel is SpecJson {
    /// @notice There is a model of that name, with another key or spec.
    error NameTaken(string name, uint256 modelId);

    function run() external returns (uint256 modelId, ModelPin pin) {
        string memory name = vm.envString("VERDICT_MODEL");
        string memory proof = vm.envOr("VERDICT_PROOF", string.concat("../test-vectors/", name, "/proof.json"));
        string memory spec = vm.envOr("VERDICT_SPEC", string.concat("script/config/models/", name, ".json"));
        return register(name, vm.readFile(spec), vm.readFile(proof), _deploymentPath());
    }

    /// @notice Registers the model that the JSON texts `specJson` and `proofJson` describe, in the
    /// deployment of the file `results`.
    function register(string memory name, string memory specJson, string memory proofJson, string memory results)
        public
        returns (uint256 modelId, ModelPin pin)
    {
        _checkName(name);
        string memory deployment = vm.readFile(results);
        IModelRegistry registry = IModelRegistry(_deployed(deployment, ".core.registry"));
        _require(proofJson, ".verifyingKey");
        bytes memory key = vm.parseJsonBytes(proofJson, ".verifyingKey");
        ModelSpec memory spec = _specOf(specJson);
        IERC7992Registry.ModelCommitment memory commitment = IERC7992Registry.ModelCommitment(
            _bytes32Or(proofJson, ".model", 0),
            ModelSpecs.digest(spec),
            keccak256(key),
            bytes4(vm.parseJsonBytes(deployment, ".core.selector")),
            vm.keyExistsJson(specJson, ".uri") ? vm.parseJsonString(specJson, ".uri") : ""
        );

        string memory path = string.concat(".models.", name);
        if (vm.keyExistsJson(deployment, path)) {
            modelId = _recorded(deployment, string.concat(path, ".modelId"));
            (IERC7992Registry.ModelCommitment memory known,,) = registry.getModel(modelId);
            if (known.vkHash != commitment.vkHash || known.circuitHash != commitment.circuitHash) {
                revert NameTaken(name, modelId);
            }
            return (modelId, registry.pinOf(modelId, registry.versionCount(modelId)));
        }

        uint32 delay = SafeCast.toUint32(_uintOr(specJson, ".delay", registry.minimumDelay()));
        modelId = _register(registry, _deployed(deployment, ".core.verifyingKeys"), key, spec, commitment, delay);
        pin = registry.pinOf(modelId, 1);
        _write(results, path, modelId, pin, commitment);
    }

    function _register(
        IModelRegistry registry,
        address keys,
        bytes memory key,
        ModelSpec memory spec,
        IERC7992Registry.ModelCommitment memory commitment,
        uint32 delay
    ) private broadcasts returns (uint256) {
        registry.indexKey(IVerifyingKeys(keys).publish(key));
        registry.publishSpec(spec);
        return registry.registerModel(commitment, delay);
    }

    function _write(
        string memory results,
        string memory path,
        uint256 modelId,
        ModelPin pin,
        IERC7992Registry.ModelCommitment memory commitment
    ) private {
        vm.serializeUint(path, "modelId", modelId);
        vm.serializeUint(path, "version", 1);
        vm.serializeBytes32(path, "pin", ModelPin.unwrap(pin));
        vm.serializeAddress(path, "key", pin.key());
        vm.serializeBytes32(path, "modelHash", commitment.modelHash);
        vm.serializeBytes32(path, "circuitHash", commitment.circuitHash);
        _record(results, path, vm.serializeBytes32(path, "vkHash", commitment.vkHash));
    }
}
