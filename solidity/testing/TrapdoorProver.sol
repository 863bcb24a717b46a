// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.24;

/// @notice What a verifier takes.
/// @param key The bytes of the verifying key, as `VerifyingKeys.publish` takes them.
/// @param publicValues The context, then the public words.
/// @param proof The proof's bytes.
struct Statement {
    bytes key;
    uint256[] publicValues;
    bytes proof;
}

/// @title A prover for which every statement is true
/// @notice Makes proofs of nothing: who knows τ forges every opening, so commitments and
/// evaluations can be random. The real verifier under this contract's set-up accepts them, for any
/// key that comes from here and any public values.
/// @dev For tests alone. This τ is known to everybody, and `isDevelopmentSetup` does not tell: it
/// knows the command line's development set-up, not this one. A verifier under `_tauG2` must never
/// be deployed where anything is at stake.
///
/// What is left, once the openings are forged, is exactly what the verifier computes. This is
/// docs/protocol.md once more, written for comparison: as literally as possible, with an inversion
/// wherever the text divides. It shares no code and no constant with the verifier or the prover.
abstract contract TrapdoorProver {
    /// @dev The order of the scalar field.
    uint256 internal constant R = 0x30644e72e131a029b85045b68181585d2833e84879b9709143e1f593f0000001;
    /// @dev A primitive root of unity of order 2^28.
    uint256 internal constant ROOT_OF_UNITY = 0x03ddb9f5166d18b798865ea93dd31f743215cf6dd39329c8d34f1ed960c37c9c;
    /// @dev The secret of the set-up, which is none.
    uint256 internal constant TAU = 0x56455244496243;

    /// @dev A proof while it is made: its challenges have the names of docs/protocol.md, and
    /// commitments are kept as logarithms to the base [1]_1.
    struct Forgery {
        uint256 seed;
        uint256 salt;
        uint256 width;
        uint256[] words;
        // Logarithms of commitments.
        uint256[] fixedColumns;
        uint256[] first;
        uint256[] second;
        uint256 random;
        uint256[] quotient;
        uint256 opening;
        // q x m h S y d L | h' S' y' d' L' | u v w B P T_id T_key T_val W_0 … | Z
        uint256[] evaluations;
        uint256 r;
        uint256 s;
        uint256 g;
        uint256 theta;
        uint256 alpha;
        uint256 y;
        uint256 x;
        uint256 mu;
        uint256 nu;
        uint256 t;
        uint256 omega;
        uint256 xToN;
        bytes transcript;
        bytes proof;
    }

    /// @dev `[τ]_2`, imaginary parts first: what the verifier's constructor takes.
    function _tauG2() internal pure returns (uint256[4] memory) {
        return [
            uint256(0x114ba0a0228ea7265fa0a0e524e72daf1c10ccc6df63d4f33bf77eff1502ecbd),
            0x1d51dab0cbd6b40dc16e361d26eb01501e247794c48a4086c84f1f15980a8a6c,
            0x18bb7ac217efa520cc4f032bdcc0143db2ba685f28e8eef879a52d12636d3294,
            0x081ddb172d9fb0c20593f01fba3ed78be4d7e2b65dc3e8c12a1e4c1c804f7ff9
        ];
    }

    /// @dev A statement of random words that the verifier under `_tauG2` accepts. Every third fixed
    /// column is zero; which ones depends on the seed.
    /// @param seed Everything follows from it.
    /// @param height k: the circuit has 2^k rows; at most 28.
    /// @param width The number of weight columns, from 1 to 64.
    /// @param count The number of public values, less than 2^k.
    function _forge(uint256 seed, uint256 height, uint256 width, uint256 count)
        internal
        view
        returns (Statement memory)
    {
        Forgery memory f;
        f.seed = seed;
        f.width = width;
        f.words = _scalars(f, count);
        return _forge(f, height);
    }

    /// @dev A statement of chosen words. Its key depends on `seed`, height, width and the number of
    /// words alone: one key has proofs of all words, and for each salt another.
    function _forgeOf(uint256 seed, uint256 height, uint256 width, uint256[] memory words, uint256 salt)
        internal
        view
        returns (Statement memory)
    {
        Forgery memory f;
        f.seed = seed;
        f.salt = salt;
        f.width = width;
        f.words = words;
        return _forge(f, height);
    }

    /// @dev The statement for the seed, the salt, the width and the words of `f`.
    function _forge(Forgery memory f, uint256 height) private view returns (Statement memory statement) {
        uint256 width = f.width;
        uint256 count = f.words.length;
        f.fixedColumns = _scalars(f, width + 8);
        uint256 representation = _scalar(f);

        bytes memory key = abi.encodePacked(
            "VDCT", uint8(2), uint8(height), uint8(width), uint16(count), new bytes(23), representation
        );
        for (uint256 i = 0; i < width + 8; ++i) {
            if ((i + representation % 3) % 3 == 2) f.fixedColumns[i] = 0;
            key = bytes.concat(key, _commit(f.fixedColumns[i]));
        }

        // The key is done; salt 0 changes nothing.
        f.seed ^= f.salt;
        f.transcript = abi.encodePacked(representation, f.words);
        f.first = _sendPoints(f, 3);
        (f.r, f.s, f.g, f.theta, f.alpha) = (_squeeze(f), _squeeze(f), _squeeze(f), _squeeze(f), _squeeze(f));
        f.second = _sendPoints(f, 5);
        _squeeze(f);
        _squeeze(f);
        _squeeze(f);
        f.random = _sendPoints(f, 1)[0];
        f.y = _squeeze(f);
        f.quotient = _sendPoints(f, 2);
        f.x = _squeeze(f);
        f.evaluations = _evaluations(f);
        f.proof = abi.encodePacked(f.proof, f.evaluations);
        f.transcript = abi.encodePacked(f.transcript, f.evaluations);
        f.mu = _squeeze(f);
        f.nu = _squeeze(f);
        f.opening = _sendPoints(f, 1)[0];
        f.t = _squeeze(f);

        f.omega = _pow(ROOT_OF_UNITY, 1 << (28 - height));
        f.xToN = _pow(f.x, 1 << height);
        // [Q']·τ = F − ρ − (t−x)·Q + t·[Q'], so [Q'] = (F − ρ − (t−x)·Q)/(τ−t)
        (uint256 commitment, uint256 evaluation) = _combine(f, _fold(f, _instance(f, 1 << height)));
        uint256 rest = _sub(_sub(commitment, evaluation), _mul(_sub(f.t, f.x), f.opening));
        f.proof = bytes.concat(f.proof, _commit(_div(rest, _sub(TAU, f.t))));

        statement = Statement(key, f.words, f.proof);
    }

    /// @dev I = Σ_i words_i · ω^i (x^n − 1) / (n (x − ω^i))
    function _instance(Forgery memory f, uint256 n) private view returns (uint256 sum) {
        for (uint256 i = 0; i < f.words.length; ++i) {
            uint256 root = _pow(f.omega, i);
            uint256 numerator = _mul(_mul(f.words[i], root), _sub(f.xToN, 1));
            sum = _add(sum, _div(numerator, _mul(n, _sub(f.x, root))));
        }
    }

    /// @dev The evaluations that the proof claims: any numbers do. A test can override it to choose
    /// some.
    function _evaluations(Forgery memory f) internal view virtual returns (uint256[] memory) {
        return _scalars(f, 22 + f.width);
    }

    /// @dev The quotient's value.
    function _fold(Forgery memory f, uint256 instance) private view returns (uint256) {
        uint256[8] memory gates = _gates(f, instance);
        uint256 e = gates[0];
        for (uint256 i = 1; i < 8; ++i) {
            e = _add(_mul(e, f.y), gates[i]);
        }
        return _div(e, _sub(f.xToN, 1));
    }

    /// @dev What the gates share: the steps of the stream at the evaluation point, r^c, and the two
    /// sides of the lookup.
    struct Row {
        uint256 sigma;
        uint256 next;
        uint256 channel;
        uint256 restart;
        uint256 back;
        uint256 level;
        uint256 shift;
        uint256 skip;
        uint256 edge;
        uint256 active;
        uint256 opens;
        uint256 stream;
        uint256 rToC;
        uint256 entry;
        uint256 lookedUp;
    }

    function _row(Forgery memory f) private view returns (Row memory row) {
        uint256[] memory e = f.evaluations;
        (uint256 u, uint256 v, uint256 w) = (e[13], e[14], e[15]);
        row.sigma = _add(_add(u, v), w);
        row.next = _mul(v, _sub(2, row.sigma));
        row.channel = _mul(w, _sub(2, row.sigma));
        row.restart = _div(_mul(u, _sub(u, 1)), 2);
        row.back = _div(_mul(v, _sub(v, 1)), 2);
        row.level = _div(_mul(w, _sub(w, 1)), 2);
        row.shift = _mul(u, v);
        row.skip = _mul(u, w);
        row.edge = _mul(v, w);
        row.active = _div(_mul(row.sigma, _sub(3, row.sigma)), 2);
        row.opens = _add(_add(row.channel, row.level), row.edge);
        (row.stream, row.rToC) = _stream(f);
        uint256 thetaSquared = _mul(f.theta, f.theta);
        row.entry = _add(_mul(f.alpha, row.sigma), _mul(thetaSquared, e[18]));
        row.entry = _add(_add(row.entry, e[19]), _mul(f.theta, e[20]));
        row.lookedUp = _add(_add(f.alpha, _mul(thetaSquared, e[16])), _add(e[0], _mul(f.theta, e[1])));
    }

    /// @dev Σ_j W_j·r^j, and r^c.
    function _stream(Forgery memory f) private pure returns (uint256 sum, uint256 power) {
        power = 1;
        for (uint256 j = 0; j < f.width; ++j) {
            sum = _add(sum, _mul(f.evaluations[21 + j], power));
            power = _mul(power, f.r);
        }
    }

    /// @dev The eight gates' values at the evaluation point. A test can override it to break one.
    function _gates(Forgery memory f, uint256 instance) internal view virtual returns (uint256[8] memory gates) {
        uint256[] memory e = f.evaluations;
        Row memory row = _row(f);
        // q x m h S y d L are e[0] to e[7], h' S' y' d' L' are e[8] to e[12], P is e[17].
        uint256 left = _add(row.active, _mul(row.back, _sub(row.rToC, 1)));
        uint256 right = _add(_sub(row.active, row.restart), _mul(row.next, _sub(row.rToC, 1)));
        right = _add(_add(right, _mul(row.shift, _sub(f.s, 1))), _mul(row.skip, _sub(f.g, 1)));
        gates[0] = _sub(_mul(left, _sub(e[3], row.stream)), _mul(right, e[8]));

        right = _add(_sub(row.active, row.opens), _mul(row.shift, _sub(f.s, 1)));
        gates[1] = _sub(_sub(_mul(row.active, e[4]), _mul(right, e[9])), row.opens);

        left = _mul(row.sigma, _sub(e[5], _mul(e[4], _add(e[0], instance))));
        right = _add(row.sigma, _mul(row.channel, _sub(f.r, 1)));
        right = _sub(_sub(right, _mul(2, row.level)), _mul(2, row.edge));
        gates[2] = _sub(left, _mul(right, e[10]));

        left = _mul(row.sigma, _add(_sub(e[6], e[11]), _mul(e[1], e[3])));
        gates[3] = _sub(left, _mul(_mul(2, row.level), _add(_mul(_sub(f.g, 1), e[11]), e[10])));

        gates[4] = _mul(row.edge, e[11]);
        gates[5] = _mul(row.edge, e[12]);

        left = _mul(_mul(_sub(e[7], e[12]), row.entry), row.lookedUp);
        right = _mul(_sub(1, e[17]), row.entry);
        gates[6] = _add(_sub(left, right), _mul(_mul(e[2], row.sigma), row.lookedUp));

        gates[7] = _mul(e[17], _sub(e[1], _mul(e[0], e[0])));
    }

    /// @dev F and ρ.
    function _combine(Forgery memory f, uint256 quotient)
        private
        view
        returns (uint256 commitment, uint256 evaluation)
    {
        // Set 0.
        uint256 power = 1;
        for (uint256 i = 0; i < f.width + 13; ++i) {
            uint256 c;
            uint256 e;
            if (i < 3) {
                (c, e) = (f.first[i], f.evaluations[i]);
            } else if (i < f.width + 11) {
                (c, e) = (f.fixedColumns[i - 3], f.evaluations[i + 10]);
            } else if (i == f.width + 11) {
                (c, e) = (_add(f.quotient[0], _mul(f.xToN, f.quotient[1])), quotient);
            } else {
                (c, e) = (f.random, f.evaluations[i + 9]);
            }
            commitment = _add(commitment, _mul(power, c));
            evaluation = _add(evaluation, _mul(power, e));
            power = _mul(power, f.mu);
        }
        // Set 1.
        uint256 previousX = _div(f.x, f.omega);
        power = _div(f.nu, _sub(f.t, previousX));
        for (uint256 i = 0; i < 5; ++i) {
            commitment = _add(commitment, _mul(power, f.second[i]));
            evaluation = _add(evaluation, _mul(power, _line(f, i, previousX)));
            power = _mul(power, f.mu);
        }
    }

    /// @dev R_i(t)
    function _line(Forgery memory f, uint256 i, uint256 previousX) private view returns (uint256) {
        (uint256 here, uint256 previous) = (f.evaluations[3 + i], f.evaluations[8 + i]);
        uint256 slope = _div(_sub(here, previous), _sub(f.x, previousX));
        return _add(here, _mul(slope, _sub(f.t, f.x)));
    }

    // ------------------------------------------------------------------------ transcript and field

    function _scalar(Forgery memory f) private pure returns (uint256) {
        f.seed = uint256(keccak256(abi.encode(f.seed)));
        return f.seed % R;
    }

    function _scalars(Forgery memory f, uint256 count) private pure returns (uint256[] memory values) {
        values = new uint256[](count);
        for (uint256 i = 0; i < count; ++i) {
            values[i] = _scalar(f);
        }
    }

    function _sendPoints(Forgery memory f, uint256 count) private view returns (uint256[] memory logarithms) {
        logarithms = _scalars(f, count);
        for (uint256 i = 0; i < count; ++i) {
            bytes memory point = _commit(logarithms[i]);
            f.transcript = bytes.concat(f.transcript, point);
            f.proof = bytes.concat(f.proof, point);
        }
    }

    function _squeeze(Forgery memory f) private pure returns (uint256) {
        if (f.transcript.length == 32) f.transcript = bytes.concat(f.transcript, hex"01");
        bytes32 hash = keccak256(f.transcript);
        f.transcript = abi.encode(hash);
        return uint256(hash) % R;
    }

    /// @dev The point `logarithm`·[1]_1, as the proof holds it.
    function _commit(uint256 logarithm) internal view returns (bytes memory) {
        (bool ok, bytes memory point) = address(7).staticcall(abi.encode(1, 2, logarithm));
        require(ok, "ecMul");
        return point;
    }

    function _add(uint256 a, uint256 b) private pure returns (uint256) {
        return addmod(a, b, R);
    }

    function _sub(uint256 a, uint256 b) private pure returns (uint256) {
        return addmod(a, R - b % R, R);
    }

    function _mul(uint256 a, uint256 b) private pure returns (uint256) {
        return mulmod(a, b, R);
    }

    function _div(uint256 a, uint256 b) private view returns (uint256) {
        return mulmod(a, _pow(b, R - 2), R);
    }

    /// @dev `base`^`exponent` in the scalar field.
    function _pow(uint256 base, uint256 exponent) internal view returns (uint256) {
        (bool ok, bytes memory power) = address(5).staticcall(abi.encode(32, 32, 32, base, exponent, R));
        require(ok, "modexp");
        return abi.decode(power, (uint256));
    }
}
