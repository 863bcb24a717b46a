#!/usr/bin/env python3
"""Writes test-vectors/corpus/cases.bin: ONNX files with rows and what onnxruntime makes of them, for crates/compiler/tests/corpus.

    python3 -m venv .venv && .venv/bin/pip install -r scripts/requirements-corpus.txt
    .venv/bin/python scripts/corpus_cases.py [--random 100] [--add FAMILY FOLDER] [--unpack FOLDER]
    VERDICT_UPDATE_VECTORS=1 cargo test --release -p verdict-compiler --test corpus
    scripts/check-vectors.sh --update

Families: `random`, graphs of scripts/corpus_graphs.py, made anew with --random; and whatever --add reads, a folder of
NAME/model.onnx with a data file beside each: `export` (scripts/train/exports.py makes such a folder) and `case`, small files each
of which once went wrong; and `mixed`, small files of one question each: what an operator means by its defaults in an operator set, by
ties, negative divisors, missing operands or infinities. Other families stay as they are. --unpack writes all of them as folders, for scripts/corpus.sh.

The file is as that of scripts/onnx-node-tests.py: a zlib stream of a 32-bit length, a JSON index, and blobs. It depends on the
versions of onnxruntime and of the libraries, so another machine's may differ in the last bits of the outputs.
"""

import argparse
import json
import struct
import sys
import zlib
from pathlib import Path

import numpy as np
import onnx
import onnx.version_converter
import onnxruntime

import corpus
import corpus_graphs

OUT = Path(__file__).resolve().parent.parent / "test-vectors" / "corpus" / "cases.bin"
# Rows of a case: enough to calibrate.
ROWS = 16
# A case with more numbers than this is left out: the file is committed.
MAX_NUMBERS = 40_000
# Cases whose oracle is coarser than single precision, relatively: libsvm's probabilities are iterated to 0.0025.
LOOSE = {"sklearn-svc-binary": 0.01}
# What half precision rounds to, at every step of the model.
HALF = 4e-3
# Inputs this much apart, relatively, must give the same decisions: float32 itself is no better.
NUDGE = 3e-6


def session_of(model):
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    options.intra_op_num_threads = 1
    # As the file says: fusions round otherwise.
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    return onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])


def numeric_outputs(model):
    """The outputs that are tensors of numbers; of a ZipMap what it reads. Labels that are strings are left out."""
    made_by = {name: node for node in model.graph.node for name in node.output}
    names = []
    for output in model.graph.output:
        node = made_by.get(output.name)
        if node is not None and node.op_type == "ZipMap":
            names.append(node.input[0])
        elif output.type.HasField("tensor_type") and output.type.tensor_type.elem_type != onnx.TensorProto.STRING:
            names.append(output.name)
    return names


def exposed(model, names):
    """The model with these values as outputs."""
    copy = onnx.ModelProto()
    copy.CopyFrom(model)
    existing = {output.name: output for output in model.graph.output}
    del copy.graph.output[:]
    for name in names:
        output = existing.get(name)
        tensor = output is not None and output.type.HasField("tensor_type")
        copy.graph.output.append(output if tensor else onnx.helper.make_empty_tensor_value_info(name))
    return copy


def expected(model, names, rows):
    """Per row and output what onnxruntime says: every row by itself, as `verdict` runs it."""
    session = session_of(exposed(model, names))
    count = len(next(iter(rows.values())))
    results = []
    for row in range(count):
        feeds, batch = {}, 1
        for info in session.get_inputs():
            value = rows[info.name][row]
            shape = corpus.sizes(info.shape, None)
            if None in shape:
                # Of unknown length, as the data has it.
                shape = [1, *value.shape]
            elif int(np.prod(shape)) != value.size and shape[0] > 1:
                # A batch that is left in the file: all of it the same.
                batch = shape[0]
                value = np.stack([value] * batch)
            feeds[info.name] = value.reshape(shape).astype(corpus.TYPES[info.type])
        values = session.run(names, feeds)
        results.append([np.asarray(v[:1] if batch > 1 else v).astype(np.float64).reshape(-1) for v in values])
    return results


def useful(model, rows, outputs):
    """Whether a random graph tells anything, and does not hang on the last bit of a number."""
    for at in range(len(outputs[0])):
        values = np.stack([row[at] for row in outputs])
        if not np.isfinite(values).all() or np.abs(values).max() > 1e6 or np.ptp(values) < 1e-3 * np.abs(values).max():
            return False
    names = [output.name for output in model.graph.output]
    for sign in (1, -1):
        random = np.random.default_rng(7)
        nudged = {
            n: (v + sign * NUDGE * random.standard_normal(v.shape)).astype(v.dtype) if v.dtype == np.float32 else v for n, v in rows.items()
        }
        for before, after in zip(outputs, expected(model, names, nudged)):
            if any(np.abs(a - b).max() > 1e-3 * max(1, np.abs(a).max()) for a, b in zip(before, after)):
                return False
    return True


def random_cases(count):
    seed, found = 0, []
    while len(found) < count:
        seed += 1
        grown = corpus_graphs.graph(seed)
        if grown is None:
            continue
        model, rows = grown
        rows = {i.name: rows[i.name] for i in model.graph.input}
        if len(model.graph.node) < 4 or not rows:
            continue
        names = [output.name for output in model.graph.output]
        try:
            outputs = expected(model, names, rows)
        except Exception:
            continue
        if useful(model, rows, outputs):
            found.append((f"random-{seed:04}", "random", model, names, rows, outputs))
    return found


def folder_cases(family, folder):
    found = []
    for file in sorted(folder.rglob("*.onnx")):
        name = file.parent.name if file.stem == "model" else file.stem
        # In what a case stands for, not in what went wrong once.
        data = corpus.beside(file)
        try:
            model = onnx.load(file)
            inputs = corpus.graph_inputs(model)
            lengths = [(i.name, corpus.dims(i)) for i in inputs]
            rows = read(data, lengths)
            if any(i.type.tensor_type.elem_type == onnx.TensorProto.STRING for i in inputs):
                raise ValueError("it has inputs of words, which the container does not hold")
            size = sum(v[0].size for v in rows.values())
            keep = max(2, min(ROWS, MAX_NUMBERS // size))
            rows = {n: v[:keep] for n, v in rows.items()}
            if sum(v.size for v in rows.values()) + file.stat().st_size / 4 > 2 * MAX_NUMBERS:
                raise ValueError("too large")
            names = numeric_outputs(model)
            found.append((name, family, file.read_bytes(), names, rows, expected(model, names, rows)))
        except Exception as error:
            print(f"left out: {name}: {type(error).__name__}: {str(error).splitlines()[0][:160]}", file=sys.stderr)
    return found


def read(data, inputs):
    if data.suffix == ".npz":
        with np.load(data) as file:
            keys = {n: n if n in file else file.files[at if len(inputs) > 1 else 0] for at, (n, _) in enumerate(inputs)}
            return {n: file[key] for n, key in keys.items()}
    return corpus.read_data(data, [(n, int(np.prod(corpus.sizes(shape)))) for n, shape in inputs])


def packed(array):
    array = np.asarray(array).reshape(-1)
    if array.dtype in (np.float32, np.float16):
        return "f4", array.astype("<f4").tobytes()
    if array.dtype.kind in "biu" and (array.size == 0 or np.abs(array.astype(np.float64)).max() < 2**31):
        return "i4", array.astype("<i4").tobytes()
    array = array.astype(np.float64)
    finite = np.isfinite(array)
    if (array[finite].astype(np.float32).astype(np.float64) == array[finite]).all():
        return "f4", array.astype("<f4").tobytes()
    return "f8", array.astype("<f8").tobytes()


def unpacked():
    content = zlib.decompress(OUT.read_bytes())
    (length,) = struct.unpack("<I", content[:4])
    return json.loads(content[4 : 4 + length]), content[4 + length :]


def tensor(blobs, blob):
    offset, count, kind = blob
    return np.frombuffer(blobs, f"<{kind}", count, offset)


def write(cases, kept):
    blobs, index = bytearray(), []

    def blob(array):
        kind, content = packed(array)
        offset = len(blobs)
        blobs.extend(content)
        return [offset, len(content) // int(kind[1]), kind]

    def model_blob(content):
        offset = len(blobs)
        blobs.extend(content)
        return [offset, len(content)]

    for case, old in kept:
        rows = [[[blob(tensor(old, b)) for b in side] for side in row] for row in case["rows"]]
        offset, length = case["model"]
        index.append({**case, "model": model_blob(old[offset : offset + length]), "rows": rows})
    for name, family, model, names, rows, outputs in cases:
        content = model if isinstance(model, bytes) else model.SerializeToString()
        inputs = list(rows)
        loose = LOOSE.get(name) or (HALF if corpus.half(onnx.load_from_string(content)) else None)
        index.append({
            "name": name,
            "domain": family,
            "op": "",
            "rtol": loose or 1e-4,
            "atol": loose or 1e-5,
            "model": model_blob(content),
            "inputs": inputs,
            "outputs": names,
            "shapes": [list(rows[n].shape[1:]) for n in inputs],
            "rows": [[[blob(rows[n][row]) for n in inputs], [blob(v) for v in values]] for row, values in enumerate(outputs)],
        })
    index.sort(key=lambda case: (case["domain"], case["name"]))
    header = json.dumps({"onnx": onnx.__version__, "onnxruntime": onnxruntime.__version__, "cases": index}).encode()
    OUT.parent.mkdir(parents=True, exist_ok=True)
    OUT.write_bytes(zlib.compress(struct.pack("<I", len(header)) + header + bytes(blobs), 9))
    print(f"{len(index)} cases, {OUT.stat().st_size:,} bytes")


def unpack(folder):
    """Every case as FOLDER/FAMILY/NAME/model.onnx and data.npz."""
    index, blobs = unpacked()
    for case in index["cases"]:
        place = folder / case["domain"] / case["name"]
        place.mkdir(parents=True, exist_ok=True)
        offset, length = case["model"]
        (place / "model.onnx").write_bytes(blobs[offset : offset + length])
        arrays = {
            name: np.stack([tensor(blobs, row[0][at]).reshape(case["shapes"][at]) for row in case["rows"]])
            for at, name in enumerate(case["inputs"])
        }
        np.savez(place / "data.npz", **arrays)
    print(f"{len(index['cases'])} cases in {folder}")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--random", type=int, default=None, metavar="N", help="make N random graphs anew")
    parser.add_argument("--add", nargs=2, action="append", default=[], metavar=("FAMILY", "FOLDER"), help="make a family anew")
    parser.add_argument("--unpack", type=Path, metavar="FOLDER", help="write the cases as folders, and nothing else")
    options = parser.parse_args()
    if options.unpack:
        return unpack(options.unpack)
    cases = [case for family, folder in options.add for case in folder_cases(family, Path(folder))]
    anew = {family for family, _ in options.add}
    if options.random is not None:
        cases += random_cases(options.random)
        anew.add("random")
    kept = []
    if OUT.exists():
        index, blobs = unpacked()
        kept = [(case, blobs) for case in index["cases"] if case["domain"] not in anew]
    write(cases, kept)


if __name__ == "__main__":
    main()
