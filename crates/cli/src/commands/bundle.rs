//! `verdict bundle`

use crate::{
    error::CliError,
    options::{BatchArgs, PlanArgs, SrsArgs},
    report::output::{Output, Report, count, seconds},
};
use alloy_primitives::B256;
use clap::Args;
use serde::Serialize;
use std::{path::PathBuf, time::Instant};
use verdict_engine::{Bundle, HidingFile, OpenOptions, silent};
use verdict_model::CompiledModel;

#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    verdict bundle model.verdict --srs 3f1c\n  \
    verdict bundle model.verdict --batch 1000 --sum correct --dev --out accuracy.bundle.json\n  \
    verdict bundle model.verdict --hiding model.hiding.secret --dev\n\n\
    The bundle holds the verifying key, the spec that a registry stores, the batch, the set-up's [τ]_2, the model's digest (its \
    architecture's where weights are private) and, where they are, the key proof: what shows that the key hides nothing but weights. \
    All that has one digest. Nothing in the file is secret, and nothing in it is believed: `verdict audit MODEL --bundle FILE` \
    recomputes it, and `register`, `verify` and `audit --registered` take it with --bundle.\n\n\
    Plan, batch and set-up must be those of the proofs to come.")]
pub(crate) struct BundleCommand {
    /// The compiled model
    #[arg(value_name = "MODEL.verdict")]
    model: PathBuf,
    /// Keep the weights private with this file of `verdict hide`
    #[arg(long, value_name = "FILE.hiding.secret")]
    hiding: Option<PathBuf>,
    /// Where to write [default: the model's path with the extension .bundle.json]
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    #[command(flatten)]
    batch: BatchArgs,
    #[command(flatten)]
    plan: PlanArgs,
    #[command(flatten)]
    srs: SrsArgs,
}

#[derive(Serialize)]
struct Bundled {
    bundle_digest: B256,
    model_digest: B256,
    spec_digest: B256,
    key_digest: B256,
    key_proof_digest: Option<B256>,
    key_proof_bytes: Option<usize>,
    /// What making the key proof took, or checking one that was made before.
    key_proof_seconds: Option<f64>,
    private_weights: bool,
    batch: usize,
    setup: String,
    development_setup: bool,
    out: PathBuf,
}

impl BundleCommand {
    pub(crate) fn run(&self, output: &Output) -> Result<(), CliError> {
        let model = CompiledModel::load(&self.model)?;
        let batch = self.batch.batch(&model)?;
        let digest = B256::from(model.digest());
        let hiding = self.hiding.as_ref();
        let hiding = hiding.map(|path| HidingFile::open(path, digest));
        let engine = self.srs.engine()?;
        let options = OpenOptions {
            goal: self.plan.optimize.into(),
            limits: self.plan.limits.limits(),
            batch,
            hiding: hiding.transpose()?,
        };
        let session = engine.open(model, options, &silent)?;
        let started = Instant::now();
        let key_proof_seconds = session
            .key_proof()?
            .map(|_| started.elapsed().as_secs_f64());
        let bundle = Bundle::make(&session)?;
        let out = self.out.clone();
        let out = out.unwrap_or_else(|| self.model.with_extension("bundle.json"));
        bundle.save(&out)?;
        output.emit(&Bundled {
            bundle_digest: bundle.digest(),
            model_digest: bundle.model,
            spec_digest: bundle.spec_digest(),
            key_digest: bundle.key_digest(),
            key_proof_digest: bundle.key_proof.as_ref().map(|_| bundle.spec.keyProof),
            key_proof_bytes: bundle.key_proof.as_ref().map(|proof| proof.len()),
            key_proof_seconds,
            private_weights: session.hides_weights(),
            batch: session.plan().lowered.batch().items,
            setup: engine.setup().name().into(),
            development_setup: bundle.development,
            out,
        })
    }
}

impl Report for Bundled {
    fn text(&self) -> String {
        let proof = self.key_proof_digest.zip(self.key_proof_bytes);
        let took = self.key_proof_seconds.map_or_else(String::new, seconds);
        format!(
            "Bundle {}\n  {} {}\n  spec {}\n  verifying key {}\n  key proof {}\n  set-up {}\nWrote {}\n",
            self.bundle_digest,
            match self.private_weights {
                true => "architecture",
                false => "model",
            },
            self.model_digest,
            self.spec_digest,
            self.key_digest,
            proof.map_or_else(
                || "none: the weights are public".into(),
                |(digest, bytes)| format!("{digest}, {} B, took {took}", count(bytes as u64)),
            ),
            self.setup,
            self.out.display()
        )
    }
}
