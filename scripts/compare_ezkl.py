"""EZKL beside Verdict on the same ONNX files. Run it through scripts/compare-ezkl.sh, which installs EZKL.

Every EZKL step runs in a process of its own, whose peak memory the kernel reports. Gas is `gasUsed` of real
transactions on anvil. Settings of EZKL:

  calibrated  the ONNX file as it is, EZKL's own calibration (target "resources")
  prescaled   the same without the input scaler nodes (Sub, Div), which the caller then applies: cheaper for EZKL
  tuned       prescaled, with run arguments found by hand and the smallest height that holds them
  one-column  the same with one inner column, which costs the least gas
"""

import argparse
import asyncio
import inspect
import json
import os
import shlex
import socket
import statistics
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
BIN = ROOT / "node_modules" / ".bin"
TEST_MODELS = ["logreg-breast-cancer", "mlp-digits", "mlp-digits28", "mlp-deep"]
BIG_MODELS = ["mlp-1m"]
# Trained by scripts/train/nets.py.
NETS = ["lenet5"]
MODES = ["calibrated", "prescaled", "tuned", "one-column"]
CALIBRATION_ROWS = 20
# Run arguments found by hand. The 512-cubed decomposition needs a short range-check table, so the rows alone decide the
# height. One inner column instead of two makes the cheapest contract; four are slower and dearer in gas, all measured.
TUNED = {
    "tuned": {"decomp_base": 512, "decomp_legs": 3},
    "one-column": {"decomp_base": 512, "decomp_legs": 3, "num_inner_cols": 1},
}
# Rows that EZKL leaves for blinding, generously.
SPARE_ROWS = 16
CONTRACT_LIMIT = 24_576
MIB = 1 << 20


# ---------------------------------------------------------------- one step, in its own process


def finished(call, *args):
    """The call's result, waited for where it is a future: those want a running event loop when they are made."""

    async def run():
        result = call(*args)
        return await result if inspect.isawaitable(result) else result

    return asyncio.run(run())


def step_prepare(source, work, mode, **_):
    """model.onnx, input.json and calibration.json in `work`, without the scaler nodes unless `mode` is calibrated."""
    import numpy as np
    import onnx
    from onnx import numpy_helper

    model = onnx.load(source / "model.onnx")
    rows = np.load(source / "calibration.npz")[model.graph.input[0].name][:CALIBRATION_ROWS].astype(np.float64)
    sample = np.array(json.loads((source / "input.json").read_text())["input_data"], dtype=np.float64)
    if mode != "calibrated":
        constants = {t.name: numpy_helper.to_array(t).astype(np.float64) for t in model.graph.initializer}
        name = model.graph.input[0].name
        while model.graph.node[0].op_type in ("Sub", "Div"):
            node = model.graph.node[0]
            assert node.input[0] == name
            apply = np.subtract if node.op_type == "Sub" else np.divide
            rows, sample = (apply(part, constants[node.input[1]]) for part in (rows, sample))
            unused = [t for t in model.graph.initializer if t.name == node.input[1]]
            model.graph.initializer.remove(unused[0])
            name = node.output[0]
            model.graph.node.remove(node)
        model.graph.node[0].input[0] = model.graph.input[0].name
    onnx.save(model, work / "model.onnx")
    (work / "input.json").write_text(json.dumps({"input_data": sample.tolist()}))
    (work / "calibration.json").write_text(json.dumps({"input_data": [rows.reshape(-1).tolist()]}))


def step_settings(work, mode, input_visibility, **_):
    import ezkl

    model, settings = str(work / "model.onnx"), work / "settings.json"
    args = ezkl.PyRunArgs()
    args.input_visibility = input_visibility
    args.output_visibility = "public"
    args.param_visibility = "fixed"
    for key, value in TUNED.get(mode, {}).items():
        setattr(args, key, value)
    ezkl.gen_settings(model, str(settings), py_run_args=args)
    if mode in TUNED:
        rows = max(json.loads(settings.read_text())["num_rows"], args.decomp_base)
        args.logrows = (rows + SPARE_ROWS - 1).bit_length()
        ezkl.gen_settings(model, str(settings), py_run_args=args)
    else:
        finished(ezkl.calibrate_settings, str(work / "calibration.json"), model, str(settings), "resources")


def step_compile(work, **_):
    import ezkl

    ezkl.compile_circuit(str(work / "model.onnx"), str(work / "circuit.ezkl"), str(work / "settings.json"))


def step_srs(srs, logrows, **_):
    import ezkl

    ezkl.gen_srs(str(srs), logrows)


def step_setup(work, srs, **_):
    import ezkl

    ezkl.setup(str(work / "circuit.ezkl"), str(work / "vk.key"), str(work / "pk.key"), str(srs))


def step_witness(work, **_):
    import ezkl

    finished(ezkl.gen_witness, str(work / "input.json"), str(work / "circuit.ezkl"), str(work / "witness.json"))


def step_prove(work, srs, **_):
    import ezkl

    ezkl.prove(
        str(work / "witness.json"), str(work / "circuit.ezkl"), str(work / "pk.key"), str(work / "proof.json"), str(srs)
    )


def step_verify(work, srs, **_):
    import ezkl

    paths = [str(work / part) for part in ("proof.json", "settings.json", "vk.key")]
    assert ezkl.verify(*paths, str(srs)), "EZKL rejects its own proof"


def step_solidity(work, srs, **_):
    """The contract's source and the calldata of one call."""
    import ezkl

    source = work / "verifier.sol"
    source.unlink(missing_ok=True)
    try:
        paths = [work / "vk.key", work / "settings.json", source, work / "abi.json", srs]
        finished(ezkl.create_evm_verifier, *map(str, paths))
    except RuntimeError:
        # Having written the source it looks for a solc to download, for an ABI that isn't needed here.
        if not source.exists():
            raise
    ezkl.encode_evm_calldata(str(work / "proof.json"), str(work / "calldata.bin"))


def child(payload):
    task = json.loads(payload)
    task.update({key: Path(task[key]) for key in ("source", "work", "srs") if task.get(key)})
    start = time.monotonic()
    globals()[f"step_{task.pop('step')}"](**task)
    print(json.dumps({"seconds": time.monotonic() - start}), flush=True)
    # EZKL's threads can abort the interpreter's own shutdown, when the work is done.
    os._exit(0)


class StepFailed(Exception):
    pass


def run_step(step, task):
    """Wall time of the step itself, CPU time and peak memory of the process it ran in."""
    payload = json.dumps({"step": step, **{k: str(v) if isinstance(v, Path) else v for k, v in task.items()}})
    log = Path(task["work"]) / f"{step}.log"
    with log.open("w") as out:
        process = subprocess.Popen(
            [sys.executable, __file__, "--step", payload], stdin=subprocess.DEVNULL, stdout=out, stderr=out
        )
        _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    lines = log.read_text().strip().splitlines() or [""]
    if process.returncode != 0:
        raise StepFailed(f"{step} failed ({process.returncode}): {lines[-1][:300]} (log: {log})")
    return {
        "seconds": json.loads(lines[-1])["seconds"],
        "cpu_seconds": usage.ru_utime + usage.ru_stime,
        "peak_rss_bytes": usage.ru_maxrss * 1024,
    }


# ---------------------------------------------------------------- anvil


class Anvil:
    def __enter__(self):
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        self.url = f"http://127.0.0.1:{port}"
        self.process = subprocess.Popen(
            [BIN / "anvil", "--silent", "--port", str(port)], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL
        )
        for _ in range(100):
            try:
                self.account = self.call("eth_accounts")[0]
                return self
            except OSError:
                time.sleep(0.1)
        self.__exit__()
        raise RuntimeError("anvil doesn't answer")

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait()

    def call(self, method, *params):
        body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": method, "params": params}).encode()
        request = urllib.request.Request(self.url, body, {"Content-Type": "application/json"})
        with urllib.request.urlopen(request, timeout=60) as answer:
            reply = json.load(answer)
        if "error" in reply:
            raise RuntimeError(f"{method}: {reply['error'].get('message')}")
        return reply["result"]

    def send(self, data, to=None):
        """The receipt of a mined transaction that succeeded."""
        transaction = {"from": self.account, "data": "0x" + data.hex(), "gas": hex(16_000_000)}
        if to:
            transaction["to"] = to
        digest = self.call("eth_sendTransaction", transaction)
        for _ in range(100):
            receipt = self.call("eth_getTransactionReceipt", digest)
            if receipt:
                if receipt["status"] != "0x1":
                    raise RuntimeError("transaction reverted")
                return receipt
            time.sleep(0.05)
        raise RuntimeError("transaction not mined")


def compile_solidity(source, runs):
    """Creation bytecode of the one contract in the file, by the pinned solc."""
    request = {
        "language": "Solidity",
        "sources": {"verifier.sol": {"content": source.read_text()}},
        "settings": {
            "optimizer": {"enabled": True, "runs": runs},
            "outputSelection": {"*": {"*": ["evm.bytecode.object", "evm.deployedBytecode.object"]}},
        },
    }
    done = subprocess.run(
        [ROOT / "scripts" / "solc", "--standard-json"],
        input=json.dumps(request),
        capture_output=True,
        text=True,
        check=True,
    )
    answer = json.loads(done.stdout)
    errors = [e["formattedMessage"] for e in answer.get("errors", []) if e["severity"] == "error"]
    if errors:
        raise RuntimeError(errors[0])
    built = [c for c in answer["contracts"]["verifier.sol"].values() if c["evm"]["bytecode"]["object"]]
    assert len(built) == 1, f"{len(built)} contracts"
    evm = built[0]["evm"]
    return bytes.fromhex(evm["bytecode"]["object"]), len(evm["deployedBytecode"]["object"]) // 2


def on_chain(anvil, work, runs):
    code, size = compile_solidity(work / "verifier.sol", runs)
    if size > CONTRACT_LIMIT:
        raise RuntimeError(f"the contract has {size:,} bytes, more than the {CONTRACT_LIMIT:,} a chain takes")
    deployment = anvil.send(code)
    calldata = (work / "calldata.bin").read_bytes()
    address = deployment["contractAddress"]
    answer = anvil.call("eth_call", {"from": anvil.account, "to": address, "data": "0x" + calldata.hex()}, "latest")
    if int(answer, 16) != 1:
        raise RuntimeError(f"the contract answered {answer}")
    figures = {
        "calldata_bytes": len(calldata),
        "gas_verify_transaction": int(anvil.send(calldata, address)["gasUsed"], 16),
        "gas_deploy_verifier": int(deployment["gasUsed"], 16),
        "contract_bytes": size,
    }
    # What solc can do for a caller, at a larger contract: not how EZKL compiles it.
    fast_code, fast_size = compile_solidity(work / "verifier.sol", 1_000_000)
    figures["optimizer_runs_1000000"] = {"contract_bytes": fast_size}
    if fast_size <= CONTRACT_LIMIT:
        fast = anvil.send(fast_code)
        figures["optimizer_runs_1000000"] |= {
            "gas_verify_transaction": int(anvil.send(calldata, fast["contractAddress"])["gasUsed"], 16),
            "gas_deploy_verifier": int(fast["gasUsed"], 16),
        }
    return figures


# ---------------------------------------------------------------- both systems


def say(text):
    print(f"compare: {text}", file=sys.stderr, flush=True)


def source_of(name):
    return folder_of(name) / name


def folder_of(name):
    if name in BIG_MODELS:
        return ROOT / "target" / "bench"
    return ROOT / "target" / "models" if name in NETS else ROOT / "test-vectors"


def ezkl_entry(anvil, name, mode, args):
    work = ROOT / "target" / "ezkl" / "work" / f"{name}-{mode}-{args.input}"
    work.mkdir(parents=True, exist_ok=True)
    task = {"mode": mode, "source": source_of(name), "work": work, "input_visibility": args.input}
    steps = {}
    for step in ("prepare", "settings", "compile"):
        steps[step] = run_step(step, task)
    settings = json.loads((work / "settings.json").read_text())
    run_args = settings["run_args"]
    k = run_args["logrows"]
    srs = ROOT / "target" / "ezkl" / f"kzg{k}.srs"
    task |= {"srs": srs, "logrows": k}
    if not srs.exists():
        task["srs"] = srs.with_suffix(".tmp")
        steps["srs"] = run_step("srs", task)
        task["srs"].rename(srs)
        task["srs"] = srs
    steps["setup"] = run_step("setup", task)
    steps["witness"] = run_step("witness", task)
    proves = [run_step("prove", task)]
    while len(proves) < args.repeat and proves[0]["seconds"] < 30:
        proves.append(run_step("prove", task))
    steps["prove"] = {key: statistics.median(p[key] for p in proves) for key in proves[0]}
    steps["verify"] = run_step("verify", task)
    steps["solidity"] = run_step("solidity", task)
    proof = json.loads((work / "proof.json").read_text())
    chain = on_chain(anvil, work, args.solc_runs)
    key_bytes = (work / "pk.key").stat().st_size
    if not args.keep:
        (work / "pk.key").unlink()
    return {
        "system": "EZKL 23.0.5",
        "model": name,
        "setting": mode,
        "input": args.input,
        "parameters": json.loads((source_of(name) / "info.json").read_text())["parameters"],
        "k": k,
        "run_args": {
            key: run_args[key] for key in ("input_scale", "param_scale", "decomp_base", "decomp_legs", "num_inner_cols")
        },
        "rows": settings["num_rows"],
        "setup_seconds": steps["setup"]["seconds"],
        "setup_peak_rss_bytes": steps["setup"]["peak_rss_bytes"],
        "proving_key_bytes": key_bytes,
        # Verdict's proving time includes its witness, so EZKL's witness counts here too.
        "witness_seconds": steps["witness"]["seconds"],
        "prove_seconds": steps["witness"]["seconds"] + steps["prove"]["seconds"],
        "prove_cpu_seconds": steps["witness"]["cpu_seconds"] + steps["prove"]["cpu_seconds"],
        "prove_runs": len(proves),
        "prove_peak_rss_bytes": max(steps["prove"]["peak_rss_bytes"], steps["witness"]["peak_rss_bytes"]),
        "verify_seconds": steps["verify"]["seconds"],
        "proof_bytes": len(bytes.fromhex(proof["hex_proof"].removeprefix("0x"))),
        **chain,
        "steps": steps,
    }


def verdict_entries(args, names):
    """What `verdict bench --json` measures; nothing, with the reason said, where it can't run."""
    if not args.verdict.exists():
        say(f"{args.verdict} doesn't exist (cargo build --release), so there are no figures of Verdict")
        return []
    entries = []
    for folder in dict.fromkeys(map(folder_of, names)):
        here = [name for name in names if folder_of(name) == folder]
        command = [str(args.verdict), "bench", "--json", "--vectors", str(folder), "--models", ",".join(here)]
        command += ["--input", args.input, *shlex.split(args.verdict_args)]
        say(" ".join(command))
        done = subprocess.run(command, check=False, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True)
        if done.returncode != 0:
            say(f"it failed with exit code {done.returncode}, so there are no figures of Verdict")
            continue
        try:
            found = json.loads(done.stdout)
        except json.JSONDecodeError as error:
            say(f"it printed no JSON ({error}), so there are no figures of Verdict")
            continue
        for entry in found if isinstance(found, list) else [found]:
            # Whatever tells two plans of one model apart.
            labels = [str(entry[key]) for key in ("setting", "plan", "goal", "optimize", "input") if entry.get(key)]
            entries.append({**entry, "system": "Verdict", "setting": ", ".join(labels) or "default"})
    return entries


def number(value, digits=0, scale=1):
    return "–" if value is None else f"{value / scale:,.{digits}f}"


def table(header, rows):
    lines = [header, ["---"] + ["---:"] * (len(header) - 1), *rows]
    return "\n".join("| " + " | ".join(map(str, line)) + " |" for line in lines)


def report(entries, names):
    rows, ratios = [], []
    for name in names:
        mine = [e for e in entries if e["model"] == name and e["system"] == "Verdict"]
        theirs = [e for e in entries if e["model"] == name and e["system"] != "Verdict"]
        for e in theirs + mine:
            rows.append(
                [
                    f"{name}, {e['system']}, {e['setting']}",
                    number(e.get("parameters")),
                    e.get("k", "–"),
                    number(e.get("setup_seconds"), 2),
                    number(e.get("prove_seconds"), 2),
                    number(e.get("prove_cpu_seconds"), 2),
                    number(e.get("prove_peak_rss_bytes"), 0, MIB),
                    number(e.get("proof_bytes")),
                    number(e.get("calldata_bytes")),
                    number(e.get("gas_verify_transaction")),
                    number(e.get("gas_deploy_verifier")),
                    number(e.get("gas_register_model")),
                ]
            )
        for v in mine:
            for e in theirs:
                if "error" in e:
                    continue
                # A further model costs EZKL a contract, Verdict a registration.
                pairs = [
                    (e.get(key), v.get(key))
                    for key in ("prove_seconds", "prove_peak_rss_bytes", "gas_verify_transaction")
                ]
                pairs.append((e.get("gas_deploy_verifier"), v.get("gas_register_model")))
                ratios.append(
                    [f"{name}, {e['setting']} / {v['setting']}"]
                    + [f"{a / b:.2f}" if a and b else "–" for a, b in pairs]
                )
    header = [
        "model, system, setting",
        "parameters",
        "k",
        "set-up s",
        "prove s",
        "CPU s",
        "peak MiB",
        "proof B",
        "calldata B",
    ]
    text = table([*header, "verify gas", "deploy gas", "register gas"], rows)
    if ratios:
        text += (
            "\n\nEZKL ÷ Verdict (above 1: Verdict is better); a further model is a new contract ÷ a registration\n\n"
        )
        text += table(
            ["model, EZKL setting / Verdict setting", "prove time", "peak memory", "verify gas", "further model"],
            ratios,
        )
    for e in entries:
        if "error" in e:
            text += f"\n\n{e['model']}, {e['system']}, {e['setting']}: {e['error']}"
    return text


def main():
    parser = argparse.ArgumentParser(
        prog="scripts/compare-ezkl.sh", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("models", nargs="*", metavar="model", help=f"default: {' '.join(TEST_MODELS)}")
    parser.add_argument("--all", action="store_true", help=f"also {' '.join(BIG_MODELS)}")
    parser.add_argument("--modes", default=",".join(MODES), help="EZKL's settings, with commas (default: %(default)s)")
    parser.add_argument("--input", choices=["public", "private"], default="public", help="visibility (default: public)")
    parser.add_argument(
        "--repeat", type=int, default=3, help="proofs to take the median of, if under 30 s (default: 3)"
    )
    parser.add_argument(
        "--solc-runs", type=int, default=1, help="optimizer runs for EZKL's contract (default: 1, as EZKL)"
    )
    parser.add_argument("--keep", action="store_true", help="keep EZKL's proving keys (up to gigabytes)")
    parser.add_argument("--verdict", type=Path, default=ROOT / "target" / "release" / "verdict", metavar="PATH")
    parser.add_argument("--verdict-args", default="", metavar="ARGS", help="more arguments for `verdict bench --json`")
    parser.add_argument("--json", action="store_true", help="print one JSON object instead of the tables")
    parser.add_argument("--output", type=Path, metavar="FILE", help="also write that object to a file")
    parser.add_argument("--step", help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.step:
        child(args.step)
        return 0

    names = args.models or TEST_MODELS
    if args.all:
        names = names + [n for n in BIG_MODELS if n not in names]
    for name in names:
        if name not in TEST_MODELS + BIG_MODELS + NETS:
            parser.error(f"no model named {name!r}")
    modes = args.modes.split(",")
    for mode in modes:
        if mode not in MODES:
            parser.error(f"no EZKL setting named {mode!r}")

    load = os.getloadavg()[0]
    if load > 0.5:
        say(f"the machine is busy (load {load:.1f}): times will be off")
    entries = []
    with Anvil() as anvil:
        for name in names:
            for mode in modes:
                say(f"EZKL, {name}, {mode}, input {args.input}")
                try:
                    entries.append(ezkl_entry(anvil, name, mode, args))
                except (StepFailed, RuntimeError) as error:
                    say(str(error))
                    entries.append({"system": "EZKL 23.0.5", "model": name, "setting": mode, "error": str(error)})
    entries += verdict_entries(args, names)
    result = {
        "processors": os.cpu_count(),
        "load_before": load,
        "load_after": os.getloadavg()[0],
        "entries": entries,
    }
    if args.output:
        args.output.write_text(json.dumps(result, indent=2) + "\n")
    print(json.dumps(result, indent=2) if args.json else report(entries, names))
    # A peer that can't run a model is a result; Verdict missing isn't an error either.
    return 0


if __name__ == "__main__":
    sys.exit(main())
