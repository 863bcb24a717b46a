// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import { ERC165 } from "@openzeppelin/contracts/utils/introspection/ERC165.sol";

import { IERC7007Verifier } from "../../../interfaces/IERC7007Verifier.sol";
import { InferenceContext } from "../../../libraries/InferenceContext.sol";
import { PublicValues } from "../../../libraries/PublicValues.sol";
import { ModelPin } from "../../../types/ModelPin.sol";
import { PublicLayout } from "../../../types/Schemas.sol";
import { IModelRegistry } from "../../registry/IModelRegistry.sol";
import { IVerdictGateway } from "../IVerdictGateway.sol";

/// @title ERC-7007's `verify` for one version of a model
/// @notice `prompt` is the model's public input words and `aigcData` its output words, each 32
/// bytes, big-endian. The context is that of this contract as consumer, with `PAYLOAD` as payload:
/// nothing but prompt and data, for both are public values.
contract ERC7007Adapter is IERC7007Verifier, ERC165 {
    /// @notice The model's input isn't public, or there are commitments, for which ERC-7007 has no
    /// place.
    error PromptNotPublic();

    /// @notice keccak256("VerdictAIGC()")
    bytes32 public constant PAYLOAD = keccak256("VerdictAIGC()");

    /// @notice The gateway.
    IVerdictGateway public immutable GATEWAY;

    /// @notice The version. Tokens outlive its deprecation, so that isn't looked at later.
    ModelPin public immutable PIN;

    uint256 private immutable _INPUT_LENGTH;
    uint256 private immutable _OUTPUT_LENGTH;

    /// @param gateway The gateway.
    /// @param modelId A model of its registry.
    /// @param version An active version.
    constructor(IVerdictGateway gateway, uint256 modelId, uint32 version) {
        IModelRegistry registry = IModelRegistry(gateway.registry());
        PublicLayout memory shape = registry.layoutOf(modelId, version);
        if (shape.inputWords == 0 || shape.commitments != 0) revert PromptNotPublic();
        (GATEWAY, PIN) = (gateway, registry.activePin(modelId, version));
        (_INPUT_LENGTH, _OUTPUT_LENGTH) = (32 * uint256(shape.inputWords), 32 * uint256(shape.outputWords));
    }

    /// @inheritdoc IERC7007Verifier
    /// @dev False too if too little gas was sent to verify: never act on a `false`.
    function verify(bytes calldata prompt, bytes calldata aigcData, bytes calldata proof) external view returns (bool) {
        if (prompt.length != _INPUT_LENGTH || aigcData.length != _OUTPUT_LENGTH) return false;
        uint256[] memory publicValues = PublicValues.assemble(
            InferenceContext.digest(PIN, PAYLOAD), _words(prompt), _words(aigcData), new uint256[](0)
        );
        try GATEWAY.verify(PIN, publicValues, proof) {
            return true;
        } catch {
            return false;
        }
    }

    /// @inheritdoc ERC165
    function supportsInterface(bytes4 interfaceId) public view override returns (bool) {
        return interfaceId == type(IERC7007Verifier).interfaceId || super.supportsInterface(interfaceId);
    }

    function _words(bytes calldata data) private pure returns (uint256[] memory words) {
        words = new uint256[](data.length / 32);
        for (uint256 i = 0; i < words.length; ++i) {
            words[i] = uint256(bytes32(data[32 * i:]));
        }
    }
}
