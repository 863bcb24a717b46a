#!/usr/bin/env python3
"""Writes large benchmark networks, which are not committed, to target/bench/<name>/.

    .venv/bin/python scripts/train/big.py [name ...] [--out DIR]

The first layer reads the 28x28 digits of train.py; weights are random (He initialisation), of realistic sizes: what is
measured is proving, not accuracy. Each directory gets model.onnx, calibration.npz, test.npz, input.json and info.json.
"""

import argparse
import json
from pathlib import Path

import common
import numpy as np
from train import CALIBRATION_ROWS, SEED, digits28

# 1,043,826, 3,815,826 and 18,370,010 parameters.
MODELS = {
    "mlp-1m": [784, 1000, 256, 10],
    "mlp-4m": [784, 1500, 1500, 256, 10],
    "mlp-18m": [784, 3000, 4000, 1000, 10],
}


def build(name, out):
    rng = np.random.default_rng(SEED)
    layers = common.initial_layers(rng, MODELS[name])
    for layer in layers:
        layer[1] = rng.normal(0.0, 0.05, layer[1].shape)
    x, xt, _, yt = (part.astype(np.float32) if part.ndim == 2 else part for part in digits28())
    folder = out / name
    common.write_onnx(common.onnx_model(name, layers, [("Div", 255.0)]), folder / "model.onnx")
    rows = np.sort(rng.choice(len(x), CALIBRATION_ROWS, replace=False))
    np.savez_compressed(folder / "calibration.npz", **{common.INPUT: x[rows]})
    np.savez_compressed(folder / "test.npz", x=xt, y=yt)
    (folder / "input.json").write_text(json.dumps({"input_data": [[float(v) for v in xt[0]]]}) + "\n")
    logits = common.run_onnx(folder / "model.onnx", xt[:1])
    info = {
        "name": name,
        "layers": MODELS[name],
        "parameters": common.parameter_count(layers),
        "input": {"name": common.INPUT, "shape": [1, MODELS[name][0]]},
        "output": {"name": "logits", "shape": [1, MODELS[name][-1]]},
        "data": "digits upscaled to 28x28; weights untrained",
        "calibration_rows": len(rows),
        "test_rows": len(xt),
        "input_json_float_output": [float(v) for v in logits[0]],
        "seed": SEED,
    }
    (folder / "info.json").write_text(json.dumps(info, indent=2) + "\n")
    print(f"{name}: {info['parameters']:,} parameters, {(folder / 'model.onnx').stat().st_size / 1e6:.1f} MB")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", metavar="name", help=f"of {', '.join(MODELS)} (default: all)")
    parser.add_argument("--out", type=Path, default=common.ROOT / "target" / "bench")
    args = parser.parse_args()
    for name in args.names or MODELS:
        if name not in MODELS:
            parser.error(f"no model named {name!r}")
        build(name, args.out)


if __name__ == "__main__":
    main()
