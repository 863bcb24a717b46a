// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import { Test } from "forge-std/Test.sol";

import { IVerdictGateway } from "../../../src/core/gateway/IVerdictGateway.sol";
import { VerdictGateway } from "../../../src/core/gateway/VerdictGateway.sol";
import { ModelPin, ModelPins } from "../../../src/types/ModelPin.sol";
import { CoreTest } from "../../utils/CoreTest.sol";
import { AnyBatchVerifier, AnyProofVerifier } from "./Mocks.sol";

/// @dev Does to a gateway what its administrator, guardians and apps may try, in any order. All
/// verifiers accept everything, so that only routes matter.
contract GatewayHandler is Test {
    IVerdictGateway public immutable GATEWAY;

    address private immutable _ADMIN;
    address private immutable _GUARDIAN;

    bytes4[] public selectors;
    mapping(bytes4 selector => address) public verifierOf;
    mapping(bytes4 selector => bool) public frozen;
    mapping(address app => bytes4) public pinned;
    address[] private _development;
    // Set when something happened that must not.
    string public violation;

    constructor(IVerdictGateway gateway, address admin, address guardian) {
        (GATEWAY, _ADMIN, _GUARDIAN) = (gateway, admin, guardian);
    }

    function count() external view returns (uint256) {
        return selectors.length;
    }

    function addRoute(uint256 who, uint256 name, bool development) external {
        string memory text = string.concat("system-v", vm.toString(name % 12));
        bytes4 selector = bytes4(keccak256(bytes(text)));
        address verifier =
            name % 2 == 0 ? address(new AnyProofVerifier(development)) : address(new AnyBatchVerifier(development));
        address caller = _caller(who);
        vm.prank(caller);
        try GATEWAY.addRoute(text, verifier) returns (bytes4 added) {
            _require(added == selector, "another selector");
            _require(verifierOf[selector] == address(0), "a route was replaced");
            _require(caller == _ADMIN, "a stranger added a route");
            _require(!development, "a development set-up was added");
            verifierOf[selector] = verifier;
            selectors.push(selector);
        } catch { }
    }

    function freeze(uint256 who, uint256 which) external {
        // Seldom: a frozen route stays so.
        if (which % 3 != 0) return;
        (bytes4 selector, address caller) = (_selector(which / 3), _caller(who));
        vm.prank(caller);
        try GATEWAY.freezeRoute(selector) {
            _require(caller == _GUARDIAN, "a stranger froze a route");
            frozen[selector] = true;
        } catch { }
    }

    function pin(uint256 who, uint256 which) external {
        (bytes4 selector, address caller) = (which % 4 == 0 ? bytes4(0) : _selector(which), _caller(who));
        vm.prank(caller);
        try GATEWAY.pinRoute(selector) {
            pinned[caller] = selector;
        } catch { }
    }

    function verify(uint256 who, uint256 which) external {
        (bytes4 selector, address caller) = (_selector(which), _caller(who));
        ModelPin pinOf = ModelPins.make(address(1), selector, 1, 1);
        vm.prank(caller);
        try GATEWAY.verify(pinOf, new uint256[](1), "") {
            _require(verifierOf[selector] != address(0), "accepted without a route");
            _require(!frozen[selector], "accepted through a frozen route");
        } catch {
            _require(verifierOf[selector] == address(0) || frozen[selector], "refused through an open route");
        }
    }

    /// @dev Up to four, of any routes.
    function verifyMany(uint256 who, uint256 which) external {
        uint256 many = which % 5;
        ModelPin[] memory pins = new ModelPin[](many);
        bytes[] memory proofs = new bytes[](many);
        bool open = many != 0;
        for (uint256 i = 0; i < many; ++i) {
            // Of one route, every other time.
            bytes4 selector = _selector((which >> 16 * (which % 2 == 0 ? 1 : i + 1)) & 0xffff);
            pins[i] = ModelPins.make(address(1), selector, 1, 1);
            open = open && verifierOf[selector] != address(0) && !frozen[selector];
        }
        vm.prank(_caller(who));
        try GATEWAY.verifyMany(pins, new uint256[][](many), proofs) {
            _require(open, "accepted without an open route for each");
        } catch {
            _require(!open, "refused through open routes");
        }
    }

    /// @dev The administrator, the guardian, or an app.
    function _caller(uint256 who) private returns (address) {
        if (who % 4 == 0) return makeAddr(vm.toString(who % 3));
        return who % 2 == 0 ? _GUARDIAN : _ADMIN;
    }

    /// @dev A selector of a name, most of which are added some time.
    function _selector(uint256 which) private pure returns (bytes4) {
        return bytes4(keccak256(bytes(string.concat("system-v", vm.toString(which % 13)))));
    }

    function _require(bool condition, string memory what) private {
        if (!condition) violation = what;
    }
}

/// forge-config: default.invariant.fail-on-revert = true
contract VerdictGatewayInvariants is CoreTest {
    GatewayHandler private _handler;

    function setUp() public override {
        super.setUp();
        gateway = IVerdictGateway(address(new VerdictGateway(registry, admin, 1 days, guardian, false)));
        _handler = new GatewayHandler(gateway, admin, guardian);
        targetContract(address(_handler));
    }

    /// @dev The properties below, all in one campaign.
    function invariant_RoutesAreAddedOnceAndFrozenForever() public view {
        assertEq(_handler.violation(), "");
        _routesNeverChange();
    }

    /// @notice No sequence of calls changes the verifier of a route, opens a frozen one, or adds
    /// one that accepts forgeries; only the administrator adds and only guardians freeze. A proof
    /// is accepted exactly through routes that exist and aren't frozen.
    function _routesNeverChange() private view {
        for (uint256 i = 0; i < _handler.count(); ++i) {
            bytes4 selector = _handler.selectors(i);
            (address verifier, bool frozen) = gateway.routeOf(selector);
            assertEq(verifier, _handler.verifierOf(selector));
            assertEq(frozen, _handler.frozen(selector));
        }
        assertEq(gateway.pinnedRouteOf(admin), _handler.pinned(admin));
        assertEq(gateway.pinnedRouteOf(guardian), _handler.pinned(guardian));
    }
}
