#!/usr/bin/env bash
# Rows of the circuit of nanoGPT-size decoders by their number of tokens and of an encoder, at 8 bits and at every width; then
# decoders and an encoder proved and verified in the embedded EVM. Weights are random
# (scripts/train/transformers.py).
# Optional: needs Python and PyTorch from the registry, 12 GiB of memory and half an hour on two idle cores; with SMALL=1 only
# the small proof is made, in 1 GiB. PYTHON and VERDICT name programs to use instead of what is built here.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

models=(nanogpt@8 nanogpt@16 nanogpt@32 nanogpt-open@8 nanogpt-open@16 nanogpt-open@32 nanogpt-narrow bert-tiny)
proved=(nanogpt-tiny)
[[ -n ${SMALL:-} ]] || proved+=(bert-tiny@16 nanogpt-narrow)
python=${PYTHON:-.venv/bin/python}
if [[ -z ${PYTHON:-} && ! -x $python ]]; then
    python3 -m venv .venv
    .venv/bin/pip install --quiet torch onnx numpy
fi
"$python" scripts/train/transformers.py "${models[@]}" "${proved[@]}" >/dev/null
verdict=${VERDICT:-target/release/verdict}
[[ -n ${VERDICT:-} ]] || cargo build --release --locked -p verdict-cli
# As many bits as tell the rows: with fewer, or more, only tables differ.
bits=(--no-tune --activation-bits 8 --output-bits 8 --accept-accuracy)
for model in "${models[@]}"; do
    from=target/bench/$model
    "$verdict" compile "$from/model.onnx" --calibration "$from/calibration.npz" "${bits[@]}" --out "$from/model.verdict" >/dev/null
    printf '\n== %s\n' "$model"
    "$verdict" estimate "$from/model.verdict"
done
for model in "${proved[@]}"; do
    goal=time
    # The largest one in the memory that there is.
    [[ $model != nanogpt-narrow ]] || goal=memory
    "$verdict" bench --vectors target/bench --models "$model" --optimize "$goal" "${bits[@]}"
done
