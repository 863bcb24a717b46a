#!/usr/bin/env bash
# Checks the licences, bans and sources of all dependencies against deny.toml. Takes cargo-deny from
# PATH if it is there, else installs it into target/tools, which compiles for some minutes. Advisories
# are not checked: their database is on the network.
set -euo pipefail
exec </dev/null
cd "$(dirname "${BASH_SOURCE[0]}")/.."

version=0.20.2
if ! command -v cargo-deny >/dev/null; then
    cargo install cargo-deny --quiet --locked --version "$version" --root target/tools
    PATH=$PWD/target/tools/bin:$PATH
fi
cargo deny --locked check licenses bans sources
