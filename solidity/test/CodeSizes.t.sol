// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import { Test } from "forge-std/Test.sol";

/// @dev Every contract that is deployed leaves a thousand bytes of what an account holds (EIP-170).
contract CodeSizesTest is Test {
    uint256 private constant MOST = 24_576 - 1000;

    string[] private _names = [
        "InferenceVerifier",
        "PinnedKeyVerifier",
        "VerifyingKeys",
        "ModelRegistry",
        "VerdictGateway",
        "ERC7007Adapter",
        "ERC8004Validator",
        "ERC8274Adapter",
        "SP1Adapter",
        "RiscZeroAdapter",
        "OnChainFeatures",
        "SignedFeatures",
        "CommittedFeatures",
        "InferenceOracle",
        "StrictFeed",
        "RiskParameterUpdater",
        "RiskUpdateLog",
        "ModelRiskSource",
        "SequencedExecutor",
        "FraudPauseGuard",
        "PauseForAdapter",
        "OpenZeppelinPauseAdapter",
        "ERC4626PauseAdapter",
        "ScoredAirdrop",
        "AaveRiskAdapter",
        "AaveEModeAdapter",
        "AaveStewardAdapter",
        "AaveAgentOracle",
        "AaveFreezeAdapter",
        "MorphoFeedOracle",
        "MorphoVaultGate",
        "CometPauseAdapter"
    ];

    function test_EveryContractHasRoomToGrow() public view {
        for (uint256 i = 0; i < _names.length; ++i) {
            uint256 size = vm.getDeployedCode(string.concat(_names[i], ".sol:", _names[i])).length;
            assertGt(size, 0, _names[i]);
            assertLe(size, MOST, _names[i]);
        }
    }
}
