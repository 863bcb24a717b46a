//! Inputs that somebody vouches for: whose, of what model, about what.

use crate::{
    error::{CliError, usage},
    load,
    options::{
        chain::address,
        consumers::{Occasion, subcommands},
        hex32,
    },
    report::{decode, lines},
};
use alloy_primitives::{Address, B256, U256};
use clap::{ArgMatches, Args, Command, FromArgMatches, Subcommand};
use std::path::{Path, PathBuf};
use verdict_chain::{Chain, Deployment, registered_spec};
use verdict_circuit::{Batch, Salt};
use verdict_consumers::{ConsumerExt, Question, Registered, consumer_kind};
use verdict_engine::{Mismatch, Report, Subject, batch_of_spec};
use verdict_model::{CompiledModel, DataSet};
use verdict_wire::{InputWords, ModelSpec, ProofFile};

/// Who will ask for the inputs, and for what occasion.
#[derive(Clone, Debug)]
pub(crate) struct Asker<W> {
    who: Who,
    what: W,
}

#[derive(Clone, Debug)]
enum Who {
    /// A consumer of the table.
    Known(Occasion),
    /// Any other contract.
    Other(Other),
}

/// What a contract that is in no table asks.
#[derive(Clone, Debug, Args)]
struct Other {
    /// The feature source: a name of the deployment or an address
    #[arg(long, value_name = "SOURCE")]
    source: String,
    /// The model's name in the deployment
    #[arg(long, value_name = "NAME")]
    registered: String,
    /// What the inputs are about [default: zero]
    #[arg(long, value_name = "HEX", value_parser = hex32)]
    subject: Option<B256>,
}

/// The subcommand for contracts that are in no table.
const OTHER: &str = "other";

impl<W: Args> FromArgMatches for Asker<W> {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        let missing = || clap::Error::new(clap::error::ErrorKind::MissingSubcommand);
        let (name, matches) = matches.subcommand().ok_or_else(missing)?;
        let who = match Occasion::given(name, matches) {
            Some(occasion) => Who::Known(occasion),
            None => Who::Other(Other::from_arg_matches(matches)?),
        };
        Ok(Self {
            who,
            what: W::from_arg_matches(matches)?,
        })
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}

impl<W: Args> Subcommand for Asker<W> {
    fn augment_subcommands(command: Command) -> Command {
        let command = subcommands::<W>(command, |kind| kind.asks, |parameter| parameter.asked);
        let other = W::augment_args(Other::augment_args(Command::new(OTHER)));
        command.subcommand(other.about("For any other contract"))
    }

    fn augment_subcommands_for_update(command: Command) -> Command {
        Self::augment_subcommands(command)
    }

    fn has_subcommand(name: &str) -> bool {
        name == OTHER || consumer_kind(name).is_some()
    }
}

/// What is asked, for what occasion.
#[derive(Debug)]
pub(crate) struct Asked {
    pub(crate) question: Question,
    /// What a subject that is a digest stands for.
    pub(crate) occasion: Option<String>,
    /// Whether evidence must be of a block.
    pub(crate) wants_block: bool,
}

impl<W> Asker<W> {
    pub(crate) const fn what(&self) -> &W {
        &self.what
    }

    /// What the feature source will be asked.
    pub(crate) fn asked(
        &self,
        consumer: Address,
        deployment: &Deployment,
        chain: &mut dyn Chain,
    ) -> Result<Asked, CliError> {
        match &self.who {
            Who::Known(occasion) => {
                let consumer = occasion.at(consumer, deployment)?;
                Ok(Asked {
                    question: consumer.question(chain)?,
                    occasion: consumer.occasion(),
                    wants_block: consumer.wants_block(),
                })
            }
            Who::Other(other) => Ok(Asked {
                question: other.question(consumer, deployment)?,
                occasion: None,
                wants_block: false,
            }),
        }
    }
}

impl Other {
    fn question(&self, consumer: Address, deployment: &Deployment) -> Result<Question, CliError> {
        let name = &self.registered;
        let model = deployment.models.get(name);
        let model =
            model.ok_or_else(|| usage(format!("the deployment has no model named {name}")))?;
        Ok(Question {
            source: address(&self.source, Some(deployment))?,
            consumer,
            model_id: U256::from(model.model_id),
            version: model.version,
            subject: self.subject.unwrap_or_default(),
        })
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
    /// The salts of committed inputs: a secret file that `verdict commit` or `verdict prove` wrote,
    /// which is refused if others can read it, or one root in hexadecimal
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
    /// The model version they are for.
    pub(crate) registered: Registered,
    pub(crate) words: InputWords,
    pub(crate) values: Vec<decode::Values>,
    /// Whether there are commitments to values that nobody showed here.
    pub(crate) unseen: bool,
    /// The model's name in the deployment, if it has one.
    pub(crate) model: Option<String>,
}

impl InputArgs {
    /// The words that a proof about these inputs will have, for the model version that the question
    /// is about.
    pub(crate) fn vouched(
        &self,
        question: &Question,
        deployment: &Deployment,
        chain: &mut dyn Chain,
    ) -> Result<Vouched, CliError> {
        let registered = question.registered(chain, deployment.core.registry)?;
        let (id, version) = (question.model_id, question.version);
        let spec = registered_spec(chain, deployment.core.registry, id, version)?;
        let model = registered_model(&self.model, &registered, &spec)?;
        let (words, values) = match (&self.input, &self.proof) {
            (Some(path), _) => self.of_input(path, &model, registered.items)?,
            (None, Some(path)) => of_proof(path, &model, &registered)?,
            (None, None) => return Err(usage("give --input or --proof")),
        };
        registered.check(&words)?;
        let named = deployment.models.iter();
        let named = named.filter(|(_, model)| U256::from(model.model_id) == question.model_id);
        Ok(Vouched {
            unseen: self.proof.is_some() && !words.commitments.is_empty(),
            registered,
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
        let committed = load::commitments(graph) * items;
        let salts: Vec<Salt> = match &self.salt {
            Some(given) => load::salts(given, graph, &quantised)?,
            None if committed == 0 => Vec::new(),
            None => {
                return Err(usage(format!(
                    "{} commits to its inputs: give the --salt that `verdict commit` or `verdict \
                     prove` wrote",
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
    registered: &Registered,
) -> Result<(InputWords, Vec<decode::Values>), CliError> {
    let (file, items) = (ProofFile::load(path)?, registered.items);
    // The file's word: nothing here verifies the proof, but one of another model is a mistake.
    if file.model != registered.model_hash {
        return Err(CliError::Mismatch(Box::new(Mismatch {
            what: "model",
            left_of: path.display().to_string(),
            left: file.model.to_string(),
            right_of: "the registered version".into(),
            right: registered.model_hash.to_string(),
            hint: "give a proof of the model that the consumer acts on",
        })));
    }
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

/// Loads a model, which must be the registered one: in full, or what is left of it where the
/// weights are private. What the registry says of its public values must be what it makes of them:
/// others quantise, and read, by that.
pub(crate) fn registered_model(
    path: &Path,
    registered: &Registered,
    (spec, breakpoints): &(ModelSpec, B256),
) -> Result<CompiledModel, CliError> {
    let private = !spec.keyProof.is_zero();
    let subject = Subject::named(path, registered.model_hash, private)?;
    let hint = "give the model that the consumer acts on";
    subject.must_be(registered.model_hash, "the registered version", hint)?;
    let batch = batch_of_spec(subject.published(), spec);
    let mut report = Report::default();
    report.compare_spec((spec, *breakpoints), &subject, &batch)?;
    let hint = "vouch for nothing under it; `verdict audit --registered` says more";
    lines::must_pass(&report, "the registered version", hint)?;
    Ok(subject.into_model())
}
