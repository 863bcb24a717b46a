#!/usr/bin/env bash
# Queues many triggers at once on a chain of this machine and prints what the relayer took: memory, throughput, how
# much of the time provers proved, how long a trigger waited for its confirmation. First with proofs made by the relayer
# itself, then with one worker and with two, which share this machine's cores.
#
#     scripts/bench-relayer.sh [TRIGGERS]        a thousand, unless it says otherwise; an hour or so on two cores
set -euo pipefail
exec </dev/null
cd "$(dirname "${BASH_SOURCE[0]}")/.."

export VERDICT_TRIGGERS=${1:-1000}
for workers in 0 1 2; do
    VERDICT_WORKERS=$workers cargo test --release --locked --quiet --package verdict-cli --test load -- --nocapture |
        grep triggers
done
