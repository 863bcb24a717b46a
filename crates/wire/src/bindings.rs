//! The two contracts that read these bytes: the verifier, and the publisher of verifying keys.
#![allow(missing_docs)]

alloy_sol_types::sol! {
    #[derive(Debug, PartialEq, Eq)]
    interface IInferenceVerifier {
        error NotAVerifyingKey(address account);
        error WrongPublicValueCount(uint256 expected, uint256 actual);
        error WrongProofLength(uint256 expected, uint256 actual);
        error NonCanonicalCalldata();
        error PublicValueNotCanonical(uint256 index);
        error ScalarNotCanonical(uint256 index);
        error CoordinateNotCanonical(uint256 index);
        error PointAtInfinity(uint256 index);
        error PointNotOnCurve(uint256 index);
        error EvaluationPointInDomain();
        error PrecompileFailed();
        error ProofRejected();
        error NoProofs();
        error ListLengthsDiffer(uint256 verifyingKeys, uint256 publicValues, uint256 proofs);
        // The contract's constructor reverts with this; it is no part of the interface.
        error InvalidSetup();

        function verify(address verifyingKey, uint256[] calldata publicValues, bytes calldata proof) external view;
        function verifyMany(address[] calldata verifyingKeys, uint256[][] calldata publicValues, bytes[] calldata proofs)
            external view;
        function isDevelopmentSetup() external view returns (bool);
        function tauG2() external view returns (uint256[4] memory);
    }

    #[derive(Debug, PartialEq, Eq)]
    interface IVerifyingKeys {
        error InvalidHeader();
        error WrongKeyLength(uint256 expected, uint256 actual);
        error CommitmentNotCanonical(uint256 index);
        error CommitmentNotOnCurve(uint256 index);
        error PublicationFailed();

        event VerifyingKeyPublished(address indexed key, bytes32 indexed digest, uint8 height, uint8 width);

        function publish(bytes calldata key) external returns (address account);
        function addressOf(bytes calldata key) external view returns (address);
    }
}
