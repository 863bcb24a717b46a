// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.24;

import { Blockhash } from "@openzeppelin/contracts/utils/Blockhash.sol";
import { SafeCast } from "@openzeppelin/contracts/utils/math/SafeCast.sol";

import { IModelRegistry } from "../../core/registry/IModelRegistry.sol";
import { PublicValues } from "../../libraries/PublicValues.sol";
import { ModelSpec, OutputSchema, PublicLayout, Visibility } from "../../types/Schemas.sol";
import { GuardConfig, IFraudPauseGuard } from "./IFraudPauseGuard.sol";
import { PauseBudget } from "./PauseBudget.sol";

/// @title Whether a guard's configuration makes sense
library GuardConfigs {
    /// @dev Of the `BLOCKHASH` opcode, and of EIP-2935.
    uint256 private constant _OPCODE_BLOCKS = 256;
    uint256 private constant _HISTORY_BLOCKS = 8191;

    uint256 private constant _MINIMUM_PERIOD = 1 hours;
    uint256 private constant _MAXIMUM_WINDOW = 365 days;
    // A pause must not buy a long time without a guard, whatever the deployer chose.
    uint256 private constant _MAXIMUM_FRESH_COOLDOWN = 1 hours;

    /// @notice Checks what doesn't depend on the model.
    function check(GuardConfig memory config) internal view {
        uint256 period = config.period;
        if (period % PauseBudget.PARTS != 0 || period < _MINIMUM_PERIOD || period > PauseBudget.MAXIMUM_PERIOD) {
            revert IFraudPauseGuard.InvalidConfig("period");
        }
        if (config.pauseDuration == 0 || config.pauseDuration > period / PauseBudget.PARTS) {
            revert IFraudPauseGuard.InvalidConfig("pauseDuration");
        }
        if (config.budget < config.pauseDuration || config.budget > period) {
            revert IFraudPauseGuard.InvalidConfig("budget");
        }
        if (config.cooldown == 0 || config.cooldown > _MAXIMUM_WINDOW) {
            revert IFraudPauseGuard.InvalidConfig("cooldown");
        }
        uint256 fresh = config.freshCooldown;
        if (fresh == 0 || fresh > config.cooldown || fresh > _MAXIMUM_FRESH_COOLDOWN) {
            revert IFraudPauseGuard.InvalidConfig("freshCooldown");
        }
        if (config.bounty > config.bond) revert IFraudPauseGuard.InvalidConfig("bounty");
        if (config.reviewWindow < config.pauseDuration || config.reviewWindow > _MAXIMUM_WINDOW) {
            revert IFraudPauseGuard.InvalidConfig("reviewWindow");
        }
        if (config.resumeDelay == 0 || config.resumeDelay >= config.pauseDuration) {
            revert IFraudPauseGuard.InvalidConfig("resumeDelay");
        }
        if (config.treasury == address(0)) revert IFraudPauseGuard.InvalidConfig("treasury");
        if (address(config.bondToken).code.length == 0) revert IFraudPauseGuard.InvalidConfig("bondToken");
        _checkBlocks(config.evidenceBlocks);
    }

    /// @notice Where the score is, and the least integer that stands for threshold and margin or
    /// more.
    function resolve(GuardConfig memory config, IModelRegistry registry)
        internal
        view
        returns (PublicLayout memory shape, OutputSchema memory schema, int256 minimum)
    {
        if (!config.features.covers(registry.pinOf(config.modelId, config.version))) {
            revert IFraudPauseGuard.InvalidConfig("features");
        }
        shape = registry.layoutOf(config.modelId, config.version);
        ModelSpec memory spec = registry.specOf(config.modelId, config.version);
        if (spec.inputItems != 1) revert IFraudPauseGuard.InvalidConfig("modelId");
        for (uint256 i = 0; i < spec.inputs.length; ++i) {
            // Nobody could vouch for it.
            if (spec.inputs[i].visibility == Visibility.Private) revert IFraudPauseGuard.InvalidConfig("modelId");
        }
        schema = spec.outputs[0];
        if (config.scoreIndex >= schema.count) revert IFraudPauseGuard.InvalidConfig("scoreIndex");

        minimum = _ceilDiv(
            (config.threshold + SafeCast.toInt256(config.margin)) * 1e18, SafeCast.toInt256(schema.scaleE36)
        );
        int256 offset = PublicValues.offsetOf(schema.packing);
        int256 end = int256(1 << PublicValues.bitsOf(schema.packing)) - offset;
        // A guard that every score, or none, triggers is a mistake.
        if (minimum <= -offset || minimum >= end) revert IFraudPauseGuard.InvalidConfig("threshold");
    }

    function _checkBlocks(uint256 blocks) private view {
        uint256 most = Blockhash.HISTORY_STORAGE_ADDRESS.code.length == 0 ? _OPCODE_BLOCKS : _HISTORY_BLOCKS;
        if (blocks == 0 || blocks > most) revert IFraudPauseGuard.InvalidConfig("evidenceBlocks");
    }

    /// @dev `divisor` is positive.
    function _ceilDiv(int256 dividend, int256 divisor) private pure returns (int256) {
        int256 quotient = dividend / divisor;
        return dividend > 0 && dividend % divisor != 0 ? quotient + 1 : quotient;
    }
}
