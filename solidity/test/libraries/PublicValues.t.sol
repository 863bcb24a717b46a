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

    // ------------------------------------------------------------------------------------------ known values

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

    // -------------------------------------------------------------------------------------------- properties

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

    /// @dev Item-major: each item begins a new word.
    function testFuzz_ItemsOfABatch(uint256 seed, uint256 packing, uint256 count, uint256 items) public view {
        Packing how = Packing(packing % 3);
        count = bound(count, 1, 40);
        items = bound(items, 1, 8);
        OutputSchema memory schema = OutputSchema(uint32(count), how, 1);
        uint256[] memory words = new uint256[](0);
        for (uint256 k = 0; k < items; ++k) {
            uint256[] memory item = _library.pack(_values(seed ^ k, how, count), how);
            uint256[] memory longer = new uint256[](words.length + item.length);
            for (uint256 i = 0; i < longer.length; ++i) {
                longer[i] = i < words.length ? words[i] : item[i - words.length];
            }
            words = longer;
        }
        uint256[] memory all = _library.assemble(1, new uint256[](3), words, new uint256[](1));
        for (uint256 k = 0; k < items; ++k) {
            uint256 start = PublicValues.itemStart(4, schema, k);
            assertEq(_library.decode(all, start, schema), _values(seed ^ k, how, count));
        }
    }

    function testFuzz_AssemblesInOrder(uint256 context, uint256[] memory a, uint256[] memory b, uint256[] memory c)
        public
        view
    {
        uint256[] memory all = _library.assemble(context, a, b, c);
        assertEq(abi.encodePacked(all), abi.encodePacked(context, a, b, c));
    }

    // ----------------------------------------------------------------------------------------------- refuses

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

    function test_RevertWhen_ThereIsNoSuchValue() public {
        OutputSchema memory schema = OutputSchema(16, Packing.Signed, 1);
        vm.expectRevert(abi.encodeWithSelector(PublicValues.ValueIndexOutOfRange.selector, 16, 16));
        _library.valueAt(new uint256[](2), 0, schema, 16);
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
    }

    // ----------------------------------------------------------------------------------------------- helpers

    function _values(uint256 seed, Packing packing, uint256 count) private pure returns (int256[] memory values) {
        values = new int256[](count);
        for (uint256 i = 0; i < count; ++i) {
            uint256 random = uint256(keccak256(abi.encode(seed, i)));
            values[i] = int256(random % (1 << PublicValues.bitsOf(packing))) - PublicValues.offsetOf(packing);
        }
    }
}
