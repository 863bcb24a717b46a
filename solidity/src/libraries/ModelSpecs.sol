// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.24;

import { InputSchema, ModelSpec, OutputSchema, Packing, PublicLayout, Visibility } from "../types/Schemas.sol";
import { PublicValues } from "./PublicValues.sol";

/// @title What follows from a `ModelSpec`
library ModelSpecs {
    /// @notice A proof that makes no output public says nothing.
    error NoOutput();

    /// @notice There are no items, or neither one result nor one for each inference.
    error WrongItemCount(uint256 inputItems, uint256 outputItems);

    /// @notice Output number `index` has one value for each of several items. Such values are
    /// packed across items: one output item, with as many values as there are inferences.
    error NotPackedAcrossItems(uint256 index);

    /// @notice Input or output number `index` has no values.
    error EmptyTensor(uint256 index);

    /// @notice Input or output number `index` has a scale of zero (of inputs: without breakpoints),
    /// or neither one scale nor one for each value, or another number of zero points.
    error InvalidScale(uint256 index);

    /// @notice Input number `index` has a rank with a zero point or a negative minimum, or one scale
    /// of zero for several values.
    error InvalidRanks(uint256 index);

    /// @notice There are breakpoints, and no value of an input is a rank.
    error NoRanks();

    /// @notice Input number `index` has a range that is empty or wider than its packing.
    error InvalidRange(uint256 index);

    /// @notice There must be commitments if and only if an input is committed to.
    error WrongCommitmentCount(uint256 commitments);

    /// @notice A verifying key's header counts public values in two bytes.
    error TooManyPublicValues(uint256 count);

    /// @notice There are `expected` values in all items of all outputs.
    error WrongOutputCount(uint256 expected, uint256 actual);

    /// @notice The digest of a spec, ERC-7992's `circuitHash`. It covers `keyProof`.
    function digest(ModelSpec memory spec) internal pure returns (bytes32) {
        return keccak256(abi.encode(spec));
    }

    /// @notice The digest of a spec with ranks among the breakpoints of this digest; zero if it has
    /// none.
    function digest(ModelSpec memory spec, bytes32 breakpoints) internal pure returns (bytes32) {
        return breakpoints == 0 ? digest(spec) : keccak256(abi.encode(spec, breakpoints));
    }

    /// @notice The breakpoints' digest in what a spec's digest is of; zero if there is none.
    /// @dev The spec follows at once, or after the digest: its place says which.
    function breakpointsIn(bytes memory encoded) internal pure returns (bytes32 breakpoints) {
        assembly ("memory-safe") {
            if eq(mload(add(encoded, 0x20)), 0x40) { breakpoints := mload(add(encoded, 0x40)) }
        }
    }

    /// @notice Checks a spec without ranks and says where its public values are. Of `keyProof` there
    /// is nothing to check: see `ModelSpec`.
    function layoutOf(ModelSpec memory spec) internal pure returns (PublicLayout memory) {
        return layoutOf(spec, 0);
    }

    /// @notice Checks a spec and says where its public values are. Of the breakpoints there is
    /// nothing to check before somebody needs the table: see `Ranks.check`.
    /// @param breakpoints Their digest; zero if no input has ranks.
    function layoutOf(ModelSpec memory spec, bytes32 breakpoints) internal pure returns (PublicLayout memory) {
        if (spec.outputs.length == 0) revert NoOutput();
        if (spec.inputItems == 0 || (spec.outputItems != spec.inputItems && spec.outputItems != 1)) {
            revert WrongItemCount(spec.inputItems, spec.outputItems);
        }
        uint256 inputWords = _inputWords(spec, breakpoints != 0) * spec.inputItems;
        uint256 outputWords = _outputWords(spec);
        uint256 count = publicValueCount(inputWords, outputWords, spec.commitments);
        if (count > type(uint16).max) revert TooManyPublicValues(count);
        // forge-lint: disable-next-line(unsafe-typecast)
        (uint16 i, uint16 o) = (uint16(inputWords), uint16(outputWords));
        return PublicLayout(i, o, spec.commitments, spec.inputItems, spec.outputItems);
    }

    /// @notice The number of public values, the context included.
    function publicValueCount(PublicLayout memory shape) internal pure returns (uint256) {
        return publicValueCount(shape.inputWords, shape.outputWords, shape.commitments);
    }

    /// @notice The number of public values, the context included.
    function publicValueCount(uint256 inputWords, uint256 outputWords, uint256 commitments)
        internal
        pure
        returns (uint256)
    {
        return 1 + inputWords + outputWords + commitments;
    }

    /// @notice How many values all outputs of all items have.
    function outputCount(ModelSpec memory spec) internal pure returns (uint256 count) {
        for (uint256 i = 0; i < spec.outputs.length; ++i) {
            count += spec.outputs[i].count;
        }
        count *= spec.outputItems;
    }

    /// @notice The output words of `values`. The values stand item by item: all of item 0, in the
    /// order of the outputs, then all of item 1, … The words stand output by output, as `ModelSpec`
    /// says.
    function packOutputs(ModelSpec memory spec, int256[] memory values) internal pure returns (uint256[] memory words) {
        if (values.length != outputCount(spec)) revert WrongOutputCount(outputCount(spec), values.length);
        words = new uint256[](_outputWords(spec));
        uint256 items = spec.outputItems;
        // Of the output: its first word, and its first value among item 0's.
        (uint256 start, uint256 first) = (0, 0);
        for (uint256 i = 0; i < spec.outputs.length; ++i) {
            OutputSchema memory output = spec.outputs[i];
            uint256 value = first;
            for (uint256 k = 0; k < items; ++k) {
                PublicValues.packInto(words, start + k, items, values, value, output.count, output.packing);
                value += values.length / items;
            }
            start += items * PublicValues.wordCount(output.packing, output.count);
            first += output.count;
        }
    }

    /// @dev Words of one item's public inputs. Checks the inputs, some of which must have ranks, or
    /// none.
    function _inputWords(ModelSpec memory spec, bool ranks) private pure returns (uint256 words) {
        bool committed = false;
        bool ranked = false;
        for (uint256 i = 0; i < spec.inputs.length; ++i) {
            InputSchema memory input = spec.inputs[i];
            if (_checkInput(input, i, ranks)) ranked = true;
            if (input.visibility == Visibility.Public) words += PublicValues.wordCount(input.packing, input.count);
            if (input.visibility == Visibility.Committed) committed = true;
        }
        if (committed != (spec.commitments != 0)) revert WrongCommitmentCount(spec.commitments);
        if (ranked != ranks) revert NoRanks();
    }

    /// @dev Whether values of the input are ranks, which is refused without breakpoints.
    function _checkInput(InputSchema memory input, uint256 index, bool ranks) private pure returns (bool ranked) {
        if (input.count == 0) revert EmptyTensor(index);
        int256 offset = PublicValues.offsetOf(input.packing);
        int256 end = int256(1 << PublicValues.bitsOf(input.packing)) - offset;
        uint256 ranges = input.minima.length;
        if ((ranges != 1 && ranges != input.count) || input.maxima.length != ranges) revert InvalidRange(index);
        for (uint256 i = 0; i < ranges; ++i) {
            (int256 minimum, int256 maximum) = (input.minima[i], input.maxima[i]);
            if (minimum > maximum || minimum < -offset || maximum >= end) revert InvalidRange(index);
        }

        uint256 scales = input.scalesE36.length;
        if ((scales != 1 && scales != input.count) || input.zeroPoints.length != scales) revert InvalidScale(index);
        for (uint256 i = 0; i < scales; ++i) {
            if (input.scalesE36[i] != 0) continue;
            if (!ranks) revert InvalidScale(index);
            bool isRank = scales == input.count && input.zeroPoints[i] == 0;
            if (!isRank || input.minima[ranges == 1 ? 0 : i] < 0) revert InvalidRanks(index);
            ranked = true;
        }
    }

    /// @dev Words of all items' outputs. Checks the outputs.
    function _outputWords(ModelSpec memory spec) private pure returns (uint256 words) {
        for (uint256 i = 0; i < spec.outputs.length; ++i) {
            OutputSchema memory output = spec.outputs[i];
            if (output.count == 0) revert EmptyTensor(i);
            if (output.count == 1 && spec.outputItems > 1) revert NotPackedAcrossItems(i);
            if (output.scaleE36 == 0) revert InvalidScale(i);
            words += PublicValues.wordCount(output.packing, output.count);
        }
        words *= spec.outputItems;
    }
}
