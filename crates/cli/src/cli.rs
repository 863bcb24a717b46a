//! The command line: every command, and what `verdict --help` says.

use crate::commands::{
    accuracy::Accuracy,
    address::AddressCommand,
    audit::AuditCommand,
    bench::{Bench, BenchOne},
    bundle::BundleCommand,
    call::Call,
    commit::Commit,
    compile::Compile,
    completions::Completions,
    demo::Demo,
    deploy::Deploy,
    entries::EntriesCommand,
    estimate::Estimate,
    evidence::Evidence,
    gather::{Gather, Label},
    hide::{Hide, Redact},
    inspect::Inspect,
    prove::Prove,
    register::Register,
    relay::{LogFormat, Relay},
    run::Run,
    sign::Sign,
    signerd::SignerdCommand,
    srs::SrsCommand,
    submit::Submit,
    verify::Verify,
    worker::WorkerCommand,
};
use crate::{error::CliError, report::output::Output};
use clap::{CommandFactory, Parser, Subcommand};

const AFTER_HELP: &str = "\
Exit codes:
  0  success
  1  unexpected failure; please report it
  2  wrong use of the command line
  3  unusable input: model, data, proof file, or a value outside the model's domain
  4  rejected: a proof that does not verify, a contract that refuses, or artefacts of different digests
  5  set-up or cache: missing, too small, corrupt
  6  input or output: missing file, no permission, full disk, a node that does not answer
  7  a proof that verifies under a key that nothing was compared with: neither --model nor --key
  8  a compiled model whose integers are too far from the float model; --accept-accuracy takes it nevertheless

Environment:
  VERDICT_CACHE        folder of set-ups and keys (default: ~/.cache/verdict)
  VERDICT_RPC_URL      the node, instead of --rpc
  VERDICT_PRIVATE_KEY  who signs, instead of --private-key
  VERDICT_DEPLOYMENT   the file of addresses, instead of --deployment
  RUST_LOG             what to log to stderr, e.g. `verdict_prover=debug`

Examples:
  verdict demo
  verdict compile model.onnx --calibration data.npz
  verdict prove model.verdict --input input.json --dev --out proof.json
  verdict verify proof.json --model model.verdict --evm --dev
  verdict demo --all
  verdict deploy --local chain.json --dev
  verdict sign oracle feed --model model.verdict --input input.json --private-key-file key --local chain.json
  verdict submit oracle feed proof.json --evidence @evidence.hex --local chain.json";

/// Proves machine-learning inference and verifies it with one Solidity contract.
#[derive(Debug, Parser)]
#[command(name = "verdict", version, after_help = AFTER_HELP)]
pub(crate) struct Cli {
    /// Print results as JSON and nothing but results on stdout
    #[arg(long, global = true)]
    pub(crate) json: bool,
    /// Log more to stderr; twice for more yet
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    pub(crate) verbose: u8,
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Import, make and list set-ups
    #[command(subcommand)]
    Srs(SrsCommand),
    /// Turn an ONNX model into integers that can be proved
    Compile(Compile),
    /// Say what proving and verifying will cost, before proving
    Estimate(Estimate),
    /// Prove an inference
    Prove(Prove),
    /// Verify a proof with the Rust verifier, or as a transaction to the contract
    Verify(Verify),
    /// Compute a compiled model's outputs for rows of data, without a proof
    Run(Run),
    /// Compare a compiled model with its float model, and draw a report
    Accuracy(Accuracy),
    /// Make a model of many items at once whose outputs are the largest over them
    Gather(Gather),
    /// Add an input for labels to an ONNX file, and whether the model is right as its output
    Label(Label),
    /// Print the commitments to inputs that a proof will carry
    Commit(Commit),
    /// Make the secret that keeps a model's weights private, good for a number of proofs
    Hide(Hide),
    /// Take the weights out of a model: its public architecture
    Redact(Redact),
    /// Recompute everything public of a verifying key, a bundle, or a registered version
    Audit(Box<AuditCommand>),
    /// Make one file, with one digest, of all that a model version is
    Bundle(BundleCommand),
    /// Describe a compiled model, a proof or an ONNX file
    Inspect(Inspect),
    /// Show everything at once with models that come with this program
    Demo(Demo),
    /// Deploy the contracts
    Deploy(Box<Deploy>),
    /// Register a model, or another version of it
    Register(Box<Register>),
    /// Print the account that a key, a keystore or a Ledger signs for
    Address(AddressCommand),
    /// Sign a model's inputs as one of a feature source's data signers
    Sign(Box<Sign>),
    /// Make the evidence that a feature source asks for
    Evidence(Evidence),
    /// Compute the root of an airdrop's entries, and what an account claims with
    Entries(EntriesCommand),
    /// Hand a proof to a contract that acts on it
    Submit(Box<Submit>),
    /// Read from a contract, or send it a transaction
    Call(Box<Call>),
    /// Keep contracts fed: watch, infer, prove, submit
    Relay(Box<Relay>),
    /// Sign features as one of a source's data signers, when asked and if they are true
    Signerd(SignerdCommand),
    /// Prove for a relayer, on another machine
    Worker(WorkerCommand),
    /// Measure models, each in a process of its own
    Bench(Box<Bench>),
    #[command(hide = true)]
    BenchOne(BenchOne),
    /// Print shell completions
    Completions(Completions),
}

impl Command {
    /// How a service's logs are written; `None` for what is no service.
    pub(crate) const fn log_format(&self) -> Option<LogFormat> {
        match self {
            Self::Relay(args) => args.log_format(),
            Self::Signerd(args) => Some(args.log_format()),
            Self::Worker(args) => args.log_format(),
            _ => None,
        }
    }

    /// Runs the command.
    pub(crate) fn run(self, output: &Output) -> Result<(), CliError> {
        match self {
            Self::Srs(args) => args.run(output),
            Self::Compile(args) => args.run(output),
            Self::Estimate(args) => args.run(output),
            Self::Prove(args) => args.run(output),
            Self::Verify(args) => args.run(output),
            Self::Run(args) => args.run(output),
            Self::Accuracy(args) => args.run(output),
            Self::Gather(args) => args.run(output),
            Self::Label(args) => args.run(output),
            Self::Commit(args) => args.run(output),
            Self::Hide(args) => args.run(output),
            Self::Redact(args) => args.run(output),
            Self::Audit(args) => args.run(output),
            Self::Bundle(args) => args.run(output),
            Self::Inspect(args) => args.run(output),
            Self::Demo(args) => args.run(output),
            Self::Deploy(args) => args.run(output),
            Self::Register(args) => args.run(output),
            Self::Address(args) => args.run(output),
            Self::Sign(args) => args.run(output),
            Self::Evidence(args) => args.run(output),
            Self::Entries(args) => args.run(output),
            Self::Submit(args) => args.run(output),
            Self::Call(args) => args.run(output),
            Self::Relay(args) => args.run(output),
            Self::Signerd(args) => args.run(output),
            Self::Worker(args) => args.run(output),
            Self::Bench(args) => args.run(output),
            Self::BenchOne(args) => args.run(output),
            Self::Completions(args) => args.run(Cli::command(), output),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    /// Every command of the program, with the commands that lead to it.
    fn commands() -> Vec<Vec<clap::Command>> {
        let mut commands = Vec::new();
        let mut open = vec![vec![Cli::command()]];
        while let Some(path) = open.pop() {
            let inner = path[path.len() - 1].get_subcommands();
            let inner = inner.filter(|it| !it.is_hide_set() && it.get_name() != "help");
            open.extend(inner.map(|it| [path.as_slice(), std::slice::from_ref(it)].concat()));
            commands.push(path);
        }
        commands
    }

    /// The command lines under "Example:" or "Examples:" in a command's help.
    fn examples(command: &clap::Command) -> Vec<String> {
        let help = command.get_after_help().map(ToString::to_string);
        let help = help.unwrap_or_default();
        let mut lines = help.lines();
        let found = lines.any(|line| line == "Examples:" || line == "Example:");
        let examples = lines.take_while(|line| !line.is_empty());
        examples
            .map(|line| line.trim().to_owned())
            .filter(|_| found)
            .collect()
    }

    /// An example's arguments, its placeholders of hexadecimal digits filled up to `digits`; what a
    /// shell redirects is not an argument.
    fn arguments(example: &str, digits: usize) -> Vec<String> {
        let fill = |word: String| {
            let Some((before, after)) = word.split_once('…') else {
                return word;
            };
            let given = before.len() + after.chars().take_while(char::is_ascii_hexdigit).count();
            let zeros = "0".repeat((digits + 2).saturating_sub(given));
            format!("{before}{zeros}{after}")
        };
        let words = shlex::split(example).unwrap().into_iter();
        words.take_while(|word| word != ">").map(fill).collect()
    }

    #[test]
    fn every_command_has_an_example() {
        for path in commands() {
            let names: Vec<&str> = path.iter().map(clap::Command::get_name).collect();
            // A command that leads to others may leave the examples to them, and they may leave
            // theirs to it.
            let own = path.iter().skip(1).any(|it| !examples(it).is_empty());
            let inner = path[path.len() - 1].get_subcommands().next().is_some();
            assert!(own || inner, "{names:?}");
        }
    }

    #[test]
    fn every_example_is_understood() {
        let mut count = 0;
        for path in commands() {
            for example in examples(&path[path.len() - 1]) {
                assert!(example.starts_with("verdict "), "{example}");
                // Of an address, or of a digest.
                let parsed =
                    [40, 64].map(|digits| Cli::try_parse_from(arguments(&example, digits)));
                let [Err(address), Err(digest)] = parsed else {
                    count += 1;
                    continue;
                };
                panic!("`{example}`: {address}{digest}");
            }
        }
        assert!(count > 60, "{count} examples");
    }
}
