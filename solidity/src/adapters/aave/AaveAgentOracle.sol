// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import { IERC20Metadata } from "@openzeppelin/contracts/token/ERC20/extensions/IERC20Metadata.sol";

import { IPausable } from "../../consumers/guard/IPausable.sol";
import { IRiskAdapter } from "../../consumers/risk/IRiskAdapter.sol";
import { IRiskOracle } from "../../consumers/risk/IRiskOracle.sol";
import { IRiskParameterUpdater, ProposalStatus } from "../../consumers/risk/IRiskParameterUpdater.sol";
import { MarketState } from "../../consumers/risk/RiskTypes.sol";

/// @title What an updater published, as Aave's risk agents read it
/// @notice Aave's AgentHub fetches updates from a risk oracle and hands them to agents, which hold
/// `RISK_ADMIN`. This is such an oracle, for the agents of caps and of eMode. No owner, no state; it
/// only reads. The types are
///
/// ```
/// SupplyCapUpdate, BorrowCapUpdate    market: the asset; value: abi.encode(cap in whole tokens)
/// EModeCategoryUpdate                 market: the category's number as an address; value:
///                                     abi.encode(ltv, threshold, bonus without the whole), in basis
///                                     points: what the latest proposal published, and what is live of
///                                     what it left as it is
/// ```
///
/// A log forgets nothing, so a value that was published and then vetoed would still be fetched. Here
/// there is no answer while the updater is paused or the market restricted, nor of a proposal that
/// was vetoed, has expired, or whose source was removed: what guardians stop, agents can't inject.
/// @dev The hub has a minimum delay and an expiry of its own, counted from when it injected last and
/// from when a value was published. They add to the updater's: a value waits for the veto window,
/// then for the hub's delay, and is lost if that takes longer than the hub's expiry or than the
/// proposal lives. Rates, and the ratios of reserves, which Aave's agents don't set, are no types here.
contract AaveAgentOracle {
    /// @notice The value can't be fetched any more, or not now.
    error Withdrawn(uint256 updateId, ProposalStatus status);

    /// @notice The cap isn't a number of whole tokens, or is none at all.
    error NotRepresentable(uint256 updateId, uint256 value);

    string private constant _SUPPLY_CAP = "SupplyCapUpdate";
    string private constant _BORROW_CAP = "BorrowCapUpdate";
    string private constant _EMODE = "EModeCategoryUpdate";
    uint256 private constant _NO_CAP = type(uint128).max;
    uint256 private constant _BASIS_POINT = 1e14;
    uint256 private constant _WHOLE = 10_000;

    /// @notice The updater.
    IRiskParameterUpdater public immutable UPDATER;

    /// @param updater The updater.
    constructor(IRiskParameterUpdater updater) {
        UPDATER = updater;
    }

    /// @notice The latest update of a type in a market; reverts if there is none to act on.
    function getLatestUpdateByParameterAndMarket(string calldata updateType, address market)
        external
        view
        returns (IRiskOracle.RiskParameterUpdate memory update)
    {
        bytes32 hash = keccak256(bytes(updateType));
        if (hash == keccak256(bytes(_SUPPLY_CAP))) update = _cap("supplyCap", market);
        else if (hash == keccak256(bytes(_BORROW_CAP))) update = _cap("borrowCap", market);
        else if (hash == keccak256(bytes(_EMODE))) update = _eMode(market);
        else revert IRiskOracle.UnknownUpdateType(updateType);
        update.updateType = updateType;
    }

    /// @notice Aave's names for what is told here.
    function getAllUpdateTypes() external pure returns (string[] memory names) {
        names = new string[](3);
        (names[0], names[1], names[2]) = (_SUPPLY_CAP, _BORROW_CAP, _EMODE);
    }

    function _cap(string memory name, address market)
        private
        view
        returns (IRiskOracle.RiskParameterUpdate memory update)
    {
        update = UPDATER.getLatestUpdateByParameterAndMarket(name, market);
        _checkServed(update);
        uint256 unit = 10 ** uint256(IERC20Metadata(market).decimals());
        uint256 value = abi.decode(update.newValue, (uint256));
        if (value == 0 || value == _NO_CAP || value % unit != 0) revert NotRepresentable(update.updateId, value);
        update.newValue = abi.encode(value / unit);
        uint256 previous = abi.decode(update.previousValue, (uint256));
        update.previousValue = abi.encode(previous == _NO_CAP ? 0 : previous / unit);
    }

    /// @dev The three ratios of a category, as one update with the latest one's number.
    function _eMode(address market) private view returns (IRiskOracle.RiskParameterUpdate memory update) {
        // A reserve's ratios have the same names, and are no category's.
        if (uint160(market) > type(uint8).max) revert IRiskOracle.UpdateNotFound();
        string[3] memory names = ["ltv", "liquidationThreshold", "liquidationBonus"];
        uint256[3] memory ids;
        uint256 latest;
        for (uint256 i = 0; i < 3; ++i) {
            ids[i] = UPDATER.latestUpdateIdByMarketAndType(market, names[i]);
            if (ids[i] > latest) latest = ids[i];
        }
        update = UPDATER.getUpdateById(latest);
        _checkServed(update);
        bytes32 origin = keccak256(update.additionalData);
        MarketState memory state = IRiskAdapter(UPDATER.adapter()).stateOf(market);
        uint256[3] memory next;
        uint256[3] memory live;
        for (uint256 i = 0; i < 3; ++i) {
            live[i] = state.values[i + 1] / _BASIS_POINT;
            next[i] = live[i];
            if (ids[i] == 0) continue;
            IRiskOracle.RiskParameterUpdate memory one = UPDATER.getUpdateById(ids[i]);
            // What an older proposal said is live by now, or was never taken.
            if (keccak256(one.additionalData) == origin) next[i] = abi.decode(one.newValue, (uint256)) / _BASIS_POINT;
        }
        update.newValue = abi.encode(next[0], next[1], next[2] - _WHOLE);
        update.previousValue = abi.encode(live[0], live[1], live[2] - _WHOLE);
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
}
