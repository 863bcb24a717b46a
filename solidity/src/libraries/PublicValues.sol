// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.24;

import { OutputSchema, Packing } from "../types/Schemas.sol";

/// @title Public words
/// @notice Puts integers into words and takes them out again: crates/model/src/packing.rs on chain.
/// @dev `word = Σ_i (x_i + offset)·2^(bits·i)`, the last word of a tensor may hold fewer values. A
/// word with a bit that no value owns is refused, so a tensor has one encoding. Arrays are in
/// memory: a consumer has assembled the public values there anyway, and Solidity's decoder has
/// checked offsets and lengths by then.
library PublicValues {
    /// @notice `words[index]` has a bit that no value owns.
    error StrayBits(uint256 index);

    /// @notice Words up to `needed` were asked for, there are `available`.
    error WordsMissing(uint256 needed, uint256 available);

    /// @notice There is no value `index` among `count`.
    error ValueIndexOutOfRange(uint256 index, uint256 count);

    /// @notice There is no item `item` among `items`.
    error ItemOutOfRange(uint256 item, uint256 items);

    /// @notice The packing has no place for the value at `index`.
    error ValueOutOfRange(uint256 index, int256 value);

    // ---------------------------------------------------------------------------------- assembling

    /// @notice The public values in the verifier's order.
    function assemble(uint256 context, uint256[] memory inputs, uint256[] memory outputs, uint256[] memory commitments)
        internal
        pure
        returns (uint256[] memory publicValues)
    {
        publicValues = new uint256[](1 + inputs.length + outputs.length + commitments.length);
        publicValues[0] = context;
        _copy(inputs, publicValues, 1);
        _copy(outputs, publicValues, 1 + inputs.length);
        _copy(commitments, publicValues, 1 + inputs.length + outputs.length);
    }

    /// @dev Copies `from` to `to[position …]`, which must have room.
    function _copy(uint256[] memory from, uint256[] memory to, uint256 position) private pure {
        assembly ("memory-safe") {
            mcopy(add(add(to, 0x20), shl(5, position)), add(from, 0x20), shl(5, mload(from)))
        }
    }

    // ------------------------------------------------------------------------------------ packings

    /// @notice Bits of a value.
    function bitsOf(Packing packing) internal pure returns (uint256) {
        return 8 << uint256(packing);
    }

    /// @notice Values in a full word.
    function perWord(Packing packing) internal pure returns (uint256) {
        // 248, 240 and 224 bits: what is left below the scalar field's 254 is less than a value.
        return packing == Packing.Bytes ? 31 : packing == Packing.Signed ? 15 : 7;
    }

    /// @notice What is added to a value.
    function offsetOf(Packing packing) internal pure returns (int256) {
        return packing == Packing.Bytes ? int256(0) : packing == Packing.Signed ? int256(1 << 15) : int256(1 << 31);
    }

    /// @notice Words that `count` values take.
    function wordCount(Packing packing, uint256 count) internal pure returns (uint256) {
        uint256 each = perWord(packing);
        return count / each + (count % each == 0 ? 0 : 1);
    }

    // ------------------------------------------------------------------------------------ decoding

    /// @notice Value `index` of an output whose words begin at `words[start]`.
    /// @dev Looks at the one word that holds it.
    function valueAt(uint256[] memory words, uint256 start, OutputSchema memory schema, uint256 index)
        internal
        pure
        returns (int256)
    {
        if (index >= schema.count) revert ValueIndexOutOfRange(index, schema.count);
        uint256 each = perWord(schema.packing);
        uint256 position = index / each;
        uint256 used = schema.count - position * each;
        uint256 word = _wordAt(words, start, position, schema.packing, used < each ? used : each);
        return _extract(word, schema.packing, index % each);
    }

    /// @notice Value `index` of an output whose word `w` is `words[start + w·stride]`.
    /// @dev Item `k` of a batch of N items, if the output's words begin at `words[first]`: `start`
    /// is `first + k`, less than `first + N`, and `stride` is N. Looks at the one word that holds
    /// the value.
    function valueAt(uint256[] memory words, uint256 start, uint256 stride, OutputSchema memory schema, uint256 index)
        internal
        pure
        returns (int256)
    {
        if (index >= schema.count) revert ValueIndexOutOfRange(index, schema.count);
        uint256 each = perWord(schema.packing);
        uint256 position = index / each;
        uint256 used = schema.count - position * each;
        uint256 word = _wordAt(words, start, position * stride, schema.packing, used < each ? used : each);
        return _extract(word, schema.packing, index % each);
    }

    /// @notice All values of an output whose words begin at `words[start]`.
    function decode(uint256[] memory words, uint256 start, OutputSchema memory schema)
        internal
        pure
        returns (int256[] memory)
    {
        return unpack(words, start, schema.packing, schema.count);
    }

    /// @notice `count` values from the words that begin at `words[start]`.
    function unpack(uint256[] memory words, uint256 start, Packing packing, uint256 count)
        internal
        pure
        returns (int256[] memory values)
    {
        uint256 needed = wordCount(packing, count);
        if (start > words.length || needed > words.length - start) revert WordsMissing(start + needed, words.length);
        values = new int256[](count);
        uint256 each = perWord(packing);
        for (uint256 first = 0; first < count; first += each) {
            uint256 used = count - first < each ? count - first : each;
            uint256 word = _wordAt(words, start, first / each, packing, used);
            for (uint256 i = 0; i < used; ++i) {
                values[first + i] = _extract(word, packing, i);
            }
        }
    }

    /// @notice The `count` values of item `item` from a batch's tensor whose words begin at
    /// `words[start]`: word `w` of the item is `words[start + w·items + item]`.
    function unpackItem(
        uint256[] memory words,
        uint256 start,
        uint256 items,
        uint256 item,
        Packing packing,
        uint256 count
    ) internal pure returns (int256[] memory values) {
        if (item >= items) revert ItemOutOfRange(item, items);
        // Of all items.
        uint256 needed = wordCount(packing, count) * items;
        if (start > words.length || needed > words.length - start) revert WordsMissing(start + needed, words.length);
        values = new int256[](count);
        _unpackInto(values, words, start + item, items, packing);
    }

    /// @dev Fills `values` from the words `words[start + w·stride]`.
    function _unpackInto(int256[] memory values, uint256[] memory words, uint256 start, uint256 stride, Packing packing)
        private
        pure
    {
        uint256 each = perWord(packing);
        for (uint256 first = 0; first < values.length; first += each) {
            uint256 used = values.length - first < each ? values.length - first : each;
            uint256 word = _wordAt(words, start, first / each * stride, packing, used);
            for (uint256 i = 0; i < used; ++i) {
                values[first + i] = _extract(word, packing, i);
            }
        }
    }

    /// @dev `words[start + position]`, refused if it has a bit above its `used` values.
    function _wordAt(uint256[] memory words, uint256 start, uint256 position, Packing packing, uint256 used)
        private
        pure
        returns (uint256 word)
    {
        if (start >= words.length || position >= words.length - start) {
            revert WordsMissing(start + position + 1, words.length);
        }
        word = words[start + position];
        // At most 248 bits, so that no shift is by 256.
        if (word >> (bitsOf(packing) * used) != 0) revert StrayBits(start + position);
    }

    /// @dev Value `i` of a word.
    function _extract(uint256 word, Packing packing, uint256 i) private pure returns (int256) {
        uint256 bits = bitsOf(packing);
        // Less than 2^32.
        // forge-lint: disable-next-line(unsafe-typecast)
        return int256((word >> (bits * i)) & ((1 << bits) - 1)) - offsetOf(packing);
    }

    // ------------------------------------------------------------------------------------ encoding

    /// @notice The words of `values`.
    function pack(int256[] memory values, Packing packing) internal pure returns (uint256[] memory words) {
        words = new uint256[](wordCount(packing, values.length));
        packInto(words, 0, values, 0, values.length, packing);
    }

    /// @notice Packs `values[from … from + count − 1]` to the words that begin at `words[start]`,
    /// which must be zero.
    /// @return end The index after the last word written.
    function packInto(
        uint256[] memory words,
        uint256 start,
        int256[] memory values,
        uint256 from,
        uint256 count,
        Packing packing
    ) internal pure returns (uint256 end) {
        (uint256 bits, uint256 each, int256 offset) = (bitsOf(packing), perWord(packing), offsetOf(packing));
        for (uint256 i = 0; i < count; ++i) {
            int256 value = values[from + i];
            // Where `value + offset` would overflow, `value` is out of range.
            if (value < -offset || value > int256((1 << bits) - 1) - offset) revert ValueOutOfRange(from + i, value);
            // forge-lint: disable-next-line(unsafe-typecast)
            words[start + i / each] |= uint256(value + offset) << (bits * (i % each));
        }
        end = start + wordCount(packing, count);
    }

    /// @notice The same with word `w` at `words[start + w·stride]`: `start` and `stride` as in
    /// `valueAt`.
    function packInto(
        uint256[] memory words,
        uint256 start,
        uint256 stride,
        int256[] memory values,
        uint256 from,
        uint256 count,
        Packing packing
    ) internal pure {
        (uint256 bits, uint256 each, int256 offset) = (bitsOf(packing), perWord(packing), offsetOf(packing));
        for (uint256 i = 0; i < count; ++i) {
            int256 value = values[from + i];
            // Where `value + offset` would overflow, `value` is out of range.
            if (value < -offset || value > int256((1 << bits) - 1) - offset) revert ValueOutOfRange(from + i, value);
            // forge-lint: disable-next-line(unsafe-typecast)
            words[start + i / each * stride] |= uint256(value + offset) << (bits * (i % each));
        }
    }
}
