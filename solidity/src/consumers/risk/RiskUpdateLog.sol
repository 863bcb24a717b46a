// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import { SafeCast } from "@openzeppelin/contracts/utils/math/SafeCast.sol";

import { IRiskOracle } from "./IRiskOracle.sol";
import { RISK_PARAMETERS, RiskParameter } from "./RiskTypes.sol";

/// @notice What the log asks of the updater that writes it.
interface IRiskPublisher {
    /// @notice Where a proposal's values come from.
    function provenanceOf(uint256 proposal) external view returns (bytes memory);

    /// @notice Whether the account may publish.
    function isAuthorized(address sender) external view returns (bool);
}

/// @title What was published, as a risk oracle tells it
/// @notice A `RiskParameterUpdater` makes one, and writes it; anyone reads it here, or through the
/// updater.
/// @dev Two words an update are stored; names, encodings and provenance are made when they are
/// read.
contract RiskUpdateLog is IRiskOracle {
    struct UpdateRecord {
        address market;
        uint40 timestamp;
        RiskParameter parameter;
        uint48 proposal;
        uint128 newValue;
        uint128 previousValue;
    }

    IRiskPublisher private immutable _PUBLISHER;

    uint256 private _count;
    mapping(uint256 id => UpdateRecord) private _records;
    mapping(address market => mapping(RiskParameter => uint256 id)) private _latest;
    mapping(RiskParameter => uint256 id) private _latestOfType;

    /// @notice Only the updater writes.
    error NotThePublisher(address account);

    /// @dev For whoever makes it.
    constructor() {
        _PUBLISHER = IRiskPublisher(msg.sender);
    }

    /// @notice Publishes the parameters in `mask`. For the updater.
    function publish(
        address market,
        uint8 mask,
        uint256[RISK_PARAMETERS] calldata newValues,
        uint256[RISK_PARAMETERS] calldata previousValues,
        uint256 proposal
    ) external {
        if (msg.sender != address(_PUBLISHER)) revert NotThePublisher(msg.sender);
        for (uint256 i = 0; i < RISK_PARAMETERS; ++i) {
            if ((mask >> i) & 1 != 0) _publish(market, RiskParameter(i), newValues[i], previousValues[i], proposal);
        }
    }

    /// @notice The updater.
    function publisher() external view returns (address) {
        return address(_PUBLISHER);
    }

    /// @inheritdoc IRiskOracle
    function isAuthorized(address sender) external view returns (bool) {
        return _PUBLISHER.isAuthorized(sender);
    }

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
        return _read(_latest[market][_parameterOf(updateType)]);
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
        return _latest[market][_parameterOf(updateType)];
    }

    /// @inheritdoc IRiskOracle
    function updateCounter() external view returns (uint256) {
        return _count;
    }

    function _publish(
        address market,
        RiskParameter parameter,
        uint256 newValue,
        uint256 previousValue,
        uint256 proposal
    ) private {
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
        _latest[market][parameter] = id;
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
        update.additionalData = _PUBLISHER.provenanceOf(record.proposal);
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
