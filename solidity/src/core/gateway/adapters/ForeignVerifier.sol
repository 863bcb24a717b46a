// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.24;

import { DataContract } from "../../../libraries/DataContract.sol";
import { KEY_COUNT_SHIFT } from "../../verifier/libraries/VerifyingKeyFormat.sol";
import { IProofVerifier } from "../IProofVerifier.sol";

/// @title A verifier of another proof system, as a gateway's route
/// @notice A verifying key is the code of an account, as ever: STOP, then
///
/// ```
/// header    32 bytes   "VDCF" ‖ 2 ‖ 4 zero bytes ‖ number of public values (2 bytes) ‖
///                      21 zero bytes
/// program   32 bytes   the other system's name of the program that was proved
/// ```
///
/// The program's public output must be the public values, each as 32 bytes, big-endian, and nothing
/// else.
/// @dev The header has the number of public values where `VerifyingKeyFormat` has it, so that a
/// registry can compare it with the model's spec. Here it is checked for each proof: another number
/// would be another statement.
abstract contract ForeignVerifier is IProofVerifier {
    /// @notice The code at `account` is not such a key.
    error NotAForeignKey(address account);

    /// @notice The key asks for another number of public values, the context included.
    error WrongPublicValueCount(uint256 expected, uint256 actual);

    /// @notice There is no code at the verifier's address.
    error NoVerifier(address verifier);

    /// @dev "VDCF", version 2.
    uint256 private constant _HEADER = 0x5644434602 << 216;

    /// @inheritdoc IProofVerifier
    bool public immutable isDevelopmentSetup;

    /// @param verifier The other system's.
    /// @param empty A call of it with an empty proof. Verifiers that accept any proof are for
    /// tests.
    constructor(address verifier, bytes memory empty) {
        if (verifier.code.length == 0) revert NoVerifier(verifier);
        (isDevelopmentSetup,) = verifier.staticcall(empty);
    }

    /// @notice Makes a key; for anyone.
    /// @param program The other system's name of the program.
    /// @param publicValueCount The number of public values, the context included.
    /// @return key The account whose code is the key.
    function publishKey(bytes32 program, uint16 publicValueCount) external returns (address key) {
        return DataContract.write(abi.encode(_HEADER | (uint256(publicValueCount) << KEY_COUNT_SHIFT), program));
    }

    /// @inheritdoc IProofVerifier
    function verify(address verifyingKey, uint256[] calldata publicValues, bytes calldata proof) external view {
        bytes memory data = DataContract.read(verifyingKey);
        if (data.length != 64) revert NotAForeignKey(verifyingKey);
        (uint256 header, bytes32 program) = abi.decode(data, (uint256, bytes32));
        uint256 count = (header >> KEY_COUNT_SHIFT) & 0xffff;
        if (header != _HEADER | (count << KEY_COUNT_SHIFT)) revert NotAForeignKey(verifyingKey);
        if (publicValues.length != count) revert WrongPublicValueCount(count, publicValues.length);
        _verify(program, abi.encodePacked(publicValues), proof);
    }

    /// @dev Reverts unless `proof` proves that `program` put out `journal`.
    function _verify(bytes32 program, bytes memory journal, bytes calldata proof) internal view virtual;
}
