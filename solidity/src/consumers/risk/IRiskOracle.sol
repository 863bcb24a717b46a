// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.24;

/// @title Reads of a risk oracle
/// @notice The functions and the event of Chaos Labs' `RiskOracle` that consumers read: what such a
/// consumer (a steward, a config syncer) takes from it, it can take from here.
interface IRiskOracle {
    /// @notice A published value of a risk parameter.
    /// @param timestamp When it was published.
    /// @param newValue `abi.encode(uint256)`.
    /// @param referenceId Where the value comes from, in words.
    /// @param previousValue `abi.encode(uint256)` of what it replaced.
    /// @param updateType The parameter's name.
    /// @param updateId From 1, without gaps.
    /// @param market The market.
    /// @param additionalData Where the value comes from, as data.
    struct RiskParameterUpdate {
        uint256 timestamp;
        bytes newValue;
        string referenceId;
        bytes previousValue;
        string updateType;
        uint256 updateId;
        address market;
        bytes additionalData;
    }

    /// @notice A value was published.
    event ParameterUpdated(
        string referenceId,
        bytes newValue,
        bytes previousValue,
        uint256 timestamp,
        string indexed updateType,
        uint256 indexed updateId,
        address indexed market,
        bytes additionalData
    );

    /// @notice No such update was published.
    error UpdateNotFound();

    /// @notice There is no such parameter.
    error UnknownUpdateType(string updateType);

    /// @notice The latest update of a parameter in any market; reverts if there is none.
    function getLatestUpdateByType(string calldata updateType) external view returns (RiskParameterUpdate memory);

    /// @notice The latest update of a parameter in a market; reverts if there is none.
    function getLatestUpdateByParameterAndMarket(string calldata updateType, address market)
        external
        view
        returns (RiskParameterUpdate memory);

    /// @notice An update; reverts if there is none with this id.
    function getUpdateById(uint256 updateId) external view returns (RiskParameterUpdate memory);

    /// @notice The parameters' names.
    function getAllUpdateTypes() external view returns (string[] memory);

    /// @notice Whether there is such a parameter.
    function isValidUpdateType(string calldata updateType) external view returns (bool);

    /// @notice The id of the latest update of a parameter in a market, or zero.
    function latestUpdateIdByMarketAndType(address market, string calldata updateType) external view returns (uint256);

    /// @notice How many updates there are.
    function updateCounter() external view returns (uint256);

    /// @notice Whether the account may publish.
    function isAuthorized(address sender) external view returns (bool);
}
