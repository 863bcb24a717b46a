#!/usr/bin/env python3
"""Writes test-vectors/onnx-node/cases.bin: the node tests of the `onnx` package, for crates/compiler/tests/onnx_nodes.

    python3 -m venv .venv && .venv/bin/pip install -r scripts/requirements-onnx-node-tests.txt
    .venv/bin/python scripts/onnx-node-tests.py
    VERDICT_UPDATE_VECTORS=1 cargo test --release -p verdict-compiler --test onnx_nodes
    scripts/check-vectors.sh --update

Node tests feed every tensor as a graph input, weights and shapes too. What an operator is only ever given as a constant
(ALWAYS) becomes an initializer; what it is often given as one (OFTEN) does in a second case called NAME+constants.

Beside the test's own row, a case has up to two further ones, drawn (seeded by the case's name) from between the test's smallest
and largest value, with what onnx's reference evaluator makes of them: calibration needs some range, and a second look is cheap.

The file is one zlib stream: a 32-bit length, a JSON index, and the blobs that the index refers to (little endian).
"""

import hashlib
import json
import random
import struct
import warnings
import zlib
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, numpy_helper
from onnx.backend.test.loader import load_model_tests
from onnx.reference import ReferenceEvaluator

OUT = Path(__file__).resolve().parent.parent / "test-vectors" / "onnx-node" / "cases.bin"
DRAWS = 2
# Cases with more numbers than this have no further rows: the file is committed.
MAX_DRAWN = 1500
# Cases with more numbers than this are left out, by name.
MAX_NUMBERS = 60_000

# Operand numbers by operator.
ALWAYS = {
    "AffineGrid": [1],
    "BatchNormalization": [1, 2, 3, 4],
    "CastLike": [1],
    "CenterCropPad": [1],
    "Clip": [1, 2],
    "Col2Im": [1, 2],
    "ConstantOfShape": [0],
    "Conv": [1, 2],
    "ConvInteger": [1, 2, 3],
    "ConvTranspose": [1, 2],
    "CumProd": [1],
    "CumSum": [1],
    "DFT": [1, 2],
    "DequantizeLinear": [1, 2],
    "Dropout": [1, 2],
    "Expand": [1],
    "GatherND": [1],
    "GroupNormalization": [1, 2],
    "InstanceNormalization": [1, 2],
    "LayerNormalization": [1, 2],
    "MatMulInteger": [2, 3],
    "NegativeLogLikelihoodLoss": [2],
    "OneHot": [1, 2],
    "Pad": [1, 2, 3],
    "QLinearConv": [1, 2, 3, 4, 5, 6, 7, 8],
    "QLinearMatMul": [1, 2, 4, 5, 6, 7],
    "QuantizeLinear": [1, 2],
    "RMSNormalization": [1],
    "ReduceL1": [1],
    "ReduceL2": [1],
    "ReduceLogSum": [1],
    "ReduceLogSumExp": [1],
    "ReduceMax": [1],
    "ReduceMean": [1],
    "ReduceMin": [1],
    "ReduceProd": [1],
    "ReduceSum": [1],
    "ReduceSumSquare": [1],
    "Reshape": [1],
    "Resize": [1, 2, 3],
    "ReverseSequence": [1],
    "STFT": [1, 2, 3],
    "ScatterElements": [1],
    "ScatterND": [1],
    "Slice": [1, 2, 3, 4],
    "SoftmaxCrossEntropyLoss": [2],
    "Split": [1],
    "Squeeze": [1],
    "Tile": [1],
    "TopK": [1],
    "Trilu": [1],
    "Unsqueeze": [1],
    "Upsample": [1],
}
OFTEN = {
    "Add": [1],
    "And": [1],
    "ArrayFeatureExtractor": [1],
    "BitShift": [1],
    "DeformConv": [1, 2, 3, 4],
    "Div": [1],
    "Equal": [1],
    "Gather": [1],
    "GatherElements": [1],
    "Gemm": [1, 2],
    "Greater": [1],
    "GreaterOrEqual": [1],
    "GridSample": [1],
    "Less": [1],
    "LessOrEqual": [1],
    "MatMul": [1],
    "Max": [1, 2],
    "MaxUnpool": [1, 2],
    "Min": [1, 2],
    "Mod": [1],
    "Mul": [1],
    "Or": [1],
    "PRelu": [1],
    "Pow": [1],
    "RoiAlign": [1, 2],
    "Sub": [1],
    "Sum": [1, 2],
    "Where": [0, 2],
    "Xor": [1],
}
# Of these operators only whole numbers are drawn: the evaluator does not cast an index to an integer, as ONNX says.
WHOLE = {"OneHot"}
# Of these operators only the first output is asked for.
FIRST_OUTPUT = {"LayerNormalization"}
RANDOM = {"Bernoulli", "Dropout", "RandomNormal", "RandomNormalLike", "RandomUniform", "RandomUniformLike", "Multinomial"}
# Results that rounding in half precision moves by more than their tests allow, which no reading in a higher precision repeats.
HALVES = {
    "test_attention_4d_causal_fp16",
    "test_attention_4d_gqa_with_past_and_present_fp16",
    "test_attention_4d_gqa_with_past_and_present_fp16_expanded",
    "test_qlinearmatmul_2D_int8_float16",
    "test_qlinearmatmul_3D_int8_float16",
}
# Of these values lie half-way between steps, or not, by how single precision rounds a quotient of two values.
SINGLES = {"test_dynamicquantizelinear", "test_dynamicquantizelinear_expanded"}
TYPES = {
    TensorProto.FLOAT, TensorProto.DOUBLE, TensorProto.FLOAT16, TensorProto.BOOL,
    TensorProto.FLOAT8E4M3FN, TensorProto.FLOAT8E4M3FNUZ, TensorProto.FLOAT8E5M2, TensorProto.FLOAT8E5M2FNUZ,
    TensorProto.FLOAT8E8M0, TensorProto.FLOAT4E2M1,
    TensorProto.INT2, TensorProto.INT4, TensorProto.UINT2, TensorProto.UINT4,
    TensorProto.INT8, TensorProto.INT16, TensorProto.INT32, TensorProto.INT64,
    TensorProto.UINT8, TensorProto.UINT16, TensorProto.UINT32, TensorProto.UINT64,
}  # fmt: skip


class Blobs:
    """Byte strings, each stored once."""

    def __init__(self):
        self.data = bytearray()
        self.known = {}

    def add(self, content):
        key = hashlib.sha256(content).digest()
        if key not in self.known:
            self.known[key] = len(self.data)
            self.data += content
        return self.known[key]

    def tensor(self, array):
        """[offset, count, type]"""
        flat = plain(np.ascontiguousarray(array).reshape(-1))
        if flat.dtype == np.float32:
            kind = "f4"
        elif flat.dtype != np.float64 and all(-(2**31) <= int(v) < 2**31 for v in flat):
            kind = "i4"
        else:
            kind = "f8"
        return [self.add(flat.astype("<" + kind).tobytes()), flat.size, kind]


def plain(array):
    """Numbers of the types that numpy does not have itself, and of half precision, as single floats or bytes, which hold them all."""
    name = array.dtype.name
    if name.startswith(("int", "uint")) and array.dtype.kind not in "iu":
        return array.astype(np.int8)
    if "float" in name and array.dtype not in (np.float32, np.float64):
        return array.astype(np.float32)
    return array


def array(value):
    """Tests give arrays, numpy's scalars and protobuf tensors; anything else is left for `refusal` to find."""
    if isinstance(value, TensorProto) and value.data_type in TYPES:
        return numpy_helper.to_array(value)
    return np.asarray(value) if isinstance(value, np.generic) else value


def refusal(model, inputs, outputs):
    """Why a case is not even tried: it has other values than tensors of numbers or truth values."""
    for value in [*model.graph.input, *model.graph.output]:
        kind = value.type.WhichOneof("value")
        if kind != "tensor_type":
            return f"{kind.removesuffix('_type').replace('_', ' ')} type"
        if value.type.tensor_type.elem_type not in TYPES:
            return "data type " + TensorProto.DataType.Name(value.type.tensor_type.elem_type).lower()
    if not all(isinstance(value, np.ndarray) for value in [*inputs, *outputs]):
        return "no value"
    if sum(value.size for value in [*inputs, *outputs]) > MAX_NUMBERS:
        return f"more than {MAX_NUMBERS} numbers in one test"
    return None


def with_constants(model, inputs, wanted, body):
    """The model with some inputs made initializers, and the inputs that are left; None if that changes nothing."""
    names = [name for node in model.graph.node[:1] for i, name in enumerate(node.input) if i in wanted]
    if body or len(model.graph.node) > 1:
        # A function's body: its inputs have the operator's order.
        names = [value.name for i, value in enumerate(model.graph.input) if i in wanted]
    keep, left = [], []
    changed = onnx.ModelProto()
    changed.CopyFrom(model)
    for value, array in zip(model.graph.input, inputs):
        if value.name in names:
            changed.graph.initializer.append(numpy_helper.from_array(array, value.name))
        else:
            keep.append(value)
            left.append(array)
    if not keep or len(keep) == len(model.graph.input):
        return None
    del changed.graph.input[:]
    changed.graph.input.extend(keep)
    return changed, left


def draw(generator, array, whole):
    if array.dtype == np.bool_:
        return np.array([generator.random() < 0.5 for _ in range(array.size)], dtype=bool).reshape(array.shape)
    numbers = plain(array)
    low, high = numbers.min().item(), numbers.max().item()
    if whole or np.issubdtype(numbers.dtype, np.integer):
        low, high = int(low), int(high)
        values = [generator.randint(low, high) for _ in range(array.size)]
    else:
        values = [generator.uniform(low, high) for _ in range(array.size)]
    return np.array(values, dtype=array.dtype).reshape(array.shape)


def close(a, b, rtol, atol):
    return a.shape == b.shape and np.allclose(a.astype(float), b.astype(float), rtol=rtol, atol=atol, equal_nan=True)


def drawn_rows(name, model, inputs, outputs, rtol, atol):
    """Further rows, where the reference evaluator knows the model and agrees with the test."""
    if {node.op_type for node in model.graph.node} & RANDOM or any(a.size == 0 for a in inputs):
        return
    if sum(a.size for a in [*inputs, *outputs]) > MAX_DRAWN or not all(np.isfinite(plain(a)).all() for a in inputs):
        return
    names = [value.name for value in model.graph.input]
    try:
        evaluator = ReferenceEvaluator(model)
        run = lambda arrays: evaluator.run(None, dict(zip(names, arrays)))  # noqa: E731
        if not all(close(a, b, rtol, atol) for a, b in zip(run(inputs), outputs)):
            return
        generator = random.Random(name)
        for _ in range(DRAWS):
            whole = any(node.op_type in WHOLE for node in model.graph.node)
            row = [draw(generator, array, whole) for array in inputs]
            results = [np.asarray(result) for result in run(row)]
            if all(np.isfinite(plain(r)).all() and r.shape == o.shape for r, o in zip(results, outputs)):
                yield row, results
    except Exception:  # The evaluator has gaps; the test's own row is left.
        return


def main():
    warnings.simplefilter("ignore")
    tests = {case.name: case for case in load_model_tests(kind="node")}
    blobs, cases = Blobs(), []

    def operator(name):
        model = tests[name].model
        base = name.split("_expanded")[0]
        if base != name and base in tests:
            return operator(base)
        node = model.graph.node[-1]
        return node.domain, node.op_type

    def add(name, test, model, inputs, outputs):
        domain, op = operator(test.name)
        blob = model.SerializeToString(deterministic=True)
        rows = [(inputs, outputs), *drawn_rows(name, model, inputs, outputs, test.rtol, test.atol)]
        cases.append({
            "name": name, "domain": domain, "op": op, "rtol": test.rtol, "atol": test.atol,
            "model": [blobs.add(blob), len(blob)],
            "inputs": [value.name for value in model.graph.input],
            "outputs": [value.name for value in model.graph.output],
            "rows": [[[blobs.tensor(a) for a in side] for side in row] for row in rows],
        })  # fmt: skip

    for name, test in sorted(tests.items()):
        inputs, outputs = [[array(value) for value in side] for side in test.data_sets[0]]
        domain, op = operator(name)
        if op in FIRST_OUTPUT:
            del outputs[1:], test.model.graph.output[1:]
        body = "_expanded" in name
        reason = refusal(test.model, inputs, outputs)
        if name in HALVES:
            reason = "rounding in half precision decides its result"
        if name in SINGLES:
            reason = "rounding in single precision decides its result"
        if reason:
            cases.append({"name": name, "domain": domain, "op": op, "refused": reason})
            continue
        always = with_constants(test.model, inputs, ALWAYS.get(op, []), body)
        model, varying = always or (test.model, inputs)
        add(name, test, model, varying, outputs)
        often = with_constants(test.model, inputs, OFTEN.get(op, []), body)
        if often:
            add(f"{name}+constants", test, often[0], often[1], outputs)

    latest = {}
    for schema in onnx.defs.get_all_schemas():
        if schema.domain in ("", "ai.onnx.ml"):
            latest[schema.domain, schema.name] = schema.deprecated
    operators = [{"domain": d, "op": op, "deprecated": latest[d, op]} for d, op in sorted(latest)]
    index = {"onnx": onnx.__version__, "tests": len(tests), "operators": operators, "cases": cases}
    text = json.dumps(index, separators=(",", ":")).encode()
    OUT.parent.mkdir(parents=True, exist_ok=True)
    OUT.write_bytes(zlib.compress(struct.pack("<I", len(text)) + text + bytes(blobs.data), 9))
    print(f"{len(tests)} tests, {len(cases)} cases, {OUT.stat().st_size} bytes in {OUT}")


if __name__ == "__main__":
    main()
