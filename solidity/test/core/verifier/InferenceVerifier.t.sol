// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import { Test } from "forge-std/Test.sol";

import { InferenceVerifier } from "../../../src/core/verifier/InferenceVerifier.sol";
import { VerifyingKeys } from "../../../src/core/verifier/VerifyingKeys.sol";
import { IInferenceVerifier } from "../../../src/core/verifier/interfaces/IInferenceVerifier.sol";
import { DevelopmentSetup } from "../../../src/core/verifier/libraries/DevelopmentSetup.sol";
import { Statement, TrapdoorProver } from "../../../testing/TrapdoorProver.sol";
import { peek, poke } from "../../utils/Memory.sol";

/// @dev Every error, and that forged proofs of every shape are accepted: with a known τ that needs
/// no prover.
contract InferenceVerifierTest is Test, TrapdoorProver {
    uint256 private constant P = 0x30644e72e131a029b85045b68181585d97816a916871ca8d3c208c16d87cfd47;
    uint256 private constant WIDTH = 3;
    uint256 private constant COUNT = 4;
    uint256 private constant EVALUATIONS = 22;
    // Of the evaluations: q, x, and P between its neighbours.
    uint256 private constant Q = 0;
    uint256 private constant X = 1;
    uint256 private constant REGION = 16;
    uint256 private constant SQUARE = 17;
    uint256 private constant ID = 18;
    uint256 private constant GATES = 8;

    InferenceVerifier private _verifier;
    VerifyingKeys private _keys;
    address private _key;
    Statement private _valid;

    /// @dev A valid statement of one form, and what its proof consists of: points, evaluations after
    /// all but two of them.
    struct Sample {
        Form form;
        Statement valid;
        address key;
        uint256 points;
        uint256 evaluations;
    }

    /// @dev Of every form that there is: 2, 4 and 8 columns to a pack, hidden or not; one pack of
    /// weights, or several, of which the last isn't full.
    Sample[] private _samples;

    /// @dev What `_forge` does differently: evaluations that aren't random, and a gate that it
    /// leaves out of the quotient.
    struct Pin {
        uint256 index;
        uint256 value;
    }

    Pin[] private _pins;
    uint256 private _leftOut = GATES;

    /// @dev What it leaves out of the link: nothing, [b], the last pack's term, or all of it.
    enum Link {
        Right,
        NoBlind,
        NoLastPack,
        None
    }

    Link private _wrongLink;

    function setUp() public {
        _verifier = new InferenceVerifier(_tauG2());
        _keys = new VerifyingKeys();
        _valid = _forge(0, 12, WIDTH, COUNT);
        _key = _keys.publish(_valid.key);
        _sample(Form(12, WIDTH, 8, false), 5);
        _sample(Form(12, 11, 8, true), 8);
        _sample(Form(12, 1, 4, false), 6);
        _sample(Form(12, 6, 4, true), 9);
        _sample(Form(12, 4, 2, false), 8);
        _sample(Form(12, WIDTH, 2, true), 11);
    }

    // ------------------------------------------------------------------------------------- accepts

    function test_AcceptsProof() public view {
        _verifier.verify(_key, _valid.publicValues, _valid.proof);
    }

    function test_AcceptsEveryForm() public view {
        for (uint256 i = 0; i < _samples.length; ++i) {
            Sample memory sample = _samples[i];
            _verifier.verify(sample.key, sample.valid.publicValues, sample.valid.proof);
        }
    }

    function test_AcceptsEveryHeight() public {
        for (uint256 height = 1; height <= 28; ++height) {
            _accept(_forge(height, Form(height, 1, 2 << height % 3, height % 2 == 0), 1));
        }
    }

    function test_AcceptsEveryWidth() public {
        for (uint256 width = 1; width <= 64; ++width) {
            _accept(_forge(width, Form(8, width, 2 << width % 3, width % 4 < 2), 2));
        }
    }

    function test_AcceptsWidestKeys() public {
        for (uint256 pack = 2; pack <= 8; pack *= 2) {
            _accept(_forge(1, Form(28, 64, pack, false), 3));
            _accept(_forge(1, Form(28, 64, pack, true), 3));
        }
    }

    function test_AcceptsAsManyPublicValuesAsRowsButOne() public {
        _accept(_forge(1, 6, 2, 63));
    }

    /// forge-config: default.fuzz.runs = 128
    function testFuzz_AcceptsProofsOfEveryShape(
        uint256 seed,
        uint256 height,
        uint256 width,
        uint256 pack,
        bool hidden,
        uint256 count
    ) public {
        height = bound(height, 1, 28);
        width = bound(width, 1, 20);
        uint256 rows = 1 << height;
        count = bound(count, 1, rows > 50 ? 50 : rows - 1);
        _accept(_forge(seed, Form(height, width, 2 << pack % 3, hidden), count));
    }

    /// @dev A row that looks up (P = 0), squares (P = 1) or neither, with the square or something
    /// else.
    ///
    /// forge-config: default.fuzz.runs = 64
    function testFuzz_AcceptsWhatTheGatesSayOfSquares(uint256 seed, uint256 square, uint256 q, uint256 x) public {
        square = bound(square, 0, 3);
        q = bound(q, 0, R - 1);
        x = seed % 2 == 0 ? mulmod(q, q, R) : bound(x, 0, R - 1);
        _pins.push(Pin(SQUARE, square < 3 ? square : R - 1));
        _pins.push(Pin(Q, q));
        _pins.push(Pin(X, x));
        _accept(_forge(seed, 12, WIDTH, COUNT));
    }

    // --------------------------------------------------------------------------------- wrong gates

    function test_RevertWhen_QuotientLeavesOutAGate() public {
        for (_leftOut = 0; _leftOut < GATES; ++_leftOut) {
            _refuse(_forge(_leftOut, Form(12, WIDTH, 2 << _leftOut % 3, _leftOut % 2 == 0), COUNT));
        }
        _accept(_forge(0, 12, WIDTH, COUNT));
    }

    /// @dev A prover who isn't held to the link takes other weights than the key's.
    function test_RevertWhen_TheLinkIsWrong() public {
        for (uint256 pack = 2; pack <= 8; pack *= 2) {
            for (uint256 width = 1; width <= 9; width += 4) {
                Form memory form = Form(12, width, pack, true);
                for (uint256 wrong = 1; wrong <= uint256(type(Link).max); ++wrong) {
                    _wrongLink = Link(wrong);
                    _refuse(_forge(width, form, COUNT));
                }
                _wrongLink = Link.Right;
                _accept(_forge(width, form, COUNT));
            }
        }
    }

    /// @dev Gate 8 can be left out exactly if it holds anyway: P = 0 or x = q².
    ///
    /// forge-config: default.fuzz.runs = 64
    function testFuzz_RevertWhen_QuotientLeavesOutASquareThatIsWrong(uint256 seed, uint256 square, uint256 q, uint256 x)
        public
    {
        _leftOut = GATES - 1;
        _pins.push(Pin(SQUARE, bound(square, 1, R - 1)));
        _pins.push(Pin(Q, bound(q, 0, R - 1)));
        _pins.push(Pin(X, bound(x, 0, R - 1)));
        uint256 squared = mulmod(_pins[1].value, _pins[1].value, R);
        vm.assume(_pins[2].value != squared);
        _refuse(_forge(seed, 12, WIDTH, COUNT));

        _pins[2].value = squared;
        _accept(_forge(seed, 12, WIDTH, COUNT));
        _pins[2].value = bound(x, 0, R - 1);
        _pins[0].value = 0;
        _accept(_forge(seed, 12, WIDTH, COUNT));
    }

    // ---------------------------------------------------------------------------------- wrong keys

    function test_RevertWhen_KeyHasNoCode() public {
        _expectNotAKey(address(0xdead));
    }

    function test_RevertWhen_KeyIsAnotherContract() public {
        _expectNotAKey(address(_verifier));
        _expectNotAKey(address(_keys));
        _expectNotAKey(address(this));
    }

    function test_RevertWhen_KeyDoesNotStartWithStop() public {
        _expectNotAKey(_etch(bytes.concat(hex"01", _valid.key)));
        _expectNotAKey(_etch(bytes.concat(hex"5b", _valid.key)));
    }

    function testFuzz_RevertWhen_MagicVersionOrPaddingIsWrong(uint256 position, uint8 value) public {
        position = bound(position, 0, 25);
        if (position > 4) position += 6;
        vm.assume(uint8(_valid.key[position]) != value);
        bytes memory key = _valid.key;
        key[position] = bytes1(value);
        _expectNotAKey(_etch(bytes.concat(hex"00", key)));
    }

    function test_RevertWhen_KeyIsTooTall() public {
        _expectNotAKey(_withHeaderByte(5, 29));
        _expectNotAKey(_withHeaderByte(5, 255));
    }

    function test_RevertWhen_KeyIsOfAFormerVersion() public {
        _expectNotAKey(_withHeaderByte(4, 1));
        _expectNotAKey(_withHeaderByte(4, 2));
        // As such keys were: a representation after the header, a commitment for every column.
        bytes memory header = abi.encodePacked("VDCT", uint8(2), uint8(12), uint8(WIDTH), uint16(COUNT), new bytes(23));
        _expectNotAKey(_etch(bytes.concat(hex"00", header, bytes32(0), new bytes(64 * (8 + WIDTH)))));
    }

    function test_RevertWhen_PackIsNotTwoFourOrEight() public {
        for (uint256 pack = 0; pack < 256; ++pack) {
            if (pack == 2 || pack == 4 || pack == 8) continue;
            // However long such a key would be.
            for (uint256 packs = 1; packs <= 12; ++packs) {
                bytes memory key = _cut(bytes.concat(_valid.key, new bytes(64 * 12)), 32 + 64 * packs);
                key[7] = bytes1(uint8(pack));
                _expectNotAKey(_etch(bytes.concat(hex"00", key)));
            }
        }
    }

    function test_RevertWhen_HiddenIsNeitherYesNorNo() public {
        for (uint256 hidden = 2; hidden < 256; ++hidden) {
            _expectNotAKey(_withHeaderByte(8, uint8(hidden)));
        }
    }

    /// @dev Of other columns to a pack, with a width that makes the length right: it is another key,
    /// and has proofs of another length.
    function test_RevertWhen_KeyIsRelabelledWithAnotherPack() public {
        Statement memory wide = _forge(3, Form(12, 9, 8, false), COUNT);
        bytes memory key = wide.key;
        (key[6], key[7]) = (0x04, 0x04);
        address account = _keys.publish(key);
        vm.expectRevert(abi.encodeWithSelector(IInferenceVerifier.WrongProofLength.selector, 1216, 1312));
        _verifier.verify(account, wide.publicValues, wide.proof);
        // A pack more of second-phase columns, and five evaluations less.
        bytes memory proof = bytes.concat(
            _slice(wide.proof, 0, 128),
            abi.encode(1, 2),
            _slice(wide.proof, 128, 64 + 26 * 32),
            _slice(wide.proof, 1184, 128)
        );
        bytes memory reason = abi.encodeWithSelector(IInferenceVerifier.ProofRejected.selector);
        _expect(account, wide.publicValues, proof, reason);
    }

    /// @dev Hidden weights' proofs without what only they have.
    function test_RevertWhen_AHiddenKeyIsRelabelledAsPublic() public {
        for (uint256 i = 0; i < _samples.length; ++i) {
            Sample memory sample = _samples[i];
            if (!sample.form.hidden) continue;
            bytes memory key = sample.valid.key;
            key[8] = 0x00;
            address account = _keys.publish(key);
            bytes memory proof = sample.valid.proof;
            uint256 weights = _packsOf(sample.form, sample.form.width);
            uint256 length = proof.length;
            bytes memory reason = abi.encodeWithSelector(
                IInferenceVerifier.WrongProofLength.selector, length - 64 * (weights + 1), length
            );
            _expect(account, sample.valid.publicValues, proof, reason);

            uint256 first = 64 * _packsOf(sample.form, 3);
            uint256 second = first + 64 * weights;
            uint256 blind = second + 64 * _packsOf(sample.form, 5) + 64;
            proof = bytes.concat(
                _slice(proof, 0, first),
                _slice(proof, second, blind - second),
                _slice(proof, blind + 64, length - blind - 64)
            );
            reason = abi.encodeWithSelector(IInferenceVerifier.ProofRejected.selector);
            _expect(account, sample.valid.publicValues, proof, reason);
        }
    }

    /// @dev Public weights' proofs with the key's packs in the place of re-blinded ones.
    function test_RevertWhen_APublicKeyIsRelabelledAsHidden() public {
        for (uint256 i = 0; i < _samples.length; ++i) {
            Sample memory sample = _samples[i];
            if (sample.form.hidden) continue;
            bytes memory key = sample.valid.key;
            key[8] = 0x01;
            address account = _keys.publish(key);
            bytes memory proof = sample.valid.proof;
            uint256 weights = _packsOf(sample.form, sample.form.width);
            uint256 length = proof.length;
            bytes memory reason = abi.encodeWithSelector(
                IInferenceVerifier.WrongProofLength.selector, length + 64 * (weights + 1), length
            );
            _expect(account, sample.valid.publicValues, proof, reason);

            uint256 first = 64 * _packsOf(sample.form, 3);
            uint256 blind = first + 64 * _packsOf(sample.form, 5) + 64;
            bytes memory packs;
            for (uint256 j = 0; j < weights; ++j) {
                packs = bytes.concat(packs, abi.encode(1, 2));
            }
            proof = bytes.concat(
                _slice(proof, 0, first),
                packs,
                _slice(proof, first, blind - first),
                abi.encode(1, 2),
                _slice(proof, blind, length - blind)
            );
            reason = abi.encodeWithSelector(IInferenceVerifier.ProofRejected.selector);
            _expect(account, sample.valid.publicValues, proof, reason);
        }
    }

    /// @dev An account of which nothing but the header is one's own.
    function test_RevertWhen_KeyIsCutOff() public {
        for (uint256 length = 0; length < _valid.key.length; ++length) {
            _expectNotAKey(_etch(bytes.concat(hex"00", _cut(_valid.key, length))));
        }
    }

    function test_RevertWhen_WidthIsNotTheLengths() public {
        _expectNotAKey(_withHeaderByte(6, 9));
        _expectNotAKey(_withHeaderByte(6, 64));
        _expectNotAKey(_withHeaderByte(6, 0));
    }

    function test_RevertWhen_WidthIsOutOfRange() public {
        bytes memory key = _valid.key;
        for (uint256 width = 65; width < 256; ++width) {
            key[6] = bytes1(uint8(width));
            uint256 packs = (width + 7) / 8;
            _expectNotAKey(_etch(bytes.concat(hex"00", key, new bytes((packs - 1) * 64))));
        }
        key[6] = 0;
        _expectNotAKey(_etch(bytes.concat(hex"00", _cut(key, 96))));
    }

    function test_RevertWhen_KeyIsLongerOrShorter() public {
        _expectNotAKey(_etch(bytes.concat(hex"00", _valid.key, hex"00")));
        _expectNotAKey(_etch(bytes.concat(hex"00", _valid.key, new bytes(64))));
    }

    function test_RevertWhen_KeyHasNoPublicValues() public {
        _expectNotAKey(_withHeaderByte(10, 0));
    }

    function test_RevertWhen_KeyHasAsManyPublicValuesAsRows() public {
        // Four rows, four public values.
        _expectNotAKey(_withHeaderByte(5, 2));
        // And 256 more, which are more than there are.
        _expectNotAKey(_etch(bytes.concat(hex"00", _withByte(_withByte(_valid.key, 5, 8), 9, 1))));
    }

    function test_RevertWhen_KeyHasAPointOffTheCurve() public {
        bytes memory key = poke(_valid.key, 32, 1);
        address account = _etch(bytes.concat(hex"00", key));
        (bool ok, bytes memory reason) = _try(100_000_000, account, _valid.publicValues, _valid.proof);
        assertFalse(ok);
        assertEq(bytes4(reason), IInferenceVerifier.PrecompileFailed.selector);
    }

    /// @dev Any of the key's points, of every form. A precompile that fails burns 63 of 64 parts of
    /// what there is, and one that is given what it left fails too, so that the gas may run out
    /// before there is a reason.
    function test_RevertWhen_KeyHasAnyPointOffTheCurve() public {
        for (uint256 k = 0; k < _samples.length; ++k) {
            Sample memory sample = _samples[k];
            for (uint256 position = 32; position < sample.valid.key.length; position += 64) {
                bytes memory key = poke(poke(bytes.concat(sample.valid.key), position, 1), position + 32, 3);
                address account = _etch(bytes.concat(hex"00", key));
                (bool ok, bytes memory reason) =
                    _try(20_000_000, account, sample.valid.publicValues, sample.valid.proof);
                assertFalse(ok);
                if (!sample.form.hidden) assertEq(bytes4(reason), IInferenceVerifier.PrecompileFailed.selector);
            }
        }
    }

    /// @dev No proof with such a challenge can be found, so the verifier is broken instead: with 1
    /// in place of one of its moduli, everything that is reduced by it is zero; what is to be
    /// inverted, too.
    function test_RevertWhen_TheEvaluationPointIsInTheDomain() public {
        bytes memory honest = address(_verifier).code;
        uint256 inDomain = 0;
        for (uint256 i = 0; i + 32 <= honest.length; ++i) {
            if (peek(honest, i) != R) continue;
            vm.etch(address(_verifier), poke(bytes.concat(honest), i, 1));
            (, bytes memory reason) = _try(30_000_000, _key, _valid.publicValues, _valid.proof);
            if (bytes4(reason) == IInferenceVerifier.EvaluationPointInDomain.selector) ++inDomain;
        }
        assertGt(inDomain, 0);
    }

    // ------------------------------------------------------------------------------- wrong lengths

    function test_RevertWhen_PublicValuesAreTooFewOrTooMany() public {
        for (uint256 count = 0; count < 2 * COUNT; ++count) {
            if (count == COUNT) continue;
            vm.expectRevert(abi.encodeWithSelector(IInferenceVerifier.WrongPublicValueCount.selector, COUNT, count));
            _verifier.verify(_key, new uint256[](count), _valid.proof);
        }
    }

    function testFuzz_RevertWhen_ProofHasAnotherLength(uint256 length) public {
        length = bound(length, 0, 3000);
        uint256 expected = 1024 + 32 * WIDTH;
        vm.assume(length != expected);
        bytes memory proof = new bytes(length);
        for (uint256 i = 0; i < length && i < expected; ++i) {
            proof[i] = _valid.proof[i];
        }
        vm.expectRevert(abi.encodeWithSelector(IInferenceVerifier.WrongProofLength.selector, expected, length));
        _verifier.verify(_key, _valid.publicValues, proof);
    }

    // ------------------------------------------------------------------------------ wrong encoding

    function test_RevertWhen_CalldataHasTrailingBytes() public {
        bytes memory data = abi.encodeCall(_verifier.verify, (_key, _valid.publicValues, _valid.proof));
        _expectRaw(data, "");
        bytes memory reason = abi.encodeWithSelector(IInferenceVerifier.NonCanonicalCalldata.selector);
        _expectRaw(bytes.concat(data, hex"00"), reason);
        _expectRaw(bytes.concat(data, bytes32(0)), reason);
        _expectRaw(bytes.concat(data, bytes32(type(uint256).max)), reason);
    }

    function test_RevertWhen_OffsetsAreUnusual() public {
        bytes4 selector = _verifier.verify.selector;
        bytes memory values = abi.encodePacked(COUNT, _valid.publicValues);
        bytes memory proof = abi.encodePacked(_valid.proof.length, _valid.proof);
        bytes memory reason = abi.encodeWithSelector(IInferenceVerifier.NonCanonicalCalldata.selector);

        bytes memory head = abi.encode(_key, 0x60, 0x60 + values.length);
        _expectRaw(abi.encodePacked(selector, head, values, proof), "");
        // The proof first.
        head = abi.encode(_key, 0x60 + proof.length, 0x60);
        _expectRaw(abi.encodePacked(selector, head, proof, values), reason);
        // A gap in front of both, between them.
        head = abi.encode(_key, 0x80, 0x80 + values.length);
        _expectRaw(abi.encodePacked(selector, head, bytes32(0), values, proof), reason);
        head = abi.encode(_key, 0x60, 0x80 + values.length);
        _expectRaw(abi.encodePacked(selector, head, values, bytes32(0), proof), reason);
    }

    function test_RevertWhen_OffsetsAreUnusualAndTheSizeIsNot() public view {
        bytes memory reason = abi.encodeWithSelector(IInferenceVerifier.NonCanonicalCalldata.selector);
        // Words that pass for lengths, one word after and one before the real ones.
        uint256[] memory values = _valid.publicValues;
        values[0] = COUNT;
        bytes memory data = abi.encodeCall(_verifier.verify, (_key, values, _valid.proof));
        _expectRaw(poke(data, 4 + 32, 0x80), reason);

        values[0] = _valid.publicValues[0];
        values[COUNT - 1] = _valid.proof.length;
        data = abi.encodeCall(_verifier.verify, (_key, values, _valid.proof));
        _expectRaw(poke(data, 4 + 64, 0x60 + 32 * COUNT), reason);
    }

    function testFuzz_RevertWhen_ALengthIsNotTheOneTheOffsetsImply(uint256 count, uint256 length) public view {
        bytes memory data = abi.encodeCall(_verifier.verify, (_key, _valid.publicValues, _valid.proof));
        count = bound(count, 0, COUNT + 10);
        length = bound(length, 0, _valid.proof.length);
        if (count != COUNT) {
            bytes memory reason =
                abi.encodeWithSelector(IInferenceVerifier.WrongPublicValueCount.selector, COUNT, count);
            _expectRaw(poke(bytes.concat(data), 4 + 3 * 32, count), reason);
        }
        if (length != _valid.proof.length) {
            bytes memory reason =
                abi.encodeWithSelector(IInferenceVerifier.WrongProofLength.selector, _valid.proof.length, length);
            _expectRaw(poke(bytes.concat(data), 4 + (4 + COUNT) * 32, length), reason);
        }
    }

    function test_RevertWhen_CalldataIsTruncated() public view {
        bytes memory data = abi.encodeCall(_verifier.verify, (_key, _valid.publicValues, _valid.proof));
        for (uint256 length = data.length; length > 0;) {
            length -= length < 37 ? 1 : 37;
            assembly ("memory-safe") {
                mstore(data, length)
            }
            (bool ok,) = address(_verifier).staticcall(data);
            assertFalse(ok);
        }
    }

    function test_RevertWhen_KeyAddressHasDirtyBits() public view {
        bytes memory data = abi.encodeCall(_verifier.verify, (_key, _valid.publicValues, _valid.proof));
        data[4] = 0x01;
        (bool ok,) = address(_verifier).staticcall(data);
        assertFalse(ok);
    }

    // -------------------------------------------------------------------------------- wrong values

    function testFuzz_RevertWhen_PublicValueIsNotCanonical(uint256 i, uint256 excess) public {
        i = bound(i, 0, COUNT - 1);
        // Also the representation that means the same.
        uint256[] memory values = _valid.publicValues;
        values[i] = excess % 4 == 0 ? values[i] + R : bound(excess, R, type(uint256).max);
        vm.expectRevert(abi.encodeWithSelector(IInferenceVerifier.PublicValueNotCanonical.selector, i));
        _verifier.verify(_key, values, _valid.proof);
    }

    function test_RevertWhen_ProofHasTheLengthOfAnotherForm() public {
        for (uint256 i = 0; i < _samples.length; ++i) {
            Sample memory sample = _samples[i];
            uint256 expected = 64 * sample.points + 32 * sample.evaluations;
            assertEq(expected, sample.valid.proof.length);
            for (uint256 j = 0; j < _samples.length; ++j) {
                bytes memory proof = _samples[j].valid.proof;
                if (proof.length == expected) continue;
                bytes memory reason =
                    abi.encodeWithSelector(IInferenceVerifier.WrongProofLength.selector, expected, proof.length);
                _expect(sample.key, sample.valid.publicValues, proof, reason);
            }
        }
    }

    function test_RevertWhen_EvaluationIsNotCanonical() public {
        for (uint256 k = 0; k < _samples.length; ++k) {
            for (uint256 i = 0; i < _samples[k].evaluations; ++i) {
                uint256 position = _evaluationAt(_samples[k], i);
                uint256 value = peek(_samples[k].valid.proof, position);
                bytes memory reason = abi.encodeWithSelector(IInferenceVerifier.ScalarNotCanonical.selector, i);
                _expectWord(k, position, value + R, reason);
                _expectWord(k, position, R, reason);
                _expectWord(k, position, type(uint256).max, reason);
            }
        }
    }

    function test_RevertWhen_CoordinateIsNotCanonical() public {
        for (uint256 k = 0; k < _samples.length; ++k) {
            for (uint256 i = 0; i < _samples[k].points; ++i) {
                bytes memory reason = abi.encodeWithSelector(IInferenceVerifier.CoordinateNotCanonical.selector, i);
                uint256 position = _pointAt(_samples[k], i);
                for (uint256 end = position + 64; position < end; position += 32) {
                    _expectWord(k, position, peek(_samples[k].valid.proof, position) + P, reason);
                    _expectWord(k, position, P, reason);
                    _expectWord(k, position, type(uint256).max, reason);
                }
            }
        }
    }

    function test_RevertWhen_PointIsTheIdentity() public {
        for (uint256 k = 0; k < _samples.length; ++k) {
            Sample memory sample = _samples[k];
            for (uint256 i = 0; i < sample.points; ++i) {
                uint256 position = _pointAt(sample, i);
                bytes memory proof = poke(poke(bytes.concat(sample.valid.proof), position, 0), position + 32, 0);
                bytes memory reason = abi.encodeWithSelector(IInferenceVerifier.PointAtInfinity.selector, i);
                _expect(sample.key, sample.valid.publicValues, proof, reason);
            }
        }
    }

    function test_RevertWhen_PointIsNotOnTheCurve() public {
        for (uint256 k = 0; k < _samples.length; ++k) {
            for (uint256 i = 0; i < _samples[k].points; ++i) {
                bytes memory reason = abi.encodeWithSelector(IInferenceVerifier.PointNotOnCurve.selector, i);
                uint256 position = _pointAt(_samples[k], i);
                bytes memory proof = _samples[k].valid.proof;
                _expectWord(k, position, peek(proof, position) ^ 1, reason);
                _expectWord(k, position + 32, peek(proof, position + 32) ^ 1, reason);
                _expectWord(k, position + 32, 0, reason);
            }
        }
    }

    /// @dev Of two wrong points the first is named, though its twin comes after the evaluations.
    function test_RevertWhen_SeveralPointsAreWrong() public {
        for (uint256 k = 0; k < _samples.length; ++k) {
            Sample memory sample = _samples[k];
            bytes memory proof = bytes.concat(sample.valid.proof);
            for (uint256 i = sample.points; i > 0; --i) {
                poke(proof, _pointAt(sample, i - 1), i % 2 == 0 ? P : 1);
                bytes4 selector = i % 2 == 0
                    ? IInferenceVerifier.CoordinateNotCanonical.selector
                    : IInferenceVerifier.PointNotOnCurve.selector;
                _expect(sample.key, sample.valid.publicValues, proof, abi.encodeWithSelector(selector, i - 1));
            }
        }
    }

    function test_RevertWhen_PointIsNegated() public {
        for (uint256 k = 0; k < _samples.length; ++k) {
            for (uint256 i = 0; i < _samples[k].points; ++i) {
                uint256 position = _pointAt(_samples[k], i) + 32;
                uint256 negated = P - peek(_samples[k].valid.proof, position);
                _expectWord(k, position, negated, abi.encodeWithSelector(IInferenceVerifier.ProofRejected.selector));
            }
        }
    }

    function test_RevertWhen_PointsAreExchanged() public {
        for (uint256 k = 0; k < _samples.length; ++k) {
            Sample memory sample = _samples[k];
            for (uint256 i = 1; i < sample.points; ++i) {
                (uint256 a, uint256 b) = (_pointAt(sample, i - 1), _pointAt(sample, i));
                bytes memory proof = _exchange(_exchange(bytes.concat(sample.valid.proof), a, b), a + 32, b + 32);
                bytes memory reason = abi.encodeWithSelector(IInferenceVerifier.ProofRejected.selector);
                _expect(sample.key, sample.valid.publicValues, proof, reason);
            }
        }
    }

    function test_RevertWhen_EvaluationIsWrong() public {
        for (uint256 k = 0; k < _samples.length; ++k) {
            for (uint256 i = 0; i < _samples[k].evaluations; ++i) {
                uint256 position = _evaluationAt(_samples[k], i);
                uint256 wrong = addmod(peek(_samples[k].valid.proof, position), 1, R);
                _expectWord(k, position, wrong, abi.encodeWithSelector(IInferenceVerifier.ProofRejected.selector));
            }
        }
    }

    function test_RevertWhen_EvaluationsAreExchanged() public {
        for (uint256 k = 0; k < _samples.length; ++k) {
            Sample memory sample = _samples[k];
            for (uint256 i = 1; i < sample.evaluations; ++i) {
                (uint256 a, uint256 b) = (_evaluationAt(sample, i - 1), _evaluationAt(sample, i));
                bytes memory proof = _exchange(bytes.concat(sample.valid.proof), a, b);
                bytes memory reason = abi.encodeWithSelector(IInferenceVerifier.ProofRejected.selector);
                _expect(sample.key, sample.valid.publicValues, proof, reason);
            }
        }
    }

    function test_RevertWhen_APackOfTheKeyIsAnother() public {
        for (uint256 k = 0; k < _samples.length; ++k) {
            Sample memory sample = _samples[k];
            bytes memory key = sample.valid.key;
            for (uint256 position = 32; position < key.length; position += 64) {
                (uint256 x, uint256 y) = (peek(key, position), peek(key, position + 32));
                // The generator, the identity or, in its place, twice the generator; the opposite.
                _refuseKey(sample, poke(poke(bytes.concat(key), position, 1), position + 32, 2));
                bytes memory other = x | y == 0 ? _commit(2) : new bytes(64);
                bytes memory changed = poke(bytes.concat(key), position, peek(other, 0));
                _refuseKey(sample, poke(changed, position + 32, peek(other, 32)));
                if (y != 0) _refuseKey(sample, poke(bytes.concat(key), position + 32, P - y));
                if (position == 32) continue;
                changed = _exchange(_exchange(bytes.concat(key), position, position - 64), position + 32, position - 32);
                if (keccak256(changed) != keccak256(key)) _refuseKey(sample, changed);
            }
        }
    }

    /// @dev The number of weight columns is another, and that of packs isn't.
    function test_RevertWhen_AWidthOfAsManyPacksIsMeant() public {
        bytes memory key = _withByte(_valid.key, 6, WIDTH + 1);
        address account = _keys.publish(key);
        uint256 length = _valid.proof.length;
        bytes memory reason = abi.encodeWithSelector(IInferenceVerifier.WrongProofLength.selector, length + 32, length);
        _expect(account, _valid.publicValues, _valid.proof, reason);
        // With an evaluation more, before H_1's.
        uint256 last = length - 160;
        bytes memory proof =
            bytes.concat(_slice(_valid.proof, 0, last), bytes32(0), _slice(_valid.proof, last, length - last));
        reason = abi.encodeWithSelector(IInferenceVerifier.ProofRejected.selector);
        _expect(account, _valid.publicValues, proof, reason);
    }

    function testFuzz_RevertWhen_PublicValueIsWrong(uint256 i, uint256 value) public {
        i = bound(i, 0, COUNT - 1);
        value = bound(value, 0, R - 1);
        uint256[] memory values = _valid.publicValues;
        vm.assume(values[i] != value);
        values[i] = value;
        vm.expectRevert(IInferenceVerifier.ProofRejected.selector);
        _verifier.verify(_key, values, _valid.proof);
    }

    function testFuzz_RevertWhen_SquareEvaluationIsWrong(uint256 value) public {
        uint256 position = _evaluationAt(_samples[0], SQUARE);
        uint256 old = peek(_valid.proof, position);
        value = bound(value, 0, R - 1);
        vm.assume(value != old);
        uint256[3] memory values = [value, 0, 1];
        for (uint256 i = 0; i < values.length; ++i) {
            _expectReason(
                poke(_valid.proof, position, values[i]),
                abi.encodeWithSelector(IInferenceVerifier.ProofRejected.selector)
            );
        }
    }

    function testFuzz_RevertWhen_SquareEvaluationIsNotCanonical(uint256 value) public {
        uint256 position = _evaluationAt(_samples[0], SQUARE);
        bytes memory reason = abi.encodeWithSelector(IInferenceVerifier.ScalarNotCanonical.selector, SQUARE);
        _expectReason(poke(_valid.proof, position, bound(value, R, type(uint256).max)), reason);
        // The representations that mean the same.
        value = peek(_valid.proof, position);
        for (uint256 i = 1; i < 5; ++i) {
            _expectReason(poke(_valid.proof, position, value + i * R), reason);
        }
    }

    function test_RevertWhen_SquareEvaluationIsSwapped() public {
        uint256 position = _evaluationAt(_samples[0], SQUARE);
        for (uint256 other = REGION; other <= ID; other += ID - REGION) {
            uint256 otherPosition = _evaluationAt(_samples[0], other);
            bytes memory proof = poke(_valid.proof, position, peek(_valid.proof, otherPosition));
            _expectReason(
                poke(proof, otherPosition, peek(_valid.proof, position)),
                abi.encodeWithSelector(IInferenceVerifier.ProofRejected.selector)
            );
        }
    }

    function test_RevertWhen_PublicValuesAreSwapped() public {
        uint256[] memory values = _valid.publicValues;
        (values[0], values[1]) = (values[1], values[0]);
        vm.expectRevert(IInferenceVerifier.ProofRejected.selector);
        _verifier.verify(_key, values, _valid.proof);
    }

    function test_RevertWhen_KeyIsOfAnotherModel() public {
        address other = _keys.publish(_forge(1, 12, WIDTH, COUNT).key);
        vm.expectRevert(IInferenceVerifier.ProofRejected.selector);
        _verifier.verify(other, _valid.publicValues, _valid.proof);
    }

    function test_RevertWhen_SetupIsAnother() public {
        InferenceVerifier other = new InferenceVerifier(_generator());
        vm.expectRevert(IInferenceVerifier.ProofRejected.selector);
        other.verify(_key, _valid.publicValues, _valid.proof);
    }

    /// forge-config: default.fuzz.runs = 1024
    function testFuzz_RevertWhen_AnyBitIsFlipped(uint256 bit) public view {
        bytes memory data = abi.encodeCall(_verifier.verify, (_key, _valid.publicValues, _valid.proof));
        bit = bound(bit, 0, 8 * data.length - 1);
        data[bit / 8] ^= bytes1(uint8(1 << (bit % 8)));
        (bool ok,) = address(_verifier).staticcall{ gas: 1_000_000 }(data);
        assertFalse(ok);
    }

    // ----------------------------------------------------------------------------------------- gas

    function test_BadPointsDoNotBurnGas() public view {
        for (uint256 k = 0; k < _samples.length; ++k) {
            Sample memory sample = _samples[k];
            for (uint256 i = 0; i < sample.points; ++i) {
                bytes memory proof = poke(bytes.concat(sample.valid.proof), _pointAt(sample, i), 1);
                uint256 before = gasleft();
                (bool ok,) = _try(gasleft(), sample.key, sample.valid.publicValues, proof);
                assertFalse(ok);
                assertLt(before - gasleft(), 50_000);
            }
        }
    }

    function testFuzz_RevertWhen_GasRunsOut(uint256 gas) public {
        _verifier.verify(_key, _valid.publicValues, _valid.proof);
        // The cold read of the key is over.
        gas = bound(gas, 0, vm.lastCallGas().gasTotalUsed - 2500);
        (bool ok,) = _try(gas, _key, _valid.publicValues, _valid.proof);
        assertFalse(ok);
    }

    function test_RuntimeFitsTheSizeLimit() public view {
        assertLe(address(_verifier).code.length, 24_576);
    }

    // -------------------------------------------------------------------------------------- set-up

    function test_TauG2() public view {
        assertEq(abi.encode(_verifier.tauG2()), abi.encode(_tauG2()));
    }

    function test_IsDevelopmentSetup() public {
        assertFalse(_verifier.isDevelopmentSetup());
        assertTrue(new InferenceVerifier(DevelopmentSetup.tauG2()).isDevelopmentSetup());
    }

    function test_RevertWhen_SetupIsTheIdentity() public {
        vm.expectRevert(InferenceVerifier.InvalidSetup.selector);
        new InferenceVerifier([uint256(0), 0, 0, 0]);
    }

    function test_RevertWhen_SetupIsNotOnTheCurve() public {
        for (uint256 i = 0; i < 4; ++i) {
            uint256[4] memory tau = _tauG2();
            tau[i] ^= 1;
            vm.expectRevert(InferenceVerifier.InvalidSetup.selector);
            this.deploy{ gas: 10_000_000 }(tau);
        }
    }

    function test_RevertWhen_SetupIsNotInTheSubgroup() public {
        // On the twist, of another order.
        vm.expectRevert(InferenceVerifier.InvalidSetup.selector);
        this.deploy{ gas: 10_000_000 }(
            [
                uint256(0),
                1,
                0x0d1271953ed9ea0836846e70a1934187998c7f790cb4d7511b7f8da82de048a4,
                0x2869111d5381f072f8e2728fdb825a51aadd70e52c9830e9ab4b871c0531f1bb
            ]
        );
    }

    function deploy(uint256[4] calldata tau) external returns (InferenceVerifier) {
        return new InferenceVerifier(tau);
    }

    // ------------------------------------------------------------------------------------- helpers

    function _generator() private pure returns (uint256[4] memory) {
        return [
            0x198e9393920d483a7260bfb731fb5d25f1aa493335a9e71297e485b7aef312c2,
            0x1800deef121f1e76426a00665e5c4479674322d4f75edadd46debd5cd992f6ed,
            0x090689d0585ff075ec9e99ad690c3395bc4b313370b38ef355acdadcd122975b,
            0x12c85ea5db8c6deb4aab71808dcb408fe3d1e7690c43d37b4ce6cc0166fa7daa
        ];
    }

    function _accept(Statement memory statement) private {
        _verifier.verify(_keys.publish(statement.key), statement.publicValues, statement.proof);
    }

    function _refuse(Statement memory statement) private {
        address key = _keys.publish(statement.key);
        vm.expectRevert(IInferenceVerifier.ProofRejected.selector);
        _verifier.verify(key, statement.publicValues, statement.proof);
    }

    function _evaluations(Forgery memory f) internal view override returns (uint256[] memory evaluations) {
        evaluations = super._evaluations(f);
        for (uint256 i = 0; i < _pins.length; ++i) {
            evaluations[_pins[i].index] = _pins[i].value;
        }
    }

    function _gates(Forgery memory f, uint256 instance) internal view override returns (uint256[GATES] memory gates) {
        gates = super._gates(f, instance);
        if (_leftOut < GATES) gates[_leftOut] = 0;
    }

    function _link(Forgery memory f) internal view override returns (uint256 link) {
        if (_wrongLink == Link.NoBlind) f.blind = 0;
        if (_wrongLink == Link.NoLastPack) {
            f.fixedPacks[f.fixedPacks.length - 1] = f.reblinded[f.reblinded.length - 1];
        }
        if (_wrongLink != Link.None) link = super._link(f);
    }

    function _sample(Form memory form, uint256 points) private {
        Statement memory valid = _forge(_samples.length, form, COUNT);
        _samples.push(Sample(form, valid, _keys.publish(valid.key), points, EVALUATIONS + form.width));
    }

    function _packsOf(Form memory form, uint256 columns) private pure returns (uint256) {
        return (columns + form.pack - 1) / form.pack;
    }

    function _expect(address key, uint256[] memory publicValues, bytes memory proof, bytes memory reason) private {
        vm.expectRevert(reason);
        _verifier.verify(key, publicValues, proof);
    }

    /// @dev The proof of sample `k` with another word.
    function _expectWord(uint256 k, uint256 position, uint256 word, bytes memory reason) private {
        Sample memory sample = _samples[k];
        _expect(sample.key, sample.valid.publicValues, poke(sample.valid.proof, position, word), reason);
    }

    function _refuseKey(Sample memory sample, bytes memory key) private {
        _refuse(Statement(key, sample.valid.publicValues, sample.valid.proof));
    }

    function _expectNotAKey(address account) private {
        vm.expectRevert(abi.encodeWithSelector(IInferenceVerifier.NotAVerifyingKey.selector, account));
        _verifier.verify(account, _valid.publicValues, _valid.proof);
    }

    function _expectReason(bytes memory proof, bytes memory reason) private {
        vm.expectRevert(reason);
        _verifier.verify(_key, _valid.publicValues, proof);
    }

    /// @dev Success if `expected` is empty.
    function _expectRaw(bytes memory data, bytes memory expected) private view {
        (bool ok, bytes memory reason) = address(_verifier).staticcall(data);
        assertEq(ok, expected.length == 0);
        assertEq(reason, expected);
    }

    function _try(uint256 gas, address key, uint256[] memory publicValues, bytes memory proof)
        private
        view
        returns (bool, bytes memory)
    {
        return address(_verifier).staticcall{ gas: gas }(abi.encodeCall(_verifier.verify, (key, publicValues, proof)));
    }

    function _pointAt(Sample memory sample, uint256 i) private pure returns (uint256) {
        return i < sample.points - 2 ? 64 * i : sample.valid.proof.length - 64 * (sample.points - i);
    }

    function _evaluationAt(Sample memory sample, uint256 i) private pure returns (uint256) {
        return 64 * (sample.points - 2) + 32 * i;
    }

    function _etch(bytes memory code) private returns (address account) {
        account = address(uint160(uint256(keccak256(code))));
        vm.etch(account, code);
    }

    function _withHeaderByte(uint256 position, uint8 value) private returns (address) {
        return _etch(bytes.concat(hex"00", _withByte(_valid.key, position, value)));
    }

    function _withByte(bytes memory data, uint256 position, uint256 value) private pure returns (bytes memory) {
        data[position] = bytes1(uint8(value));
        return data;
    }

    function _exchange(bytes memory data, uint256 a, uint256 b) private pure returns (bytes memory) {
        uint256 word = peek(data, a);
        return poke(poke(data, a, peek(data, b)), b, word);
    }

    function _cut(bytes memory data, uint256 length) private pure returns (bytes memory) {
        return _slice(data, 0, length);
    }

    function _slice(bytes memory data, uint256 from, uint256 length) private pure returns (bytes memory part) {
        part = new bytes(length);
        for (uint256 i = 0; i < length; ++i) {
            part[i] = data[from + i];
        }
    }
}
