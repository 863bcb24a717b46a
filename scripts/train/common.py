"""Shared by train.py and big.py: a small multilayer perceptron in numpy, and the ONNX and data files it is written to."""

import os
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


def run_onnx(path, rows):
    """What onnxruntime computes for each row, one inference at a time as the model declares."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    return np.concatenate([session.run(None, {INPUT: row[None, :].astype(np.float32)})[0] for row in rows])
