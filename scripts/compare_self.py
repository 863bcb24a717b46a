#!/usr/bin/env python3
"""Proves models with two builds of Verdict by turns, and prints ratios of the newer to the older one.

Times are medians of the runs, memory is the peak of proving; both programs have the same threads. Gas is of a
transaction in the embedded EVM. `scripts/compare-self.sh` builds the programs and calls this.
"""

import argparse
import json
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile

# Model of test-vectors, its inputs' visibility, and the newer program's plans: options of `verdict bench`.
ROWS = [
    ("logreg-breast-cancer", "public", ["time", "balanced", "gas"]),
    ("mlp-digits28", "private", ["time", "balanced", "gas"]),
    ("mlp-deep", "private", ["time", "balanced"]),
    ("tiny-tree", "private", ["balanced"]),
]


def bench(program, vectors, model, visibility, goal):
    """One proof, in a process of its own."""
    folder = pathlib.Path(vectors) / model
    with tempfile.TemporaryDirectory() as cache:
        command = [program, "bench", "--json", "--runs", "3", "--optimize", goal, "--input", visibility]
        command += ["--model", folder / "model.onnx", "--calibration", folder / "calibration.npz"]
        done = subprocess.run(command, capture_output=True, text=True, env={**os.environ, "VERDICT_CACHE": cache})
    if done.returncode != 0:
        sys.exit(f"{' '.join(map(str, command))}: {done.stderr.strip()[-400:]}")
    found = json.loads(done.stdout)
    row = (found if isinstance(found, list) else found.get("measurements", [found]))[0]
    if not row["verified"]:
        sys.exit(f"{program}: {model} does not verify")
    return row


def median(rows, name):
    return statistics.median(row[name] for row in rows)


def compare(options, model, visibility, goals):
    """Older and newer, by turns, so that what else the machine does falls on both."""
    old, new = [], {goal: [] for goal in goals}
    for _ in range(options.runs):
        old.append(bench(options.old, options.old_vectors, model, visibility, "time"))
        for goal in goals:
            new[goal].append(bench(options.new, options.new_vectors, model, visibility, goal))
    for goal, rows in new.items():
        yield {
            "model": model,
            "input": visibility,
            "plan": f"{goal}: k {rows[0]['k']}, c {rows[0]['width']}, t {rows[0].get('pack', '–')}",
            "seconds": median(rows, "prove_seconds"),
            "time": median(rows, "prove_seconds") / median(old, "prove_seconds"),
            "cpu": median(rows, "prove_cpu_seconds") / median(old, "prove_cpu_seconds"),
            "memory": median(rows, "prove_peak_rss_bytes") / median(old, "prove_peak_rss_bytes"),
            "gas": int(median(rows, "gas_verify_transaction")),
            "gas_ratio": median(rows, "gas_verify_transaction") / median(old, "gas_verify_transaction"),
            "register": int(median(rows, "gas_register_model")),
        }


def main():
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        epilog="example: scripts/compare-self.sh --runs 5 --models mlp-digits28",
    )
    parser.add_argument("ref", nargs="?", default="90f2f79", help="the older commit [default: 90f2f79]")
    parser.add_argument("--runs", type=int, default=5, help="turns; of each the median of three proofs [default: 5]")
    parser.add_argument("--models", help="only these, separated by commas")
    parser.add_argument("--most-time", type=float, help="fail if a time plan takes more than this times the older one")
    parser.add_argument("--most-gas", type=float, help="fail if a time plan costs more than this times the older one")
    parser.add_argument("--json", action="store_true", help="print a list of objects")
    parser.add_argument("--old", help=argparse.SUPPRESS)
    parser.add_argument("--old-vectors", help=argparse.SUPPRESS)
    parser.add_argument("--new", default="target/release/verdict", help=argparse.SUPPRESS)
    parser.add_argument("--new-vectors", default="test-vectors", help=argparse.SUPPRESS)
    parser.add_argument("--print-ref", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.print_ref:
        print(options.ref)
        return
    wanted = options.models.split(",") if options.models else None
    rows = [
        row
        for model, visibility, goals in ROWS
        if wanted is None or model in wanted
        for row in compare(options, model, visibility, goals)
    ]
    if options.json:
        print(json.dumps(rows, indent=2))
    else:
        print(f"Newer against {options.ref}'s time plan, medians of {options.runs}:\n")
        print("| model | input | plan | prove | time | CPU | memory | gas | gas ratio | registration |")
        print("|---|---|---|---|---|---|---|---|---|---|")
        for row in rows:
            print(
                f"| {row['model']} | {row['input']} | {row['plan']} | {row['seconds']:.2f} s | {row['time']:.2f} "
                f"| {row['cpu']:.2f} | {row['memory']:.2f} | {row['gas']:,} | {row['gas_ratio']:.2f} | {row['register']:,} |"
            )
    timed = [row for row in rows if row["plan"].startswith("time")]
    for name, most in [("time", options.most_time), ("gas_ratio", options.most_gas)]:
        worst = max(timed, key=lambda row: row[name], default=None)
        if most is not None and worst and worst[name] > most:
            sys.exit(f"{worst['model']}: {name} {worst[name]:.2f}, more than {most}")


if __name__ == "__main__":
    main()
