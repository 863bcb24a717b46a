//! The command line, and the options that several commands share.

use crate::commands::{
    accuracy::Accuracy,
    address::AddressCommand,
    audit::AuditCommand,
    bench::{Bench, BenchOne},
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
    sign::Sign,
    srs::SrsCommand,
    submit::Submit,
    verify::Verify,
};
use crate::error::CliError;
use clap::{Args, Parser, Subcommand, ValueEnum};
use std::path::{Path, PathBuf};
use verdict_circuit::{Batch, Limits};
use verdict_compiler::{FloatGraph, InputDomain, Options, import_outputs};
use verdict_model::{Calibration, CompiledModel, Goal, ModelError, Visibility};

const AFTER_HELP: &str = "\
Exit codes:
  0  success
  1  unexpected failure; please report it
  2  wrong use of the command line
  3  unusable input: model, data, proof file, or a value outside the model's domain
  4  rejected: a proof that does not verify, a contract that refuses, or artefacts of different digests
  5  set-up or cache: missing, too small, corrupt
  6  input or output: missing file, no permission, full disk, a node that does not answer

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
  verdict verify --evm --dev proof.json
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
    /// Verify a proof with halo2's verifier, or as a transaction to the contract
    Verify(Verify),
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
    /// Recompute everything public of a verifying key
    Audit(AuditCommand),
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
    /// Measure models, each in a process of its own
    Bench(Box<Bench>),
    #[command(hide = true)]
    BenchOne(BenchOne),
    /// Print shell completions
    Completions(Completions),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum GoalArg {
    /// The cheapest verification
    Gas,
    /// About the fastest proof: the cheapest verification within a quarter of its time
    Time,
    /// About the least memory while proving: the cheapest verification within a quarter of it
    Memory,
    /// The fastest proof whose verification costs little more than the cheapest
    Balanced,
}

impl From<GoalArg> for Goal {
    fn from(goal: GoalArg) -> Self {
        match goal {
            GoalArg::Gas => Self::Gas,
            GoalArg::Time => Self::Time,
            GoalArg::Memory => Self::Memory,
            GoalArg::Balanced => Self::Balanced,
        }
    }
}

/// The name a goal has on the command line.
pub(crate) const fn goal_name(goal: Goal) -> &'static str {
    match goal {
        Goal::Gas => "gas",
        Goal::Time => "time",
        Goal::Memory => "memory",
        Goal::Balanced => "balanced",
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum VisibilityArg {
    /// Part of the proof's public values
    Public,
    /// Known to the prover alone
    Private,
    /// Known to the prover alone; a Poseidon commitment to them is a public value
    Committed,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum OutputArg {
    /// Part of the proof's public values
    Public,
    /// Known to the prover alone
    Private,
}

impl From<OutputArg> for Visibility {
    fn from(visibility: OutputArg) -> Self {
        match visibility {
            OutputArg::Public => Self::Public,
            OutputArg::Private => Self::Private,
        }
    }
}

impl From<VisibilityArg> for Visibility {
    fn from(visibility: VisibilityArg) -> Self {
        match visibility {
            VisibilityArg::Public => Self::Public,
            VisibilityArg::Private => Self::Private,
            VisibilityArg::Committed => Self::Committed,
        }
    }
}

/// The name a visibility has on the command line.
pub(crate) const fn visibility_name(visibility: Visibility) -> &'static str {
    match visibility {
        Visibility::Public => "public",
        Visibility::Private => "private",
        Visibility::Committed => "committed",
    }
}

/// How to quantise. Every field is optional so that "nothing given" can be told.
#[derive(Clone, Debug, Default, PartialEq, Args)]
#[command(next_help_heading = "Quantisation")]
pub(crate) struct QuantiseArgs {
    /// Values of the ONNX graph to take for outputs, e.g. the logits before a soft-max; may be given several times
    /// [default: the file's outputs; of classifiers the scores]
    #[arg(long, value_name = "NAME")]
    output_name: Vec<String>,
    /// Whether the inputs are `public` values, `private`, or `committed` to; of one of several as NAME=VISIBILITY, as often as
    /// needed [default: private]
    #[arg(long, value_name = "[NAME=]VISIBILITY", value_parser = tensor_visibility::<VisibilityArg>)]
    input: Vec<(Option<String>, Visibility)>,
    /// Whether the outputs are `public` values or `private`; of one of several as NAME=VISIBILITY [default: public]
    #[arg(long, value_name = "[NAME=]VISIBILITY", value_parser = tensor_visibility::<OutputArg>)]
    output: Vec<(Option<String>, Visibility)>,
    /// Bits of hidden activations, 2 to 15 [default: as few as agree with the float model]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(2..=15))]
    activation_bits: Option<u32>,
    /// Most bits of a weight, 2 to 16 [default: 16]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(2..=16))]
    weight_bits: Option<u32>,
    /// Bits of inputs, 2 to 15 [default: from the activations' bits]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(2..=15))]
    input_bits: Option<u32>,
    /// Bits of outputs, 2 to 15 [default: as few as agree with the float model]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(2..=15))]
    output_bits: Option<u32>,
    /// Largest table has 2^N entries, 4 to 24 [default: by goal]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(4..=24))]
    table_bits: Option<u32>,
    /// Range of inputs the model must accept; once for all inputs, or once per input [default: the calibration data's]
    #[arg(long, value_name = "MIN,MAX", value_parser = domain, allow_hyphen_values = true)]
    domain: Vec<(f64, f64)>,
    /// How far the calibrated range is widened at either end, relative to its width [default: 0]
    #[arg(long, value_name = "SHARE")]
    domain_margin: Option<f64>,
    /// How the range of hidden activations follows from the calibration data: minmax, percentile (of the magnitudes; 99.9 unless
    /// given, as in percentile=99.5), or mse (least mean squared error) [default: minmax]
    #[arg(long, value_name = "METHOD", value_parser = calibration)]
    calibration_method: Option<Calibration>,
    /// Give every channel of a hidden tensor a scale of its own where the next layers' weights can absorb it
    #[arg(long)]
    equalise: bool,
}

impl QuantiseArgs {
    /// Imports an ONNX file up to the outputs asked for.
    pub(crate) fn import(&self, path: &Path) -> Result<FloatGraph, ModelError> {
        let names: Vec<&str> = self.output_name.iter().map(String::as_str).collect();
        import_outputs(path, &names)
    }

    /// The outputs asked for; none for the file's.
    pub(crate) fn output_names(&self) -> &[String] {
        &self.output_name
    }

    /// The compiler's options for a model with `inputs` inputs.
    pub(crate) fn options(&self, goal: Goal, inputs: usize) -> Options {
        let defaults = Options::default();
        let domains = match self.domain.as_slice() {
            [(min, max)] => vec![InputDomain::Uniform(*min, *max); inputs],
            several => several
                .iter()
                .map(|(min, max)| InputDomain::Uniform(*min, *max))
                .collect(),
        };
        Options {
            activation_bits: self.activation_bits,
            weight_bits: self.weight_bits.unwrap_or(defaults.weight_bits),
            input_bits: self.input_bits,
            output_bits: self.output_bits,
            input_visibility: every(&self.input).unwrap_or(defaults.input_visibility),
            output_visibility: every(&self.output).unwrap_or(defaults.output_visibility),
            visibilities: self
                .input
                .iter()
                .chain(&self.output)
                .filter_map(|(name, visibility)| Some((name.clone()?, *visibility)))
                .collect(),
            input_domains: domains,
            domain_margin: self.domain_margin.unwrap_or(defaults.domain_margin),
            calibration: self.calibration_method.unwrap_or(defaults.calibration),
            equalise: self.equalise,
            table_bits: self.table_bits,
            goal,
        }
    }
}

fn calibration(text: &str) -> Result<Calibration, String> {
    const USUAL: f64 = 99.9;
    let share = match text.split_once('=') {
        None => match text {
            "minmax" => return Ok(Calibration::MinMax),
            "mse" => return Ok(Calibration::MeanSquaredError),
            "percentile" => Some(USUAL),
            _ => None,
        },
        Some(("percentile", share)) => share.trim().parse().ok(),
        Some(_) => None,
    };
    share
        .filter(|share| *share > 0.0 && *share <= 100.0)
        .map(Calibration::Percentile)
        .ok_or_else(|| {
            "expected minmax, percentile, percentile=P with P above 0 and at most 100, or mse"
                .into()
        })
}

/// The name a calibration method has on the command line.
pub(crate) fn calibration_name(calibration: Calibration) -> String {
    match calibration {
        Calibration::MinMax => "minmax".into(),
        Calibration::Percentile(share) => format!("percentile={share}"),
        Calibration::MeanSquaredError => "mse".into(),
    }
}

/// The last visibility given without a name.
fn every(given: &[(Option<String>, Visibility)]) -> Option<Visibility> {
    let unnamed = given.iter().rev().find(|(name, _)| name.is_none());
    unnamed.map(|(_, visibility)| *visibility)
}

/// `VISIBILITY` or `NAME=VISIBILITY`.
fn tensor_visibility<V: ValueEnum + Into<Visibility>>(
    text: &str,
) -> Result<(Option<String>, Visibility), String> {
    let (name, visibility) = match text.rsplit_once('=') {
        Some((name, visibility)) => (Some(name.to_owned()), visibility),
        None => (None, text),
    };
    V::from_str(visibility, false)
        .map(|found| (name, found.into()))
        .map_err(|_| {
            let known = V::value_variants()
                .iter()
                .filter_map(ValueEnum::to_possible_value);
            let known: Vec<String> = known.map(|value| value.get_name().to_owned()).collect();
            format!(
                "expected {}, with NAME= before it for one of several",
                known.join(" or ")
            )
        })
}

fn domain(text: &str) -> Result<(f64, f64), String> {
    let number = |part: &str| {
        part.trim()
            .parse::<f64>()
            .ok()
            .filter(|number| number.is_finite())
    };
    match text
        .split_once(',')
        .map(|(min, max)| (number(min), number(max)))
    {
        Some((Some(min), Some(max))) if min < max => Ok((min, max)),
        _ => Err("expected two numbers with a comma, the smaller first, e.g. `-1,1`".into()),
    }
}

/// What to plan for.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Plan")]
pub(crate) struct PlanArgs {
    /// What to favour
    #[arg(long, value_enum, default_value = "balanced", value_name = "GOAL")]
    pub(crate) optimize: GoalArg,
    #[command(flatten)]
    pub(crate) limits: LimitArgs,
}

#[derive(Clone, Debug, Args)]
pub(crate) struct LimitArgs {
    /// Weights to a row, 1 to 64 [default: chosen by the planner]
    #[arg(long, value_name = "C", value_parser = clap::value_parser!(u8).range(1..=64))]
    width: Option<u8>,
    /// Largest height: at most 2^K rows [default: what the set-up allows]
    #[arg(long, value_name = "K", value_parser = clap::value_parser!(u32).range(1..=28))]
    max_k: Option<u32>,
}

impl LimitArgs {
    /// The planner's limits, with the set-up's height where one is known.
    pub(crate) fn limits(&self, setup_height: Option<u32>) -> Limits {
        let defaults = Limits::default();
        let asked = self.max_k.unwrap_or(defaults.max_k);
        Limits {
            max_k: setup_height.map_or(asked, |height| asked.min(height)),
            width: self.width.map(usize::from),
            ..defaults
        }
    }
}

/// How many inferences in one proof.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Batch")]
pub(crate) struct BatchArgs {
    /// Inferences in one proof, from as many rows
    #[arg(long, default_value_t = 1, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1 << 24))]
    pub(crate) batch: u32,
    /// Publish only the sum of this output over the batch; may be given several times
    #[arg(long, value_name = "OUTPUT")]
    sum: Vec<String>,
}

impl BatchArgs {
    pub(crate) fn batch(&self, model: &CompiledModel) -> Result<Batch, CliError> {
        batch(self.batch as usize, &self.sum, model)
    }

    pub(crate) fn sums(&self) -> &[String] {
        &self.sum
    }
}

/// A batch of a model; `sums` names outputs.
pub(crate) fn batch(
    items: usize,
    sums: &[String],
    model: &CompiledModel,
) -> Result<Batch, CliError> {
    let outputs = &model.manifest().outputs;
    let find = |name: &String| {
        let position = outputs.iter().position(|output| output.name == *name);
        position.map(|i| model.graph().outputs[i]).ok_or_else(|| {
            let names: Vec<&str> = outputs.iter().map(|output| output.name.as_str()).collect();
            usage(format!(
                "--sum {name}: the model's outputs are {}",
                names.join(", ")
            ))
        })
    };
    Ok(Batch {
        items,
        sums: sums.iter().map(find).collect::<Result<_, _>>()?,
    })
}

/// Which set-up.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Set-up")]
pub(crate) struct SrsArgs {
    /// The set-up's digest, or its beginning [default: the only imported one]
    #[arg(long, value_name = "DIGEST", conflicts_with = "dev")]
    pub(crate) srs: Option<String>,
    /// Use the INSECURE development set-up: anyone can forge proofs under it
    #[arg(long)]
    pub(crate) dev: bool,
}

/// A model file, with calibration data if it still has to be compiled.
#[derive(Clone, Debug, Args)]
pub(crate) struct ModelArgs {
    /// A compiled model, or an ONNX file together with --calibration
    #[arg(value_name = "MODEL")]
    pub(crate) model: PathBuf,
    /// Calibration data of an ONNX file: .json, .csv, .npy or .npz
    #[arg(long, value_name = "DATA")]
    pub(crate) calibration: Option<PathBuf>,
}

/// `32 bytes in hexadecimal`, with or without `0x`.
pub(crate) fn hex32(text: &str) -> Result<alloy_primitives::B256, String> {
    text.parse()
        .map_err(|error| format!("expected 32 bytes in hexadecimal: {error}"))
}

/// Wrong use that clap cannot see.
pub(crate) fn usage(message: impl Into<String>) -> CliError {
    CliError::Usage(message.into())
}
