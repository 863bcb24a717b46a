// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.24;

import { IERC7992Verifier } from "../../interfaces/IERC7992.sol";
import { ModelSpecs } from "../../libraries/ModelSpecs.sol";
import { PublicValues } from "../../libraries/PublicValues.sol";
import { ModelSpec, PublicLayout } from "../../types/Schemas.sol";

/// @title The bytes that `verifyInference` takes
/// @dev `proof`, with the numbers of words from the version's `PublicLayout`:
///
/// ```
/// version        4 bytes
/// salt          32 bytes
/// inputs        32·inputWords
/// commitments   32·commitments
/// proof         the rest: the verifier's
/// ```
///
/// `output` is the one standard encoding of `int256[]`: 0x20, the length, the values, nothing else.
/// The values stand item by item, whatever the order of the words; see `ModelSpecs.packOutputs`.
library ERC7992Encoding {
    /// @notice keccak256("VerdictInputs(bytes32 salt,bytes inputs,bytes commitments)")
    bytes32 internal constant INPUTS_TYPEHASH = keccak256("VerdictInputs(bytes32 salt,bytes inputs,bytes commitments)");

    uint256 private constant _SALT_AT = 4;
    uint256 private constant _INPUTS_AT = 36;

    /// @notice The version that a proof names.
    function versionOf(bytes calldata proof) internal pure returns (uint32) {
        if (proof.length < _INPUTS_AT) revert IERC7992Verifier.InvalidProof();
        return uint32(bytes4(proof[:_SALT_AT]));
    }

    /// @notice The commitment to what comes with a proof.
    function inputCommitmentOf(bytes calldata proof, PublicLayout memory shape) internal pure returns (bytes32) {
        uint256 commitmentsAt = _INPUTS_AT + 32 * uint256(shape.inputWords);
        uint256 proofAt = commitmentsAt + 32 * uint256(shape.commitments);
        if (proof.length < proofAt) revert IERC7992Verifier.InvalidProof();
        return inputCommitmentOf(
            bytes32(proof[_SALT_AT:_INPUTS_AT]), proof[_INPUTS_AT:commitmentsAt], proof[commitmentsAt:proofAt]
        );
    }

    /// @notice The commitment to a salt, input words and commitments, as EIP-712 hashes a struct.
    function inputCommitmentOf(bytes32 salt, bytes memory inputs, bytes memory commitments)
        internal
        pure
        returns (bytes32)
    {
        return keccak256(abi.encode(INPUTS_TYPEHASH, salt, keccak256(inputs), keccak256(commitments)));
    }

    /// @notice The output words of `output`.
    function packOutput(bytes calldata output, ModelSpec memory spec) internal pure returns (uint256[] memory) {
        if (output.length < 64) revert IERC7992Verifier.OutputMismatch();
        uint256 count = ModelSpecs.outputCount(spec);
        bool standard = uint256(bytes32(output[:32])) == 32 && uint256(bytes32(output[32:64])) == count;
        if (!standard || output.length != 64 + 32 * count) revert IERC7992Verifier.OutputMismatch();
        return ModelSpecs.packOutputs(spec, abi.decode(output, (int256[])));
    }

    /// @notice The public values, and the verifier's proof. The proof must be as long as
    /// `inputCommitmentOf` demands.
    function publicValuesOf(bytes calldata proof, PublicLayout memory shape, uint256 context, uint256[] memory outputs)
        internal
        pure
        returns (uint256[] memory publicValues, bytes calldata inner)
    {
        uint256 commitmentsAt = _INPUTS_AT + 32 * uint256(shape.inputWords);
        publicValues = PublicValues.assemble(
            context,
            _words(proof[_INPUTS_AT:], shape.inputWords),
            outputs,
            _words(proof[commitmentsAt:], shape.commitments)
        );
        inner = proof[commitmentsAt + 32 * uint256(shape.commitments):];
    }

    function _words(bytes calldata data, uint256 count) private pure returns (uint256[] memory words) {
        words = new uint256[](count);
        for (uint256 i = 0; i < count; ++i) {
            words[i] = uint256(bytes32(data[32 * i:]));
        }
    }
}
