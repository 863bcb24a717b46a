//! `verdict prove`

use crate::{
    error::CliError,
    load,
    options::{BatchArgs, PlanArgs, SrsArgs, hex32},
    report::{
        decode,
        meter::{Meter, StageCost, stage_table},
        output::{Output, Report, count},
        planning::PerInference,
    },
};
use alloy_primitives::{Address, B256};
use clap::Args;
use serde::Serialize;
use std::path::PathBuf;
use verdict_chain::{calldata_gas, estimate};
use verdict_circuit::Salt;
use verdict_compiler::Reference;
use verdict_engine::{HidingFile, OpenOptions, Salts, Saved, Session, Verified};
use verdict_model::{CompiledModel, DataSet, Row};
use verdict_wire::{verify_calldata, words};

#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    verdict prove model.verdict --input input.json --dev --out proof.json\n  \
    verdict prove model.verdict --input test.npz --row 17 --srs 3f1c --onnx model.onnx --context 0x00…2a\n  \
    verdict prove model.verdict --input test.npz --batch 100 --dev\n  \
    verdict prove model.verdict --input input.json --hiding model.hiding.secret --dev\n  \
    verdict prove model.verdict --input people.csv --batch 100 --salt people.data-set.secret --dev\n\n\
    Committed inputs: the salts' roots are written beside the proof, to PROOF.DIGEST.salt.secret, the digest that of the commitments; \
    a file that exists is never replaced. Files that end in .secret are for their owner alone: they are written with mode 0600, and \
    one that others can read is refused.")]
pub(crate) struct Prove {
    /// The compiled model
    #[arg(value_name = "MODEL.verdict")]
    model: PathBuf,
    /// The input: .json (EZKL's form too), .csv, .npy or .npz
    #[arg(long, value_name = "FILE")]
    input: PathBuf,
    /// Which row of it, from 0; of a batch, the first
    #[arg(long, default_value_t = 0, value_name = "N")]
    row: usize,
    /// The model is a gathered one: take as many rows as it has items, from --row on
    #[arg(long, conflicts_with = "batch")]
    gather: bool,
    /// What the consumer contract binds the proof to: 32 bytes below the field's modulus [default:
    /// zero]
    #[arg(long, value_name = "HEX", value_parser = hex32)]
    context: Option<B256>,
    /// The salts of committed inputs: a file that `verdict commit` or `verdict prove` wrote, a data
    /// set's secret, or one root in hexadecimal, which other users of the machine can read on the
    /// command line [default: random]
    #[arg(long, value_name = "HEX|FILE")]
    salt: Option<String>,
    /// Keep the weights private: the secret file that `verdict hide` made
    #[arg(long, value_name = "FILE")]
    hiding: Option<PathBuf>,
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
    batch: BatchArgs,
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
    /// Columns to a pack.
    pack: usize,
    public_values: usize,
    proof_bytes: usize,
    batch: usize,
    prove_seconds: f64,
    per_inference: PerInference,
    private_weights: bool,
    salt_file: Option<PathBuf>,
    prove_peak_rss_bytes: Option<u64>,
    stages: Vec<StageCost>,
    outputs: Vec<decode::Values>,
    out: PathBuf,
}

impl Prove {
    pub(crate) fn run(&self, output: &Output) -> Result<(), CliError> {
        let model = CompiledModel::load(&self.model)?;
        let batch = self.batch.batch(&model)?;
        let rows = if self.gather {
            vec![load::gathered(&self.input, &model, self.row)?]
        } else {
            let data = load::data(&self.input, &model.manifest().input_specs(), output)?;
            load::rows(&self.input, &data, self.row, batch.items)?
        };
        let out_of_domain = load::out_of_domain(self.saturate);
        let items = rows
            .iter()
            .map(|row| model.quantise_input(row, out_of_domain))
            .collect::<Result<Vec<_>, _>>()?;
        let float = self.float(&model, &rows)?;
        let digest = B256::from(model.digest());
        let hiding = self
            .hiding
            .as_ref()
            .map(|path| HidingFile::open(path, digest))
            .transpose()?;
        let context = self.context.unwrap_or_default();
        words::scalar(&context)?;
        if self.context.is_none() {
            output.note("note: no --context given, so the context is zero: a consumer contract that binds its own will refuse this proof");
        }

        let given = self.salts(&model, &items)?;
        let engine = self.srs.engine()?;
        let meter = Meter::new(output);
        let on_stage = |stage| meter.engine(stage);
        let options = OpenOptions {
            goal: self.plan.optimize.into(),
            limits: self.plan.limits.limits(),
            batch,
            hiding,
        };
        let session = engine.open(model, options, &on_stage)?;
        let salts = given.as_deref().map_or(Salts::Random, Salts::Given);
        let verified = session.prove(&items, salts, context, &on_stage)?;
        let stages = meter.take();
        drop(meter);
        let saved = verified.save(&self.out)?;
        output.emit(&self.proved(&session, &verified, saved, stages, &float)?)
    }

    /// The salts that `--salt` gives.
    fn salts(
        &self,
        model: &CompiledModel,
        items: &[Row<i32>],
    ) -> Result<Option<Vec<Salt>>, CliError> {
        let given = self.salt.as_ref();
        given
            .map(|given| load::salts(given, model.graph(), items))
            .transpose()
    }

    fn proved(
        &self,
        session: &Session,
        verified: &Verified,
        saved: Saved,
        stages: Vec<StageCost>,
        float: &[Row],
    ) -> Result<Proved, CliError> {
        let (file, key) = (verified.file(), session.key());
        let items = session.plan().lowered.batch().items;
        let proving = || {
            stages
                .iter()
                .filter(|stage| matches!(stage.stage.as_str(), "witness" | "prove"))
        };
        let prove_seconds = proving().map(|stage| stage.seconds).sum();
        let gas = estimate(&key.relation())?.verify;
        let calldata = verify_calldata(Address::ZERO, &file.public_values, &file.proof);
        let per_inference = PerInference::new(
            items,
            prove_seconds,
            gas.intrinsic + gas.execution + calldata_gas(&calldata),
            calldata.len(),
        );
        Ok(Proved {
            model: session.model().manifest().name.clone(),
            model_digest: file.model,
            key_digest: file.key,
            setup: session.setup().name().into(),
            development_setup: file.development,
            context: verified.context(),
            k: key.k,
            width: key.width,
            pack: key.pack,
            public_values: key.public_values,
            proof_bytes: file.proof.len(),
            batch: items,
            prove_seconds,
            per_inference,
            private_weights: file.private_weights,
            salt_file: saved.salts,
            prove_peak_rss_bytes: proving().filter_map(|stage| stage.peak_rss_bytes).max(),
            outputs: decode::batch_outputs(session.model(), verified.traces(), float),
            stages,
            out: saved.proof,
        })
    }

    /// What the float model says about the rows, if it is at hand.
    fn float(&self, model: &CompiledModel, rows: &[Row]) -> Result<Vec<Row>, CliError> {
        let Some(onnx) = &self.onnx else {
            return Ok(Vec::new());
        };
        let float = decode::float_model(onnx, model)?;
        let data = DataSet::from_rows(rows.to_vec(), &float.input_specs())?;
        let accepted = model.manifest().assurance.accepted_import_error;
        let reference = Reference::checked(&float, &data, accepted)?;
        let run = |row: &Vec<Vec<f64>>| Ok(reference.run(row)?);
        rows.iter().map(run).collect()
    }
}

impl Report for Proved {
    fn text(&self) -> String {
        let mut notes = self.per_inference.text(self.batch);
        if let Some(path) = &self.salt_file {
            notes += &format!("salts (secret): {}\n", path.display());
        }
        format!(
            "Proved {} (digest {})\n  verifying key {}, width {}, {} columns to a pack, height k = {}\n  set-up {}\n  context {}{}\n\
             {} B of proof, {} public values\n{}{notes}{}Wrote {}\n",
            self.model,
            self.model_digest,
            self.key_digest,
            self.width,
            self.pack,
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
