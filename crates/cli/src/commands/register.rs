//! `verdict register`

use super::deploy::{Done, steps};
use crate::{
    error::{CliError, usage},
    options::{
        BatchArgs, PlanArgs, SrsArgs,
        chain::{ChainArgs, name},
    },
    report::output::{Output, Report},
};
use alloy_primitives::{B256, U256};
use clap::Args;
use serde::Serialize;
use std::path::{Path, PathBuf};
use verdict_chain::{
    Chain, ChainExt, Core, ModelRecord, ModelSpec, Registration,
    bindings::registry::IModelRegistry, model_spec, propose_update, record, register_model,
};
use verdict_engine::{Mismatch, OpenOptions, Subject, silent};
use verdict_model::CompiledModel;
use verdict_wire::{ProofFile, key_bytes};

#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    verdict register model.verdict --name price --dev --local chain.json\n  \
    verdict register model.verdict --name price --proof proof.json --rpc https://node.example --keystore key.json --password-file pass\n  \
    verdict register better.verdict --name price --update --dev --local chain.json\n  \
    verdict register --execute --name price --local chain.json --after 172800\n\n\
    The verifying key is the proof's, or is made with the plan and set-up given, which must be those of the proofs to come.")]
pub(crate) struct Register {
    /// The compiled model, or its redacted architecture together with --proof
    #[arg(
        value_name = "MODEL.verdict",
        required_unless_present = "execute",
        conflicts_with = "execute"
    )]
    model: Option<PathBuf>,
    /// Its name in the deployment's file
    #[arg(long, value_name = "NAME", value_parser = name)]
    name: String,
    /// Take the verifying key, and the batch, from a proof
    #[arg(long, value_name = "PROOF.json")]
    proof: Option<PathBuf>,
    /// Where to find more about it
    #[arg(long, value_name = "URI", default_value = "")]
    uri: String,
    /// How long updates will be announced, in seconds [default: the registry's least]
    #[arg(long, value_name = "SECONDS", conflicts_with = "update")]
    delay: Option<u32>,
    /// Propose it as the next version of the model of this name
    #[arg(long, conflicts_with = "execute")]
    update: bool,
    /// Execute the update that was proposed and is due
    #[arg(long)]
    execute: bool,
    #[command(flatten)]
    batch: BatchArgs,
    #[command(flatten)]
    plan: PlanArgs,
    #[command(flatten)]
    srs: SrsArgs,
    #[command(flatten)]
    chain: ChainArgs,
}

#[derive(Serialize)]
struct Registered {
    chain: String,
    name: String,
    /// `registered`, `proposed` or `executed`.
    done: &'static str,
    steps: Vec<Done>,
    model: Option<ModelRecord>,
    /// Of an update that was proposed.
    version: Option<u32>,
    eta: Option<u64>,
    expiry: Option<u64>,
    file: PathBuf,
}

impl Register {
    pub(crate) fn run(&self, output: &Output) -> Result<(), CliError> {
        let mut opened = self.chain.open()?;
        let chain = opened.chain();
        let (mut deployment, file) = self.chain.deployment(chain.chain_id())?;
        let known = deployment.models.get(&self.name).cloned();
        let mut report = Registered {
            chain: chain.name(),
            name: self.name.clone(),
            done: "registered",
            steps: Vec::new(),
            model: None,
            version: None,
            eta: None,
            expiry: None,
            file,
        };
        let of_known = || {
            known.clone().ok_or_else(|| {
                usage(format!(
                    "the deployment has no model named {}; register it first",
                    self.name
                ))
            })
        };
        if self.execute {
            let model = of_known()?;
            report.done = "executed";
            report.model = Some(execute(chain, &deployment.core, &model, &mut report.steps)?);
        } else {
            if known.is_some() && !self.update {
                return Err(usage(format!(
                    "the deployment has a model named {} already; choose another name, or propose a version of it with --update",
                    self.name
                )));
            }
            let path = self.model.as_deref().unwrap_or(Path::new(""));
            let registration = self.registration(path, output)?;
            if let Some(warning) = unseen(&registration.spec) {
                output.note(&warning);
            }
            let steps = if self.update {
                let id = U256::from(of_known()?.model_id);
                let (proposed, steps) = propose_update(chain, &deployment.core, &registration, id)?;
                report.done = "proposed";
                (report.version, report.eta) = (Some(proposed.version), Some(proposed.eta));
                report.expiry = Some(proposed.expiry);
                steps
            } else {
                let (model, steps) =
                    register_model(chain, &deployment.core, &registration, self.delay)?;
                report.model = Some(model);
                steps
            };
            report.steps = steps.into_iter().map(Into::into).collect();
        }
        opened.keep()?;
        if let Some(model) = &report.model {
            deployment.models.insert(self.name.clone(), model.clone());
            deployment.save(&report.file)?;
        }
        output.emit(&report)
    }

    fn registration(&self, path: &Path, output: &Output) -> Result<Registration, CliError> {
        let Some(proof) = &self.proof else {
            return self.made(CompiledModel::load(path)?, output);
        };
        let file = ProofFile::load(proof)?;
        let subject = Subject::load(path, file.private_weights)?;
        if subject.digest() != file.model {
            return Err(CliError::Mismatch(Box::new(Mismatch {
                what: "model",
                left_of: proof.display().to_string(),
                left: file.model.to_string(),
                right_of: path.display().to_string(),
                right: subject.digest().to_string(),
                hint: "register the model, or the architecture, that the proof is about",
            })));
        }
        let batch = file.batch(subject.model().graph(), proof)?;
        Ok(Registration {
            model_hash: subject.digest(),
            spec: model_spec(subject.model(), &batch, B256::ZERO)?,
            key: file.verifying_key,
            uri: self.uri.clone(),
        })
    }

    /// Makes the key.
    fn made(&self, model: CompiledModel, output: &Output) -> Result<Registration, CliError> {
        let engine = self.srs.engine()?;
        output.note("note: making the verifying key; with --proof it is taken from a proof");
        let batch = self.batch.batch(&model)?;
        let options = OpenOptions {
            goal: self.plan.optimize.into(),
            limits: self.plan.limits.limits(),
            batch: batch.clone(),
            hiding: None,
        };
        let spec = model_spec(&model, &batch, B256::ZERO)?;
        let session = engine.open(model, options, &silent)?;
        Ok(Registration {
            model_hash: session.model_digest()?,
            key: key_bytes(&session.key()).into(),
            spec,
            uri: self.uri.clone(),
        })
    }
}

/// A warning about inputs that nobody but the prover knows: consumers refuse such a version.
fn unseen(spec: &ModelSpec) -> Option<String> {
    // As the registry writes visibilities: 0 public, 1 private, 2 committed.
    let private = spec
        .inputs
        .iter()
        .filter(|input| input.visibility == 1)
        .count();
    (private > 0).then(|| {
        format!(
            "warning: {private} of {} inputs are private, so no feature source can vouch for them: \
             consumers refuse this version (`SourceDoesNotCover`); compile with `--input public` or \
             `--input committed` for them",
            spec.inputs.len()
        )
    })
}

fn execute(
    chain: &mut dyn Chain,
    core: &Core,
    model: &ModelRecord,
    steps: &mut Vec<Done>,
) -> Result<ModelRecord, CliError> {
    let id = U256::from(model.model_id);
    let call = IModelRegistry::executeUpdateCall { modelId: id };
    let (version, receipt) = chain.transact(core.registry, &call)?;
    steps.push(Done {
        what: "update".into(),
        address: core.registry,
        gas: Some(receipt.gas),
    });
    Ok(record(chain, core, id, version)?)
}

impl Report for Registered {
    fn text(&self) -> String {
        let mut text = format!("On {}\n{}", self.chain, steps(&self.steps));
        if let Some(model) = &self.model {
            text += &format!(
                "{} is model {}, version {}\n  digest {}\n  spec {}\n  verifying key {} at {}\n",
                self.name,
                model.model_id,
                model.version,
                model.model_hash,
                model.circuit_hash,
                model.vk_hash,
                model.key
            );
        }
        if let (Some(version), Some(eta), Some(expiry)) = (self.version, self.eta, self.expiry) {
            text += &format!(
                "Proposed version {version} of {}: can be executed from {eta} to {expiry} (seconds since 1970)\n\
                 Then: verdict register --execute --name {}\n",
                self.name, self.name
            );
        }
        text
    }
}
