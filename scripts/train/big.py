#!/usr/bin/env python3
"""Writes benchmark networks too large to be committed to target/bench/<name>/.

    .venv/bin/python scripts/train/big.py [name ...] [--out DIR]

mlp-1m, mlp-4m and mlp-18m read the 28x28 digits; their weights are random (He initialisation), of realistic sizes:
what is measured is proving, not accuracy. The deep ones, mlp-500 (500 layers) and mlp-50x193 (50 layers, 1.8 million
parameters), read the 8x8 digits and are trained (half a minute each). Each directory gets model.onnx, calibration.npz,
test.npz, input.json and info.json.
"""

import common
import data
import numpy as np
import train
from data import SEED

# 1,043,826, 3,815,826 and 18,370,010 parameters.
UNTRAINED = {
    "mlp-1m": [784, 1000, 256, 10],
    "mlp-4m": [784, 1500, 1500, 256, 10],
    "mlp-18m": [784, 3000, 4000, 1000, 10],
}


def untrained(name, folder):
    rng = np.random.default_rng(SEED)
    layers = common.initial_layers(rng, UNTRAINED[name])
    for layer in layers:
        layer[1] = rng.normal(0.0, 0.05, layer[1].shape)
    x, xt, _, yt = (part.astype(np.float32) if part.ndim == 2 else part for part in data.digits28())
    common.write_onnx(common.onnx_model(name, layers, [("Div", 255.0)]), folder / "model.onnx")
    rows = common.calibration_rows(rng, x)
    common.write_data(folder, x, rows, xt, yt)
    logits = common.run_onnx(folder / "model.onnx", xt[:1])
    info = {
        "name": name,
        "layers": UNTRAINED[name],
        "parameters": common.parameter_count(layers),
        "input": {"name": common.INPUT, "shape": [1, UNTRAINED[name][0]]},
        "output": {"name": "logits", "shape": [1, UNTRAINED[name][-1]]},
        "data": "digits upscaled to 28x28; weights untrained",
        "calibration_rows": len(rows),
        "test_rows": len(xt),
        "input_json_float_output": [float(v) for v in logits[0]],
        "seed": SEED,
    }
    common.write_info(folder, info)
    print(f"{name}: {info['parameters']:,} parameters, {(folder / 'model.onnx').stat().st_size / 1e6:.1f} MB")


def perceptron(layers, split):
    x, xt, y, yt = split
    return layers, [("Div", 16.0)], "logits", x, xt, y, yt, data.digits_info()


def mlp_500():
    """498 layers of 16 put into a trained perceptron, each the identity and some noise; then all are trained on.

    So activations neither die nor explode, and the first layers, which gradients reach last, are good already.
    """
    x, _, y, _ = split = data.digits()
    rng = np.random.default_rng(SEED)
    first, final = common.train(rng, common.initial_layers(rng, [64, 16, 10]), x / 16.0, y, 100, 3e-3, decay=1e-2)
    between = common.initial_layers(rng, [16] * 499 + [10], identity_noise=0.04)[:-1]
    layers = common.train(rng, [first, *between, final], x / 16.0, y, epochs=40, rate=5e-5, decay=0.0)
    return perceptron(layers, split)


def mlp_50x193():
    x, _, y, _ = split = data.digits()
    rng = np.random.default_rng(SEED)
    layers = common.initial_layers(rng, [64] + [193] * 49 + [10], identity_noise=0.1)
    return perceptron(common.train(rng, layers, x / 16.0, y, epochs=20, rate=3e-4, decay=0.0), split)


TRAINED = {"mlp-500": mlp_500, "mlp-50x193": mlp_50x193}


def build(name, out):
    if name in UNTRAINED:
        untrained(name, out / name)
    else:
        train.write(out / name, TRAINED[name]())


if __name__ == "__main__":
    common.main(__doc__, [*UNTRAINED, *TRAINED], build, common.ROOT / "target" / "bench")
