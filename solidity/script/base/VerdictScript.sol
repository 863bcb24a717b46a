// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import { Script } from "forge-std/Script.sol";
import { VmSafe } from "forge-std/Vm.sol";
import { console } from "forge-std/console.sol";

import { ProofSystemName } from "../../src/core/gateway/ProofSystemName.sol";

/// @title What all scripts share
/// @notice Settings come from a JSON file, results go to another; contracts are deployed by
/// CREATE2.
/// @dev `$VERDICT_CONFIG` names the settings, `$VERDICT_DEPLOYMENT` the results (default:
/// deployments/<chain id>.json). solidity/README.md documents both. Results are written when a
/// script broadcasts, and in tests; a simulation prints them.
abstract contract VerdictScript is Script {
    /// @dev Who sends transactions: known once the broadcast has begun.
    address internal broadcaster;

    /// @notice The settings lack this.
    error SettingMissing(string path);

    /// @notice The results have no contract, model or source of this name.
    error NotInDeployment(string path);

    /// @notice Lower-case letters and digits, in parts that single hyphens separate.
    error InvalidName(string name);

    /// @notice The chain has no deterministic deployment proxy at
    /// 0x4e59b44847b379578588920cA78FbF26c0B4956C.
    error NoDeterministicDeployer();

    /// @notice A constructor reverted.
    error DeploymentFailed(string what);

    // ------------------------------------------------------------------------------------ settings

    function _configFile() internal view returns (string memory) {
        return vm.readFile(vm.envString("VERDICT_CONFIG"));
    }

    function _deploymentPath() internal view returns (string memory) {
        string memory standard = string.concat("deployments/", vm.toString(block.chainid), ".json");
        return vm.envOr("VERDICT_DEPLOYMENT", standard);
    }

    function _require(string memory json, string memory path) internal view {
        if (!vm.keyExistsJson(json, path)) revert SettingMissing(path);
    }

    function _uint(string memory json, string memory path) internal view returns (uint256) {
        _require(json, path);
        return vm.parseJsonUint(json, path);
    }

    function _uintOr(string memory json, string memory path, uint256 otherwise) internal view returns (uint256) {
        return vm.keyExistsJson(json, path) ? vm.parseJsonUint(json, path) : otherwise;
    }

    function _int(string memory json, string memory path) internal view returns (int256) {
        _require(json, path);
        return vm.parseJsonInt(json, path);
    }

    function _bool(string memory json, string memory path) internal view returns (bool) {
        _require(json, path);
        return vm.parseJsonBool(json, path);
    }

    function _boolOr(string memory json, string memory path, bool otherwise) internal view returns (bool) {
        return vm.keyExistsJson(json, path) ? vm.parseJsonBool(json, path) : otherwise;
    }

    function _text(string memory json, string memory path) internal view returns (string memory) {
        _require(json, path);
        return vm.parseJsonString(json, path);
    }

    function _bytes32Or(string memory json, string memory path, bytes32 otherwise) internal view returns (bytes32) {
        return vm.keyExistsJson(json, path) ? vm.parseJsonBytes32(json, path) : otherwise;
    }

    function _account(string memory json, string memory path) internal view returns (address) {
        _require(json, path);
        return vm.parseJsonAddress(json, path);
    }

    /// @dev How many elements an array has: `path[0]`, `path[1]`, … exist.
    function _length(string memory json, string memory path) internal view returns (uint256 length) {
        _require(json, path);
        while (vm.keyExistsJson(json, _at(path, length))) ++length;
    }

    function _at(string memory path, uint256 index) internal pure returns (string memory) {
        return string.concat(path, "[", vm.toString(index), "]");
    }

    /// @dev Names are parts of JSON paths.
    function _checkName(string memory name) internal pure {
        if (!ProofSystemName.isCanonical(name)) revert InvalidName(name);
    }

    // ------------------------------------------------------------------------------------- results

    /// @dev An address in the results.
    function _deployed(string memory deployment, string memory path) internal view returns (address) {
        if (!vm.keyExistsJson(deployment, path)) revert NotInDeployment(path);
        return vm.parseJsonAddress(deployment, path);
    }

    /// @dev A number in the results.
    function _recorded(string memory deployment, string memory path) internal view returns (uint256) {
        if (!vm.keyExistsJson(deployment, path)) revert NotInDeployment(path);
        return vm.parseJsonUint(deployment, path);
    }

    /// @dev Puts an object at `path` of the results.
    function _record(string memory file, string memory path, string memory object) internal {
        if (_writes()) vm.writeJson(object, file, path);
        else console.log("would write to %s, %s: %s", file, path, object);
    }

    function _writes() internal view returns (bool) {
        return vm.isContext(VmSafe.ForgeContext.ScriptBroadcast) || vm.isContext(VmSafe.ForgeContext.TestGroup);
    }

    // -------------------------------------------------------------------------------- transactions

    modifier broadcasts() {
        vm.startBroadcast();
        (, broadcaster,) = vm.readCallers();
        _;
        vm.stopBroadcast();
    }

    /// @dev Deploys by CREATE2, unless the same code with the same arguments is there already. The
    /// address depends on nothing but `salt` and `initCode`: the same on every chain.
    function _deploy(string memory what, bytes32 salt, bytes memory initCode) internal returns (address account) {
        account = vm.computeCreate2Address(salt, keccak256(initCode));
        if (account.code.length != 0) {
            console.log("%s: %s (was there)", what, account);
            return account;
        }
        if (CREATE2_FACTORY.code.length == 0) revert NoDeterministicDeployer();
        (bool ok,) = CREATE2_FACTORY.call(abi.encodePacked(salt, initCode));
        if (!ok || account.code.length == 0) revert DeploymentFailed(what);
        console.log("%s: %s", what, account);
    }

    /// @dev A consumer's salt is its name: two of the same settings can have two names.
    function _saltOf(string memory name) internal pure returns (bytes32) {
        return keccak256(bytes(name));
    }

    /// @dev Calls `target` if `authority` is who broadcasts; else says what must be called by whom.
    function _callAs(address authority, address target, bytes memory data, string memory what) internal returns (bool) {
        if (authority != broadcaster) {
            console.log("To do, by %s: %s", authority, what);
            console.log("  to %s, data %s", target, vm.toString(data));
            return false;
        }
        (bool ok, bytes memory answer) = target.call(data);
        if (!ok) {
            assembly ("memory-safe") {
                revert(add(answer, 0x20), mload(answer))
            }
        }
        return true;
    }
}
