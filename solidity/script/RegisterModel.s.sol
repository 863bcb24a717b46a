// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import { IModelBreakpoints } from "../src/core/registry/IModelBreakpoints.sol";
import { IModelRegistry } from "../src/core/registry/IModelRegistry.sol";
import { IInferenceVerifier } from "../src/core/verifier/interfaces/IInferenceVerifier.sol";
import { IVerifyingKeys } from "../src/core/verifier/interfaces/IVerifyingKeys.sol";
import { IERC7992Registry } from "../src/interfaces/IERC7992.sol";
import { Bundles } from "../src/libraries/Bundles.sol";
import { ModelSpecs } from "../src/libraries/ModelSpecs.sol";
import { ModelPin } from "../src/types/ModelPin.sol";
import { ModelSpec } from "../src/types/Schemas.sol";
import { SpecJson } from "./base/SpecJson.sol";
import { SafeCast } from "@openzeppelin/contracts/utils/math/SafeCast.sol";
import { console } from "forge-std/console.sol";

/// @title Registers a model
/// @notice Publishes its verifying key and its spec, and registers it; the broadcaster owns it.
/// @dev `VERDICT_MODEL=name forge script script/RegisterModel.s.sol …`. The key comes from
/// `$VERDICT_PROOF`, a proof file of `verdict prove`, or one of ../test-vectors (default:
/// ../test-vectors/<name>/proof.json; it has other names for some members), the spec from `$VERDICT_SPEC` (default:
/// script/config/models/<name>.json; see `SpecJson`). The spec may have "uri" and "delay", the
/// seconds between an update's announcement and its execution (default: the registry's least).
///
/// Before anything is sent, the script makes sure that
///
/// - the file's key is the one whose digest the file states, if it states one;
/// - the file's proof is right, under this key, for the deployed verifier: a key of another set-up,
///   or one that is no key, has no such proof;
/// - the spec has a `keyProof` if and only if the file says that the weights are private.
///
/// What it cannot find out, for it has no compiler: that the key is the model's (the file's `model`
/// is a claim: whoever has another model's key has its proofs too), that the spec's scales, ranges
/// and visibilities are the model's, and that a right key proof has the digest `keyProof`.
/// `verdict register` makes sure of all that before it sends anything, and `verdict audit` of what
/// anyone else has registered. The printed bundle digest is the one to compare with theirs: see
/// `Bundles`.
///
/// Ids are given in the order of registration. Should somebody else's come in between while this is
/// broadcast, the results name the wrong id: CheckDeployment.s.sol finds that out.
contract RegisterModel is SpecJson {
    /// @notice There is a model of that name, with another key or spec.
    error NameTaken(string name, uint256 modelId);

    /// @notice The proof file states another digest than that of its key's bytes.
    error WrongKeyDigest(bytes32 stated, bytes32 actual);

    /// @notice The weights are private, and the spec has no `keyProof`: nothing but such a proof
    /// binds what a key hides. The key's owner makes it.
    error KeyProofMissing();

    /// @notice The weights are public, and the spec has a `keyProof`: a proof of what?
    error KeyProofOfPublicWeights(bytes32 keyProof);

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
        _require(proofJson, ".model");
        ModelSpec memory spec = _specOf(specJson);
        bytes memory key = _checkedKey(proofJson, spec, deployment);
        IERC7992Registry.ModelCommitment memory commitment = IERC7992Registry.ModelCommitment(
            vm.parseJsonBytes32(proofJson, ".model"),
            ModelSpecs.digest(spec, _breakpointsDigest(specJson)),
            keccak256(key),
            bytes4(vm.parseJsonBytes(deployment, ".core.selector")),
            vm.keyExistsJson(specJson, ".uri") ? vm.parseJsonString(specJson, ".uri") : ""
        );

        bytes32 bundle = _printBundle(deployment, spec, commitment);

        string memory path = string.concat(".models.", name);
        if (vm.keyExistsJson(deployment, path)) {
            modelId = _recorded(deployment, string.concat(path, ".modelId"));
            (IERC7992Registry.ModelCommitment memory known,,) = registry.getModel(modelId);
            if (known.vkHash != commitment.vkHash || known.circuitHash != commitment.circuitHash) {
                revert NameTaken(name, modelId);
            }
            return (modelId, registry.pinOf(modelId, registry.versionCount(modelId)));
        }

        modelId = _register(registry, _deployed(deployment, ".core.verifyingKeys"), key, specJson, commitment);
        pin = registry.pinOf(modelId, 1);
        _write(results, path, modelId, pin, commitment, bundle);
    }

    /// @dev The key of a proof file that is what it seems.
    function _checkedKey(string memory proofJson, ModelSpec memory spec, string memory deployment)
        private
        returns (bytes memory key)
    {
        key = vm.parseJsonBytes(proofJson, _member(proofJson, ".verifying_key", ".verifyingKey"));
        bytes32 actual = keccak256(key);
        bytes32 stated = _bytes32Or(proofJson, ".key", actual);
        if (stated != actual) revert WrongKeyDigest(stated, actual);

        bool isPrivate = _boolOr(proofJson, ".private_weights", false);
        if (isPrivate && spec.keyProof == 0) revert KeyProofMissing();
        if (!isPrivate && spec.keyProof != 0) revert KeyProofOfPublicWeights(spec.keyProof);

        uint256[] memory publicValues =
            vm.parseJsonUintArray(proofJson, _member(proofJson, ".public_values", ".publicValues"));
        _require(proofJson, ".proof");
        bytes memory proof = vm.parseJsonBytes(proofJson, ".proof");
        // Publishes here, in the script's own copy of the chain, and takes it back: the broadcast
        // has not begun, so nothing is sent.
        uint256 before = vm.snapshotState();
        address account = IVerifyingKeys(_deployed(deployment, ".core.verifyingKeys")).publish(key);
        IInferenceVerifier(_deployed(deployment, ".core.verifier")).verify(account, publicValues, proof);
        vm.revertToState(before);
    }

    /// @dev The path of a member that has one name in files of `verdict prove` and another in
    /// ../test-vectors.
    function _member(string memory json, string memory path, string memory otherwise)
        private
        view
        returns (string memory)
    {
        if (vm.keyExistsJson(json, otherwise)) return otherwise;
        _require(json, path);
        return path;
    }

    function _printBundle(
        string memory deployment,
        ModelSpec memory spec,
        IERC7992Registry.ModelCommitment memory commitment
    ) private view returns (bytes32 bundle) {
        bundle = Bundles.digest(
            commitment.modelHash,
            commitment.circuitHash,
            commitment.vkHash,
            spec.keyProof,
            IInferenceVerifier(_deployed(deployment, ".core.verifier")).tauG2()
        );
        console.log("bundle: %s", vm.toString(bundle));
    }

    function _register(
        IModelRegistry registry,
        address keys,
        bytes memory key,
        string memory specJson,
        IERC7992Registry.ModelCommitment memory commitment
    ) private returns (uint256) {
        uint32 delay = SafeCast.toUint32(_uintOr(specJson, ".delay", registry.minimumDelay()));
        return _send(registry, keys, key, _specOf(specJson), _breakpointsDigest(specJson), commitment, delay);
    }

    function _send(
        IModelRegistry registry,
        address keys,
        bytes memory key,
        ModelSpec memory spec,
        bytes32 breakpoints,
        IERC7992Registry.ModelCommitment memory commitment,
        uint32 delay
    ) private broadcasts returns (uint256) {
        registry.indexKey(IVerifyingKeys(keys).publish(key));
        if (breakpoints == 0) registry.publishSpec(spec);
        else IModelBreakpoints(address(registry)).publishSpec(spec, breakpoints);
        return registry.registerModel(commitment, delay);
    }

    function _write(
        string memory results,
        string memory path,
        uint256 modelId,
        ModelPin pin,
        IERC7992Registry.ModelCommitment memory commitment,
        bytes32 bundle
    ) private {
        vm.serializeUint(path, "modelId", modelId);
        vm.serializeUint(path, "version", 1);
        vm.serializeBytes32(path, "pin", ModelPin.unwrap(pin));
        vm.serializeAddress(path, "key", pin.key());
        vm.serializeBytes32(path, "modelHash", commitment.modelHash);
        vm.serializeBytes32(path, "bundle", bundle);
        vm.serializeBytes32(path, "circuitHash", commitment.circuitHash);
        _record(results, path, vm.serializeBytes32(path, "vkHash", commitment.vkHash));
    }
}
