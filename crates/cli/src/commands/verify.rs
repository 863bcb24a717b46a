//! `verdict verify`

use crate::{
    args::{SrsArgs, hex32},
    decode,
    error::{CliError, Mismatch},
    load::{self, Kind},
    meter::{Meter, StageCost},
    output::{Output, Report, Table, count, seconds},
    planning::{PerInference, plan_with},
    setup::Setup,
};
use alloy_primitives::B256;
use clap::Args;
use serde::Serialize;
use std::path::PathBuf;
use verdict_circuit::{Batch, Limits, Request};
use verdict_chain::{Gas, Harness, Verdict};
use verdict_wire::{ProofFile, instance, key_digest, parse_key, verify_calldata, words};
use verdict_model::CompiledModel;
use verdict_engine::{Session, Stage};
use verdict_prover::{Architecture, Cache, ProverError, Srs, Subject, audit};
use verdict_wire::VerifyingKeyParts;

#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  verdict verify proof.json --model model.verdict\n  verdict verify --evm proof.json\n  verdict verify --evm --dev proof.json\n\n\
    Without --model, the proof is verified by the contract in an embedded EVM, as with --evm."
)]
pub(crate) struct Verify {
    /// The proof file
    #[arg(value_name = "PROOF.json")]
    proof: PathBuf,
    /// The compiled model: makes the verifying key again, compares it, and verifies with halo2's verifier. Of a key with private
    /// weights, which its architecture is enough for, what is public is made again
    #[arg(long, value_name = "MODEL.verdict")]
    model: Option<PathBuf>,
    /// Deploy the verifier and the key in an embedded EVM and send the verification as a transaction
    #[arg(long)]
    evm: bool,
    /// Refuse proofs of another verifying key: the digest that the contract knows
    #[arg(long, value_name = "DIGEST", value_parser = hex32)]
    key: Option<B256>,
    /// Refuse proofs bound to another context
    #[arg(long, value_name = "HEX", value_parser = hex32)]
    context: Option<B256>,
    #[command(flatten)]
    srs: SrsArgs,
}

#[derive(Serialize)]
struct Evm {
    accepted: bool,
    error: Option<String>,
    development_setup: bool,
    calldata_bytes: usize,
    gas_verify_transaction: u64,
    gas_intrinsic: u64,
    gas_calldata: u64,
    gas_execution: u64,
    gas_deploy_verifier: u64,
    gas_register_model: u64,
}

#[derive(Serialize)]
struct Halo2 {
    accepted: bool,
    error: Option<String>,
}

#[derive(Serialize)]
struct Verified {
    verified: bool,
    model_digest: B256,
    key_digest: B256,
    context: B256,
    setup: String,
    development_setup: bool,
    k: u32,
    width: usize,
    proof_bytes: usize,
    batch: usize,
    private_weights: bool,
    /// Of the contract's verification, where it was asked.
    per_inference: Option<PerInference>,
    public_values: Vec<B256>,
    halo2: Option<Halo2>,
    evm: Option<Evm>,
    /// Decoded, where the model is at hand.
    decoded: Vec<decode::Values>,
    stages: Vec<StageCost>,
}

impl Verify {
    pub(crate) fn run(&self, output: &Output) -> Result<(), CliError> {
        let file = ProofFile::load(&self.proof)?;
        let key = parse_key(&file.verifying_key)?;
        let context = file.public_values.first().copied().unwrap_or_default();
        let name = self.proof.display().to_string();
        same(
            "verifying key",
            (&name, file.key),
            self.key.map(|key| ("--key", key)),
            "prove again with the plan and set-up behind the registered key",
        )?;
        same(
            "context",
            (&name, context),
            self.context.map(|context| ("--context", context)),
            "prove again with that --context",
        )?;

        let cache = Cache::standard();
        if file.development && !self.srs.dev {
            return Err(CliError::Setup(format!(
                "{name} was made under the INSECURE development set-up, so it proves nothing; pass --dev to check it all the same"
            )));
        }
        let mut wanted = self.srs.clone();
        if !wanted.dev && wanted.srs.is_none() {
            wanted.srs = Some(file.srs.clone());
        }
        let setup = Setup::choose(&wanted, &cache)?;
        setup.must_be(&file.srs)?;
        let meter = Meter::new(output);
        let mut decoded = Vec::new();
        let halo2 = match &self.model {
            Some(path) => {
                let (model, digest) = load::described(path, file.private_weights)?;
                let hint = "verify with the model, or the architecture, that the proof is about";
                same(
                    "model",
                    (&name, file.model),
                    Some((&path.display().to_string(), digest)),
                    hint,
                )?;
                let batch = file.batch(model.graph(), &self.proof)?;
                decoded = decode::public(&model, &batch, &file.public_values)?;
                Some(if file.private_weights {
                    let architecture = match load::kind(path)? {
                        Kind::Architecture => Architecture::load(path)?,
                        _ => Architecture::of(&model)?,
                    };
                    audited(&architecture, &batch, &file, &key, (&setup, &cache, &meter))?
                } else {
                    halo2(model, batch, &file, &key, (&setup, &cache, &meter))?
                })
            }
            None => None,
        };
        let evm = if self.evm || self.model.is_none() {
            Some(evm(&file, &key, &setup, &cache, &meter)?)
        } else {
            None
        };
        let stages = meter.take();
        drop(meter);

        let refused = [
            halo2.as_ref().and_then(|it| it.error.clone()),
            evm.as_ref().and_then(|it| it.error.clone()),
        ];
        let refused: Vec<String> = refused.into_iter().flatten().collect();
        let batch = file.batch.as_ref().map_or(1, |batch| batch.items);
        output.emit(&Verified {
            verified: refused.is_empty(),
            model_digest: file.model,
            key_digest: file.key,
            context,
            setup: setup.name().into(),
            development_setup: file.development,
            k: key.k,
            width: key.width,
            proof_bytes: file.proof.len(),
            batch,
            private_weights: file.private_weights,
            per_inference: evm.as_ref().map(|evm| {
                PerInference::new(batch, 0.0, evm.gas_verify_transaction, evm.calldata_bytes)
            }),
            public_values: file.public_values,
            halo2,
            evm,
            decoded,
            stages,
        })?;
        if refused.is_empty() {
            Ok(())
        } else {
            Err(CliError::Rejected(refused.join("; ")))
        }
    }
}

/// Compares two digests, naming both.
fn same(
    what: &'static str,
    (left_of, left): (&str, B256),
    right: Option<(&str, B256)>,
    hint: &'static str,
) -> Result<(), CliError> {
    match right {
        Some((right_of, right)) if left != right => Err(CliError::Mismatch(Box::new(Mismatch {
            what,
            left_of: left_of.into(),
            left: left.to_string(),
            right_of: right_of.into(),
            right: right.to_string(),
            hint,
        }))),
        _ => Ok(()),
    }
}

/// Makes the key again from the model, compares it with the proof's, and asks halo2.
fn halo2(
    model: CompiledModel,
    batch: Batch,
    file: &ProofFile,
    key: &VerifyingKeyParts,
    (setup, cache, meter): (&Setup, &Cache, &Meter),
) -> Result<Halo2, CliError> {
    meter.begin("plan");
    let limits = Limits {
        width: Some(key.width),
        ..Limits::default()
    };
    let request = Request {
        limits,
        batch,
        ..Request::default()
    };
    let plan = plan_with(&model, request)?;
    meter.begin("set-up");
    let srs = setup.open(plan.chosen.k, cache)?;
    let session = Session::open(model, plan, srs, Some(cache), &|stage| meter.session(stage))?;
    let made = key_digest(&session.keys().on_chain());
    let hint =
        "the proof was made with another version of Verdict, another set-up, or a forged key";
    same(
        "verifying key",
        ("the proof file", file.key),
        Some(("the key made from the model", made)),
        hint,
    )?;
    meter.session(Stage::Verify);
    answer(session.verify(&instance(&file.public_values)?, &file.proof))
}

/// Recomputes what is public of a key with private weights, and asks halo2 with the rest as it stands.
fn audited(
    architecture: &Architecture,
    batch: &Batch,
    file: &ProofFile,
    key: &VerifyingKeyParts,
    (setup, cache, meter): (&Setup, &Cache, &Meter),
) -> Result<Halo2, CliError> {
    meter.begin("set-up");
    let srs = setup.open(key.k, cache)?;
    meter.begin("audit");
    let audit = audit(Subject::Architecture(architecture), batch, key, srs.clone())?;
    if !audit.passes() {
        return Err(CliError::Audit(
            "it is not one of this architecture; `verdict audit` says which columns differ".into(),
        ));
    }
    meter.session(Stage::Verify);
    answer(key.verify(&srs, &instance(&file.public_values)?, &file.proof))
}

fn answer(said: Result<(), ProverError>) -> Result<Halo2, CliError> {
    match said {
        Ok(()) => Ok(Halo2 {
            accepted: true,
            error: None,
        }),
        Err(ProverError::Rejected(reason)) => Ok(Halo2 {
            accepted: false,
            error: Some(format!("halo2: {reason}")),
        }),
        Err(error) => Err(error.into()),
    }
}

/// Deploys, publishes, and sends the transaction.
fn evm(
    file: &ProofFile,
    key: &VerifyingKeyParts,
    setup: &Setup,
    cache: &Cache,
    meter: &Meter,
) -> Result<Evm, CliError> {
    meter.begin("set-up");
    // The verifier needs one point, which every height holds.
    let srs = match setup {
        Setup::Development => Srs::development(1),
        Setup::Imported { .. } => setup.open(key.k, cache)?,
    };
    meter.begin("deploy");
    let mut harness = Harness::new(words::tau_g2(&srs.tau_g2()))?;
    meter.begin("register");
    let (address, register): (_, Gas) = harness.publish(&file.verifying_key)?;
    meter.begin("transaction");
    let (verdict, gas) = harness.verify(address, &file.public_values, &file.proof)?;
    meter.end();
    let error = match verdict {
        Verdict::Accepted => None,
        Verdict::Rejected(reason) => Some(format!("the contract reverted with {reason}")),
    };
    Ok(Evm {
        accepted: error.is_none(),
        error,
        development_setup: harness.is_development_setup()?,
        calldata_bytes: verify_calldata(address, &file.public_values, &file.proof).len(),
        gas_verify_transaction: gas.total,
        gas_intrinsic: gas.intrinsic,
        gas_calldata: gas.calldata,
        gas_execution: gas.execution,
        gas_deploy_verifier: harness.deploy_gas.total,
        gas_register_model: register.total,
    })
}

impl Report for Verified {
    fn text(&self) -> String {
        let verdict = |accepted: bool| if accepted { "accepted" } else { "REJECTED" };
        let mut text = format!(
            "{}: proof of {} B, {} public values, width {}, height k = {}\n  model {}\n  verifying key {}\n  set-up {}\n  context {}{}\n",
            verdict(self.verified),
            count(self.proof_bytes as u64),
            self.public_values.len(),
            self.width,
            self.k,
            self.model_digest,
            self.key_digest,
            self.setup,
            self.context,
            if self.context.is_zero() {
                " (zero: bound to no consumer)"
            } else {
                ""
            },
        );
        if let Some(halo2) = &self.halo2 {
            text += &format!(
                "halo2's verifier: {}{}\n",
                verdict(halo2.accepted),
                because(&halo2.error)
            );
        }
        if let Some(evm) = &self.evm {
            text += &format!(
                "contract: {}{}\n",
                verdict(evm.accepted),
                because(&evm.error)
            );
            let mut gas = Table::new(&["gas", "amount"]);
            for (name, amount) in [
                ("verification transaction", evm.gas_verify_transaction),
                ("  intrinsic", evm.gas_intrinsic),
                ("  calldata", evm.gas_calldata),
                ("  execution", evm.gas_execution),
                ("registering the model", evm.gas_register_model),
                (
                    "deploying the verifier, once for all models",
                    evm.gas_deploy_verifier,
                ),
            ] {
                gas.row([name.into(), count(amount)]);
            }
            text += &format!(
                "{}  calldata {} B\n",
                gas.render(),
                count(evm.calldata_bytes as u64)
            );
        }
        if let (true, Some(per)) = (self.batch > 1, &self.per_inference) {
            text += &format!(
                "Per inference, {} in one proof: {:.0} gas, {:.1} B of calldata\n",
                count(self.batch as u64),
                per.gas_verify_transaction,
                per.calldata_bytes
            );
        }
        text += &decode::text(&self.decoded, &[]);
        let took: f64 = self.stages.iter().map(|stage| stage.seconds).sum();
        text + &format!("took {}\n", seconds(took))
    }
}

fn because(error: &Option<String>) -> String {
    error
        .as_ref()
        .map_or_else(String::new, |error| format!(" ({error})"))
}
