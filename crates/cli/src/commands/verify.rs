//! `verdict verify`

use crate::{
    error::CliError,
    options::{
        SrsArgs,
        data_set::{DataSetArgs, DataSetRows},
        hex32,
        key_proof::KeyProofArgs,
    },
    report::{
        decode,
        meter::{Meter, StageCost},
        output::{Output, Report, Table, count, seconds},
        planning::PerInference,
    },
};
use alloy_primitives::{B256, Bytes};
use clap::Args;
use serde::Serialize;
use std::path::{Path, PathBuf};
use verdict_chain::{Gas, Harness, Verdict};
use verdict_engine::{Engine, EngineError, Mismatch, Setup, Subject};
use verdict_prover::ProverError;
use verdict_wire::{ProofFile, parse_key, verify_calldata, words};

#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  verdict verify proof.json --model model.verdict\n  \
    verdict verify proof.json --model model.architecture --bundle model.bundle.json --evm\n  \
    verdict verify --evm proof.json --key 0x…\n  \
    verdict verify proof.json --model labelled.verdict --data-set test.data-set.json --dev\n\n\
    Without --model, the proof is verified by the contract in an embedded EVM, as with --evm.\n\n\
    A proof brings its verifying key along, and anybody can make a key under which anything can be proved. So the key must be pinned: \
    --model makes it again from the model (of private weights, audits it with the key proof of --bundle), --key compares its digest \
    with the one that the contract knows. Without either, a proof that verifies exits with 7, and no digest is printed but that of the \
    key itself."
)]
pub(crate) struct Verify {
    /// The proof file
    #[arg(value_name = "PROOF.json")]
    proof: PathBuf,
    /// The compiled model: makes the verifying key again, compares it, and verifies with the Rust
    /// verifier. Of a key with private weights, which its architecture is enough for, what is
    /// public is made again
    #[arg(long, value_name = "MODEL.verdict")]
    model: Option<PathBuf>,
    /// Deploy the verifier and the key in an embedded EVM and send the verification as a
    /// transaction
    #[arg(long)]
    evm: bool,
    /// Refuse proofs of another verifying key: the digest that the contract knows
    #[arg(long, value_name = "DIGEST", value_parser = hex32)]
    key: Option<B256>,
    #[command(flatten)]
    key_proof: KeyProofArgs,
    /// Refuse proofs bound to another context
    #[arg(long, value_name = "HEX", value_parser = hex32)]
    context: Option<B256>,
    #[command(flatten)]
    data_set: DataSetArgs,
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
struct Native {
    accepted: bool,
    error: Option<String>,
}

/// What the key was compared with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
enum Pin {
    /// The key that the model, or the architecture, makes.
    Model,
    /// A digest that the caller knows.
    Digest,
    /// Nothing.
    Unpinned,
}

#[derive(Serialize)]
struct Verified {
    verified: bool,
    /// What the verifying key was compared with.
    key: Pin,
    /// Absent without the model: nothing in the file was checked to be about any.
    model_digest: Option<B256>,
    /// Computed from the key that the file brings along.
    key_digest: B256,
    context: B256,
    setup: String,
    development_setup: bool,
    k: u32,
    width: usize,
    proof_bytes: usize,
    /// Absent without the model, as the next two.
    batch: Option<usize>,
    private_weights: Option<bool>,
    /// Of the contract's verification, where it was asked.
    per_inference: Option<PerInference>,
    public_values: Vec<B256>,
    native: Option<Native>,
    evm: Option<Evm>,
    /// The rows of `--data-set` that the proof is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    data_set: Option<DataSetRows>,
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
            ("--key", self.key),
            "prove again with the plan and set-up behind the registered key",
        )?;
        same(
            "context",
            (&name, context),
            ("--context", self.context),
            "prove again with that --context",
        )?;

        let pin = match (&self.model, self.key) {
            (Some(_), _) => Pin::Model,
            (None, Some(_)) => Pin::Digest,
            (None, None) => Pin::Unpinned,
        };
        let engine = self.srs.engine_of(&file, &name)?;
        let meter = Meter::new(output);
        let (mut decoded, mut rows) = (Vec::new(), None);
        let native = match &self.model {
            Some(path) => {
                let subject = Subject::load(path, file.private_weights)?;
                subject.must_be(file.model, &name, VERIFY_WITH_THE_MODEL)?;
                let batch = file.batch(subject.published().graph(), &self.proof)?;
                decoded = decode::public(subject.model(), &batch, &file.public_values)?;
                let values = &file.public_values;
                rows = self.data_set.check(subject.model(), &batch, values)?;
                let key_proof = self.key_proof(&file, &name)?;
                Some(native(
                    &engine,
                    &file,
                    &self.proof,
                    &subject,
                    key_proof,
                    &meter,
                )?)
            }
            None => None,
        };
        let evm = if self.evm || self.model.is_none() {
            Some(evm(&file, engine.setup(), &meter)?)
        } else {
            None
        };
        let stages = meter.take();
        drop(meter);

        let refused = [
            native.as_ref().and_then(|it| it.error.clone()),
            evm.as_ref().and_then(|it| it.error.clone()),
        ];
        let refused: Vec<String> = refused.into_iter().flatten().collect();
        // What the file says of itself is a fact where the model was compared with it.
        let batch = file.batch.as_ref().map_or(1, |batch| batch.items);
        let batch = (pin == Pin::Model).then_some(batch);
        output.emit(&Verified {
            verified: refused.is_empty(),
            key: pin,
            model_digest: (pin == Pin::Model).then_some(file.model),
            key_digest: file.key,
            context,
            setup: engine.setup().name().into(),
            development_setup: engine.setup().is_development(),
            k: key.k,
            width: key.width,
            proof_bytes: file.proof.len(),
            batch,
            private_weights: (pin == Pin::Model).then_some(file.private_weights),
            per_inference: evm.as_ref().zip(batch).map(|(evm, batch)| {
                PerInference::new(batch, 0.0, evm.gas_verify_transaction, evm.calldata_bytes)
            }),
            public_values: file.public_values,
            native,
            evm,
            data_set: rows,
            decoded,
            stages,
        })?;
        match (refused.is_empty(), pin) {
            (false, _) => Err(CliError::Rejected(refused.join("; "))),
            (true, Pin::Unpinned) => Err(CliError::Unpinned),
            (true, _) => Ok(()),
        }
    }
}

const VERIFY_WITH_THE_MODEL: &str =
    "verify with the model, or the architecture, that the proof is about";

impl Verify {
    /// The key proof, of a bundle that must be of the proof's key.
    fn key_proof(&self, file: &ProofFile, name: &str) -> Result<Option<Bytes>, CliError> {
        if let (Some(bundle), Some(path)) = (self.key_proof.bundle()?, &self.key_proof.bundle) {
            same(
                "verifying key",
                (name, file.key),
                (&path.display().to_string(), Some(bundle.key_digest())),
                "give the bundle of the proof's key",
            )?;
        }
        self.key_proof.key_proof()
    }
}

/// Compares a digest with the one asked for, if one is, naming both.
fn same(
    what: &'static str,
    (left_of, left): (&str, B256),
    (right_of, right): (&str, Option<B256>),
    hint: &'static str,
) -> Result<(), CliError> {
    match right {
        Some(right) if left != right => Err(CliError::Mismatch(Box::new(Mismatch {
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

/// Checks the proof against its subject; a proof that is not valid is an answer, not a failure.
fn native(
    engine: &Engine,
    file: &ProofFile,
    path: &Path,
    subject: &Subject,
    key_proof: Option<Bytes>,
    meter: &Meter,
) -> Result<Native, CliError> {
    let key_proof = key_proof.as_deref().map(AsRef::as_ref);
    match engine.check(file, path, subject, key_proof, &|stage| meter.engine(stage)) {
        Ok(()) => Ok(Native {
            accepted: true,
            error: None,
        }),
        Err(EngineError::Prover(ProverError::Rejected(reason))) => Ok(Native {
            accepted: false,
            error: Some(format!("the Rust verifier: {reason}")),
        }),
        Err(error) => Err(error.into()),
    }
}

/// Deploys, publishes, and sends the transaction.
fn evm(file: &ProofFile, setup: &Setup, meter: &Meter) -> Result<Evm, CliError> {
    meter.begin("set-up");
    let srs = setup.open_any()?;
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
            "{}: proof of {} B, {} public values, width {}, height k = {}\n{}  verifying key {} ({})\n  set-up {}\n  context {}{}\n",
            verdict(self.verified),
            count(self.proof_bytes as u64),
            self.public_values.len(),
            self.width,
            self.k,
            self.model_digest
                .map_or_else(String::new, |digest| format!("  model {digest}\n")),
            self.key_digest,
            match self.key {
                Pin::Model => "compared with the model's",
                Pin::Digest => "compared with --key",
                Pin::Unpinned => "key: unpinned, compared with nothing",
            },
            self.setup,
            self.context,
            if self.context.is_zero() {
                " (zero: bound to no consumer)"
            } else {
                ""
            },
        );
        if let Some(native) = &self.native {
            text += &format!(
                "the Rust verifier: {}{}\n",
                verdict(native.accepted),
                because(&native.error)
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
        let items = self.batch.filter(|items| *items > 1);
        if let Some((items, per)) = items.zip(self.per_inference.as_ref()) {
            text += &format!(
                "Per inference, {} in one proof: {:.0} gas, {:.1} B of calldata\n",
                count(items as u64),
                per.gas_verify_transaction,
                per.calldata_bytes
            );
        }
        text += &self
            .data_set
            .as_ref()
            .map_or_else(String::new, DataSetRows::text);
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
