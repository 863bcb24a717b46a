#!/usr/bin/env bash
# Builds and tests what is behind cargo features, which CI leaves out: keys in AWS's key management against a service of the
# test's own, spans at a collector of the test's own, and that everything else compiles. Ten minutes on two cores.
set -euo pipefail
exec </dev/null
cd "$(dirname "${BASH_SOURCE[0]}")/.."

scripts/setup.sh >&2
profile=(--profile ci --locked)
cargo test "${profile[@]}" -p verdict-chain --features aws-kms --test kms
cargo check "${profile[@]}" -p verdict-chain --features gcp-kms
cargo test "${profile[@]}" -p verdict-cli --features otel --test otel
cargo check "${profile[@]}" -p verdict-cli --features aws-kms,gcp-kms,otel,parquet,asm
