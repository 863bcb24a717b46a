//! How a model is quantised.

use crate::report::memory::available;
use clap::{Args, ValueEnum};
use std::path::Path;
use verdict_circuit::Limits;
use verdict_compiler::{
    Compilation, CompileError, Cost, FeatureGrid, FloatGraph, ImportOptions, InputDomain, OnStep,
    Options, OutputKind, compile_watched, import_with,
};
use verdict_engine::candidate_of;
use verdict_model::{
    Calibration, DataSet, Goal, IntegerGraph, Visibility, array_shapes, list_lengths,
};

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum VisibilityArg {
    /// Part of the proof's public values
    Public,
    /// Known to the prover alone
    Private,
    /// Known to the prover alone; a Poseidon commitment to them is a public value
    Committed,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum OutputArg {
    /// Part of the proof's public values
    Public,
    /// Known to the prover alone
    Private,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum FeatureGridArg {
    /// Ranks among the model's own thresholds
    Auto,
    /// Steps of the same width
    Even,
}

impl From<FeatureGridArg> for FeatureGrid {
    fn from(grid: FeatureGridArg) -> Self {
        match grid {
            FeatureGridArg::Auto => Self::Auto,
            FeatureGridArg::Even => Self::Even,
        }
    }
}

impl From<OutputArg> for Visibility {
    fn from(visibility: OutputArg) -> Self {
        match visibility {
            OutputArg::Public => Self::Public,
            OutputArg::Private => Self::Private,
        }
    }
}

impl From<VisibilityArg> for Visibility {
    fn from(visibility: VisibilityArg) -> Self {
        match visibility {
            VisibilityArg::Public => Self::Public,
            VisibilityArg::Private => Self::Private,
            VisibilityArg::Committed => Self::Committed,
        }
    }
}

/// The name a visibility has on the command line.
pub(crate) const fn visibility_name(visibility: Visibility) -> &'static str {
    match visibility {
        Visibility::Public => "public",
        Visibility::Private => "private",
        Visibility::Committed => "committed",
    }
}

/// How to quantise. Every field is optional so that "nothing given" can be told.
#[derive(Clone, Debug, Default, PartialEq, Args)]
#[command(next_help_heading = "Quantisation")]
pub(crate) struct QuantiseArgs {
    /// The size of a dimension that the ONNX file leaves open, by its name or as INPUT.AXIS=SIZE
    /// (axes from 0); may be given several times [default: that of the calibration data's arrays]
    #[arg(long, value_name = "NAME=SIZE", value_parser = dimension)]
    dim: Vec<(String, usize)>,
    /// Values of the ONNX graph to take for outputs, e.g. the logits before a soft-max; may be
    /// given several times [default: the file's outputs; of classifiers the scores]
    #[arg(long, value_name = "NAME")]
    output_name: Vec<String>,
    /// Whether the inputs are `public` values, `private`, or `committed` to; of one of several as
    /// NAME=VISIBILITY, as often as needed [default: private]
    #[arg(long, value_name = "[NAME=]VISIBILITY", value_parser = tensor_visibility::<VisibilityArg>)]
    input: Vec<(Option<String>, Visibility)>,
    /// Whether the outputs are `public` values or `private`; of one of several as NAME=VISIBILITY
    /// [default: public]
    #[arg(long, value_name = "[NAME=]VISIBILITY", value_parser = tensor_visibility::<OutputArg>)]
    output: Vec<(Option<String>, Visibility)>,
    /// Bits of hidden activations, 2 to 15 [default: as few as agree with the float model]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(2..=15))]
    activation_bits: Option<u32>,
    /// Most bits of a weight, 2 to 16 [default: 16]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(2..=16))]
    weight_bits: Option<u32>,
    /// Bits of inputs, 2 to 15 [default: from the activations' bits]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(2..=15))]
    input_bits: Option<u32>,
    /// Which integers stand for features that the model only compares with constants, as trees do:
    /// `auto`, their rank among the model's own thresholds, exact for any number; `even`, steps of
    /// the same width, which a number near a threshold may cross [default: auto]
    #[arg(long, value_name = "GRID")]
    input_grid: Option<FeatureGridArg>,
    /// Bits of outputs, 2 to 15 [default: as few as agree with the float model]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(2..=15))]
    output_bits: Option<u32>,
    /// Largest table has 2^N entries, 4 to 24 [default: by goal]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(4..=24))]
    table_bits: Option<u32>,
    /// Range of inputs the model must accept; once for all inputs, or once per input [default: the
    /// calibration data's]
    #[arg(long, value_name = "MIN,MAX", value_parser = domain, allow_hyphen_values = true)]
    domain: Vec<(f64, f64)>,
    /// How far the calibrated range is widened at either end, relative to its width [default: 0]
    #[arg(long, value_name = "SHARE")]
    domain_margin: Option<f64>,
    /// Accept only inputs that the calibration rows span, even if there are fewer than eight [default:
    /// others like them are drawn]
    #[arg(long)]
    no_drawn_rows: bool,
    /// How the range of hidden activations follows from the calibration data: minmax, percentile
    /// (of the magnitudes; 99.9 unless given, as in percentile=99.5), or mse (least mean squared
    /// error) [default: minmax]
    #[arg(long, value_name = "METHOD", value_parser = calibration)]
    calibration_method: Option<Calibration>,
    /// Give every channel of a hidden tensor a scale of its own where the next layers' weights can
    /// absorb it
    #[arg(long)]
    equalise: bool,
    /// Compile for weights that stay private (`verdict hide`): tables cover what any weights of the
    /// same bits can reach, scales are powers of two, and nothing trained is in a table
    #[arg(long)]
    private_weights: bool,
    /// Worst error of a value that is to be reached whatever it costs, as a share of its output's
    /// calibrated range, e.g. 0.001 [default: 0.001 where that costs nothing, 0.01 where it does]
    #[arg(long, value_name = "SHARE", value_parser = share)]
    accuracy: Option<f64>,
    /// What the outputs are for: scores of `classes`, whose largest must stay the largest, `values`
    /// that count by themselves, or `both`; of one of several as NAME=KIND, as often as needed
    /// [default: from the model]
    #[arg(long, value_name = "[NAME=]KIND", value_parser = output_kind)]
    output_is: Vec<(Option<String>, OutputKind)>,
    /// Take the fewest bits that keep the decisions and try nothing that was not asked for
    #[arg(long)]
    no_tune: bool,
    /// A constant of the graph that was not trained, so that tables may show it; may be given
    /// several times
    #[arg(long, value_name = "NAME", requires = "private_weights")]
    public_constant: Vec<String>,
    /// Refuse what needs more memory to compile, by its shapes [default: what is available]
    #[arg(long, value_name = "GIB", value_parser = gibibytes)]
    memory_limit: Option<u64>,
    /// Compile a file that this program and tract, an independent reader of ONNX, read in two ways;
    /// the compiled model says so
    #[arg(long)]
    accept_import_error: bool,
    /// Write the model although its integers are too far from the float model, which ends with exit
    /// code 8 otherwise; the compiled model says so
    #[arg(long)]
    accept_accuracy: bool,
}

impl QuantiseArgs {
    /// Imports an ONNX file, dimensions that are open and not named being those of the `data`.
    pub(crate) fn import(
        &self,
        path: &Path,
        data: Option<&Path>,
    ) -> Result<FloatGraph, CompileError> {
        import_with(path, &self.import_options(data))
    }

    /// What [`import`](Self::import) imports of a file.
    pub(crate) fn import_options(&self, data: Option<&Path>) -> ImportOptions {
        ImportOptions {
            outputs: self.output_name.clone(),
            private_weights: self.private_weights,
            public_constants: self.public_constant.clone(),
            dims: self.dim.clone(),
            row_shapes: data.map(row_shapes).unwrap_or_default(),
            list_lengths: data.and_then(list_lengths).unwrap_or_default(),
            memory_limit: self.memory_limit(),
        }
    }

    /// Bytes that compiling may take.
    fn memory_limit(&self) -> Option<u64> {
        self.memory_limit.or_else(available)
    }

    /// Whether the model is compiled for private weights.
    pub(crate) const fn private_weights(&self) -> bool {
        self.private_weights
    }

    /// Whether to go on where tract reads the file differently.
    pub(crate) const fn accept_import_error(&self) -> bool {
        self.accept_import_error
    }

    /// The compiler's options for a model with `inputs` inputs.
    pub(crate) fn options(&self, goal: Goal, inputs: usize) -> Options {
        let defaults = Options::default();
        let domains = match self.domain.as_slice() {
            [(min, max)] => vec![InputDomain::Uniform(*min, *max); inputs],
            several => several
                .iter()
                .map(|(min, max)| InputDomain::Uniform(*min, *max))
                .collect(),
        };
        Options {
            activation_bits: self.activation_bits,
            weight_bits: self.weight_bits.unwrap_or(defaults.weight_bits),
            input_bits: self.input_bits,
            feature_grid: self.input_grid.map_or(defaults.feature_grid, Into::into),
            output_bits: self.output_bits,
            input_visibility: every(&self.input).unwrap_or(defaults.input_visibility),
            output_visibility: every(&self.output).unwrap_or(defaults.output_visibility),
            visibilities: self
                .input
                .iter()
                .chain(&self.output)
                .filter_map(|(name, visibility)| Some((name.clone()?, *visibility)))
                .collect(),
            input_domains: domains,
            domain_margin: self.domain_margin.unwrap_or(defaults.domain_margin),
            draw_rows: !self.no_drawn_rows,
            calibration: self.calibration_method.unwrap_or(defaults.calibration),
            equalise: self.equalise,
            private_weights: self.private_weights,
            table_bits: self.table_bits,
            goal,
            accept_import_error: self.accept_import_error,
            accept_accuracy: self.accept_accuracy,
            accuracy: self.accuracy,
            output_kinds: self.output_is.clone(),
            tune: !self.no_tune,
            memory_limit: self.memory_limit(),
        }
    }
}

/// `NAME=SIZE`.
pub(crate) fn dimension(text: &str) -> Result<(String, usize), String> {
    let pair = text.rsplit_once('=').and_then(|(name, size)| {
        let size = size.trim().parse().ok().filter(|size| *size > 0)?;
        Some((name.trim().to_owned(), size))
    });
    pair.filter(|(name, _)| !name.is_empty())
        .ok_or_else(|| "expected NAME=SIZE or INPUT.AXIS=SIZE with a size of 1 or more".into())
}

/// The shapes of the rows in a file of arrays, by input; none where it does not say.
fn row_shapes(data: &Path) -> Vec<(String, Vec<usize>)> {
    let shapes = array_shapes(data).unwrap_or_default();
    let only = shapes.len() == 1;
    let row = |(name, shape): (String, Vec<usize>)| {
        let name = if only { String::new() } else { name };
        Some((name, shape.get(1..)?.to_vec()))
    };
    shapes.into_iter().filter_map(row).collect()
}

fn calibration(text: &str) -> Result<Calibration, String> {
    const USUAL: f64 = 99.9;
    let share = match text.split_once('=') {
        None => match text {
            "minmax" => return Ok(Calibration::MinMax),
            "mse" => return Ok(Calibration::MeanSquaredError),
            "percentile" => Some(USUAL),
            _ => None,
        },
        Some(("percentile", share)) => share.trim().parse().ok(),
        Some(_) => None,
    };
    share
        .filter(|share| *share > 0.0 && *share <= 100.0)
        .map(Calibration::Percentile)
        .ok_or_else(|| {
            "expected minmax, percentile, percentile=P with P above 0 and at most 100, or mse"
                .into()
        })
}

/// The name a calibration method has on the command line.
pub(crate) fn calibration_name(calibration: Calibration) -> String {
    match calibration {
        Calibration::MinMax => "minmax".into(),
        Calibration::Percentile(share) => format!("percentile={share}"),
        Calibration::MeanSquaredError => "mse".into(),
    }
}

/// The last visibility given without a name.
fn every(given: &[(Option<String>, Visibility)]) -> Option<Visibility> {
    let unnamed = given.iter().rev().find(|(name, _)| name.is_none());
    unnamed.map(|(_, visibility)| *visibility)
}

/// `VISIBILITY` or `NAME=VISIBILITY`.
fn tensor_visibility<V: ValueEnum + Into<Visibility>>(
    text: &str,
) -> Result<(Option<String>, Visibility), String> {
    let (name, visibility) = match text.rsplit_once('=') {
        Some((name, visibility)) => (Some(name.to_owned()), visibility),
        None => (None, text),
    };
    V::from_str(visibility, false)
        .map(|found| (name, found.into()))
        .map_err(|_| {
            let known = V::value_variants()
                .iter()
                .filter_map(ValueEnum::to_possible_value);
            let known: Vec<String> = known.map(|value| value.get_name().to_owned()).collect();
            format!(
                "expected {}, with NAME= before it for one of several",
                known.join(" or ")
            )
        })
}

/// `KIND` or `NAME=KIND`.
fn output_kind(text: &str) -> Result<(Option<String>, OutputKind), String> {
    let (name, kind) = match text.rsplit_once('=') {
        Some((name, kind)) => (Some(name.to_owned()), kind),
        None => (None, text),
    };
    let kind = match kind {
        "classes" => OutputKind::Classes,
        "values" => OutputKind::Values,
        "both" => OutputKind::Both,
        _ => {
            return Err(
                "expected classes, values or both, with NAME= before it for one of several".into(),
            );
        }
    };
    Ok((name, kind))
}

fn gibibytes(text: &str) -> Result<u64, String> {
    let number = text.trim().parse::<f64>().ok();
    let number = number.filter(|gib| *gib > 0.0 && *gib <= 1e9);
    number
        .map(|gib| (gib * (1u64 << 30) as f64) as u64)
        .ok_or_else(|| "expected a number of GiB above 0, e.g. 8 or 0.5".into())
}

fn share(text: &str) -> Result<f64, String> {
    let share = text.trim().parse().ok();
    share
        .filter(|share| *share > 0.0 && *share <= 1.0)
        .ok_or_else(|| "expected a share above 0, at most 1, e.g. 0.001".into())
}

/// Compiles, with the planner's price of what bits cost, and tells of every step.
pub(crate) fn compile_planned(
    float: &FloatGraph,
    data: &DataSet,
    options: &Options,
    limits: Limits,
    on_step: &OnStep<'_>,
) -> Result<Compilation, CompileError> {
    let cells = float.needed_cells();
    if cells >> limits.max_k > 0 {
        return Err(CompileError::InvalidModel {
            path: float.path.clone(),
            detail: format!(
                "its tensors have {cells} cells, each takes a row of the circuit, and there are at most 2^{} rows; prove a part of it \
                 (--output-name), or export it for a smaller input",
                limits.max_k
            ),
        });
    }
    let price = |graph: &IntegerGraph| {
        let chosen = candidate_of(graph, options.goal, limits).ok()?;
        Some(Cost {
            height: chosen.k,
            gas: chosen.gas,
        })
    };
    compile_watched(float, data, options, &price, on_step)
}

fn domain(text: &str) -> Result<(f64, f64), String> {
    let number = |part: &str| {
        part.trim()
            .parse::<f64>()
            .ok()
            .filter(|number| number.is_finite())
    };
    match text
        .split_once(',')
        .map(|(min, max)| (number(min), number(max)))
    {
        Some((Some(min), Some(max))) if min < max => Ok((min, max)),
        _ => Err("expected two numbers with a comma, the smaller first, e.g. `-1,1`".into()),
    }
}
