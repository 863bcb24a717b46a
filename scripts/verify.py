#!/usr/bin/env python3
"""Verifies packed proofs, from docs/protocol.md alone.

Nothing here was taken from the Rust or the Solidity verifier, so that the three can be compared.
It is Python's standard library and big integers: plain, not fast. Names are the two documents', but
for those that they use twice: `xi` is the point of evaluation (`x` is a column), `width` their c,
`slots` their t. A primed value ends in `_`.

A file names the set-up itself (`tauG2`). Whoever knows its secret can forge proofs, so "accepted"
is worth what the set-up is: compare `tauG2` with one that you trust, or give yours with --tau-g2.
"""

import argparse
import json
import random
import re
import sys
from collections import namedtuple

# BN254: the base field, the order of the groups, and the parameter u that both come from.
U = 4965661367192848881
P = 36 * U**4 + 36 * U**3 + 24 * U**2 + 6 * U + 1
R = 36 * U**4 + 36 * U**3 + 18 * U**2 + 6 * U + 1
OMEGA_28 = 0x03DDB9F5166D18B798865EA93DD31F743215CF6DD39329C8D34F1ED960C37C9C

PUBLIC_FIXED = "u v w B P T_id T_key T_val".split()
FIRST_PHASE = "q x m".split()
SECOND_PHASE = "h S y d L".split()

# A vector's bytes; `values` are the public words one after the other, `tau` is the point [τ]_2.
Vector = namedtuple("Vector", "key values proof tau")
# `columns` are the weights' names; `public` and `weights` are commitments to fixed packs.
Key = namedtuple("Key", "n omega slots count hidden columns representation public weights")
# The packs' commitments, lists; evaluations by column, at xi and one row back; challenges by name.
Proof = namedtuple("Proof", "first second quotient reblinded blind at back Q Q_ challenges")


class Unusable(Exception):
    """The input is not a vector: its shape, lengths or encodings are not, or its key is none."""


class Rejected(Exception):
    """The input is a vector, and its proof proves nothing."""


def rotate(lane, by):
    return (lane << by % 64 | lane >> 64 - by % 64) % 2**64


def keccak_f(lanes):
    """The permutation of 25 lanes of 64 bits, lanes[x][y], in place."""
    lfsr = 1
    for _ in range(24):
        parity = [a[0] ^ a[1] ^ a[2] ^ a[3] ^ a[4] for a in lanes]
        for x in range(5):
            theta = parity[x - 1] ^ rotate(parity[(x + 1) % 5], 1)
            lanes[x] = [lane ^ theta for lane in lanes[x]]
        x, y, moved = 1, 0, lanes[1][0]
        for step in range(24):
            x, y = y, (2 * x + 3 * y) % 5
            moved, lanes[x][y] = lanes[x][y], rotate(moved, (step + 1) * (step + 2) // 2)
        turned = zip(lanes, lanes[1:] + lanes[:1], lanes[2:] + lanes[:2])
        lanes[:] = [[a ^ ~b & c for a, b, c in zip(*columns)] for columns in turned]
        for j in range(7):
            lanes[0][0] ^= (lfsr & 1) << (1 << j) - 1
            lfsr = (lfsr << 1 ^ (lfsr >> 7) * 0x171) & 0xFF


def keccak256(data):
    """As Ethereum has it: padded with 0x01, where hashlib's SHA-3, which is later, has 0x06."""
    rate = 136
    padded = bytearray(data) + bytes(rate - len(data) % rate)
    padded[len(data)] ^= 0x01
    padded[-1] ^= 0x80
    lanes = [[0] * 5 for _ in range(5)]
    for start in range(0, len(padded), rate):
        for i in range(rate // 8):
            lane = padded[start + 8 * i : start + 8 * i + 8]
            lanes[i % 5][i // 5] ^= int.from_bytes(lane, "little")
        keccak_f(lanes)
    return b"".join(lanes[i][0].to_bytes(8, "little") for i in range(4))


# Coordinates are in F_p² = F_p[i]/(i² + 1), those of the first group with b = 0. A point is a pair
# (x, y) with y² = x³ + 3 in the first group, y² = x³ + 3/(9 + i), the twist, in the second.
class F2(namedtuple("F2", "a b", defaults=(0,))):
    def __sub__(self, other):
        return F2((self.a - other.a) % P, (self.b - other.b) % P)

    def __mul__(self, other):
        a, b, c, d = self.a, self.b, other.a, other.b
        return F2((a * c - b * d) % P, (a * d + b * c) % P)

    def __truediv__(self, other):
        norm = pow(other.a**2 + other.b**2, -1, P)
        return self * F2(other.a * norm % P, -other.b * norm % P)


CURVE, TWIST = F2(3), F2(3) / F2(9, 1)
ONE_12 = [1] + [0] * 11
G1 = (F2(1), F2(2))
G2 = (
    F2(0x1800DEEF121F1E76426A00665E5C4479674322D4F75EDADD46DEBD5CD992F6ED,
       0x198E9393920D483A7260BFB731FB5D25F1AA493335A9E71297E485B7AEF312C2),
    F2(0x12C85EA5DB8C6DEB4AAB71808DCB408FE3D1E7690C43D37B4CE6CC0166FA7DAA,
       0x090689D0585FF075EC9E99AD690C3395BC4B313370B38EF355ACDADCD122975B),
)  # fmt: skip


def slope(left, right):
    """Of the line through two points, the tangent if they are one; a vertical line has none."""
    (x1, y1), (x2, y2) = left, right
    return x1 * x1 * F2(3) / (y1 * F2(2)) if left == right else (y2 - y1) / (x2 - x1)


def third(by, left, right):
    """The sum of two points, by the slope of the line through them."""
    x = by * by - left[0] - right[0]
    return x, by * (left[0] - x) - left[1]


def add(left, right):
    """The sum of two points of a group of odd order; None is the identity."""
    if left is None or right is None:
        return left or right
    if left[0] == right[0] and left[1] != right[1]:
        return None
    return third(slope(left, right), left, right)


def combine(terms):
    """The sum of scalar·point over pairs (scalar, point)."""
    total = None
    for bit in reversed(range(R.bit_length())):
        total = add(total, total)
        for scalar, point in terms:
            if (scalar % R) >> bit & 1:
                total = add(total, point)
    return total


# The ate pairing, with values in F_p¹² = F_p[w]/(w¹² − 18w⁶ + 82), where w⁶ = 9 + i. A point
# (x, y) of the twist stands for (w²x, w³y) on the curve. An element is a list of 12 coefficients.
def mul12(left, right):
    product = [0] * 23
    for i, a in enumerate(left):
        for j, b in enumerate(right):
            product[i + j] += a * b
    for i in range(22, 11, -1):
        product[i - 6] += 18 * product[i]
        product[i - 12] -= 82 * product[i]
    return [coefficient % P for coefficient in product[:12]]


def line(by, through, point):
    """y − by·x·w + (by·x₁ − y₁)·w³ at point (x, y): the line through (x₁, y₁), untwisted."""
    (a, b), (c, d) = F2(0) - by * point[0], by * through[0] - through[1]
    return [point[1].a, a - 9 * b, 0, c - 9 * d, 0, 0, 0, b, 0, d, 0, 0]


def miller(left, right):
    """Miller's loop over the bits of p − R = 6u²; the values of vertical lines cancel."""
    if left is None:
        return ONE_12
    f, at = ONE_12, right
    for bit in bin(6 * U * U)[3:]:
        f = mul12(f, f)
        for other in (at, right)[: 1 + int(bit)]:
            by = slope(at, other)
            f, at = mul12(f, line(by, at, left)), third(by, at, other)
    return f


def pairings_agree(a, b, c, d):
    """Whether e(a, b) = e(c, d), as e(a, b)·e(−c, d) = 1."""
    f, power = mul12(miller(a, b), miller(c and (c[0], F2(0) - c[1]), d)), ONE_12
    for bit in bin((P**12 - 1) // R)[2:]:
        power = mul12(power, power)
        if bit == "1":
            power = mul12(power, f)
    return power == ONE_12


# docs/protocol.md, "Shape", "The key" and "Transcript".
def packs(columns, slots):
    return -(-columns // slots)


def read_word(data, bound, where):
    value = int.from_bytes(data, "big")
    if value >= bound:
        raise Unusable(f"{where}: not canonical")
    return value


def read_point(data, where, error):
    """A point of the first group; the identity is one in a key, where a pack may be of zeros."""
    x, y = F2(read_word(data[:32], P, where)), F2(read_word(data[32:], P, where))
    if not any(data):
        if error is Unusable:
            return None
        raise error(f"{where}: the identity")
    if y * y - x * x * x != CURVE:
        raise error(f"{where}: not on the curve")
    return x, y


def read_key(data):
    if len(data) < 32 or data[:5] != b"VDCT\x03" or any(data[11:32]):
        raise Unusable("key: no header of version 3")
    k, width, slots, hidden = data[5:9]
    count = int.from_bytes(data[9:11], "big")
    if k > 28 or width == 0 or slots not in (2, 4, 8) or hidden > 1 or not 0 < count < 1 << k:
        raise Unusable("key: a header with impossible k, c, t, hidden or N")
    public = packs(len(PUBLIC_FIXED), slots)
    if len(data) != 32 + 64 * (public + packs(width, slots)):
        raise Unusable("key: wrong length")
    starts = range(32, len(data), 64)
    points = [read_point(data[i : i + 64], f"key, byte {i}", Unusable) for i in starts]
    omega, columns = pow(OMEGA_28, 1 << 28 - k, R), [f"W_{j}" for j in range(width)]
    shape = (1 << k, omega, slots, count, hidden == 1, columns)
    representation = int.from_bytes(keccak256(data), "big") % R
    return Key(*shape, representation, points[:public], points[public:])


class Transcript:
    """Absorbs what it reads of the proof, which is all that steps 2 to 7 absorb, in order."""

    def __init__(self, buffer, proof):
        self.buffer, self.proof, self.position = buffer, proof, 0

    def take(self, size):
        data = self.proof[self.position : self.position + size]
        self.position, self.buffer = self.position + size, self.buffer + data
        return data, f"proof, byte {self.position - size}"

    def points(self, count):
        return [read_point(*self.take(64), Rejected) for _ in range(count)]

    def scalars(self, names):
        return {name: read_word(self.take(32)[0], R, f"proof, {name}") for name in names}

    def squeeze(self):
        self.buffer = keccak256(self.buffer + (b"\x01" if len(self.buffer) == 32 else b""))
        return int.from_bytes(self.buffer, "big") % R


def read_proof(key, values, data):
    """Steps 1 to 7 of the transcript."""
    t, width = key.slots, len(key.columns)
    length = 64 * (packs(3, t) + packs(5, t) + 1 + 2) + 32 * (13 + 8 + width + 1)
    if len(data) != length + 64 * (packs(width, t) + 1) * key.hidden:
        raise Unusable("proof: wrong length")
    transcript = Transcript(key.representation.to_bytes(32, "big") + values, data)
    first = transcript.points(packs(3, t))
    reblinded = transcript.points(packs(width, t) if key.hidden else 0)
    challenges = {name: transcript.squeeze() for name in ("r", "s", "g", "theta", "alpha")}
    second = transcript.points(packs(5, t))
    challenges["Y"] = transcript.squeeze()
    quotient = transcript.points(1)
    blind = transcript.points(1 if key.hidden else 0)
    challenges["xi"] = transcript.squeeze()
    at = transcript.scalars(FIRST_PHASE + SECOND_PHASE)
    back = transcript.scalars(SECOND_PHASE)
    at.update(transcript.scalars(PUBLIC_FIXED + key.columns + ["H_1"]))
    challenges["gamma"] = transcript.squeeze()
    [Q] = transcript.points(1)
    challenges["z"] = transcript.squeeze()
    [Q_] = transcript.points(1)
    return Proof(first, second, quotient, reblinded, blind, at, back, Q, Q_, challenges)


# docs/protocol.md, "Gates and quotient".
def gates(key, proof, I):
    """The values of the eight gates at xi, in their order; `P` is here the column."""
    r, s, g, theta, alpha = (proof.challenges[c] for c in ("r", "s", "g", "theta", "alpha"))
    q, x, m, h, S, y, d, L = (proof.at[column] for column in FIRST_PHASE + SECOND_PHASE)
    h_, S_, y_, d_, L_ = (proof.back[column] for column in SECOND_PHASE)
    u, v, w, B, P, T_id, T_key, T_val = (proof.at[column] for column in PUBLIC_FIXED)
    half, rc, sigma = pow(2, -1, R), pow(r, len(key.columns), R), u + v + w
    next_, channel = v * (2 - sigma), w * (2 - sigma)
    restart, back, level = (bits * (bits - 1) * half for bits in (u, v, w))
    shift, skip, edge = u * v, u * w, v * w
    active, opens = sigma * (3 - sigma) * half, channel + level + edge
    stream = sum(proof.at[column] * pow(r, j, R) for j, column in enumerate(key.columns))
    entry = alpha * sigma + theta**2 * T_id + T_key + theta * T_val
    looked_up = alpha + theta**2 * B + q + theta * x
    keep = active - restart + next_ * (rc - 1) + shift * (s - 1) + skip * (g - 1)
    return [
        (active + back * (rc - 1)) * (h - stream) - keep * h_,
        active * S - (active - opens + shift * (s - 1)) * S_ - opens,
        sigma * (y - S * (q + I)) - (sigma + channel * (r - 1) - 2 * level - 2 * edge) * y_,
        sigma * (d - d_ + x * h) - 2 * level * ((g - 1) * d_ + y_),
        edge * d_,
        edge * L_,
        (L - L_) * entry * looked_up - (1 - P) * entry + m * sigma * looked_up,
        P * (x - q**2),
    ]


def first_piece(key, proof, words):
    """H_0(xi) = E/(xi^n − 1) − xi^(n−2)·H_1(xi)."""
    xi, I, E = proof.challenges["xi"], 0, 0
    vanishing = pow(xi, key.n, R) - 1
    if vanishing == 0:
        raise Rejected("the point of evaluation is in the domain")
    for i, value in enumerate(words):
        root = pow(key.omega, i, R)
        I += value * root * vanishing * pow(key.n * (xi - root), -1, R)
    for gate in gates(key, proof, I):
        E = (E * proof.challenges["Y"] + gate) % R
    return (E * pow(vanishing, -1, R) - pow(xi, key.n - 2, R) * proof.at["H_1"]) % R


# docs/protocol.md, "Opening".
def fold(slots, z, factor, commitments, values):
    """(factor, commitment, V = Σ_j z^j·f_j) of the packs of polynomials with these values f_j."""
    for i, commitment in enumerate(commitments):
        pack = values[i * slots : (i + 1) * slots]
        yield factor, commitment, sum(value * pow(z, j, R) for j, value in enumerate(pack)) % R


def openings(key, proof, H_0):
    """(factor, commitment, value) of everything that is opened, in the order of powers of γ."""
    t, (xi, z, Y) = key.slots, (proof.challenges[c] for c in ("xi", "z", "Y"))
    Z, xi_ = pow(z, t, R), xi * pow(key.omega, -1, R) % R
    if Z == xi_:
        raise Rejected("the packs of running columns are opened at their own point")
    weights = proof.reblinded if key.hidden else key.weights
    yield from fold(t, z, 1, proof.first, [proof.at[c] for c in FIRST_PHASE])
    yield from fold(t, z, 1, key.public, [proof.at[c] for c in PUBLIC_FIXED])
    yield from fold(t, z, 1, weights, [proof.at[c] for c in key.columns])
    yield from fold(t, z, 1, proof.quotient, [H_0, proof.at["H_1"]])
    if key.hidden:
        link = [(1 - pow(xi, key.n, R), proof.blind[0])]
        for i, (new, old) in enumerate(zip(proof.reblinded, key.weights)):
            link += [(pow(Y, i, R), new), (-pow(Y, i, R), old)]
        yield 1, combine(link), 0
    along = (Z - xi) * pow(xi_ - xi, -1, R)
    lines = [proof.at[c] + (proof.back[c] - proof.at[c]) * along for c in SECOND_PHASE]
    yield from fold(t, z, pow(Z - xi_, -1, R), proof.second, lines)


def verify(vector):
    """Returns if the proof is accepted; raises Unusable or Rejected if not."""
    key, starts = read_key(vector.key), range(0, len(vector.values), 32)
    if len(vector.values) != 32 * key.count:
        raise Unusable("public values: wrong number")
    words = [read_word(vector.values[i : i + 32], R, f"public value {i // 32}") for i in starts]
    proof = read_proof(key, vector.values, vector.proof)
    xi, z, gamma = (proof.challenges[name] for name in ("xi", "z", "gamma"))
    terms, rho, power = [(xi - pow(z, key.slots, R), proof.Q), (z, proof.Q_)], 0, 1
    for factor, commitment, value in openings(key, proof, first_piece(key, proof, words)):
        terms.append((power * factor, commitment))
        rho += power * factor * value
        power = power * gamma % R
    if not pairings_agree(proof.Q_, vector.tau, combine(terms + [(-rho, G1)]), G2):
        raise Rejected("the pairings differ")


def hex_bytes(text, where):
    if not isinstance(text, str) or not re.fullmatch(r"0x([0-9a-fA-F]{2})*", text):
        raise Unusable(f"{where}: not hexadecimal bytes")
    return bytes.fromhex(text[2:])


def hex_words(texts, where):
    words = [hex_bytes(text, where) for text in texts] if isinstance(texts, list) else [b""]
    if any(len(word) != 32 for word in words):
        raise Unusable(f"{where}: not a list of words")
    return words


def load(path, tau):
    """The vector in a file, and those that it lists as tampered with, in which parts differ from it.

    A coordinate of [τ]_2 is two words, the coefficient of i first."""
    try:
        with open(path, encoding="utf-8") as file:
            data = json.load(file)
    except (OSError, ValueError, RecursionError) as error:
        raise Unusable(f"not a JSON file: {error}") from None
    if not isinstance(data, dict):
        raise Unusable("not an object with verifyingKey, publicValues, proof and tauG2")
    c = [read_word(a, P, "tauG2") for a in hex_words(tau or data.get("tauG2"), "tauG2")]
    if len(c) != 4:
        raise Unusable("tauG2: not four words")
    x, y = F2(c[1], c[0]), F2(c[3], c[2])
    if y * y - x * x * x != TWIST or combine([(R - 1, (x, y))]) != (x, F2(0) - y):
        raise Unusable("tauG2: not a point of order R")
    tampered = data.get("tampered", [])
    if not isinstance(tampered, list) or not all(isinstance(it, dict) for it in tampered):
        raise Unusable("tampered: not a list of objects")
    return statement(data, (x, y)), [statement(data | it, (x, y)) for it in tampered]


def statement(data, tau):
    names = ("verifyingKey", "proof")
    key, proof = (hex_bytes(data.get(name), name) for name in names)
    return Vector(key, b"".join(hex_words(data.get("publicValues"), "publicValues")), proof, tau)


def mutated(vector, rng):
    """The vector with a change to one or two words of its key, its public values or its proof."""
    part, change = rng.choice(("key", "values", "proof")), rng.randrange(5)
    old = getattr(vector, part)
    words = [int.from_bytes(old[i : i + 32], "big") for i in range(0, len(old), 32)]
    i, j = rng.randrange(len(words)), rng.randrange(len(words))
    if change == 4:
        words[i], words[j] = words[j], words[i]
    else:
        # The third is, of a point's second coordinate, that of the opposite point.
        bit, other = 1 << rng.randrange(256), rng.randrange(R)
        words[i] = (words[i] ^ bit, other, -words[i] % P, (words[i] + 1) % 2**256)[change]
    new = b"".join(word.to_bytes(32, "big") for word in words)
    return mutated(vector, rng) if new == old else vector._replace(**{part: new})


def attempt(function, *arguments):
    """What the function returns, else why it refused; and the exit code that says so."""
    try:
        return function(*arguments), None, 0
    except (Rejected, Unusable) as error:
        return None, str(error), 1 if isinstance(error, Rejected) else 3


def main():
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        epilog="exit code: 0 if all proofs are accepted and nothing tampered with or mutated is, 1 if\n"
        "not, 3 if a file is no vector: not JSON, wrong lengths, words not canonical, an\n"
        "impossible key.\n\n"
        "example: scripts/verify.py --mutate 100 --seed 1 test-vectors/*/proof.json",
    )
    parser.add_argument("vectors", nargs="+", metavar="VECTOR.json")
    parser.add_argument("--json", action="store_true", help="print a list of objects")
    parser.add_argument("--mutate", type=int, default=0, metavar="N", help="try N changed copies")
    parser.add_argument("--seed", type=int, default=0, metavar="S", help="of the changes")
    parser.add_argument("--tau-g2", nargs=4, metavar="WORD", help="use this, not a file's tauG2")
    options = parser.parse_args()
    reports, lines, codes = [], [], []
    for path in options.vectors:
        loaded, reason, code = attempt(load, path, options.tau_g2)
        vector, tampered = loaded or (None, [])
        if vector:
            _, reason, code = attempt(verify, vector)
        reports.append({"file": path, "accepted": code == 0, "reason": reason})
        text = "accepted" if code == 0 else f"refused: {reason}"
        rng = random.Random(options.seed)
        others = {"tampered": tampered, "mutations": range(options.mutate)}
        for name, others in others.items() if code == 0 else ():
            tries = (mutated(vector, rng) if name == "mutations" else it for it in others)
            wrong = sum(attempt(verify, it)[2] == 0 for it in tries)
            reports[-1].update({name: len(others), f"{name}Accepted": wrong})
            text += f"; {wrong} of {len(others)} {name} accepted" if others else ""
            code = max(code, int(wrong > 0))
        lines.append(f"{path}: {text}")
        codes.append(code)
    print(json.dumps(reports, indent=2) if options.json else "\n".join(lines))
    return max(codes)


if __name__ == "__main__":
    sys.exit(main())
