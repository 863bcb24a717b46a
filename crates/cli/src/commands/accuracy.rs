//! `verdict accuracy`

use crate::{
    error::{CliError, usage},
    load::{self, Kind},
    measure::info,
    options::{ModelArgs, quantise::QuantiseArgs},
    report::{
        accuracy::{Stats, Task, measure, reference_text, render},
        decode,
        meter::Meter,
        output::{Output, Report, Table, count, real},
    },
};
use alloy_primitives::B256;
use clap::Args;
use serde::Serialize;
use std::path::PathBuf;
use verdict_model::{Goal, write_whole};

#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  verdict accuracy model.onnx --calibration data.npz --test test.npz --report out.html\n  \
    verdict accuracy model.verdict --onnx model.onnx --test test.npz --json\n  \
    verdict accuracy model.onnx --calibration data.npz --test test.npz --calibration-method mse --equalise --activation-bits 7\n\n\
    Labels are the array `y` of an .npz file of test data. The report is one HTML file without scripts or external files."
)]
pub(crate) struct Accuracy {
    #[command(flatten)]
    model: ModelArgs,
    /// The ONNX file that a compiled model comes from
    #[arg(long, value_name = "MODEL.onnx")]
    onnx: Option<PathBuf>,
    /// Rows to compare with the float model, and labels if it has them
    #[arg(long, value_name = "DATA")]
    test: PathBuf,
    /// Where to write the report as HTML
    #[arg(long, value_name = "FILE.html")]
    report: Option<PathBuf>,
    #[command(flatten)]
    quantise: QuantiseArgs,
}

#[derive(Serialize)]
struct Measured {
    model: String,
    digest: B256,
    test: PathBuf,
    report: Option<PathBuf>,
    #[serde(flatten)]
    stats: Stats,
}

impl Report for Measured {
    fn text(&self) -> String {
        let stats = &self.stats;
        let mut table = Table::new(&["layer", "rms error", "of range", "max error", "saturated"]);
        for layer in &stats.layers {
            table.row([
                layer.name.clone(),
                format!("{:.3e}", layer.rms_error),
                format!("{:.3}%", layer.relative * 100.0),
                format!("{:.3e}", layer.max_error),
                format!("{:.3}%", layer.saturated * 100.0),
            ]);
        }
        let mut text = format!(
            "Accuracy of {} (digest {}) on {} rows of {} ({} more outside the domain)\n{}\n{}output error at most {}, rms {}\n",
            self.model,
            self.digest,
            count(stats.rows as u64),
            self.test.display(),
            count(stats.rows_outside_domain as u64),
            reference_text(&stats.by),
            table.render(),
            real(stats.max_error),
            real(stats.rms_error)
        );
        if let Some(share) = stats.agreement {
            text += &format!("same class as the float model: {:.2}%\n", share * 100.0);
        }
        match &stats.task {
            Some(Task::Classification {
                labelled: true,
                float_top1,
                integer_top1,
                top1_loss,
                ..
            }) => {
                text += &format!(
                    "top-1: float {:.2}%, integer {:.2}%, loss {top1_loss:.2} percentage points\n",
                    float_top1 * 100.0,
                    integer_top1 * 100.0
                );
            }
            Some(Task::Regression {
                float_r2,
                integer_r2,
                r2_loss,
            }) => {
                text += &format!(
                    "R²: float {float_r2:.5}, integer {integer_r2:.5}, loss {r2_loss:.5}\n"
                );
            }
            _ => {}
        }
        if let Some(path) = &self.report {
            text += &format!("Wrote {}\n", path.display());
        }
        text
    }
}

impl Accuracy {
    pub(crate) fn run(&self, output: &Output) -> Result<(), CliError> {
        let meter = Meter::new(output);
        meter.begin("model");
        let model = load::model(&self.model, &self.quantise, Goal::default())?;
        let float = match (load::kind(&self.model.model)?, &self.onnx) {
            (Kind::Onnx, None) => {
                let calibration = self.model.calibration.as_deref();
                self.quantise.import(&self.model.model, calibration)?
            }
            (Kind::Onnx, Some(_)) => {
                return Err(usage("the model is an ONNX file already; leave --onnx out"));
            }
            (_, Some(onnx)) => decode::float_model(onnx, &model)?,
            (_, None) => {
                return Err(usage(format!(
                    "{} is compiled; give the ONNX file that it was compiled from with --onnx",
                    self.model.model.display()
                )));
            }
        };
        meter.begin("accuracy");
        let data = load::data(&self.test, &float.input_specs(), output)?;
        let accepted =
            self.quantise.accept_import_error() || model.manifest().assurance.accepted_import_error;
        let stats = measure(&float, &model, &data, &self.test, accepted)?;
        drop(meter);
        if let Some(path) = &self.report {
            // Names of the classes, where they lie beside the test data.
            let labels = info(&self.test.with_file_name("info.json"))
                .map(|info| info.labels)
                .unwrap_or_default();
            let name = &model.manifest().name;
            let html = render(name, &self.test.display().to_string(), &labels, &stats);
            write_whole(path, html.as_bytes()).map_err(CliError::io("write", path))?;
        }
        output.emit(&Measured {
            model: model.manifest().name.clone(),
            digest: model.digest().into(),
            test: self.test.clone(),
            report: self.report.clone(),
            stats,
        })
    }
}
