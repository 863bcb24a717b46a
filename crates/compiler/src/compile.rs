//! The compiler: measures, tries bit widths, and puts the compiled model together.

use std::borrow::Cow;
use std::collections::BTreeSet;

use sha3::{Digest, Keccak256};

use crate::cost::{Price, least_cost};
use crate::few;
use crate::float::graph::FloatGraph;
use crate::float::missing::Missing;
use crate::float::reference::Reference;
use crate::float::typed::Leaves;
use crate::masks;
use crate::memory;
use crate::options::Options;
use crate::progress::{CompileStep, OnStep};
use crate::quantise::grid::InputGrid;
use crate::quantise::input_grid;
use crate::quantise::secret::structure;
use crate::search::MAX_BITS;
use crate::tune::{Found, Tuned, tune};
use crate::{CompileError, Result};
use verdict_model::{
    Assurance, Calibration, CompiledModel, DataSet, InputManifest, IntegerGraph, Manifest,
    ModelError, OutputManifest, Packing, Visibility, pick,
};

/// Calibration beyond this many rows changes nothing but the time it takes.
const MAX_ROWS: usize = 4096;
/// Rows beyond `FEWEST_ROWS` are left out if running them all takes more multiplications than this.
const MAX_PRODUCTS: usize = 1 << 32;
const FEWEST_ROWS: usize = 32;

/// Bits of the grids whose domains values of whole types are looked for in.
const DOMAIN_BITS: u32 = 12;

/// A compiled model, how it was chosen, and what it was compared with.
#[derive(Debug)]
pub struct Compilation {
    /// The model.
    pub model: CompiledModel,
    /// What was chosen, and how well it does on the calibration data.
    pub tuned: Tuned,
    /// The float model that the import agrees with.
    pub reference: Reference,
    /// The rows it was calibrated by, the given ones first, if some were drawn since few were given.
    pub drawn: Option<DataSet>,
}

/// Compiles `graph` to integers, choosing scales and bit widths from `calibration`, on whose rows
/// this crate's reading of the ONNX file must agree with tract's.
///
/// Bits are spent as long as they cost nothing, and this crate knows the least height of a circuit
/// only; [`compile_with`] takes a planner's word for it.
pub fn compile(
    graph: &FloatGraph,
    calibration: &DataSet,
    options: &Options,
) -> Result<CompiledModel> {
    Ok(compile_with(graph, calibration, options, &least_cost)?.model)
}

/// Checks that no input and no value of a type of whole numbers can leave it for inputs of the
/// declared domain: runtimes would go on modulo the type's number of values.
fn check_types(graph: &FloatGraph, data: &DataSet, options: &Options) -> Result<()> {
    let typed = !graph.typed.is_empty() || graph.limits.iter().any(Option::is_some);
    if !typed {
        return Ok(());
    }
    let mut domains = Vec::with_capacity(graph.inputs.len());
    for (input, id) in graph.inputs.iter().enumerate() {
        let bits = options.input_bits.unwrap_or(DOMAIN_BITS);
        let grid = input_grid::choose(graph, input, data, options, bits)?;
        let whole = graph.whole.get(input) == Some(&true);
        let domain = |cell: usize| {
            let (low, high) = pick(&grid.domain, cell);
            match whole {
                true => (low.floor(), high.ceil()),
                false => (low, high),
            }
        };
        let all: Vec<(f64, f64)> = (0..graph.tensors[*id].len).map(domain).collect();
        if let Some(Some((low, high))) = graph.limits.get(input)
            && let Some((min, max)) = { all.iter() }.find(|(min, max)| min < low || max > high)
        {
            return Err(CompileError::Option {
                option: "input_domains",
                detail: format!(
                    "input `{}` has a type of whole numbers from {low} to {high}, its domain reaches from {min} to {max}; give it one \
                     within its type (--domain), or correct the data",
                    graph.tensors[*id].name
                ),
            });
        }
        domains.push(all);
    }
    let Some(Leaves { value, reach }) = graph.leaves_type(domains) else {
        return Ok(());
    };
    let (low, high) = value.limits;
    Err(CompileError::InvalidNode {
        path: graph.path.clone(),
        node: value.node.clone(),
        op: value.op.clone(),
        detail: format!(
            "may leave {} ({low} to {high}) for inputs of the declared domain: {} to {}, where ONNX says nothing or wraps around; \
             cast its operands to a wider type before it, clip them, or narrow the domain with --domain",
            value.of, reach.0, reach.1
        ),
    })
}

/// As [`compile`], with a price of what bits cost.
pub fn compile_with(
    graph: &FloatGraph,
    calibration: &DataSet,
    options: &Options,
    price: &Price<'_>,
) -> Result<Compilation> {
    compile_watched(graph, calibration, options, price, &|_| {})
}

/// As [`compile_with`], and tells of every step.
pub fn compile_watched(
    graph: &FloatGraph,
    calibration: &DataSet,
    options: &Options,
    price: &Price<'_>,
    on_step: &OnStep<'_>,
) -> Result<Compilation> {
    check_options(graph, options)?;
    let affordable = (MAX_PRODUCTS / graph.products().max(1)).clamp(FEWEST_ROWS, MAX_ROWS);
    let rows = &calibration.rows()[..calibration.len().min(affordable)];
    let data = DataSet::from_rows(rows.to_vec(), &graph.input_specs())?;
    if data.is_empty() {
        return Err(CompileError::EmptyCalibration);
    }
    let given = data.len();
    let count = few::count(graph, given, options);
    memory::check(
        || format!("{} on {count} rows of data", graph.path.display()),
        memory::compiling(graph, count, rayon::current_num_threads()),
        options.memory_limit,
        "fewer calibration rows, or a smaller input",
    )?;
    check_missing(graph, &data)?;
    let data = few::enlarged(graph, data, options)?;
    check_types(graph, &data, options)?;
    let fitted = masks::fitted(graph, &data);
    let graph = fitted.as_ref();
    on_step(CompileStep::Compare { rows: data.len() });
    let reference = Reference::checked(graph, &data, options.accept_import_error)?;
    // Products that turn out to need tensors of their own get them, and all starts over.
    let (imported, mut graph) = (graph, Cow::Borrowed(graph));
    let mut own = BTreeSet::new();
    let found = loop {
        let error = match tune(&graph, &data, options, price, on_step) {
            Ok(found) => break found,
            Err(error) => error,
        };
        let CompileError::Products {
            tensor, crowded, ..
        } = &error
        else {
            return Err(error);
        };
        let before = own.len();
        // Always of the graph as it was imported, so that one pass makes the same tensors again
        // wherever a compiled model meets its file.
        own.extend(imported.crowded_here(&own, crowded));
        if own.len() == before {
            return Err(error);
        }
        tracing::info!(tensor, of = own.len(), "products get tensors of their own");
        let all: Vec<_> = own.iter().copied().collect();
        graph = Cow::Owned(imported.with_own_products(&all));
    };
    let Found {
        integer,
        grids,
        equalised,
        tuned,
    } = found;
    integer.validate()?;
    let mut manifest = manifest(&graph, &integer, &grids, tuned.activation_bits, options);
    manifest.equalised = equalised;
    manifest.assurance = reference.assurance();
    tracing::info!(
        model = manifest.name,
        activation_bits = tuned.activation_bits,
        output_bits = tuned.output_bits,
        input_bits = tuned.input_bits,
        table_bits = tuned.table_bits,
        table_entries = manifest.table_entries,
        "compiled"
    );
    let mut model = CompiledModel::new(integer, manifest)?;
    if let Some(asked) = options.accuracy.filter(|_| !tuned.reached) {
        if !options.accept_accuracy {
            return Err(missed(&model, &tuned, asked));
        }
        model = model.accepting_accuracy()?;
    }
    Ok(Compilation {
        model,
        tuned,
        reference,
        drawn: (data.len() > given).then_some(data),
    })
}

/// An accuracy that was asked for and that nothing reaches.
fn missed(model: &CompiledModel, tuned: &Tuned, asked: f64) -> CompileError {
    let others = match tuned.other_decisions > 0.0 {
        true => format!(
            ", and {:.2} % of the decisions are others",
            tuned.other_decisions * 100.0
        ),
        false => String::new(),
    };
    CompileError::Inaccurate {
        model: model.manifest().name.clone(),
        findings: format!(
            "the best that was found is off by {:.4} % of the output's range on the calibration data, asked for are {:.4} %{others}",
            tuned.error * 100.0,
            asked * 100.0
        ),
        help: "a larger --accuracy, --table-bits 20 to 24, or --output-name with a value before the last nodes".into(),
    }
}

fn check_options(graph: &FloatGraph, options: &Options) -> Result<()> {
    let within = |option, value: Option<u32>, min, max| match value {
        Some(value) if value < min || value > max => Err(CompileError::Option {
            option,
            detail: format!("expected {min} to {max}, found {value}"),
        }),
        _ => Ok(()),
    };
    if options.private_weights != graph.private_weights {
        return Err(CompileError::Option {
            option: "private_weights",
            detail: match options.private_weights {
                true => {
                    "the model was imported for public weights; import it with `import_private`"
                        .into()
                }
                false => "the model was imported for private weights; set this option, too".into(),
            },
        });
    }
    within("activation_bits", options.activation_bits, 2, MAX_BITS)?;
    within("output_bits", options.output_bits, 2, MAX_BITS)?;
    within("input_bits", options.input_bits, 2, MAX_BITS)?;
    within("weight_bits", Some(options.weight_bits), 2, 16)?;
    within("table_bits", options.table_bits, 4, 24)?;
    if let Some(share) = options.accuracy
        && !(share > 0.0 && share <= 1.0)
    {
        return Err(CompileError::Option {
            option: "accuracy",
            detail: format!("expected a share of the range above 0, at most 1, found {share}"),
        });
    }
    let named = options
        .output_kinds
        .iter()
        .filter_map(|(name, _)| name.as_ref());
    if let Some(name) = { named }.find(|name| !graph.output_names.contains(name)) {
        return Err(CompileError::Option {
            option: "output_kinds",
            detail: format!(
                "there is no output `{name}`; the outputs are {}",
                graph.output_names.join(", ")
            ),
        });
    }
    if !(0.0..=100.0).contains(&options.domain_margin) {
        let detail = format!("expected 0 to 100, found {}", options.domain_margin);
        return Err(CompileError::Option {
            option: "domain_margin",
            detail,
        });
    }
    if let Calibration::Percentile(share) = options.calibration
        && !(share > 0.0 && share <= 100.0)
    {
        return Err(CompileError::Option {
            option: "calibration",
            detail: format!("expected a percentile above 0, at most 100, found {share}"),
        });
    }
    for (name, visibility) in &options.visibilities {
        let named = |ids: &[usize]| ids.iter().any(|id| graph.tensors[*id].name == *name);
        let known =
            named(&graph.inputs) || (named(&graph.outputs) && *visibility != Visibility::Committed);
        if !known {
            let ends = graph.inputs.iter().chain(&graph.outputs);
            let names: Vec<&str> = ends.map(|id| graph.tensors[*id].name.as_str()).collect();
            return Err(CompileError::Option {
                option: "visibilities",
                detail: format!(
                    "`{name}` cannot be {visibility:?}: the model's inputs and outputs are {}, and only inputs can be committed to",
                    names.join(", ")
                ),
            });
        }
    }
    if options.input_domains.len() > graph.inputs.len() {
        return Err(CompileError::Option {
            option: "input_domains",
            detail: format!(
                "the model has {} inputs, {} domains were given",
                graph.inputs.len(),
                options.input_domains.len()
            ),
        });
    }
    Ok(())
}

/// Missing values must be ones that the model has a rule for.
fn check_missing(graph: &FloatGraph, data: &DataSet) -> Result<()> {
    for (row, inputs) in data.rows().iter().enumerate() {
        for (input, values) in inputs.iter().enumerate() {
            let rule = |cell: usize| {
                let cells = graph.missing.get(input)?;
                cells.get(cell).copied()
            };
            let refused = |(cell, v): (usize, &f64)| {
                v.is_nan() && rule(cell).unwrap_or_default() == Missing::Refused
            };
            if let Some(position) = values.iter().enumerate().position(refused) {
                return Err(ModelError::DataValue {
                    path: "(calibration data)".into(),
                    row,
                    input: graph.tensors[graph.inputs[input]].name.clone(),
                    position,
                    value: "missing, and the model computes with it".into(),
                }
                .into());
            }
        }
    }
    Ok(())
}

fn manifest(
    graph: &FloatGraph,
    integer: &IntegerGraph,
    grids: &[InputGrid],
    activation_bits: u32,
    options: &Options,
) -> Manifest {
    let floats = graph.inputs.iter().map(|id| &graph.tensors[*id]);
    let inputs = { integer.inputs.iter().zip(grids).zip(floats) }.map(|((id, grid), float)| {
        let tensor = &integer.tensors[*id];
        InputManifest {
            name: tensor.name.clone(),
            shape: tensor.shape.clone(),
            visibility: tensor.visibility,
            min: tensor.min,
            max: tensor.max,
            packing: Packing::of(tensor),
            scales: grid.scales.clone(),
            zero_points: grid.zeros.clone(),
            real_min: grid.domain.iter().map(|d| d.0).collect(),
            real_max: grid.domain.iter().map(|d| d.1).collect(),
            missing: grid.missing.clone(),
            saturates: grid.saturates.clone(),
            breakpoints: grid.breakpoints.clone(),
            whole: float.whole,
        }
    });
    let outputs = integer
        .outputs
        .iter()
        .zip(&graph.output_names)
        .map(|(id, name)| {
            let tensor = &integer.tensors[*id];
            OutputManifest {
                name: name.clone(),
                shape: tensor.shape.clone(),
                visibility: tensor.visibility,
                min: tensor.min,
                max: tensor.max,
                packing: Packing::of(tensor),
                scale: tensor.scale,
                real_min: f64::from(tensor.min) * tensor.scale,
                real_max: f64::from(tensor.max) * tensor.scale,
            }
        });
    Manifest {
        name: graph.name.clone(),
        tool_version: env!("CARGO_PKG_VERSION").to_owned(),
        onnx_keccak256: Keccak256::digest(&graph.onnx)
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect(),
        inputs: inputs.collect(),
        outputs: outputs.collect(),
        parameters: integer.parameters() as u64,
        activation_bits,
        weight_bits: options.weight_bits,
        table_entries: integer.table_entries() as u64,
        calibration: options.calibration,
        equalised: Vec::new(),
        assurance: Assurance::default(),
        words: graph.words.clone(),
        structure: match options.private_weights {
            true => structure(graph),
            false => Vec::new(),
        },
    }
}
