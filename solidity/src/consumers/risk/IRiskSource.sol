// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.24;

import { IFeatureSource } from "../../features/IFeatureSource.sol";
import { ModelPin } from "../../types/ModelPin.sol";
import { RISK_PARAMETERS, RiskParameter } from "./RiskTypes.sol";

/// @notice Which value of a model's outputs a parameter is.
/// @param parameter The parameter.
/// @param output Which of the model's outputs.
/// @param index Which of its values.
/// @param decimals Real numbers times 10^decimals are the parameter's units: 18 for ratios, the
/// asset's decimals for caps.
struct RiskBinding {
    RiskParameter parameter;
    uint8 output;
    uint32 index;
    uint8 decimals;
}

/// @title What a model says about the risk of a market
/// @notice One model version, one market, one source of inputs; nothing of it ever changes. It only
/// judges proofs: what is done with the values is the updater's business.
interface IRiskSource {
    /// @notice The configuration makes no sense there.
    error InvalidSource(bytes32 field);

    /// @notice The version is deprecated.
    error ModelNotActive(uint256 modelId, uint256 version);

    /// @notice The proof's route was frozen.
    error RouteIsFrozen(bytes4 selector);

    /// @notice The proof was good until `deadline`.
    error DeadlineOver(uint256 deadline);

    /// @notice The inputs are from the future, or older than `oldest`.
    error EvidenceOutOfRange(uint256 oldest, uint256 evidenceTime);

    /// @notice The model has `expected` words of input, commitments included.
    error WrongEvidenceLength(uint256 expected, uint256 actual);

    /// @notice What the model makes of the inputs that the feature source vouches for now; reverts
    /// without a proof of it.
    /// @dev The proof is about: the context for this contract and the payload of
    /// `payloadOf(deadline)`; the words of the feature source; `outputs`; the commitments of the
    /// feature source.
    /// @param deadline The prover's: until when the proof is good.
    /// @param evidence For the feature source, whose subject is the market:
    /// `bytes32(uint256(uint160(market)))`.
    /// @param outputs The model's output words.
    /// @return evidenceTime When the inputs were true.
    /// @return values The model's real numbers in the units of the parameters in `mask`, by
    /// parameter.
    function infer(uint256 deadline, bytes calldata evidence, uint256[] calldata outputs, bytes calldata proof)
        external
        view
        returns (uint256 evidenceTime, int256[RISK_PARAMETERS] memory values);

    /// @notice Reverts if the model's owner deprecated the version, or guardians froze the route to
    /// its verifier.
    function checkUsable() external view;

    /// @notice What the context of a proof hashes:
    /// `keccak256(abi.encode(INFERENCE_TYPEHASH, market, deadline))`.
    function payloadOf(uint256 deadline) external view returns (bytes32);

    /// @notice The market.
    function market() external view returns (address);

    /// @notice The parameters it has values for.
    function mask() external view returns (uint8);

    /// @notice Which outputs they are.
    function bindings() external view returns (RiskBinding[] memory);

    /// @notice The pinned version.
    function pin() external view returns (ModelPin);

    /// @notice Where the model's inputs come from.
    function featureSource() external view returns (IFeatureSource);

    /// @notice How old the inputs can be, in seconds.
    function maximumAge() external view returns (uint256);
}
