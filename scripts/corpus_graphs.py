"""Random graphs of mixed operators and types, for scripts/corpus_cases.py.

A graph grows node by node from its inputs: what is made is used again, by operators of other kinds. Floats, whole numbers and
truth values are mixed by casts, comparisons, selections and look-ups, for that is where an importer that folds and rounds
goes wrong. A node is kept if onnx's shape inference knows its output's shape; a graph is kept if onnxruntime runs it and
its outputs are finite and not all the same.
"""

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

FLOAT, INT, BOOL = TensorProto.FLOAT, TensorProto.INT64, TensorProto.BOOL
ROWS = 16


class Grower:
    """Values by name: type, shape with the batch axis 1 in front, whether the input decides them."""

    def __init__(self, seed):
        self.random = np.random.default_rng(seed)
        self.nodes, self.weights, self.inputs, self.values = [], [], [], {}
        self.used = set()

    def pick(self, options):
        return options[int(self.random.integers(len(options)))]

    def value(self, kind, rank=None, least=1):
        found = [n for n, (k, shape) in self.values.items() if k == kind and (rank is None or len(shape) in rank) and np.prod(shape) >= least]
        if not found:
            return None
        # What is new or not yet used comes first, what has been used still comes: sharing is where bugs are.
        fresh = [n for n in found if n not in self.used]
        name = self.pick(fresh if fresh and self.random.random() < 0.6 else found[-6:])
        self.used.add(name)
        return name

    def shape(self, name):
        return self.values[name][1]

    def constant(self, array):
        name = f"c{len(self.weights)}"
        self.weights.append(numpy_helper.from_array(np.asarray(array), name))
        return name

    def floats(self, *shape, scale=1.0):
        return self.constant((self.random.standard_normal(shape) * scale).round(3).astype(np.float32))

    def ints(self, *values):
        return self.constant(np.array(values, dtype=np.int64))

    def add(self, op, operands, kind, shape, outputs=1, **attributes):
        names = [f"v{len(self.values) + i}" for i in range(outputs)]
        self.nodes.append(helper.make_node(op, operands, names, name=f"{op.lower()}{len(self.nodes)}", **attributes))
        for name in names:
            self.values[name] = (kind, list(shape))
        return names[0]

    def input(self):
        name = f"in{len(self.inputs)}"
        draw = self.random.random()
        if draw < 0.75 or not self.inputs:
            shape = self.pick([[1, 4], [1, 6], [1, 5], [1, 3, 4], [1, 2, 6, 6], [1, 4, 3]])
            kind = FLOAT
        elif draw < 0.9:
            shape, kind = [1, int(self.random.integers(1, 5))], INT
        else:
            shape, kind = [1, int(self.random.integers(1, 5))], BOOL
        self.inputs.append((name, kind, shape))
        self.values[name] = (kind, shape)

    # Operators, each a way to grow; one that does not fit what there is does nothing.

    def unary(self):
        x = self.value(FLOAT)
        op, attributes = self.pick([
            ("Relu", {}), ("Sigmoid", {}), ("Tanh", {}), ("Exp", {}), ("Abs", {}), ("Neg", {}), ("Floor", {}), ("Ceil", {}), ("Round", {}),
            ("Sign", {}), ("Softplus", {}), ("Softsign", {}), ("Elu", {}), ("Selu", {}), ("LeakyRelu", {"alpha": 0.1}), ("HardSigmoid", {}),
            ("HardSwish", {}), ("Gelu", {}), ("Mish", {}), ("Erf", {}), ("Sin", {}), ("Cos", {}), ("Atan", {}), ("ThresholdedRelu", {"alpha": 0.5}),
            ("Celu", {}), ("Identity", {}),
        ])
        if op == "Exp":
            x = self.add("Clip", [x, self.constant(np.float32(-3)), self.constant(np.float32(2))], FLOAT, self.shape(x))
        self.add(op, [x], FLOAT, self.shape(x), **attributes)

    def positive(self):
        x = self.value(FLOAT)
        squared = self.add("Abs", [x], FLOAT, self.shape(x))
        more = self.add("Add", [squared, self.constant(np.float32(0.5))], FLOAT, self.shape(x))
        self.add(self.pick(["Sqrt", "Log", "Reciprocal"]), [more], FLOAT, self.shape(x))

    def linear(self):
        x = self.value(FLOAT)
        shape = self.shape(x)
        width = int(self.random.integers(2, 7))
        weights = self.floats(shape[-1], width, scale=0.7)
        if len(shape) == 2 and self.random.random() < 0.5:
            self.add("Gemm", [x, weights, self.floats(width)], FLOAT, [1, width])
        else:
            self.add("MatMul", [x, weights], FLOAT, [*shape[:-1], width])

    def scaled(self):
        x = self.value(FLOAT)
        op = self.pick(["Add", "Sub", "Mul", "Div", "Min", "Max"])
        shape = self.shape(x)
        wide = self.random.random() < 0.5
        array = (self.random.uniform(0.5, 2.0, shape if wide else [1]) * self.random.choice([-1, 1])).round(3).astype(np.float32)
        operands = [x, self.constant(array)]
        if op in ("Add", "Mul", "Sub") and self.random.random() < 0.3:
            operands.reverse()
        self.add(op, operands, FLOAT, shape)

    def binary(self):
        x = self.value(FLOAT)
        others = [n for n, (k, s) in self.values.items() if k == FLOAT and s == self.shape(x)]
        y = self.pick(others)
        self.used.add(y)
        self.add(self.pick(["Add", "Sub", "Mul", "Min", "Max", "Mean", "Sum"]), [x, y], FLOAT, self.shape(x))

    def compare(self):
        x = self.value(FLOAT)
        op = self.pick(["Greater", "Less", "GreaterOrEqual", "LessOrEqual"])
        level = self.constant(np.float32(round(float(self.random.normal()) * 0.4, 2) + 0.003))
        self.add(op, [x, level], BOOL, self.shape(x))

    def whole_compare(self):
        x = self.value(INT)
        if x is None:
            return
        op = self.pick(["Equal", "Greater", "Less", "GreaterOrEqual", "LessOrEqual"])
        self.add(op, [x, self.constant(np.int64(self.random.integers(0, 4)))], BOOL, self.shape(x))

    def logic(self):
        x = self.value(BOOL)
        if x is None:
            return
        others = [n for n, (k, s) in self.values.items() if k == BOOL and s == self.shape(x)]
        if self.random.random() < 0.3:
            self.add("Not", [x], BOOL, self.shape(x))
        else:
            self.add(self.pick(["And", "Or", "Xor", "Equal"]), [x, self.pick(others)], BOOL, self.shape(x))

    def cast(self):
        kind = self.pick([k for k in (FLOAT, INT, BOOL) if self.value(k)])
        x = self.value(kind)
        to = self.pick([k for k in (FLOAT, INT, BOOL) if k != kind and not (kind == FLOAT and k == BOOL)])
        if kind == FLOAT and to == INT:
            # Not at whole numbers, where rounding decides.
            x = self.add("Mul", [x, self.constant(np.float32(1.7))], FLOAT, self.shape(x))
        self.add("Cast", [x], to, self.shape(x), to=to)

    def whole(self):
        x = self.value(INT)
        if x is None:
            return
        op = self.pick(["Add", "Sub", "Mul", "Abs", "Neg", "Max", "Min", "Mod"])
        if op in ("Abs", "Neg"):
            self.add(op, [x], INT, self.shape(x))
        else:
            self.add(op, [x, self.constant(np.int64(self.random.integers(2, 4)))], INT, self.shape(x))

    def where(self):
        x = self.value(BOOL)
        if x is None:
            return
        kind = self.pick([FLOAT, FLOAT, INT])
        same = [n for n, (k, s) in self.values.items() if k == kind and s == self.shape(x)]
        constant = self.constant(np.float32(0.25) if kind == FLOAT else np.int64(3))
        a = self.pick(same) if same else constant
        b = constant if self.random.random() < 0.5 or not same else self.pick(same)
        self.used.update((a, b))
        self.add("Where", [x, a, b], kind, self.shape(x))

    def decide(self):
        x = self.value(FLOAT, rank=(2, 3), least=2)
        if x is None:
            return
        shape = self.shape(x)
        if shape[-1] < 2:
            return
        keep = int(self.random.integers(0, 2))
        self.add(self.pick(["ArgMax", "ArgMin"]), [x], INT, [*shape[:-1], 1] if keep else shape[:-1], axis=len(shape) - 1, keepdims=keep)

    def look_up(self):
        """A table's rows by a decision; the index within the table."""
        x = self.value(INT)
        if x is None:
            return
        rows = 4
        clipped = self.add("Max", [x, self.constant(np.int64(0))], INT, self.shape(x))
        clipped = self.add("Min", [clipped, self.constant(np.int64(rows - 1))], INT, self.shape(x))
        if self.random.random() < 0.6:
            width = int(self.random.integers(1, 4))
            self.add("Gather", [self.floats(rows, width), clipped], FLOAT, [*self.shape(x), width], axis=0)
        else:
            table = self.constant(self.random.permutation(7)[:rows].astype(np.int64))
            self.add("Gather", [table, clipped], INT, self.shape(x), axis=0)

    def one_hot(self):
        x = self.value(INT, rank=(1, 2))
        if x is None:
            return
        depth = 4
        clipped = self.add("Mod", [x, self.constant(np.int64(depth))], INT, self.shape(x))
        values = self.constant(np.array([0, 1], dtype=np.float32))
        self.add("OneHot", [clipped, self.constant(np.int64(depth)), values], FLOAT, [*self.shape(x), depth])

    def reduce(self):
        x = self.value(FLOAT, rank=(2, 3, 4), least=2)
        if x is None:
            return
        shape = self.shape(x)
        axis = int(self.random.integers(1, len(shape)))
        keep = int(self.random.integers(0, 2)) if len(shape) > 2 else 1
        after = [*shape[:axis], *([1] if keep else []), *shape[axis + 1 :]]
        op = self.pick(["ReduceSum", "ReduceMean", "ReduceMax", "ReduceMin", "ReduceL1", "ReduceL2", "ReduceSumSquare", "ReduceLogSumExp"])
        self.add(op, [x, self.ints(axis)], FLOAT, after, keepdims=keep)

    def soft_max(self):
        x = self.value(FLOAT, rank=(2, 3), least=2)
        if x is None:
            return
        self.add(self.pick(["Softmax", "LogSoftmax", "Hardmax"]), [x], FLOAT, self.shape(x), axis=-1)

    def arrange(self):
        x = self.value(self.pick([FLOAT, FLOAT, INT, BOOL]), rank=(2, 3, 4))
        if x is None:
            return
        kind, shape = self.values[x]
        what = self.random.integers(6)
        if what == 0:
            self.add("Reshape", [x, self.ints(1, -1)], kind, [1, int(np.prod(shape))])
        elif what == 1 and len(shape) > 2:
            order = [0, *(1 + self.random.permutation(len(shape) - 1)).tolist()]
            self.add("Transpose", [x], kind, [shape[i] for i in order], perm=order)
        elif what == 2 and shape[-1] > 1:
            self.add("Slice", [x, self.ints(1), self.ints(shape[-1]), self.ints(len(shape) - 1)], kind, [*shape[:-1], shape[-1] - 1])
        elif what == 3 and shape[-1] > 1:
            index = self.random.integers(0, shape[-1], 3).astype(np.int64)
            self.add("Gather", [x, self.constant(index)], kind, [*shape[:-1], 3], axis=len(shape) - 1)
        elif what == 4:
            self.add("Concat", [x, x], kind, [*shape[:-1], 2 * shape[-1]], axis=len(shape) - 1)
        elif what == 5 and kind == FLOAT:
            pads = [0] * (2 * len(shape))
            pads[len(shape) - 1], pads[-1] = int(self.random.integers(-1, 2)) if shape[-1] > 2 else 0, 1
            self.add("Pad", [x, self.ints(*pads)], kind, [*shape[:-1], shape[-1] + pads[len(shape) - 1] + 1])

    def join(self):
        x = self.value(FLOAT)
        same = [n for n, (k, s) in self.values.items() if k == FLOAT and s[:-1] == self.shape(x)[:-1]]
        y = self.pick(same)
        self.used.add(y)
        self.add("Concat", [x, y], FLOAT, [*self.shape(x)[:-1], self.shape(x)[-1] + self.shape(y)[-1]], axis=len(self.shape(x)) - 1)

    def image(self):
        x = self.value(FLOAT, rank=(4,))
        if x is None:
            return
        _, channels, height, width = self.shape(x)
        if min(height, width) < 3:
            return
        what = self.random.integers(4)
        if what == 0:
            self.add("Conv", [x, self.floats(3, channels, 3, 3, scale=0.4), self.floats(3)], FLOAT, [1, 3, height, width], pads=[1, 1, 1, 1])
        elif what == 1:
            op = self.pick(["MaxPool", "AveragePool"])
            self.add(op, [x], FLOAT, [1, channels, height - 1, width - 1], kernel_shape=[2, 2])
        elif what == 2:
            self.add(self.pick(["GlobalAveragePool", "GlobalMaxPool"]), [x], FLOAT, [1, channels, 1, 1])
        else:
            statistics = [self.floats(channels) for _ in range(3)] + [self.constant(self.random.uniform(0.5, 2, channels).astype(np.float32))]
            self.add("BatchNormalization", [x, *statistics], FLOAT, self.shape(x))

    def normalise(self):
        x = self.value(FLOAT, rank=(2, 3), least=3)
        if x is None or self.shape(x)[-1] < 3:
            return
        width = self.shape(x)[-1]
        self.add("LayerNormalization", [x, self.floats(width), self.floats(width)], FLOAT, self.shape(x), axis=-1)

    def select(self):
        """The largest values and where they are."""
        x = self.value(FLOAT, rank=(2,), least=3)
        if x is None:
            return
        values = self.add("TopK", [x, self.ints(2)], FLOAT, [self.shape(x)[0], 2], outputs=2)
        index = f"v{int(values[1:]) + 1}"
        self.values[index] = (INT, self.values[values][1])

    def clip(self):
        x = self.value(FLOAT)
        self.add("Clip", [x, self.constant(np.float32(-0.8)), self.constant(np.float32(1.1))], FLOAT, self.shape(x))


WAYS = [
    *["unary"] * 3, *["linear"] * 2, *["scaled"] * 2, *["binary"] * 2, *["compare"] * 2, *["cast"] * 3, *["decide"] * 2, *["where"] * 2,
    *["arrange"] * 2, *["image"] * 2, "positive", "whole", "whole_compare", "logic", "look_up", "look_up", "one_hot", "reduce", "soft_max", "join",
    "normalise", "select", "clip",
]


def graph(seed):
    """A model and its rows, or nothing if the graph that grew is of no use."""
    grower = Grower(seed)
    for _ in range(1 + int(grower.random.random() < 0.35)):
        grower.input()
    for _ in range(int(grower.random.integers(4, 14))):
        if sum(int(np.prod(s)) for _, s in grower.values.values()) > 2000:
            break
        getattr(grower, grower.pick(WAYS))()
    read = {name for node in grower.nodes for name in node.input}
    ends = [n for n in grower.values if n not in read and n not in {i for i, _, _ in grower.inputs}]
    if not ends:
        return None
    outputs = ends[-3:]
    info = lambda name, kind, shape: helper.make_tensor_value_info(name, kind, ["batch", *shape[1:]] if len(shape) > 0 else shape)
    proto = helper.make_graph(
        grower.nodes,
        f"random{seed}",
        [helper.make_tensor_value_info(name, kind, shape) for name, kind, shape in grower.inputs],
        [helper.make_tensor_value_info(name, *grower.values[name]) for name in outputs],
        grower.weights,
    )
    model = helper.make_model(proto, opset_imports=[helper.make_opsetid("", 20)], ir_version=9)
    rows = {}
    for name, kind, shape in grower.inputs:
        whole = [ROWS, *shape[1:]]
        if kind == FLOAT:
            rows[name] = grower.random.standard_normal(whole).round(3).astype(np.float32)
        elif kind == INT:
            rows[name] = grower.random.integers(0, 4, whole)
        else:
            rows[name] = grower.random.integers(0, 2, whole).astype(bool)
    return prune(model), rows


def prune(model):
    """Only what the outputs need."""
    wanted = {output.name for output in model.graph.output}
    kept = []
    for node in reversed(model.graph.node):
        if wanted & set(node.output):
            kept.append(node)
            wanted |= set(node.input)
    weights = [w for w in model.graph.initializer if w.name in wanted]
    inputs = [i for i in model.graph.input if i.name in wanted]
    del model.graph.node[:], model.graph.initializer[:], model.graph.input[:]
    model.graph.node.extend(reversed(kept))
    model.graph.initializer.extend(weights)
    model.graph.input.extend(inputs)
    return model
