//! Inputs that somebody vouches for: whose, of what model, about what.

use crate::{
    error::{CliError, Mismatch, usage},
    load,
    load::salts,
    options::{chain::address, hex32},
    report::decode,
};
use alloy_primitives::{Address, B256, U256};
use clap::{Args, Subcommand};
use std::path::{Path, PathBuf};
use verdict_chain::{Chain, ChainExt, Deployment, bindings::registry::IModelRegistry};
use verdict_circuit::{Batch, Salt};
use verdict_consumers::{Entries, Question, Target};
use verdict_engine::Subject;
use verdict_model::{CompiledModel, DataSet, Visibility};
use verdict_prover::Architecture;
use verdict_wire::{InputWords, ProofFile};

/// A batch of an airdrop.
#[derive(Clone, Debug, Args)]
pub(crate) struct AirdropBatch {
    /// The batch's number
    #[arg(long, value_name = "N")]
    number: u64,
    /// Its entries: a file of `account,identity` lines in the order of the model's batch, or a JSON list
    #[arg(long, value_name = "FILE", required_unless_present = "root")]
    entries: Option<PathBuf>,
    /// The root of the tree of its entries, without the file
    #[arg(long, value_name = "HEX", value_parser = hex32, requires = "count", conflicts_with = "entries")]
    root: Option<B256>,
    /// How many entries it has
    #[arg(long, value_name = "N", requires = "root")]
    count: Option<u32>,
    /// Which of the campaign's models
    #[arg(long, value_name = "N", default_value_t = 0)]
    place: u64,
}

impl AirdropBatch {
    pub(crate) fn target(&self, airdrop: Address) -> Result<Target, CliError> {
        let (root, count) = match (&self.entries, self.root, self.count) {
            (Some(path), ..) => {
                let entries = Entries::load(path)?;
                (entries.tree().root(), entries.count())
            }
            (None, Some(root), Some(count)) => (root, count),
            _ => return Err(usage("give --entries, or --root and --count")),
        };
        Ok(Target::Airdrop {
            airdrop,
            number: self.number,
            root,
            count,
            place: self.place,
        })
    }
}

/// Who will ask for the inputs, and for what occasion.
#[derive(Clone, Debug, Subcommand)]
pub(crate) enum Asker<W: Args> {
    /// For an oracle's next round
    Oracle {
        #[command(flatten)]
        what: W,
    },
    /// For a ModelRiskSource, named as CONSUMER
    Risk {
        #[command(flatten)]
        what: W,
    },
    /// For a guard
    Guard {
        /// The block that evidence and proof are bound to: see `verdict call GUARD context guard latest`
        #[arg(long, value_name = "BLOCK")]
        anchor: u64,
        #[command(flatten)]
        what: W,
    },
    /// For a batch of an airdrop
    Airdrop {
        #[command(flatten)]
        batch: AirdropBatch,
        #[command(flatten)]
        what: W,
    },
    /// For any other contract
    Other {
        /// The feature source: a name of the deployment or an address
        #[arg(long, value_name = "SOURCE")]
        source: String,
        /// The model's name in the deployment
        #[arg(long, value_name = "NAME")]
        registered: String,
        /// What the inputs are about [default: zero]
        #[arg(long, value_name = "HEX", value_parser = hex32)]
        subject: Option<B256>,
        #[command(flatten)]
        what: W,
    },
}

impl<W: Args> Asker<W> {
    pub(crate) const fn what(&self) -> &W {
        match self {
            Self::Oracle { what }
            | Self::Risk { what }
            | Self::Guard { what, .. }
            | Self::Airdrop { what, .. }
            | Self::Other { what, .. } => what,
        }
    }

    /// The anchor's block, where there is one.
    pub(crate) const fn anchor(&self) -> Option<u64> {
        match self {
            Self::Guard { anchor, .. } => Some(*anchor),
            _ => None,
        }
    }

    /// What a subject that is a digest stands for.
    pub(crate) fn occasion(&self) -> Result<Option<String>, CliError> {
        Ok(match self {
            Self::Guard { anchor, .. } => Some(format!("block {anchor} or later, by its hash")),
            Self::Airdrop { batch, .. } => match batch.target(Address::ZERO)? {
                Target::Airdrop {
                    number,
                    root,
                    count,
                    ..
                } => Some(format!(
                    "batch {number} of {count} entries with root {root}"
                )),
                _ => None,
            },
            _ => None,
        })
    }

    /// What the feature source will be asked.
    pub(crate) fn question(
        &self,
        consumer: Address,
        deployment: &Deployment,
        chain: &mut dyn Chain,
    ) -> Result<Question, CliError> {
        let target = match self {
            Self::Oracle { .. } => Target::Oracle {
                oracle: consumer,
                confirm: false,
            },
            Self::Risk { .. } => Target::Risk {
                updater: consumer,
                source: consumer,
                deadline: 0,
            },
            Self::Guard { anchor, .. } => Target::Guard {
                guard: consumer,
                anchor: *anchor,
            },
            Self::Airdrop { batch, .. } => batch.target(consumer)?,
            Self::Other {
                source,
                registered,
                subject,
                ..
            } => {
                let model = deployment.models.get(registered).ok_or_else(|| {
                    usage(format!("the deployment has no model named {registered}"))
                })?;
                return Ok(Question {
                    source: address(source, Some(deployment))?,
                    consumer,
                    model_id: U256::from(model.model_id),
                    version: model.version,
                    subject: subject.unwrap_or_default(),
                });
            }
        };
        Ok(target.question(chain)?)
    }
}

/// The inputs, from those who know them or from a proof.
#[derive(Clone, Debug, Args)]
pub(crate) struct InputArgs {
    /// Who will ask: a name of the deployment or an address
    #[arg(value_name = "CONSUMER")]
    pub(crate) consumer: String,
    /// The compiled model, or its redacted architecture: as it is registered
    #[arg(long, value_name = "MODEL.verdict")]
    model: PathBuf,
    /// The inputs: .json (EZKL's form too), .csv, .npy or .npz
    #[arg(long, value_name = "FILE", required_unless_present = "proof")]
    input: Option<PathBuf>,
    /// Which row of them, from 0; of a batch, the first
    #[arg(long, default_value_t = 0, value_name = "N")]
    row: usize,
    /// The salt's root of a committed input in hexadecimal, or a file of roots, as `verdict commit` and `verdict prove` write it
    #[arg(long, value_name = "HEX|FILE", conflicts_with = "proof")]
    salt: Option<String>,
    /// Use the nearest value of the model's domain for inputs outside it
    #[arg(long)]
    saturate: bool,
    /// In place of inputs: whatever a proof states
    #[arg(long, value_name = "PROOF.json", conflicts_with_all = ["input", "row", "saturate"])]
    proof: Option<PathBuf>,
}

/// What is vouched for, and how people read it.
#[derive(Debug)]
pub(crate) struct Vouched {
    pub(crate) words: InputWords,
    pub(crate) values: Vec<decode::Values>,
    /// Whether there are commitments to values that nobody showed here.
    pub(crate) unseen: bool,
    /// The model's name in the deployment, if it has one.
    pub(crate) model: Option<String>,
}

impl InputArgs {
    /// The words that a proof about these inputs will have, for the model version that the question is about.
    pub(crate) fn vouched(
        &self,
        question: &Question,
        deployment: &Deployment,
        chain: &mut dyn Chain,
    ) -> Result<Vouched, CliError> {
        let registry = deployment.core.registry;
        let (id, version) = (question.model_id, question.version);
        let of = IModelRegistry::versionOfCall {
            modelId: id,
            version,
        };
        let registered = chain.read(registry, &of)?.commitment.modelHash;
        let model = registered_model(&self.model, registered)?;
        let layout = IModelRegistry::layoutOfCall {
            modelId: id,
            version,
        };
        let layout = chain.read(registry, &layout)?;
        let items: usize = layout.inputItems.to();
        let (words, values) = match (&self.input, &self.proof) {
            (Some(path), _) => self.of_input(path, &model, items)?,
            (None, Some(path)) => of_proof(path, &model, items)?,
            (None, None) => return Err(usage("give --input or --proof")),
        };
        let found = (words.words.len(), words.commitments.len());
        let expected = (
            usize::from(layout.inputWords),
            usize::from(layout.commitments),
        );
        if found != expected {
            return Err(CliError::Input(format!(
                "the inputs make {} words and {} commitments, the registered version has {} and {}",
                found.0, found.1, expected.0, expected.1
            )));
        }
        let named = deployment.models.iter();
        let named = named.filter(|(_, model)| U256::from(model.model_id) == id);
        Ok(Vouched {
            unseen: self.proof.is_some() && !words.commitments.is_empty(),
            words,
            values,
            model: named.map(|(name, _)| name.clone()).next(),
        })
    }

    fn of_input(
        &self,
        path: &Path,
        model: &CompiledModel,
        items: usize,
    ) -> Result<(InputWords, Vec<decode::Values>), CliError> {
        let data = DataSet::load(path, &model.manifest().input_specs())?;
        let out_of_domain = load::out_of_domain(self.saturate);
        let rows = load::rows(path, &data, self.row, items)?;
        let quantised = rows
            .iter()
            .map(|row| model.quantise_input(row, out_of_domain));
        let quantised = quantised.collect::<Result<Vec<_>, _>>()?;
        let graph = model.graph();
        let committed = graph
            .inputs
            .iter()
            .filter(|&&id| graph.tensors[id].visibility == Visibility::Committed)
            .count()
            * items;
        let salts: Vec<Salt> = match &self.salt {
            Some(given) => salts(given, committed)?,
            None if committed == 0 => Vec::new(),
            None => {
                return Err(usage(format!(
                    "{} commits to its inputs: give the --salt that `verdict commit` or `verdict prove` wrote",
                    self.model.display()
                )));
            }
        };
        let words = InputWords::pack(graph, &quantised, &salts)?;
        Ok((words, decode::inputs(model, quantised)))
    }
}

fn of_proof(
    path: &Path,
    model: &CompiledModel,
    items: usize,
) -> Result<(InputWords, Vec<decode::Values>), CliError> {
    let file = ProofFile::load(path)?;
    let batch: Batch = file.batch(model.graph(), path)?;
    if batch.items != items {
        return Err(CliError::Input(format!(
            "{} is about {} items, the registered version about {items}",
            path.display(),
            batch.items
        )));
    }
    let words = InputWords::of_proof(model.graph(), &batch, &file.public_values)?;
    let values = decode::public(model, &batch, &file.public_values)?;
    let inputs = values.into_iter().filter(|tensor| tensor.role == "input");
    Ok((words, inputs.collect()))
}

/// Loads a model, which must be the registered one: in full, or what is left of it where the weights are private.
pub(crate) fn registered_model(path: &Path, registered: B256) -> Result<CompiledModel, CliError> {
    let subject = Subject::load(path, false)?;
    let digest = subject.digest();
    let model = subject.into_model();
    if digest == registered {
        return Ok(model);
    }
    if let Ok(architecture) = Architecture::of(&model)
        && B256::from(architecture.digest()) == registered
    {
        return Ok(model);
    }
    Err(CliError::Mismatch(Box::new(Mismatch {
        what: "model",
        left_of: path.display().to_string(),
        left: digest.to_string(),
        right_of: "the registered version".into(),
        right: registered.to_string(),
        hint: "give the model that the consumer acts on",
    })))
}
