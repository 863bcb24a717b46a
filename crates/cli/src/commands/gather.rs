//! `verdict gather` and `verdict label`

use crate::{
    error::CliError,
    report::output::{Output, Report, count},
};
use alloy_primitives::B256;
use clap::Args;
use serde::Serialize;
use std::{fs, path::PathBuf};
use verdict_compiler::{CORRECT, LABEL, count_correct};
use verdict_model::{CompiledModel, gather};

#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  verdict gather model.verdict --items 64 --out max.verdict\n  \
    verdict prove max.verdict --gather --input test.npz --dev\n\n\
    The proof says the largest value of each output over all items and nothing else of them. For sums, means and numbers of correct \
    answers no such model is needed: see `verdict prove --batch N --sum OUTPUT` and `verdict label`."
)]
pub(crate) struct Gather {
    /// The compiled model of one item, without convolutions
    #[arg(value_name = "MODEL.verdict")]
    model: PathBuf,
    /// Items in one proof
    #[arg(long, value_name = "N")]
    items: usize,
    /// Where to write [default: the model's path with the extension .max.verdict]
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

#[derive(Serialize)]
struct Gathered {
    model: String,
    digest: B256,
    items: usize,
    outputs: Vec<String>,
    out: PathBuf,
}

impl Report for Gathered {
    fn text(&self) -> String {
        format!(
            "Model {}, digest {}: {} of {} items\nWrote {}\n",
            self.model,
            self.digest,
            self.outputs.join(", "),
            count(self.items as u64),
            self.out.display()
        )
    }
}

impl Gather {
    pub(crate) fn run(&self, output: &Output) -> Result<(), CliError> {
        let model = CompiledModel::load(&self.model)?;
        let model = gather(&model, self.items)?;
        let out = self
            .out
            .clone()
            .unwrap_or_else(|| self.model.with_extension("max.verdict"));
        model.save(&out)?;
        let outputs = model.manifest().outputs.iter();
        output.emit(&Gathered {
            model: model.manifest().name.clone(),
            digest: model.digest().into(),
            items: self.items,
            outputs: outputs.map(|output| output.name.clone()).collect(),
            out,
        })
    }
}

#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  verdict label model.onnx --out labelled.onnx\n  \
    verdict compile labelled.onnx --calibration test.npz --input committed\n  \
    verdict prove labelled.verdict --input test.npz --batch 100 --sum correct --dev\n\n\
    The proof says how many of 100 rows the model gets right, and commits to rows and labels. That they are different rows, and not \
    one easy row under 100 salts, is what `verdict commit --data-set` and `verdict verify --data-set` are for."
)]
pub(crate) struct Label {
    /// The ONNX file of a classifier
    #[arg(value_name = "MODEL.onnx")]
    model: PathBuf,
    /// The output that answers: a class, or scores of classes [default: the only one, or the
    /// classes]
    #[arg(long, value_name = "OUTPUT")]
    answer: Option<String>,
    /// Where to write [default: the model's path with the extension .labelled.onnx]
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

#[derive(Serialize)]
struct Labelled {
    input: &'static str,
    output: &'static str,
    out: PathBuf,
}

impl Report for Labelled {
    fn text(&self) -> String {
        format!(
            "Added the input `{}` (labels) and the output `{}` (1 where the model is right)\nWrote {}\n",
            self.input,
            self.output,
            self.out.display()
        )
    }
}

impl Label {
    pub(crate) fn run(&self, output: &Output) -> Result<(), CliError> {
        let bytes = count_correct(&self.model, self.answer.as_deref())?;
        let out = self
            .out
            .clone()
            .unwrap_or_else(|| self.model.with_extension("labelled.onnx"));
        fs::write(&out, bytes).map_err(CliError::io("write", &out))?;
        output.emit(&Labelled {
            input: LABEL,
            output: CORRECT,
            out,
        })
    }
}
