//! `verdict run`

use crate::{
    error::CliError,
    load,
    report::{
        decode,
        output::{Output, Report, count},
    },
};
use alloy_primitives::B256;
use clap::Args;
use serde::Serialize;
use std::path::PathBuf;
use verdict_compiler::Reference;
use verdict_model::{CompiledModel, execute_batch};

#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    verdict run model.verdict --input test.npz --json\n  \
    verdict run model.verdict --input input.json --row 3 --onnx model.onnx\n\n\
    The outputs are those that a proof of the same rows shows, to the integer; no proof is made, and no set-up needed. \
    `item` counts the file's rows from 0.")]
pub(crate) struct Run {
    /// The compiled model
    #[arg(value_name = "MODEL.verdict")]
    model: PathBuf,
    /// The rows: .json (EZKL's form too), .csv, .npy or .npz
    #[arg(long, value_name = "FILE")]
    input: PathBuf,
    /// Only this row, from 0 [default: all rows]
    #[arg(long, value_name = "N")]
    row: Option<usize>,
    /// Use the nearest value of the model's domain for inputs outside it
    #[arg(long)]
    saturate: bool,
    /// The ONNX file, to show the float model's outputs beside the integers'
    #[arg(long, value_name = "MODEL.onnx")]
    onnx: Option<PathBuf>,
}

#[derive(Serialize)]
struct Ran {
    model: String,
    digest: B256,
    rows: usize,
    outputs: Vec<decode::Values>,
}

impl Run {
    pub(crate) fn run(&self, output: &Output) -> Result<(), CliError> {
        let model = CompiledModel::load(&self.model)?;
        let data = load::data(&self.input, &model.manifest().input_specs(), output)?;
        let (first, rows) = match self.row {
            Some(row) => (row, vec![load::row(&self.input, &data, row)?]),
            None => (0, data.rows().to_vec()),
        };
        let out_of_domain = load::out_of_domain(self.saturate);
        let items = rows.iter().enumerate().map(|(i, row)| {
            let of_row = |error| CliError::Input(format!("row {}: {error}", first + i));
            model.quantise_input(row, out_of_domain).map_err(of_row)
        });
        let traces = execute_batch(model.graph(), &items.collect::<Result<Vec<_>, _>>()?)?;
        let reference = self.onnx.as_ref().map(|onnx| {
            let float = decode::float_model(onnx, &model)?;
            Ok::<_, CliError>(Reference::new(&float)?)
        });
        let reference = reference.transpose()?;
        let mut outputs = Vec::new();
        for (i, (row, trace)) in rows.iter().zip(&traces).enumerate() {
            let float = reference.as_ref().map(|it| it.run(row)).transpose()?;
            let values = decode::outputs(&model, trace, float.as_deref());
            outputs.extend(values.into_iter().map(|values| decode::Values {
                item: Some(first + i),
                ..values
            }));
        }
        output.emit(&Ran {
            model: model.manifest().name.clone(),
            digest: model.digest().into(),
            rows: rows.len(),
            outputs,
        })
    }
}

impl Report for Ran {
    fn text(&self) -> String {
        format!(
            "Ran {} (digest {}) on {} rows\n{}",
            self.model,
            self.digest,
            count(self.rows as u64),
            decode::text(&self.outputs, &[])
        )
    }
}
