#!/usr/bin/env bash
# Checks that test-vectors/ is what its list of hashes says, nothing changed, missing or unlisted.
# After the vectors were regenerated on purpose: scripts/check-vectors.sh --update
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../test-vectors"

files() {
    find . -type f ! -name SHA256SUMS ! -name '*.tmp' -printf '%P\0' | LC_ALL=C sort -z
}

case "${1:-}" in
--update)
    files | xargs -0 -r sha256sum >SHA256SUMS.tmp
    mv SHA256SUMS.tmp SHA256SUMS
    echo "test-vectors/SHA256SUMS: $(wc -l <SHA256SUMS) files"
    exit
    ;;
"") ;;
*)
    echo "usage: $0 [--update]" >&2
    exit 2
    ;;
esac

sha256sum --check --quiet --strict SHA256SUMS
if ! diff <(cut -c67- SHA256SUMS) <(files | tr '\0' '\n') >&2; then
    echo "test-vectors/: files marked > are not in SHA256SUMS" >&2
    exit 1
fi
echo "$(wc -l <SHA256SUMS) files as listed"
