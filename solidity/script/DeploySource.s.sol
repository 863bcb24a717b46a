// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import { CommittedFeatures } from "../src/features/CommittedFeatures.sol";
import { Feed } from "../src/features/Feeds.sol";
import { OnChainFeatures } from "../src/features/OnChainFeatures.sol";
import { SignedFeatures } from "../src/features/SignedFeatures.sol";
import { Ranks } from "../src/libraries/Ranks.sol";
import { ConsumerScript } from "./base/ConsumerScript.sol";
import { SpecJson } from "./base/SpecJson.sol";
import { SafeCast } from "@openzeppelin/contracts/utils/math/SafeCast.sol";

/// @title Deploys a feature source
/// @notice "kind" is "signed" (owner, signers, quorum, rotationDelay), "committed" (admin,
/// adminDelay, committer, minimumAge, maximumAge) or "on-chain" (model, subject, feeds; where the
/// model's inputs are ranks also "spec", the path of the `SpecJson` that it was registered with).
contract DeploySource is ConsumerScript, SpecJson {
    /// @notice There is no such kind of source.
    error UnknownKind(string kind);

    function run() external returns (address) {
        return deploy(_configFile(), _deploymentPath());
    }

    /// @notice Deploys according to `config` and writes to the file `results`.
    function deploy(string memory config, string memory results) public returns (address source) {
        string memory name = _name(config);
        string memory kind = _text(config, ".kind");
        string memory deployment = vm.readFile(results);
        bytes32 hash = keccak256(bytes(kind));
        if (hash == keccak256("signed")) source = _signed(config, deployment, name);
        else if (hash == keccak256("committed")) source = _committed(config, deployment, name);
        else if (hash == keccak256("on-chain")) source = _onChain(config, deployment, name);
        else revert UnknownKind(kind);
        string memory path = string.concat(".sources.", name);
        _record(results, path, _begin(path, kind, source));
    }

    function _signed(string memory config, string memory deployment, string memory name)
        private
        broadcasts
        returns (address)
    {
        _require(config, ".signers");
        bytes memory arguments = abi.encode(
            _deployed(deployment, ".core.registry"),
            _account(config, ".owner"),
            vm.parseJsonAddressArray(config, ".signers"),
            _uint(config, ".quorum"),
            _uint(config, ".rotationDelay")
        );
        return _deploy(name, _saltOf(name), abi.encodePacked(type(SignedFeatures).creationCode, arguments));
    }

    function _committed(string memory config, string memory deployment, string memory name)
        private
        broadcasts
        returns (address)
    {
        bytes memory arguments = abi.encode(
            _deployed(deployment, ".core.registry"),
            _account(config, ".admin"),
            _uint(config, ".adminDelay"),
            _account(config, ".committer"),
            _uint(config, ".minimumAge"),
            _uint(config, ".maximumAge")
        );
        return _deploy(name, _saltOf(name), abi.encodePacked(type(CommittedFeatures).creationCode, arguments));
    }

    function _onChain(string memory config, string memory deployment, string memory name)
        private
        broadcasts
        returns (address source)
    {
        (uint256 modelId, uint32 version) = _model(config, deployment, ".model");
        Feed[] memory feeds = new Feed[](_length(config, ".feeds"));
        for (uint256 i = 0; i < feeds.length; ++i) {
            feeds[i] = _feed(config, _at(".feeds", i));
        }
        bytes memory arguments =
            abi.encode(_deployed(deployment, ".core.registry"), modelId, _bytes32Or(config, ".subject", 0), feeds);
        source = _deploy(name, _saltOf(name), abi.encodePacked(type(OnChainFeatures).creationCode, arguments));
        _prepare(OnChainFeatures(source), version, config);
    }

    /// @dev Puts the breakpoints on chain, if the settings say where they are.
    function _prepare(OnChainFeatures source, uint32 version, string memory config) private {
        if (!vm.keyExistsJson(config, ".spec")) {
            source.prepare(version);
            return;
        }
        bytes[] memory parts = Ranks.split(_breakpoints(vm.readFile(_text(config, ".spec"))));
        address[] memory accounts = new address[](parts.length);
        for (uint256 i = 0; i < parts.length; ++i) {
            accounts[i] = source.publishBreakpoints(parts[i]);
        }
        source.prepareWithBreakpoints(version, accounts);
    }

    /// @dev Only "target", "data" and "decimals" have no default.
    function _feed(string memory config, string memory path) private view returns (Feed memory feed) {
        feed.target = _account(config, string.concat(path, ".target"));
        _require(config, string.concat(path, ".data"));
        feed.data = vm.parseJsonBytes(config, string.concat(path, ".data"));
        feed.decimals = SafeCast.toUint8(_uint(config, string.concat(path, ".decimals")));
        feed.word = SafeCast.toUint8(_uintOr(config, string.concat(path, ".word"), 0));
        feed.isSigned = _uintOr(config, string.concat(path, ".isSigned"), 0) != 0;
        feed.maxAge = SafeCast.toUint32(_uintOr(config, string.concat(path, ".maxAge"), 0));
        feed.timeWord = SafeCast.toUint8(_uintOr(config, string.concat(path, ".timeWord"), 0));
        feed.gasLimit = SafeCast.toUint32(_uintOr(config, string.concat(path, ".gasLimit"), 0));
        feed.anySign = _uintOr(config, string.concat(path, ".anySign"), 0) != 0;
        string memory substitute = string.concat(path, ".substitute");
        if (vm.keyExistsJson(config, substitute)) {
            (feed.optional, feed.substitute) = (true, vm.parseJsonInt(config, substitute));
        }
    }
}
