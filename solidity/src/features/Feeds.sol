// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.24;

/// @notice One number that a view function returns.
/// @param target Which contract.
/// @param data The whole calldata.
/// @param word The number is this 32-byte word of what it returns, from 0.
/// @param isSigned Whether it is an `int256`; otherwise it is a `uint256`, and from 2^255 on it
/// counts as 2^255 − 1.
/// @param decimals It stands for `number / 10^decimals`; at most 36.
/// @param maxAge If not zero, word `timeWord` is a time, and one that is older, or further in the
/// future, makes the call a failure: for price feeds.
/// @param timeWord See there.
/// @param gasLimit Gas for the call; zero for all there is.
/// @param optional Whether a failure gives `substitute`; otherwise it reverts. Needs a gas limit.
/// @param substitute In the same decimals.
/// @param anySign Of a feed with `maxAge`: whether zero and negative numbers count, too. Otherwise
/// they are failures, for no price is; and a negative one that is read as a `uint256` would be the
/// greatest.
struct Feed {
    address target;
    bytes data;
    uint8 word;
    bool isSigned;
    uint8 decimals;
    uint32 maxAge;
    uint8 timeWord;
    uint32 gasLimit;
    bool optional;
    int256 substitute;
    bool anySign;
}

/// @title Reading view functions that may misbehave
/// @notice A feed can fail: revert, return too little, have no code, use up its gas, be too old, be
/// no price.
/// Then its number is the substitute, or there is none at all. It can do nothing else: it is called
/// statically, and no more is copied of what it returns than was asked for.
library Feeds {
    /// @notice More decimals than a scale has.
    error TooManyDecimals(uint256 index);

    /// @notice Without a gas limit, the submitter could starve the call and so choose the
    /// substitute.
    error GasLimitMissing(uint256 index);

    /// @notice A limited call needs more gas than there is left: the submitter sent too little.
    error NotEnoughGas(uint256 index);

    /// @notice The call reverted, returned too little, or there is no code.
    error FeedFailed(uint256 index);

    /// @notice What it says is from `time`, which is too old.
    error FeedStale(uint256 index, uint256 time);

    /// @notice What it says is from `time`, which is too far in the future.
    error FeedFromTheFuture(uint256 index, uint256 time);

    /// @notice What it says is no price.
    error FeedNotPositive(uint256 index, int256 number);

    uint256 private constant _MAXIMUM_DECIMALS = 36;

    /// @notice Refuses what could never be read.
    function check(Feed memory feed, uint256 index) internal pure {
        if (feed.decimals > _MAXIMUM_DECIMALS) revert TooManyDecimals(index);
        if (feed.optional && feed.gasLimit == 0) revert GasLimitMissing(index);
    }

    /// @notice The feed's number now.
    function read(Feed memory feed, uint256 index) internal view returns (int256) {
        (bool ok, uint256 number, uint256 time) = _call(feed, index);
        if (!ok) {
            if (!feed.optional) revert FeedFailed(index);
            return feed.substitute;
        }
        if (feed.maxAge != 0 && !_isGood(feed, index, number, time)) return feed.substitute;
        if (!feed.isSigned && number > uint256(type(int256).max)) return type(int256).max;
        // Two's complement is what it is.
        // forge-lint: disable-next-line(unsafe-typecast)
        return int256(number);
    }

    /// @dev Whether a price and its time are such; reverts if they aren't and there is no substitute.
    function _isGood(Feed memory feed, uint256 index, uint256 number, uint256 time) private view returns (bool) {
        bool stale = block.timestamp > time && block.timestamp - time > feed.maxAge;
        bool early = time > block.timestamp && time - block.timestamp > feed.maxAge;
        // Two's complement is what it is.
        // forge-lint: disable-next-item(unsafe-typecast)
        bool priced = feed.anySign || int256(number) > 0;
        if (!feed.optional) {
            if (stale) revert FeedStale(index, time);
            if (early) revert FeedFromTheFuture(index, time);
            // forge-lint: disable-next-line(unsafe-typecast)
            if (!priced) revert FeedNotPositive(index, int256(number));
        }
        return !stale && !early && priced;
    }

    /// @dev The words asked for, if the call returns them.
    function _call(Feed memory feed, uint256 index) private view returns (bool ok, uint256 value, uint256 time) {
        uint256 limit = feed.gasLimit;
        if (limit == 0) {
            limit = gasleft();
        } else if (gasleft() < limit + limit / 63 + 5000) {
            // A call gets 63/64 of what is left after its own price, at most 2,600 for a cold
            // account.
            revert NotEnoughGas(index);
        }
        (address target, bytes memory data) = (feed.target, feed.data);
        uint256 numberAt = 32 * uint256(feed.word);
        uint256 timeAt = feed.maxAge == 0 ? 0 : 32 * uint256(feed.timeWord);
        assembly ("memory-safe") {
            ok := staticcall(limit, target, add(data, 0x20), mload(data), 0, 0)
            let end := add(numberAt, 0x20)
            if lt(numberAt, timeAt) { end := add(timeAt, 0x20) }
            ok := and(ok, iszero(lt(returndatasize(), end)))
            if ok {
                returndatacopy(0, numberAt, 0x20)
                value := mload(0)
                returndatacopy(0, timeAt, 0x20)
                time := mload(0)
            }
        }
    }
}
