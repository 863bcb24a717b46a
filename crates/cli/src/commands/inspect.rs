//! `verdict inspect`

use crate::{
    commands::compile::manifest_text,
    error::{CliError, usage},
    load::{self, Kind},
    options::quantise::dimension,
    report::{
        decode,
        output::{Output, Report, Table, count},
    },
};
use alloy_primitives::{B256, keccak256};
use clap::Args;
use serde::Serialize;
use std::path::PathBuf;
use verdict_compiler::{ImportOptions, import_with};
use verdict_engine::Subject;
use verdict_model::{CompiledModel, Manifest};
use verdict_prover::Architecture;
use verdict_wire::{ProofFile, parse_key};

#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  verdict inspect model.verdict\n  verdict inspect proof.json --model model.verdict"
)]
pub(crate) struct Inspect {
    /// A .verdict, architecture, proof or .onnx file
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// The compiled model, or its architecture, to decode a proof's public values
    #[arg(long, value_name = "MODEL.verdict")]
    model: Option<PathBuf>,
    /// Of an ONNX file, the size of a dimension that it leaves open, by its name or as
    /// INPUT.AXIS=SIZE (axes from 0); may be given several times
    #[arg(long, value_name = "NAME=SIZE", value_parser = dimension)]
    dim: Vec<(String, usize)>,
}

#[derive(Serialize)]
struct LayerInfo {
    name: String,
    shape: Vec<usize>,
    cells: usize,
    weights: usize,
    function: String,
    min: Option<i32>,
    max: Option<i32>,
    scale: Option<f64>,
}

#[derive(Serialize)]
struct TableInfo {
    function: String,
    shift: u32,
    first_key: i64,
    entries: usize,
}

#[derive(Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
enum Inspected {
    CompiledModel {
        digest: B256,
        manifest: Box<Manifest>,
        layers: Vec<LayerInfo>,
        tables: Vec<TableInfo>,
    },
    Proof {
        version: u32,
        /// What the file says of itself, which nobody checked.
        stated: Stated,
        /// Computed from the key in the file.
        key_digest: B256,
        k: u32,
        width: usize,
        context: B256,
        public_values: Vec<B256>,
        decoded: Vec<decode::Values>,
        proof_bytes: usize,
        key_bytes: usize,
    },
    Onnx {
        name: String,
        onnx_keccak256: B256,
        parameters: usize,
        inputs: Vec<(String, Vec<usize>)>,
        outputs: Vec<String>,
        layers: Vec<LayerInfo>,
    },
}

#[derive(Serialize)]
struct Stated {
    model_digest: B256,
    setup: String,
    development_setup: bool,
    private_weights: bool,
    batch: usize,
}

impl Inspect {
    pub(crate) fn run(&self, output: &Output) -> Result<(), CliError> {
        let kind = load::kind(&self.file)?;
        if kind != Kind::Onnx && !self.dim.is_empty() {
            return Err(usage(format!(
                "{} is no ONNX file, so --dim has nothing to say of it",
                self.file.display()
            )));
        }
        output.emit(&match kind {
            Kind::Compiled => compiled(&CompiledModel::load(&self.file)?),
            Kind::Proof => self.proof()?,
            Kind::Architecture => compiled(Architecture::load(&self.file)?.model()),
            Kind::Onnx => self.onnx()?,
        })
    }

    fn proof(&self) -> Result<Inspected, CliError> {
        let file = ProofFile::load(&self.file)?;
        let key = parse_key(&file.verifying_key)?;
        let decoded = match &self.model {
            Some(path) => {
                let subject = Subject::load(path, file.private_weights)?;
                let name = self.file.display().to_string();
                subject.must_be(file.model, &name, "give the model that the proof is about")?;
                let model = subject.model();
                let batch = file.batch(model.graph(), &self.file)?;
                decode::public(model, &batch, &file.public_values)?
            }
            None => Vec::new(),
        };
        Ok(Inspected::Proof {
            version: file.version,
            stated: Stated {
                model_digest: file.model,
                setup: file.srs,
                development_setup: file.development,
                private_weights: file.private_weights,
                batch: file.batch.as_ref().map_or(1, |batch| batch.items),
            },
            key_digest: file.key,
            k: key.k,
            width: key.width,
            context: file.public_values.first().copied().unwrap_or_default(),
            decoded,
            proof_bytes: file.proof.len(),
            key_bytes: file.verifying_key.len(),
            public_values: file.public_values,
        })
    }

    fn onnx(&self) -> Result<Inspected, CliError> {
        let options = ImportOptions {
            dims: self.dim.clone(),
            ..ImportOptions::default()
        };
        let float = import_with(&self.file, &options)?;
        let layers = float.tensors.iter().filter_map(|tensor| {
            let layer = tensor.layer.as_ref()?;
            Some(LayerInfo {
                name: tensor.name.clone(),
                shape: tensor.shape.clone(),
                cells: tensor.len,
                weights: layer.terms.iter().map(|term| term.kernel.non_zero()).sum(),
                function: layer.activation.name().into(),
                min: None,
                max: None,
                scale: None,
            })
        });
        Ok(Inspected::Onnx {
            name: float.name.clone(),
            onnx_keccak256: keccak256(&float.onnx),
            parameters: float.parameters(),
            inputs: float
                .input_specs()
                .into_iter()
                .map(|spec| (spec.name, spec.shape))
                .collect(),
            outputs: float.output_names.clone(),
            layers: layers.collect(),
        })
    }
}

fn compiled(model: &CompiledModel) -> Inspected {
    let graph = model.graph();
    let layers = graph.tensors.iter().filter_map(|tensor| {
        let layer = tensor.layer.as_ref()?;
        Some(LayerInfo {
            name: tensor.name.clone(),
            shape: tensor.shape.clone(),
            cells: tensor.len,
            weights: layer.terms.iter().map(|term| term.kernel.non_zero()).sum(),
            function: graph.functions[layer.function].name().to_owned(),
            min: Some(tensor.min),
            max: Some(tensor.max),
            scale: Some(tensor.scale),
        })
    });
    Inspected::CompiledModel {
        digest: model.digest().into(),
        manifest: Box::new(model.manifest().clone()),
        layers: layers.collect(),
        tables: graph
            .functions
            .iter()
            .filter_map(|function| function.table())
            .map(|table| TableInfo {
                function: table.name.clone(),
                shift: table.shift,
                first_key: table.q_min,
                entries: table.values.len(),
            })
            .collect(),
    }
}

fn layers_text(layers: &[LayerInfo]) -> String {
    let mut table = Table::new(&["layer", "cells", "weights", "function", "integers", "scale"]);
    for layer in layers {
        table.row([
            layer.name.clone(),
            count(layer.cells as u64),
            count(layer.weights as u64),
            layer.function.clone(),
            layer
                .min
                .zip(layer.max)
                .map_or_else(|| "–".into(), |(min, max)| format!("{min} … {max}")),
            layer
                .scale
                .map_or_else(|| "–".into(), |scale| format!("{scale:.4e}")),
        ]);
    }
    table.render()
}

/// Activation tables, a line each.
fn tables_text(tables: &[TableInfo]) -> String {
    let mut list = Table::new(&["table", "shift", "first key", "entries"]);
    for table in tables {
        list.row([
            table.function.clone(),
            table.shift.to_string(),
            table.first_key.to_string(),
            count(table.entries as u64),
        ]);
    }
    list.render()
}

impl Report for Inspected {
    fn text(&self) -> String {
        match self {
            Self::CompiledModel {
                digest,
                manifest,
                layers,
                tables,
            } => format!(
                "Compiled model\n{}\n{}\n{}  it says that version {} compiled it from the ONNX file with keccak256 {}\n",
                manifest_text(manifest, digest),
                layers_text(layers),
                tables_text(tables),
                manifest.tool_version,
                manifest.onnx_keccak256
            ),
            Self::Proof {
                version,
                stated,
                key_digest,
                k,
                width,
                context,
                public_values,
                decoded,
                proof_bytes,
                key_bytes,
            } => {
                let mut text = format!(
                    "Proof, file version {version}, {} B\n  verifying key {key_digest} ({} B, width {width}, height k = {k})\n  \
                     context {context}\nThe file says, and `verdict verify --model` checks, that it is\n  \
                     of model {}\n  under set-up {}\n",
                    count(*proof_bytes as u64),
                    count(*key_bytes as u64),
                    stated.model_digest,
                    stated.setup
                );
                if stated.development_setup {
                    text += "  INSECURE development set-up: anyone can forge such proofs\n";
                }
                if stated.batch > 1 {
                    text += &format!("  a batch of {} inferences\n", count(stated.batch as u64));
                }
                if stated.private_weights {
                    text += "  private weights: the model's digest is its architecture's\n";
                }
                if decoded.is_empty() {
                    text += "public words, --model decodes them:\n";
                    for word in public_values.iter().skip(1) {
                        text += &format!("  {word}\n");
                    }
                }
                text + &decode::text(decoded, &[])
            }
            Self::Onnx {
                name,
                onnx_keccak256,
                parameters,
                inputs,
                outputs,
                layers,
            } => {
                let shapes = inputs
                    .iter()
                    .map(|(name, shape)| format!("{name} {shape:?}"))
                    .collect::<Vec<_>>();
                format!(
                    "ONNX model {name}, {} parameters, keccak256 {onnx_keccak256}\n  inputs {}, outputs {}\n{}",
                    count(*parameters as u64),
                    shapes.join(", "),
                    outputs.join(", "),
                    layers_text(layers)
                )
            }
        }
    }
}
