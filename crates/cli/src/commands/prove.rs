//! `verdict prove`

use crate::{
    args::{PlanArgs, SrsArgs, hex32},
    decode,
    error::CliError,
    load,
    meter::{Meter, StageCost, stage_table},
    output::{Output, Report, count},
    planning::plan_model,
    setup::Setup,
};
use alloy_primitives::B256;
use clap::Args;
use rand::rngs::OsRng;
use serde::Serialize;
use std::path::PathBuf;
use verdict_evm::{PROOF_FILE_VERSION, ProofFile, key_bytes, key_digest, public_values, words};
use verdict_model::{CompiledModel, DataSet, OutOfDomain};
use verdict_prover::{Cache, Session, Stage};

#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    verdict prove model.verdict --input input.json --dev --out proof.json\n  \
    verdict prove model.verdict --input test.npz --row 17 --srs 3f1c --onnx model.onnx --context 0x00…2a")]
pub(crate) struct Prove {
    /// The compiled model
    #[arg(value_name = "MODEL.verdict")]
    model: PathBuf,
    /// The input: .json (EZKL's form too), .csv, .npy or .npz
    #[arg(long, value_name = "FILE")]
    input: PathBuf,
    /// Which row of it, from 0
    #[arg(long, default_value_t = 0, value_name = "N")]
    row: usize,
    /// What the consumer contract binds the proof to: 32 bytes below the field's modulus [default: zero]
    #[arg(long, value_name = "HEX", value_parser = hex32)]
    context: Option<B256>,
    /// Use the nearest value of the model's domain for inputs outside it
    #[arg(long)]
    saturate: bool,
    /// The ONNX file, to show the float model's outputs beside the proved ones
    #[arg(long, value_name = "MODEL.onnx")]
    onnx: Option<PathBuf>,
    /// Where to write the proof
    #[arg(long, default_value = "proof.json", value_name = "FILE")]
    out: PathBuf,
    #[command(flatten)]
    plan: PlanArgs,
    #[command(flatten)]
    srs: SrsArgs,
}

#[derive(Serialize)]
struct Proved {
    model: String,
    model_digest: B256,
    key_digest: B256,
    setup: String,
    development_setup: bool,
    context: B256,
    k: u32,
    width: usize,
    public_values: usize,
    proof_bytes: usize,
    prove_seconds: f64,
    prove_peak_rss_bytes: Option<u64>,
    stages: Vec<StageCost>,
    outputs: Vec<decode::Values>,
    out: PathBuf,
}

impl Prove {
    pub(crate) fn run(&self, output: &Output) -> Result<(), CliError> {
        let model = CompiledModel::load(&self.model)?;
        let data = DataSet::load(&self.input, &model.manifest().input_specs())?;
        let row = load::row(&self.input, &data, self.row)?;
        let out_of_domain = if self.saturate {
            OutOfDomain::Saturate
        } else {
            OutOfDomain::Reject
        };
        let inputs = model.quantise_input(&row, out_of_domain)?;
        let float = self
            .onnx
            .as_ref()
            .map(|onnx| decode::run_float(&decode::float_model(onnx, &model)?, &row))
            .transpose()?;
        let context = self.context.unwrap_or_default();
        let scalar = words::scalar(&context)?;
        if self.context.is_none() {
            output.note("note: no --context given, so the context is zero: a consumer contract that binds its own will refuse this proof");
        }

        let cache = Cache::standard();
        let setup = Setup::choose(&self.srs, &cache)?;
        let meter = Meter::new(output);
        meter.begin("plan");
        let plan = plan_model(
            &model,
            self.plan.optimize.into(),
            self.plan.limits.limits(setup.height()),
        )?;
        meter.begin("set-up");
        let srs = setup.open(plan.chosen.k, &cache)?;
        let on_stage = |stage| meter.session(stage);
        let session = Session::open(model, plan, srs, Some(&cache), &on_stage)?;
        let inference = session.prove(&inputs, scalar, OsRng, &on_stage)?;
        // A proof that does not verify is never handed out.
        meter.session(Stage::Verify);
        session.verify(&inference.instance, &inference.proof)?;
        let stages = meter.take();
        drop(meter);

        let parts = session.keys().on_chain();
        let file = ProofFile {
            version: PROOF_FILE_VERSION,
            model: session.model().digest().into(),
            key: key_digest(&parts),
            srs: session.srs().digest(),
            development: session.srs().is_development(),
            verifying_key: key_bytes(&parts).into(),
            public_values: public_values(&inference.instance),
            proof: inference.proof.into(),
        };
        file.save(&self.out)?;
        let proving = || {
            stages
                .iter()
                .filter(|stage| matches!(stage.stage.as_str(), "witness" | "prove"))
        };
        output.emit(&Proved {
            model: session.model().manifest().name.clone(),
            model_digest: file.model,
            key_digest: file.key,
            setup: setup.name().into(),
            development_setup: file.development,
            context,
            k: parts.k,
            width: parts.width,
            public_values: parts.public_values,
            proof_bytes: file.proof.len(),
            prove_seconds: proving().map(|stage| stage.seconds).sum(),
            prove_peak_rss_bytes: proving().filter_map(|stage| stage.peak_rss_bytes).max(),
            outputs: decode::outputs(session.model(), &inference.traces[0], float.as_deref()),
            stages,
            out: self.out.clone(),
        })
    }
}

impl Report for Proved {
    fn text(&self) -> String {
        format!(
            "Proved {} (digest {})\n  verifying key {}, width {}, height k = {}\n  set-up {}\n  context {}{}\n\
             {} B of proof, {} public values\n{}{}Wrote {}\n",
            self.model,
            self.model_digest,
            self.key_digest,
            self.width,
            self.k,
            self.setup,
            self.context,
            if self.context.is_zero() {
                " (zero: bound to no consumer)"
            } else {
                ""
            },
            count(self.proof_bytes as u64),
            self.public_values,
            stage_table(&self.stages),
            decode::text(&self.outputs, &[]),
            self.out.display()
        )
    }
}
