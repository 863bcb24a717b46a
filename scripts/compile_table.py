#!/usr/bin/env python3
"""Compiles models with one or more builds of verdict and prints time, processor time and peak memory beside each other.

    scripts/compile_table.py [--verdict PATH ...] [--timeout SECONDS] [FOLDER ...]

Each FOLDER holds model.onnx and calibration.npz (or data.npz). Without folders: the ten largest models that are committed,
those of the corpus unpacked to target/corpus by `scripts/corpus_cases.py --unpack target/corpus`. What took longest once
(forests, boosted trees, Hummingbird's trees, a GAN, large networks) scripts/train/slow.py makes:

    .venv/bin/python scripts/train/slow.py && scripts/compile_table.py target/slow/*
"""

import argparse
import os
import pathlib
import subprocess
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
LARGEST = 10


def data_of(folder):
    found = [folder / name for name in ("calibration.npz", "data.npz") if (folder / name).exists()]
    return found[0] if found else None


def committed():
    """The folders of the largest committed models, the largest first."""
    models = [*(ROOT / "test-vectors").glob("*/model.onnx"), *(ROOT / "target" / "corpus").glob("*/*/model.onnx")]
    models = [model for model in models if data_of(model.parent)]
    models.sort(key=lambda model: -model.stat().st_size)
    return [model.parent for model in models[:LARGEST]]


def compiled(verdict, folder, timeout):
    """Seconds, seconds of all processors, peak bytes and the exit code."""
    with tempfile.TemporaryDirectory() as work:
        command = [verdict, "compile", folder / "model.onnx", "--calibration", data_of(folder), "--accept-accuracy"]
        command += ["--out", pathlib.Path(work) / "m.verdict", "--json"]
        since = time.monotonic()
        child = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        usage = None
        while usage is None:
            done, status, found = os.wait4(child.pid, os.WNOHANG)
            if done:
                usage = found
            elif time.monotonic() - since > timeout:
                child.kill()
                os.wait4(child.pid, 0)
                return None
            else:
                time.sleep(0.01)
        cpu = usage.ru_utime + usage.ru_stime
        return time.monotonic() - since, cpu, usage.ru_maxrss * 1024, os.waitstatus_to_exitcode(status)


def cell(result, timeout):
    if result is None:
        return f"> {timeout} s"
    seconds, cpu, peak, code = result
    failed = "" if code == 0 else f" (exit code {code})"
    return f"{seconds:.1f} s (processors {cpu:.1f} s), {peak / 2**20:,.0f} MiB{failed}"


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("folders", nargs="*", type=pathlib.Path)
    arguments.add_argument("--verdict", action="append", type=pathlib.Path)
    arguments.add_argument("--timeout", type=int, default=300)
    given = arguments.parse_args()
    builds = given.verdict or [ROOT / "target" / "release" / "verdict"]
    print("| model | ONNX file | " + " | ".join(str(build.name) for build in builds) + " |")
    print("|---" * (2 + len(builds)) + "|")
    for folder in given.folders or committed():
        size = (folder / "model.onnx").stat().st_size
        cells = [cell(compiled(build, folder, given.timeout), given.timeout) for build in builds]
        print(f"| {folder.name} | {size / 1e6:.2f} MB | " + " | ".join(cells) + " |", flush=True)


if __name__ == "__main__":
    main()
