// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

/// @title The development set-up
/// @notice `[τ]_2` of a set-up whose τ is public. Proofs under it prove nothing: whoever knows τ forges them at will.
/// @dev The only file to change when that set-up changes.
library DevelopmentSetup {
    // `[τ]_2`, imaginary parts first.
    uint256 private constant _X_IM = 0;
    uint256 private constant _X_RE = 0;
    uint256 private constant _Y_IM = 0;
    uint256 private constant _Y_RE = 0;

    /// @notice `[τ]_2` of the development set-up.
    function tauG2() internal pure returns (uint256[4] memory) {
        return [_X_IM, _X_RE, _Y_IM, _Y_RE];
    }

    /// @notice Whether `[τ]_2` is the one of the development set-up.
    function matches(uint256 xIm, uint256 xRe, uint256 yIm, uint256 yRe) internal pure returns (bool) {
        return xIm == _X_IM && xRe == _X_RE && yIm == _Y_IM && yRe == _Y_RE;
    }
}
