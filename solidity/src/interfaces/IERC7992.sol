// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.24;

// ERC-7992, Verifiable ML Model Inference (draft of November 2025), repaired where its Solidity
// does not compile:
//
// - The registry declares an event and an error `ModelDeprecated(uint256)`; Solidity wants one name
//   for one thing. The error is declared apart, in `IERC7992RegistryErrors`, which no contract
//   inherits: contracts revert with `IERC7992RegistryErrors.ModelDeprecated`. Topic, selector and
//   JSON ABI are those of the draft.
// - The draft's reference verifier overrides `registry() returns (address)` with a variable of an
//   interface type, and reverts with the registry's error instead of its own; here the return type
//   and the errors are the interface's.
//
// The draft names no interface ids: they are `type(…).interfaceId` of the interfaces below, which
// have its functions and no others.

/// @title Errors of an ERC-7992 registry that share a name with an event
interface IERC7992RegistryErrors {
    /// @notice The model is deprecated.
    error ModelDeprecated(uint256 modelId);
}

/// @title ERC-7992 registry
interface IERC7992Registry {
    /// @notice What a model is.
    /// @param modelHash Weights and architecture: the digest of the compiled model, manifest
    /// included.
    /// @param circuitHash What its public values mean: the digest of a `ModelSpec`. (The circuit is
    /// the same for every model.)
    /// @param vkHash keccak256 of the verifying key's bytes.
    /// @param proofSystemId Which verifier takes its proofs: the first bytes of the keccak256 of a
    /// name such as "groth16-bn254-v1".
    /// @param uri Where to find more; optional.
    struct ModelCommitment {
        bytes32 modelHash;
        bytes32 circuitHash;
        bytes32 vkHash;
        bytes4 proofSystemId;
        string uri;
    }

    /// @notice A model was registered.
    event ModelRegistered(uint256 indexed modelId, address indexed owner, ModelCommitment commitment);

    /// @notice A model has a new version.
    event ModelUpdated(uint256 indexed modelId, ModelCommitment oldCommitment, ModelCommitment newCommitment);

    /// @notice A model was deprecated, for good.
    event ModelDeprecated(uint256 indexed modelId);

    /// @notice There is no such model.
    error ModelNotFound(uint256 modelId);

    /// @notice Only the model's owner may do this.
    error NotModelOwner(uint256 modelId, address caller);

    /// @notice Registers a model; the caller owns it.
    function registerModel(ModelCommitment calldata commitment) external returns (uint256 modelId);

    /// @notice Changes what a model is.
    function updateModel(uint256 modelId, ModelCommitment calldata newCommitment) external;

    /// @notice Ends a model.
    function deprecateModel(uint256 modelId) external;

    /// @notice The current commitment of a model, whether it may still be used, and who owns it.
    function getModel(uint256 modelId)
        external
        view
        returns (ModelCommitment memory commitment, bool deprecated, address owner);
}

/// @title ERC-7992 verifier
interface IERC7992Verifier {
    /// @notice An inference was verified.
    event InferenceVerified(
        uint256 indexed modelId, bytes32 indexed inputCommitment, bytes output, address indexed caller
    );

    /// @notice The proof is wrong, or of something else.
    error InvalidProof();

    /// @notice The proof names a version that the model doesn't have.
    error ModelMismatch();

    /// @notice The input commitment isn't that of the inputs that come with the proof.
    error InputCommitmentMismatch();

    /// @notice The output isn't encoded as the model's schema demands.
    error OutputMismatch();

    /// @notice There is no route to a verifier for such proofs.
    error UnsupportedProofSystem(bytes4 proofSystemId);

    /// @notice The model is deprecated, as `getModel` says, or the version that the proof names is.
    error VerificationRefused_ModelDeprecated(uint256 modelId);

    /// @notice Reverts unless `proof` proves that the model yields `output`.
    function verifyInference(uint256 modelId, bytes32 inputCommitment, bytes calldata output, bytes calldata proof)
        external;

    /// @notice The proof system of a model's current version.
    function proofSystemOf(uint256 modelId) external view returns (bytes4);

    /// @notice The registry of the models.
    function registry() external view returns (address registryAddress);
}
