//! From an ONNX file to a verified proof, measured: what `demo` and `bench` print.

mod forgeries;
mod job;
mod measurement;

pub(crate) use job::{Info, Job, info};
pub(crate) use measurement::{Bench, Measurement, judge};

use crate::{
    error::CliError,
    load,
    options::{
        batch, goal_name,
        quantise::{compile_planned, visibility_name},
    },
    report::{
        decode,
        meter::{Meter, StageCost},
        planning::{PerInference, predicted_gas, public_values as words_of},
    },
};
use alloy_primitives::B256;
use forgeries::forgeries;
use measurement::{Predicted, Prediction, Tampered};
use verdict_chain::{Gas, Harness, Verdict};
use verdict_circuit::Limits;
use verdict_compiler::{AccuracyReport, Compilation, accuracy, import_with, vouched};
use verdict_engine::{Engine, OpenOptions, Salts, Session, Setup, Stage, Verified};
use verdict_model::{CompiledModel, DataSet, OutOfDomain, Row, Visibility};
use verdict_prover::Cache;
use verdict_wire::{key_bytes, key_digest, verify_calldata_len};

/// A model that was compiled, and what is proved of it.
struct Compiled {
    model: CompiledModel,
    /// Non-zero weights and biases of the float model.
    parameters: u64,
    accuracy: AccuracyReport,
    /// What the float model says of the first row.
    expected: Vec<Vec<f64>>,
    /// The integer inputs of every item.
    items: Vec<Row<i32>>,
}

/// The run of median time.
struct Run {
    stages: Vec<StageCost>,
    /// The most that any run took.
    peak: Option<u64>,
    verified: Verified,
}

/// What the verifiers said.
struct Judged {
    native: bool,
    contract: bool,
    development: bool,
    gas: Gas,
    deploy: Gas,
    register: Gas,
    calldata_bytes: usize,
    key_bytes: usize,
    tampered: Vec<Tampered>,
}

/// Runs everything once (proving `runs` times).
pub(crate) fn measure(job: &Job, meter: &Meter) -> Result<Measurement, CliError> {
    let compiled = compiled(job, meter)?;
    let (model, items) = (compiled.model, &compiled.items);
    let session = opened(job, model, meter)?;
    let mut stages = meter.take();
    let run = prove(job, &session, items, meter)?;
    stages.extend(run.stages.iter().cloned());
    let judged = judged(&session, &run.verified, meter)?;
    stages.extend(meter.take());

    let plan = session.plan();
    let predicted = predicted_gas(plan)?;
    let (chosen, manifest) = (plan.chosen, session.model().manifest());
    let outputs = decode::outputs(
        session.model(),
        &run.verified.traces()[0],
        Some(&compiled.expected),
    );
    let took = |name: &str| -> f64 {
        let stages = stages.iter().filter(|stage| stage.stage == name);
        stages.map(|stage| stage.seconds).sum()
    };
    let proving = run.stages.iter().filter(|stage| is_proving(stage));
    let prove_seconds: f64 = proving.clone().map(|stage| stage.seconds).sum();
    Ok(Measurement {
        model: job.name.clone(),
        parameters: compiled.parameters,
        goal: goal_name(job.options.goal).into(),
        input: visibility_name(input_visibility(session.model())).into(),
        activation_bits: manifest.activation_bits,
        model_digest: session.model().digest().into(),
        key_digest: key_digest(session.key()),
        srs: session.setup().name().into(),
        development_setup: judged.development,
        k: chosen.k,
        width: chosen.width,
        pack: chosen.pack,
        rows: chosen.rows,
        public_values: words_of(plan),
        verified: judged.native && judged.contract,
        tampered_rejected: judged.tampered.iter().all(|forgery| forgery.rejected),
        tampered: judged.tampered,
        compile_seconds: took("import") + took("compile"),
        setup_seconds: took("set-up"),
        keygen_seconds: took("keys"),
        prove_seconds,
        prove_cpu_seconds: proving.map(|stage| stage.cpu_seconds).sum(),
        prove_peak_rss_bytes: run.peak,
        prove_runs: job.runs.max(1),
        batch: job.batch,
        per_inference: PerInference::new(
            job.batch,
            prove_seconds,
            judged.gas.total,
            judged.calldata_bytes,
        ),
        verify_seconds: took("verify (Rust)"),
        proof_bytes: run.verified.proof().len(),
        calldata_bytes: judged.calldata_bytes,
        key_bytes: judged.key_bytes,
        gas_verify_transaction: judged.gas.total,
        gas_intrinsic: judged.gas.intrinsic,
        gas_calldata: judged.gas.calldata,
        gas_execution: judged.gas.execution,
        gas_deploy_verifier: judged.deploy.total,
        gas_register_model: judged.register.total,
        predicted: Predicted {
            prove_seconds: chosen.seconds,
            prove_peak_bytes: chosen.bytes as u64,
            gas_verify_transaction: predicted.verify.total,
            gas_deploy_verifier: predicted.deploy,
            gas_register_model: predicted.register,
        },
        top1: compiled.accuracy.top1_agreement,
        accuracy: compiled.accuracy,
        prediction: prediction(&outputs, &compiled.expected, &job.labels),
        outputs,
        stages,
    })
}

/// Imports, compiles and compares.
fn compiled(job: &Job, meter: &Meter) -> Result<Compiled, CliError> {
    meter.begin("import");
    let float = import_with(&job.onnx, &job.import)?;
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
    let limits = Limits {
        max_k: job.max_k,
        width: job.width,
        pack: job.pack,
        ..Limits::default()
    };
    let compiled = compile_planned(&float, &calibration, &job.options, limits, &|step| {
        meter.step(&step.to_string());
    })?;
    let Compilation {
        model,
        reference,
        drawn,
        ..
    } = compiled;
    meter.begin("accuracy");
    // A model that accepts more than the rows given is judged by more.
    let own = drawn.as_ref().unwrap_or(&calibration);
    let compared = test.as_ref().unwrap_or(own);
    let accuracy = accuracy(&reference, &float, &model, compared)?;
    let model = vouched(model, &accuracy, &job.options)?;
    // A held-out row may lie a little outside the calibrated domain.
    let items = rows_of(&row, &calibration, test.as_ref(), job.batch)
        .map(|row| model.quantise_input(row, OutOfDomain::Saturate))
        .collect::<Result<Vec<_>, _>>()?;
    // The float model and the data end here: their memory must not count as the prover's.
    Ok(Compiled {
        parameters: float.parameters() as u64,
        expected: reference.run(&row)?,
        accuracy,
        model,
        items,
    })
}

/// Plans the model and makes its keys, which are never taken from the cache: their time is
/// measured.
fn opened(job: &Job, model: CompiledModel, meter: &Meter) -> Result<Session, CliError> {
    let setup = match &job.srs {
        Some(digest) => Setup::imported(digest, &Cache::standard()?)?,
        None if job.cached => Setup::development(Cache::standard().ok()),
        None => Setup::development(None),
    };
    let options = OpenOptions {
        goal: job.options.goal,
        limits: Limits {
            max_k: job.max_k,
            width: job.width,
            pack: job.pack,
            ..Limits::default()
        },
        batch: batch(job.batch, &job.sums, &model)?,
        hiding: None,
    };
    Ok(Engine::new(setup).open(model, options, &|stage| meter.engine(stage))?)
}

/// Proves as often as is asked for.
fn prove(job: &Job, session: &Session, items: &[Row<i32>], meter: &Meter) -> Result<Run, CliError> {
    let on_stage = |stage| match stage {
        Stage::Verify => meter.begin("verify (Rust)"),
        stage => meter.engine(stage),
    };
    let mut runs = Vec::new();
    for _ in 0..job.runs.max(1) {
        let verified = session.prove(items, Salts::Random, B256::ZERO, &on_stage)?;
        runs.push((meter.take(), verified));
    }
    let proving = runs.iter().flat_map(|(stages, _)| stages);
    let peak = proving
        .filter(|stage| is_proving(stage))
        .filter_map(|stage| stage.peak_rss_bytes)
        .max();
    let time = |stages: &[StageCost]| -> f64 {
        let proving = stages.iter().filter(|stage| is_proving(stage));
        proving.map(|stage| stage.seconds).sum()
    };
    runs.sort_by(|(a, _), (b, _)| time(a).total_cmp(&time(b)));
    let (stages, verified) = runs.swap_remove(runs.len() / 2);
    Ok(Run {
        stages,
        peak,
        verified,
    })
}

fn is_proving(stage: &StageCost) -> bool {
    [Stage::Witness, Stage::Prove]
        .iter()
        .any(|proving| stage.stage == proving.name())
}

/// Asks the Rust verifier and the contract about the proof and about forgeries.
fn judged(session: &Session, verified: &Verified, meter: &Meter) -> Result<Judged, CliError> {
    let (words, proof) = (verified.public_values(), verified.proof());
    let native_accepts = |words: &[B256], proof: &[u8]| session.verify(words, proof).is_ok();
    meter.begin("deploy verifier");
    let mut harness = Harness::new(session.tau_g2())?;
    let key = session.key();
    let bytes = key_bytes(key);
    meter.begin("register model");
    let (address, register) = harness.publish(&bytes)?;
    meter.begin("verify (contract)");
    let (verdict, gas) = harness.verify(address, words, proof)?;
    meter.begin("reject forgeries");
    let mut tampered = Vec::new();
    for forgery in forgeries(words, proof, key) {
        let (verdict, _) = harness.verify(address, &forgery.words, &forgery.proof)?;
        let contract_error = match verdict {
            Verdict::Accepted => None,
            Verdict::Rejected(reason) => Some(reason),
        };
        let native_rejected = !native_accepts(&forgery.words, &forgery.proof);
        tampered.push(Tampered {
            what: forgery.what.into(),
            rejected: contract_error.is_some() && native_rejected,
            contract_error,
            native_rejected,
        });
    }
    Ok(Judged {
        native: native_accepts(words, proof),
        contract: verdict == Verdict::Accepted,
        development: harness.is_development_setup()?,
        gas,
        deploy: harness.deploy_gas,
        register,
        calldata_bytes: verify_calldata_len(words.len(), proof.len()),
        key_bytes: bytes.len(),
        tampered,
    })
}

/// The decision, where the first output holds scores of classes.
fn prediction(
    outputs: &[decode::Values],
    expected: &[Vec<f64>],
    labels: &[String],
) -> Option<Prediction> {
    let index = decode::decision(&outputs.first()?.reals, labels)?;
    let float_index = decode::decision(expected.first()?, labels)?;
    let label = |index: usize| {
        let label = labels.get(index).cloned();
        label.unwrap_or_else(|| index.to_string())
    };
    Some(Prediction {
        index,
        label: label(index),
        float_index,
        float_label: label(float_index),
        agree: index == float_index,
    })
}

/// What is not private of the inputs, if anything is not.
fn input_visibility(model: &CompiledModel) -> Visibility {
    let inputs = model.manifest().inputs.iter();
    inputs
        .map(|input| input.visibility)
        .find(|visibility| *visibility != Visibility::Private)
        .unwrap_or(Visibility::Private)
}

/// The sample, then rows of the test or calibration data, from the beginning again where there are
/// too few.
fn rows_of<'a>(
    sample: &'a Vec<Vec<f64>>,
    calibration: &'a DataSet,
    test: Option<&'a DataSet>,
    count: usize,
) -> impl Iterator<Item = &'a Vec<Vec<f64>>> {
    let more = test.unwrap_or(calibration).rows().iter().cycle();
    std::iter::once(sample).chain(more).take(count)
}
