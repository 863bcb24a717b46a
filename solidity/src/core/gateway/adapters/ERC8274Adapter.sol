// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import { IERC8274ProofVerifier } from "../../../interfaces/IERC8274ProofVerifier.sol";
import { InferenceContext } from "../../../libraries/InferenceContext.sol";
import { PublicValues } from "../../../libraries/PublicValues.sol";
import { ModelPin } from "../../../types/ModelPin.sol";
import { PublicLayout } from "../../../types/Schemas.sol";
import { IModelRegistry } from "../../registry/IModelRegistry.sol";
import { IVerdictGateway } from "../IVerdictGateway.sol";

/// @title ERC-8274's `verify` for one version of a model
/// @notice The input's hash is the keccak-256 of its public words and of the commitments to what is
/// private, in this order, 32 bytes each; the output's that of its words; `metadata` is
/// `abi.encode(uint256[] inputs, uint256[] commitments, uint256[] outputs)`. The context is that of this
/// contract as consumer, with both hashes in the payload.
///
/// It answers for the version that it was made for, and for no other that `metadata` could name: who
/// trusts it trusts that model. It says nothing of when an inference was made, or for whom: a proof is
/// as good the second time.
/// @dev The proposal is open and may change, hence the flag: nothing deploys this by default.
contract ERC8274Adapter is IERC8274ProofVerifier {
    /// @notice Whoever deploys this must say that the standard may change.
    error DraftNotAccepted();

    /// @notice keccak256("VerdictInference8274(bytes32 inputHash,bytes32 outputHash)")
    bytes32 public constant INFERENCE_TYPEHASH =
        keccak256("VerdictInference8274(bytes32 inputHash,bytes32 outputHash)");

    /// @notice The gateway.
    IVerdictGateway public immutable GATEWAY;

    /// @notice The version. Its deprecation isn't looked at later.
    ModelPin public immutable PIN;

    uint256 private immutable _INPUTS;
    uint256 private immutable _COMMITMENTS;
    uint256 private immutable _OUTPUTS;

    /// @param gateway The gateway.
    /// @param modelId A model of its registry.
    /// @param version An active version.
    /// @param acceptsDraft Must be true.
    constructor(IVerdictGateway gateway, uint256 modelId, uint32 version, bool acceptsDraft) {
        if (!acceptsDraft) revert DraftNotAccepted();
        IModelRegistry registry = IModelRegistry(gateway.registry());
        PublicLayout memory shape = registry.layoutOf(modelId, version);
        (GATEWAY, PIN) = (gateway, registry.activePin(modelId, version));
        (_INPUTS, _COMMITMENTS, _OUTPUTS) = (shape.inputWords, shape.commitments, shape.outputWords);
    }

    /// @inheritdoc IERC8274ProofVerifier
    /// @dev False too if too little gas was sent to verify: never act on a `false`. Metadata that is no
    /// such encoding reverts.
    function verify(bytes32 inputHash, bytes32 outputHash, bytes calldata metadata, bytes calldata proof)
        external
        view
        returns (bool)
    {
        (uint256[] memory inputs, uint256[] memory commitments, uint256[] memory outputs) =
            abi.decode(metadata, (uint256[], uint256[], uint256[]));
        // So that no word stands for another part than it is one of.
        if (inputs.length != _INPUTS || commitments.length != _COMMITMENTS || outputs.length != _OUTPUTS) return false;
        if (keccak256(abi.encodePacked(inputs, commitments)) != inputHash) return false;
        if (keccak256(abi.encodePacked(outputs)) != outputHash) return false;
        uint256 context = InferenceContext.digest(PIN, keccak256(abi.encode(INFERENCE_TYPEHASH, inputHash, outputHash)));
        try GATEWAY.verify(PIN, PublicValues.assemble(context, inputs, outputs, commitments), proof) {
            return true;
        } catch {
            return false;
        }
    }

    /// @inheritdoc IERC8274ProofVerifier
    function proofSystem() external pure returns (string memory) {
        return "verdict-zkml";
    }

    /// @inheritdoc IERC8274ProofVerifier
    /// @dev The keccak-256 of this chain's number, the gateway and the pin, which names route, key,
    /// model and version.
    function proofProfile() external view returns (bytes32) {
        return keccak256(abi.encode(block.chainid, GATEWAY, PIN));
    }
}
