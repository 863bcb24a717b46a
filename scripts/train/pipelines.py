#!/usr/bin/env python3
"""Trains scikit-learn pipelines (scalers, encoders, linear models, support vectors); writes target/models/<name>/.

    .venv/bin/pip install -r scripts/train/requirements.txt -r scripts/train/requirements-models.txt
    .venv/bin/python scripts/train/pipelines.py [name ...] [--out DIR]

Directories are laid out as train.py's. skl2onnx writes the models, with zipmap=False, for any number of rows; what it
writes is left as it is. Seconds for all.
"""

import warnings

import common
import data
import numpy as np
from data import SEED
from skl2onnx import to_onnx
from skl2onnx.common.data_types import FloatTensorType, Int64TensorType
from sklearn.compose import make_column_transformer
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import Normalizer, OneHotEncoder, OrdinalEncoder, StandardScaler
from sklearn.svm import SVC, SVR, LinearSVC

# skl2onnx reads attributes scikit-learn 1.9 will drop.
warnings.filterwarnings("ignore", "Attribute `prob", FutureWarning)

OPSETS = {"": 17, "ai.onnx.ml": 3}
SEX = 1


def digits():
    x, xt, y, yt = data.digits()
    return x.astype(np.float32), xt.astype(np.float32), y, yt


def diabetes_columns():
    others = [i for i in range(10) if i != SEX]
    columns = make_column_transformer((OneHotEncoder(), [SEX]), (StandardScaler(), others))
    return make_pipeline(columns, LinearRegression())


DIABETES = {"data": data.DIABETES, "decision": "value"}
CANCER = data.breast_cancer_info()
WINE = data.wine_info()
CATEGORIES = WINE | {"data": f"{data.WINE}; each as one of five integer codes, {data.CODES.tolist()}, by quintile"}

# Name: the estimator, its data, what info.json says.
MODELS = {
    "linearsvc-breast-cancer": (
        lambda: make_pipeline(StandardScaler(), LinearSVC(C=0.1, random_state=SEED)),
        data.breast_cancer,
        CANCER,
    ),
    "svc-linear-breast-cancer": (
        lambda: make_pipeline(StandardScaler(), SVC(kernel="linear", C=0.1)),
        data.breast_cancer,
        CANCER,
    ),
    # One score for each pair of classes: the operator's own output.
    "svc-rbf-wine": (
        lambda: make_pipeline(StandardScaler(), SVC(C=1.5, gamma=0.05, decision_function_shape="ovo")),
        data.wine,
        WINE,
    ),
    # scikit-learn's default, which skl2onnx appends 30 small nodes for.
    "svc-rbf-wine-ovr": (
        lambda: make_pipeline(StandardScaler(), SVC(C=1.5, gamma=0.05)),
        data.wine,
        WINE,
    ),
    "svr-diabetes": (
        lambda: make_pipeline(StandardScaler(), SVR(C=100.0, gamma=0.02, epsilon=70.0)),
        data.diabetes,
        DIABETES,
    ),
    "linreg-diabetes": (LinearRegression, data.diabetes, DIABETES),
    "linear-classifier-breast-cancer": (
        lambda: make_pipeline(StandardScaler(), LogisticRegression()),
        data.breast_cancer,
        CANCER,
    ),
    "linear-classifier-wine": (
        lambda: make_pipeline(StandardScaler(), LogisticRegression()),
        data.wine,
        WINE,
    ),
    "normalizer-digits": (
        lambda: make_pipeline(Normalizer("l2"), LogisticRegression(C=100.0, max_iter=10_000)),
        digits,
        data.digits_info(),
    ),
    "onehot-wine": (
        lambda: make_pipeline(OneHotEncoder(handle_unknown="ignore"), LogisticRegression()),
        data.wine_categories,
        CATEGORIES,
    ),
    "ordinal-wine": (
        lambda: make_pipeline(OrdinalEncoder(), LogisticRegression()),
        data.wine_categories,
        CATEGORIES,
    ),
    "columns-diabetes": (diabetes_columns, data.diabetes, DIABETES),
}


def last(fit):
    return fit[-1] if hasattr(fit, "steps") else fit


def scores(fit, x):
    """What the exported model's second output, always called `probabilities`, holds."""
    if hasattr(fit, "predict_proba"):
        return fit.predict_proba(x)
    values = fit.decision_function(x)
    if isinstance(last(fit), SVC) and values.ndim == 1:
        # Of two classes, the operator has the score for the second first: the largest score is not the label's.
        return np.stack([values, -values], axis=1)
    return values


def decision(labels, values):
    if values.ndim == 1:
        assert ((values > 0) == labels).all()
        return "probabilities > 0 is label 1"
    return "argmax" if (values.argmax(axis=1) == labels).all() else "label"


def parameter_count(model):
    """The numbers the operators carry: initializers and attributes that are lists of real numbers."""
    lists = sum(len(a.floats) for node in model.graph.node for a in node.attribute)
    return lists + sum(int(np.prod(t.dims)) for t in model.graph.initializer if t.data_type == t.FLOAT)


def build(name, out):
    make, load, info = MODELS[name]
    split = x, xt, y, _ = load()
    fit = make().fit(x, y)
    kind = Int64TensorType if x.dtype.kind == "i" else FloatTensorType
    # LinearSVC has no probabilities to map, but skl2onnx looks for the option unless its own are given.
    options = {id(last(fit)): {} if isinstance(last(fit), LinearSVC) else {"zipmap": False}}
    model = to_onnx(
        fit,
        initial_types=[(common.INPUT, kind([None, x.shape[1]]))],
        target_opset=OPSETS,
        options=options if y.dtype.kind == "i" else None,
        name=name,
    )
    info = {"name": name, "parameters": parameter_count(model), **info}
    if y.dtype.kind == "f":
        primary = model.graph.output[0].name
        expected = {primary: fit.predict(xt)}
    else:
        primary = "probabilities"
        expected = {"label": fit.predict(xt).astype(np.int64)}
        expected[primary] = scores(fit, xt)
        info["decision"] = decision(expected["label"], expected[primary])
    if hasattr(last(fit), "support_"):
        info["support_vectors"] = len(last(fit).support_)
    common.finish(out, model, split, primary, expected, info, SEED)


if __name__ == "__main__":
    common.main(__doc__, MODELS, build, common.ROOT / "target" / "models")
