// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.24;

import { ProposalStatus, RiskProposal } from "./IRiskParameterUpdater.sol";
import { IRiskSource } from "./IRiskSource.sol";
import { RISK_PARAMETERS } from "./RiskTypes.sol";

/// @notice A proposal in storage: its fields but the last, from the lowest bits on, and two values to a
/// word. Values of parameters that it isn't for are left from earlier ones.
struct StoredProposal {
    uint256 header;
    uint256[RISK_PARAMETERS / 2] targets;
}

/// @title Proposals in slots that are used again
/// @notice The last `RING` are in as many places, which later ones write over. Of what is written over
/// the pending ones go to a place of their own: whoever floods this pays for new storage, and kills
/// nothing.
library RiskProposals {
    /// @notice How many are remembered, whatever became of them.
    uint256 internal constant RING = 32;

    uint256 private constant _ETA = 160;
    uint256 private constant _EVIDENCE = 200;
    uint256 private constant _STATUS = 240;
    uint256 private constant _MASK = 248;

    /// @notice Where a proposal is, if `count` are the latest's number; of numbers without a proposal, a
    /// place where none ever is.
    function keyOf(uint256 proposal, uint256 count) internal pure returns (uint256) {
        if (proposal == 0 || proposal > count) return type(uint256).max;
        return proposal + RING > count ? proposal % RING : proposal + RING;
    }

    /// @notice Reads a proposal.
    function load(StoredProposal storage stored) internal view returns (RiskProposal memory record) {
        uint256 header = stored.header;
        // Each field has as many bits as its place.
        // forge-lint: disable-start(unsafe-typecast)
        record.source = IRiskSource(address(uint160(header)));
        record.eta = uint40(header >> _ETA);
        record.evidenceTime = uint40(header >> _EVIDENCE);
        record.status = ProposalStatus(uint8(header >> _STATUS));
        record.mask = uint8(header >> _MASK);
        for (uint256 i = 0; i < RISK_PARAMETERS; ++i) {
            if ((record.mask >> i) & 1 != 0) record.targets[i] = uint128(stored.targets[i >> 1] >> ((i & 1) << 7));
        }
        // forge-lint: disable-end(unsafe-typecast)
    }

    /// @notice Writes a proposal, and no word that has none of its values: one that became zero would be
    /// dear to set again.
    function store(StoredProposal storage stored, RiskProposal memory record) internal {
        stored.header = uint256(uint160(address(record.source))) | (uint256(record.eta) << _ETA)
            | (uint256(record.evidenceTime) << _EVIDENCE) | (uint256(record.status) << _STATUS)
            | (uint256(record.mask) << _MASK);
        for (uint256 i = 0; i < RISK_PARAMETERS; i += 2) {
            if ((record.mask >> i) & 3 == 0) continue;
            stored.targets[i >> 1] = record.targets[i] | (uint256(record.targets[i + 1]) << 128);
        }
    }
}
