// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import { IERC20 } from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import { SafeCast } from "@openzeppelin/contracts/utils/math/SafeCast.sol";

import { CurvePoint } from "../src/consumers/airdrop/AllocationCurve.sol";
import { IScoredAirdrop } from "../src/consumers/airdrop/IScoredAirdrop.sol";
import { ScoredAirdrop } from "../src/consumers/airdrop/ScoredAirdrop.sol";
import { ConsumerScript } from "./base/ConsumerScript.sol";

/// @title Deploys an airdrop campaign
/// @dev Settings: name, models (names), source, token, treasury, maximumAge, windows, curve (points
/// of score and amount); the members of `IScoredAirdrop.Campaign`. It is funded by calling `fund`.
contract DeployAirdrop is ConsumerScript {
    function run() external returns (address) {
        return deploy(_configFile(), _deploymentPath());
    }

    /// @notice Deploys according to `config` and writes to the file `results`.
    function deploy(string memory config, string memory results) public returns (address airdrop) {
        string memory name = _name(config);
        IScoredAirdrop.Campaign memory campaign = _campaign(config, vm.readFile(results));
        airdrop = _create(name, campaign);

        string memory path = string.concat(".consumers.", name);
        _begin(path, "airdrop", airdrop);
        vm.serializeString(path, "models", vm.parseJsonStringArray(config, ".models"));
        vm.serializeAddress(path, "source", address(campaign.source));
        _record(results, path, vm.serializeAddress(path, "token", address(campaign.token)));
    }

    function _create(string memory name, IScoredAirdrop.Campaign memory campaign) private broadcasts returns (address) {
        bytes memory initCode = abi.encodePacked(type(ScoredAirdrop).creationCode, abi.encode(campaign));
        return _deploy(name, _saltOf(name), initCode);
    }

    function _campaign(string memory config, string memory deployment)
        private
        view
        returns (IScoredAirdrop.Campaign memory campaign)
    {
        campaign.gateway = _gateway(deployment);
        campaign.token = IERC20(_account(config, ".token"));
        campaign.treasury = _account(config, ".treasury");
        campaign.windows = IScoredAirdrop.Windows(
            SafeCast.toUint40(_uint(config, ".windows.batchesUntil")),
            SafeCast.toUint40(_uint(config, ".windows.claimsFrom")),
            SafeCast.toUint40(_uint(config, ".windows.claimsUntil")),
            SafeCast.toUint40(_uint(config, ".windows.sweepFrom"))
        );
        campaign.models = new IScoredAirdrop.ModelReference[](_length(config, ".models"));
        for (uint256 i = 0; i < campaign.models.length; ++i) {
            (uint256 modelId, uint32 version) = _model(config, deployment, _at(".models", i));
            campaign.models[i] = IScoredAirdrop.ModelReference(modelId, version);
        }
        campaign.curve = new CurvePoint[](_length(config, ".curve"));
        for (uint256 i = 0; i < campaign.curve.length; ++i) {
            string memory path = _at(".curve", i);
            campaign.curve[i] = CurvePoint(
                SafeCast.toInt32(_int(config, string.concat(path, ".score"))),
                SafeCast.toUint128(_uint(config, string.concat(path, ".amount")))
            );
        }
        campaign.source = _source(config, deployment);
        campaign.maximumAge = _uint(config, ".maximumAge");
    }
}
