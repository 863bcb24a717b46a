// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.24;

import { Features, IFeatureSource } from "../../src/features/IFeatureSource.sol";
import { ModelPin } from "../../src/types/ModelPin.sol";

/// @dev Vouches for whatever it is told to.
contract MockFeatures is IFeatureSource {
    Features private _features;
    bool private _refuses;
    mapping(bytes32 subject => bool) private _knows;
    bool private _picky;

    function set(uint256[] calldata words, uint64 timestamp, uint64 blockNumber) external {
        (_features.words, _features.timestamp, _features.blockNumber) = (words, timestamp, blockNumber);
    }

    function setCommitments(uint256[] calldata commitments) external {
        _features.commitments = commitments;
    }

    /// @dev From now on, only these subjects are known.
    function setSubject(bytes32 subject) external {
        (_picky, _knows[subject]) = (true, true);
    }

    function refuse() external {
        _refuses = true;
    }

    function covers(ModelPin) external view returns (bool) {
        return !_refuses;
    }

    function features(ModelPin, bytes32 subject, bytes calldata) external view returns (Features memory) {
        if (_picky && !_knows[subject]) revert WrongSubject(0, subject);
        return _features;
    }
}
