#!/usr/bin/env bash
# The benchmarks of larger and other models: LeNet-5 beside EZKL in one run, other kinds of networks and trees, 18.4 M parameters,
# 500 layers, 50 layers with 1.8 M parameters, 20,000 inferences of a policy network in four proofs, 1, 100 and 1,000 scores in one.
# Optional: needs Python from the registry, about 12 GiB of memory and half an hour, most of both for EZKL.
#
#   scripts/bench-models.sh                all of it
#   scripts/bench-models.sh deep policy    some of lenet, kinds, mlp-18m, deep, policy, scores
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

parts=("$@")
((${#parts[@]})) || parts=(lenet kinds mlp-18m deep policy scores)
for part in "${parts[@]}"; do
    case "$part" in
    lenet | kinds | mlp-18m | deep | policy | scores) ;;
    *)
        echo "no part named $part; they are lenet, kinds, mlp-18m, deep, policy, scores" >&2
        exit 2
        ;;
    esac
done

trained() { # folder, script, then names
    local folder=$1 script=$2 missing=() name
    shift 2
    for name in "$@"; do
        [[ -f $folder/$name/model.onnx ]] || missing+=("$name")
    done
    ((${#missing[@]})) || return 0
    if [[ ! -x target/models-venv/bin/python ]]; then
        python3 -m venv target/models-venv
        target/models-venv/bin/pip install --quiet -r scripts/train/requirements-models.txt
    fi
    target/models-venv/bin/python "scripts/train/$script" "${missing[@]}"
}

cargo build --release --locked -p verdict-cli
verdict=target/release/verdict
work=target/bench-models
mkdir -p "$work"

for part in "${parts[@]}"; do
    printf '\n== %s\n' "$part"
    case "$part" in
    lenet)
        scripts/compare-ezkl.sh --modes calibrated --verdict-args '--optimize time,balanced,gas' lenet5
        ;;
    kinds)
        # A residual network of 358,000 parameters, a depthwise-separable one, a transformer block, 100 trees of depth 6.
        trained target/models nets.py resnet-32 mobilenet-digits transformer-toy
        trained target/models trees.py xgboost-digits-ink
        "$verdict" bench --vectors target/models --optimize time \
            --models resnet-32,mobilenet-digits,transformer-toy,xgboost-digits-ink
        ;;
    mlp-18m)
        trained target/bench big.py mlp-18m
        "$verdict" bench --vectors target/bench --models mlp-18m --optimize time,memory
        ;;
    deep)
        trained target/bench big.py mlp-500 mlp-50x193
        "$verdict" bench --vectors target/bench --models mlp-500,mlp-50x193 --optimize time,memory
        ;;
    policy)
        trained target/models nets.py policy-16
        from=target/models/policy-16
        "$verdict" compile "$from/model.onnx" --calibration "$from/calibration.npz" --domain-margin 1 \
            --optimize time --out "$work/policy.verdict" >/dev/null
        # The first proof makes the keys that all share.
        for row in 0 5000 10000 15000; do
            "$verdict" prove "$work/policy.verdict" --input "$from/batch.npz" --row "$row" --batch 5000 --saturate \
                --optimize time --dev --out "$work/policy-$row.json" --json >"$work/policy.out"
            key=$(sed -n 's/^ *"key_digest": "\(0x[0-9a-f]*\)".*/\1/p' "$work/policy.out")
            "$verdict" verify "$work/policy-$row.json" --evm --dev --key "$key" --json >"$work/policy.verified"
            python3 - "$row" "$work/policy.out" "$work/policy.verified" <<'PYTHON'
import json, sys
row, proved, verified = int(sys.argv[1]), json.load(open(sys.argv[2])), json.load(open(sys.argv[3]))
gas, seconds = verified["evm"]["gas_verify_transaction"], proved["prove_seconds"]
print(f"inferences {row:,} to {row + 4999:,}: k = {proved['k']}, {seconds:.1f} s ({seconds / 5:.1f} ms each), "
      f"{proved['prove_peak_rss_bytes'] / 2**30:.2f} GiB, {gas:,} gas ({gas / 5000:.0f} each), accepted: {verified['evm']['accepted']}")
PYTHON
        done
        ;;
    scores)
        # Scores of accounts from private features, packed fifteen to a word: what an airdrop uses.
        for items in 1 100 1000; do
            "$verdict" bench --models logreg-breast-cancer --optimize gas --batch "$items"
        done
        ;;
    esac
done
