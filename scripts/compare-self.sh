#!/usr/bin/env bash
# Proves the committed models with this tree and with an older commit, by turns in one run, and prints ratios.
# Optional: no test needs it. Both are built in release mode; the older one in a worktree of its own below target/self.
#
#   scripts/compare-self.sh                       against 90f2f79, the first proof system's last release
#   scripts/compare-self.sh --runs 7 HEAD~20      any other commit
#   scripts/compare-self.sh --most-time 1.1 --most-gas 1.01 main   fails if this tree is slower or dearer than that
#   scripts/compare-self.sh --help                every option
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

for arg in "$@"; do
    if [[ "$arg" == --help || "$arg" == -h ]]; then
        exec python3 scripts/compare_self.py --help
    fi
done

ref=$(python3 scripts/compare_self.py --print-ref "$@")
commit=$(git rev-parse --verify "$ref^{commit}")
old=target/self/$commit
if [[ ! -x $old/verdict ]]; then
    mkdir -p "$old"
    git worktree add --force --detach "$old/tree" "$commit" >&2
    (cd "$old/tree" && CARGO_TARGET_DIR=../../build cargo build --release --locked --bin verdict >&2)
    cp target/self/build/release/verdict "$old/verdict"
    cp -r "$old/tree/test-vectors" "$old/test-vectors"
    git worktree remove --force "$old/tree"
fi
cargo build --release --locked --bin verdict >&2
exec python3 scripts/compare_self.py --old "$old/verdict" --old-vectors "$old/test-vectors" "$@"
