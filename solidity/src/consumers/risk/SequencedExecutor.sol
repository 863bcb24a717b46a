// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import { AggregatorV3Interface } from "../oracle/AggregatorV3Interface.sol";
import { Sequencer, SequencerUptime } from "../oracle/strict/SequencerUptime.sol";
import { IRiskParameterUpdater, RiskProposal } from "./IRiskParameterUpdater.sol";

/// @title An executor for layer 2
/// @notice A veto window is no window while nobody can send a veto. This executes and publishes
/// proposals only while the sequencer is up, and where it was down since the proposal was made, only
/// when it has been up for as long as the veto window. For anyone; no owner.
/// @dev Give this contract, and nobody else, the updater's `EXECUTOR_ROLE`. A proposal whose window
/// was interrupted may expire meanwhile: then it is proposed anew, with newer evidence.
contract SequencedExecutor {
    /// @notice The updater.
    IRiskParameterUpdater public immutable UPDATER;

    /// @notice Chainlink's feed of the sequencer's uptime.
    AggregatorV3Interface public immutable SEQUENCER;

    /// @notice The account has no code.
    error NotAContract(address account);

    /// @notice The sequencer is down, or its feed says nothing valid.
    error SequencerNotUp(Sequencer state);

    /// @notice The sequencer was down after the proposal was made; it can be executed from `readyAt`
    /// on, if nothing happens meanwhile.
    error VetoWindowInterrupted(uint256 proposal, uint256 readyAt);

    /// @param updater The updater.
    /// @param sequencer Chainlink's feed of the sequencer's uptime.
    constructor(IRiskParameterUpdater updater, AggregatorV3Interface sequencer) {
        if (address(updater).code.length == 0) revert NotAContract(address(updater));
        if (address(sequencer).code.length == 0) revert NotAContract(address(sequencer));
        (UPDATER, SEQUENCER) = (updater, sequencer);
    }

    /// @notice `IRiskParameterUpdater.execute`.
    function execute(uint256 proposal) external returns (uint8 mask) {
        _check(proposal);
        return UPDATER.execute(proposal);
    }

    /// @notice `IRiskParameterUpdater.publish`.
    function publish(uint256 proposal) external returns (uint8 mask) {
        _check(proposal);
        return UPDATER.publish(proposal);
    }

    function _check(uint256 proposal) private view {
        (Sequencer state, uint256 since) = SequencerUptime.read(SEQUENCER);
        if (state != Sequencer.Up) revert SequencerNotUp(state);
        RiskProposal memory record = UPDATER.proposalOf(proposal);
        uint256 window = UPDATER.sourceOf(record.source).vetoWindow;
        // Of no proposal both are zero, and the updater says so.
        if (since + window <= record.eta || block.timestamp >= since + window) return;
        revert VetoWindowInterrupted(proposal, since + window);
    }
}
