#!/usr/bin/env bash
# Deploys everything to a local anvil with the scripts of solidity/script, and compares the results with that chain:
# core, a model, a feature source, all four consumers. Leaves solidity/deployments/dry-run.json behind.
set -euo pipefail
exec </dev/null
cd "$(dirname "${BASH_SOURCE[0]}")/../solidity"

bin=../node_modules/.bin
model=logreg-breast-cancer
# Of anvil's well-known mnemonic: accounts 0, 1 and 2.
key=0xac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80
admin=0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266
guardian=0x70997970C51812dc3A010C7d01b50e0d17dc79C8
treasury=0x3C44CdDdB6a900fa2b585dd299e03d12FA4293BC

export VERDICT_DEPLOYMENT=deployments/dry-run.json
export VERDICT_FIXTURES=deployments/dry-run-fixtures.json
mkdir -p deployments
rm -f deployments/dry-run*
log=$(mktemp)

# A port that nobody uses: anvil takes one if asked for port 0, and says which.
"$bin/anvil" --port 0 --hardfork osaka >"$log" 2>&1 &
anvil=$!
trap 'kill "$anvil" 2>/dev/null || true; wait "$anvil" 2>/dev/null || true; rm -f "$log"' EXIT
for _ in $(seq 100); do
    port=$(sed -n 's/^Listening on 127\.0\.0\.1:\([0-9]*\).*/\1/p' "$log")
    [[ -n "$port" ]] && break
    if ! kill -0 "$anvil" 2>/dev/null; then
        cat "$log" >&2
        exit 1
    fi
    sleep 0.1
done
if [[ -z "$port" ]]; then
    echo "deploy-dry-run: anvil doesn't listen" >&2
    exit 1
fi
rpc=http://127.0.0.1:$port

# run <script> [settings]: as an operator would.
run() {
    echo "deploy-dry-run: $1 ${2:-}"
    if ! VERDICT_CONFIG=${2:-} VERDICT_MODEL=$model "$bin/forge" script "$1" --offline --rpc-url "$rpc" --broadcast \
        --private-key "$key" --slow >"$log.out" 2>&1; then
        cat "$log.out" >&2
        rm -f "$log.out"
        exit 1
    fi
    rm -f "$log.out"
}

# fill <example>: its placeholders replaced by addresses and times of this run.
fill() {
    local now
    now=$("$bin/cast" block latest --field timestamp --rpc-url "$rpc")
    node -e '
        const fs = require("node:fs");
        const [example, file, fixtures, admin, guardian, treasury, now] = process.argv.slice(1);
        const day = 86400;
        const values = {
          ...JSON.parse(fs.readFileSync(fixtures, "utf8")), admin, guardian, treasury,
          batchesUntil: +now + 20 * day, claimsFrom: +now + 10 * day,
          claimsUntil: +now + 40 * day, sweepFrom: +now + 50 * day,
        };
        const filled = fs.readFileSync(example, "utf8").replace(/"@(\w+)"/g, (whole, name) => {
          if (!(name in values)) throw new Error(`no value for ${whole}`);
          return JSON.stringify(values[name]);
        });
        fs.writeFileSync(file, filled);
    ' "script/config/$1.example.json" "deployments/dry-run-$1.json" "$VERDICT_FIXTURES" \
        "$admin" "$guardian" "$treasury" "$now"
}

run script/DeployCore.s.sol script/config/core.development.json
run script/RegisterModel.s.sol
run script/DeploySource.s.sol script/config/source.development.json
run test/script/Fixtures.s.sol
for example in script/config/*.example.json; do
    consumer=$(basename "$example" .example.json)
    fill "$consumer"
    run "script/Deploy${consumer^}.s.sol" "deployments/dry-run-$consumer.json"
done

# Running a script again must change nothing.
cp "$VERDICT_DEPLOYMENT" "$log.before"
run script/DeployCore.s.sol script/config/core.development.json
run script/RegisterModel.s.sol
node -e '
    const fs = require("node:fs");
    const [before, after] = process.argv.slice(1).map((file) => JSON.parse(fs.readFileSync(file, "utf8")));
    delete before.core.block;
    delete after.core.block;
    require("node:assert").deepStrictEqual(after, before);
' "$log.before" "$VERDICT_DEPLOYMENT"
rm -f "$log.before"

"$bin/forge" script script/CheckDeployment.s.sol --offline --rpc-url "$rpc" >"$log" 2>&1 || {
    cat "$log" >&2
    exit 1
}

# And with another tool: code at every address of the results.
node -e '
    const results = JSON.parse(require("node:fs").readFileSync(process.argv[1], "utf8"));
    const list = (value, path) => typeof value === "string"
      ? (/^0x[0-9a-fA-F]{40}$/.test(value) ? [`${path} ${value}`] : [])
      : Object.entries(value ?? {}).flatMap(([key, inner]) => list(inner, `${path}.${key}`));
    console.log(list(results, "").join("\n"));
' "$VERDICT_DEPLOYMENT" | while read -r path address; do
    size=$("$bin/cast" codesize "$address" --rpc-url "$rpc")
    printf '%-40s %s %6d bytes\n' "$path" "$address" "$size"
    if ((size == 0)); then
        echo "deploy-dry-run: no code at $path" >&2
        exit 1
    fi
done
echo "deploy-dry-run: results in solidity/$VERDICT_DEPLOYMENT agree with the chain"
