// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import { Test } from "forge-std/Test.sol";

import { ModelSpecs } from "../../src/libraries/ModelSpecs.sol";
import { PublicValues } from "../../src/libraries/PublicValues.sol";
import { InputSchema, ModelSpec, OutputSchema, Packing, PublicLayout, Visibility } from "../../src/types/Schemas.sol";

contract ModelSpecsHarness {
    function layoutOf(ModelSpec memory spec) external pure returns (PublicLayout memory) {
        return ModelSpecs.layoutOf(spec);
    }

    function layoutOf(ModelSpec memory spec, bytes32 breakpoints) external pure returns (PublicLayout memory) {
        return ModelSpecs.layoutOf(spec, breakpoints);
    }

    function packOutputs(ModelSpec memory spec, int256[] memory values) external pure returns (uint256[] memory) {
        return ModelSpecs.packOutputs(spec, values);
    }
}

contract ModelSpecsTest is Test {
    ModelSpecsHarness private _library = new ModelSpecsHarness();

    /// @dev Two inputs, one of them private, and two outputs.
    function _spec() private pure returns (ModelSpec memory spec) {
        (spec.inputItems, spec.outputItems) = (1, 1);
        spec.inputs = new InputSchema[](2);
        spec.inputs[0] = _input(20, Packing.Signed, Visibility.Public);
        spec.inputs[1] = _input(40, Packing.Bytes, Visibility.Private);
        (spec.inputs[1].minima[0], spec.inputs[1].maxima[0]) = (0, 255);
        spec.outputs = new OutputSchema[](2);
        spec.outputs[0] = OutputSchema(2, Packing.Wide, 1e30);
        spec.outputs[1] = OutputSchema(16, Packing.Signed, 1e36);
    }

    function _input(uint32 count, Packing packing, Visibility visibility) private pure returns (InputSchema memory) {
        uint192[] memory scales = new uint192[](1);
        scales[0] = 1e36;
        (int32[] memory minima, int32[] memory maxima) = (new int32[](1), new int32[](1));
        (minima[0], maxima[0]) = (-9, 9);
        return InputSchema(count, packing, visibility, minima, maxima, scales, new int64[](1));
    }

    // -------------------------------------------------------------------------------------- layout

    function test_CountsPublicInputsAndOutputs() public view {
        _expect(_spec(), 2, 3, 0);
    }

    /// @dev It is no public value, and another spec's.
    function test_AKeyProofChangesTheDigestAndNotTheLayout() public view {
        ModelSpec memory spec = _spec();
        bytes32 digest = ModelSpecs.digest(spec);
        spec.keyProof = keccak256("key proof");
        assertNotEq(ModelSpecs.digest(spec), digest);
        _expect(spec, 2, 3, 0);
        spec.keyProof = 0;
        assertEq(ModelSpecs.digest(spec), digest);
    }

    function test_CountsBytes() public view {
        ModelSpec memory spec = _spec();
        spec.inputs[1].visibility = Visibility.Public;
        _expect(spec, 4, 3, 0);
    }

    function test_CountsCommitments() public view {
        ModelSpec memory spec = _spec();
        (spec.inputs[0].visibility, spec.commitments) = (Visibility.Committed, 5);
        _expect(spec, 0, 3, 5);
    }

    function test_CountsItemsOfABatch() public view {
        ModelSpec memory spec = _spec();
        (spec.inputItems, spec.outputItems) = (100, 100);
        _expect(spec, 200, 300, 0);
        // Outputs reduced over the batch.
        spec.outputItems = 1;
        _expect(spec, 200, 3, 0);
    }

    function test_AModelNeedsNoInput() public view {
        ModelSpec memory spec = _spec();
        spec.inputs = new InputSchema[](0);
        _expect(spec, 0, 3, 0);
    }

    function test_HasOneScaleForEachValue() public view {
        ModelSpec memory spec = _spec();
        spec.inputs[0].scalesE36 = new uint192[](20);
        spec.inputs[0].zeroPoints = new int64[](20);
        for (uint256 i = 0; i < 20; ++i) {
            spec.inputs[0].scalesE36[i] = uint192(i + 1);
        }
        _expect(spec, 2, 3, 0);
    }

    function test_AsManyPublicValuesAsAHeaderCounts() public view {
        ModelSpec memory spec = _spec();
        spec.outputs[1].count = 15 * (65_535 - 1 - 2 - 1);
        _expect(spec, 2, 65_532, 0);
    }

    function test_DigestIsOfTheAbiEncoding() public pure {
        assertEq(ModelSpecs.digest(_spec()), keccak256(abi.encode(_spec())));
    }

    function _expect(ModelSpec memory spec, uint256 inputs, uint256 outputs, uint256 commitments) private view {
        PublicLayout memory shape = _library.layoutOf(spec);
        assertEq(shape.inputWords, inputs);
        assertEq(shape.outputWords, outputs);
        assertEq(shape.commitments, commitments);
        assertEq(shape.inputItems, spec.inputItems);
        assertEq(shape.outputItems, spec.outputItems);
        assertEq(ModelSpecs.publicValueCount(shape), 1 + inputs + outputs + commitments);
    }

    // ------------------------------------------------------------------------------------- packing

    /// @dev Output by output, of each the items' first words and then their second; the values
    /// stand item by item.
    function test_PacksOutputByOutput() public view {
        ModelSpec memory spec = _spec();
        (spec.inputItems, spec.outputItems) = (2, 2);
        spec.outputs[1].count = 2;
        int256[] memory values = new int256[](8);
        for (uint256 i = 0; i < 8; ++i) {
            values[i] = int256(i) - 3;
        }
        uint256[] memory words = _library.packOutputs(spec, values);
        assertEq(words.length, 4);
        assertEq(words[0], 0x7ffffffe7ffffffd);
        assertEq(words[1], 0x8000000280000001);
        assertEq(words[2], 0x80007fff);
        assertEq(words[3], 0x80048003);
    }

    /// @dev Three items of 17 values, by hand: of item 0 0x100 and more, of item 1 0x200 and more,
    /// of item 2 -0x300 and more.
    function test_PacksWordByWord() public view {
        ModelSpec memory spec = _spec();
        (spec.inputItems, spec.outputItems) = (3, 3);
        spec.outputs = new OutputSchema[](1);
        spec.outputs[0] = OutputSchema(17, Packing.Signed, 1e36);
        int256[] memory values = new int256[](51);
        for (uint256 i = 0; i < 17; ++i) {
            (values[i], values[17 + i], values[34 + i]) = (0x100 + int256(i), 0x200 + int256(i), -0x300 + int256(i));
        }
        uint256[] memory words = _library.packOutputs(spec, values);
        assertEq(words.length, 6);
        assertEq(words[0], 0x0000810e810d810c810b810a8109810881078106810581048103810281018100);
        assertEq(words[1], 0x0000820e820d820c820b820a8209820882078206820582048203820282018200);
        assertEq(words[2], 0x00007d0e7d0d7d0c7d0b7d0a7d097d087d077d067d057d047d037d027d017d00);
        assertEq(words[3], 0x8110810f);
        assertEq(words[4], 0x8210820f);
        assertEq(words[5], 0x7d107d0f);
    }

    /// @dev One value for each of 17 items, packed across them.
    function test_PacksAcrossItems() public view {
        ModelSpec memory spec = _spec();
        spec.inputItems = 17;
        spec.outputs = new OutputSchema[](1);
        spec.outputs[0] = OutputSchema(17, Packing.Signed, 1e36);
        int256[] memory values = new int256[](17);
        for (uint256 i = 0; i < 17; ++i) {
            values[i] = 0x100 + int256(i);
        }
        uint256[] memory words = _library.packOutputs(spec, values);
        assertEq(words.length, 2);
        assertEq(words[0], 0x0000810e810d810c810b810a8109810881078106810581048103810281018100);
        assertEq(words[1], 0x8110810f);
        _expect(spec, 34, 2, 0);
    }

    /// @dev Every item's values are read back from where the layout says they are.
    function testFuzz_PacksEveryOutputOfEveryItem(uint256 seed, uint256 items, uint256[3] memory counts) public view {
        ModelSpec memory spec = _spec();
        items = bound(items, 1, 6);
        (spec.inputItems, spec.outputItems) = (uint24(items), uint24(items));
        spec.outputs = new OutputSchema[](3);
        for (uint256 i = 0; i < 3; ++i) {
            uint256 count = bound(counts[i], items == 1 ? 1 : 2, 70);
            spec.outputs[i] = OutputSchema(uint32(count), Packing((seed >> i) % 3), 1);
        }
        int256[] memory values = new int256[](ModelSpecs.outputCount(spec));
        for (uint256 i = 0; i < values.length; ++i) {
            // Within every packing.
            values[i] = int256(uint256(keccak256(abi.encode(seed, i))) % 256);
        }
        uint256[] memory words = _library.packOutputs(spec, values);
        assertEq(words.length, _library.layoutOf(spec).outputWords);
        (uint256 start, uint256 first) = (0, 0);
        for (uint256 i = 0; i < 3; ++i) {
            _expectItems(words, start, spec.outputs[i], items, values, first);
            start += items * PublicValues.wordCount(spec.outputs[i].packing, spec.outputs[i].count);
            first += spec.outputs[i].count;
        }
        assertEq(start, words.length);
    }

    /// @dev The output's first value of item 0 is `values[first]`.
    function _expectItems(
        uint256[] memory words,
        uint256 start,
        OutputSchema memory output,
        uint256 items,
        int256[] memory values,
        uint256 first
    ) private pure {
        for (uint256 k = 0; k < items; ++k) {
            int256[] memory found = PublicValues.unpackItem(words, start, items, k, output.packing, output.count);
            for (uint256 i = 0; i < found.length; ++i) {
                assertEq(found[i], values[values.length / items * k + first + i]);
            }
        }
    }

    function test_RevertWhen_OutputsAreTooFewOrTooMany() public {
        for (uint256 count = 0; count < 40; ++count) {
            if (count == 18) continue;
            vm.expectRevert(abi.encodeWithSelector(ModelSpecs.WrongOutputCount.selector, 18, count));
            _library.packOutputs(_spec(), new int256[](count));
        }
    }

    // --------------------------------------------------------------------------------------- ranks

    /// @dev The private input's first values are ranks among 9, 0 and 255 breakpoints, of the last
    /// those between ranks 2 and 9.
    function _ranked() private pure returns (ModelSpec memory spec) {
        spec = _spec();
        InputSchema memory input = spec.inputs[1];
        (input.scalesE36, input.zeroPoints) = (new uint192[](40), new int64[](40));
        (input.minima, input.maxima) = (new int32[](40), new int32[](40));
        for (uint256 i = 4; i < 40; ++i) {
            (input.scalesE36[i], input.minima[i], input.maxima[i]) = (1e36, 0, 99);
        }
        (input.maxima[0], input.maxima[2]) = (9, 255);
        (input.minima[3], input.maxima[3]) = (2, 9);
    }

    function test_RanksChangeTheDigestAndNotTheLayout() public view {
        PublicLayout memory shape = _library.layoutOf(_ranked(), keccak256("table"));
        assertEq(abi.encode(shape), abi.encode(_library.layoutOf(_spec())));
    }

    /// @dev Every breakpoint counts: they are under the digest, and the digest under the spec's.
    function testFuzz_TheDigestCoversTheBreakpoints(uint64[5] memory breakpoints, uint256 which, uint64 other)
        public
        pure
    {
        bytes32 table = keccak256(abi.encodePacked(breakpoints));
        bytes32 digest = ModelSpecs.digest(_ranked(), table);
        assertEq(digest, keccak256(abi.encode(_ranked(), table)));
        which = bound(which, 0, 4);
        vm.assume(breakpoints[which] != other);
        breakpoints[which] = other;
        assertNotEq(ModelSpecs.digest(_ranked(), keccak256(abi.encodePacked(breakpoints))), digest);
    }

    function testFuzz_TheDigestOfASpecWithoutRanksIsWhatItWas(bytes32 breakpoints) public pure {
        assertEq(ModelSpecs.digest(_spec(), 0), ModelSpecs.digest(_spec()));
        vm.assume(breakpoints != 0);
        assertNotEq(ModelSpecs.digest(_spec(), breakpoints), ModelSpecs.digest(_spec()));
    }

    function testFuzz_FindsTheBreakpointsInAnEncoding(bytes32 breakpoints) public pure {
        assertEq(ModelSpecs.breakpointsIn(abi.encode(_ranked(), breakpoints)), breakpoints);
        assertEq(ModelSpecs.breakpointsIn(abi.encode(_spec())), 0);
    }

    function test_RevertWhen_RanksHaveNoBreakpoints() public {
        _refuse(_ranked(), abi.encodeWithSelector(ModelSpecs.InvalidScale.selector, 1));
    }

    function test_RevertWhen_BreakpointsHaveNoRanks() public {
        vm.expectRevert(ModelSpecs.NoRanks.selector);
        _library.layoutOf(_spec(), "table");
    }

    function test_RevertWhen_RanksAreInvalid() public {
        ModelSpec[4] memory wrong = [_ranked(), _ranked(), _ranked(), _ranked()];
        wrong[0].inputs[1].zeroPoints[2] = 1;
        wrong[1].inputs[1].packing = Packing.Signed;
        wrong[1].inputs[1].minima[3] = -1;
        // One scale for several values, and one range that is no ranks'.
        (wrong[2].inputs[1].scalesE36, wrong[2].inputs[1].zeroPoints) = (new uint192[](1), new int64[](1));
        wrong[3].inputs[1].packing = Packing.Signed;
        (wrong[3].inputs[1].minima, wrong[3].inputs[1].maxima) = (new int32[](1), new int32[](1));
        wrong[3].inputs[1].minima[0] = -5;
        for (uint256 i = 0; i < 4; ++i) {
            vm.expectRevert(abi.encodeWithSelector(ModelSpecs.InvalidRanks.selector, 1));
            _library.layoutOf(wrong[i], "table");
        }
        ModelSpec memory range = _ranked();
        range.inputs[1].maxima[3] = 1;
        vm.expectRevert(abi.encodeWithSelector(ModelSpecs.InvalidRange.selector, 1));
        _library.layoutOf(range, "table");
    }

    // ------------------------------------------------------------------------------------- refuses

    function test_RevertWhen_ThereIsNoOutput() public {
        ModelSpec memory spec = _spec();
        spec.outputs = new OutputSchema[](0);
        _refuse(spec, abi.encodeWithSelector(ModelSpecs.NoOutput.selector));
    }

    function test_RevertWhen_ItemCountsAreWrong() public {
        uint24[2][4] memory wrong = [[uint24(0), 0], [uint24(0), 1], [uint24(2), 3], [uint24(2), 0]];
        for (uint256 i = 0; i < 4; ++i) {
            ModelSpec memory spec = _spec();
            (spec.inputItems, spec.outputItems) = (wrong[i][0], wrong[i][1]);
            _refuse(spec, abi.encodeWithSelector(ModelSpecs.WrongItemCount.selector, wrong[i][0], wrong[i][1]));
        }
    }

    function test_RevertWhen_OneValuePerItemIsNotPackedAcrossItems() public {
        ModelSpec memory spec = _spec();
        spec.outputs[1].count = 1;
        _expect(spec, 2, 2, 0);
        // A sum over the batch.
        spec.inputItems = 2;
        _expect(spec, 4, 2, 0);
        spec.outputItems = 2;
        bytes memory reason = abi.encodeWithSelector(ModelSpecs.NotPackedAcrossItems.selector, 1);
        _refuse(spec, reason);
        vm.expectRevert(reason);
        _library.packOutputs(spec, new int256[](6));
    }

    function test_RevertWhen_ATensorIsEmpty() public {
        bytes memory reason = abi.encodeWithSelector(ModelSpecs.EmptyTensor.selector, 1);
        ModelSpec memory spec = _spec();
        spec.inputs[1].count = 0;
        _refuse(spec, reason);
        spec = _spec();
        spec.outputs[1].count = 0;
        _refuse(spec, reason);
    }

    function test_RevertWhen_AScaleIsInvalid() public {
        bytes memory reason = abi.encodeWithSelector(ModelSpecs.InvalidScale.selector, 1);
        ModelSpec memory spec = _spec();
        spec.outputs[1].scaleE36 = 0;
        _refuse(spec, reason);
        spec = _spec();
        spec.inputs[1].scalesE36[0] = 0;
        _refuse(spec, reason);
        spec = _spec();
        spec.inputs[1].scalesE36 = new uint192[](0);
        _refuse(spec, reason);
        spec = _spec();
        spec.inputs[1].scalesE36 = new uint192[](2);
        _refuse(spec, reason);
        spec = _spec();
        spec.inputs[1].zeroPoints = new int64[](2);
        _refuse(spec, reason);
        spec = _spec();
        spec.inputs[1].zeroPoints = new int64[](0);
        _refuse(spec, reason);
        // As many of both, but neither one nor as many as values.
        uint256[4] memory counts = [uint256(0), 2, 39, 41];
        for (uint256 i = 0; i < 4; ++i) {
            spec = _spec();
            spec.inputs[1].scalesE36 = new uint192[](counts[i]);
            spec.inputs[1].zeroPoints = new int64[](counts[i]);
            for (uint256 j = 0; j < counts[i]; ++j) {
                spec.inputs[1].scalesE36[j] = 1;
            }
            _refuse(spec, reason);
        }
    }

    function test_RevertWhen_ARangeIsInvalid() public {
        _refuseRange(Packing.Signed, 1, 0);
        _refuseRange(Packing.Signed, -32_769, 0);
        _refuseRange(Packing.Signed, 0, 32_768);
        _refuseRange(Packing.Bytes, -1, 0);
        _refuseRange(Packing.Bytes, 0, 256);
        _refuseRange(Packing.Wide, 1, type(int32).min);
    }

    function test_RevertWhen_RangesAreNeitherOneNorAsManyAsValues() public {
        uint256[5] memory counts = [uint256(0), 2, 19, 21, 40];
        for (uint256 i = 0; i < counts.length; ++i) {
            ModelSpec memory spec = _spec();
            (spec.inputs[0].minima, spec.inputs[0].maxima) = (new int32[](counts[i]), new int32[](counts[i]));
            _refuse(spec, abi.encodeWithSelector(ModelSpecs.InvalidRange.selector, 0));
        }
        ModelSpec memory uneven = _spec();
        uneven.inputs[0].maxima = new int32[](20);
        _refuse(uneven, abi.encodeWithSelector(ModelSpecs.InvalidRange.selector, 0));
        uneven = _spec();
        uneven.inputs[0].minima = new int32[](20);
        _refuse(uneven, abi.encodeWithSelector(ModelSpecs.InvalidRange.selector, 0));
    }

    function test_AcceptsARangeForEveryValue() public view {
        ModelSpec memory spec = _spec();
        (spec.inputs[0].minima, spec.inputs[0].maxima) = (new int32[](20), new int32[](20));
        (spec.inputs[0].minima[7], spec.inputs[0].maxima[7]) = (-32_768, 32_767);
        _library.layoutOf(spec);
    }

    function test_AcceptsTheWidestRanges() public view {
        ModelSpec memory spec = _spec();
        (spec.inputs[0].minima[0], spec.inputs[0].maxima[0]) = (-32_768, 32_767);
        _library.layoutOf(spec);
        spec.inputs[0].packing = Packing.Wide;
        (spec.inputs[0].minima[0], spec.inputs[0].maxima[0]) = (type(int32).min, type(int32).max);
        _library.layoutOf(spec);
        // And the narrowest.
        spec.inputs[0].maxima[0] = type(int32).min;
        _library.layoutOf(spec);
    }

    function test_RevertWhen_CommitmentsAreWithoutInputsOrInputsWithoutCommitments() public {
        ModelSpec memory spec = _spec();
        spec.commitments = 1;
        _refuse(spec, abi.encodeWithSelector(ModelSpecs.WrongCommitmentCount.selector, 1));
        spec = _spec();
        spec.inputs[0].visibility = Visibility.Committed;
        _refuse(spec, abi.encodeWithSelector(ModelSpecs.WrongCommitmentCount.selector, 0));
    }

    function test_RevertWhen_ThereAreTooManyPublicValues() public {
        ModelSpec memory spec = _spec();
        spec.outputs[1].count = 15 * (65_535 - 1 - 2);
        _refuse(spec, abi.encodeWithSelector(ModelSpecs.TooManyPublicValues.selector, 65_536));
        // The greatest numbers don't overflow.
        spec.outputs[1].count = type(uint32).max;
        spec.inputs[0].count = type(uint32).max;
        (spec.inputItems, spec.outputItems) = (type(uint24).max, type(uint24).max);
        vm.expectPartialRevert(ModelSpecs.TooManyPublicValues.selector);
        _library.layoutOf(spec);
    }

    function _refuse(ModelSpec memory spec, bytes memory reason) private {
        vm.expectRevert(reason);
        _library.layoutOf(spec);
    }

    function _refuseRange(Packing packing, int32 min, int32 max) private {
        ModelSpec memory spec = _spec();
        (spec.inputs[0].packing, spec.inputs[0].minima[0], spec.inputs[0].maxima[0]) = (packing, min, max);
        _refuse(spec, abi.encodeWithSelector(ModelSpecs.InvalidRange.selector, 0));
        // The last of many.
        (spec.inputs[0].minima, spec.inputs[0].maxima) = (new int32[](20), new int32[](20));
        (spec.inputs[0].minima[19], spec.inputs[0].maxima[19]) = (min, max);
        _refuse(spec, abi.encodeWithSelector(ModelSpecs.InvalidRange.selector, 0));
    }
}
