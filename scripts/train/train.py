#!/usr/bin/env python3
"""Trains the committed test models on scikit-learn's real data sets and writes test-vectors/<name>/.

    python3 -m venv .venv && .venv/bin/pip install -r scripts/train/requirements.txt
    .venv/bin/python scripts/train/train.py [name ...] [--out DIR]

Each directory gets model.onnx, calibration.npz (training rows, under the name of the input), test.npz (held-out rows
`x`, labels `y`), input.json (one held-out row, as EZKL reads it) and info.json. Seeds are fixed.
"""

import argparse
import json
import time
from pathlib import Path

import common
import numpy as np
from sklearn.datasets import load_breast_cancer, load_digits
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import train_test_split

SEED = 20261120
CALIBRATION_ROWS = 200


def split(x, y, test_size):
    return train_test_split(x, y, test_size=test_size, random_state=SEED, stratify=y)


def digits():
    data = load_digits()
    return split(data.data.astype(np.float64), data.target.astype(np.int64), 0.2)


def upscale(images, size):
    """Bilinear, pixel centres aligned (align_corners = false), to integers 0..255."""
    old = images.shape[-1]
    at = np.clip((np.arange(size) + 0.5) * old / size - 0.5, 0, old - 1)
    low = np.minimum(np.floor(at).astype(int), old - 2)
    part = at - low
    matrix = np.zeros((size, old))
    matrix[np.arange(size), low] += 1 - part
    matrix[np.arange(size), low + 1] += part
    return np.rint(matrix @ images @ matrix.T * (255.0 / 16.0)).clip(0, 255)


def digits28():
    x, xt, y, yt = digits()
    return *(upscale(rows.reshape(-1, 8, 8), 28).reshape(len(rows), 784) for rows in (x, xt)), y, yt


def logreg_breast_cancer():
    data = load_breast_cancer()
    x, xt, y, yt = split(data.data, data.target.astype(np.int64), 0.25)
    mean, std = x.mean(axis=0), x.std(axis=0)
    fit = LogisticRegression(C=1.0, max_iter=1000).fit((x - mean) / std, y)
    layers = [[fit.coef_.T.copy(), fit.intercept_.copy()]]
    info = {
        "data": "scikit-learn breast_cancer (Wisconsin diagnostic), 569 rows, 30 raw features",
        "labels": [str(n) for n in data.target_names],
        "decision": "logit > 0 is label 1",
    }
    return layers, [("Sub", mean), ("Div", std)], "logit", x, xt, y, yt, info


def digits_info(extra=""):
    return {
        "data": "scikit-learn digits (UCI optical recognition, test part), 1,797 images of 8x8, pixels 0..16" + extra,
        "labels": [str(d) for d in range(10)],
        "decision": "argmax",
    }


def mlp_digits():
    x, xt, y, yt = digits()
    rng = np.random.default_rng(SEED)
    layers = common.initial_layers(rng, [64, 32, 10])
    common.train(rng, layers, x / 16.0, y, epochs=120, rate=3e-3, decay=1e-2)
    return layers, [("Div", 16.0)], "logits", x, xt, y, yt, digits_info()


def mlp_digits28():
    x, xt, y, yt = digits28()
    rng = np.random.default_rng(SEED)
    layers = common.initial_layers(rng, [784, 128, 10])
    common.train(rng, layers, x / 255.0, y, epochs=25, rate=1e-3, decay=1e-2)
    info = digits_info(", upscaled bilinearly to 28x28, pixels 0..255")
    return layers, [("Div", 255.0)], "logits", x, xt, y, yt, info


def mlp_deep():
    x, xt, y, yt = digits()
    rng = np.random.default_rng(SEED)
    layers = common.initial_layers(rng, [64] + [32] * 49 + [10], identity_noise=0.1)
    common.train(rng, layers, x / 16.0, y, epochs=40, rate=1e-3, decay=0.0)
    return layers, [("Div", 16.0)], "logits", x, xt, y, yt, digits_info()


MODELS = {
    "logreg-breast-cancer": logreg_breast_cancer,
    "mlp-digits": mlp_digits,
    "mlp-digits28": mlp_digits28,
    "mlp-deep": mlp_deep,
}


def correct(logits, labels):
    guess = logits[:, 0] > 0 if logits.shape[1] == 1 else logits.argmax(axis=1)
    return int((guess == labels).sum())


def build(name, out):
    start = time.monotonic()
    layers, scaler, output, x, xt, y, yt, extra = MODELS[name]()
    folder = out / name
    x, xt = x.astype(np.float32), xt.astype(np.float32)
    common.write_onnx(common.onnx_model(name, layers, scaler, output), folder / "model.onnx")

    rng = np.random.default_rng(SEED)
    rows = np.sort(rng.choice(len(x), CALIBRATION_ROWS, replace=False))
    np.savez_compressed(folder / "calibration.npz", **{common.INPUT: x[rows]})
    np.savez_compressed(folder / "test.npz", x=xt, y=yt)
    (folder / "input.json").write_text(json.dumps({"input_data": [[float(v) for v in xt[0]]]}) + "\n")

    logits = common.run_onnx(folder / "model.onnx", xt)
    hits = correct(logits, yt)
    info = {
        "name": name,
        "layers": [layers[0][0].shape[0]] + [w.shape[1] for w, _ in layers],
        "parameters": common.parameter_count(layers),
        "input": {"name": common.INPUT, "shape": [1, x.shape[1]]},
        "output": {"name": output, "shape": [1, logits.shape[1]]},
        **extra,
        "train_rows": len(x),
        "calibration_rows": len(rows),
        "test_rows": len(xt),
        "train_accuracy": round(correct(common.run_onnx(folder / "model.onnx", x), y) / len(x), 6),
        "float_test_correct": hits,
        "float_test_accuracy": round(hits / len(xt), 6),
        "input_json_row": 0,
        "input_json_label": int(yt[0]),
        "input_json_float_output": [float(v) for v in logits[0]],
        "seed": SEED,
    }
    (folder / "info.json").write_text(json.dumps(info, indent=2) + "\n")
    print(
        f"{name}: {info['parameters']:,} parameters, held-out {hits}/{len(xt)} = {hits / len(xt):.4f}, "
        f"train {info['train_accuracy']:.4f}, {time.monotonic() - start:.1f} s"
    )


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", metavar="name", help=f"of {', '.join(MODELS)} (default: all)")
    parser.add_argument("--out", type=Path, default=common.ROOT / "test-vectors")
    args = parser.parse_args()
    for name in args.names or MODELS:
        if name not in MODELS:
            parser.error(f"no model named {name!r}")
        build(name, args.out)


if __name__ == "__main__":
    main()
