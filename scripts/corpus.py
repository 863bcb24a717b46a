#!/usr/bin/env python3
"""Tries ONNX files that nobody here wrote: compile, run, optionally prove and verify, and compare with onnxruntime.

    scripts/corpus.sh FOLDER [options]          see --help

Every *.onnx under FOLDER is tried. Its rows are a data file beside it (FILE.npz, data.npz, input.json, … or the
test_data_set_0 of ONNX's own tests), or drawn at random from its inputs' shapes. Statuses:

    exact       every value as onnxruntime's, up to float32's rounding
    within      within the error that `verdict compile` printed for these rows, which is small
    coarse      within the printed error, but that is more than --coarse of an output's range
    wrong       beyond the printed error, or the import error is no rounding, or most of the range off in a tenth of the rows
    refused     exit code 2 to 7 with a reason that names something
    unclear     refused, but the reason names neither a node, a tensor nor an input
    no-oracle   compiled, but onnxruntime cannot run the file
    timeout     beyond --timeout, or more memory than --memory
    crashed     exit code 1 or 101, or a signal; or a proof that was made and does not verify

Exit code 1 if any is wrong, unclear or crashed.
"""

import argparse
import concurrent.futures
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import threading
import time
import zlib
from collections import Counter
from pathlib import Path

import numpy as np
import onnx
import onnx.version_converter
import onnxruntime
from onnx import numpy_helper

BAD = ("wrong", "unclear", "crashed")
STATUSES = ("exact", "within", "coarse", "wrong", "refused", "unclear", "no-oracle", "timeout", "crashed")
# What float32 loses between two runtimes, relative to an output's range.
ROUNDING = 1e-5
# What libsvm leaves of the distance to a probability, four times for what is made of it.
ITERATED = 0.01
# What a model in half precision loses.
HALF = 4e-3
# An import error beyond this, relative to an output's range, is no rounding.
IMPORT = 1e-3
TYPES = {
    "tensor(float)": np.float32,
    "tensor(double)": np.float64,
    "tensor(float16)": np.float16,
    "tensor(int64)": np.int64,
    "tensor(int32)": np.int32,
    "tensor(int16)": np.int16,
    "tensor(int8)": np.int8,
    "tensor(uint8)": np.uint8,
    "tensor(uint16)": np.uint16,
    "tensor(uint32)": np.uint32,
    "tensor(uint64)": np.uint64,
    "tensor(bool)": np.bool_,
    "tensor(string)": np.str_,
}
MAX_VALUES = 400_000


class Stopped(Exception):
    """Ends the trial of a file with a status."""

    def __init__(self, status, reason):
        super().__init__(reason)
        self.status, self.reason = status, reason


def call(arguments, options, cwd):
    """Runs verdict: exit code, stdout, stderr, seconds, peak bytes."""
    started = time.monotonic()
    limit = options.memory << 20

    def limited():
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (limit, limit))

    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        child = subprocess.Popen(
            [str(options.verdict), *map(str, arguments)],
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=err,
            cwd=cwd,
            preexec_fn=limited if limit else None,
        )
        late = threading.Event()

        def stop():
            late.set()
            child.kill()

        timer = threading.Timer(options.timeout, stop)
        timer.start()
        _, status, usage = os.wait4(child.pid, 0)
        timer.cancel()
        child.returncode = os.waitstatus_to_exitcode(status)
        texts = []
        for file in (out, err):
            file.seek(0)
            texts.append(file.read().decode(errors="replace"))
    seconds = time.monotonic() - started
    if late.is_set():
        raise Stopped("timeout", f"`verdict {arguments[0]}` took more than {options.timeout} s")
    return child.returncode, texts[0], texts[1], seconds, usage.ru_maxrss * 1024


def check(code, stderr, file):
    """Raises for an exit code other than 0."""
    if code == 0:
        return
    lines = stderr.strip().replace(str(file), "FILE").splitlines()
    text = "\n".join(line for line in lines if not re.match(r"\s*(.\[\d+m)*(WARN|INFO)\b", line))
    if code < 0 and -code == signal.SIGABRT and "memory allocation" in text:
        raise Stopped("timeout", "out of memory: " + text.splitlines()[-1])
    if code in (1, 101) or code < 0:
        panic = text[text.find("panicked") :] if "panicked" in text else text
        raise Stopped("crashed", f"exit code {code}: " + panic[:300].replace("\n", " "))
    reason = text.splitlines()
    reason = " ".join(line for line in reason if not line.startswith(("note:", "warning:"))) or text
    reason = reason.removeprefix("error: ")
    named = "`" in reason
    raise Stopped("refused" if named else "unclear", reason)


def dims(info):
    return [d.dim_value if d.HasField("dim_value") else (d.dim_param or None) for d in info.type.tensor_type.shape.dim]


def graph_inputs(model):
    weights = {i.name for i in model.graph.initializer}
    return [i for i in model.graph.input if i.name not in weights]


def sizes(shape, rest=4):
    """A row's shape: what is dynamic first is the batch, what is dynamic further on gets a size."""
    return [d if isinstance(d, int) and d > 0 else (1 if at == 0 else rest) for at, d in enumerate(shape)]


def random_rows(model, file, options):
    """Rows drawn from the inputs' shapes, as an .npz by name."""
    random = np.random.default_rng(zlib.crc32(file.name.encode()))
    arrays = {}
    total = sum(int(np.prod(sizes(dims(i)))) for i in graph_inputs(model))
    rows = int(max(4, min(options.rows, MAX_VALUES // max(total, 1))))
    if total > 4 * MAX_VALUES:
        raise Stopped("no-oracle", f"its inputs have {total} values")
    for info in graph_inputs(model):
        kind = info.type.tensor_type.elem_type
        shape = sizes(dims(info))
        shape = [rows, *shape[1:]] if shape[:1] == [1] else [rows, *shape]
        if kind == onnx.TensorProto.STRING:
            raise Stopped("no-oracle", f"input `{info.name}` is of strings and has no data file")
        if kind == onnx.TensorProto.BOOL:
            arrays[info.name] = random.integers(0, 2, shape).astype(bool)
        elif kind in (onnx.TensorProto.FLOAT, onnx.TensorProto.DOUBLE, onnx.TensorProto.FLOAT16, onnx.TensorProto.BFLOAT16):
            image = len(shape) == 4
            arrays[info.name] = (random.random(shape) if image else random.standard_normal(shape)).astype(np.float32)
        else:
            arrays[info.name] = random.integers(0, 4, shape).astype(np.int64)
    return arrays


def node_test_rows(folder, model):
    """ONNX's own test data: one row, and some beside it, for calibration needs a range."""
    found = {}
    for at, info in enumerate(graph_inputs(model)):
        tensor = onnx.TensorProto()
        tensor.ParseFromString((folder / f"input_{at}.pb").read_bytes())
        value = numpy_helper.to_array(tensor)
        draws = [value]
        random = np.random.default_rng(at)
        for _ in range(3 if value.size < MAX_VALUES // 8 else 1):
            # Other values of the same: a permutation stays in range for indices too.
            draws.append(random.permutation(value.flatten()).reshape(value.shape))
        shape = dims(info)
        single = bool(shape) and (shape[0] == 1 or not isinstance(shape[0], int)) and value.shape[:1] == (1,)
        found[info.name] = np.concatenate(draws) if single else np.stack(draws)
    return found


def beside(file):
    """The data file that lies beside a model."""
    names = [f"{file.stem}.{ext}" for ext in ("npz", "json", "csv", "npy", "parquet")]
    names += [f"{stem}.{ext}" for stem in ("data", "calibration", "input", "test") for ext in ("npz", "json", "csv", "npy", "parquet")]
    for name in names:
        if (file.parent / name).exists():
            return file.parent / name
    return None


def number(value):
    """As `verdict` reads a field: numbers, nothing for a missing one."""
    return float("nan") if value in ("", None) else float(value)


def cell(value):
    """A number, or a word as it is."""
    try:
        return number(value)
    except ValueError:
        return {"true": 1.0, "false": 0.0, "na": np.nan, "n/a": np.nan, "null": np.nan, "none": np.nan}.get(value.lower(), value)


def flat(value):
    if isinstance(value, list):
        for item in value:
            yield from flat(item)
    else:
        yield cell(value)


def read_csv(path):
    import csv

    lines = [line for line in csv.reader(path.open(encoding="utf-8-sig")) if line and not line[0].startswith("#")]

    def numeric(field):
        try:
            float(field)
            return True
        except ValueError:
            return False

    first = [field.strip() for field in lines[0]]
    counting = [str(i) for i in range(len(first))]
    header = not any(map(numeric, first)) or (first == counting and len(first) > 1) or first == ["", *counting[:-1]]
    names = first if header else None
    return names, lines[1:] if header else lines


def read_data(path, inputs):
    """A data file's rows by Python's own means: {input: array[rows, values]}."""
    wanted = {name: length for name, length in inputs}
    if path.suffix == ".npz":
        with np.load(path) as file:
            arrays = {}
            for at, (name, length) in enumerate(inputs):
                key = name if name in file else "x" if at == 0 and "x" in file else file.files[at if len(inputs) > 1 else 0]
                arrays[name] = file[key].reshape(-1, length)
            return arrays
    total = sum(wanted.values())
    if path.suffix == ".npy":
        table = np.load(path).astype(np.float64).reshape(-1, total)
    elif path.suffix == ".csv":
        names, lines = read_csv(path)
        if names and len(names) != total:
            lines = [[line[names.index(n)] for n in wanted if n in names] if all(n in names for n in wanted) else line[-total:] for line in lines]
        table = np.array([[cell(field.strip()) for field in line] for line in lines], dtype=object)
    elif path.suffix == ".json":
        content = json.loads(path.read_text())
        lists = content.get("input_data", content.get("inputs", content)) if isinstance(content, dict) else content
        if isinstance(lists, dict):
            return {n: np.array(list(flat(lists[n])), dtype=object).reshape(-1, l) for n, l in inputs}
        if lists and isinstance(lists[0], dict):
            return {n: np.array(list(flat([row[n] for row in lists])), dtype=object).reshape(-1, l) for n, l in inputs}
        columns = [np.array(list(flat(value)), dtype=object) for value in lists]
        each = len(columns) == len(inputs) and all(c.size % l == 0 for (_, l), c in zip(inputs, columns))
        if isinstance(content, dict) and "input_data" in content and each and (len(inputs) > 1 or len(columns) == 1):
            return {n: c.reshape(-1, l) for (n, l), c in zip(inputs, columns)}
        table = np.concatenate(columns).reshape(-1, total)
    else:
        raise Stopped("no-oracle", f"{path.name} is read by verdict alone")
    cuts = np.cumsum(list(wanted.values()))[:-1]
    return dict(zip(wanted, np.split(table, cuts, axis=1)))


def session_of(path, model, options, folder):
    """A file of an operator set that onnxruntime no longer knows is tried as one of a newer set."""
    make = lambda path: onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    try:
        return make(path)
    except Exception:
        versions = [o.version for o in model.opset_import if o.domain in ("", "ai.onnx")]
        if not versions or versions[0] > 12:
            raise
        newer = folder / "newer.onnx"
        onnx.save(onnx.version_converter.convert_version(model, 13), newer)
        return make(newer)


def oracle(model, file, manifest, rows, folder):
    """onnxruntime on the rows: {output: array[rows, values]}."""
    names = [output["name"] for output in manifest["outputs"]]
    known = {name for node in model.graph.node for name in node.output}
    missing = [name for name in names if name not in known]
    if missing:
        raise Stopped("no-oracle", f"output `{missing[0]}` is not a value of the file")
    existing = {output.name: output for output in model.graph.output}
    made_by = {name: node for node in model.graph.node for name in node.output}
    # What a ZipMap turns into a list of dictionaries, under the name that it has before.
    before = {n: made_by[n].input[0] for n in names if made_by[n].op_type == "ZipMap"}
    asked = [before.get(name, name) for name in names]
    changed = [name for name in asked if name not in existing or not existing[name].type.HasField("tensor_type")]
    path = file
    if changed or not set(existing) <= known:
        from onnx import helper

        del model.graph.output[:]
        model.graph.output.extend(existing[n] if n not in changed else helper.make_empty_tensor_value_info(n) for n in asked)
        path = folder / "oracle.onnx"
        onnx.save(model, path)
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    # As the file says: fusions of quantised operators round otherwise.
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    options.intra_op_num_threads = 1
    try:
        session = session_of(path, model, options, folder)
    except Exception as error:
        raise Stopped("no-oracle", "onnxruntime: " + str(error).splitlines()[0]) from error
    by_name = {i["name"]: i for i in manifest["inputs"]}
    results = {name: [] for name in names}
    count = len(next(iter(rows.values())))
    for row in range(count):
        feeds = {}
        for info in session.get_inputs():
            if info.name not in by_name:
                feeds[info.name] = np.zeros(sizes(info.shape), TYPES[info.type])
                continue
            shape = list(by_name[info.name]["shape"])
            value = rows[info.name][row].reshape(shape).astype(TYPES[info.type])
            if len(info.shape) == len(shape) + 1:
                value = value[None]
                if isinstance(info.shape[0], int) and info.shape[0] > 1:
                    value = np.repeat(value, info.shape[0], axis=0)
            feeds[info.name] = value
        try:
            values = session.run(asked, feeds)
        except Exception as error:
            raise Stopped("no-oracle", "onnxruntime: " + str(error).splitlines()[0]) from error
        for name, value, output in zip(names, values, manifest["outputs"]):
            size = int(np.prod(output["shape"]))
            value = np.asarray(value).reshape(-1)
            # A batch of like rows.
            results[name].append((value if value.size == size else value[:size]).astype(np.float64))
    return {name: np.stack(values) for name, values in results.items()}


def half(model):
    """Whether the model computes in half precision, which rounds at every step; `verdict` does not."""
    kinds = {t.data_type for t in model.graph.initializer} | {i.type.tensor_type.elem_type for i in model.graph.input}
    return bool(kinds & {onnx.TensorProto.FLOAT16, onnx.TensorProto.BFLOAT16})


def rounding_of(model):
    """How far onnxruntime itself is from what the file says, relatively."""
    if iterated(model):
        return ITERATED
    return HALF if half(model) else ROUNDING


def iterated(model):
    """Whether onnxruntime iterates probabilities of a support vector machine, as libsvm does, until they are off by
    0.0025; `verdict` computes what they come to."""
    machines = (node for node in model.graph.node if node.op_type == "SVMClassifier")
    return any(attribute.name == "prob_a" and attribute.floats for node in machines for attribute in node.attribute)


def compare(found, expected, accuracy, options, rounding):
    """The status, the largest error and the largest error relative to an output's range."""
    printed = accuracy["max_abs_error"]
    imported = accuracy.get("import_error") or 0.0
    worst, relative, off_rows, status = 0.0, 0.0, 0.0, "exact"
    ranges = [float(np.ptp(v[np.isfinite(v)])) if np.isfinite(v).any() else 0.0 for v in expected.values()]
    largest = max([*ranges, *(float(np.abs(v[np.isfinite(v)]).max(initial=0)) for v in expected.values())])
    for (name, reals), spread in zip(expected.items(), ranges):
        got = found[name]
        if got.shape != reals.shape:
            return "wrong", float("inf"), float("inf"), f"`{name}` has {got.shape} values, onnxruntime {reals.shape}"
        off = np.abs(got - reals)
        off[(got == reals) | (np.isnan(got) & np.isnan(reals))] = 0
        error = float(np.nan_to_num(off, nan=np.inf).max(initial=0))
        highest = float(np.nan_to_num(np.abs(reals), nan=0, posinf=0).max(initial=0))
        # Of a constant the range is rounding.
        size = spread if spread > 1e-4 * highest else highest or 1.0
        worst, relative = max(worst, error), max(relative, error / size)
        off_rows = max(off_rows, float((np.nan_to_num(off, nan=np.inf) > 0.5 * size).any(axis=1).mean()))
        if error > printed * (1 + 1e-6) + rounding * max(size, largest):
            row, at = np.unravel_index(int(np.argmax(np.nan_to_num(off, nan=np.inf))), off.shape)
            reason = f"`{name}` at {at} of row {row} is {got[row, at]:.6g}, onnxruntime says {reals[row, at]:.6g}; printed error {printed:.3g}"
            return "wrong", worst, relative, reason
    if imported > IMPORT * max(largest, 1e-30) and imported > 1e-6:
        return "wrong", worst, relative, f"import error {imported:.3g} against values up to {largest:.3g}"
    if off_rows > 0.1:
        return "wrong", worst, relative, f"more than half the output's range off in {off_rows:.0%} of the rows"
    if relative > options.coarse:
        status = "coarse"
    elif relative > 1e-6:
        status = "within"
    return status, worst, relative, ""


def prove(compiled, data, options, folder, result):
    """A proof of the first row, verified as a transaction to the contract."""
    plan = result["k"]
    if options.no_proof or plan > options.max_k:
        return "skipped"
    code, out, err, seconds, peak = call(
        ["prove", compiled, "--input", data, "--dev", "--out", folder / "proof.json", "--json"], options, folder
    )
    check(code, err, compiled)
    result["prove_seconds"], result["prove_peak_bytes"] = round(seconds, 2), peak
    code, out, err, seconds, _ = call(
        ["verify", folder / "proof.json", "--model", compiled, "--evm", "--dev", "--json"], options, folder
    )
    if code != 0:
        raise Stopped("crashed", f"the proof does not verify, exit code {code}: {err.strip()[-300:]}")
    return "verified"


def trial(file, options):
    """Everything about one file."""
    result = {"file": str(file.relative_to(options.folder)), "status": "refused", "reason": "", "proof": ""}
    started = time.monotonic()
    try:
        with tempfile.TemporaryDirectory() as folder:
            attempt(file, options, Path(folder), result)
    except Stopped as stop:
        result["status"], result["reason"] = stop.status, stop.reason
    except Exception as error:  # the script's own fault; not to be mistaken for a model's
        result["status"], result["reason"] = "no-oracle", f"corpus.py: {type(error).__name__}: {error}"
    result["seconds"] = round(time.monotonic() - started, 2)
    return result


def attempt(file, options, folder, result):
    try:
        model = onnx.load(file)
    except Exception as error:
        # verdict says what it thinks of it.
        model = None
        result["reason"] = f"onnx: {error}"
    data = beside(file)
    tests = file.parent / "test_data_set_0"
    arrays = None
    if data is None and model is not None:
        arrays = node_test_rows(tests, model) if (tests / "input_0.pb").exists() else random_rows(model, file, options)
        data = folder / "rows.npz"
        np.savez(data, **arrays)
    elif data is None:
        data = folder / "rows.json"
        data.write_text("[[0]]")
    compiled = folder / "model.verdict"
    more = options.compile_args.split() if options.compile_args else []
    code, out, err, seconds, peak = call(
        ["compile", file, "--calibration", data, "--out", compiled, "--json", *more], options, folder
    )
    result["compile_seconds"], result["compile_peak_bytes"] = round(seconds, 2), peak
    check(code, err, file)
    report = json.loads(out)
    result["k"] = report["plan"]["chosen"]["k"]
    result["printed_error"] = report["accuracy"]["max_abs_error"]
    result["import_error"] = report["accuracy"].get("import_error")
    code, out, err, _, _ = call(["run", compiled, "--input", data, "--json"], options, folder)
    check(code, err, compiled)
    ran = json.loads(out)
    found = {}
    for values in ran["outputs"]:
        found.setdefault(values["name"], []).append(values["reals"])
    found = {name: np.array(rows, dtype=np.float64) for name, rows in found.items()}
    result["rows"] = ran["rows"]
    manifest = report["manifest"]
    inputs = [(i["name"], int(np.prod(i["shape"]))) for i in manifest["inputs"]]
    if arrays is not None:
        rows = {name: arrays[name].reshape(-1, length) for name, length in inputs}
    else:
        rows = read_data(data, inputs)
    count = len(next(iter(rows.values())))
    if count != ran["rows"]:
        raise Stopped("wrong", f"verdict reads {ran['rows']} rows of `{data.name}`, Python {count}")
    expected = oracle(model, file, manifest, rows, folder)
    status, worst, relative, reason = compare(found, expected, report["accuracy"], options, rounding_of(model))
    result.update(status=status, reason=reason, error=worst, relative_error=relative)
    if status not in BAD:
        result["proof"] = prove(compiled, data, options, folder, result)


def kind_of(reason):
    """A reason without names and numbers, to count by."""
    short = re.sub(r"`[^`]*`", "`…`", reason)
    short = re.sub(r"\[[^\]]*\]", "[…]", short)
    return re.sub(r"[-+]?\d[\d.,]*(e[-+]?\d+)?", "#", short)[:200]


def table(results):
    width = min(60, max(len(r["file"]) for r in results))
    print(f"{'file':{width}}  {'status':9} {'k':>2} {'error/range':>11} {'compile':>8} {'memory':>8} {'proof':8} reason")
    for r in results:
        share = f"{r['relative_error']:.2e}" if "relative_error" in r else ""
        seconds = f"{r['compile_seconds']:.1f} s" if "compile_seconds" in r else ""
        memory = f"{r['compile_peak_bytes'] >> 20} MB" if "compile_peak_bytes" in r else ""
        reason = r["reason"] if len(r["reason"]) <= 160 else r["reason"][:157] + "…"
        print(f"{r['file'][-width:]:{width}}  {r['status']:9} {r.get('k', ''):>2} {share:>11} {seconds:>8} {memory:>8} {r['proof']:8} {reason}")


def summary(results):
    counts = Counter(r["status"] for r in results)
    print()
    compiled = sum(counts[s] for s in ("exact", "within", "coarse", "wrong", "no-oracle"))
    print(f"{len(results)} files: " + ", ".join(f"{counts[s]} {s}" for s in STATUSES if counts[s]))
    print(f"compiled {compiled}; proved and verified {sum(r['proof'] == 'verified' for r in results)}")
    reasons = Counter(kind_of(r["reason"]) for r in results if r["status"] in ("refused", "unclear"))
    if reasons:
        print("\nrefused because")
        for reason, count in reasons.most_common():
            print(f"{count:5}  {reason}")
    return counts


def main():
    root = Path(__file__).resolve().parent.parent
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, help="a folder of ONNX files, or one file")
    parser.add_argument("--verdict", type=Path, default=os.environ.get("VERDICT", root / "target/release/verdict"))
    parser.add_argument("--no-proof", action="store_true", help="compile and run only")
    parser.add_argument("--max-k", type=int, default=14, help="prove circuits of at most 2^K rows [14]")
    parser.add_argument("--timeout", type=float, default=120, help="seconds for one command [120]")
    parser.add_argument("--memory", type=int, default=0, help="MB of address space for one command [no limit]")
    parser.add_argument("--rows", type=int, default=24, help="rows to draw where there is no data [24]")
    parser.add_argument("--coarse", type=float, default=0.05, help="share of the range that is still `within` [0.05]")
    parser.add_argument("--compile-args", default="", help="further options of `verdict compile`")
    parser.add_argument("--jobs", type=int, default=max(1, (os.cpu_count() or 1) // 2))
    parser.add_argument("--max-mb", type=float, default=200, help="leave larger files out [200]")
    parser.add_argument("--match", default="", help="only files whose path matches this regular expression")
    parser.add_argument("--out", type=Path, help="where to write the results as JSON")
    options = parser.parse_args()
    options.verdict = Path(options.verdict).resolve()
    if not options.verdict.exists():
        parser.error(f"{options.verdict} does not exist; build it, or give --verdict")
    files = [options.folder] if options.folder.is_file() else sorted(options.folder.rglob("*.onnx"))
    options.folder = (options.folder.parent if options.folder.is_file() else options.folder).resolve()
    files = [f.resolve() for f in files if re.search(options.match, str(f)) and f.stat().st_size <= options.max_mb * 2**20]
    if not files:
        parser.error("no ONNX files there")
    results = []
    with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
        for result in pool.map(lambda file: trial(file, options), files):
            results.append(result)
            print(f"[{len(results)}/{len(files)}] {result['file']}: {result['status']} {result['reason'][:100]}", file=sys.stderr)
    table(results)
    counts = summary(results)
    if options.out:
        options.out.write_text(json.dumps(results, indent=1) + "\n")
    sys.exit(1 if any(counts[s] for s in BAD) else 0)


if __name__ == "__main__":
    main()
