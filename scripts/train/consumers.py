#!/usr/bin/env python3
"""Trains the four tiny models that the consumers' stories use and writes test-vectors/consumers/<name>/.

    python3 -m venv .venv && .venv/bin/pip install -r scripts/train/requirements.txt
    .venv/bin/python scripts/train/consumers.py [name ...] [--out DIR]

Their data are made up: a formula, and noise, of fixed seeds. They show how a consumer acts on a model, not that a model is good.
"""

import common
import numpy as np
from sklearn.neural_network import MLPRegressor

SEED = 7
ROWS = 2000


def oracle(rng):
    """A fair price from three venues' prices: the more it swings, the more the highest is discounted."""
    base = rng.uniform(1500.0, 2500.0, ROWS)
    venues = base[:, None] * (1.0 + rng.normal(0.0, 0.01, (ROWS, 3)))
    swing = rng.uniform(0.0, 10.0, ROWS)
    fair = venues.mean(axis=1) - 0.02 * swing * (venues.max(axis=1) - venues.mean(axis=1))
    return np.column_stack([venues, swing]), fair[:, None], 100.0, "price", ["venue a", "venue b", "venue c", "swing"]


def risk(rng):
    """Ratios of a lending market from what the market itself knows: the collateral's price, what is supplied, what is borrowed."""
    supplied = rng.uniform(10_000.0, 1_000_000.0, ROWS)
    used = rng.uniform(0.0, 0.9, ROWS)
    x = np.column_stack([rng.uniform(0.5, 1.5, ROWS), supplied, supplied * used])
    threshold = 0.84 - 0.10 * used - 0.06 * np.abs(1.0 - x[:, 0])
    y = np.column_stack([threshold - 0.06, threshold, 1.05 + 0.03 * used])
    return x, y, 1.0, "ratios", ["price", "supplied", "borrowed"]


def guard(rng):
    """How much a vault's last hour looks like theft, 0 to 1."""
    x = np.column_stack([rng.uniform(0.0, 1.0, ROWS), rng.uniform(0.0, 0.2, ROWS), rng.uniform(0.0, 60.0, ROWS)])
    logit = 6.0 * x[:, 0] + 20.0 * x[:, 1] + 0.05 * x[:, 2] - 5.0
    y = 1.0 / (1.0 + np.exp(-logit))
    return x, y[:, None], 1.0, "score", ["share withdrawn", "price deviation", "calls a minute"]


def airdrop(rng):
    """How much an account looks like a person who uses the protocol: below 0 like a farm."""
    x = np.column_stack([rng.uniform(0.0, 1000.0, ROWS), rng.uniform(0.0, 500.0, ROWS), rng.uniform(0.0, 80.0, ROWS)])
    y = 0.5 * x[:, 0] + 0.6 * x[:, 1] + 4.0 * x[:, 2] - 200.0 + rng.normal(0.0, 10.0, ROWS)
    return x, y[:, None], 100.0, "score", ["days", "transactions", "counterparties"]


MODELS = {"oracle": oracle, "risk": risk, "guard": guard, "airdrop": airdrop}


def write(folder, made):
    """A model's directory."""
    x, y, unit, output, names = made
    mean, std = x.mean(axis=0), x.std(axis=0)
    fit = MLPRegressor(hidden_layer_sizes=(6,), alpha=1e-4, max_iter=3000, tol=1e-7, random_state=SEED)
    fit.fit((x - mean) / std, y / unit if y.shape[1] > 1 else (y / unit).ravel())
    layers = [[w.copy(), b.copy()] for w, b in zip(fit.coefs_, fit.intercepts_, strict=True)]
    layers[-1] = [part * unit for part in layers[-1]]
    x = x.astype(np.float32)
    folder.mkdir(parents=True, exist_ok=True)
    common.write_onnx(common.onnx_model(folder.name, layers, [("Sub", mean), ("Div", std)], output), folder / "model.onnx")
    rows = common.calibration_rows(np.random.default_rng(SEED), x)
    np.savez_compressed(folder / "calibration.npz", **{common.INPUT: x[rows]})
    guess = common.run_onnx(folder / "model.onnx", x)
    fitted = common.r_squared(guess, y.ravel())
    info = {
        "name": folder.name,
        "about": MODELS[folder.name].__doc__.splitlines()[0],
        "layers": [x.shape[1], 6, y.shape[1]],
        "parameters": common.parameter_count(layers),
        "inputs": names,
        "output": {"name": output, "shape": [1, y.shape[1]]},
        "data": "made up",
        "rows": len(x),
        "r2": round(fitted, 4),
        "seed": SEED,
    }
    common.write_info(folder, info)
    print(f"{folder.name}: {info['parameters']} parameters, R2 {fitted:.4f}")


if __name__ == "__main__":
    common.main(
        __doc__,
        MODELS,
        lambda name, out: write(out / name, MODELS[name](np.random.default_rng(SEED))),
        common.ROOT / "test-vectors" / "consumers",
    )
