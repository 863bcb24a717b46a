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

    /// @dev What a key's header says, but for the number of public values.
    /// @param height k: the circuit has 2^k rows; at most 28.
    /// @param width The number of weight columns, from 1 to 64.
    /// @param pack t: 2, 4 or 8 columns to a pack.
    /// @param hidden Whether the weights are.
    struct Form {
        uint256 height;
        uint256 width;
        uint256 pack;
        bool hidden;
    }

    /// @dev A proof while it is made: its challenges have the names of docs/protocol.md, and
    /// commitments are kept as logarithms to the base [1]_1.
    struct Forgery {
        uint256 seed;
        uint256 salt;
        Form form;
        uint256[] words;
        // Logarithms of commitments.
        uint256[] fixedPacks;
        uint256[] first;
        uint256[] reblinded;
        uint256[] second;
        uint256 quotient;
        uint256 blind;
        uint256 opening;
        // q x m h S y d L | h' S' y' d' L' | u v w B P T_id T_key T_val W_0 … | H_1
        uint256[] evaluations;
        uint256 r;
        uint256 s;
        uint256 g;
        uint256 theta;
        uint256 alpha;
        uint256 y;
        uint256 x;
        uint256 gamma;
        uint256 z;
        uint256 omega;
        uint256 xToN;
        // What the proof has, less what it claims.
        uint256 rest;
        // The next power of γ.
        uint256 power;
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
    /// pack is zero; which ones depends on the seed. Eight columns to a pack, public weights.
    /// @param seed Everything follows from it.
    /// @param height k: the circuit has 2^k rows; at most 28.
    /// @param width The number of weight columns, from 1 to 64.
    /// @param count The number of public values, less than 2^k.
    function _forge(uint256 seed, uint256 height, uint256 width, uint256 count)
        internal
        view
        returns (Statement memory)
    {
        return _forge(seed, Form(height, width, 8, false), count);
    }

    /// @dev The same for any form.
    function _forge(uint256 seed, Form memory form, uint256 count) internal view returns (Statement memory) {
        Forgery memory f;
        f.seed = seed;
        f.form = form;
        f.words = _scalars(f, count);
        return _forge(f);
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
        f.form = Form(height, width, 8, false);
        f.words = words;
        return _forge(f);
    }

    /// @dev The statement for the seed, the salt, the form and the words of `f`.
    function _forge(Forgery memory f) private view returns (Statement memory) {
        Form memory form = f.form;
        uint256 n = 1 << form.height;
        bytes memory key = _drawKey(f);
        f.omega = _pow(ROOT_OF_UNITY, 1 << (28 - form.height));

        // The key is done; salt 0 changes nothing.
        f.seed ^= f.salt;
        f.transcript = abi.encodePacked(uint256(keccak256(key)) % R, f.words);
        f.first = _sendPoints(f, _packs(f, 3));
        if (form.hidden) f.reblinded = _sendPoints(f, _packs(f, form.width));
        (f.r, f.s, f.g, f.theta, f.alpha) = (_squeeze(f), _squeeze(f), _squeeze(f), _squeeze(f), _squeeze(f));
        f.second = _sendPoints(f, _packs(f, 5));
        f.y = _squeeze(f);
        f.quotient = _sendPoints(f, 1)[0];
        if (form.hidden) f.blind = _sendPoints(f, 1)[0];
        f.x = _squeeze(f);
        f.xToN = _pow(f.x, n);
        f.evaluations = _evaluations(f);
        f.proof = abi.encodePacked(f.proof, f.evaluations);
        f.transcript = abi.encodePacked(f.transcript, f.evaluations);
        f.gamma = _squeeze(f);
        f.opening = _sendPoints(f, 1)[0];
        f.z = _squeeze(f);

        // [Q']·τ = F − ρ − (Z−x)·Q + z·[Q'], so [Q'] = (F − ρ − (Z−x)·Q)/(τ−z)
        _open(f, _firstPiece(f, n));
        uint256 rest = _sub(f.rest, _mul(_sub(_pow(f.z, form.pack), f.x), f.opening));
        rest = _add(rest, _residue());
        f.proof = bytes.concat(f.proof, _commit(_div(rest, _sub(TAU, f.z))));
        return Statement(key, f.words, f.proof);
    }

    /// @dev By how much the equation is to be wrong: log A − τ·log B. A test can override it.
    function _residue() internal view virtual returns (uint256) {
        return 0;
    }

    /// @dev Draws the fixed packs.
    function _drawKey(Forgery memory f) private view returns (bytes memory key) {
        Form memory form = f.form;
        f.fixedPacks = _scalars(f, _packs(f, 8) + _packs(f, form.width));
        uint256 zero = _scalar(f) % 3;
        key = abi.encodePacked(
            "VDCT",
            uint8(3),
            uint8(form.height),
            uint8(form.width),
            uint8(form.pack),
            form.hidden,
            uint16(f.words.length),
            new bytes(21)
        );
        for (uint256 i = 0; i < f.fixedPacks.length; ++i) {
            if ((i + zero) % 3 == 2) f.fixedPacks[i] = 0;
            key = bytes.concat(key, _commit(f.fixedPacks[i]));
        }
    }

    /// @dev Packs of so many columns.
    function _packs(Forgery memory f, uint256 columns) private pure returns (uint256) {
        return (columns + f.form.pack - 1) / f.form.pack;
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
        return _scalars(f, 22 + f.form.width);
    }

    /// @dev H_0(x) = E/(x^n − 1) − x^(n−2)·H_1(x)
    function _firstPiece(Forgery memory f, uint256 n) private view returns (uint256) {
        uint256[8] memory gates = _gates(f, _instance(f, n));
        uint256 e = gates[0];
        for (uint256 i = 1; i < 8; ++i) {
            e = _add(_mul(e, f.y), gates[i]);
        }
        uint256 second = f.evaluations[21 + f.form.width];
        return _sub(_div(e, _sub(f.xToN, 1)), _mul(_pow(f.x, n - 2), second));
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
        for (uint256 j = 0; j < f.form.width; ++j) {
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

    /// @dev F − ρ
    function _open(Forgery memory f, uint256 firstPiece) private view {
        uint256[] memory pieces = new uint256[](2);
        (pieces[0], pieces[1]) = (firstPiece, f.evaluations[21 + f.form.width]);
        (uint256 public_, uint256 weights) = (_packs(f, 8), _packs(f, f.form.width));

        f.power = 1;
        for (uint256 i = 0; i < f.first.length; ++i) {
            _take(f, f.first[i], _value(f, f.evaluations, 0, 3, i));
        }
        for (uint256 i = 0; i < public_; ++i) {
            _take(f, f.fixedPacks[i], _value(f, f.evaluations, 13, 8, i));
        }
        for (uint256 i = 0; i < weights; ++i) {
            uint256 commitment = f.form.hidden ? f.reblinded[i] : f.fixedPacks[public_ + i];
            _take(f, commitment, _value(f, f.evaluations, 21, f.form.width, i));
        }
        _take(f, f.quotient, _value(f, pieces, 0, 2, 0));
        if (f.form.hidden) {
            _take(f, _link(f), 0);
        }
        uint256[] memory lines = new uint256[](5);
        for (uint256 i = 0; i < 5; ++i) {
            lines[i] = _line(f, i);
        }
        uint256 d = _div(1, _sub(_pow(f.z, f.form.pack), _div(f.x, f.omega)));
        for (uint256 i = 0; i < f.second.length; ++i) {
            _take(f, _mul(d, f.second[i]), _mul(d, _value(f, lines, 0, 5, i)));
        }
    }

    /// @dev Σ_i Y^i·([P̂_i] − [P_i]) − (x^n − 1)·[b]. A test can override it to break it.
    function _link(Forgery memory f) internal view virtual returns (uint256 link) {
        link = _sub(0, _mul(_sub(f.xToN, 1), f.blind));
        for (uint256 i = 0; i < f.reblinded.length; ++i) {
            uint256 difference = _sub(f.reblinded[i], f.fixedPacks[_packs(f, 8) + i]);
            link = _add(link, _mul(_pow(f.y, i), difference));
        }
    }

    function _take(Forgery memory f, uint256 commitment, uint256 value) private pure {
        f.rest = _add(f.rest, _mul(f.power, _sub(commitment, value)));
        f.power = _mul(f.power, f.gamma);
    }

    /// @dev Σ_j z^j·f_j for pack number `pack` of `count` columns, whose values are in `values` from
    /// `from` on.
    function _value(Forgery memory f, uint256[] memory values, uint256 from, uint256 count, uint256 pack)
        private
        view
        returns (uint256 value)
    {
        uint256 t = f.form.pack;
        for (uint256 j = 0; j < t && pack * t + j < count; ++j) {
            value = _add(value, _mul(_pow(f.z, j), values[from + pack * t + j]));
        }
    }

    /// @dev ℓ(Z)
    function _line(Forgery memory f, uint256 i) private view returns (uint256) {
        (uint256 here, uint256 previous) = (f.evaluations[3 + i], f.evaluations[8 + i]);
        uint256 slope = _div(_sub(here, previous), _sub(f.x, _div(f.x, f.omega)));
        return _add(here, _mul(slope, _sub(_pow(f.z, f.form.pack), f.x)));
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
