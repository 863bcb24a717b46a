// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.24;

import { ModelPin } from "../types/ModelPin.sol";

/// @title The context of a proof
/// @notice `publicValues[0]`: what one proof is good for. The prover commits to it, so a proof is
/// worthless on another chain, to another consumer, for another model or version, and for another
/// payload.
/// @dev Consumers compute it, always, and never take one from calldata. Off chain (crates/chain) it
/// is
///
/// ```
/// uint256(keccak256(
///     TYPEHASH                      32 bytes
///     chain id                      32 bytes, big-endian
///     consumer                      12 zero bytes ‖ 20 bytes
///     modelId                       32 bytes, big-endian
///     version                       32 bytes, big-endian
///     payload                       32 bytes
/// )) >> 3
/// ```
///
/// 192 bytes are hashed. The shift makes it less than 2^253, hence less than the order of the
/// scalar field. `payload` is the consumer's:
/// `keccak256(abi.encode(<the consumer's own typehash>, …))` over everything else the proof must be
/// bound to: round, nonce, expiry, account, block hash.
library InferenceContext {
    /// @notice The type of what a context hashes: the keccak-256 of the string below.
    bytes32 internal constant TYPEHASH =
        keccak256("VerdictContext(uint256 chainId,address consumer,uint256 modelId,uint256 version,bytes32 payload)");

    /// @notice The context for the calling contract and a pinned version.
    function digest(ModelPin pin, bytes32 payload) internal view returns (uint256) {
        return digest(address(this), pin.modelId(), pin.version(), payload);
    }

    /// @notice The context for some consumer on this chain.
    function digest(address consumer, uint256 modelId, uint256 version, bytes32 payload)
        internal
        view
        returns (uint256)
    {
        bytes32 hash = keccak256(abi.encode(TYPEHASH, block.chainid, consumer, modelId, version, payload));
        return uint256(hash) >> 3;
    }
}
