//! `verdict compile`

use crate::{
    error::CliError,
    load,
    options::{
        PlanArgs,
        quantise::{QuantiseArgs, calibration_name, compile_planned, visibility_name},
    },
    report::{
        accuracy::accuracy_text,
        meter::{Meter, StageCost, stage_table},
        output::{Output, Report, Table, count, real},
        planning::PlanReport,
    },
};
use alloy_primitives::B256;
use clap::Args;
use serde::Serialize;
use std::path::PathBuf;
use verdict_compiler::{
    AccuracyReport, Compilation, PublicConstants, Reference, Tuned, accuracy, public_constants,
    vouched,
};
use verdict_engine::{OpenOptions, plan};
use verdict_model::{Assurance, InputManifest, Manifest};

#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    verdict compile model.onnx --calibration data.npz\n  \
    verdict compile model.onnx --calibration data.csv --optimize gas --input public --domain -1,1 --out model.verdict\n  \
    verdict compile model.onnx --calibration data.npz --equalise --calibration-method percentile=99.9\n  \
    verdict compile model.onnx --calibration data.npz --private-weights")]
pub(crate) struct Compile {
    /// The ONNX file
    #[arg(value_name = "MODEL.onnx")]
    model: PathBuf,
    /// Rows that look like real inputs: .json, .csv, .npy or .npz
    #[arg(long, value_name = "DATA")]
    calibration: PathBuf,
    /// Rows to compare with the float model [default: the calibration data]
    #[arg(long, value_name = "DATA")]
    test: Option<PathBuf>,
    /// Where to write [default: the model's path with the extension .verdict]
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    #[command(flatten)]
    quantise: QuantiseArgs,
    #[command(flatten)]
    plan: PlanArgs,
}

#[derive(Serialize)]
struct Compiled {
    onnx: PathBuf,
    out: PathBuf,
    digest: B256,
    /// Of the float model; the manifest counts the integer graph's.
    parameters: usize,
    manifest: Manifest,
    calibration: PathBuf,
    calibration_rows: usize,
    /// Rows that were drawn besides, since few were given.
    drawn_rows: usize,
    /// What the compiler chose, and how that does on the calibration data.
    tuned: Tuned,
    accuracy_data: PathBuf,
    accuracy: AccuracyReport,
    plan: PlanReport,
    /// With private weights: functions whose constants tables show.
    public_constants: Vec<PublicConstants>,
    stages: Vec<StageCost>,
}

impl Compile {
    pub(crate) fn run(&self, output: &Output) -> Result<(), CliError> {
        let out = self
            .out
            .clone()
            .unwrap_or_else(|| self.model.with_extension("verdict"));
        let meter = Meter::new(output);
        meter.begin("import");
        let float = self.quantise.import(&self.model, Some(&self.calibration))?;
        let data = load::data(&self.calibration, &float.input_specs(), output)?;
        let test = self
            .test
            .as_ref()
            .map(|path| load::data(path, &float.input_specs(), output))
            .transpose()?;
        meter.begin("compile");
        let goal = self.plan.optimize.into();
        let limits = self.plan.limits.limits();
        let options = self.quantise.options(goal, float.inputs.len());
        let Compilation {
            model,
            tuned,
            mut reference,
            drawn,
        } = compile_planned(&float, &data, &options, limits, &|step| {
            meter.step(&step.to_string());
        })?;
        meter.begin("accuracy");
        if let Some(test) = &test {
            // Rows that calibration has none like may be read differently all the same.
            reference = Reference::checked(&float, test, options.accept_import_error)?;
        }
        // A model that accepts more than the rows given is judged by more.
        let own = drawn.as_ref().unwrap_or(&data);
        let report = accuracy(&reference, &float, &model, test.as_ref().unwrap_or(own))?;
        let model = vouched(model, &report, &options)?;
        meter.begin("plan");
        let opened = OpenOptions {
            goal,
            limits,
            ..OpenOptions::default()
        };
        let plan = plan(&model, &opened)?;
        let plan = PlanReport::new(&plan, limits)?;
        meter.begin("write");
        model.save(&out)?;
        let stages = meter.take();
        drop(meter);
        output.emit(&Compiled {
            onnx: self.model.clone(),
            out,
            digest: model.digest().into(),
            parameters: float.parameters(),
            manifest: model.manifest().clone(),
            calibration: self.calibration.clone(),
            calibration_rows: data.len(),
            drawn_rows: drawn.map_or(0, |rows| rows.len() - data.len()),
            tuned,
            accuracy_data: self
                .test
                .clone()
                .unwrap_or_else(|| self.calibration.clone()),
            accuracy: report,
            plan,
            public_constants: match self.quantise.private_weights() {
                true => public_constants(&float),
                false => Vec::new(),
            },
            stages,
        })
    }
}

impl Report for Compiled {
    fn text(&self) -> String {
        format!(
            "{}\n{}\nCalibrated on {} rows of {}{}\nAccuracy on {}\n{}\n{}\n{}{}\nWrote {}\n",
            manifest_text(&self.manifest, &self.digest),
            tuned_text(&self.tuned),
            count(self.calibration_rows as u64),
            self.calibration.display(),
            match self.drawn_rows {
                0 => String::new(),
                drawn => format!(" and {drawn} like them, since these are few"),
            },
            self.accuracy_data.display(),
            accuracy_text(&self.accuracy),
            self.plan.text(),
            constants_text(&self.public_constants),
            stage_table(&self.stages),
            self.out.display()
        )
    }
}

/// What the compiler chose.
fn tuned_text(tuned: &Tuned) -> String {
    let Tuned {
        activation_bits,
        output_bits,
        input_bits,
        table_bits,
        ..
    } = tuned;
    format!(
        "Chosen: activations of {activation_bits} bits, outputs of {output_bits}, inputs of up to {input_bits}, tables of up to 2^{table_bits} entries{}; \
         on the calibration data the worst error is {:.3} % of the output's range\n",
        if tuned.equalised {
            ", channels equalised"
        } else {
            ""
        },
        tuned.error * 100.0,
    )
}

/// The constants that tables show of a model with private weights; nothing if there are none.
fn constants_text(all: &[PublicConstants]) -> String {
    if all.is_empty() {
        return String::new();
    }
    let mut table = Table::new(&["tensor", "nodes", "function", "constants"]);
    for of in all {
        let constants: Vec<String> = of.constants.iter().map(|c| real(*c)).collect();
        table.row([
            of.tensor.clone(),
            of.nodes.join(", "),
            of.function.clone(),
            constants.join(", "),
        ]);
    }
    format!(
        "Public as parts of tables: attributes, positions, numbers that activations are written with, and --public-constant\n{}\n",
        table.render()
    )
}

/// What a compiled model is.
pub(crate) fn manifest_text(manifest: &Manifest, digest: &B256) -> String {
    let shape = |shape: &[usize]| {
        shape
            .iter()
            .map(ToString::to_string)
            .collect::<Vec<_>>()
            .join("×")
    };
    let mut tensors = Table::new(&[
        "tensor",
        "shape",
        "visibility",
        "integers",
        "scale",
        "real range",
    ]);
    for input in &manifest.inputs {
        let (scale, range) = input_text(input);
        let integers = format!("{} … {}", input.min, input.max);
        tensors.row([
            format!("input {}", input.name),
            shape(&input.shape),
            visibility_name(input.visibility).into(),
            integers,
            scale,
            range,
        ]);
    }
    for output in &manifest.outputs {
        tensors.row([
            format!("output {}", output.name),
            shape(&output.shape),
            visibility_name(output.visibility).into(),
            format!("{} … {}", output.min, output.max),
            format!("{:.4e}", output.scale),
            format!("{} … {}", real(output.real_min), real(output.real_max)),
        ]);
    }
    let equalised = match manifest.equalised.len() {
        0 => String::new(),
        tensors => format!(", equalised tensors: {}", count(tensors as u64)),
    };
    let assurance = assurance_text(manifest.assurance);
    format!(
        "Model {}, digest {digest}\n{assurance}  {} non-zero integer weights and biases, activations of {} bits, weights of up to {} bits, {} table entries\n  \
         ranges by {}{equalised}\n{}",
        manifest.name,
        count(manifest.parameters),
        manifest.activation_bits,
        manifest.weight_bits,
        count(manifest.table_entries),
        calibration_name(manifest.calibration),
        tensors.render()
    )
}

/// What the compiler did not vouch for; nothing, for most models.
fn assurance_text(of: Assurance) -> String {
    let notes = [
        (
            of.accepted_import_error,
            "CAUTION: another reader of the ONNX file (tract) computes other values; compiled with --accept-import-error",
        ),
        (
            of.accepted_accuracy,
            "CAUTION: the integers are further from the float model than they should be; compiled with --accept-accuracy",
        ),
        (
            of.unchecked,
            "how the ONNX file is read was compared with no other reader: tract cannot run it, or is known to be wrong about it",
        ),
    ];
    let notes = notes.iter().filter(|(holds, _)| *holds);
    notes.map(|(_, note)| format!("  {note}\n")).collect()
}

fn input_text(input: &InputManifest) -> (String, String) {
    if !input.breakpoints.is_empty() {
        let all = input.breakpoints.iter().all(Option::is_some);
        let scale = if all { "ranks" } else { "ranks, per feature" };
        let unlimited = all && input.saturates.iter().all(|it| *it) && !input.saturates.is_empty();
        let range = if unlimited { "any" } else { "per feature" };
        return (scale.into(), range.into());
    }
    match (
        input.scales.as_slice(),
        input.real_min.as_slice(),
        input.real_max.as_slice(),
    ) {
        ([scale], [min], [max]) => (
            format!("{scale:.4e}"),
            format!("{} … {}", real(*min), real(*max)),
        ),
        _ => ("per feature".into(), "per feature".into()),
    }
}
