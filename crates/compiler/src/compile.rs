//! The compiler: measures, tries bit widths, and puts the compiled model together.

use std::borrow::Cow;

use rayon::prelude::*;
use sha3::{Digest, Keccak256};

use crate::float::graph::{FloatGraph, FloatTensor, Precision};
use crate::float::missing::Missing;
use crate::options::{InputDomain, Options};
use crate::quantise::calibration::{Measured, cell_magnitudes};
use crate::quantise::equalise::{choose as channels, scaled};
use crate::quantise::feature_grid::compared;
use crate::quantise::input_grid::{InputGrid, choose};
use crate::quantise::{Bits, quantise};
use crate::report::accuracy::top1;
use crate::{CompileError, Result};
use verdict_model::CompiledModel;
use verdict_model::DataSet;
use verdict_model::Packing;
use verdict_model::execute;
use verdict_model::graph::{IntegerGraph, Visibility};
use verdict_model::{Calibration, Goal, ModelError};
use verdict_model::{InputManifest, Manifest, OutputManifest};

/// Calibration beyond this many rows changes nothing but the time it takes.
const MAX_ROWS: usize = 4096;
/// Rows beyond `FEWEST_ROWS` are left out if running them all takes more multiplications than this.
const MAX_PRODUCTS: usize = 1 << 33;
const FEWEST_ROWS: usize = 128;
/// Share of rows whose top-1 may differ from the float model's.
const TOP1_TOLERANCE: f64 = 0.001;
/// Share of rows whose top-1 may be as close a call as the integers' typical error. A few hundred calibration rows seldom show a
/// flip that unseen data would.
const RISK_TOLERANCE: f64 = 0.005;
/// Worst error of a single output, relative to its calibrated range.
const ERROR_TOLERANCE: f64 = 0.01;
/// Most bits an activation or output can have.
const MAX_BITS: u32 = 15;

/// Compiles `graph` to integers, choosing scales and bit widths from `calibration`.
pub fn compile(
    graph: &FloatGraph,
    calibration: &DataSet,
    options: &Options,
) -> Result<CompiledModel> {
    check_options(graph, options)?;
    let affordable = (MAX_PRODUCTS / graph.products().max(1)).clamp(FEWEST_ROWS, MAX_ROWS);
    let rows = &calibration.rows()[..calibration.len().min(affordable)];
    let data = DataSet::from_rows(rows.to_vec(), &graph.input_specs())?;
    if data.is_empty() {
        return Err(CompileError::EmptyCalibration);
    }
    check_missing(graph, &data)?;
    let equalised = match options.equalise {
        true => channels(graph, &cell_magnitudes(graph, &data)),
        false => Vec::new(),
    };
    let graph = match equalised.is_empty() {
        true => Cow::Borrowed(graph),
        false => Cow::Owned(scaled(graph, &equalised)),
    };
    let measured = Measured::new(&graph, &data, options.calibration)?;
    let (bits, integer, grids) = search(&graph, &data, &measured, options)?;
    integer.validate()?;
    let mut manifest = manifest(&graph, &integer, &grids, bits, options);
    manifest.equalised = equalised;
    tracing::info!(
        model = manifest.name,
        activation_bits = bits.activation,
        output_bits = bits.output,
        table_entries = manifest.table_entries,
        "compiled"
    );
    Ok(CompiledModel::new(integer, manifest)?)
}

fn check_options(graph: &FloatGraph, options: &Options) -> Result<()> {
    let within = |option, value: Option<u32>, min, max| match value {
        Some(value) if value < min || value > max => Err(CompileError::Option {
            option,
            detail: format!("expected {min} to {max}, found {value}"),
        }),
        _ => Ok(()),
    };
    within("activation_bits", options.activation_bits, 2, MAX_BITS)?;
    within("output_bits", options.output_bits, 2, MAX_BITS)?;
    within("input_bits", options.input_bits, 2, MAX_BITS)?;
    within("weight_bits", Some(options.weight_bits), 2, 16)?;
    within("table_bits", options.table_bits, 4, 24)?;
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

/// Tries bit widths from small to large until the integers agree with the float model.
fn search(
    graph: &FloatGraph,
    data: &DataSet,
    measured: &Measured,
    options: &Options,
) -> Result<(Bits, IntegerGraph, Vec<InputGrid>)> {
    let small = matches!(options.goal, Goal::Time | Goal::Memory);
    let table_bits = options.table_bits.unwrap_or(if small { 14 } else { 16 });
    let tested = graph
        .inputs
        .iter()
        .any(|input| compared(graph, *input).is_some());
    let attempt = |bits: Bits| -> Result<(IntegerGraph, Vec<InputGrid>)> {
        // Nothing rounds after a tree's comparisons, so the inputs' grid is all that can change a decision.
        let default_bits = match tested {
            true => (bits.activation + 4).clamp(12, MAX_BITS),
            false => (bits.activation + 2).clamp(8, 12),
        };
        let input_bits = options.input_bits.unwrap_or(default_bits);
        let calibrated = InputDomain::Calibrated;
        let grids = (0..graph.inputs.len())
            .map(|i| {
                choose(
                    graph,
                    i,
                    data,
                    options.input_domains.get(i).unwrap_or(&calibrated),
                    options.domain_margin,
                    input_bits,
                )
            })
            .collect::<Result<Vec<_>>>()?;
        let stats = measured.stats(bits);
        let integer = quantise(graph, &grids, &stats, options, bits, table_bits)?;
        Ok((integer, grids))
    };
    let activations = match options.activation_bits {
        Some(bits) => bits..=bits,
        None => fewest_bits(graph, small)..=MAX_BITS,
    };
    let first = *activations.start();
    let mut outputs = graph.outputs.iter();
    let classifies = outputs.any(|id| graph.tensors[*id].len >= 2);
    let mut failed = None;
    let mut best: Option<(f64, Bits, IntegerGraph, Vec<InputGrid>)> = None;
    for activation in activations {
        let outputs = match options.output_bits {
            Some(bits) => bits..=bits,
            None => activation..=(activation + 2).min(MAX_BITS),
        };
        for output in outputs {
            let bits = Bits { activation, output };
            let (integer, grids) = match attempt(bits) {
                Ok(done) => done,
                // Exact layers may not fit their tables at many bits; fewer may do.
                Err(error @ CompileError::Quantise { .. }) => {
                    failed.get_or_insert(error);
                    continue;
                }
                Err(error) => return Err(error),
            };
            let badness = disagreement(&integer, &grids, data, measured)?;
            tracing::debug!(
                activation,
                output,
                badness,
                table_entries = integer.table_entries(),
                "tried"
            );
            if badness <= 1.0 {
                // Where fewer bits change a decision, these keep it by a hair, and unseen rows are harder than calibration's.
                let narrowly = classifies && activation > first;
                if (options.goal == Goal::Gas || narrowly)
                    && options.activation_bits.is_none()
                    && activation < MAX_BITS
                {
                    let finer = Bits {
                        activation: activation + 1,
                        output: (output + 1).min(MAX_BITS),
                    };
                    if let Ok((integer, grids)) = attempt(finer) {
                        return Ok((finer, integer, grids));
                    }
                }
                return Ok((bits, integer, grids));
            }
            if best.as_ref().is_none_or(|(least, ..)| badness < *least) {
                best = Some((badness, bits, integer, grids));
            }
        }
    }
    let Some((badness, bits, integer, grids)) = best else {
        if let Some(error) = failed {
            return Err(error);
        }
        return Err(CompileError::Option {
            option: "activation_bits",
            detail: "no bit width was left to try".into(),
        });
    };
    tracing::warn!(
        badness,
        activation_bits = bits.activation,
        "no bit width reaches the accuracy goal; kept the best one, see the accuracy report"
    );
    Ok((bits, integer, grids))
}

/// Where the search begins. Independent rounding errors of successive layers add up like their root mean square, half a bit for every
/// doubling of the depth, which calibration rows that the model was trained on are too easy to show.
fn fewest_bits(graph: &FloatGraph, small: bool) -> u32 {
    // Exact layers round nothing.
    let rounds = |tensor: &FloatTensor| {
        let layer = tensor.layer.as_ref();
        layer.is_some_and(|layer| layer.precision == Precision::Scaled)
    };
    let layers = graph.tensors.iter().filter(|t| rounds(t)).count().max(1);
    let depth = ((layers as f64).log2() / 2.0).ceil() as u32;
    let floor = if small { 6 } else { 8 };
    (6 + depth).clamp(floor, MAX_BITS)
}

/// How far the integers are from the float model, relative to what is tolerated.
fn disagreement(
    graph: &IntegerGraph,
    grids: &[InputGrid],
    data: &DataSet,
    measured: &Measured,
) -> Result<f64> {
    let outputs = data
        .rows()
        .par_iter()
        .map(|row| {
            let integers: Vec<Vec<i32>> = row
                .iter()
                .zip(grids)
                .map(|(values, grid)| {
                    let integer = |(i, v): (usize, &f64)| grid.integer(i, *v);
                    values.iter().enumerate().map(integer).collect()
                })
                .collect();
            Ok(execute(graph, &integers)?.outputs(graph))
        })
        .collect::<Result<Vec<_>>>()?;
    let mut worst = 0.0f64;
    for (output, id) in graph.outputs.iter().enumerate() {
        let scale = graph.tensors[*id].scale;
        let pairs = || {
            outputs
                .iter()
                .zip(&measured.outputs)
                .map(|(integers, reals)| (&integers[output], &reals[output]))
        };
        let badness = if graph.tensors[*id].len >= 2 {
            let differ = pairs().filter(|(integers, reals)| {
                let best = top1(integers);
                // Equal float scores have no top-1 to agree with.
                best != top1(reals)
                    && reals[best] < reals.iter().copied().fold(f64::NEG_INFINITY, f64::max)
            });
            let differing = differ.count() as f64 / data.len() as f64 / TOP1_TOLERANCE;
            differing.max(at_risk(pairs(), scale) / RISK_TOLERANCE)
        } else {
            let reals = || pairs().map(|(_, reals)| reals[0]);
            let range =
                reals().fold(f64::NEG_INFINITY, f64::max) - reals().fold(f64::INFINITY, f64::min);
            let range = if range > 0.0 {
                range
            } else {
                reals().map(f64::abs).fold(1e-9, f64::max)
            };
            let error = pairs()
                .map(|(integers, reals)| (f64::from(integers[0]) * scale - reals[0]).abs())
                .fold(0.0, f64::max);
            error / range / ERROR_TOLERANCE
        };
        worst = worst.max(badness);
    }
    Ok(worst)
}

/// Share of rows whose lead of the best output over the second is less than the root mean square error of that lead.
fn at_risk<'a>(pairs: impl Iterator<Item = (&'a Vec<i32>, &'a Vec<f64>)>, scale: f64) -> f64 {
    let leads: Vec<(f64, f64)> = pairs
        .filter_map(|(integers, reals)| {
            let best = top1(reals);
            let second = (0..reals.len())
                .filter(|&i| i != best)
                .max_by(|&a, &b| reals[a].total_cmp(&reals[b]))?;
            let found = f64::from(integers[best] - integers[second]) * scale;
            // Equal float scores have no top-1 to lose.
            let lead = reals[best] - reals[second];
            (lead > 0.0).then_some((lead, found))
        })
        .collect();
    let rows = leads.len().max(1) as f64;
    let squares: f64 = leads
        .iter()
        .map(|(lead, found)| (lead - found).powi(2))
        .sum();
    let typical = (squares / rows).sqrt();
    // One close call happens however fine the integers are.
    let close = leads.iter().filter(|(lead, _)| *lead < typical).count();
    close.saturating_sub(1) as f64 / rows
}

fn manifest(
    graph: &FloatGraph,
    integer: &IntegerGraph,
    grids: &[InputGrid],
    bits: Bits,
    options: &Options,
) -> Manifest {
    let inputs = integer.inputs.iter().zip(grids).map(|(id, grid)| {
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
        activation_bits: bits.activation,
        weight_bits: options.weight_bits,
        table_entries: integer.table_entries() as u64,
        calibration: options.calibration,
        equalised: Vec::new(),
    }
}
