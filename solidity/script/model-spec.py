#!/usr/bin/env python3
"""Makes the spec that RegisterModel.s.sol registers of a compiled model's manifest.

usage: verdict inspect model.verdict --json | script/model-spec.py [--items N] [--key-proof DIGEST] >SPEC.json

SPEC.json is script/config/models/<name>.json, unless $VERDICT_SPEC names another. With --items, the spec of a batch of
N: outputs of one value are packed across items. With --key-proof, that of a model with private weights, whose key has
the key proof of this digest. Scales are the manifest's doubles, exactly, times 10^36, rounded to the nearest integer;
those of ranks are zero, and their breakpoints, as doubles of 8 bytes, are the table that the spec is registered with.
"""

import argparse
import bisect
import json
import math
import re
import struct
import sys
from fractions import Fraction

PACKINGS = {8: "bytes", 16: "signed", 32: "wide"}


def scale(value):
    return str(math.floor(Fraction(value) * 10**36 + Fraction(1, 2)))


def packing(tensor):
    return PACKINGS[tensor["packing"]["bits"]]


def breakpoints(tensor):
    """Of each scale those of a value that is a rank, or None."""
    return tensor.get("breakpoints") or [None] * len(tensor["scales"])


def ends(tensor):
    """The integers of the domain's ends, as the compiler rounds them: the smallest ones, the largest ones."""
    everything = tensor.get("saturates") or [False] * len(tensor["scales"])

    def integer(feature, real):
        if (ranks := breakpoints(tensor)[feature]) is not None:
            return bisect.bisect_right(ranks, real)
        quotient = Fraction(real / tensor["scales"][feature])
        away = (-1 if quotient < 0 else 1) * math.floor(abs(quotient) + Fraction(1, 2))
        return min(max(away - tensor["zero_points"][feature], tensor["min"]), tensor["max"])

    minima, maxima = ([integer(*real) for real in enumerate(tensor[key])] for key in ("real_min", "real_max"))
    for feature, ranks in enumerate(breakpoints(tensor)):
        if ranks is not None and everything[feature]:
            minima[feature], maxima[feature] = 0, len(ranks)
    return minima, maxima


def table(tensor):
    """The breakpoints that a range tells apart, of all values that are ranks."""
    told_apart = (ranks[low:high] for ranks, low, high in zip(breakpoints(tensor), *ends(tensor)) if ranks is not None)
    return b"".join(struct.pack(f">{len(ranks)}d", *ranks) for ranks in told_apart)


def ranges(tensor):
    """One of each if all values have the same."""
    minima, maxima = ends(tensor)
    if len(set(zip(minima, maxima))) == 1:
        minima, maxima = minima[:1], maxima[:1]
    return {"minima": minima, "maxima": maxima}


def digest(text):
    if not re.fullmatch("0x[0-9a-fA-F]{64}", text):
        raise argparse.ArgumentTypeError("not 0x and 64 hexadecimal digits")
    return text


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--items", type=int, default=1)
    parser.add_argument("--key-proof", type=digest)
    options = parser.parse_args()
    items = options.items
    described = json.load(sys.stdin)
    manifest = described.get("manifest", described)

    inputs = [
        {
            "count": math.prod(tensor["shape"]),
            "packing": packing(tensor),
            "visibility": tensor["visibility"],
            **ranges(tensor),
            "scalesE36": [
                scale(value) if ranks is None else "0" for value, ranks in zip(tensor["scales"], breakpoints(tensor))
            ],
            "zeroPoints": tensor["zero_points"],
        }
        for tensor in manifest["inputs"]
    ]
    outputs = [tensor for tensor in manifest["outputs"] if tensor["visibility"] == "public"]
    counts = [math.prod(tensor["shape"]) for tensor in outputs]
    across = items > 1 and all(count == 1 for count in counts)
    if items > 1 and not across and any(count == 1 for count in counts):
        sys.exit("model-spec: outputs of one value and of more can't be in one spec of a batch")

    spec = {
        "inputItems": items,
        "outputItems": 1 if across else items,
        "commitments": items * sum(tensor["visibility"] == "committed" for tensor in inputs),
        "inputs": inputs,
        "outputs": [
            {"count": items if across else count, "packing": packing(tensor), "scaleE36": scale(tensor["scale"])}
            for tensor, count in zip(outputs, counts)
        ],
    }
    if any(tensor.get("breakpoints") for tensor in manifest["inputs"]):
        spec["breakpoints"] = "0x" + b"".join(
            table(tensor) for tensor in manifest["inputs"] if tensor.get("breakpoints")
        ).hex()
    if options.key_proof:
        spec["keyProof"] = options.key_proof
    json.dump(spec, sys.stdout, indent=2)
    print()


if __name__ == "__main__":
    main()
