#!/usr/bin/env python3
"""Samples `verdict bench` with perf and prints where the processor's time goes, by the part of the prover that a function
belongs to. Several programs are compared column by column, for example this one and an older commit's:

    scripts/where_time_goes.py --model mlp-digits28 target/ci/verdict=--optimize,time,--width,16,--pack,4 old/verdict

An argument is a program, and after an equals sign its further arguments to `bench`, between commas. Many proofs are made so
that compiling and keys hardly count; the tables that the second proof makes are a part of their own. Functions that were
inlined count for their callers, so parts are right within some per cent.
"""

import argparse
import pathlib
import re
import subprocess
import tempfile

# The first pattern that a function's name matches says what it belongs to.
PARTS = [
    ("tables of multiples", r"verdict_msm::table"),
    (
        "multi-exponentiation",
        r"verdict_msm|halo2curves_axiom::msm|bn256::curve|bn256::fq::|Fq |BYInverter|booth|multiexp",
    ),
    ("transforms", r"fft|butterfly|Domain|EvaluationDomain"),
    ("gates and look-ups", r"quotient|plonk::evaluation|plonk::lookup|plonk::permutation|GraphEvaluator|relation|witness"),
    ("other arithmetic of scalars", r"bn256::fr|Fr |opening|arithmetic"),
    ("memory and the kernel", r"memmove|memset|memcpy|kernel|alloc::vec|malloc|free|\[k\]"),
]
REST = "the rest, what is inlined into iterators among it"


def record(program, model, further, runs):
    """Samples of each part, of one program."""
    vectors = pathlib.Path(__file__).parent.parent / "test-vectors" / model
    with tempfile.TemporaryDirectory() as folder:
        data = f"{folder}/perf.data"
        command = [program, "bench", "--json", "--model", f"{vectors}/model.onnx", "--runs", str(runs)]
        command += ["--calibration", f"{vectors}/calibration.npz", *further]
        perf = ["perf", "record", "-q", "-F", "499", "-o", data, *command]
        subprocess.run(perf, check=True, stdout=subprocess.DEVNULL)
        report = ["perf", "report", "-i", data, "--stdio", "-F", "sample,sym", "-w", "12,400"]
        listed = subprocess.run(report, check=True, capture_output=True, text=True).stdout
    samples = dict.fromkeys([*[part for part, _ in PARTS], REST], 0)
    for line in listed.splitlines():
        found = re.match(r"\s*(\d+)\s+(.*\S)", line)
        if found and not line.startswith("#"):
            part = next((part for part, pattern in PARTS if re.search(pattern, found[2])), REST)
            samples[part] += int(found[1])
    return samples


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("programs", nargs="+", metavar="PROGRAM[=ARGUMENT,...]")
    parser.add_argument("--model", default="mlp-digits28", help="a folder of test-vectors (default: mlp-digits28)")
    parser.add_argument("--runs", type=int, default=20, help="proofs to make (default: 20)")
    arguments = parser.parse_args()
    columns = []
    for number, text in enumerate(arguments.programs, 1):
        program, _, further = text.partition("=")
        columns.append(record(program, arguments.model, [it for it in further.split(",") if it], arguments.runs))
        print(f"{number}: {pathlib.Path(program).name} {further.replace(',', ' ')}, {sum(columns[-1].values())} samples")
    whole = sum(columns[0].values())
    print("| part | " + " | ".join(str(number) for number in range(1, len(columns) + 1)) + " |")
    print("|---|" + "---|" * len(columns))
    for part in columns[0]:
        shares = (f"{samples[part] / sum(samples.values()):.0%} ({samples[part] / whole:.2f})" for samples in columns)
        print(f"| {part} | " + " | ".join(shares) + " |")


if __name__ == "__main__":
    main()
