#!/usr/bin/env python3
"""Trains convolutional networks, a transformer and small perceptrons; writes target/models/<name>/.

    .venv/bin/pip install -r scripts/train/requirements.txt -r scripts/train/requirements-models.txt
    .venv/bin/python scripts/train/nets.py [name ...] [--out DIR]

Directories are laid out as train.py's; `cnn-zoo --out test-vectors` makes the one that is committed again. Training is
JAX on one thread and reproducible on one machine; `layers.py`
writes the ONNX files as PyTorch's exporter would, with BatchNormalization left as nodes. resnet-32 takes five to ten
minutes, all others together one.
"""

from collections.abc import Callable
from dataclasses import dataclass

import common
import data
import layers
import numpy as np
from data import SEED

MODELS_DIR = common.ROOT / "target" / "models"
DIGITS28 = ", upscaled bilinearly to 28x28, pixels 0..255"


@dataclass
class Net:
    """A network, its data (training and held-out rows, labels) and how it is trained."""

    network: Callable
    data: Callable
    info: dict
    epochs: int
    rate: float
    decay: float = 1e-2
    batch: int = 32
    # What an epoch sees, if not the training rows: (rng) -> x, y.
    epoch_data: Callable | None = None
    # Turns trained parameters into those to be written.
    after: Callable = lambda params: params
    # Further rows written to batch.npz: () -> x, y.
    extra_rows: Callable | None = None


# ---------------------------------------------------------------- convolutional networks


def lenet5(n, x):
    x = n.div(x, 255.0)
    x = n.max_pool(n.relu(n.conv("conv1", x, 6, 5, pad=2)), 2)
    x = n.max_pool(n.relu(n.conv("conv2", x, 16, 5)), 2)
    x = n.flatten(x)
    x = n.relu(n.linear("fc1", x, 120))
    x = n.relu(n.linear("fc2", x, 84))
    return n.linear("fc3", x, 10)


def conv_bn(n, name, x, channels, kernel, **how):
    return n.batch_norm(f"{name}.bn", n.conv(f"{name}.conv", x, channels, kernel, bias=False, **how))


def residual_block(n, name, x, channels, stride):
    y = n.relu(conv_bn(n, f"{name}.1", x, channels, 3, stride=stride, pad=1))
    y = conv_bn(n, f"{name}.2", y, channels, 3, pad=1)
    skip = conv_bn(n, f"{name}.downsample", x, channels, 1, stride=stride) if stride > 1 else x
    return n.relu(n.add(y, skip))


# Colour means and deviations of PhotoDigits, rounded, as torchvision's Normalize has them.
PIXEL_MEAN = np.array([99.0, 93.0, 89.0]).reshape(3, 1, 1)
PIXEL_DEVIATION = np.array([79.0, 65.0, 69.0]).reshape(3, 1, 1)


def resnet(n, x):
    x = n.div(n.sub(x, PIXEL_MEAN), PIXEL_DEVIATION)
    x = n.relu(conv_bn(n, "stem", x, 16, 3, pad=1))  # 16,384 cells
    x = residual_block(n, "layer1.0", x, 16, stride=2)  # 16x16
    x = residual_block(n, "layer2.0", x, 64, stride=2)  # 8x8
    x = residual_block(n, "layer2.1", x, 64, stride=1)
    x = residual_block(n, "layer3.0", x, 128, stride=2)  # 4x4
    return n.linear("fc", n.flatten(n.global_average_pool(x)), 10)


def separable(n, name, x, channels, stride, width):
    x = n.relu6(conv_bn(n, f"{name}.depthwise", x, width, 3, stride=stride, pad=1, groups=width))
    return n.relu6(conv_bn(n, f"{name}.pointwise", x, channels, 1))


def mobilenet(n, x):
    x = n.div(x, 255.0)
    x = n.relu6(conv_bn(n, "stem", x, 8, 3, stride=2, pad=1))
    width = 8
    for i, (channels, stride) in enumerate([(16, 1), (32, 2), (32, 1), (64, 2)]):
        x = separable(n, f"block{i}", x, channels, stride, width)
        width = channels
    return n.linear("classifier", n.flatten(n.global_average_pool(x)), 10)


def cnn_zoo(n, x):
    """What the others lack: Pad, dilation, groups, AveragePool, Concat and nearest-neighbour Resize."""
    x = n.div(x, 16.0)
    wide = n.relu(n.conv("dilated", n.pad(x, 2), 8, 3, dilation=2))
    low = n.relu(n.conv("grouped", n.average_pool(wide, 2), 16, 3, pad=1, groups=4))
    both = n.concat(wide, n.upsample(low, 2))
    x = n.relu(n.conv("merge", both, 16, 3, stride=2, pad=1))
    return n.linear("fc", n.flatten(x), 10)


# ---------------------------------------------------------------- transformer

TOKENS, WIDTH, HEADS = 8, 16, 2


def attention(n, name, x):
    def heads(kind, axes):
        return n.transpose(n.reshape(n.project(f"{name}.{kind}", x, WIDTH), [TOKENS, HEADS, WIDTH // HEADS]), axes)

    q, k, v = heads("query", [0, 2, 1, 3]), heads("key", [0, 2, 3, 1]), heads("value", [0, 2, 1, 3])
    scores = n.div(n.matmul(q, k), np.sqrt(WIDTH // HEADS))
    mixed = n.transpose(n.matmul(n.softmax(scores), v), [0, 2, 1, 3])
    return n.project(f"{name}.out", n.reshape(mixed, [TOKENS, WIDTH]), WIDTH)


def transformer(n, x):
    x = n.project("embed", n.div(x, 16.0), WIDTH)
    x = n.learned("position", x, (1, TOKENS, WIDTH), 0.5)
    x = n.add(x, attention(n, "attention", n.layer_norm("norm1", x)))
    y = n.gelu(n.project("mlp.up", n.layer_norm("norm2", x), 4 * WIDTH))
    x = n.add(x, n.project("mlp.down", y, WIDTH))
    x = n.mean(n.layer_norm("norm3", x), 1)
    return n.linear("classifier", x, 10)


# ---------------------------------------------------------------- perceptrons


def perceptron(widths, activation="relu", scale=None):
    """(Div) Gemm (activation Gemm)*"""

    def network(n, x):
        x = x if scale is None else n.div(x, scale)
        for i, width in enumerate(widths):
            x = n.linear(f"fc{i}", x, width)
            x = getattr(n, activation)(x) if i + 1 < len(widths) else x
        return x

    return network


def diabetes_net():
    """A regression: features and target are standardised in training, and the last layer then undoes the target's."""
    x, _, y, _ = data.diabetes()
    mean, deviation, middle, spread = x.mean(axis=0), x.std(axis=0), float(y.mean()), float(y.std())
    body = perceptron([32, 16, 1])

    def after(params):
        return params | {
            "fc2.weight": params["fc2.weight"] * spread,
            "fc2.bias": params["fc2.bias"] * spread + middle,
        }

    return Net(
        lambda n, x: body(n, n.div(n.sub(x, mean), deviation)),
        data.diabetes,
        {"data": data.DIABETES, "decision": "value"},
        epochs=100,
        rate=3e-3,
        decay=5.0,
        epoch_data=lambda rng: (x, (y - middle) / spread),
        after=after,
    )


ACTIVATIONS = ["gelu", "silu", "elu", "softplus", "hardsigmoid", "hardswish", "tanh"]


def resnet_net():
    photos = data.PhotoDigits()
    about = (
        ", upscaled to 28x28 and laid over 32x32 patches of scikit-learn's china.jpg and flower.jpg: |patch - digit| in"
        " each colour, pixels 0..255; three patches for each held-out digit, of other parts of the photographs"
    )
    return Net(
        resnet,
        lambda: photos.split(3),
        data.digits_info(about),
        epochs=30,
        rate=2e-3,
        batch=64,
        epoch_data=lambda rng: photos.draw(rng, 4),
    )


def zoo_net(activation):
    return Net(perceptron([32, 10], activation, 16.0), data.digits, data.digits_info(), epochs=60, rate=3e-3)


MODELS = {
    "lenet5": lambda: Net(lenet5, lambda: data.digit_images(28), data.digits_info(DIGITS28), epochs=20, rate=2e-3),
    "resnet-32": resnet_net,
    "mobilenet-digits": lambda: Net(
        mobilenet, lambda: data.digit_images(28), data.digits_info(DIGITS28), epochs=30, rate=5e-3
    ),
    "cnn-zoo": lambda: Net(cnn_zoo, lambda: data.digit_images(8), data.digits_info(), epochs=25, rate=3e-3),
    "transformer-toy": lambda: Net(
        transformer, data.digit_tokens, data.digits_info("; a token is a row of 8 pixels"), epochs=60, rate=5e-3
    ),
    "policy-16": lambda: Net(
        perceptron([64, 64, 10]),
        lambda: data.digit_components(16),
        data.digits_info("; the 16 leading principal components of the training rows, of variance 1"),
        epochs=30,
        rate=2e-3,
        extra_rows=lambda: data.noisy_components(16, 20_000),
    ),
    "mlp-diabetes": diabetes_net,
    **{f"zoo-{name}": lambda name=name: zoo_net(name) for name in ACTIVATIONS},
}


def build(name, out):
    net = MODELS[name]()
    x, xt, y, yt = net.data()
    x, xt = x.astype(np.float32), xt.astype(np.float32)
    rng = np.random.default_rng(SEED)
    start = layers.initialise(net.network, x, rng)
    epoch_data = net.epoch_data or (lambda rng: (x, y))
    params = layers.fit(net.network, start, rng, epoch_data, net.epochs, net.rate, net.batch, net.decay)
    params = net.after(params)
    expected = layers.predict(net.network, params, xt)

    writer = layers.Onnx(params)
    model = writer.model(name, net.network(writer, common.INPUT), x.shape[1:], expected.shape[1:])
    parameters = sum(int(v.size) for k, v in params.items() if not layers.is_state(k))
    info = {"name": name, "parameters": parameters, **net.info}
    if net.extra_rows:
        rows, labels = net.extra_rows()
        rows = rows.astype(np.float32)
        guesses = layers.predict(net.network, params, rows).argmax(axis=1)
        info |= {"batch_rows": len(rows), "float_batch_correct": int((guesses == labels).sum())}
    common.finish(out, model, (x, xt, y, yt), "logits", {"logits": expected}, info, SEED)
    if net.extra_rows:
        np.savez_compressed(out / name / "batch.npz", x=rows, y=labels)


if __name__ == "__main__":
    common.main(__doc__, MODELS, build, MODELS_DIR)
