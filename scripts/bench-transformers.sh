#!/usr/bin/env bash
# Rows of the circuit of nanoGPT-size decoders by their number of tokens, with and without the causal mask, at 8 bits and at every
# width; then a small decoder proved and verified in the embedded EVM. Weights are random (scripts/train/transformers.py).
# Optional: needs Python and PyTorch from the registry, 2 GiB of memory and ten minutes.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

models=(nanogpt@4 nanogpt@8 nanogpt@16 nanogpt-open@8 nanogpt-open@16 nanogpt-open@32)
python=.venv/bin/python
if [[ ! -x $python ]]; then
    python3 -m venv .venv
    .venv/bin/pip install --quiet torch onnx numpy
fi
"$python" scripts/train/transformers.py "${models[@]}" nanogpt-tiny >/dev/null
cargo build --release --locked -p verdict-cli
verdict=target/release/verdict
for model in "${models[@]}"; do
    from=target/bench/$model
    # As many bits as tell the rows: with fewer, or more, only tables differ.
    "$verdict" compile "$from/model.onnx" --calibration "$from/calibration.npz" --no-tune --activation-bits 8 --output-bits 8 \
        --accept-accuracy --out "$from/model.verdict" >/dev/null
    printf '\n== %s\n' "$model"
    "$verdict" estimate "$from/model.verdict"
done
"$verdict" bench --vectors target/bench --models nanogpt-tiny --optimize time
