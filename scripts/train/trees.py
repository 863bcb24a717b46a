#!/usr/bin/env python3
"""Trains tree ensembles and writes target/models/<name>/ through the converters people use.

    .venv/bin/pip install -r scripts/train/requirements.txt -r scripts/train/requirements-models.txt
    .venv/bin/python scripts/train/trees.py [name ...] [--out DIR]

Directories are laid out as train.py's; `tiny-tree --out test-vectors` makes the one that is committed again. Features are
raw. XGBoost and LightGBM go through onnxmltools, scikit-learn's
forests through skl2onnx; what these write is left as it is. Seconds for all.
"""

from collections import Counter

import common
import data
import lightgbm
import numpy as np
import xgboost
from data import SEED
from onnx import helper
from onnxmltools import convert_lightgbm, convert_xgboost
from onnxmltools.convert.common.data_types import FloatTensorType
from skl2onnx import to_onnx
from skl2onnx.common.data_types import FloatTensorType as SklearnFloatTensorType
from sklearn.ensemble import RandomForestRegressor

# The newest opset onnxmltools knows.
ML_TOOLS_OPSET = 15
SKLEARN_OPSETS = {"": 17, "ai.onnx.ml": 3}
LIGHTGBM = {"n_jobs": 1, "deterministic": True, "force_row_wise": True, "verbose": -1}
DIABETES_INFO = {"data": data.DIABETES, "decision": "value"}


def from_xgboost(fit, columns):
    return convert_xgboost(
        fit, "xgboost", [(common.INPUT, FloatTensorType([None, columns]))], target_opset=ML_TOOLS_OPSET
    )


def from_lightgbm(fit, columns):
    inputs = [(common.INPUT, FloatTensorType([None, columns]))]
    return convert_lightgbm(fit, "lightgbm", inputs, zipmap=False, target_opset=ML_TOOLS_OPSET)


def from_sklearn(fit, columns):
    inputs = [(common.INPUT, SklearnFloatTensorType([None, columns]))]
    return to_onnx(fit, initial_types=inputs, target_opset=SKLEARN_OPSETS)


def xgboost_breast_cancer():
    split = data.breast_cancer()
    # No minimum weight of a leaf: trees this large from this few rows. The best accuracy needs less.
    fit = xgboost.XGBClassifier(
        n_estimators=100, max_depth=6, learning_rate=0.1, min_child_weight=0, random_state=SEED, n_jobs=1
    )
    return split, fit, from_xgboost, data.breast_cancer_info() | {"decision": "argmax"}


def xgboost_digits_ink():
    """Trees nearly complete at depth 6 over 30 features: close to the most that 100 of them can cost."""
    (x, xt, _, _), (pixels, held_out, _, _) = data.digit_components(30), data.digits()
    split = (
        x.astype(np.float32),
        xt.astype(np.float32),
        *(p.sum(axis=1).astype(np.float32) for p in (pixels, held_out)),
    )
    fit = xgboost.XGBRegressor(n_estimators=100, max_depth=6, learning_rate=0.05, random_state=SEED, n_jobs=1)
    about = "; 30 principal components of the training rows, of variance 1; the target is the sum of the pixels"
    return split, fit, from_xgboost, {"data": data.DIGITS + about, "decision": "value"}


def xgboost_missing():
    split = data.breast_cancer(missing=0.1)
    fit = xgboost.XGBClassifier(n_estimators=30, max_depth=4, learning_rate=0.2, random_state=SEED, n_jobs=1)
    info = data.breast_cancer_info() | {"decision": "argmax"}
    info["data"] += "; a tenth of the values, in training and held-out rows alike, is NaN (null in input.json)"
    return split, fit, from_xgboost, info


def lightgbm_wine():
    fit = lightgbm.LGBMClassifier(
        n_estimators=40, num_leaves=8, min_child_samples=5, colsample_bytree=0.5, random_state=SEED, **LIGHTGBM
    )
    return data.wine(), fit, from_lightgbm, data.wine_info() | {"decision": "argmax"}


def forest_diabetes():
    fit = RandomForestRegressor(50, max_depth=8, max_features=0.33, min_samples_leaf=3, random_state=SEED, n_jobs=1)
    return data.diabetes(), fit, from_sklearn, DIABETES_INFO


def tiny_tree():
    fit = xgboost.XGBRegressor(n_estimators=8, max_depth=3, learning_rate=0.2, random_state=SEED, n_jobs=1)
    return data.diabetes(), fit, from_xgboost, DIABETES_INFO


def tiny_forest():
    fit = RandomForestRegressor(8, max_depth=3, random_state=SEED, n_jobs=1)
    return data.diabetes(), fit, from_sklearn, DIABETES_INFO


def tiny_lightgbm():
    fit = lightgbm.LGBMRegressor(n_estimators=8, max_depth=3, learning_rate=0.3, random_state=SEED, **LIGHTGBM)
    return data.diabetes(), fit, from_lightgbm, DIABETES_INFO


MODELS = {
    "xgboost-breast-cancer": xgboost_breast_cancer,
    "xgboost-digits-ink": xgboost_digits_ink,
    "xgboost-missing": xgboost_missing,
    "lightgbm-wine": lightgbm_wine,
    "forest-diabetes": forest_diabetes,
    "tiny-tree": tiny_tree,
    "tiny-forest": tiny_forest,
    "tiny-lightgbm": tiny_lightgbm,
}


BRANCHES = {b"BRANCH_LT": np.less, b"BRANCH_LEQ": np.less_equal}


class Ensemble:
    """The trees of a TreeEnsemble node, walked one node at a time."""

    def __init__(self, model):
        (node,) = (n for n in model.graph.node if n.op_type.startswith("TreeEnsemble"))
        a = {k.name: helper.get_attribute_value(k) for k in node.attribute}
        columns = ("featureids", "values", "truenodeids", "falsenodeids", "missing_value_tracks_true", "modes")
        rows = zip(a["nodes_treeids"], a["nodes_nodeids"], *(a[f"nodes_{c}"] for c in columns), strict=True)
        self.nodes = {(tree, node): rest for tree, node, *rest in rows}
        self.roots = sorted({tree for tree, _ in self.nodes})
        self.modes = Counter(rest[-1].decode() for rest in self.nodes.values())

    def depth(self, tree, node=0):
        _, _, left, right, _, mode = self.nodes[tree, node]
        return 0 if mode == b"LEAF" else 1 + max(self.depth(tree, left), self.depth(tree, right))

    def missing(self, x):
        """How often a missing value was sent to the true and to the false branch, over all rows and trees."""
        sent = Counter()
        for row in x:
            for tree in self.roots:
                node = 0
                while True:
                    feature, value, yes, no, tracks_true, mode = self.nodes[tree, node]
                    if mode == b"LEAF":
                        break
                    if np.isnan(row[feature]):
                        sent[bool(tracks_true)] += 1
                        node = yes if tracks_true else no
                    else:
                        node = yes if BRANCHES[mode](row[feature], np.float32(value)) else no
        return {"to_true": sent[True], "to_false": sent[False]}

    def info(self):
        return {
            "trees": len(self.roots),
            "nodes": len(self.nodes),
            "leaves": self.modes["LEAF"],
            "max_depth": max(self.depth(tree) for tree in self.roots),
            "modes": dict(sorted(self.modes.items())),
        }


def build(name, out):
    split, fit, convert, info = MODELS[name]()
    x, xt, y, _ = split
    fit.fit(x, y)
    model = convert(fit, x.shape[1])
    model.graph.name = name
    if y.dtype.kind == "f":
        primary, expected = model.graph.output[0].name, {model.graph.output[0].name: fit.predict(xt)}
    else:
        primary = "probabilities"
        expected = {"label": fit.predict(xt).astype(np.int64), primary: fit.predict_proba(xt)}
    ensemble = Ensemble(model)
    shape = ensemble.info()
    # A threshold for each branch, a value for each leaf.
    info = {"name": name, "parameters": shape["nodes"], **shape, **info}
    if np.isnan(xt).any():
        sent = info["missing_values"] = ensemble.missing(xt)
        assert min(sent.values()) > 0, f"{name}: missing values only go one way: {sent}"
    common.finish(out, model, split, primary, expected, info, SEED)
    print(f"    {shape}", info.get("missing_values", ""))


if __name__ == "__main__":
    common.main(__doc__, MODELS, build, common.ROOT / "target" / "models")
