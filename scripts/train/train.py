#!/usr/bin/env python3
"""Trains the committed perceptrons on scikit-learn's real data sets and writes test-vectors/<name>/.

    python3 -m venv .venv && .venv/bin/pip install -r scripts/train/requirements.txt
    .venv/bin/python scripts/train/train.py [name ...] [--out DIR]

Each directory gets model.onnx, calibration.npz (training rows, under the name of the input), test.npz (held-out rows
`x`, labels `y`), input.json (one held-out row, as EZKL reads it) and info.json. Seeds are fixed.

nets.py, trees.py and pipelines.py write networks, tree ensembles and scikit-learn pipelines in the same layout.
"""

import common
import data
import numpy as np
from data import SEED
from sklearn.linear_model import LogisticRegression


def logreg_breast_cancer():
    cancer = data.load_breast_cancer()
    x, xt, y, yt = data.split(cancer.data, cancer.target.astype(np.int64), 0.25)
    mean, std = x.mean(axis=0), x.std(axis=0)
    fit = LogisticRegression(C=1.0, max_iter=1000).fit((x - mean) / std, y)
    layers = [[fit.coef_.T.copy(), fit.intercept_.copy()]]
    info = {**data.breast_cancer_info(), "decision": "logit > 0 is label 1"}
    return layers, [("Sub", mean), ("Div", std)], "logit", x, xt, y, yt, info


def mlp_digits():
    x, xt, y, yt = data.digits()
    rng = np.random.default_rng(SEED)
    layers = common.initial_layers(rng, [64, 32, 10])
    common.train(rng, layers, x / 16.0, y, epochs=120, rate=3e-3, decay=1e-2)
    return layers, [("Div", 16.0)], "logits", x, xt, y, yt, data.digits_info()


def mlp_digits28():
    x, xt, y, yt = data.digits28()
    rng = np.random.default_rng(SEED)
    layers = common.initial_layers(rng, [784, 128, 10])
    common.train(rng, layers, x / 255.0, y, epochs=25, rate=1e-3, decay=1e-2)
    info = data.digits_info(", upscaled bilinearly to 28x28, pixels 0..255")
    return layers, [("Div", 255.0)], "logits", x, xt, y, yt, info


def mlp_deep():
    x, xt, y, yt = data.digits()
    rng = np.random.default_rng(SEED)
    layers = common.initial_layers(rng, [64] + [32] * 49 + [10], identity_noise=0.1)
    common.train(rng, layers, x / 16.0, y, epochs=40, rate=1e-3, decay=0.0)
    return layers, [("Div", 16.0)], "logits", x, xt, y, yt, data.digits_info()


MODELS = {
    "logreg-breast-cancer": logreg_breast_cancer,
    "mlp-digits": mlp_digits,
    "mlp-digits28": mlp_digits28,
    "mlp-deep": mlp_deep,
}


def correct(logits, labels):
    guess = logits[:, 0] > 0 if logits.shape[1] == 1 else logits.argmax(axis=1)
    return int((guess == labels).sum())


def write(folder, trained):
    """A trained perceptron's directory; `trained` is what the functions above return."""
    layers, scaler, output, x, xt, y, yt, extra = trained
    name = folder.name
    x, xt = x.astype(np.float32), xt.astype(np.float32)
    common.write_onnx(common.onnx_model(name, layers, scaler, output), folder / "model.onnx")
    rows = common.calibration_rows(np.random.default_rng(SEED), x)
    common.write_data(folder, x, rows, xt, yt)

    logits = common.run_onnx(folder / "model.onnx", xt)
    scaled = xt.astype(np.float64)
    for op, value in scaler:
        scaled = scaled - value if op == "Sub" else scaled / value
    expected = common.forward(layers, scaled)[-1]
    assert np.abs(logits - expected).max() <= 1e-4 * max(1.0, np.abs(expected).max()), f"{name} differs from training"
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
    common.write_info(folder, info)
    print(
        f"{name}: {info['parameters']:,} parameters, held-out {hits}/{len(xt)} = {hits / len(xt):.4f}, "
        f"train {info['train_accuracy']:.4f}"
    )


if __name__ == "__main__":
    common.main(__doc__, MODELS, lambda name, out: write(out / name, MODELS[name]()), common.ROOT / "test-vectors")
