// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import { IERC20Metadata } from "@openzeppelin/contracts/token/ERC20/extensions/IERC20Metadata.sol";

import { IPausable } from "../../consumers/guard/IPausable.sol";
import { IRiskOracle } from "../../consumers/risk/IRiskOracle.sol";
import { IRiskParameterUpdater, ProposalStatus } from "../../consumers/risk/IRiskParameterUpdater.sol";

/// @title What an updater published, as Aave's risk agents read it
/// @notice Aave's AgentHub fetches updates from a risk oracle and hands them to agents, which hold
/// `RISK_ADMIN`. This is such an oracle for an agent of caps: the types are Aave's ("SupplyCapUpdate",
/// "BorrowCapUpdate"), values whole tokens. No owner, no state; it only reads.
///
/// A log forgets nothing, so a value that was published and then vetoed would still be fetched. Here
/// there is no answer while the updater is paused or the market restricted, nor of a proposal that
/// was vetoed, has expired, or whose source was removed: what guardians stop, agents can't inject.
/// @dev The hub has a minimum delay and an expiry of its own, counted from when it injected last and
/// from when a value was published. They add to the updater's: a value waits for the veto window,
/// then for the hub's delay, and is lost if that takes longer than the hub's expiry or than the
/// proposal lives. Ratios and rates have no place in Aave's agents of caps; asked for them this
/// says that there is no such type.
contract AaveAgentOracle {
    /// @notice The value can't be fetched any more, or not now.
    error Withdrawn(uint256 updateId, ProposalStatus status);

    /// @notice The cap isn't a number of whole tokens, or is none at all.
    error NotRepresentable(uint256 updateId, uint256 value);

    string private constant _SUPPLY_CAP = "SupplyCapUpdate";
    string private constant _BORROW_CAP = "BorrowCapUpdate";
    uint256 private constant _NO_CAP = type(uint128).max;

    /// @notice The updater.
    IRiskParameterUpdater public immutable UPDATER;

    /// @param updater The updater.
    constructor(IRiskParameterUpdater updater) {
        UPDATER = updater;
    }

    /// @notice The latest update of a type in a market, named by the asset; reverts if there is none
    /// to act on.
    function getLatestUpdateByParameterAndMarket(string calldata updateType, address market)
        external
        view
        returns (IRiskOracle.RiskParameterUpdate memory update)
    {
        update = UPDATER.getLatestUpdateByParameterAndMarket(_nameOf(updateType), market);
        _checkServed(update);
        uint256 unit = 10 ** uint256(IERC20Metadata(market).decimals());
        uint256 value = abi.decode(update.newValue, (uint256));
        if (value == 0 || value == _NO_CAP || value % unit != 0) revert NotRepresentable(update.updateId, value);
        update.newValue = abi.encode(value / unit);
        uint256 previous = abi.decode(update.previousValue, (uint256));
        update.previousValue = abi.encode(previous == _NO_CAP ? 0 : previous / unit);
        update.updateType = updateType;
    }

    /// @notice Aave's names for what is told here.
    function getAllUpdateTypes() external pure returns (string[] memory names) {
        names = new string[](2);
        (names[0], names[1]) = (_SUPPLY_CAP, _BORROW_CAP);
    }

    /// @dev What guardians stopped, or governance, isn't served.
    function _checkServed(IRiskOracle.RiskParameterUpdate memory update) private view {
        (uint256 proposal,,,) = abi.decode(update.additionalData, (uint256, uint256, uint32, uint40));
        ProposalStatus status = UPDATER.proposalOf(proposal).status;
        bool good = status == ProposalStatus.Pending || status == ProposalStatus.Executed;
        if (!good || UPDATER.isRestricted(update.market) || IPausable(address(UPDATER)).paused()) {
            revert Withdrawn(update.updateId, status);
        }
    }

    /// @dev The updater's name for a type.
    function _nameOf(string calldata updateType) private pure returns (string memory) {
        bytes32 hash = keccak256(bytes(updateType));
        if (hash == keccak256(bytes(_SUPPLY_CAP))) return "supplyCap";
        if (hash == keccak256(bytes(_BORROW_CAP))) return "borrowCap";
        revert IRiskOracle.UnknownUpdateType(updateType);
    }
}
