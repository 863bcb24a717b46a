#!/usr/bin/env python3
"""Writes models that took long to compile to target/slow/<name>/, for scripts/compile_table.py.

    .venv/bin/pip install -r scripts/train/requirements.txt -r scripts/train/requirements-models.txt
    .venv/bin/pip install torch hummingbird-ml
    .venv/bin/python scripts/train/slow.py [name ...] [--out DIR]

Forests and boosted trees are trained on scikit-learn's digits, and written by skl2onnx, by onnxmltools and in each of
Hummingbird's three forms; networks are PyTorch's, of random weights: what is measured is compiling, not accuracy. Each
directory gets model.onnx and calibration.npz. Two minutes for all.
"""

import warnings

import common
import numpy as np
import onnx
from sklearn import datasets, ensemble

warnings.filterwarnings("ignore")
SEED = 7
ROWS = 500


def digits():
    x, y = datasets.load_digits(return_X_y=True)
    return x.astype(np.float32), y


def forest():
    return ensemble.RandomForestClassifier(n_estimators=100, max_depth=12, random_state=SEED, n_jobs=1)


def save(folder, model, rows):
    folder.mkdir(parents=True, exist_ok=True)
    onnx.save(model, folder / "model.onnx")
    np.savez(folder / "calibration.npz", **{model.graph.input[0].name: rows})
    print(f"{folder.name}: {(folder / 'model.onnx').stat().st_size / 1e6:.1f} MB")


def skl2onnx_forest(folder):
    from skl2onnx import to_onnx

    x, y = digits()
    fit = forest().fit(x, y)
    options = {id(fit): {"zipmap": False}}
    save(folder, to_onnx(fit, x[:1], options=options, target_opset={"": 17, "ai.onnx.ml": 3}), x[:ROWS])


def xgboost_of(depth):
    def build(folder):
        import xgboost
        from onnxmltools import convert_xgboost
        from onnxmltools.convert.common.data_types import FloatTensorType

        x, y = digits()
        fit = xgboost.XGBRegressor(n_estimators=300, max_depth=depth, random_state=SEED, n_jobs=1).fit(x, y)
        types = [("x", FloatTensorType([None, x.shape[1]]))]
        save(folder, convert_xgboost(fit, initial_types=types, target_opset=15), x[:ROWS])

    return build


def hummingbird_of(form):
    def build(folder):
        import hummingbird.ml
        import torch
        from hummingbird.ml import constants

        x, y = digits()
        config = {constants.TREE_IMPLEMENTATION: form}
        made = hummingbird.ml.convert(forest().fit(x, y), "torch", x[:1], extra_config=config)
        export(folder, made.model, torch.from_numpy(x[:ROWS]))

    return build


def export(folder, net, rows):
    import torch

    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "model.onnx"
    net.eval()
    torch.onnx.export(net, (rows[:1],), str(path), dynamo=False, input_names=["x"], opset_version=17)
    save(folder, onnx.load(path), rows.numpy())


def dcgan(folder):
    """The generator of PyTorch's tutorial for pictures of 32×32, with half its channels."""
    import torch
    from torch import nn

    torch.manual_seed(SEED)
    wide = [100, 128, 64, 32]
    layers = []
    for number, (a, b) in enumerate(zip(wide, wide[1:])):
        stride, pad = (1, 0) if number == 0 else (2, 1)
        layers += [nn.ConvTranspose2d(a, b, 4, stride, pad, bias=False), nn.BatchNorm2d(b), nn.ReLU()]
    layers += [nn.ConvTranspose2d(wide[-1], 1, 4, 2, 1, bias=False), nn.Tanh()]
    export(folder, nn.Sequential(*layers), torch.randn(24, wide[0], 1, 1))


def vgg(folder):
    """Six convolutions in three blocks for pictures of 32×32."""
    import torch
    from torch import nn

    torch.manual_seed(SEED)
    layers = []
    for a, b in zip([3, 16, 32], [16, 32, 64]):
        for c in (a, b):
            layers += [nn.Conv2d(c, b, 3, padding=1), nn.BatchNorm2d(b), nn.ReLU()]
        layers.append(nn.MaxPool2d(2))
    layers += [nn.Flatten(), nn.Linear(64 * 16, 128), nn.ReLU(), nn.Linear(128, 10)]
    export(folder, nn.Sequential(*layers), torch.rand(24, 3, 32, 32))


def mlp_5m(folder):
    import torch
    from torch import nn

    torch.manual_seed(SEED)
    wide = [784, 2000, 1500, 256, 10]
    layers = []
    for a, b in zip(wide, wide[1:]):
        layers += [nn.Linear(a, b), nn.ReLU()]
    export(folder, nn.Sequential(*layers[:-1]), torch.rand(64, wide[0]))


BUILD = {
    "forest-100x12": skl2onnx_forest,
    "xgboost-300x6": xgboost_of(6),
    "xgboost-300x8": xgboost_of(8),
    "hummingbird-tree_trav": hummingbird_of("tree_trav"),
    "hummingbird-perf_tree_trav": hummingbird_of("perf_tree_trav"),
    "hummingbird-gemm": hummingbird_of("gemm"),
    "dcgan": dcgan,
    "vgg": vgg,
    "mlp-5m": mlp_5m,
}


if __name__ == "__main__":
    common.main(__doc__, list(BUILD), lambda name, out: BUILD[name](out / name), common.ROOT / "target" / "slow")
