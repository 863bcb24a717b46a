#!/usr/bin/env python3
"""Builds all Rust tests and runs them in two lanes side by side: those that compute, one program after another as
cargo would, and those that mostly wait for blocks and polls of a real node, which would leave the processor idle.

Arguments go to `cargo test`, for example `scripts/run_tests.py --profile ci --workspace --locked`. Every program's
output is printed whole when it has ended, with the seconds it took; the slowest are listed at the end. All programs
run even if one fails; then the exit code is 1.
"""

import json
import os
import pathlib
import subprocess
import sys
import threading
import time

# Tests that wait: package to its test programs, or to all of them.
WAITING = {"verdict-relayer": None, "verdict-cli": {"relay", "load"}}
# Tests of a program of that lane that run at once: each has its own node and its own database.
WAITING_THREADS = 5

output = threading.Lock()


def build(arguments):
    """The test programs, as (package, target, executable, folder of the package)."""
    command = ["cargo", "test", *arguments, "--no-run", "--message-format", "json-render-diagnostics"]
    cargo = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    programs = []
    for line in cargo.stdout:
        message = json.loads(line)
        if message.get("reason") != "compiler-artifact" or not message["profile"]["test"]:
            continue
        if message["executable"]:
            folder = pathlib.Path(message["manifest_path"]).parent
            package = message["package_id"].rsplit("#", 1)[-1].split("@")[0]
            package = package if package.startswith("verdict-") else f"verdict-{folder.name}"
            programs.append((package, message["target"]["name"], message["executable"], folder))
    if cargo.wait() != 0:
        sys.exit(cargo.returncode)
    return sorted(programs)


def waits(package, target):
    targets = WAITING.get(package, set())
    return targets is None or target in targets


def run(program, threads):
    """Runs a program: whether it passed, and its seconds."""
    package, target, executable, folder = program
    command = [executable, *(["--test-threads", str(threads)] if threads else [])]
    environment = {**os.environ, "CARGO_MANIFEST_DIR": str(folder)}
    started = time.monotonic()
    ended = subprocess.run(command, cwd=folder, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    seconds = time.monotonic() - started
    with output:
        print(f"     {package} {target} ({seconds:.1f} s)", flush=True)
        sys.stdout.buffer.write(ended.stdout)
        sys.stdout.flush()
    return ended.returncode == 0, seconds


def lane(programs, threads, results):
    for program in programs:
        results.append((program, *run(program, threads)))


def main():
    arguments = sys.argv[1:]
    if "--help" in arguments or "-h" in arguments:
        print(__doc__)
        return
    started = time.monotonic()
    programs = build(arguments)
    print(f"{len(programs)} test programs, built in {time.monotonic() - started:.0f} s", flush=True)

    results = []
    waiting = [it for it in programs if waits(*it[:2])]
    computing = [it for it in programs if not waits(*it[:2])]
    beside = threading.Thread(target=lane, args=(waiting, WAITING_THREADS, results))
    beside.start()
    lane(computing, None, results)
    beside.join()

    print("The slowest:")
    for (package, target, _, _), _, seconds in sorted(results, key=lambda it: -it[2])[:12]:
        print(f"  {seconds:6.1f} s  {package} {target}")
    failed = [f"{it[0]} {it[1]}" for it, passed, _ in results if not passed]
    if failed:
        sys.exit("FAILED: " + ", ".join(failed))
    documentation = subprocess.run(["cargo", "test", *arguments, "--doc"], check=False)
    sys.exit(documentation.returncode)


if __name__ == "__main__":
    main()
