#!/usr/bin/env bash
# What integers cost in accuracy: every model of test-vectors/ and of a folder of trained ones (scripts/train/*.py), on its test data.
# Fails where top-1 falls by more than 0.3 percentage points or R² by more than 0.005.
#
# usage: scripts/accuracy-table.sh [FOLDER=target/models] [-- OPTIONS of `verdict accuracy`]
#   scripts/accuracy-table.sh
#   scripts/accuracy-table.sh /data/models -- --equalise --calibration-method mse
# Environment: VERDICT (the program to run instead of building it), ONLY (names, separated by spaces).
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

folder=target/models
if (($#)) && [[ $1 != -- ]]; then
    folder=$1
    shift
fi
(($#)) && [[ $1 == -- ]] && shift
if [[ ! -d $folder ]]; then
    echo "$folder: no such folder; scripts/train/ makes it, only test-vectors/ is measured" >&2
fi
if [[ -z ${VERDICT:-} ]]; then
    cargo build --release --locked -p verdict-cli
    VERDICT=target/release/verdict
fi

python3 - "$VERDICT" "$folder" "$@" <<'PYTHON'
import json, os, pathlib, subprocess, sys

verdict, folder, *options = sys.argv[1:]
TOP1, R2 = 0.3, 0.005
# Test rows outside the calibrated domain would be refused; a margin that takes them in is part of how such a model is compiled.
MARGIN = "0.5"
only = os.environ.get("ONLY", "").split()

def measure(model, more):
    command = [verdict, "--json", "accuracy", model / "model.onnx", "--calibration", model / "calibration.npz",
               "--test", model / "test.npz", *options, *more]
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True)
    if done.returncode:
        lines = (done.stderr or done.stdout).strip().splitlines() or ["no message"]
        raise RuntimeError(lines[-1])
    return json.loads(done.stdout)

places = [pathlib.Path("test-vectors"), pathlib.Path(folder)]
models = [m.parent for place in places if place.is_dir() for m in sorted(place.glob("*/model.onnx"))]
header = f"{'model':32} {'parameters':>10} {'bits':>5} {'rows':>6} {'refused':>7} {'margin':>6}  {'task':6} {'float':>9} {'integer':>9} {'loss':>8}"
print(header, flush=True)
print("-" * len(header))
failed = []
for model in models:
    name = model.name
    if only and name not in only:
        continue
    if not all((model / file).is_file() for file in ["calibration.npz", "test.npz"]):
        print(f"{name:32} no calibration.npz or test.npz", flush=True)
        continue
    try:
        margin, result = "0", measure(model, [])
        if result["rows_outside_domain"] and "--domain-margin" not in options and "--domain" not in options:
            margin, result = MARGIN, measure(model, ["--domain-margin", MARGIN])
    except RuntimeError as error:
        failed.append(name)
        print(f"{name:32} {error}", flush=True)
        continue
    task = result["task"] or {"task": "none"}
    info = json.loads((model / "info.json").read_text()) if (model / "info.json").is_file() else {}
    if info.get("decision") == "label" and result.get("agreement") is not None:
        # Scores whose largest is not the class: what counts is that the integers' largest is the same.
        task = {"task": "agreement"}
    if task["task"] == "classification":
        what, limit = "top-1", TOP1
        values = [f"{task[k] * 100:.2f} %" for k in ("float_top1", "integer_top1")]
        loss, shown = task["top1_loss"], f"{task['top1_loss']:.2f}"
    elif task["task"] == "regression":
        what, limit = "R²", R2
        values = [f"{task[k]:.5f}" for k in ("float_r2", "integer_r2")]
        loss, shown = task["r2_loss"], f"{task['r2_loss']:.5f}"
    elif task["task"] == "agreement":
        what, limit = "same", TOP1
        values, loss = ["–", f"{result['agreement'] * 100:.2f} %"], (1 - result["agreement"]) * 100
        shown = f"{loss:.2f}"
    else:
        what, limit, values, loss, shown = "–", 0, ["–", "–"], 0, "–"
    bad = not loss <= limit + 1e-9
    if bad:
        failed.append(name)
    print(f"{name:32} {result.get('parameters', 0):>10,} {result.get('activation_bits', 0):>5} {result['rows']:>6,} {result['rows_outside_domain']:>7,} {margin:>6}  "
          f"{what:6} {values[0]:>9} {values[1]:>9} {shown:>8}{'  TOO MUCH' if bad else ''}", flush=True)
if failed:
    sys.exit(f"{len(failed)} exceed {TOP1} percentage points of top-1 or {R2} of R², or failed: {', '.join(failed)}")
print(f"all within {TOP1} percentage points of top-1 and {R2} of R²")
PYTHON
