// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import { Math } from "@openzeppelin/contracts/utils/math/Math.sol";
import { Test } from "forge-std/Test.sol";

import { PublicValues } from "../../src/libraries/PublicValues.sol";
import { OutputSchema, Packing } from "../../src/types/Schemas.sol";

contract PublicValuesHarness {
    function assemble(uint256 context, uint256[] memory a, uint256[] memory b, uint256[] memory c)
        external
        pure
        returns (uint256[] memory)
    {
        return PublicValues.assemble(context, a, b, c);
    }

    function valueAt(uint256[] memory words, uint256 start, OutputSchema memory schema, uint256 index)
        external
        pure
        returns (int256)
    {
        return PublicValues.valueAt(words, start, schema, index);
    }

    function valueAt(uint256[] memory words, uint256 start, uint256 stride, OutputSchema memory schema, uint256 index)
        external
        pure
        returns (int256)
    {
        return PublicValues.valueAt(words, start, stride, schema, index);
    }

    function unpackItem(
        uint256[] memory words,
        uint256 start,
        uint256 items,
        uint256 item,
        Packing packing,
        uint256 count
    ) external pure returns (int256[] memory) {
        return PublicValues.unpackItem(words, start, items, item, packing, count);
    }

    function packInto(
        uint256[] memory words,
        uint256 start,
        uint256 stride,
        int256[] memory values,
        uint256 from,
        uint256 count,
        Packing packing
    ) external pure returns (uint256[] memory) {
        PublicValues.packInto(words, start, stride, values, from, count, packing);
        return words;
    }

    function decode(uint256[] memory words, uint256 start, OutputSchema memory schema)
        external
        pure
        returns (int256[] memory)
    {
        return PublicValues.decode(words, start, schema);
    }

    function pack(int256[] memory values, Packing packing) external pure returns (uint256[] memory) {
        return PublicValues.pack(values, packing);
    }
}

contract PublicValuesTest is Test {
    PublicValuesHarness private _library = new PublicValuesHarness();

    // -------------------------------------------------------------------------------- known values

    /// @dev crates/model packs to these words: a committed vector's public values.
    function test_PacksAsTheCompilerDoes() public view {
        int16[30] memory inputs = [
            int16(222),
            444,
            226,
            133,
            312,
            317,
            158,
            207,
            256,
            417,
            132,
            418,
            261,
            80,
            282,
            379,
            113,
            316,
            229,
            250,
            191,
            409,
            232,
            103,
            220,
            281,
            207,
            406,
            219,
            511
        ];
        int256[] memory values = new int256[](30);
        for (uint256 i = 0; i < 30; ++i) {
            values[i] = inputs[i];
        }
        uint256[] memory words = _library.pack(values, Packing.Signed);
        assertEq(words.length, 2);
        assertEq(words[0], 0x0000811a8050810581a2808481a1810080cf809e813d8138808580e281bc80de);
        assertEq(words[1], 0x000081ff80db819680cf811980dc806780e8819980bf80fa80e5813c8071817b);
        assertEq(_library.decode(words, 0, OutputSchema(30, Packing.Signed, 1)), values);
    }

    function test_PacksTheEndsOfEachRange() public view {
        int256[] memory values = new int256[](2);
        (values[0], values[1]) = (0, 255);
        assertEq(_library.pack(values, Packing.Bytes)[0], 0xff00);
        (values[0], values[1]) = (-32_768, 32_767);
        assertEq(_library.pack(values, Packing.Signed)[0], 0xffff0000);
        (values[0], values[1]) = (type(int32).min, type(int32).max);
        assertEq(_library.pack(values, Packing.Wide)[0], 0xffffffff00000000);
    }

    /// @dev Three items of 17 values, by hand: of item 0 0x100 and more, of item 1 0x200 and more,
    /// of item 2 -0x300 and more. The 15 values of the items' first words, then the 2 of their
    /// second.
    function test_UnpacksItemsOfABatch() public view {
        uint256[] memory words = new uint256[](8);
        words[1] = 0x0000810e810d810c810b810a8109810881078106810581048103810281018100;
        words[2] = 0x0000820e820d820c820b820a8209820882078206820582048203820282018200;
        words[3] = 0x00007d0e7d0d7d0c7d0b7d0a7d097d087d077d067d057d047d037d027d017d00;
        words[4] = 0x8110810f;
        words[5] = 0x8210820f;
        words[6] = 0x7d107d0f;
        int16[3] memory bases = [int16(0x100), 0x200, -0x300];
        OutputSchema memory schema = OutputSchema(17, Packing.Signed, 1);
        for (uint256 k = 0; k < 3; ++k) {
            int256[] memory values = _library.unpackItem(words, 1, 3, k, Packing.Signed, 17);
            assertEq(values.length, 17);
            for (uint256 i = 0; i < 17; ++i) {
                assertEq(values[i], bases[k] + int256(i));
                assertEq(_library.valueAt(words, 1 + k, 3, schema, i), values[i]);
            }
        }
    }

    function test_Packings() public pure {
        assertEq(PublicValues.perWord(Packing.Bytes) * PublicValues.bitsOf(Packing.Bytes), 248);
        assertEq(PublicValues.perWord(Packing.Signed) * PublicValues.bitsOf(Packing.Signed), 240);
        assertEq(PublicValues.perWord(Packing.Wide) * PublicValues.bitsOf(Packing.Wide), 224);
        assertEq(PublicValues.offsetOf(Packing.Bytes), 0);
        assertEq(PublicValues.offsetOf(Packing.Signed), 32_768);
        assertEq(PublicValues.offsetOf(Packing.Wide), 2_147_483_648);
        assertEq(PublicValues.wordCount(Packing.Bytes, 0), 0);
        assertEq(PublicValues.wordCount(Packing.Bytes, 31), 1);
        assertEq(PublicValues.wordCount(Packing.Bytes, 32), 2);
        assertEq(PublicValues.wordCount(Packing.Signed, 16), 2);
        assertEq(PublicValues.wordCount(Packing.Wide, 8), 2);
    }

    // ---------------------------------------------------------------------------------- properties

    /// @dev Whatever was packed is unpacked, at any place of an array, all together and one by one.
    function testFuzz_RoundTrip(uint256 seed, uint256 packing, uint256 count, uint256 start) public view {
        Packing how = Packing(packing % 3);
        count = bound(count, 1, 70);
        start = bound(start, 0, 5);
        int256[] memory values = _values(seed, how, count);
        uint256[] memory words =
            _library.assemble(7, new uint256[](start), _library.pack(values, how), new uint256[](seed % 3));
        OutputSchema memory schema = OutputSchema(uint32(count), how, 1);
        assertEq(_library.decode(words, 1 + start, schema), values);
        for (uint256 i = 0; i < count; ++i) {
            assertEq(_library.valueAt(words, 1 + start, schema, i), values[i]);
        }
    }

    /// @dev A tensor has one encoding: whatever words decode, packing the result gives those words.
    function testFuzz_OneEncoding(uint256[3] memory raw, uint256 packing, uint256 count) public view {
        Packing how = Packing(packing % 3);
        count = bound(count, 1, 3 * PublicValues.perWord(how));
        uint256[] memory words = new uint256[](PublicValues.wordCount(how, count));
        for (uint256 i = 0; i < words.length; ++i) {
            // Half of them without bits above the values.
            uint256 used = count - i * PublicValues.perWord(how);
            uint256 bits = PublicValues.bitsOf(how) * Math.min(used, PublicValues.perWord(how));
            words[i] = raw[0] % 2 == 0 ? raw[i] : raw[i] % (1 << bits);
        }
        try _library.decode(words, 0, OutputSchema(uint32(count), how, 1)) returns (int256[] memory values) {
            assertEq(_library.pack(values, how), words);
        } catch (bytes memory reason) {
            assertEq(bytes4(reason), PublicValues.StrayBits.selector);
        }
    }

    /// @dev In the circuit's order, between other words, every item's values are read back, and
    /// packed to the same words.
    function testFuzz_ItemsOfABatch(uint256 seed, uint256 packing, uint256 count, uint256 items) public view {
        Packing how = Packing(packing % 3);
        count = bound(count, 1, 70);
        items = bound(items, 1, 8);
        uint256[] memory words =
            _library.assemble(1, new uint256[](3), _batchWords(seed, how, count, items), new uint256[](seed % 2));
        uint256[] memory packed = new uint256[](words.length);
        packed[0] = 1;
        for (uint256 k = 0; k < items; ++k) {
            int256[] memory values = _values(seed ^ k, how, count);
            _expectItem(words, items, k, how, values);
            packed = _library.packInto(packed, 4 + k, items, values, 0, count, how);
        }
        assertEq(packed, words);
    }

    /// @dev Word `w` of item `k` is number `w·items + k`.
    function _batchWords(uint256 seed, Packing how, uint256 count, uint256 items)
        private
        view
        returns (uint256[] memory words)
    {
        words = new uint256[](PublicValues.wordCount(how, count) * items);
        for (uint256 k = 0; k < items; ++k) {
            uint256[] memory item = _library.pack(_values(seed ^ k, how, count), how);
            for (uint256 w = 0; w < item.length; ++w) {
                words[w * items + k] = item[w];
            }
        }
    }

    /// @dev The batch's words begin at `words[4]`.
    function _expectItem(uint256[] memory words, uint256 items, uint256 k, Packing how, int256[] memory values)
        private
        view
    {
        assertEq(_library.unpackItem(words, 4, items, k, how, values.length), values);
        OutputSchema memory schema = OutputSchema(uint32(values.length), how, 1);
        for (uint256 i = 0; i < values.length; ++i) {
            assertEq(_library.valueAt(words, 4 + k, items, schema, i), values[i]);
        }
    }

    function testFuzz_AssemblesInOrder(uint256 context, uint256[] memory a, uint256[] memory b, uint256[] memory c)
        public
        view
    {
        uint256[] memory all = _library.assemble(context, a, b, c);
        assertEq(abi.encodePacked(all), abi.encodePacked(context, a, b, c));
    }

    // ------------------------------------------------------------------------------------- refuses

    function testFuzz_RevertWhen_AWordHasStrayBits(uint256 packing, uint256 count, uint256 bit) public {
        Packing how = Packing(packing % 3);
        count = bound(count, 1, 3 * PublicValues.perWord(how));
        OutputSchema memory schema = OutputSchema(uint32(count), how, 1);
        uint256[] memory words = _library.pack(_values(1, how, count), how);
        uint256 last = words.length - 1;
        uint256 used = (count - last * PublicValues.perWord(how)) * PublicValues.bitsOf(how);
        words[last] |= 1 << bound(bit, used, 255);
        _expectStray(words, schema, last, count - 1);
        // A full word's top bits too.
        if (last != 0) {
            words = _library.pack(_values(1, how, count), how);
            words[0] |= 1 << 255;
            _expectStray(words, schema, 0, 0);
        }
    }

    function _expectStray(uint256[] memory words, OutputSchema memory schema, uint256 word, uint256 value) private {
        vm.expectRevert(abi.encodeWithSelector(PublicValues.StrayBits.selector, word));
        _library.decode(words, 0, schema);
        vm.expectRevert(abi.encodeWithSelector(PublicValues.StrayBits.selector, word));
        _library.valueAt(words, 0, schema, value);
    }

    function test_RevertWhen_WordsAreMissing() public {
        OutputSchema memory schema = OutputSchema(16, Packing.Signed, 1);
        uint256[] memory words = new uint256[](3);
        vm.expectRevert(abi.encodeWithSelector(PublicValues.WordsMissing.selector, 4, 3));
        _library.decode(words, 2, schema);
        vm.expectRevert(abi.encodeWithSelector(PublicValues.WordsMissing.selector, 6, 3));
        _library.decode(words, 4, schema);
        vm.expectRevert(abi.encodeWithSelector(PublicValues.WordsMissing.selector, 4, 3));
        _library.valueAt(words, 2, schema, 15);
        vm.expectRevert(abi.encodeWithSelector(PublicValues.WordsMissing.selector, 5, 3));
        _library.valueAt(words, 4, schema, 0);
    }

    function test_RevertWhen_WordsOfABatchAreMissing() public {
        // Three items of two words each.
        uint256[] memory words = new uint256[](7);
        assertEq(_library.unpackItem(words, 1, 3, 0, Packing.Signed, 16).length, 16);
        vm.expectRevert(abi.encodeWithSelector(PublicValues.WordsMissing.selector, 8, 7));
        _library.unpackItem(words, 2, 3, 0, Packing.Signed, 16);
        vm.expectRevert(abi.encodeWithSelector(PublicValues.WordsMissing.selector, 14, 7));
        _library.unpackItem(words, 8, 3, 0, Packing.Signed, 16);
        OutputSchema memory schema = OutputSchema(16, Packing.Signed, 1);
        assertEq(_library.valueAt(words, 3, 3, schema, 15), -32_768);
        vm.expectRevert(abi.encodeWithSelector(PublicValues.WordsMissing.selector, 8, 7));
        _library.valueAt(words, 4, 3, schema, 15);
        vm.expectRevert(abi.encodeWithSelector(PublicValues.WordsMissing.selector, 9, 7));
        _library.valueAt(words, 8, 3, schema, 0);
    }

    function test_RevertWhen_AWordOfABatchHasStrayBits() public {
        uint256[] memory words = new uint256[](7);
        // The second word of item 1 of 3, which holds one value.
        words[5] = 1 << 16;
        assertEq(_library.unpackItem(words, 1, 3, 0, Packing.Signed, 16).length, 16);
        vm.expectRevert(abi.encodeWithSelector(PublicValues.StrayBits.selector, 5));
        _library.unpackItem(words, 1, 3, 1, Packing.Signed, 16);
        vm.expectRevert(abi.encodeWithSelector(PublicValues.StrayBits.selector, 5));
        _library.valueAt(words, 2, 3, OutputSchema(16, Packing.Signed, 1), 15);
    }

    function test_RevertWhen_ThereIsNoSuchItem() public {
        vm.expectRevert(abi.encodeWithSelector(PublicValues.ItemOutOfRange.selector, 3, 3));
        _library.unpackItem(new uint256[](9), 0, 3, 3, Packing.Signed, 16);
        vm.expectRevert(abi.encodeWithSelector(PublicValues.ItemOutOfRange.selector, 0, 0));
        _library.unpackItem(new uint256[](9), 0, 0, 0, Packing.Signed, 16);
    }

    function test_RevertWhen_ThereIsNoSuchValue() public {
        OutputSchema memory schema = OutputSchema(16, Packing.Signed, 1);
        vm.expectRevert(abi.encodeWithSelector(PublicValues.ValueIndexOutOfRange.selector, 16, 16));
        _library.valueAt(new uint256[](2), 0, schema, 16);
        vm.expectRevert(abi.encodeWithSelector(PublicValues.ValueIndexOutOfRange.selector, 16, 16));
        _library.valueAt(new uint256[](6), 0, 3, schema, 16);
    }

    function testFuzz_RevertWhen_AValueIsOutOfRange(uint256 packing, int256 value) public {
        Packing how = Packing(packing % 3);
        int256 offset = PublicValues.offsetOf(how);
        if (value >= -offset && value < int256(1 << PublicValues.bitsOf(how)) - offset) {
            value = value < 0 ? type(int256).min : type(int256).max;
        }
        int256[] memory values = new int256[](2);
        values[1] = value;
        vm.expectRevert(abi.encodeWithSelector(PublicValues.ValueOutOfRange.selector, 1, value));
        _library.pack(values, how);
        vm.expectRevert(abi.encodeWithSelector(PublicValues.ValueOutOfRange.selector, 1, value));
        _library.packInto(new uint256[](3), 0, 3, values, 0, 2, how);
    }

    // ------------------------------------------------------------------------------------- helpers

    function _values(uint256 seed, Packing packing, uint256 count) private pure returns (int256[] memory values) {
        values = new int256[](count);
        for (uint256 i = 0; i < count; ++i) {
            uint256 random = uint256(keccak256(abi.encode(seed, i)));
            values[i] = int256(random % (1 << PublicValues.bitsOf(packing))) - PublicValues.offsetOf(packing);
        }
    }
}
