#!/usr/bin/env bash
# Proves the large networks (1.04 M, 3.8 M and 18.4 M parameters; random weights made by scripts/train/big.py) and prints
# time, peak memory and gas. Optional: needs Python from the registry, about 5 GiB of memory and a few minutes.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
names=("$@")
((${#names[@]})) || names=(mlp-1m mlp-4m mlp-18m)

missing=()
for name in "${names[@]}"; do
    [[ -f target/bench/$name/model.onnx ]] || missing+=("$name")
done
if ((${#missing[@]})); then
    if [[ ! -x .venv/bin/python ]]; then
        python3 -m venv .venv
        .venv/bin/pip install --quiet -r scripts/train/requirements.txt
    fi
    .venv/bin/python scripts/train/big.py "${missing[@]}"
fi
cargo build --release --locked -p verdict-cli
for name in "${names[@]}"; do
    target/release/verdict bench --optimize time,memory \
        --model "target/bench/$name/model.onnx" --calibration "target/bench/$name/calibration.npz"
done
