// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.24;

/// @title The development set-up
/// @notice `[τ]_2` of a set-up whose τ is public. Proofs under it prove nothing: whoever knows τ
/// forges them at will.
/// @dev crates/prover/src/development.rs makes it. The only contract file to change when that
/// set-up changes.
library DevelopmentSetup {
    // `[τ]_2`, imaginary parts first.
    uint256 private constant _X_IM = 0x20cc502b87a54311a2f094149f01ef3661bfd6d6251e31b153d38282c0b37fc8;
    uint256 private constant _X_RE = 0x002408c859cc15fcef576173eaf90e2ab98a196c9ce4681b71365a39ac930eac;
    uint256 private constant _Y_IM = 0x00b37ff82d4a40919806dab9e3ddfe025c13844134a91b8f1997f5a3fc660832;
    uint256 private constant _Y_RE = 0x26dd1a8b7a12b545fbd6dba5f6a39f439e02e2c942509d0387cadf5f84339f7d;

    /// @notice `[τ]_2` of the development set-up.
    function tauG2() internal pure returns (uint256[4] memory) {
        return [_X_IM, _X_RE, _Y_IM, _Y_RE];
    }

    /// @notice Whether `[τ]_2` is the one of the development set-up.
    function matches(uint256 xIm, uint256 xRe, uint256 yIm, uint256 yRe) internal pure returns (bool) {
        return xIm == _X_IM && xRe == _X_RE && yIm == _Y_IM && yRe == _Y_RE;
    }
}
