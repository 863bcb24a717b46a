// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.24;

import { IERC7992Verifier } from "../../interfaces/IERC7992.sol";

/// @title The routes to the verifiers
/// @notice Routes proofs by a 4-byte selector, ERC-7992's `proofSystemId`, to immutable verifiers.
/// A route is added once, never replaced, and can be frozen, forever.
/// @dev A route is only ever used by those whose model version, or pin, names its selector: adding
/// one changes nothing for anybody. Freezing one stops everybody who uses it.
interface IVerdictRoutes is IERC7992Verifier {
    /// @notice A route was added.
    event RouteAdded(bytes4 indexed selector, address indexed verifier, string name, bool development);

    /// @notice A route was frozen, for good.
    event RouteFrozen(bytes4 indexed selector, address indexed guardian);

    /// @notice An app takes no proofs but those of one route; zero ends that.
    event RoutePinned(address indexed app, bytes4 indexed selector);

    /// @notice The registry has no code.
    error NotARegistry(address registry);

    /// @notice The account doesn't answer as an `IProofVerifier`.
    error NotAVerifier(address verifier);

    /// @notice The verifier accepts forged proofs, and this gateway wasn't made for tests.
    error DevelopmentSetupRefused(address verifier);

    /// @notice A name has lower-case letters and digits, in parts separated by single hyphens, as
    /// ERC-7992 asks.
    error InvalidProofSystemName(string name);

    /// @notice The gateway has no such function.
    error UnknownFunction(bytes4 selector);

    /// @notice The list of pins isn't where the standard ABI encoding has it.
    error NonCanonicalCalldata();

    /// @notice There is a route with this selector; it can't be replaced.
    error RouteExists(bytes4 selector);

    /// @notice The route is frozen.
    error RouteIsFrozen(bytes4 selector);

    /// @notice The app takes proofs of route `pinned` alone.
    error RouteNotPinned(address app, bytes4 pinned, bytes4 selector);

    /// @notice Adds a route. For the administrator.
    /// @param name The canonical name of proof system, curve and version, lower-case and separated
    /// by hyphens; the selector is the first four bytes of its keccak256.
    /// @param verifier Must be immutable code: no proxy. Nobody can check this on chain; whoever
    /// adds it answers for it.
    function addRoute(string calldata name, address verifier) external returns (bytes4 selector);

    /// @notice Freezes a route, forever. For guardians.
    function freezeRoute(bytes4 selector) external;

    /// @notice From now on, proofs that the caller verifies by model (`verifyActive`,
    /// `verifyInference`) must be of this route; zero ends that. So that a new version of a model
    /// can't bring another proof system along.
    function pinRoute(bytes4 selector) external;

    /// @notice Reverts unless `proof` proves that a version yields `publicValues`, and that version
    /// is active.
    function verifyActive(uint256 modelId, uint32 version, uint256[] calldata publicValues, bytes calldata proof)
        external
        view;

    /// @notice A route: its verifier, or zero, and whether it is frozen.
    function routeOf(bytes4 selector) external view returns (address verifier, bool frozen);

    /// @notice The one route whose proofs `app` takes, or zero.
    function pinnedRouteOf(address app) external view returns (bytes4);

    /// @notice Whether routes to verifiers with a development set-up can be added. Never, in
    /// production.
    function allowsDevelopmentSetup() external view returns (bool);

    /// @notice What `verifyInference` demands as `inputCommitment`.
    /// @dev Does not bind the caller. Who needs proofs for itself alone hashes its address, and a
    /// nonce, into `salt`.
    function inputCommitmentOf(bytes32 salt, uint256[] calldata inputs, uint256[] calldata commitments)
        external
        pure
        returns (bytes32);
}
