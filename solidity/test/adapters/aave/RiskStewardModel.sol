// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import { AaveConfiguration } from "../../../src/adapters/aave/AaveConfiguration.sol";
import { IAaveRiskSteward } from "../../../src/interfaces/external/IAaveRiskSteward.sol";
import { IAaveConfigurator } from "../../../src/interfaces/external/IAaveV3.sol";
import { IAavePoolFull, IAaveProviderFull } from "./IAave.sol";

/// @dev Aave's risk steward together with its configuration engine, in front of the real
/// configurator. Written from the published source (`RiskSteward.sol`, `CapsEngine.sol`,
/// `CollateralEngine.sol`): one council; assets can be restricted; values of zero are refused, as are the
/// debt ceiling's and the fee's change here; each value has a delay since the steward's own last
/// change of it, and a most it may rise or fall, in this model absolute for ratios and relative for
/// caps; what is `KEEP_CURRENT` isn't looked at. Bonuses are without the whole.
contract RiskStewardModel is IAaveRiskSteward {
    using AaveConfiguration for uint256;

    error InvalidCaller();
    error DebounceNotRespected();
    error UpdateNotInRange();
    error NoZeroUpdates();
    error ParamChangeNotAllowed();
    error AssetIsRestricted();
    error InvalidUpdateToZero();

    uint256 private constant KEEP_CURRENT = type(uint256).max - 42;
    uint256 private constant MIN_DELAY = 3 days;
    uint256 private constant MAX_RATIO_CHANGE = 50;
    uint256 private constant MAX_CAP_CHANGE = 3000;

    IAaveProviderFull private immutable _PROVIDER;
    address public immutable RISK_COUNCIL;
    mapping(address asset => uint256[5]) private _updatedAt;
    mapping(address asset => bool) public restricted;

    constructor(IAaveProviderFull provider, address council) {
        (_PROVIDER, RISK_COUNCIL) = (provider, council);
    }

    function setRestricted(address asset, bool value) external {
        restricted[asset] = value;
    }

    function updateCaps(CapsUpdate[] calldata updates) external {
        _check(updates.length);
        for (uint256 i = 0; i < updates.length; ++i) {
            CapsUpdate calldata u = updates[i];
            require(!restricted[u.asset], AssetIsRestricted());
            require(u.supplyCap != 0 && u.borrowCap != 0, InvalidUpdateToZero());
            uint256 data = _configuration(u.asset);
            _validate(u.asset, 3, data.supplyCap(), u.supplyCap, data.supplyCap() * MAX_CAP_CHANGE / 10_000);
            _validate(u.asset, 4, data.borrowCap(), u.borrowCap, data.borrowCap() * MAX_CAP_CHANGE / 10_000);
            if (u.supplyCap != KEEP_CURRENT) _configurator().setSupplyCap(u.asset, u.supplyCap);
            if (u.borrowCap != KEEP_CURRENT) _configurator().setBorrowCap(u.asset, u.borrowCap);
        }
    }

    function updateCollateralSide(CollateralUpdate[] calldata updates) external {
        _check(updates.length);
        for (uint256 i = 0; i < updates.length; ++i) {
            CollateralUpdate calldata u = updates[i];
            require(!restricted[u.asset], AssetIsRestricted());
            require(u.liqProtocolFee == KEEP_CURRENT && u.debtCeiling == KEEP_CURRENT, ParamChangeNotAllowed());
            require(u.ltv != 0 && u.liqThreshold != 0 && u.liqBonus != 0, InvalidUpdateToZero());
            uint256 data = _configuration(u.asset);
            _validate(u.asset, 0, data.ltv(), u.ltv, MAX_RATIO_CHANGE);
            _validate(u.asset, 1, data.threshold(), u.liqThreshold, MAX_RATIO_CHANGE);
            _validate(u.asset, 2, data.bonus() - 10_000, u.liqBonus, MAX_RATIO_CHANGE);
            _configurator()
                .configureReserveAsCollateral(
                    u.asset,
                    u.ltv == KEEP_CURRENT ? data.ltv() : u.ltv,
                    u.liqThreshold == KEEP_CURRENT ? data.threshold() : u.liqThreshold,
                    u.liqBonus == KEEP_CURRENT ? data.bonus() : 10_000 + u.liqBonus
                );
        }
    }

    function _check(uint256 count) private view {
        require(msg.sender == RISK_COUNCIL, InvalidCaller());
        require(count != 0, NoZeroUpdates());
    }

    function _validate(address asset, uint256 which, uint256 live, uint256 value, uint256 most) private {
        if (value == KEEP_CURRENT) return;
        require(block.timestamp - _updatedAt[asset][which] >= MIN_DELAY, DebounceNotRespected());
        require((value > live ? value - live : live - value) <= most, UpdateNotInRange());
        _updatedAt[asset][which] = block.timestamp;
    }

    function _configuration(address asset) private view returns (uint256) {
        return IAavePoolFull(_PROVIDER.getPool()).getConfiguration(asset);
    }

    function _configurator() private view returns (IAaveConfigurator) {
        return IAaveConfigurator(_PROVIDER.getPoolConfigurator());
    }
}
