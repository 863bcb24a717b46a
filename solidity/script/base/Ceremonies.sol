// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

/// @title Set-ups of known ceremonies
/// @notice A set-up is known by keccak256 of its `[τ]_2`, imaginary parts first. The figures are
/// from public sources, named beside them; test/script/Ceremonies.t.sol has the points. Ethereum's
/// KZG ceremony is not here: it was for another curve, BLS12-381.
/// @dev That a ceremony is known says that its `[τ]_2` is the one that others use; not that one of
/// those who took part forgot their secret, which everyone believes for themselves.
library Ceremonies {
    // The development set-up, whose τ is public: see `DevelopmentSetup`.
    bytes32 private constant _DEVELOPMENT = 0x8f6dcd56b6f0869d1eb7bf0a87f8a060a84bcb90ac3a8832ef8454f58a4506f3;

    // powersOfTau28_hez_final.ptau: Perpetual Powers of Tau after 54 contributions, and a beacon
    // (github.com/geometryxyz/ppot-rs, README.md). X2x1 to X2y2 of
    // github.com/0xPolygonHermez/zkevm-contracts, contracts/verifiers/FflonkVerifier.sol, which
    // Polygon's instructions for its verification make of that file.
    bytes32 private constant _HERMEZ = 0x5736faa81ef252f765fecc3ba80c8bf4d0c048018479d90226905df3f03c0d36;

    // challenge_0085 of Perpetual Powers of Tau, what 84 contributions made. Two sources agree:
    // G2_TAU of github.com/Layr-Labs/rust-kzg-bn254, primitives/src/consts.rs (whose file's name
    // tools/srs-utils/README.md of github.com/Layr-Labs/eigenda has), and the last pairing, with
    // −[τ]_2, of github.com/openvm-org/openvm-solidity-sdk, src/v1.6/Halo2Verifier.sol.
    bytes32 private constant _PERPETUAL_84 = 0x61c9d3a94ffdd257cec4a7bfc7c05287a312448e589bfc055f905964008fa955;

    // Aztec's Ignition of January 2020. `vk.g2_x` of
    // github.com/AztecProtocol/aztec-verifier-contracts,
    // src/ultra/keys/BlakeUltraVerificationKey.sol.
    bytes32 private constant _IGNITION = 0xe9a6818e299fcd54ca932974a91f47bb7d52c89025865a20e05fac696e025d63;

    /// @notice The digest by which a set-up is known.
    function digestOf(uint256[4] memory tauG2) internal pure returns (bytes32) {
        return keccak256(abi.encode(tauG2));
    }

    /// @notice The name of a set-up's ceremony; empty if it is not known.
    function nameOf(uint256[4] memory tauG2) internal pure returns (string memory) {
        bytes32 digest = digestOf(tauG2);
        if (digest == _HERMEZ) return "hermez";
        if (digest == _PERPETUAL_84) return "perpetual-powers-of-tau-84";
        if (digest == _IGNITION) return "aztec-ignition";
        if (digest == _DEVELOPMENT) return "development";
        return "";
    }
}
