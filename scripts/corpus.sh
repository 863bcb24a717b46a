#!/usr/bin/env bash
# A folder of ONNX files through compile, prove, verify --evm, and the comparison with onnxruntime; prints a table.
# Installs onnxruntime from PyPI into target/corpus/venv, builds `verdict` unless VERDICT names one.
#
#   scripts/corpus.sh FOLDER                      prove what is small, see --help
#   scripts/corpus.sh FOLDER --no-proof --out results.json
#   scripts/corpus.sh --committed                 test-vectors/corpus, without proofs: a stage of scripts/test.sh
#   scripts/corpus.sh --help                      every option
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)

venv=$here/target/corpus/venv
wanted="$(sha256sum <"$here/scripts/requirements-corpus.txt") $(python3 --version)"
if [[ "$(cat "$venv/.installed" 2>/dev/null)" != "$wanted" ]]; then
    echo "corpus: pip install -r scripts/requirements-corpus.txt" >&2
    python3 -m venv --clear "$venv"
    "$venv/bin/pip" install --quiet --disable-pip-version-check -r "$here/scripts/requirements-corpus.txt" >&2
    echo "$wanted" >"$venv/.installed"
fi

if [[ -z "${VERDICT:-}" ]]; then
    # Before arguments are looked at, but not for help.
    case " $* " in
    *" --help "* | *" -h "*) ;;
    *)
        (cd "$here" && cargo build --quiet --locked --release --bin verdict)
        export VERDICT=$here/target/release/verdict
        ;;
    esac
fi

if [[ "${1:-}" == --committed ]]; then
    shift
    unpacked=$here/target/corpus/cases
    rm -rf "$unpacked"
    "$venv/bin/python" "$here/scripts/corpus_cases.py" --unpack "$unpacked" >&2
    exec "$venv/bin/python" "$here/scripts/corpus.py" "$unpacked" --no-proof --timeout 60 "$@"
fi
exec "$venv/bin/python" "$here/scripts/corpus.py" "$@"
