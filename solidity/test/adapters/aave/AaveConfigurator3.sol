// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import { AaveConfiguration } from "../../../src/adapters/aave/AaveConfiguration.sol";
import { AaveEModeCategory, IAaveConfigurator } from "../../../src/interfaces/external/IAaveV3.sol";
import { AaveConfigurationMap, IAaveACL, IAavePoolFull, IAaveProviderFull } from "./IAave.sol";

/// @dev What the configurator of Aave v3.1 and later does where it differs from 3.0's, in front of
/// 3.0.2's own pool. Written from the published source of 3.7 (`PoolConfigurator.sol`):
///
/// - `setReserveFreeze` is for risk, pool and emergency administrators; it reverts if the reserve is
///   so already (`InvalidFreezeState`). Freezing keeps the loan-to-value as pending and sets zero;
///   thawing sets what is pending, and forgets it.
/// - `configureReserveAsCollateral` of a frozen reserve sets threshold and bonus, and keeps the
///   loan-to-value as pending.
/// - Pausing is for pool and emergency administrators. Caps are as on 3.0.
contract AaveConfigurator3 is IAaveConfigurator {
    using AaveConfiguration for uint256;

    error InvalidReserveParams();
    error InvalidFreezeState();
    error InvalidEmodeCategoryParams();
    error CallerNotRiskOrPoolAdmin();
    error CallerNotPoolOrEmergencyAdmin();
    error CallerNotRiskOrPoolOrEmergencyAdmin();

    IAaveProviderFull private immutable _PROVIDER;
    mapping(address asset => uint256) private _pendingLtv;

    constructor(IAaveProviderFull provider) {
        _PROVIDER = provider;
    }

    function configureReserveAsCollateral(address asset, uint256 ltv, uint256 threshold, uint256 bonus) external {
        _onlyRiskOrPool();
        require(ltv <= threshold && bonus > 10_000, InvalidReserveParams());
        require((threshold * bonus + 5000) / 10_000 <= 10_000, InvalidReserveParams());
        uint256 data = _pool().getConfiguration(asset);
        if (data.isFrozen()) _pendingLtv[asset] = ltv;
        else data = _withLtv(data, ltv);
        _store(asset, (data & ~uint256(0xffffffff0000)) | (threshold << 16) | (bonus << 32));
    }

    function setSupplyCap(address asset, uint256 cap) external {
        _onlyRiskOrPool();
        _store(asset, (_pool().getConfiguration(asset) & ~(uint256(0xfffffffff) << 116)) | (cap << 116));
    }

    function setBorrowCap(address asset, uint256 cap) external {
        _onlyRiskOrPool();
        _store(asset, (_pool().getConfiguration(asset) & ~(uint256(0xfffffffff) << 80)) | (cap << 80));
    }

    function setReserveFreeze(address asset, bool freeze) external {
        IAaveACL acl = _acl();
        require(
            acl.isRiskAdmin(msg.sender) || acl.isPoolAdmin(msg.sender) || acl.isEmergencyAdmin(msg.sender),
            CallerNotRiskOrPoolOrEmergencyAdmin()
        );
        uint256 data = _pool().getConfiguration(asset);
        require(freeze != data.isFrozen(), InvalidFreezeState());
        if (freeze) {
            _pendingLtv[asset] = data.ltv();
            data = _withLtv(data | (1 << 57), 0);
        } else {
            data = _withLtv(data & ~uint256(1 << 57), _pendingLtv[asset]);
            delete _pendingLtv[asset];
        }
        _store(asset, data);
    }

    function setReservePause(address asset, bool paused) external {
        IAaveACL acl = _acl();
        require(acl.isPoolAdmin(msg.sender) || acl.isEmergencyAdmin(msg.sender), CallerNotPoolOrEmergencyAdmin());
        uint256 data = _pool().getConfiguration(asset) & ~uint256(1 << 60);
        _store(asset, paused ? data | (1 << 60) : data);
    }

    /// @dev As on 3.2 and later: no price source, and nothing is held against the reserves.
    function setEModeCategory(uint8 id, uint16 ltv, uint16 threshold, uint16 bonus, string calldata label) external {
        _onlyRiskOrPool();
        require(ltv != 0 && ltv <= threshold && bonus > 10_000, InvalidEmodeCategoryParams());
        require((uint256(threshold) * bonus + 5000) / 10_000 <= 10_000, InvalidEmodeCategoryParams());
        _pool().configureEModeCategory(id, AaveEModeCategory(ltv, threshold, bonus, address(0), label));
    }

    function getPendingLtv(address asset) external view returns (uint256) {
        return _pendingLtv[asset];
    }

    function _withLtv(uint256 data, uint256 ltv) private pure returns (uint256) {
        return (data & ~uint256(0xffff)) | ltv;
    }

    function _store(address asset, uint256 data) private {
        _pool().setConfiguration(asset, AaveConfigurationMap(data));
    }

    function _onlyRiskOrPool() private view {
        IAaveACL acl = _acl();
        require(acl.isRiskAdmin(msg.sender) || acl.isPoolAdmin(msg.sender), CallerNotRiskOrPoolAdmin());
    }

    function _acl() private view returns (IAaveACL) {
        return IAaveACL(_PROVIDER.getACLManager());
    }

    function _pool() private view returns (IAavePoolFull) {
        return IAavePoolFull(_PROVIDER.getPool());
    }
}
