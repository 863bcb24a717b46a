//! From an ONNX file to a verified proof, measured: what `demo` and `bench` print.

use crate::{
    args::{goal_name, visibility_name},
    commands::compile::accuracy_text,
    decode::{self, Values},
    error::CliError,
    load,
    meter::{Meter, StageCost},
    output::{Report, Table, count, maybe_mebibytes, mebibytes, seconds},
    planning::{PerInference, plan_with, predicted_gas, public_values as words_of},
    setup::Setup,
};
use alloy_primitives::{B256, U256};
use rand::rngs::OsRng;
use serde::{Deserialize, Serialize};
use std::{fs, path::PathBuf};
use verdict_circuit::{Limits, Request};
use verdict_chain::{Gas, Harness, Verdict};
use verdict_wire::{key_bytes, key_digest, public_values, verify_calldata, words};
use verdict_compiler::{AccuracyReport, Options, Reference, accuracy, compile, import_outputs};
use verdict_model::{DataSet, Goal, OutOfDomain, Visibility};
use verdict_engine::Session;
use verdict_prover::{Cache, Srs};

/// What to measure.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Job {
    pub(crate) name: String,
    pub(crate) onnx: PathBuf,
    pub(crate) calibration: PathBuf,
    /// For the accuracy report; the calibration data if missing.
    pub(crate) test: Option<PathBuf>,
    /// Its first row is proved; the calibration data's if missing.
    pub(crate) sample: Option<PathBuf>,
    /// Names of the outputs, if any.
    pub(crate) labels: Vec<String>,
    pub(crate) options: Options,
    /// Values of the ONNX graph to take for outputs; the file's if there are none.
    pub(crate) outputs: Vec<String>,
    pub(crate) width: Option<usize>,
    pub(crate) max_k: u32,
    /// Digest of an imported set-up and its height; the development set-up if missing.
    pub(crate) srs: Option<(String, u32)>,
    /// Whether the set-up may come from the cache.
    pub(crate) cached: bool,
    /// Proofs to make; the median counts.
    pub(crate) runs: usize,
    /// Inferences in one proof.
    pub(crate) batch: usize,
    /// Outputs of which only the sum over the batch is public.
    pub(crate) sums: Vec<String>,
}

/// What the fields of a committed model's `info.json` that matter here say.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Info {
    pub(crate) labels: Vec<String>,
}

/// A forgery and what became of it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Tampered {
    pub(crate) what: String,
    pub(crate) rejected: bool,
    pub(crate) contract_error: Option<String>,
    pub(crate) halo2_rejected: bool,
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
    pub(crate) rows: usize,
    pub(crate) public_values: usize,
    /// Both halo2's verifier and the contract accepted.
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

/// Runs everything once (proving `runs` times).
pub(crate) fn measure(job: &Job, meter: &Meter) -> Result<Measurement, CliError> {
    let goal = job.options.goal;
    meter.begin("import");
    let outputs: Vec<&str> = job.outputs.iter().map(String::as_str).collect();
    let float = import_outputs(&job.onnx, &outputs)?;
    let specs = float.input_specs();
    let calibration = DataSet::load(&job.calibration, &specs)?;
    let test = job
        .test
        .as_ref()
        .map(|path| DataSet::load(path, &specs))
        .transpose()?;
    let row = match &job.sample {
        Some(path) => load::row(path, &DataSet::load(path, &specs)?, 0)?,
        None => load::row(&job.calibration, &calibration, 0)?,
    };
    meter.begin("compile");
    let model = compile(&float, &calibration, &job.options)?;
    meter.begin("accuracy");
    let reference = Reference::new(&float)?;
    let report = accuracy(
        &reference,
        &float,
        &model,
        test.as_ref().unwrap_or(&calibration),
    )?;
    let expected = reference.run(&row)?;
    let parameters = float.parameters() as u64;
    // A held-out row may lie a little outside the calibrated domain.
    let items = rows_of(&row, &calibration, test.as_ref(), job.batch)
        .map(|row| model.quantise_input(row, OutOfDomain::Saturate))
        .collect::<Result<Vec<_>, _>>()?;
    // Their memory must not count as the prover's.
    drop((reference, float, calibration, test));

    meter.begin("plan");
    let limits = Limits {
        max_k: job.max_k,
        width: job.width,
        ..Limits::default()
    };
    let plan = plan_with(
        &model,
        Request {
            goal,
            limits,
            batch: crate::args::batch(job.batch, &job.sums, &model)?,
            ..Request::default()
        },
    )?;
    let gas = predicted_gas(&plan)?;
    let predicted = Predicted {
        prove_seconds: plan.chosen.seconds,
        prove_peak_bytes: plan.chosen.bytes as u64,
        gas_verify_transaction: gas.verify.total,
        gas_deploy_verifier: gas.deploy,
        gas_register_model: gas.register,
    };
    let (chosen, values) = (plan.chosen, words_of(&plan));

    meter.begin("set-up");
    let setup = match &job.srs {
        Some((digest, height)) => Setup::Imported {
            digest: digest.clone(),
            height: *height,
        },
        None => Setup::Development,
    };
    let srs = match setup {
        Setup::Development if !job.cached => Srs::development(chosen.k),
        _ => setup.open(chosen.k, &Cache::standard())?,
    };
    let on_stage = |stage| meter.session(stage);
    let session = Session::open(model, plan, srs, None, &on_stage)?;
    let mut stages = meter.take();
    let mut runs = Vec::new();
    for _ in 0..job.runs.max(1) {
        let salts = session.random_salts(OsRng);
        let context = words::scalar(&B256::ZERO)?;
        let inference = session.prove_batch(&items, &salts, context, OsRng, &on_stage)?;
        runs.push((meter.take(), inference));
    }
    let peak = runs
        .iter()
        .flat_map(|(stages, _)| stages)
        .filter_map(|stage| stage.peak_rss_bytes)
        .max();
    let time = |stages: &[StageCost]| stages.iter().map(|stage| stage.seconds).sum::<f64>();
    runs.sort_by(|(a, _), (b, _)| time(a).total_cmp(&time(b)));
    let (proving, inference) = runs.swap_remove(runs.len() / 2);
    let prove_seconds = time(&proving);
    let prove_cpu_seconds = proving.iter().map(|stage| stage.cpu_seconds).sum();
    stages.extend(proving);

    meter.begin("verify (halo2)");
    let halo2_accepts = |values: &[B256], proof: &[u8]| {
        verdict_wire::instance(values).is_ok_and(|instance| session.verify(&instance, proof).is_ok())
    };
    let words = public_values(&inference.instance);
    let accepted_by_halo2 = halo2_accepts(&words, &inference.proof);
    meter.begin("deploy verifier");
    let mut harness = Harness::new(words::tau_g2(&session.srs().tau_g2()))?;
    let parts = session.keys().on_chain();
    let key = key_bytes(&parts);
    meter.begin("register model");
    let (address, register): (_, Gas) = harness.publish(&key)?;
    meter.begin("verify (contract)");
    let (verdict, gas) = harness.verify(address, &words, &inference.proof)?;
    meter.begin("reject forgeries");
    let mut tampered = Vec::new();
    for (what, words, proof) in forgeries(&words, &inference.proof) {
        let (verdict, _) = harness.verify(address, &words, &proof)?;
        let halo2_rejected = !halo2_accepts(&words, &proof);
        let contract_error = match verdict {
            Verdict::Accepted => None,
            Verdict::Rejected(reason) => Some(reason),
        };
        let rejected = contract_error.is_some() && halo2_rejected;
        tampered.push(Tampered {
            what,
            rejected,
            contract_error,
            halo2_rejected,
        });
    }
    stages.extend(meter.take());

    let outputs = decode::outputs(session.model(), &inference.traces[0], Some(&expected));
    let prediction = outputs.first().and_then(|first| {
        let index = decode::decision(&first.reals, &job.labels)?;
        let float_index = decode::decision(expected.first()?, &job.labels)?;
        let label = |index: usize| {
            job.labels
                .get(index)
                .cloned()
                .unwrap_or_else(|| index.to_string())
        };
        Some(Prediction {
            index,
            label: label(index),
            float_index,
            float_label: label(float_index),
            agree: index == float_index,
        })
    });
    let took = |name: &str| {
        stages
            .iter()
            .filter(|stage| stage.stage == name)
            .map(|stage| stage.seconds)
            .sum::<f64>()
    };
    let manifest = session.model().manifest();
    let input = manifest
        .inputs
        .iter()
        .map(|input| input.visibility)
        .find(|visibility| *visibility != Visibility::Private)
        .unwrap_or(Visibility::Private);
    Ok(Measurement {
        model: job.name.clone(),
        parameters,
        goal: goal_name(goal).into(),
        input: visibility_name(input).into(),
        activation_bits: manifest.activation_bits,
        model_digest: session.model().digest().into(),
        key_digest: key_digest(&parts),
        srs: setup.name().into(),
        development_setup: harness.is_development_setup()?,
        k: chosen.k,
        width: chosen.width,
        rows: chosen.rows,
        public_values: values,
        verified: accepted_by_halo2 && verdict == Verdict::Accepted,
        tampered_rejected: tampered.iter().all(|forgery| forgery.rejected),
        tampered,
        compile_seconds: took("import") + took("compile"),
        setup_seconds: took("set-up"),
        keygen_seconds: took("keys"),
        prove_seconds,
        prove_cpu_seconds,
        prove_peak_rss_bytes: peak,
        prove_runs: job.runs.max(1),
        batch: job.batch,
        per_inference: PerInference::new(
            job.batch,
            prove_seconds,
            gas.total,
            verify_calldata(address, &words, &inference.proof).len(),
        ),
        verify_seconds: took("verify (halo2)"),
        proof_bytes: inference.proof.len(),
        calldata_bytes: verify_calldata(address, &words, &inference.proof).len(),
        key_bytes: key.len(),
        gas_verify_transaction: gas.total,
        gas_intrinsic: gas.intrinsic,
        gas_calldata: gas.calldata,
        gas_execution: gas.execution,
        gas_deploy_verifier: harness.deploy_gas.total,
        gas_register_model: register.total,
        predicted,
        top1: report.top1_agreement,
        accuracy: report,
        prediction,
        outputs,
        stages,
    })
}

/// The sample, then rows of the test or calibration data, from the beginning again where there are too few.
fn rows_of<'a>(
    sample: &'a Vec<Vec<f64>>,
    calibration: &'a DataSet,
    test: Option<&'a DataSet>,
    count: usize,
) -> impl Iterator<Item = &'a Vec<Vec<f64>>> {
    let more = test.unwrap_or(calibration).rows().iter().cycle();
    std::iter::once(sample).chain(more).take(count)
}

/// A lie about the result, a lie about whom it is for, a bent proof, a cut proof.
fn forgeries(words: &[B256], proof: &[u8]) -> Vec<(String, Vec<B256>, Vec<u8>)> {
    let bumped = |index: usize| {
        let mut words = words.to_vec();
        if let Some(word) = words.get_mut(index) {
            *word = (U256::from_be_bytes(word.0) ^ U256::from(1)).into();
        }
        words
    };
    let mut bent = proof.to_vec();
    // The last evaluation lies before the two opening points.
    if let Some(byte) = proof.len().checked_sub(129).and_then(|at| bent.get_mut(at)) {
        *byte ^= 1;
    }
    let cut = proof[..proof.len().saturating_sub(32)].to_vec();
    vec![
        (
            "an output changed by one".into(),
            bumped(words.len().saturating_sub(1)),
            proof.to_vec(),
        ),
        ("another context".into(), bumped(0), proof.to_vec()),
        ("a bit of the proof flipped".into(), words.to_vec(), bent),
        ("the proof cut short".into(), words.to_vec(), cut),
    ]
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

/// Reads `info.json`, if there is one.
pub(crate) fn info(path: &std::path::Path) -> Result<Info, CliError> {
    match fs::read_to_string(path) {
        Ok(text) => serde_json::from_str(&text)
            .map_err(|error| CliError::Input(format!("{}: {error}", path.display()))),
        Err(_) => Ok(Info::default()),
    }
}

impl Job {
    /// A job with default options.
    pub(crate) fn new(
        name: impl Into<String>,
        onnx: PathBuf,
        calibration: PathBuf,
        goal: Goal,
    ) -> Self {
        Self {
            name: name.into(),
            onnx,
            calibration,
            test: None,
            sample: None,
            labels: Vec::new(),
            options: Options {
                goal,
                ..Options::default()
            },
            outputs: Vec::new(),
            width: None,
            max_k: Limits::default().max_k,
            srs: None,
            cached: true,
            runs: 1,
            batch: 1,
            sums: Vec::new(),
        }
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
            "Plan ({}): width {}, height k = {}, {} of {} rows\nSet-up: {}\n\n",
            self.goal,
            self.width,
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
            "\nhalo2's verifier and the contract: {}\n",
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
            let halo2 = if forgery.halo2_rejected {
                "rejected"
            } else {
                "ACCEPTED"
            };
            text += &format!("{}: contract {contract}; halo2 {halo2}\n", forgery.what);
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
