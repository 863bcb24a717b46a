//! The options that several commands share.

pub(crate) mod chain;
pub(crate) mod consumers;
pub(crate) mod data_set;
pub(crate) mod key_proof;
pub(crate) mod names;
pub(crate) mod quantise;

use crate::error::{CliError, usage};
use clap::{Args, ValueEnum};
use std::path::PathBuf;
use verdict_circuit::{Batch, Limits};
use verdict_engine::{Engine, Setup};
use verdict_model::{CompiledModel, Goal};
use verdict_prover::Cache;
use verdict_wire::ProofFile;

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
    /// Columns to a pack, 2, 4 or 8: more are cheaper to verify and take a larger set-up [default:
    /// chosen by the planner]
    #[arg(long, value_name = "T", value_parser = ["2", "4", "8"])]
    pack: Option<String>,
    /// Largest height: at most 2^K rows [default: what the set-up allows]
    #[arg(long, value_name = "K", value_parser = clap::value_parser!(u32).range(1..=28))]
    max_k: Option<u32>,
}

impl LimitArgs {
    /// The planner's limits.
    pub(crate) fn limits(&self) -> Limits {
        let defaults = Limits::default();
        Limits {
            max_k: self.max_k.unwrap_or(defaults.max_k),
            width: self.width.map(usize::from),
            pack: self.pack.as_ref().and_then(|pack| pack.parse().ok()),
            ..defaults
        }
    }
}

/// How many inferences in one proof.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Batch")]
pub(crate) struct BatchArgs {
    /// Inferences in one proof, from as many rows [default: 1]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1 << 24))]
    batch: Option<u32>,
    /// Publish only the sum of this output over the batch; may be given several times
    #[arg(long, value_name = "OUTPUT")]
    sum: Vec<String>,
}

impl BatchArgs {
    pub(crate) fn batch(&self, model: &CompiledModel) -> Result<Batch, CliError> {
        batch(self.items(), &self.sum, model)
    }

    /// The same, if the command line says anything of a batch.
    pub(crate) fn given(&self, model: &CompiledModel) -> Result<Option<Batch>, CliError> {
        let given = self.batch.is_some() || !self.sum.is_empty();
        given.then(|| self.batch(model)).transpose()
    }

    pub(crate) fn items(&self) -> usize {
        self.batch.unwrap_or(1) as usize
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

impl SrsArgs {
    /// Chooses; refuses the development set-up unless `--dev` asks for it. Imported ones are in the
    /// standard cache; the development set-up can be made without one.
    pub(crate) fn setup(&self) -> Result<Setup, CliError> {
        if self.dev {
            return Ok(Setup::development(Cache::standard().ok()));
        }
        let wanted = self.srs.as_deref().unwrap_or_default();
        Ok(Setup::imported(wanted, &Cache::standard()?)?)
    }

    /// An engine under the set-up that a proof states, or under the one asked for, which must be the
    /// same; `name` names the file.
    pub(crate) fn engine_of(&self, file: &ProofFile, name: &str) -> Result<Engine, CliError> {
        if file.development && !self.dev {
            return Err(CliError::Setup(format!(
                "{name} was made under the INSECURE development set-up, so it proves nothing; pass --dev to check it all the same"
            )));
        }
        let mut wanted = self.clone();
        if !wanted.dev && wanted.srs.is_none() {
            wanted.srs = Some(file.srs.clone());
        }
        let engine = wanted.engine()?;
        engine.setup().must_be(&file.srs)?;
        Ok(engine)
    }

    /// An engine under that set-up, with the standard cache of keys, where there is one.
    pub(crate) fn engine(&self) -> Result<Engine, CliError> {
        let engine = Engine::new(self.setup()?);
        Ok(match Cache::standard() {
            Ok(cache) => engine.with_key_cache(cache),
            Err(_) => engine,
        })
    }
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
