#!/usr/bin/env python3
"""Writes networks of the usual shapes, untrained, as PyTorch exports them to target/bench/<name>/.

    .venv/bin/python scripts/train/untrained.py [name ...] [--out DIR]

dcgan is DCGAN's generator from 100 numbers to 3×32×32 pixels, lenet5 LeNet-5 on 28×28, vgg a network of VGG's kind on
3×32×32, mlp-2m and mlp-5m perceptrons of 1.9 and 4.8 million parameters, deep-100 one of 100 layers of 64. What is measured
is compiling. Each directory gets model.onnx and calibration.npz, test.npz.
"""

import argparse
import pathlib

import numpy as np
import torch
from torch import nn

SEED = 7
ROWS = 256


def dcgan(width=64):
    def up(source, out, stride, pad):
        conv = nn.ConvTranspose2d(source, out, 4, stride, pad, bias=False)
        return [conv, nn.BatchNorm2d(out), nn.ReLU()]

    layers = up(100, 4 * width, 1, 0) + up(4 * width, 2 * width, 2, 1) + up(2 * width, width, 2, 1)
    return nn.Sequential(*layers, nn.ConvTranspose2d(width, 3, 4, 2, 1, bias=False), nn.Tanh())


def lenet5():
    return nn.Sequential(
        *(nn.Conv2d(1, 6, 5, padding=2), nn.ReLU(), nn.MaxPool2d(2)),
        *(nn.Conv2d(6, 16, 5), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten()),
        *(nn.Linear(400, 120), nn.ReLU(), nn.Linear(120, 84), nn.ReLU(), nn.Linear(84, 10)),
    )


def vgg():
    layers, source = [], 3
    for width in (32, 32, 0, 64, 64, 0, 128, 128, 0):
        layers += [nn.Conv2d(source, width, 3, padding=1), nn.ReLU()] if width else [nn.MaxPool2d(2)]
        source = width or source
    return nn.Sequential(*layers, nn.Flatten(), nn.Linear(2048, 256), nn.ReLU(), nn.Linear(256, 10))


def perceptron(widths):
    layers = []
    for source, out in zip(widths, widths[1:]):
        linear = nn.Linear(source, out)
        # So that neither values nor gradients die in a hundred layers.
        nn.init.kaiming_normal_(linear.weight)
        layers += [linear, nn.ReLU()]
    return nn.Sequential(*layers[:-1])


# The network and the shape of a row.
MODELS = {
    "dcgan": (dcgan, (100, 1, 1)),
    "lenet5": (lenet5, (1, 28, 28)),
    "vgg": (vgg, (3, 32, 32)),
    "mlp-2m": (lambda: perceptron([784, 1024, 1024, 10]), (784,)),
    "mlp-5m": (lambda: perceptron([784, 2048, 1536, 10]), (784,)),
    "deep-100": (lambda: perceptron([64] * 100 + [10]), (64,)),
}


def write(name, folder):
    network, shape = MODELS[name]
    torch.manual_seed(SEED)
    model = network().eval()
    folder.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(SEED)
    for part in ("calibration", "test"):
        np.savez(folder / f"{part}.npz", x=rng.normal(size=(ROWS, *shape)).astype(np.float32))
    torch.onnx.export(
        model,
        torch.zeros(1, *shape),
        str(folder / "model.onnx"),
        input_names=["x"],
        output_names=["y"],
        dynamic_axes={"x": {0: "batch"}, "y": {0: "batch"}},
        opset_version=17,
        dynamo=False,
    )


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("names", nargs="*", default=list(MODELS))
    arguments.add_argument("--out", default="target/bench", type=pathlib.Path)
    given = arguments.parse_args()
    for name in given.names or MODELS:
        write(name, given.out / name)
        print(given.out / name)


if __name__ == "__main__":
    main()
