// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import { Test } from "forge-std/Test.sol";

import { AllocationCurve, CurvePoint } from "../../../src/consumers/airdrop/AllocationCurve.sol";
import { CodeWords } from "../../../src/consumers/airdrop/CodeWords.sol";
import { PublicValues } from "../../../src/libraries/PublicValues.sol";
import { OutputSchema, Packing } from "../../../src/types/Schemas.sol";

/// @dev The library behind external functions, for reverts.
contract CurveHarness {
    using AllocationCurve for uint256[];

    function encode(CurvePoint[] memory points, Packing packing) public pure returns (uint256[] memory) {
        return AllocationCurve.encode(points, packing);
    }

    function decode(uint256[] memory curve, Packing packing) external pure returns (CurvePoint[] memory) {
        return curve.decode(packing);
    }

    function amountOf(CurvePoint[] memory points, Packing packing, int256 score) external pure returns (uint256) {
        return encode(points, packing).amountOf(uint256(score + PublicValues.offsetOf(packing)));
    }

    function sumOf(
        CurvePoint[] memory points,
        uint256[] memory words,
        uint256 start,
        OutputSchema memory schema,
        uint256 count
    ) external pure returns (uint256) {
        return encode(points, schema.packing).sumOf(words, start, schema, count);
    }
}

contract AllocationCurveTest is Test {
    CurveHarness private _curve = new CurveHarness();

    function _points(int32[3] memory scores, uint128[3] memory amounts) private pure returns (CurvePoint[] memory p) {
        p = new CurvePoint[](3);
        for (uint256 i = 0; i < 3; ++i) {
            p[i] = CurvePoint(scores[i], amounts[i]);
        }
    }

    /// @dev A curve from fuzzed numbers: whatever they are, sorted and spread.
    function _fuzzed(uint256 seed, Packing packing) private pure returns (CurvePoint[] memory points) {
        uint256 count = seed % 8 + 1;
        points = new CurvePoint[](count);
        int256 offset = PublicValues.offsetOf(packing);
        uint256 span = (1 << PublicValues.bitsOf(packing)) / count;
        uint256 amount = 0;
        for (uint256 i = 0; i < count; ++i) {
            seed = uint256(keccak256(abi.encode(seed)));
            int256 score = int256(i * span + seed % span) - offset;
            amount += (seed >> 64) % 1e24;
            if (i + 1 == count) ++amount;
            points[i] = CurvePoint(int32(score), uint128(amount));
        }
    }

    /// @dev The definition, in signed arithmetic, from the first point on.
    function _reference(CurvePoint[] memory points, int256 score) private pure returns (uint256) {
        if (score < points[0].score) return 0;
        for (uint256 i = 1; i < points.length; ++i) {
            if (score >= points[i].score) continue;
            (int256 s0, int256 s1) = (points[i - 1].score, points[i].score);
            (int256 a0, int256 a1) = (int256(uint256(points[i - 1].amount)), int256(uint256(points[i].amount)));
            return uint256(a0 + (score - s0) * (a1 - a0) / (s1 - s0));
        }
        return points[points.length - 1].amount;
    }

    function _packing(uint256 seed) private pure returns (Packing) {
        return Packing(seed % 3);
    }

    function _score(uint256 seed, Packing packing) private pure returns (int256) {
        return int256(seed % (1 << PublicValues.bitsOf(packing))) - PublicValues.offsetOf(packing);
    }

    function test_Examples() public view {
        CurvePoint[] memory p = _points([int32(-10), 10, 20], [uint128(5), 25, 26]);
        int16[9] memory scores = [int16(-32_768), -11, -10, -9, 9, 10, 19, 20, 32_767];
        uint8[9] memory amounts = [0, 0, 5, 6, 24, 25, 25, 26, 26];
        for (uint256 i = 0; i < 9; ++i) {
            assertEq(_curve.amountOf(p, Packing.Signed, scores[i]), amounts[i]);
        }
    }

    function test_ExtremesDoNotOverflow() public view {
        CurvePoint[] memory p = new CurvePoint[](2);
        (p[0], p[1]) = (CurvePoint(type(int32).min, 0), CurvePoint(type(int32).max, type(uint128).max));
        assertEq(_curve.amountOf(p, Packing.Wide, type(int32).max), type(uint128).max);
        uint256 last = uint256(type(uint32).max - 1) * type(uint128).max / type(uint32).max;
        assertEq(_curve.amountOf(p, Packing.Wide, type(int32).max - 1), last);
        assertEq(_curve.amountOf(p, Packing.Wide, type(int32).min), 0);
    }

    function testFuzz_IsItsDefinition(uint256 seed, uint256 value, uint256 kind) public view {
        Packing packing = _packing(kind);
        CurvePoint[] memory points = _fuzzed(seed, packing);
        int256 score = _score(value, packing);
        assertEq(_curve.amountOf(points, packing, score), _reference(points, score));
    }

    /// @dev Near the points, where mistakes live.
    function testFuzz_IsItsDefinitionAroundPoints(uint256 seed, uint256 which, uint256 kind) public view {
        Packing packing = _packing(kind);
        CurvePoint[] memory points = _fuzzed(seed, packing);
        int256 score = points[which % points.length].score;
        for (int256 d = -1; d <= 1; ++d) {
            int256 near = score + d;
            int256 raw = near + PublicValues.offsetOf(packing);
            if (raw < 0 || raw >= int256(1 << PublicValues.bitsOf(packing))) continue;
            assertEq(_curve.amountOf(points, packing, near), _reference(points, near));
        }
    }

    /// @dev A higher score never gets less, and nobody gets more than the cap.
    function testFuzz_IsMonotoneAndCapped(uint256 seed, uint256 a, uint256 b, uint256 kind) public view {
        Packing packing = _packing(kind);
        CurvePoint[] memory points = _fuzzed(seed, packing);
        (int256 low, int256 high) = (_score(a, packing), _score(b, packing));
        if (low > high) (low, high) = (high, low);
        uint256 more = _curve.amountOf(points, packing, high);
        assertLe(_curve.amountOf(points, packing, low), more);
        assertLe(more, points[points.length - 1].amount);
    }

    function testFuzz_DecodesWhatItEncodes(uint256 seed, uint256 kind) public view {
        Packing packing = _packing(kind);
        CurvePoint[] memory points = _fuzzed(seed, packing);
        CurvePoint[] memory back = _curve.decode(_curve.encode(points, packing), packing);
        assertEq(abi.encode(back), abi.encode(points));
    }

    /// @dev The sum of a batch is that of what its entries get.
    function testFuzz_SumIsThatOfTheAmounts(uint256 seed, uint8 items, uint8 entries, uint8 before, uint256 kind)
        public
        view
    {
        Packing packing = _packing(kind);
        CurvePoint[] memory points = _fuzzed(seed, packing);
        uint256 count = uint256(items) % 70 + 1;
        uint256 used = uint256(entries) % (count + 1);
        uint256 start = before % 4;
        int256[] memory scores = new int256[](count);
        uint256 expected = 0;
        for (uint256 i = 0; i < count; ++i) {
            scores[i] = _score(uint256(keccak256(abi.encode(seed, i))), packing);
            if (i < used) expected += _reference(points, scores[i]);
        }
        uint256[] memory words = new uint256[](start + PublicValues.wordCount(packing, count));
        PublicValues.packInto(words, start, scores, 0, count, packing);
        OutputSchema memory schema = OutputSchema(uint32(count), packing, 1);
        assertEq(_curve.sumOf(points, words, start, schema, used), expected);
    }

    function test_RevertWhen_AWordHasStrayBits() public {
        CurvePoint[] memory p = _points([int32(0), 1, 2], [uint128(0), 1, 2]);
        // 15 values and 1: the second word owns 16 bits.
        uint256[] memory words = new uint256[](3);
        OutputSchema memory schema = OutputSchema(16, Packing.Signed, 1);
        words[2] = 1 << 16;
        vm.expectRevert(abi.encodeWithSelector(PublicValues.StrayBits.selector, 2));
        _curve.sumOf(p, words, 1, schema, 3);
        (words[1], words[2]) = (1 << 240, 0);
        vm.expectRevert(abi.encodeWithSelector(PublicValues.StrayBits.selector, 1));
        _curve.sumOf(p, words, 1, schema, 16);
    }

    function test_RevertWhen_WordsAreMissing() public {
        CurvePoint[] memory p = _points([int32(0), 1, 2], [uint128(0), 1, 2]);
        vm.expectRevert(abi.encodeWithSelector(PublicValues.WordsMissing.selector, 3, 2));
        _curve.sumOf(p, new uint256[](2), 1, OutputSchema(16, Packing.Signed, 1), 1);
    }

    function test_RevertWhen_ThereAreNoPointsOrTooMany() public {
        vm.expectRevert(abi.encodeWithSelector(AllocationCurve.WrongPointCount.selector, 32, 0));
        _curve.encode(new CurvePoint[](0), Packing.Signed);
        vm.expectRevert(abi.encodeWithSelector(AllocationCurve.WrongPointCount.selector, 32, 33));
        _curve.encode(new CurvePoint[](33), Packing.Signed);
        CurvePoint[] memory most = new CurvePoint[](32);
        for (uint256 i = 0; i < 32; ++i) {
            most[i] = CurvePoint(int32(int256(i)), 1);
        }
        assertEq(_curve.encode(most, Packing.Signed).length, 32);
    }

    function test_RevertWhen_ThePackingHasNoSuchScore() public {
        CurvePoint[] memory p = _points([int32(-1), 1, 2], [uint128(0), 1, 2]);
        vm.expectRevert(abi.encodeWithSelector(AllocationCurve.ScoreOutOfRange.selector, 0, -1));
        _curve.encode(p, Packing.Bytes);
        p = _points([int32(0), 1, 32_768], [uint128(0), 1, 2]);
        vm.expectRevert(abi.encodeWithSelector(AllocationCurve.ScoreOutOfRange.selector, 2, 32_768));
        _curve.encode(p, Packing.Signed);
        _curve.encode(p, Packing.Wide);
    }

    function test_RevertWhen_ScoresDoNotIncrease() public {
        vm.expectRevert(abi.encodeWithSelector(AllocationCurve.ScoresNotIncreasing.selector, 2));
        _curve.encode(_points([int32(0), 1, 1], [uint128(0), 1, 2]), Packing.Signed);
    }

    function test_RevertWhen_AmountsDecrease() public {
        vm.expectRevert(abi.encodeWithSelector(AllocationCurve.AmountsDecreasing.selector, 1));
        _curve.encode(_points([int32(0), 1, 2], [uint128(2), 1, 2]), Packing.Signed);
        _curve.encode(_points([int32(0), 1, 2], [uint128(2), 2, 2]), Packing.Signed);
    }

    function test_RevertWhen_NobodyGetsAnything() public {
        vm.expectRevert(AllocationCurve.NothingToAllocate.selector);
        _curve.encode(_points([int32(0), 1, 2], [uint128(0), 0, 0]), Packing.Signed);
    }
}

contract CodeWordsTest is Test {
    function testFuzz_ReadsWhatItWrote(bytes32 first, uint256[] memory words, uint256 start, uint256 index) public {
        start = bound(start, 0, words.length);
        uint256 count = bound(words.length, 0, words.length - start);
        if (count > 700) count = 700;
        address account = CodeWords.write(first, words, start, count);
        assertEq(bytes32(CodeWords.wordAt(account, 0)), first);
        uint256[] memory all = CodeWords.wordsFrom(account, 1);
        assertEq(all.length, count);
        for (uint256 i = 0; i < count; ++i) {
            assertEq(all[i], words[start + i]);
        }
        if (count != 0) {
            index = bound(index, 0, count - 1);
            assertEq(CodeWords.wordAt(account, 1 + index), words[start + index]);
        }
        assertEq(CodeWords.wordAt(account, 1 + count), 0);
        // The same words are the same account.
        assertEq(CodeWords.write(first, words, start, count), account);
    }
}
