// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.24;

import { SafeCast } from "@openzeppelin/contracts/utils/math/SafeCast.sol";

import { IRiskOracle } from "./IRiskOracle.sol";
import { RISK_PARAMETERS, RiskParameter } from "./RiskTypes.sol";

/// @title What was published, as a risk oracle tells it
/// @dev Two words an update are stored; names, encodings and provenance are made when they are
/// read.
abstract contract RiskUpdateLog is IRiskOracle {
    struct UpdateRecord {
        address market;
        uint40 timestamp;
        RiskParameter parameter;
        uint48 proposal;
        uint128 newValue;
        uint128 previousValue;
    }

    struct Latest {
        uint64 id;
        uint40 timestamp;
    }

    uint256 private _count;
    mapping(uint256 id => UpdateRecord) private _records;
    mapping(address market => mapping(RiskParameter => Latest)) private _latest;
    mapping(RiskParameter => uint256) private _latestOfType;

    /// @inheritdoc IRiskOracle
    function getLatestUpdateByType(string calldata updateType) external view returns (RiskParameterUpdate memory) {
        return _read(_latestOfType[_parameterOf(updateType)]);
    }

    /// @inheritdoc IRiskOracle
    function getLatestUpdateByParameterAndMarket(string calldata updateType, address market)
        external
        view
        returns (RiskParameterUpdate memory)
    {
        return _read(_latest[market][_parameterOf(updateType)].id);
    }

    /// @inheritdoc IRiskOracle
    function getUpdateById(uint256 updateId) external view returns (RiskParameterUpdate memory) {
        return _read(updateId);
    }

    /// @inheritdoc IRiskOracle
    function getAllUpdateTypes() external pure returns (string[] memory names) {
        names = new string[](RISK_PARAMETERS);
        for (uint256 i = 0; i < RISK_PARAMETERS; ++i) {
            names[i] = _nameOf(RiskParameter(i));
        }
    }

    /// @inheritdoc IRiskOracle
    function isValidUpdateType(string calldata updateType) external pure returns (bool) {
        return _indexOf(updateType) < RISK_PARAMETERS;
    }

    /// @inheritdoc IRiskOracle
    function latestUpdateIdByMarketAndType(address market, string calldata updateType) external view returns (uint256) {
        return _latest[market][_parameterOf(updateType)].id;
    }

    /// @inheritdoc IRiskOracle
    function updateCounter() external view returns (uint256) {
        return _count;
    }

    /// @dev When the latest update of a parameter was published, or zero.
    function _lastTimestamp(address market, RiskParameter parameter) internal view returns (uint256) {
        return _latest[market][parameter].timestamp;
    }

    function _publish(
        address market,
        RiskParameter parameter,
        uint256 newValue,
        uint256 previousValue,
        uint256 proposal
    ) internal {
        uint256 id = ++_count;
        // Neither proposals nor updates come to 2^48: each costs somebody a transaction.
        // forge-lint: disable-next-item(unsafe-typecast)
        _records[id] = UpdateRecord(
            market,
            uint40(block.timestamp),
            parameter,
            uint48(proposal),
            SafeCast.toUint128(newValue),
            SafeCast.toUint128(previousValue)
        );
        // forge-lint: disable-next-line(unsafe-typecast)
        _latest[market][parameter] = Latest(uint64(id), uint40(block.timestamp));
        _latestOfType[parameter] = id;

        RiskParameterUpdate memory update = _read(id);
        emit ParameterUpdated(
            update.referenceId,
            update.newValue,
            update.previousValue,
            update.timestamp,
            update.updateType,
            id,
            market,
            update.additionalData
        );
    }

    /// @dev Where a proposal's values come from.
    function _provenanceOf(uint256 proposal) internal view virtual returns (bytes memory);

    function _read(uint256 id) private view returns (RiskParameterUpdate memory update) {
        UpdateRecord memory record = _records[id];
        if (record.timestamp == 0) revert UpdateNotFound();
        update.timestamp = record.timestamp;
        update.newValue = abi.encode(record.newValue);
        update.previousValue = abi.encode(record.previousValue);
        update.updateType = _nameOf(record.parameter);
        update.updateId = id;
        update.market = record.market;
        update.referenceId = "verdict";
        update.additionalData = _provenanceOf(record.proposal);
    }

    function _parameterOf(string calldata updateType) private pure returns (RiskParameter) {
        uint256 index = _indexOf(updateType);
        if (index == RISK_PARAMETERS) revert UnknownUpdateType(updateType);
        return RiskParameter(index);
    }

    /// @dev The parameter with a name, or one more than all.
    function _indexOf(string calldata updateType) private pure returns (uint256 index) {
        bytes32 hash = keccak256(bytes(updateType));
        while (index < RISK_PARAMETERS && keccak256(bytes(_nameOf(RiskParameter(index)))) != hash) ++index;
    }

    function _nameOf(RiskParameter parameter) private pure returns (string memory) {
        if (parameter == RiskParameter.CollateralFactor) return "collateralFactor";
        if (parameter == RiskParameter.LoanToValue) return "ltv";
        if (parameter == RiskParameter.LiquidationThreshold) return "liquidationThreshold";
        if (parameter == RiskParameter.LiquidationBonus) return "liquidationBonus";
        return parameter == RiskParameter.SupplyCap ? "supplyCap" : "borrowCap";
    }
}
