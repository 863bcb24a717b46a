// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import { IVerdictRoutes } from "../src/core/gateway/IVerdictRoutes.sol";
import { ProofSystemName } from "../src/core/gateway/ProofSystemName.sol";
import { VerdictGateway } from "../src/core/gateway/VerdictGateway.sol";
import { ModelRegistry } from "../src/core/registry/ModelRegistry.sol";
import { InferenceVerifier } from "../src/core/verifier/InferenceVerifier.sol";
import { VerifyingKeys } from "../src/core/verifier/VerifyingKeys.sol";
import { DevelopmentSetup as Development } from "../src/core/verifier/libraries/DevelopmentSetup.sol";
import { CompilerCheck } from "../testing/CompilerCheck.sol";
import { Ceremonies } from "./base/Ceremonies.sol";
import { VerdictScript } from "./base/VerdictScript.sol";
import { console } from "forge-std/console.sol";

/// @title Deploys what every consumer stands on
/// @notice The publisher of keys, the verifier of a set-up, the registry, and the gateway with a
/// route to the verifier.
/// @dev `forge script script/DeployCore.s.sol --rpc-url … --broadcast`, with the settings of
/// script/config/core.development.json, or others. The set-up's `[τ]_2` can also come from
/// `$VERDICT_TAU_G2`: four numbers, separated by commas, imaginary parts first. It must be the one of
/// a ceremony that `Ceremonies` knows, for whoever made a set-up alone can forge proofs under it;
/// `"allowUnknownSetup": true` in the settings takes any other. The development set-up needs
/// `gateway.allowDevelopmentSetup`. Both are looked at before anything is sent.
contract DeployCore is VerdictScript {
    /// @dev What was deployed.
    struct Core {
        address verifyingKeys;
        address verifier;
        address registry;
        address gateway;
        bytes4 selector;
        bool routeAdded;
    }

    /// @notice `[τ]_2` has four coordinates.
    error WrongTauLength(uint256 length);

    /// @notice Anyone can forge proofs under this set-up, and the settings don't allow that.
    error DevelopmentSetup();

    /// @notice `[τ]_2`, whose digest this is, is not that of a known ceremony, and the settings don't
    /// allow that: compare it with a set-up that you imported yourself.
    error UnknownSetup(bytes32 digest);

    /// @notice The file has the results of another deployment: name another file.
    error OtherDeployment(string file, address gateway);

    function run() external returns (Core memory) {
        return deploy(_configFile(), _deploymentPath());
    }

    /// @notice Deploys according to `config` and writes to the file `results`.
    function deploy(string memory config, string memory results) public returns (Core memory core) {
        _checkCompiler();
        uint256[4] memory tau = _tau(config);
        _checkSetup(config, tau);
        string memory route = _text(config, ".route");
        core.selector = ProofSystemName.selectorOf(route);
        _deployAll(config, tau, route, core);
        _write(results, core, tau, route);
    }

    function _deployAll(string memory config, uint256[4] memory tau, string memory route, Core memory core)
        private
        broadcasts
    {
        core.verifyingKeys = _deploy("VerifyingKeys", 0, type(VerifyingKeys).creationCode);
        core.verifier =
            _deploy("InferenceVerifier", 0, abi.encodePacked(type(InferenceVerifier).creationCode, abi.encode(tau)));

        bytes memory arguments =
            abi.encode(_uint(config, ".registry.minimumDelay"), _uint(config, ".registry.executionWindow"));
        core.registry = _deploy("ModelRegistry", 0, abi.encodePacked(type(ModelRegistry).creationCode, arguments));

        address admin = _account(config, ".gateway.admin");
        arguments = abi.encode(
            core.registry,
            admin,
            _uint(config, ".gateway.adminDelay"),
            _account(config, ".gateway.guardian"),
            _bool(config, ".gateway.allowDevelopmentSetup")
        );
        core.gateway = _deploy("VerdictGateway", 0, abi.encodePacked(type(VerdictGateway).creationCode, arguments));

        (address verifier,) = IVerdictRoutes(core.gateway).routeOf(core.selector);
        core.routeAdded = verifier == core.verifier
            || _callAs(
                admin, core.gateway, abi.encodeCall(IVerdictRoutes.addRoute, (route, core.verifier)), "add the route"
            );
    }

    /// @dev Code that another compiler, or other settings, made has another address, and may refuse
    /// every key.
    function _checkCompiler() private pure {
        CompilerCheck.verifyingKeys(type(VerifyingKeys).creationCode);
        CompilerCheck.inferenceVerifier(type(InferenceVerifier).creationCode);
        CompilerCheck.modelRegistry(type(ModelRegistry).creationCode);
        CompilerCheck.verdictGateway(type(VerdictGateway).creationCode);
    }

    function _tau(string memory config) private view returns (uint256[4] memory tau) {
        uint256[] memory words = vm.envOr("VERDICT_TAU_G2", ",", new uint256[](0));
        if (words.length == 0) {
            _require(config, ".tauG2");
            words = vm.parseJsonUintArray(config, ".tauG2");
        }
        if (words.length != 4) revert WrongTauLength(words.length);
        return [words[0], words[1], words[2], words[3]];
    }

    /// @dev Reverts unless the settings allow the set-up.
    function _checkSetup(string memory config, uint256[4] memory tau) private view {
        if (_isDevelopment(tau) && !_bool(config, ".gateway.allowDevelopmentSetup")) revert DevelopmentSetup();
        bytes32 digest = Ceremonies.digestOf(tau);
        string memory name = Ceremonies.nameOf(tau);
        bool known = bytes(name).length != 0;
        if (!known && !_boolOr(config, ".allowUnknownSetup", false)) revert UnknownSetup(digest);
        console.log("set-up: %s (%s)", known ? name : "of no known ceremony", vm.toString(digest));
    }

    function _isDevelopment(uint256[4] memory tau) private pure returns (bool) {
        return Development.matches(tau[0], tau[1], tau[2], tau[3]);
    }

    function _write(string memory results, Core memory core, uint256[4] memory tau, string memory route) private {
        if (vm.exists(results)) {
            address other = _deployed(vm.readFile(results), ".core.gateway");
            if (other != core.gateway) revert OtherDeployment(results, other);
        } else if (_writes()) {
            vm.serializeUint("results", "schema", 1);
            vm.serializeString("results", "models", "{}");
            vm.serializeString("results", "sources", "{}");
            vm.serializeString("results", "consumers", "{}");
            vm.writeJson(vm.serializeUint("results", "chainId", block.chainid), results);
        }
        uint256[] memory words = new uint256[](4);
        for (uint256 i = 0; i < 4; ++i) {
            words[i] = tau[i];
        }
        vm.serializeAddress("core", "verifyingKeys", core.verifyingKeys);
        vm.serializeAddress("core", "verifier", core.verifier);
        vm.serializeAddress("core", "registry", core.registry);
        vm.serializeAddress("core", "gateway", core.gateway);
        vm.serializeString("core", "route", route);
        vm.serializeBytes("core", "selector", abi.encodePacked(core.selector));
        vm.serializeBool("core", "routeAdded", core.routeAdded);
        vm.serializeBool("core", "developmentSetup", _isDevelopment(tau));
        vm.serializeUintToHex("core", "block", block.number);
        _record(results, ".core", vm.serializeBytes32("core", "tauG2", _words(words)));
    }

    function _words(uint256[] memory words) private pure returns (bytes32[] memory same) {
        assembly ("memory-safe") {
            same := words
        }
    }
}
