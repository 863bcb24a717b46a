//! `verdict register`

use super::deploy::{Done, steps};
use crate::{
    error::{CliError, usage},
    options::{
        BatchArgs, PlanArgs, SrsArgs,
        chain::{ChainArgs, name},
        key_proof::KeyProofArgs,
    },
    report::{
        lines,
        output::{Output, Report},
    },
};
use alloy_primitives::U256;
use clap::Args;
use serde::Serialize;
use std::path::{Path, PathBuf};
use verdict_chain::{
    Chain, ChainExt, Core, ModelRecord, Registration,
    bindings::{IInferenceVerifier, registry::IModelRegistry},
    propose_update, record, register_model,
};
use verdict_engine::{Bundle, Engine, Mismatch, OpenOptions, Subject, silent};
use verdict_model::CompiledModel;
use verdict_wire::{ModelSpec, PRIVATE_INPUT, ProofFile, tau_digest};

#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    verdict register model.verdict --name price --dev --local chain.json\n  \
    verdict register model.verdict --name price --proof proof.json --rpc https://node.example --keystore key.json --password-file pass\n  \
    verdict register model.architecture --name price --bundle model.bundle.json --dev --local chain.json\n  \
    verdict register better.verdict --name price --update --dev --local chain.json\n  \
    verdict register --execute --name price --local chain.json --after 172800\n\n\
    The verifying key is the bundle's or the proof's, or is made with the plan and set-up given, which must be those of the proofs to \
    come. Neither file is believed: before anything is sent, the key is made again from the model (or, where the weights are private, \
    audited with its key proof), the spec is computed anew, the proof is verified, and the verifier of the deployment is asked for its \
    set-up.")]
pub(crate) struct Register {
    /// The compiled model, or its redacted architecture together with --bundle
    #[arg(
        value_name = "MODEL.verdict",
        required_unless_present = "execute",
        conflicts_with = "execute"
    )]
    model: Option<PathBuf>,
    /// Its name in the deployment's file
    #[arg(long, value_name = "NAME", value_parser = name)]
    name: String,
    /// Take the verifying key, and the batch, from a proof, once it is verified
    #[arg(long, value_name = "PROOF.json")]
    proof: Option<PathBuf>,
    #[command(flatten)]
    key_proof: KeyProofArgs,
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
            let registration = self.registration(path, chain, &deployment.core, output)?;
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

    /// What the registry will be told, once all of it is recomputed.
    fn registration(
        &self,
        path: &Path,
        chain: &mut dyn Chain,
        core: &Core,
        output: &Output,
    ) -> Result<Registration, CliError> {
        let bundle = match (self.key_proof.bundle()?, &self.proof) {
            (None, None) => self.made(CompiledModel::load(path)?, output)?,
            (None, Some(proof)) => self.of_proof(path, proof)?,
            (Some(bundle), proof) => self.of_bundle(path, bundle, proof.as_deref())?,
        };
        same_setup(chain, core, &bundle)?;
        Ok(Registration {
            model_hash: bundle.model,
            spec: bundle.spec,
            breakpoints: bundle.breakpoints,
            key: bundle.key,
            uri: self.uri.clone(),
        })
    }

    /// A proof's key, once the proof is verified and the key recomputed.
    fn of_proof(&self, path: &Path, proof: &Path) -> Result<Bundle, CliError> {
        let file = ProofFile::load(proof)?;
        let subject = Subject::load(path, file.private_weights)?;
        let engine = self.srs.engine_of(&file, &proof.display().to_string())?;
        let key_proof = self.key_proof.key_proof()?;
        self.verified(
            &engine,
            &file,
            proof,
            &subject,
            key_proof.as_deref().map(AsRef::as_ref),
        )?;
        let batch = file.batch(subject.published().graph(), proof)?;
        let tau_g2 = engine.setup().tau_g2()?;
        let bundle = Bundle::of_proof(&file, &batch, &subject, key_proof, tau_g2)?;
        let report = bundle.check(&engine, &subject, None, &silent)?;
        lines::must_pass(&report, proof.display().to_string(), UNREGISTERED)?;
        Ok(bundle)
    }

    /// A bundle, once all of it is recomputed; a proof beside it must be of its key, and right.
    fn of_bundle(
        &self,
        path: &Path,
        bundle: Bundle,
        proof: Option<&Path>,
    ) -> Result<Bundle, CliError> {
        let subject = Subject::named(path, bundle.model, bundle.says_private())?;
        let file = self.key_proof.bundle.clone().unwrap_or_default();
        let name = file.display().to_string();
        subject.must_be(bundle.model, &name, REGISTER_THE_MODEL)?;
        let engine = match proof {
            None => self.srs.engine()?,
            Some(proof) => {
                let proved = ProofFile::load(proof)?;
                if proved.key != bundle.key_digest() {
                    return Err(CliError::Mismatch(Box::new(Mismatch {
                        what: "verifying key",
                        left_of: proof.display().to_string(),
                        left: proved.key.to_string(),
                        right_of: name,
                        right: bundle.key_digest().to_string(),
                        hint: "give the bundle of the proof's key",
                    })));
                }
                let engine = self.srs.engine_of(&proved, &proof.display().to_string())?;
                let key_proof = bundle.key_proof.as_deref().map(AsRef::as_ref);
                self.verified(&engine, &proved, proof, &subject, key_proof)?;
                engine
            }
        };
        let batch = self.batch.given(subject.published())?;
        let report = bundle.check(&engine, &subject, batch.as_ref(), &silent)?;
        lines::must_pass(&report, name, UNREGISTERED)?;
        Ok(bundle)
    }

    fn verified(
        &self,
        engine: &Engine,
        file: &ProofFile,
        path: &Path,
        subject: &Subject,
        key_proof: Option<&[u8]>,
    ) -> Result<(), CliError> {
        let stated_in = path.display().to_string();
        subject.must_be(file.model, &stated_in, REGISTER_THE_MODEL)?;
        Ok(engine.check(file, path, subject, key_proof, &silent)?)
    }

    /// Makes the key.
    fn made(&self, model: CompiledModel, output: &Output) -> Result<Bundle, CliError> {
        let engine = self.srs.engine()?;
        output.note("note: making the verifying key; with --proof or --bundle it is taken from there, and made again all the same");
        let options = OpenOptions {
            goal: self.plan.optimize.into(),
            limits: self.plan.limits.limits(),
            batch: self.batch.batch(&model)?,
            hiding: None,
        };
        Ok(Bundle::make(&engine.open(model, options, &silent)?)?)
    }
}

const REGISTER_THE_MODEL: &str =
    "register the model, or the architecture, that the proof or the bundle is about";
const UNREGISTERED: &str =
    "nothing was sent; make it again with `verdict prove` or `verdict bundle`";

/// Refuses a deployment whose verifier has another set-up: no proof under the key would be accepted
/// there, or anybody's would.
fn same_setup(chain: &mut dyn Chain, core: &Core, bundle: &Bundle) -> Result<(), CliError> {
    let verifier = chain.read(core.verifier, &IInferenceVerifier::tauG2Call {})?;
    if verifier == bundle.tau_g2 {
        return Ok(());
    }
    Err(CliError::Mismatch(Box::new(Mismatch {
        what: "[τ]_2 of the set-up",
        left_of: "the model's key".into(),
        left: tau_digest(bundle.tau_g2).to_string(),
        right_of: format!("the verifier at {}", core.verifier),
        right: tau_digest(verifier).to_string(),
        hint: "register with the set-up that the contracts were deployed with (--srs, or --dev), or deploy them with this one",
    })))
}

/// A warning about inputs that nobody but the prover knows: consumers refuse such a version.
fn unseen(spec: &ModelSpec) -> Option<String> {
    let private = spec
        .inputs
        .iter()
        .filter(|input| input.visibility == PRIVATE_INPUT)
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
