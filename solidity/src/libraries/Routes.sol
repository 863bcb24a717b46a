// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.24;

import { IVerdictRoutes } from "../core/gateway/IVerdictRoutes.sol";
import { IERC7992Verifier } from "../interfaces/IERC7992.sol";
import { ModelPin } from "../types/ModelPin.sol";

/// @title Whether a version's proofs can be verified
/// @notice A version names a route, and anyone registers versions: one whose route nobody has added
/// yet leaves it to whoever adds it what counts as a proof. Whoever pins a version checks first.
library Routes {
    /// @notice Reverts unless there is a route for the pin's proofs, and it isn't frozen.
    function check(IVerdictRoutes gateway, ModelPin pin) internal view {
        (address verifier, bool frozen) = _find(gateway, pin);
        if (verifier == address(0)) revert IERC7992Verifier.UnsupportedProofSystem(pin.selector());
        if (frozen) revert IVerdictRoutes.RouteIsFrozen(pin.selector());
    }

    /// @notice Whether there is such a route.
    function isOpen(IVerdictRoutes gateway, ModelPin pin) internal view returns (bool) {
        (address verifier, bool frozen) = _find(gateway, pin);
        return verifier != address(0) && !frozen;
    }

    function _find(IVerdictRoutes gateway, ModelPin pin) private view returns (address verifier, bool frozen) {
        return gateway.routeOf(pin.selector());
    }
}
