"""Shared by all scripts here: a small perceptron in numpy, and the ONNX and data files models are written to."""

import argparse
import json
import os
import time
from collections import Counter
from itertools import pairwise

# One thread, set before numpy is imported: the sums, and so the weights, come out the same on every run.
for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_name, "1")

from pathlib import Path

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper

ROOT = Path(__file__).resolve().parents[2]
OPSET = 13
IR_VERSION = 8
INPUT = "input"
CALIBRATION_ROWS = 200


def initial_layers(rng, widths, identity_noise=None):
    """He initialisation; with `identity_noise`, square layers start as the identity plus that much noise.

    A ReLU of the identity passes non-negative activations on unchanged, so a deep plain network starts out
    as a shallow one and its gradients reach the first layer.
    """
    layers = []
    for i, (a, b) in enumerate(pairwise(widths)):
        if identity_noise is not None and a == b:
            w = np.eye(a) + rng.normal(0.0, identity_noise / np.sqrt(a), (a, b))
        else:
            gain = 1.0 if i == len(widths) - 2 else 2.0
            w = rng.normal(0.0, np.sqrt(gain / a), (a, b))
        layers.append([w, np.zeros(b)])
    return layers


def forward(layers, x):
    """The activations of every layer, the input first, the logits last."""
    out = [x]
    for i, (w, b) in enumerate(layers):
        z = out[-1] @ w + b
        out.append(z if i == len(layers) - 1 else np.maximum(z, 0.0))
    return out


def train(rng, layers, x, y, epochs, rate, batch=32, decay=1e-4, clip=1.0):
    """Adam on the cross-entropy with decoupled weight decay, a cosine rate and gradient clipping."""
    first = [[np.zeros_like(p) for p in layer] for layer in layers]
    second = [[np.zeros_like(p) for p in layer] for layer in layers]
    steps = epochs * ((len(x) + batch - 1) // batch)
    t = 0
    for _ in range(epochs):
        order = rng.permutation(len(x))
        for start in range(0, len(x), batch):
            rows = order[start : start + batch]
            acts = forward(layers, x[rows])
            z = acts[-1] - acts[-1].max(axis=1, keepdims=True)
            p = np.exp(z)
            p /= p.sum(axis=1, keepdims=True)
            p[np.arange(len(rows)), y[rows]] -= 1.0
            grad = p / len(rows)
            grads = [None] * len(layers)
            for i in reversed(range(len(layers))):
                grads[i] = [acts[i].T @ grad, grad.sum(axis=0)]
                if i:
                    grad = (grad @ layers[i][0].T) * (acts[i] > 0)
            norm = np.sqrt(sum((g**2).sum() for pair in grads for g in pair))
            scale = min(1.0, clip / (norm + 1e-12))
            t += 1
            lr = rate * 0.5 * (1 + np.cos(np.pi * t / steps))
            for i, layer in enumerate(layers):
                for j, param in enumerate(layer):
                    g = grads[i][j] * scale
                    first[i][j] = 0.9 * first[i][j] + 0.1 * g
                    second[i][j] = 0.999 * second[i][j] + 0.001 * g * g
                    m = first[i][j] / (1 - 0.9**t)
                    v = second[i][j] / (1 - 0.999**t)
                    if j == 0:
                        param *= 1 - lr * decay
                    param -= lr * m / (np.sqrt(v) + 1e-8)
    return layers


def parameter_count(layers):
    return sum(w.size + b.size for w, b in layers)


def onnx_model(name, layers, scaler=(), output="logits"):
    """[scaler nodes] Gemm (Relu Gemm)*, of one row; `scaler` is a list of (operator, constant)."""
    nodes, constants = [], []

    def constant(label, value):
        constants.append(numpy_helper.from_array(np.asarray(value, dtype=np.float32), label))
        return label

    last = INPUT
    for op, value in scaler:
        label = f"scaler_{op.lower()}"
        nodes.append(helper.make_node(op, [last, constant(f"{label}_constant", value)], [f"{label}_out"], name=label))
        last = f"{label}_out"
    for i, (w, b) in enumerate(layers):
        final = i == len(layers) - 1
        z = output if final else f"dense_{i}_out"
        # Stored (outputs, inputs) with transB=1, as PyTorch exports a linear layer.
        w, b = constant(f"dense_{i}_weight", w.T), constant(f"dense_{i}_bias", b)
        nodes.append(helper.make_node("Gemm", [last, w, b], [z], name=f"dense_{i}", transB=1))
        last = z
        if not final:
            nodes.append(helper.make_node("Relu", [z], [f"relu_{i}_out"], name=f"relu_{i}"))
            last = f"relu_{i}_out"
    graph = helper.make_graph(
        nodes,
        name,
        [helper.make_tensor_value_info(INPUT, TensorProto.FLOAT, [1, layers[0][0].shape[0]])],
        [helper.make_tensor_value_info(output, TensorProto.FLOAT, [1, layers[-1][0].shape[1]])],
        constants,
    )
    model = helper.make_model(
        graph, producer_name="verdict-train", opset_imports=[helper.make_opsetid("", OPSET)], ir_version=IR_VERSION
    )
    onnx.checker.check_model(model, full_check=True)
    return model


def write_onnx(model, path):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(model.SerializeToString(deterministic=True))


def session(path):
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])


def run_onnx(path, rows):
    """What onnxruntime computes for each row, one inference at a time as the model declares."""
    return next(iter(run_outputs(path, rows.astype(np.float32)).values()))


def run_outputs(path, rows):
    """As `run_onnx`, all outputs by name, for rows of any type."""
    run = session(path)
    name = run.get_inputs()[0].name
    answers = [run.run(None, {name: row[None]}) for row in rows]
    return {
        o.name: np.concatenate(parts) for o, parts in zip(run.get_outputs(), zip(*answers, strict=True), strict=True)
    }


def calibration_rows(rng, x):
    return np.sort(rng.choice(len(x), min(CALIBRATION_ROWS, len(x)), replace=False))


def write_data(folder, x, rows, xt, yt):
    """calibration.npz (the training rows `rows`), test.npz and input.json (the first held-out row; null is NaN)."""
    np.savez_compressed(folder / "calibration.npz", **{INPUT: x[rows]})
    np.savez_compressed(folder / "test.npz", x=xt, y=yt)
    first = [None if np.isnan(v) else v.item() for v in xt[0].ravel()]
    (folder / "input.json").write_text(json.dumps({"input_data": [first]}) + "\n")


def write_info(folder, info):
    (folder / "info.json").write_text(json.dumps(info, indent=2) + "\n")


def r_squared(guess, y):
    return 1.0 - float(((guess.ravel() - y) ** 2).sum() / ((y - y.mean()) ** 2).sum())


def score(outputs, primary, y):
    """Correct decisions, or R squared where the labels are real numbers."""
    if y.dtype.kind == "f":
        return r_squared(outputs[primary].astype(np.float64), y.astype(np.float64))
    if "label" in outputs:
        return int((outputs["label"] == y).sum())
    return int((outputs[primary].argmax(axis=1) == y).sum())


def finish(out, model, split, primary, expected, info, seed, tolerance=1e-4):
    """Writes a model's directory, checks it against the training framework's held-out outputs and prints a line.

    `primary` names the output that is scored; `expected` holds the framework's outputs by name; classifiers'
    integer outputs must agree exactly, others within `tolerance` of the largest.
    """
    x, xt, y, yt = split
    name = info["name"]
    folder = out / name
    # Converters hold these in sets: their order would change from run to run.
    opsets = sorted(model.opset_import, key=lambda opset: opset.domain)
    del model.opset_import[:]
    model.opset_import.extend(opsets)
    onnx.checker.check_model(model, full_check=True)
    write_onnx(model, folder / "model.onnx")
    rows = calibration_rows(np.random.default_rng(seed), x)
    write_data(folder, x, rows, xt, yt)

    outputs = run_outputs(folder / "model.onnx", xt)
    difference = 0.0
    for label, value in expected.items():
        mine = outputs[label].reshape(value.shape)
        if value.dtype.kind == "i":
            assert (mine == value).all(), f"{name}: {label} differs in {(mine != value).sum()} of {len(value)} rows"
            continue
        difference = max(difference, float(np.abs(mine - value).max()))
        limit = tolerance * max(1.0, float(np.abs(value).max()))
        assert difference <= limit, f"{name}: {label} differs by {difference}"
    held_out = score(outputs, primary, yt)
    trained = score(run_outputs(folder / "model.onnx", x), primary, y)
    if yt.dtype.kind == "f":
        figures = {"train_r2": round(trained, 6), "float_test_r2": round(held_out, 6)}
        said = f"held-out R2 {held_out:.4f}, train {trained:.4f}"
    else:
        figures = {
            "train_accuracy": round(trained / len(y), 6),
            "float_test_correct": held_out,
            "float_test_accuracy": round(held_out / len(yt), 6),
        }
        said = f"held-out {held_out}/{len(yt)} = {held_out / len(yt):.4f}, train {trained / len(y):.4f}"
    info = {
        "name": info.pop("name"),
        "parameters": info.pop("parameters"),
        "input": {"name": model.graph.input[0].name, "shape": [1, *x.shape[1:]], "type": str(x.dtype)},
        "output": {"name": primary, "shape": list(outputs[primary][:1].shape)},
        "outputs": [{"name": k, "shape": list(v[:1].shape), "type": str(v.dtype)} for k, v in outputs.items()],
        "operators": dict(sorted(Counter(node.op_type for node in model.graph.node).items())),
        **info,
        "train_rows": len(x),
        "calibration_rows": len(rows),
        "test_rows": len(xt),
        **figures,
        "max_difference_from_framework": difference,
        "input_json_row": 0,
        "input_json_label": yt[0].item(),
        "input_json_float_output": [float(v) for v in outputs[primary][0].ravel()],
        "seed": seed,
    }
    write_info(folder, info)
    print(f"{name}: {info['parameters']:,} parameters, {said}, framework within {difference:.1e}", flush=True)


def main(doc, models, build, out):
    """The command line all scripts have: names of models, or all of them, and where to."""
    parser = argparse.ArgumentParser(description=doc.splitlines()[0])
    parser.add_argument("names", nargs="*", metavar="name", help=f"of {', '.join(models)} (default: all)")
    parser.add_argument("--out", type=Path, default=out, help="default: %(default)s")
    args = parser.parse_args()
    for name in args.names:
        if name not in models:
            parser.error(f"no model named {name!r}")
    for name in args.names or models:
        start = time.monotonic()
        build(name, args.out)
        print(f"    {time.monotonic() - start:.1f} s", flush=True)
