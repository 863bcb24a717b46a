//! `verdict hide` and `verdict redact`

use crate::{
    error::{CliError, usage},
    report::{
        output::{Output, Report, count},
        visible::visible_text,
    },
};
use alloy_primitives::B256;
use clap::Args;
use serde::Serialize;
use std::path::PathBuf;
use verdict_engine::HidingFile;
use verdict_model::{CompiledModel, Visible, ranges::Secrets};
use verdict_prover::Architecture;

#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  verdict hide model.verdict\n  \
    verdict prove model.verdict --hiding model.hiding.secret --input input.json --dev\n\n\
    The model must be one that `verdict compile --private-weights` made; what is printed is all that others see of it.\n\
    The file is what the key's random rows are drawn from: with it, the same model has the same key again. It never changes, and any \
    number of proofs may be made with it, on any number of machines.\n\
    If others may have read it, run `verdict hide` again, with --out, and register the new key.\n\
    The file is for its owner alone: it ends in .secret, is written with mode 0600, and is refused if others can read it. So is \
    model.verdict then, for it holds the weights: what may be shared is what `verdict redact` writes.")]
pub(crate) struct Hide {
    /// The compiled model
    #[arg(value_name = "MODEL.verdict")]
    model: PathBuf,
    /// Where to write [default: the model's path with the extension .hiding.secret]
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

#[derive(Serialize)]
struct Hidden {
    model: String,
    model_digest: B256,
    visible: Visible,
    out: PathBuf,
}

impl Report for Hidden {
    fn text(&self) -> String {
        format!(
            "{}Hides the weights of {} (digest {})\nWrote {}, as secret as they are\n",
            visible_text(&self.visible),
            self.model,
            self.model_digest,
            self.out.display()
        )
    }
}

impl Hide {
    pub(crate) fn run(&self, output: &Output) -> Result<(), CliError> {
        let model = CompiledModel::load(&self.model)?;
        let out = self
            .out
            .clone()
            .unwrap_or_else(|| self.model.with_extension("hiding.secret"));
        if out.exists() {
            return Err(usage(format!(
                "{} exists, and the key that it hides needs it; name another file with --out, or remove it if its key is retired",
                out.display()
            )));
        }
        let digest = model.digest().into();
        // Refuses what was not compiled for private weights.
        Architecture::of(&model)?;
        HidingFile::create(&out, digest)?;
        output.emit(&Hidden {
            model: model.manifest().name.clone(),
            model_digest: digest,
            visible: visible(&model),
            out,
        })
    }
}

/// What everybody can see of a model whose weights are private.
fn visible(model: &CompiledModel) -> Visible {
    let secrets = Secrets::of(model.graph(), &model.manifest().structure);
    Visible::of(model, &secrets)
}

#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  verdict redact model.verdict\n  \
    verdict audit model.architecture --bundle model.bundle.json --dev\n\n\
    The model must be one that `verdict compile --private-weights` made. The architecture holds shapes, ranges, scales (powers of two), \
    activation tables, the places of sparse weights and how many bits weights and biases have, but no weight and no bias. \
    What is printed is all that it shows.\n\
    It may be shared. The compiled model, which ends in .verdict, holds the weights and may not be: --out refuses that ending.")]
pub(crate) struct Redact {
    /// The compiled model
    #[arg(value_name = "MODEL.verdict")]
    model: PathBuf,
    /// Where to write [default: the model's path with the extension .architecture]
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

#[derive(Serialize)]
struct Redacted {
    model: String,
    architecture_digest: B256,
    /// Weights and biases taken out, zeros included.
    slots: u64,
    visible: Visible,
    out: PathBuf,
}

impl Report for Redacted {
    fn text(&self) -> String {
        format!(
            "{}Architecture of {} without its {} weights and biases, digest {}\nWrote {}\n",
            visible_text(&self.visible),
            self.model,
            count(self.slots),
            self.architecture_digest,
            self.out.display()
        )
    }
}

impl Redact {
    pub(crate) fn run(&self, output: &Output) -> Result<(), CliError> {
        let out = self
            .out
            .clone()
            .unwrap_or_else(|| self.model.with_extension("architecture"));
        if out.extension().is_some_and(|it| it == "verdict") {
            return Err(usage(format!(
                "{} ends as files with weights do, and one day the wrong one would be shared; name the architecture otherwise, e.g. {}",
                out.display(),
                out.with_extension("architecture").display()
            )));
        }
        let model = CompiledModel::load(&self.model)?;
        let architecture = Architecture::of(&model)?;
        architecture.save(&out)?;
        output.emit(&Redacted {
            model: model.manifest().name.clone(),
            architecture_digest: architecture.digest().into(),
            slots: architecture.model().manifest().parameters,
            visible: visible(&model),
            out,
        })
    }
}
