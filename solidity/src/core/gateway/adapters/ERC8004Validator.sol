// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import { Strings } from "@openzeppelin/contracts/utils/Strings.sol";

import { IERC8004ValidationRegistry } from "../../../interfaces/IERC8004ValidationRegistry.sol";
import { InferenceContext } from "../../../libraries/InferenceContext.sol";
import { PublicValues } from "../../../libraries/PublicValues.sol";
import { PublicLayout } from "../../../types/Schemas.sol";
import { IModelRegistry } from "../../registry/IModelRegistry.sol";
import { IVerdictGateway } from "../IVerdictGateway.sol";

/// @title A validator of ERC-8004 agents
/// @notice An agent claims that a version of a model makes certain outputs of certain inputs, and
/// asks this contract to validate: `validationRequest(this, agentId, requestURI, requestHash)`,
/// with `requestHashOf` the claim. Whoever brings a proof makes this contract answer 100. There is
/// no other answer: no proof disproves a claim.
///
/// A 100 says that a model says so, not that the model is worth anything: anyone registers one. So
/// tag and response hash name model and version; ask the registry of validations for the tag of a
/// version that is known (`getSummary(agentId, [this], tagOf(modelId, version))`), never for all.
///
/// That registry takes a hash once, from whoever comes first, for whichever agent. So a proof is about
/// the claim, and the salt is the request's alone: an agent whose request is overtaken by somebody with
/// the same hash asks anew, with another salt, and the proof is good for that. The credit can't be
/// taken, for the claim names the agent; and one claim earns one response, however many salts.
contract ERC8004Validator {
    /// @notice What an agent claims.
    /// @param agentId The agent.
    /// @param modelId A model of the gateway's registry.
    /// @param version A version of it; must be active when the proof is brought.
    /// @param inputs The public input words.
    /// @param outputs The output words.
    /// @param commitments The commitments to private inputs.
    /// @param salt Makes requests for one claim different. No part of what is proved.
    struct Claim {
        uint256 agentId;
        uint256 modelId;
        uint32 version;
        uint256[] inputs;
        uint256[] outputs;
        uint256[] commitments;
        bytes32 salt;
    }

    /// @notice A claim was proved.
    event ClaimProved(bytes32 indexed requestHash, uint256 indexed agentId, address indexed prover);

    /// @notice Nobody asked this contract to validate the claim for its agent.
    error NotRequested(bytes32 requestHash);

    /// @notice The claim has been validated, by this request or by another.
    error AlreadyValidated(bytes32 claimHash);

    /// @notice The version has other numbers of input words, output words and commitments.
    error WrongWordCount(uint256 inputs, uint256 outputs, uint256 commitments);

    /// @notice keccak256 of the type of a claim, by EIP-712.
    bytes32 public constant CLAIM_TYPEHASH = keccak256(
        "VerdictClaim(uint256 agentId,uint256 modelId,uint32 version,uint256[] inputs,uint256[] outputs,uint256[] commitments)"
    );

    /// @notice keccak256 of the type of a request, by EIP-712.
    bytes32 public constant REQUEST_TYPEHASH = keccak256(
        "VerdictRequest(VerdictClaim claim,bytes32 salt)VerdictClaim(uint256 agentId,uint256 modelId,uint32 version,uint256[] inputs,uint256[] outputs,uint256[] commitments)"
    );

    /// @notice The kind of validation, in the registry; `tagOf` appends model and version.
    string public constant TAG = "verdict-zkml";

    /// @notice ERC-8004's registry of validations.
    IERC8004ValidationRegistry public immutable VALIDATIONS;

    /// @notice The gateway.
    IVerdictGateway public immutable GATEWAY;

    /// @notice Whether a claim was validated.
    mapping(bytes32 claimHash => bool) public isValidated;

    /// @param validations ERC-8004's registry of validations.
    /// @param gateway The gateway.
    constructor(IERC8004ValidationRegistry validations, IVerdictGateway gateway) {
        (VALIDATIONS, GATEWAY) = (validations, gateway);
    }

    /// @notice Validates a claim; for anyone who has a proof. Its context is that of this contract
    /// as consumer, with the claim's hash as payload. The response's hash is the keccak-256 of model,
    /// version and public values, 32 bytes each.
    /// @param claim What was claimed.
    /// @param proof The verifier's.
    function validate(Claim calldata claim, bytes calldata proof) external {
        bytes32 claimHash = claimHashOf(claim);
        if (isValidated[claimHash]) revert AlreadyValidated(claimHash);
        bytes32 requestHash = _requestHash(claimHash, claim.salt);
        // Else an agent could take the credit for another's claim, by requesting its validation
        // first.
        (address validator, uint256 agentId,,,,) = VALIDATIONS.getValidationStatus(requestHash);
        if (validator != address(this) || agentId != claim.agentId) revert NotRequested(requestHash);
        bytes32 responseHash = _verify(claim, claimHash, proof);

        isValidated[claimHash] = true;
        emit ClaimProved(requestHash, agentId, msg.sender);
        VALIDATIONS.validationResponse(requestHash, 100, "", responseHash, tagOf(claim.modelId, claim.version));
    }

    /// @notice The tag of responses about a version: `verdict-zkml/<modelId>/<version>`, in decimal.
    function tagOf(uint256 modelId, uint32 version) public pure returns (string memory) {
        return string.concat(TAG, "/", Strings.toString(modelId), "/", Strings.toString(version));
    }

    /// @dev What the response is about, if the proof is right.
    function _verify(Claim calldata claim, bytes32 claimHash, bytes calldata proof) private view returns (bytes32) {
        _checkWords(claim);
        uint256 context = InferenceContext.digest(address(this), claim.modelId, claim.version, claimHash);
        uint256[] memory publicValues = PublicValues.assemble(context, claim.inputs, claim.outputs, claim.commitments);
        GATEWAY.verifyActive(claim.modelId, claim.version, publicValues, proof);
        return keccak256(abi.encodePacked(claim.modelId, uint256(claim.version), publicValues));
    }

    /// @dev The proof is of one row of words, wherever the claim puts the ends of its parts. An
    /// input, which the agent is free to choose, must not be shown as an output.
    function _checkWords(Claim calldata claim) private view {
        PublicLayout memory shape = IModelRegistry(GATEWAY.registry()).layoutOf(claim.modelId, claim.version);
        bool fits = claim.inputs.length == shape.inputWords && claim.outputs.length == shape.outputWords
            && claim.commitments.length == shape.commitments;
        if (!fits) revert WrongWordCount(shape.inputWords, shape.outputWords, shape.commitments);
    }

    /// @notice The hash under which a claim's validation is requested: EIP-712's of claim and salt.
    function requestHashOf(Claim calldata claim) external pure returns (bytes32) {
        return _requestHash(claimHashOf(claim), claim.salt);
    }

    /// @notice The hash of what is claimed: EIP-712's of the struct, without the salt.
    function claimHashOf(Claim calldata claim) public pure returns (bytes32) {
        return keccak256(
            abi.encode(
                CLAIM_TYPEHASH,
                claim.agentId,
                claim.modelId,
                claim.version,
                keccak256(abi.encodePacked(claim.inputs)),
                keccak256(abi.encodePacked(claim.outputs)),
                keccak256(abi.encodePacked(claim.commitments))
            )
        );
    }

    function _requestHash(bytes32 claimHash, bytes32 salt) private pure returns (bytes32) {
        return keccak256(abi.encode(REQUEST_TYPEHASH, claimHash, salt));
    }
}
