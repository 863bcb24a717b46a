//! What was measured, and how it is printed.

use crate::{
    error::CliError,
    report::{
        accuracy::accuracy_text,
        decode::{self, Values},
        meter::StageCost,
        output::{Report, Table, count, maybe_mebibytes, mebibytes, seconds},
        planning::PerInference,
    },
};
use alloy_primitives::B256;
use serde::{Deserialize, Serialize};
use verdict_compiler::AccuracyReport;

/// A forgery and what became of it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Tampered {
    pub(crate) what: String,
    pub(crate) rejected: bool,
    pub(crate) contract_error: Option<String>,
    pub(crate) native_rejected: bool,
}

/// The decision, where outputs are scores of classes.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Prediction {
    pub(crate) index: usize,
    pub(crate) label: String,
    pub(crate) float_index: usize,
    pub(crate) float_label: String,
    pub(crate) agree: bool,
}

/// What was predicted before proving.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Predicted {
    pub(crate) prove_seconds: f64,
    pub(crate) prove_peak_bytes: u64,
    pub(crate) gas_verify_transaction: u64,
    pub(crate) gas_deploy_verifier: u64,
    pub(crate) gas_register_model: u64,
}

/// One model, measured.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Measurement {
    pub(crate) model: String,
    /// Non-zero weights and biases of the float model.
    pub(crate) parameters: u64,
    /// The optimisation goal.
    pub(crate) goal: String,
    /// Whether inputs are public.
    pub(crate) input: String,
    pub(crate) activation_bits: u32,
    pub(crate) model_digest: B256,
    pub(crate) key_digest: B256,
    pub(crate) srs: String,
    pub(crate) development_setup: bool,
    pub(crate) k: u32,
    pub(crate) width: usize,
    pub(crate) pack: usize,
    pub(crate) rows: usize,
    pub(crate) public_values: usize,
    /// Both the Rust verifier and the contract accepted.
    pub(crate) verified: bool,
    /// Both rejected every forgery.
    pub(crate) tampered_rejected: bool,
    pub(crate) tampered: Vec<Tampered>,
    pub(crate) compile_seconds: f64,
    pub(crate) setup_seconds: f64,
    pub(crate) keygen_seconds: f64,
    pub(crate) prove_seconds: f64,
    pub(crate) prove_cpu_seconds: Option<f64>,
    /// High-water mark while proving, keys loaded.
    pub(crate) prove_peak_rss_bytes: Option<u64>,
    pub(crate) prove_runs: usize,
    /// Inferences in the proof.
    pub(crate) batch: usize,
    pub(crate) per_inference: PerInference,
    pub(crate) verify_seconds: f64,
    pub(crate) proof_bytes: usize,
    pub(crate) calldata_bytes: usize,
    pub(crate) key_bytes: usize,
    pub(crate) gas_verify_transaction: u64,
    pub(crate) gas_intrinsic: u64,
    pub(crate) gas_calldata: u64,
    pub(crate) gas_execution: u64,
    pub(crate) gas_deploy_verifier: u64,
    pub(crate) gas_register_model: u64,
    pub(crate) predicted: Predicted,
    /// Share of test rows with the float model's top-1.
    pub(crate) top1: Option<f64>,
    pub(crate) accuracy: AccuracyReport,
    pub(crate) prediction: Option<Prediction>,
    pub(crate) outputs: Vec<Values>,
    pub(crate) stages: Vec<StageCost>,
}

/// Fails if anything was accepted that must not be, or refused that must be accepted.
pub(crate) fn judge(measurements: &[Measurement]) -> Result<(), CliError> {
    match measurements
        .iter()
        .find(|it| !it.verified || !it.tampered_rejected)
    {
        Some(it) if !it.verified => Err(CliError::Rejected(format!(
            "{}: an honest proof was refused",
            it.model
        ))),
        Some(it) => Err(CliError::Rejected(format!(
            "{}: a forgery was accepted",
            it.model
        ))),
        None => Ok(()),
    }
}

impl Measurement {
    /// Gas and size, by part.
    fn costs(&self) -> Table {
        let mut table = Table::new(&["", "amount", "predicted"]);
        let rows = [
            (
                "proof",
                format!("{} B", count(self.proof_bytes as u64)),
                None,
            ),
            (
                "calldata",
                format!("{} B", count(self.calldata_bytes as u64)),
                None,
            ),
            (
                "verification transaction",
                format!("{} gas", count(self.gas_verify_transaction)),
                Some(self.predicted.gas_verify_transaction),
            ),
            (
                "  intrinsic",
                format!("{} gas", count(self.gas_intrinsic)),
                None,
            ),
            (
                "  calldata",
                format!("{} gas", count(self.gas_calldata)),
                None,
            ),
            (
                "  execution",
                format!("{} gas", count(self.gas_execution)),
                None,
            ),
            (
                "registering the model",
                format!("{} gas", count(self.gas_register_model)),
                Some(self.predicted.gas_register_model),
            ),
            (
                "deploying the verifier, once for all models",
                format!("{} gas", count(self.gas_deploy_verifier)),
                Some(self.predicted.gas_deploy_verifier),
            ),
        ];
        for (name, amount, predicted) in rows {
            table.row([
                name.into(),
                amount,
                predicted.map_or_else(String::new, |gas| format!("{} gas", count(gas))),
            ]);
        }
        table
    }
}

/// The story of one model, as `demo` tells it.
impl Report for Measurement {
    fn text(&self) -> String {
        let mut text = format!(
            "{}: {} parameters, {}-bit activations, {} inputs\n{}\n",
            self.model,
            count(self.parameters),
            self.activation_bits,
            self.input,
            accuracy_text(&self.accuracy)
        );
        text += &format!(
            "Plan ({}): width {}, {} columns to a pack, height k = {}, {} of {} rows\nSet-up: {}\n\n",
            self.goal,
            self.width,
            self.pack,
            self.k,
            count(self.rows as u64),
            count(1u64 << self.k),
            self.srs
        );
        text += &self.per_inference.text(self.batch);
        text += &decode::text(&self.outputs, &[]);
        if let Some(prediction) = &self.prediction {
            text += &format!(
                "prediction decoded from the proof: {}; the float model says {}\n",
                prediction.label, prediction.float_label
            );
        }
        text += &format!(
            "\nthe Rust verifier and the contract: {}\n",
            if self.verified {
                "accepted"
            } else {
                "NOT BOTH ACCEPTED"
            }
        );
        for forgery in &self.tampered {
            let contract = forgery
                .contract_error
                .as_ref()
                .map_or("ACCEPTED".into(), |error| format!("reverted with {error}"));
            let native = if forgery.native_rejected {
                "rejected"
            } else {
                "ACCEPTED"
            };
            text += &format!("{}: contract {contract}; Rust {native}\n", forgery.what);
        }
        // One table: stages first, then sizes and gas.
        let mut table = Table::new(&["", "time / amount", "peak memory / predicted"]);
        for stage in &self.stages {
            table.row([
                stage.stage.clone(),
                seconds(stage.seconds),
                maybe_mebibytes(stage.peak_rss_bytes),
            ]);
        }
        table.append(self.costs());
        text + "\n" + &table.render()
    }
}

/// Several models, one line each.
#[derive(Debug, Serialize)]
#[serde(transparent)]
pub(crate) struct Bench(pub(crate) Vec<Measurement>);

impl Report for Bench {
    fn text(&self) -> String {
        let mut table = Table::new(&[
            "model",
            "goal",
            "parameters",
            "k",
            "width",
            "pack",
            "set-up",
            "keys",
            "prove",
            "est.",
            "peak",
            "est.",
            "proof B",
            "calldata B",
            "verify gas",
            "est.",
            "register",
            "deploy",
            "top-1",
            "batch",
            "s each",
            "gas each",
            "ok",
        ]);
        for it in &self.0 {
            let yes = it.verified && it.tampered_rejected;
            table.row([
                it.model.clone(),
                it.goal.clone(),
                count(it.parameters),
                it.k.to_string(),
                it.width.to_string(),
                it.pack.to_string(),
                seconds(it.setup_seconds),
                seconds(it.keygen_seconds),
                seconds(it.prove_seconds),
                seconds(it.predicted.prove_seconds),
                maybe_mebibytes(it.prove_peak_rss_bytes),
                mebibytes(it.predicted.prove_peak_bytes as f64),
                count(it.proof_bytes as u64),
                count(it.calldata_bytes as u64),
                count(it.gas_verify_transaction),
                count(it.predicted.gas_verify_transaction),
                count(it.gas_register_model),
                count(it.gas_deploy_verifier),
                it.top1
                    .map_or_else(|| "–".into(), |share| format!("{:.1}%", share * 100.0)),
                count(it.batch as u64),
                seconds(it.per_inference.prove_seconds),
                count(it.per_inference.gas_verify_transaction.round() as u64),
                if yes { "yes" } else { "NO" }.into(),
            ]);
        }
        table.render()
    }
}
