#!/usr/bin/env python3
"""Small models of the usual libraries, exported the ordinary way, for scripts/corpus.sh and scripts/corpus_cases.py.

    .venv/bin/python scripts/train/exports.py FOLDER

Writes FOLDER/NAME/model.onnx and FOLDER/NAME/data.npz, a dozen rows as the library itself would see them. A library that is
not installed is left out by name, so that the corpus can be made in parts. Everything is seeded; converters and libraries
of other versions write other files.
"""

import sys
import warnings
from pathlib import Path

import numpy as np

warnings.filterwarnings("ignore")
OUT = Path(sys.argv[1]) if len(sys.argv) > 1 else None
ROWS = 24
made, failed = [], []


def save(name, model, **arrays):
    folder = OUT / name
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "model.onnx").write_bytes(model if isinstance(model, bytes) else model.SerializeToString())
    np.savez_compressed(folder / "data.npz", **arrays)
    made.append(name)


def attempt(name, build):
    """A converter that cannot is no fault of ours: it is named."""
    try:
        build(name)
    except Exception as error:
        failed.append(f"{name}: {type(error).__name__}: {str(error).splitlines()[0][:120] if str(error) else ''}")


def tabular(seed=0, rows=160, features=5):
    """Features of several distributions, as tables have them."""
    random = np.random.default_rng(seed)
    x = random.normal(size=(rows, features))
    x[:, 1] = np.exp(x[:, 1] * 1.5) * 40
    x[:, 2] = random.integers(0, 6, rows)
    x[:, 3] = random.random(rows)
    x = x.astype(np.float32)
    score = x[:, 0] + np.log(x[:, 1] + 1) * 0.5 - 0.4 * x[:, 2] + np.sin(6 * x[:, 3])
    return x, score.astype(np.float32), np.digitize(score, np.quantile(score, [0.33, 0.66]))


def scikit():
    from skl2onnx import to_onnx
    from sklearn import (
        calibration, cluster, compose, decomposition, discriminant_analysis, ensemble, feature_selection, gaussian_process,
        isotonic, kernel_approximation, linear_model, mixture, naive_bayes, neighbors, neural_network, pipeline, preprocessing, svm, tree,
    )

    x, y, c = tabular()
    b = (c > 0).astype(int)
    scaled = lambda model: pipeline.make_pipeline(preprocessing.StandardScaler(), model)
    columns = compose.ColumnTransformer(
        [("n", preprocessing.StandardScaler(), [0, 1, 3, 4]), ("c", preprocessing.OneHotEncoder(handle_unknown="ignore"), [2])]
    )
    models = {
        "linear": (linear_model.LinearRegression(), y),
        "ridge-two-outputs": (scaled(linear_model.Ridge()), np.stack([y, 3 * y + x[:, 0]], 1)),
        "logistic": (scaled(linear_model.LogisticRegression()), c),
        "logistic-binary": (scaled(linear_model.LogisticRegression()), b),
        "sgd": (scaled(linear_model.SGDClassifier(random_state=0)), c),
        "poisson": (scaled(linear_model.PoissonRegressor()), np.exp(y / 4)),
        "columns": (pipeline.make_pipeline(columns, linear_model.LogisticRegression()), c),
        "quantile-bins": (pipeline.make_pipeline(preprocessing.KBinsDiscretizer(4, encode="onehot-dense"), linear_model.Ridge()), y),
        "polynomial": (pipeline.make_pipeline(preprocessing.MinMaxScaler(), preprocessing.PolynomialFeatures(2), linear_model.Ridge()), y),
        "robust-l2": (pipeline.make_pipeline(preprocessing.RobustScaler(), preprocessing.Normalizer(), linear_model.Ridge()), y),
        "power": (pipeline.make_pipeline(preprocessing.PowerTransformer(), linear_model.Ridge()), y),
        "pca": (pipeline.make_pipeline(preprocessing.StandardScaler(), decomposition.PCA(3), linear_model.Ridge()), y),
        "select": (pipeline.make_pipeline(feature_selection.SelectKBest(k=3), preprocessing.StandardScaler(), linear_model.LogisticRegression()), c),
        "lda": (discriminant_analysis.LinearDiscriminantAnalysis(), c),
        "qda": (discriminant_analysis.QuadraticDiscriminantAnalysis(reg_param=0.1), c),
        "naive-bayes": (scaled(naive_bayes.GaussianNB()), c),
        "svc-rbf": (scaled(svm.SVC(C=1)), c),
        "svc-binary": (scaled(svm.SVC(probability=True)), b),
        "svc-linear": (scaled(svm.LinearSVC()), c),
        "svr": (scaled(svm.SVR()), y),
        "nu-svr-poly": (scaled(svm.NuSVR(kernel="poly", degree=2)), y),
        "one-class-svm": (scaled(svm.OneClassSVM()), None),
        "knn-classifier": (scaled(neighbors.KNeighborsClassifier(3)), c),
        "knn-regressor": (scaled(neighbors.KNeighborsRegressor(3)), y),
        "gaussian-process": (scaled(gaussian_process.GaussianProcessRegressor(alpha=0.1)), y),
        "tree-classifier": (tree.DecisionTreeClassifier(max_depth=4), c),
        "tree-regressor": (tree.DecisionTreeRegressor(max_depth=5), y),
        "forest": (ensemble.RandomForestClassifier(8, max_depth=4, random_state=0), c),
        "extra-trees": (ensemble.ExtraTreesRegressor(8, max_depth=4, random_state=0), y),
        "gradient-boosting": (ensemble.GradientBoostingClassifier(n_estimators=8, random_state=0), b),
        "gradient-boosting-3": (ensemble.GradientBoostingClassifier(n_estimators=5, random_state=0), c),
        "hist-boosting": (ensemble.HistGradientBoostingRegressor(max_iter=8, min_samples_leaf=5), y),
        "hist-boosting-classes": (ensemble.HistGradientBoostingClassifier(max_iter=5, min_samples_leaf=5), c),
        "ada-boost": (ensemble.AdaBoostClassifier(n_estimators=5, random_state=0), c),
        "ada-boost-regressor": (ensemble.AdaBoostRegressor(n_estimators=5, random_state=0), y),
        "bagging": (ensemble.BaggingClassifier(linear_model.LogisticRegression(), 3, random_state=0), c),
        "isolation-forest": (ensemble.IsolationForest(n_estimators=5, max_samples=32, random_state=0), None),
        "voting": (ensemble.VotingClassifier([("a", linear_model.LogisticRegression()), ("b", tree.DecisionTreeClassifier(max_depth=3))], voting="soft"), c),
        "stacking": (ensemble.StackingRegressor([("a", linear_model.Ridge()), ("b", tree.DecisionTreeRegressor(max_depth=3))]), y),
        "calibrated": (calibration.CalibratedClassifierCV(scaled(linear_model.LogisticRegression()), cv=2), c),
        "calibrated-isotonic": (calibration.CalibratedClassifierCV(linear_model.LogisticRegression(), cv=2, method="isotonic"), b),
        "mlp": (scaled(neural_network.MLPClassifier((12,), max_iter=200, random_state=0)), c),
        "mlp-tanh": (scaled(neural_network.MLPRegressor(hidden_layer_sizes=(10, 6), activation="tanh", max_iter=300, random_state=0)), y),
        "k-means": (scaled(cluster.KMeans(4, n_init=1, random_state=0)), None),
        "mixture": (scaled(mixture.GaussianMixture(3, random_state=0)), None),
    }
    for name, (model, target) in models.items():

        def build(name, model=model, target=target):
            model.fit(x, target) if target is not None else model.fit(x)
            final = model.steps[-1][1] if hasattr(model, "steps") else model
            more = {"options": {id(final): {"zipmap": False}}} if hasattr(final, "predict_proba") and hasattr(final, "classes_") else {}
            converted = to_onnx(model, x[:1], target_opset={"": 18, "ai.onnx.ml": 3}, **more)
            save(name, converted, X=x[:ROWS])

        attempt(f"sklearn-{name}", build)

    def words(name):
        import pandas
        from skl2onnx.common.data_types import FloatTensorType, StringTensorType

        random = np.random.default_rng(0)
        table = pandas.DataFrame({"age": x[:, 1], "color": random.choice(["red", "green", "blue"], len(x)), "size": random.choice(["S", "M", "L"], len(x))})
        kinds = [("n", preprocessing.StandardScaler(), ["age"]), ("c", preprocessing.OneHotEncoder(handle_unknown="ignore"), ["color"])]
        kinds.append(("o", preprocessing.OrdinalEncoder(categories=[["S", "M", "L"]]), ["size"]))
        model = pipeline.make_pipeline(compose.ColumnTransformer(kinds), linear_model.LogisticRegression()).fit(table, b)
        types = [(n, (FloatTensorType if n == "age" else StringTensorType)([None, 1])) for n in table.columns]
        options = {id(model.steps[-1][1]): {"zipmap": False}}
        converted = to_onnx(model, initial_types=types, options=options, target_opset={"": 18, "ai.onnx.ml": 3})
        save(name, converted)
        (OUT / name / "data.npz").unlink()
        table.assign(label=b)[:ROWS].to_csv(OUT / name / "data.csv")

    attempt("sklearn-words", words)


def boosting():
    x, y, c = tabular(1)
    b = (c > 0).astype(int)
    missing = x.copy()
    missing[np.random.default_rng(0).random(x.shape) < 0.1] = np.nan

    def xgb(kind, target, data=x, **parameters):
        def build(name):
            import xgboost
            from onnxmltools import convert_xgboost
            from onnxmltools.convert.common.data_types import FloatTensorType

            model = getattr(xgboost, kind)(n_estimators=10, max_depth=3, **parameters).fit(data, target)
            save(name, convert_xgboost(model, initial_types=[("x", FloatTensorType([None, x.shape[1]]))]), x=data[:ROWS])

        return build

    def lgb(kind, target, data=x, **parameters):
        def build(name):
            import lightgbm
            from onnxmltools import convert_lightgbm
            from onnxmltools.convert.common.data_types import FloatTensorType

            model = getattr(lightgbm, kind)(n_estimators=10, num_leaves=7, verbose=-1, min_child_samples=5, **parameters).fit(data, target)
            save(name, convert_lightgbm(model, initial_types=[("x", FloatTensorType([None, x.shape[1]]))], zipmap=False), x=data[:ROWS])

        return build

    def cat(kind, target):
        def build(name):
            import catboost

            model = getattr(catboost, kind)(iterations=10, depth=3, verbose=False, random_seed=0, allow_writing_files=False).fit(x, target)
            path = OUT / f"{name}.tmp"
            model.save_model(str(path), format="onnx")
            content = path.read_bytes()
            path.unlink()
            save(name, content, features=x[:ROWS])

        return build

    def hummingbird(model, target):
        def build(name):
            from hummingbird.ml import convert

            converted = convert(model.fit(x, target), "onnx", x[:ROWS])
            save(name, converted.model, input_0=x[:ROWS])

        return build

    from sklearn import ensemble, tree

    for name, build in {
        "xgboost-regressor": xgb("XGBRegressor", y),
        "xgboost-binary": xgb("XGBClassifier", b),
        "xgboost-classes": xgb("XGBClassifier", c),
        "xgboost-missing": xgb("XGBRegressor", y, missing),
        "xgboost-poisson": xgb("XGBRegressor", np.exp(y / 3), objective="count:poisson"),
        "lightgbm-regressor": lgb("LGBMRegressor", y),
        "lightgbm-binary": lgb("LGBMClassifier", b),
        "lightgbm-classes": lgb("LGBMClassifier", c),
        "lightgbm-missing": lgb("LGBMRegressor", y, missing),
        "catboost-regressor": cat("CatBoostRegressor", y),
        "catboost-binary": cat("CatBoostClassifier", b),
        "catboost-classes": cat("CatBoostClassifier", c),
        "hummingbird-tree": hummingbird(tree.DecisionTreeClassifier(max_depth=3), c),
        "hummingbird-forest": hummingbird(ensemble.RandomForestRegressor(3, max_depth=3, random_state=0), y),
    }.items():
        attempt(name, build)


def pytorch():
    import io
    import math
    import torch
    from torch import nn

    torch.manual_seed(0)
    torch.set_num_threads(1)

    class Attention(nn.Module):
        def __init__(self, causal):
            super().__init__()
            self.qkv, self.out, self.norm, self.causal = nn.Linear(8, 24), nn.Linear(8, 8), nn.LayerNorm(8), causal

        def forward(self, x):
            q, k, v = self.qkv(self.norm(x)).chunk(3, -1)
            scores = q @ k.transpose(-1, -2) / math.sqrt(8)
            if self.causal:
                mask = torch.tril(torch.ones(x.shape[1], x.shape[1])) == 0
                scores = scores.masked_fill(mask, float("-inf"))
            return x + self.out(scores.softmax(-1) @ v)

    class Embedded(nn.Module):
        def __init__(self):
            super().__init__()
            self.table, self.line = nn.Embedding(11, 6), nn.Linear(24, 3)

        def forward(self, ids):
            return self.line(self.table(ids).flatten(1))

    class Cell(nn.Module):
        def __init__(self, kind):
            super().__init__()
            self.cell, self.line, self.lstm = getattr(nn, kind + "Cell")(3, 5), nn.Linear(5, 1), kind == "LSTM"

        def forward(self, x):
            h = torch.zeros(x.shape[0], 5)
            state = (h, h) if self.lstm else h
            for step in range(4):
                state = self.cell(x[:, step], state)
            return self.line(state[0] if self.lstm else state)

    class Recurrent(nn.Module):
        def __init__(self, kind, **more):
            super().__init__()
            self.inner = getattr(nn, kind)(3, 5, batch_first=True, **more)
            self.line = nn.Linear(5 * (2 if more.get("bidirectional") else 1), 2)

        def forward(self, x):
            return self.line(self.inner(x)[0][:, -1])

    class Policy(nn.Module):
        def __init__(self):
            super().__init__()
            self.body, self.mean, self.value = nn.Sequential(nn.Linear(6, 12), nn.Tanh()), nn.Linear(12, 2), nn.Linear(12, 1)
            self.std = nn.Parameter(torch.zeros(2))

        def forward(self, x):
            h = self.body(x)
            return self.mean(h), self.std.exp(), self.value(h)

    class Act(nn.Module):
        def __init__(self):
            super().__init__()
            self.body = nn.Sequential(nn.Linear(6, 12), nn.ReLU(), nn.Linear(12, 4))

        def forward(self, x):
            q = self.body(x)
            best = q.argmax(-1)
            return best, torch.where(best == 2, q.max(-1).values, q.mean(-1))

    class Gate(nn.Module):
        def __init__(self):
            super().__init__()
            self.a, self.b = nn.Linear(6, 8), nn.Linear(6, 8)

        def forward(self, x):
            return (self.a(x).sigmoid() * self.b(x)).sum(-1, keepdim=True).clamp(-1, 1)

    seq = nn.Sequential
    vector, image, series = torch.randn(ROWS, 6), torch.rand(ROWS, 1, 8, 8), torch.randn(ROWS, 4, 3)
    models = {
        "mlp": (seq(nn.Linear(6, 16), nn.ReLU(), nn.Linear(16, 3)), vector),
        "mlp-softmax": (seq(nn.Linear(6, 16), nn.GELU(), nn.Linear(16, 3), nn.Softmax(-1)), vector),
        "mlp-norm": (seq(nn.Linear(6, 16), nn.BatchNorm1d(16), nn.LeakyReLU(), nn.Dropout(), nn.Linear(16, 1)), vector),
        "autoencoder": (seq(nn.Linear(6, 3), nn.Tanh(), nn.Linear(3, 6)), vector),
        "silu-softplus": (seq(nn.Linear(6, 8), nn.SiLU(), nn.Linear(8, 8), nn.Softplus(), nn.Linear(8, 2)), vector),
        "hardswish-elu": (seq(nn.Linear(6, 8), nn.Hardswish(), nn.Linear(8, 8), nn.ELU(), nn.Linear(8, 2)), vector),
        "policy": (Policy(), vector),
        "act": (Act(), vector),
        "gate": (Gate(), vector),
        "cnn": (seq(nn.Conv2d(1, 4, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(64, 3)), image),
        "cnn-average": (seq(nn.Conv2d(1, 4, 3, stride=2), nn.BatchNorm2d(4), nn.ReLU6(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(4, 2)), image),
        "conv-transpose": (seq(nn.Conv2d(1, 3, 2, stride=2), nn.Sigmoid(), nn.ConvTranspose2d(3, 1, 2, stride=2)), image),
        "upsample": (seq(nn.Conv2d(1, 2, 3), nn.Upsample(scale_factor=2), nn.Conv2d(2, 1, 1)), image),
        "conv1d": (seq(nn.Conv1d(4, 6, 2), nn.ReLU(), nn.Flatten(), nn.Linear(12, 2)), series),
        "attention": (Attention(False), torch.randn(ROWS, 4, 8)),
        "attention-causal": (Attention(True), torch.randn(ROWS, 4, 8)),
        "embedding": (Embedded(), torch.randint(0, 11, (ROWS, 4))),
        "gru-cell": (Cell("GRU"), series),
        "lstm-cell": (Cell("LSTM"), series),
        "rnn": (Recurrent("RNN"), series),
        "gru": (Recurrent("GRU"), series),
        "lstm": (Recurrent("LSTM"), series),
        "lstm-bidirectional": (Recurrent("LSTM", bidirectional=True), series),
        "half": (seq(nn.Linear(6, 8), nn.ReLU(), nn.Linear(8, 2)).half(), vector.half()),
        "double": (seq(nn.Linear(6, 8), nn.Tanh(), nn.Linear(8, 2)).double(), vector.double()),
    }
    for name, (model, x) in models.items():
        model.eval()
        for dynamo in (False, True):

            def build(name, model=model, x=x, dynamo=dynamo):
                data = x.float().numpy() if x.is_floating_point() else x.numpy()
                if dynamo:
                    import onnx

                    program = torch.onnx.export(model, (x[:1],), dynamo=True, verbose=False, input_names=["x"])
                    proto = program.model_proto
                    del proto.metadata_props[:]
                    for node in proto.graph.node:
                        del node.metadata_props[:]
                    save(name, proto, x=data)
                else:
                    file = io.BytesIO()
                    torch.onnx.export(model, (x[:1],), file, dynamo=False, input_names=["x"], opset_version=17, dynamic_axes={"x": {0: "batch"}})
                    save(name, file.getvalue(), x=data)

            attempt(f"torch-{name}{'-dynamo' if dynamo else ''}", build)


def main():
    if OUT is None:
        sys.exit(__doc__)
    for family in (scikit, boosting, pytorch):
        try:
            family()
        except ImportError as error:
            failed.append(f"{family.__name__}: {error}")
    print(f"{len(made)} models in {OUT}")
    for line in failed:
        print("not made:", line)


if __name__ == "__main__":
    main()
