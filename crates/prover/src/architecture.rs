//! What is public of a model with private weights.
//!
//! A file is [`ARCHITECTURE_MAGIC`], the format version, the length of the redacted model (both
//! little-endian, 4 and 8 bytes), the redacted model as a `.verdict` file, the [postcard] of the
//! [`Outline`], and the keccak256 of all that.

use crate::ProverError;
use sha3::{Digest, Keccak256};
use std::{fs, path::Path};
use verdict_circuit::Outline;
use verdict_model::{CompiledModel, Function, IntegerGraph, Kernel, ranges::Secrets, write_whole};

/// The first bytes of an architecture file.
pub const ARCHITECTURE_MAGIC: [u8; 8] = *b"VDCTARCH";
const VERSION: u32 = 2;
const HEADER: usize = 20;
const DIGEST: usize = 32;

/// A model without its weights, and what its layout takes from them all the same.
#[derive(Clone, Debug, PartialEq)]
pub struct Architecture {
    model: CompiledModel,
    outline: Outline,
    digest: [u8; DIGEST],
}

impl Architecture {
    /// Takes all weights and biases out of a model but those of its structure. Shapes, ranges,
    /// scales, tables and the places of sparse weights remain; so does what [`Outline`] lists.
    /// Names and digests that would let a guess at the weights be checked do not.
    ///
    /// Fails for a model whose tables do not cover all weights within the declared bits: it was not
    /// compiled for private weights, and nobody but its owner could repeat the interval analysis.
    pub fn of(model: &CompiledModel) -> Result<Self, ProverError> {
        let outline = Outline::of(model.graph(), &model.manifest().structure);
        let mut graph = model.graph().clone();
        redact(&mut graph, &outline.secrets);
        outline
            .secrets
            .check(&graph)
            .map_err(ProverError::NotForPrivateWeights)?;
        let mut manifest = model.manifest().clone();
        manifest.onnx_keccak256 = String::new();
        // Factors of equalised channels say how the channels' weights compare in size.
        manifest.equalised.clear();
        // Slots are counted, not how many of them hold zeros.
        manifest.parameters = slots(&graph);
        Self::new(CompiledModel::new(graph, manifest)?, outline)
    }

    fn new(model: CompiledModel, outline: Outline) -> Result<Self, ProverError> {
        let mut architecture = Self {
            model,
            outline,
            digest: [0; DIGEST],
        };
        architecture.digest = Keccak256::digest(architecture.contents()?).into();
        Ok(architecture)
    }

    /// The model with its weights taken out.
    pub fn model(&self) -> &CompiledModel {
        &self.model
    }

    /// What the layout takes from the weights.
    pub fn outline(&self) -> &Outline {
        &self.outline
    }

    /// keccak256 of the file without its last 32 bytes.
    pub fn digest(&self) -> [u8; DIGEST] {
        self.digest
    }

    fn contents(&self) -> Result<Vec<u8>, ProverError> {
        let model = self.model.to_bytes()?;
        let outline =
            postcard::to_stdvec(&self.outline).map_err(|error| ProverError::Architecture {
                path: "the architecture".into(),
                detail: error.to_string(),
            })?;
        let mut bytes = ARCHITECTURE_MAGIC.to_vec();
        bytes.extend(VERSION.to_le_bytes());
        bytes.extend((model.len() as u64).to_le_bytes());
        bytes.extend(model);
        bytes.extend(outline);
        Ok(bytes)
    }

    /// The contents of an architecture file.
    pub fn to_bytes(&self) -> Result<Vec<u8>, ProverError> {
        let mut bytes = self.contents()?;
        bytes.extend(self.digest);
        Ok(bytes)
    }

    /// Decodes the contents of an architecture file, trusting nothing in them; `path` is named in
    /// errors.
    pub fn from_bytes(bytes: &[u8], path: &Path) -> Result<Self, ProverError> {
        let fail = |detail: &str| ProverError::Architecture {
            path: path.to_owned(),
            detail: detail.into(),
        };
        if !bytes.starts_with(&ARCHITECTURE_MAGIC) {
            return Err(fail("it does not begin like one"));
        }
        let Some((contents, digest)) = bytes
            .len()
            .checked_sub(DIGEST)
            .filter(|end| *end >= HEADER)
            .map(|end| bytes.split_at(end))
        else {
            return Err(fail("it is cut short"));
        };
        if <[u8; DIGEST]>::from(Keccak256::digest(contents)) != digest {
            return Err(fail("its digest does not match its contents"));
        }
        let little = |bytes: &[u8]| bytes.iter().rev().fold(0, |n, b| n << 8 | u64::from(*b));
        if little(&contents[8..12]) != u64::from(VERSION) {
            return Err(fail("it has another version"));
        }
        let rest = &contents[HEADER..];
        let split = usize::try_from(little(&contents[12..HEADER]))
            .ok()
            .and_then(|length| rest.split_at_checked(length));
        let Some((model, outline)) = split else {
            return Err(fail("it is cut short"));
        };
        let model = CompiledModel::from_bytes(model, path)?;
        let outline: Outline =
            postcard::from_bytes(outline).map_err(|error| fail(&error.to_string()))?;
        check_outline(&outline, model.graph()).map_err(|detail| fail(&detail))?;
        let architecture = Self::new(model, outline)?;
        if architecture.digest.as_slice() != digest {
            return Err(fail("its encoding is not canonical"));
        }
        Ok(architecture)
    }

    /// Writes an architecture file, whole or not at all.
    pub fn save(&self, path: &Path) -> Result<(), ProverError> {
        let bytes = self.to_bytes()?;
        write_whole(path, &bytes).map_err(ProverError::io("cannot write", path))
    }

    /// Reads an architecture file.
    pub fn load(path: &Path) -> Result<Self, ProverError> {
        let bytes = fs::read(path).map_err(ProverError::io("cannot read", path))?;
        Self::from_bytes(&bytes, path)
    }
}

fn slots(graph: &IntegerGraph) -> u64 {
    let layers = graph.tensors.iter().filter_map(|it| it.layer.as_ref());
    layers
        .map(|layer| {
            let kernels = layer.terms.iter().map(|term| match &term.kernel {
                Kernel::Dense { weights } => weights.len(),
                Kernel::Sparse { entries } => entries.len(),
                Kernel::Conv(conv) => conv.weights.len(),
            });
            (layer.bias.len() + kernels.sum::<usize>()) as u64
        })
        .sum()
}

/// Repeats all of the owner's analysis that an outline states the results of.
fn check_outline(outline: &Outline, graph: &IntegerGraph) -> Result<(), String> {
    let (secrets, uniform) = (outline.secrets.clone(), outline.uniform.clone());
    let tensors = graph.tensors.len();
    if !secrets.fits(graph) || uniform.iter().any(|id| *id >= tensors) {
        return Err("its outline is another model's".into());
    }
    secrets
        .check(graph)
        .map_err(|error| format!("its tables do not cover its declared bits ({error})"))?;
    if Outline::again(graph, secrets, uniform) != *outline {
        return Err("its outline is not the one that its declared bits give".into());
    }
    let mut redacted = graph.clone();
    redact(&mut redacted, &outline.secrets);
    if redacted != *graph {
        return Err("it holds weights that it declares to be private".into());
    }
    Ok(())
}

/// Zeroes all private weights. Private biases become the same for a whole tensor: zero, or the sum nearest to it
/// that the tensor's table and range accept, which are public.
fn redact(graph: &mut IntegerGraph, secrets: &Secrets) {
    let functions = graph.functions.clone();
    for (id, tensor) in graph.tensors.iter_mut().enumerate() {
        let range = tensor.min..=tensor.max;
        let Some(layer) = &mut tensor.layer else {
            continue;
        };
        for (number, term) in layer.terms.iter_mut().enumerate() {
            if secrets.term(id, number) == 0 {
                continue;
            }
            match &mut term.kernel {
                Kernel::Dense { weights } => weights.fill(0),
                Kernel::Sparse { entries } => entries.iter_mut().for_each(|entry| entry.2 = 0),
                Kernel::Conv(conv) => conv.weights.fill(0),
            }
        }
        if secrets.bias(id) == 0 {
            continue;
        }
        let neutral = match &functions[layer.function] {
            Function::Square => 0,
            Function::Table(table) => (table.q_min..)
                .zip(&table.values)
                .filter(|(_, value)| range.contains(*value))
                .map(|(q, _)| q << table.shift)
                .min_by_key(|sum| sum.unsigned_abs())
                .unwrap_or(0),
        };
        layer.bias.fill(neutral);
    }
}
