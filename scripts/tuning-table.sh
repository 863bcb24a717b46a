#!/usr/bin/env bash
# What tuning changes: every model of the folders, compiled with --no-tune and by default. Errors are of the output's
# range, on the calibration data.
#
# usage: scripts/tuning-table.sh [FOLDER...=test-vectors crates/compiler/tests/fixtures] [-- OPTIONS of `verdict compile`]
# A model is a folder with model.onnx and calibration.npz or data.npz, or NAME.onnx beside NAME.npz.
# Environment: VERDICT (the program to run instead of building it).
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
if [[ -z ${VERDICT:-} ]]; then
    cargo build --release --locked -p verdict-cli
    VERDICT=target/release/verdict
fi

python3 - "$VERDICT" "$@" <<'PYTHON'
import json, pathlib, subprocess, sys, tempfile, time

verdict, *rest = sys.argv[1:]
cut = rest.index("--") if "--" in rest else len(rest)
folders, options = rest[:cut] or ["test-vectors", "crates/compiler/tests/fixtures"], rest[cut + 1:]

def data(onnx):
    beside = [onnx.with_suffix(".npz"), onnx.parent / "calibration.npz", onnx.parent / "data.npz"]
    return next((file for file in beside if file.is_file()), None)

def compiled(onnx, calibration, more):
    with tempfile.TemporaryDirectory() as place:
        command = [verdict, "--json", "compile", onnx, "--calibration", calibration, "--out", f"{place}/m.verdict", *options, *more]
        start = time.time()
        done = subprocess.run(list(map(str, command)), capture_output=True, text=True)
        if not done.stdout.startswith("{"):
            return (done.stderr.strip().splitlines() or ["no message"])[-1]
        found = json.loads(done.stdout)
    tuned, chosen = found["tuned"], found["plan"].get("chosen", found["plan"])
    bits = f"{tuned['input_bits']}/{tuned['activation_bits']}/{tuned['output_bits']}{'e' if tuned['equalised'] else ''}"
    return (f"{tuned['error'] * 100:8.3f} {tuned['other_decisions'] * 100:7.2f} {bits:>9} "
            f"{found['manifest']['table_entries']:>8,} {chosen['k']:>3} {time.time() - start:>6.1f}")

one = f"{'error %':>8} {'other %':>7} {'in/hid/out':>9} {'table':>8} {'k':>3} {'s':>6}"
print(f"{'model':34} {one}  | {one}")
for folder in folders:
    for onnx in sorted(pathlib.Path(folder).rglob("*.onnx")):
        if calibration := data(onnx):
            name = onnx.parent.name if onnx.stem == "model" else onnx.stem
            before, after = (compiled(onnx, calibration, more) for more in (["--no-tune"], []))
            print(f"{name[:34]:34} {before}  | {after}", flush=True)
PYTHON
