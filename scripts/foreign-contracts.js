#!/usr/bin/env node
// Writes the protocols' own code, as their npm packages have it, to solidity/foreign/ for the adapters' tests: nothing of it
// is committed. Aave's package brings what it was compiled to, whose libraries are linked here; Morpho's and Chainlink's
// bring sources, which are compiled here. Tests deploy the files by their paths, so no test compiles foreign code. Of
// Chainlink's package nothing is needed that it depends on, and one of that is in no registry: package.json puts an empty
// package in its place.
const { createHash } = require("node:crypto");
const { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } = require("node:fs");
const path = require("node:path");

const root = path.dirname(__dirname);
const packages = path.join(root, "node_modules");
const out = path.join(root, "solidity/foreign");

const aave = {
  package: "@aave/core-v3",
  contracts: [
    "protocol/configuration/PoolAddressesProvider",
    "protocol/configuration/ACLManager",
    "protocol/pool/Pool",
    "protocol/pool/PoolConfigurator",
    "protocol/pool/DefaultReserveInterestRateStrategy",
    "protocol/tokenization/AToken",
    "protocol/tokenization/StableDebtToken",
    "protocol/tokenization/VariableDebtToken",
    "protocol/libraries/logic/BorrowLogic",
    "protocol/libraries/logic/BridgeLogic",
    "protocol/libraries/logic/ConfiguratorLogic",
    "protocol/libraries/logic/EModeLogic",
    "protocol/libraries/logic/FlashLoanLogic",
    "protocol/libraries/logic/LiquidationLogic",
    "protocol/libraries/logic/PoolLogic",
    "protocol/libraries/logic/SupplyLogic",
    "misc/AaveOracle",
    "misc/AaveProtocolDataProvider",
  ],
};
// As each project's own settings say, but for via-IR, which Morpho's have: it takes minutes and changes nothing that is tested.
const compiled = [
  {
    package: "@morpho-org/morpho-blue",
    solc: "solc-0.8.19",
    settings: { optimizer: { enabled: true, runs: 999_999 }, evmVersion: "paris" },
    contracts: ["src/Morpho.sol", "src/mocks/IrmMock.sol"],
  },
  {
    package: "@chainlink/contracts",
    solc: "solc-0.8.24",
    settings: { optimizer: { enabled: true, runs: 1_000_000 }, evmVersion: "paris" },
    contracts: ["src/v0.8/l2ep/arbitrum/ArbitrumSequencerUptimeFeed.sol", "src/v0.8/l2ep/Flags.sol"],
  },
];

// Where tests put a library: the keccak-256 of its name isn't at hand here, its SHA-256's first 20 bytes are.
const libraryAddress = (name) => createHash("sha256").update(name).digest("hex").slice(0, 40);

const versionOf = (name) => JSON.parse(readFileSync(path.join(packages, name, "package.json"), "utf8")).version;
const stamp = JSON.stringify([
  versionOf(aave.package),
  ...compiled.map((project) => versionOf(project.package)),
  createHash("sha256").update(readFileSync(__filename)).digest("hex"),
]);
const stampFile = path.join(out, ".stamp");
if (existsSync(stampFile) && readFileSync(stampFile, "utf8") === stamp) process.exit(0);

const write = (name, abi, object) => {
  const code = { object: object.startsWith("0x") ? object : `0x${object}`, linkReferences: {} };
  if (!/^0x[0-9a-f]+$/.test(code.object)) throw new Error(`${name}: its code is not linked, or there is none`);
  writeFileSync(path.join(out, `${name}.json`), JSON.stringify({ abi, bytecode: code }));
};

const linkAave = (contract) => {
  const name = path.basename(contract);
  const file = path.join(packages, aave.package, "artifacts/contracts", `${contract}.sol`, `${name}.json`);
  const artifact = JSON.parse(readFileSync(file, "utf8"));
  let code = artifact.bytecode.slice(2);
  for (const libraries of Object.values(artifact.linkReferences)) {
    for (const [library, places] of Object.entries(libraries)) {
      for (const { start, length } of places) {
        code = code.slice(0, 2 * start) + libraryAddress(library) + code.slice(2 * (start + length));
      }
    }
  }
  write(name, artifact.abi, code);
};

const compile = (project) => {
  const read = (file) => readFileSync(path.join(packages, project.package, file), "utf8");
  const sources = Object.fromEntries(project.contracts.map((file) => [file, { content: read(file) }]));
  const outputSelection = Object.fromEntries(
    project.contracts.map((file) => [file, { [path.basename(file, ".sol")]: ["abi", "evm.bytecode.object"] }]),
  );
  const input = { language: "Solidity", sources, settings: { ...project.settings, outputSelection } };
  const solc = require(path.join(packages, project.solc));
  const find = (file) => {
    try {
      return { contents: read(file) };
    } catch (error) {
      return { error: error.message };
    }
  };
  const result = JSON.parse(solc.compile(JSON.stringify(input), { import: find }));
  const errors = (result.errors ?? []).filter(({ severity }) => severity === "error");
  if (errors.length !== 0) throw new Error(errors[0].formattedMessage);
  for (const file of project.contracts) {
    const name = path.basename(file, ".sol");
    const { abi, evm } = result.contracts[file][name];
    write(name, abi, evm.bytecode.object);
  }
};

rmSync(out, { recursive: true, force: true });
mkdirSync(out, { recursive: true });
aave.contracts.forEach(linkAave);
compiled.forEach(compile);
writeFileSync(stampFile, stamp);
