// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {
    AccessControlDefaultAdminRules
} from "@openzeppelin/contracts/access/extensions/AccessControlDefaultAdminRules.sol";

import { IERC7992Registry, IERC7992Verifier } from "../../interfaces/IERC7992.sol";
import { InferenceContext } from "../../libraries/InferenceContext.sol";
import { ModelPin } from "../../types/ModelPin.sol";
import { PublicLayout } from "../../types/Schemas.sol";
import { IModelRegistry } from "../registry/IModelRegistry.sol";
import { ERC7992Encoding } from "./ERC7992Encoding.sol";
import { IBatchProofVerifier } from "./IBatchProofVerifier.sol";
import { IProofVerifier } from "./IProofVerifier.sol";
import { IVerdictGateway } from "./IVerdictGateway.sol";
import { IVerdictRoutes } from "./IVerdictRoutes.sol";
import { ProofSystemName } from "./ProofSystemName.sol";

/// @title The way to the verifiers
/// @notice See `IVerdictRoutes`. The administrator (handed over in two steps, with a delay) adds
/// routes and appoints guardians; guardians freeze routes. Nobody can replace a route, bring one
/// back, or touch a model.
contract VerdictGateway is IVerdictRoutes, AccessControlDefaultAdminRules {
    /// @notice May freeze routes.
    bytes32 public constant GUARDIAN_ROLE = keccak256("GUARDIAN_ROLE");

    IModelRegistry private immutable _REGISTRY;
    bool private immutable _ALLOWS_DEVELOPMENT;

    // The verifier, the bit above it if that is an `IBatchProofVerifier`, and the one above both if the
    // route is frozen.
    mapping(bytes4 selector => uint256) private _routes;
    uint256 private constant _BATCHES = 1 << 160;
    uint256 private constant _FROZEN = 1 << 161;

    mapping(address app => bytes4) private _pinned;

    /// @param registry_ The registry of the models.
    /// @param admin Adds routes and appoints guardians.
    /// @param adminDelay How long a new administrator waits before accepting.
    /// @param guardian The first guardian.
    /// @param allowDevelopment Whether verifiers that accept forged proofs may be added: for tests.
    constructor(IModelRegistry registry_, address admin, uint48 adminDelay, address guardian, bool allowDevelopment)
        AccessControlDefaultAdminRules(adminDelay, admin)
    {
        if (address(registry_).code.length == 0) revert NotARegistry(address(registry_));
        (_REGISTRY, _ALLOWS_DEVELOPMENT) = (registry_, allowDevelopment);
        _grantRole(GUARDIAN_ROLE, guardian);
    }

    // -------------------------------------------------------------------------------------- routes

    /// @inheritdoc IVerdictRoutes
    function addRoute(string calldata name, address verifier)
        external
        onlyRole(DEFAULT_ADMIN_ROLE)
        returns (bytes4 selector)
    {
        if (!ProofSystemName.isCanonical(name)) revert InvalidProofSystemName(name);
        selector = ProofSystemName.selectorOf(name);
        if (_routes[selector] != 0) revert RouteExists(selector);
        bool development = _isDevelopment(verifier);
        if (development && !_ALLOWS_DEVELOPMENT) revert DevelopmentSetupRefused(verifier);
        _routes[selector] = uint160(verifier) | (_takesBatches(verifier) ? _BATCHES : 0);
        emit RouteAdded(selector, verifier, name, development);
    }

    /// @inheritdoc IVerdictRoutes
    function freezeRoute(bytes4 selector) external onlyRole(GUARDIAN_ROLE) {
        _verifierOf(selector);
        _routes[selector] |= _FROZEN;
        emit RouteFrozen(selector, msg.sender);
    }

    /// @inheritdoc IVerdictRoutes
    function pinRoute(bytes4 selector) external {
        if (selector != 0) _verifierOf(selector);
        _pinned[msg.sender] = selector;
        emit RoutePinned(msg.sender, selector);
    }

    /// @inheritdoc IVerdictRoutes
    function routeOf(bytes4 selector) external view returns (address verifier, bool frozen) {
        uint256 route = _routes[selector];
        // forge-lint: disable-next-line(unsafe-typecast)
        return (address(uint160(route)), route & _FROZEN != 0);
    }

    /// @inheritdoc IVerdictRoutes
    function pinnedRouteOf(address app) external view returns (bytes4) {
        return _pinned[app];
    }

    /// @inheritdoc IVerdictRoutes
    function allowsDevelopmentSetup() external view returns (bool) {
        return _ALLOWS_DEVELOPMENT;
    }

    // -------------------------------------------------------------------------------- verification

    /// @dev `IVerdictGateway.verify` and `verifyMany`. Their arguments are the verifier's, but for
    /// pins in the keys' places: calldata is passed on as it is, and the verifier, or the adapter,
    /// judges its encoding. A function of that name would have Solidity do so before, for 440 gas.
    fallback() external {
        if (msg.sig == IVerdictGateway.verify.selector) _verify();
        else if (msg.sig == IVerdictGateway.verifyMany.selector) _verifyMany();
        else revert UnknownFunction(msg.sig);
    }

    /// @inheritdoc IVerdictRoutes
    function verifyActive(uint256 modelId, uint32 version, uint256[] calldata publicValues, bytes calldata proof)
        external
        view
    {
        ModelPin pin = _REGISTRY.activePin(modelId, version);
        _verifierFor(msg.sender, pin).verify(pin.key(), publicValues, proof);
    }

    /// @inheritdoc IERC7992Verifier
    /// @dev `output` is `abi.encode(int256[] values)`: the integers of all outputs, item by item.
    /// `proof` is laid out as `ERC7992Encoding` says; there is no offset in it that could point
    /// anywhere. The context is that of this gateway as consumer, with `inputCommitment` as
    /// payload, so such a proof is of no use to anybody else's contract.
    function verifyInference(uint256 modelId, bytes32 inputCommitment, bytes calldata output, bytes calldata proof)
        external
    {
        ModelPin pin = _pinFor(modelId, ERC7992Encoding.versionOf(proof));
        IProofVerifier verifier = _verifierFor(msg.sender, pin);
        uint256[] memory outputs = ERC7992Encoding.packOutput(output, _REGISTRY.specOf(modelId, pin.version()));
        _verifyInference(verifier, pin, inputCommitment, outputs, proof);
        emit InferenceVerified(modelId, inputCommitment, output, msg.sender);
    }

    /// @inheritdoc IVerdictRoutes
    function inputCommitmentOf(bytes32 salt, uint256[] calldata inputs, uint256[] calldata commitments)
        external
        pure
        returns (bytes32)
    {
        return ERC7992Encoding.inputCommitmentOf(salt, abi.encodePacked(inputs), abi.encodePacked(commitments));
    }

    /// @inheritdoc IERC7992Verifier
    function proofSystemOf(uint256 modelId) external view returns (bytes4) {
        (IERC7992Registry.ModelCommitment memory commitment,,) = _REGISTRY.getModel(modelId);
        return commitment.proofSystemId;
    }

    /// @inheritdoc IERC7992Verifier
    function registry() external view returns (address) {
        return address(_REGISTRY);
    }

    /// @inheritdoc AccessControlDefaultAdminRules
    function supportsInterface(bytes4 interfaceId) public view override returns (bool) {
        return interfaceId == type(IERC7992Verifier).interfaceId || interfaceId == type(IVerdictRoutes).interfaceId
            || interfaceId == type(IVerdictGateway).interfaceId || super.supportsInterface(interfaceId);
    }

    // ----------------------------------------------------------------------------------- internals

    /// @dev The pin is the first argument, and its key takes its place.
    function _verify() private view {
        ModelPin pin;
        assembly ("memory-safe") {
            pin := calldataload(4)
        }
        uint256 route = _codeOf(pin.selector());
        bytes4 selector = IProofVerifier.verify.selector;
        assembly ("memory-safe") {
            let data := mload(0x40)
            calldatacopy(data, 0, calldatasize())
            mstore(data, selector)
            mstore(add(data, 4), shr(96, pin))
            if iszero(staticcall(gas(), route, data, calldatasize(), 0, 0)) {
                returndatacopy(data, 0, returndatasize())
                revert(data, returndatasize())
            }
        }
    }

    /// @dev The list of pins comes first, where every verifier that takes calldata in any way reads
    /// it; each one's key takes its place.
    function _verifyMany() private view {
        uint256 count;
        bool canonical;
        assembly ("memory-safe") {
            canonical := eq(calldataload(4), 0x60)
            count := calldataload(0x64)
            canonical := and(canonical, iszero(gt(count, shr(5, calldatasize()))))
            canonical := and(canonical, iszero(gt(add(0x84, shl(5, count)), calldatasize())))
        }
        if (!canonical) revert NonCanonicalCalldata();
        if (count == 0) revert IBatchProofVerifier.NoProofs();
        bytes4 first = _pinAt(0).selector();
        bool together = true;
        for (uint256 i = 1; i < count; ++i) {
            together = together && _pinAt(i).selector() == first;
        }
        uint256 route = _codeOf(first);
        if (together && route & _BATCHES != 0) _verifyTogether(route, count);
        else _verifyEach();
    }

    /// @dev Of one route, whose verifier is an `IBatchProofVerifier`.
    function _verifyTogether(uint256 route, uint256 count) private view {
        bytes4 selector = IBatchProofVerifier.verifyMany.selector;
        assembly ("memory-safe") {
            let data := mload(0x40)
            calldatacopy(data, 0, calldatasize())
            mstore(data, selector)
            mstore(add(data, 4), 0x60)
            let pin := add(data, 0x84)
            for { let end := add(pin, shl(5, count)) } lt(pin, end) { pin := add(pin, 0x20) } {
                mstore(pin, shr(96, mload(pin)))
            }
            if iszero(staticcall(gas(), route, data, calldatasize(), 0, 0)) {
                returndatacopy(data, 0, returndatasize())
                revert(data, returndatasize())
            }
        }
    }

    /// @dev What can't be checked together.
    function _verifyEach() private view {
        (ModelPin[] memory pins, uint256[][] memory publicValues, bytes[] memory proofs) =
            abi.decode(msg.data[4:], (ModelPin[], uint256[][], bytes[]));
        if (publicValues.length != pins.length || proofs.length != pins.length) {
            revert IBatchProofVerifier.ListLengthsDiffer(pins.length, publicValues.length, proofs.length);
        }
        for (uint256 i = 0; i < pins.length; ++i) {
            // forge-lint: disable-next-line(unsafe-typecast)
            IProofVerifier verifier = IProofVerifier(address(uint160(_codeOf(pins[i].selector()))));
            verifier.verify(pins[i].key(), publicValues[i], proofs[i]);
        }
    }

    /// @dev Pin number `index` of `verifyMany`, where it must be.
    function _pinAt(uint256 index) private pure returns (ModelPin pin) {
        assembly ("memory-safe") {
            pin := calldataload(add(0x84, shl(5, index)))
        }
    }

    /// @dev A route that exists, isn't frozen, and whose verifier is still there: an account without
    /// code would accept everything. `addRoute` found code, but in the transaction that creates a
    /// contract it can still vanish.
    function _codeOf(bytes4 selector) private view returns (uint256 route) {
        route = _routes[selector];
        if (route == 0 || route >= _FROZEN) _refuse(selector, route);
        // forge-lint: disable-next-line(unsafe-typecast)
        if (address(uint160(route)).code.length == 0) revert NotAVerifier(address(uint160(route)));
    }

    /// @dev The pin of a version that exists and is active, with ERC-7992's errors. For this standard a
    /// model is deprecated if its current version is: `getModel` says so, and nothing is verified
    /// then.
    function _pinFor(uint256 modelId, uint32 version) private view returns (ModelPin) {
        uint32 latest = _REGISTRY.versionCount(modelId);
        if (version == 0 || version > latest) revert ModelMismatch();
        bool active = _REGISTRY.isActive(modelId, latest) && _REGISTRY.isActive(modelId, version);
        if (!active) revert VerificationRefused_ModelDeprecated(modelId);
        return _REGISTRY.pinOf(modelId, version);
    }

    function _verifyInference(
        IProofVerifier verifier,
        ModelPin pin,
        bytes32 inputCommitment,
        uint256[] memory outputs,
        bytes calldata proof
    ) private view {
        PublicLayout memory shape = _REGISTRY.layoutOf(pin.modelId(), pin.version());
        if (ERC7992Encoding.inputCommitmentOf(proof, shape) != inputCommitment) revert InputCommitmentMismatch();
        uint256 context = InferenceContext.digest(pin, inputCommitment);
        (uint256[] memory publicValues, bytes calldata inner) =
            ERC7992Encoding.publicValuesOf(proof, shape, context, outputs);
        try verifier.verify(pin.key(), publicValues, inner) { }
        catch {
            revert InvalidProof();
        }
    }

    /// @dev The verifier of a route that exists and isn't frozen.
    function _verifierOf(bytes4 selector) private view returns (IProofVerifier) {
        uint256 route = _routes[selector];
        if (route == 0 || route >= _FROZEN) _refuse(selector, route);
        // forge-lint: disable-next-line(unsafe-typecast)
        return IProofVerifier(address(uint160(route)));
    }

    /// @dev Says what is wrong with a route.
    function _refuse(bytes4 selector, uint256 route) private pure {
        if (route == 0) revert UnsupportedProofSystem(selector);
        revert RouteIsFrozen(selector);
    }

    /// @dev The same, if `app` takes proofs of the pin's route.
    function _verifierFor(address app, ModelPin pin) private view returns (IProofVerifier) {
        (bytes4 pinned, bytes4 selector) = (_pinned[app], pin.selector());
        if (pinned != 0 && pinned != selector) revert RouteNotPinned(app, pinned, selector);
        return _verifierOf(selector);
    }

    function _isDevelopment(address verifier) private view returns (bool) {
        (bool ok, bytes memory answer) = verifier.staticcall(abi.encodeCall(IProofVerifier.isDevelopmentSetup, ()));
        if (verifier.code.length == 0 || !ok || answer.length != 32) revert NotAVerifier(verifier);
        uint256 word = abi.decode(answer, (uint256));
        if (word > 1) revert NotAVerifier(verifier);
        return word == 1;
    }

    /// @dev Whether the verifier is an `IBatchProofVerifier`: one that isn't would be asked in vain.
    function _takesBatches(address verifier) private view returns (bool) {
        bytes memory none =
            abi.encodeCall(IBatchProofVerifier.verifyMany, (new address[](0), new uint256[][](0), new bytes[](0)));
        (bool ok, bytes memory answer) = verifier.staticcall(none);
        return !ok && answer.length == 4 && bytes4(answer) == IBatchProofVerifier.NoProofs.selector;
    }
}
