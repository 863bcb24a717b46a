#!/usr/bin/env python3
"""Trees of many libraries on real tabular data: does any row reach another leaf once a model is integers?

    .venv/bin/pip install -r scripts/train/requirements.txt -r scripts/train/requirements-models.txt -r scripts/train/requirements-tabular.txt
    .venv/bin/python scripts/train/tabular.py [--verdict target/release/verdict] [--out DIR] [data set ...]
    .venv/bin/python scripts/train/tabular.py --fixtures test-vectors/tabular

Trains XGBoost (hist and exact), LightGBM, CatBoost and scikit-learn's trees on scikit-learn's and statsmodels' data sets, converts
them with onnxmltools, skl2onnx and CatBoost's own exporter, compiles them, and compares the integers with onnxruntime on
test rows and on hostile ones: each feature at a threshold of the model, and at the 32-bit floats directly above and below.
A row is on another leaf if a decision differs in `verdict accuracy` (which counts as one row), or if an output is off by more than `TOLERANCE` of the outputs' range.
Prints a table and exits with 1 if any row is. A quarter of an hour for all on two cores. With --fixtures it writes a few
small models with such rows, and what onnxruntime makes of them, for `cargo test --test tabular`; then
`scripts/check-vectors.sh --update`.
"""

import argparse
import json
import subprocess
import sys
import warnings
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pandas
from sklearn import datasets, ensemble
from sklearn.model_selection import train_test_split

warnings.filterwarnings("ignore")
SEED = 7
TOLERANCE = 0.02
MOST_HOSTILE = 400
# Of a library and a kind of data each.
FIXTURES = [
    ("iris", "xgboost-hist"), ("engel", "lightgbm"), ("breast_cancer", "xgboost-hist +NaN"), ("stackloss", "catboost"),
    ("stackloss", "gradient-boosting"), ("stackloss", "hist-boosting"), ("stackloss", "forest +NaN"), ("longley", "xgboost-exact"),
    ("spector", "extra-trees"), ("heart", "lightgbm +NaN"), ("heart", "hist-boosting +NaN"), ("cpunish", "xgboost-hist +NaN"),
]  # fmt: skip
FIXTURE_ROWS = 20
FIXTURE_HOSTILE = 40
FIXTURE_CALIBRATION = 120
BUNDLED = ["iris", "wine", "breast_cancer", "diabetes", "digits", "linnerud"]
STATS = [
    "anes96", "cancer", "ccard", "copper", "cpunish", "engel", "fair", "fertility", "grunfeld", "heart", "longley", "macrodata",
    "modechoice", "randhie", "scotland", "spector", "stackloss", "star98", "statecrime", "strikes", "sunspots",
]  # fmt: skip


def load(name):
    """Features, target, and whether the target is a class."""
    if name in BUNDLED:
        x, y = getattr(datasets, f"load_{name}")(return_X_y=True)
        classes = name not in ("diabetes", "linnerud")
        return x, (y[:, 0] if y.ndim > 1 else y), classes
    import statsmodels.datasets

    frame = getattr(statsmodels.datasets, name).load_pandas().data
    frame = frame.select_dtypes("number").dropna(axis=1, how="all").dropna()
    frame = frame.iloc[np.random.default_rng(SEED).permutation(len(frame))[:1500]]
    y = frame.iloc[:, 0].to_numpy()
    return frame.iloc[:, 1:].to_numpy(), y, False


def onnxmltools_of(convert):
    def to_onnx(fit, columns):
        from onnxmltools.convert.common.data_types import FloatTensorType

        return convert(fit, "model", [("x", FloatTensorType([None, columns]))], target_opset=15)

    return to_onnx


def plain_attributes():
    """skl2onnx hands HistGradientBoosting's node numbers to onnx as numpy's unsigned integers, which onnx refuses."""
    import onnx.helper as helper

    make = helper.make_attribute

    def plain(key, value, *rest, **named):
        if isinstance(value, list | tuple) and value and all(isinstance(it, int | np.integer) for it in value):
            value = [int(it) for it in value]
        return make(key, value, *rest, **named)

    helper.make_attribute = plain


def skl2onnx_of(fit, columns):
    from skl2onnx import to_onnx
    from skl2onnx.common.data_types import FloatTensorType

    options = {id(fit): {"zipmap": False}} if hasattr(fit, "classes_") else None
    types = [("x", FloatTensorType([None, columns]))]
    return to_onnx(fit, initial_types=types, target_opset={"": 17, "ai.onnx.ml": 3}, options=options)


def catboost_of(fit, _):
    path = Path("target/catboost.onnx")
    path.parent.mkdir(exist_ok=True)
    fit.save_model(str(path), format="onnx")
    return onnx.load(str(path))


def families(classes):
    """Name, estimator, converter, and whether it takes missing values."""
    import catboost
    import lightgbm
    import xgboost
    from onnxmltools import convert_lightgbm, convert_xgboost

    def pick(classifier, regressor, **arguments):
        return (classifier if classes else regressor)(**arguments)

    boosted = {"n_estimators": 40, "max_depth": 4, "random_state": SEED, "n_jobs": 1}
    for method in ("hist", "exact"):
        fit = pick(xgboost.XGBClassifier, xgboost.XGBRegressor, tree_method=method, **boosted)
        yield f"xgboost-{method}", fit, onnxmltools_of(convert_xgboost), True
    fit = pick(lightgbm.LGBMClassifier, lightgbm.LGBMRegressor, verbose=-1, min_child_samples=5, **boosted)
    yield "lightgbm", fit, onnxmltools_of(convert_lightgbm), True
    quiet = {"iterations": 40, "depth": 4, "random_seed": SEED, "verbose": 0, "allow_writing_files": False}
    yield "catboost", pick(catboost.CatBoostClassifier, catboost.CatBoostRegressor, **quiet), catboost_of, False
    forest = {"n_estimators": 15, "max_depth": 6, "random_state": SEED}
    yield "forest", pick(ensemble.RandomForestClassifier, ensemble.RandomForestRegressor, **forest), skl2onnx_of, True
    yield "extra-trees", pick(ensemble.ExtraTreesClassifier, ensemble.ExtraTreesRegressor, **forest), skl2onnx_of, False
    boosting = {"n_estimators": 20, "random_state": SEED}
    fit = pick(ensemble.GradientBoostingClassifier, ensemble.GradientBoostingRegressor, **boosting)
    yield "gradient-boosting", fit, skl2onnx_of, False
    # Some data sets have too few rows for leaves of twenty.
    leaves = {"max_iter": 20, "min_samples_leaf": 5, "random_state": SEED}
    hist = pick(ensemble.HistGradientBoostingClassifier, ensemble.HistGradientBoostingRegressor, **leaves)
    yield "hist-boosting", hist, skl2onnx_of, True


def thresholds(model):
    """Pairs of feature and threshold that any tree of the model asks for."""
    found = set()
    for node in model.graph.node:
        if node.op_type.startswith("TreeEnsemble"):
            attribute = {it.name: onnx.helper.get_attribute_value(it) for it in node.attribute}
            columns = zip(attribute["nodes_modes"], attribute["nodes_featureids"], attribute["nodes_values"])
            found |= {(feature, value) for mode, feature, value in columns if mode != b"LEAF"}
    return sorted(found)


def hostile(model, test, rng, most=MOST_HOSTILE):
    """Rows in threes: a feature at a threshold, and at the floats directly above and below."""
    pairs = [(f, v) for f, v in thresholds(model) if np.isfinite(v)]
    if len(pairs) > most:
        pairs = [pairs[i] for i in rng.choice(len(pairs), most, replace=False)]
    rows = []
    for feature, value in pairs:
        value = np.float32(value)
        usual = test[rng.integers(len(test))]
        for x in (value, np.nextafter(value, np.float32(np.inf)), np.nextafter(value, np.float32(-np.inf))):
            row = usual.copy()
            row[feature] = x
            rows.append(row)
    return np.array(rows, np.float32).reshape(-1, test.shape[1])


def matrix(values, rows):
    """An output as onnxruntime gives it, also of a ZipMap, as one row of numbers for each row."""
    if isinstance(values, list):
        values = [list(row.values()) for row in values]
    return np.asarray(values, float).reshape(rows, -1)


def fixture(folder, model, train, test):
    """A model with its rows, few enough to be committed: usual ones first, then hostile ones in threes."""
    rng = np.random.default_rng(SEED)
    folder.mkdir(parents=True, exist_ok=True)
    onnx.save(model, folder / "model.onnx")
    name = model.graph.input[0].name
    rows = np.concatenate([test[:FIXTURE_ROWS], hostile(model, test, rng, FIXTURE_HOSTILE)]).astype(np.float32)
    session = onnxruntime.InferenceSession(model.SerializeToString())
    names = [output.name for output in session.get_outputs() if "int64" not in output.type]
    expected = {name: matrix(values, len(rows)) for name, values in zip(names, session.run(names, {name: rows}))}
    np.savez_compressed(folder / "calibration.npz", **{name: train[:FIXTURE_CALIBRATION]})
    np.savez_compressed(folder / "rows.npz", **{name: rows})
    np.savez_compressed(folder / "expected.npz", **expected)


def told(verdict, *arguments):
    done = subprocess.run([verdict, *map(str, arguments), "--json"], capture_output=True, text=True, check=False)
    return (json.loads(done.stdout), "") if done.stdout.strip() else (None, done.stderr.strip().splitlines()[-1:])


def check(verdict, folder, model, train, test):
    """Rows compared, rows on another leaf, the largest error of an output against its range."""
    rng = np.random.default_rng(SEED)
    folder.mkdir(parents=True, exist_ok=True)
    onnx.save(model, folder / "model.onnx")
    name = model.graph.input[0].name
    rows = np.concatenate([test, hostile(model, test, rng)]).astype(np.float32)
    np.savez(folder / "calibration.npz", **{name: train})
    np.savez(folder / "rows.npz", **{name: rows})
    compiled = folder / "model.verdict"
    compiled.unlink(missing_ok=True)
    arguments = ["compile", folder / "model.onnx", "--calibration", folder / "calibration.npz", "--out", compiled]
    _, error = told(verdict, *arguments, "--accept-accuracy")
    if not compiled.exists():
        return f"refused: {error}"
    report, error = told(verdict, "accuracy", compiled, "--onnx", folder / "model.onnx", "--test", folder / "rows.npz")
    ran, failed = told(verdict, "run", compiled, "--input", folder / "rows.npz")
    if report is None or ran is None:
        return f"failed: {error or failed}"
    wanted = [output["name"] for output in ran["outputs"] if output["item"] == 0]
    session = onnxruntime.InferenceSession(model.SerializeToString())
    expected = session.run(wanted, {name: rows})
    worst, off = 0.0, np.zeros(len(rows), bool)
    for output, theirs in zip(wanted, expected):
        theirs = matrix(theirs, len(rows))
        ours = np.array([it["reals"] for it in ran["outputs"] if it["name"] == output])
        errors = np.abs(ours - theirs).max(axis=1) / (np.ptp(theirs) or 1.0)
        worst, off = max(worst, errors.max()), off | (errors > TOLERANCE)
    decisions = [layer["max_error"] for layer in report["layers"] if "/leaves" in layer["name"] or "/branches" in layer["name"]]
    # An output cannot show a leaf whose value is next to nothing; the decisions themselves can.
    return len(rows), max(int(max(decisions, default=0) >= 0.5), int(off.sum())), worst


def folder_of(name, label):
    return f"{name}-{label.replace(' +', '-')}"


def variants(name):
    """Every family on a data set, with and without missing values: label, what makes the model, training and test rows."""
    x, y, classes = load(name)
    x = x.astype(np.float32)
    train, test, target, _ = train_test_split(x, y, test_size=0.3, random_state=SEED)
    for family, fit, to_onnx, holes in families(classes):
        for missing in (False, True) if holes and family != "xgboost-exact" else (False,):
            a, b = train.copy(), test.copy()
            if missing:
                rng = np.random.default_rng(SEED)
                a[rng.random(a.shape) < 0.1] = np.nan
                b[rng.random(b.shape) < 0.1] = np.nan
                # What calibration never misses is refused when it is missing.
                b[:, ~np.isnan(a).any(axis=0)] = test[:, ~np.isnan(a).any(axis=0)]

            def make(fit=fit, to_onnx=to_onnx, a=a):
                fit.fit(a, target)
                return to_onnx(fit, x.shape[1])

            yield family + (" +NaN" if missing else ""), make, a, b


def write_fixtures(folder):
    for name in dict.fromkeys(name for name, _ in FIXTURES):
        for label, make, train, test in variants(name):
            if (name, label) in FIXTURES:
                fixture(folder / folder_of(name, label), make(), train, test)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--verdict", default="target/release/verdict")
    parser.add_argument("--fixtures", type=Path, help="write the committed models there, and nothing else")
    parser.add_argument("--out", type=Path, default=Path("target/tabular"))
    parser.add_argument("name", nargs="*", default=BUNDLED + STATS)
    options = parser.parse_args()
    plain_attributes()
    onnxruntime.set_default_logger_severity(3)
    if options.fixtures:
        write_fixtures(options.fixtures)
        return
    wrong = models = refused = 0
    print(f"{'data set':16}{'model':20}{'rows':>7}{'other leaf':>12}{'worst error':>13}")
    for name in options.name:
        for label, make, train, test in variants(name):
            try:
                result = check(options.verdict, options.out / folder_of(name, label), make(), train, test)
            except Exception as error:  # A converter's or a library's own refusal.
                result = f"not made: {type(error).__name__}: {str(error)[:90]}"
            if isinstance(result, str):
                refused += 1
                print(f"{name:16}{label:20}  {result}", flush=True)
                continue
            models += 1
            wrong += bool(result[1])
            print(f"{name:16}{label:20}{result[0]:7}{result[1]:12}{100 * result[2]:12.3f}%", flush=True)
    print(f"{len(options.name)} data sets, {models} models, {wrong} with rows on another leaf, {refused} refused or not made")
    sys.exit(wrong > 0)


if __name__ == "__main__":
    pandas.set_option("mode.copy_on_write", True)
    main()
