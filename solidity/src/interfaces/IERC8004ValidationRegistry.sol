// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.24;

/// @title What a validator needs of ERC-8004's validation registry
/// @notice As of January 2026, when `tag` became a string.
interface IERC8004ValidationRegistry {
    /// @notice Answers a request. Only for the validator that the request names.
    /// @param requestHash Commits to what is to be validated.
    /// @param response From 0, failed, to 100, passed.
    /// @param responseURI Where evidence is; optional.
    /// @param responseHash Commits to the evidence.
    /// @param tag Says what kind of validation it was.
    function validationResponse(
        bytes32 requestHash,
        uint8 response,
        string calldata responseURI,
        bytes32 responseHash,
        string calldata tag
    ) external;

    /// @notice A request and the latest response.
    function getValidationStatus(bytes32 requestHash)
        external
        view
        returns (
            address validatorAddress,
            uint256 agentId,
            uint8 response,
            bytes32 responseHash,
            string memory tag,
            uint256 lastUpdate
        );

    /// @notice How many responses an agent got, and their average, of these validators and with this
    /// tag alone; of all where the list or the tag is empty.
    /// @dev Anybody can be a validator, and any model registered: name both.
    function getSummary(uint256 agentId, address[] calldata validatorAddresses, string calldata tag)
        external
        view
        returns (uint64 count, uint8 averageResponse);
}
