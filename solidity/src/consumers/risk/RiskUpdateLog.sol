// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import { SafeCast } from "@openzeppelin/contracts/utils/math/SafeCast.sol";

import { IRiskOracle } from "./IRiskOracle.sol";
import { RISK_PARAMETERS, RiskParameter } from "./RiskTypes.sol";

/// @notice What the log asks of the updater that writes it.
interface IRiskPublisher {
    /// @notice Where a proposal's values come from: of which source of the market's, and of when.
    function provenanceOf(uint256 proposal, address market, uint256 index, uint40 evidenceTime)
        external
        view
        returns (bytes memory);

    /// @notice Whether the account may publish.
    function isAuthorized(address sender) external view returns (bool);
}

/// @title What was published, as a risk oracle tells it
/// @notice A `RiskParameterUpdater` makes one, and writes it; anyone reads it here, or through the
/// updater. The latest update of each parameter in each market is kept, and of these the last 64
/// can be read by number. All that ever were are events, and `historyRoot` shows whether a list of
/// them is complete: beginning with zero, with each update it becomes
///
/// ```
/// keccak256(abi.encode(root, id, market, parameter, newValue, previousValue, timestamp, proposal))
/// ```
///
/// @dev So once a parameter has moved twice, an update writes over words that are there, and the
/// state of the chain doesn't grow. Names, encodings and provenance are made when they are read.
contract RiskUpdateLog is IRiskOracle {
    /// @dev Two slots; of a parameter in a market.
    struct UpdateRecord {
        uint40 id;
        uint40 timestamp;
        uint48 proposal;
        uint16 source;
        uint40 evidenceTime;
        uint128 newValue;
        uint128 previousValue;
    }

    /// @dev One slot: what an update was about.
    struct Place {
        address market;
        RiskParameter parameter;
        uint40 id;
    }

    /// @notice What is published together, and where it comes from.
    /// @param proposal The proposal.
    /// @param market The market.
    /// @param source Which of the market's sources.
    /// @param evidenceTime When the model's inputs were true.
    struct Origin {
        uint256 proposal;
        address market;
        uint16 source;
        uint40 evidenceTime;
    }

    /// @dev So many places are remembered.
    uint256 private constant _REMEMBERED = 64;

    IRiskPublisher private immutable _PUBLISHER;

    uint256 private _count;
    mapping(address market => mapping(RiskParameter => UpdateRecord)) private _latest;
    mapping(RiskParameter => Place) private _latestOfType;
    Place[_REMEMBERED] private _places;

    /// @notice What all updates so far hash to.
    bytes32 public historyRoot;

    /// @notice Only the updater writes.
    error NotThePublisher(address account);

    /// @dev For whoever makes it.
    constructor() {
        _PUBLISHER = IRiskPublisher(msg.sender);
    }

    /// @notice Publishes the parameters in `mask`. For the updater.
    function publish(
        Origin calldata origin,
        uint8 mask,
        uint256[RISK_PARAMETERS] calldata newValues,
        uint256[RISK_PARAMETERS] calldata previousValues
    ) external {
        if (msg.sender != address(_PUBLISHER)) {
            revert NotThePublisher(msg.sender);
        }
        uint256 id = _count;
        bytes32 root = historyRoot;
        for (uint256 i = 0; i < RISK_PARAMETERS; ++i) {
            if ((mask >> i) & 1 == 0) continue;
            root = _publish(root, ++id, origin, RiskParameter(i), newValues[i], previousValues[i]);
        }
        (_count, historyRoot) = (id, root);
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
        return _readAt(_latestOfType[_parameterOf(updateType)]);
    }

    /// @inheritdoc IRiskOracle
    function getLatestUpdateByParameterAndMarket(string calldata updateType, address market)
        external
        view
        returns (RiskParameterUpdate memory)
    {
        return _read(market, _parameterOf(updateType));
    }

    /// @inheritdoc IRiskOracle
    /// @dev Of the last 64, those that are the latest of their parameter and market.
    function getUpdateById(uint256 updateId) external view returns (RiskParameterUpdate memory) {
        Place memory place = _places[updateId % _REMEMBERED];
        if (place.id != updateId) revert UpdateNotFound();
        return _readAt(place);
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

    function _publish(
        bytes32 root,
        uint256 id,
        Origin calldata origin,
        RiskParameter parameter,
        uint256 newValue,
        uint256 previousValue
    ) private returns (bytes32) {
        UpdateRecord memory record;
        // Neither proposals nor updates come to 2^40: each costs somebody a transaction.
        // forge-lint: disable-next-item(unsafe-typecast)
        (record.id, record.timestamp, record.proposal) = (uint40(id), uint40(block.timestamp), uint48(origin.proposal));
        (record.source, record.evidenceTime) = (origin.source, origin.evidenceTime);
        (record.newValue, record.previousValue) = (SafeCast.toUint128(newValue), SafeCast.toUint128(previousValue));
        _latest[origin.market][parameter] = record;
        Place memory place = Place(origin.market, parameter, record.id);
        (_latestOfType[parameter], _places[id % _REMEMBERED]) = (place, place);
        _emit(_tell(record, origin.market, parameter));
        return keccak256(
            abi.encode(root, id, origin.market, parameter, newValue, previousValue, block.timestamp, origin.proposal)
        );
    }

    function _emit(RiskParameterUpdate memory update) private {
        emit ParameterUpdated(
            update.referenceId,
            update.newValue,
            update.previousValue,
            update.timestamp,
            update.updateType,
            update.updateId,
            update.market,
            update.additionalData
        );
    }

    /// @dev The update of a place, if none came after it.
    function _readAt(Place memory place) private view returns (RiskParameterUpdate memory update) {
        update = _read(place.market, place.parameter);
        if (update.updateId != place.id) revert UpdateNotFound();
    }

    function _read(address market, RiskParameter parameter) private view returns (RiskParameterUpdate memory) {
        UpdateRecord memory record = _latest[market][parameter];
        if (record.timestamp == 0) revert UpdateNotFound();
        return _tell(record, market, parameter);
    }

    function _tell(UpdateRecord memory record, address market, RiskParameter parameter)
        private
        view
        returns (RiskParameterUpdate memory update)
    {
        update.timestamp = record.timestamp;
        update.newValue = abi.encode(record.newValue);
        update.previousValue = abi.encode(record.previousValue);
        update.updateType = _nameOf(parameter);
        update.updateId = record.id;
        update.market = market;
        update.referenceId = "verdict";
        update.additionalData = _PUBLISHER.provenanceOf(record.proposal, market, record.source, record.evidenceTime);
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
