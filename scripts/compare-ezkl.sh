#!/usr/bin/env bash
# Proves the test models with EZKL 23.0.5 and with Verdict in one run and prints times, memory and gas side by side.
# Optional: no test needs it. Installs EZKL from PyPI into target/ezkl/venv.
#
#   scripts/compare-ezkl.sh                          the four test models, inputs public
#   scripts/compare-ezkl.sh --input private mlp-digits28
#   scripts/compare-ezkl.sh --all                    also the 1.04 M-parameter network (≈10 GiB of memory)
#   scripts/compare-ezkl.sh --modes calibrated lenet5   LeNet-5 (≈12 GiB of memory, ten minutes)
#   scripts/compare-ezkl.sh --help                   every option
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

for arg in "$@"; do
    if [[ "$arg" == --help || "$arg" == -h ]]; then
        exec python3 scripts/compare_ezkl.py --help
    fi
done

scripts/setup.sh >&2

venv() { # directory, then what pip installs
    local dir=$1 wanted
    shift
    wanted="$*"
    if [[ "$(cat "$dir/.installed" 2>/dev/null)" != "$wanted" ]]; then
        echo "compare: pip install $wanted" >&2
        python3 -m venv --clear "$dir"
        "$dir/bin/pip" install --quiet --disable-pip-version-check "$@" >&2
        echo "$wanted" >"$dir/.installed"
    fi
}

venv target/ezkl/venv ezkl==23.0.5 numpy==2.4.6 onnx==1.23.2

for arg in "$@"; do
    if [[ "$arg" == --all || "$arg" == mlp-1m ]] && [[ ! -f target/bench/mlp-1m/model.onnx ]]; then
        venv target/ezkl/train-venv -r scripts/train/requirements.txt
        target/ezkl/train-venv/bin/python scripts/train/big.py mlp-1m >&2
    fi
done

for arg in "$@"; do
    if [[ "$arg" == lenet5 && ! -f target/models/lenet5/model.onnx ]]; then
        venv target/ezkl/models-venv -r scripts/train/requirements-models.txt
        target/ezkl/models-venv/bin/python scripts/train/nets.py lenet5 >&2
    fi
done

exec target/ezkl/venv/bin/python scripts/compare_ezkl.py "$@"
