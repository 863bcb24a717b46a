//! Compiled models and their `.verdict` files.
//!
//! A file is `MAGIC`, the format version (little-endian `u32`), the payload ([postcard] of graph
//! and manifest, then, as far as there is anything to say, of what is said of missing values, of
//! scales out of the ordinary, of the structure that private weights leave public, of what the
//! compiler did not vouch for, of words, of breakpoints, and of
//! whole numbers) and the payload's keccak256, which is
//! also the model's digest.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use sha3::{Digest, Keccak256};

use crate::file::write_whole;
use crate::graph::{IntegerGraph, TensorId};
use crate::manifest::{Assurance, InputManifest, Manifest};
use crate::scales::{Calibration, ChannelShifts};
use crate::{ModelError, Result};

/// The first bytes of a compiled model.
pub const MAGIC: [u8; 8] = *b"VERDICT\0";
/// The version of the file format, and of the arithmetic behind it.
pub const FORMAT_VERSION: u32 = 2;

const HEADER: usize = MAGIC.len() + 4;
const DIGEST: usize = 32;

/// An integer graph and its description. Only valid ones exist: both constructors check.
#[derive(Clone, Debug, PartialEq)]
pub struct CompiledModel {
    /// Planning, proving and checking a model keep its arithmetic for as long as they like, so they
    /// share it.
    graph: Arc<IntegerGraph>,
    manifest: Manifest,
    digest: [u8; 32],
}

/// What to do with a real input outside the declared domain.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OutOfDomain {
    /// Refuse it with [`ModelError::OutOfDomain`].
    #[default]
    Reject,
    /// Use the nearest value of the domain.
    Saturate,
}

#[derive(Serialize)]
struct PayloadRef<'a> {
    graph: &'a IntegerGraph,
    manifest: &'a Manifest,
}

#[derive(Deserialize)]
struct Payload {
    graph: IntegerGraph,
    manifest: Manifest,
}

/// By input: what its manifest says of missing values (`missing`) and of values beyond the domain
/// (`saturates`).
type Exceptions = Vec<(Vec<Option<i32>>, Vec<bool>)>;

/// By input: `breakpoints` of its manifest.
type Breakpoints = Vec<Vec<Option<Vec<f64>>>>;

/// `calibration` and `equalised` of the manifest.
type Scales = (Calibration, Vec<ChannelShifts>);

/// What follows the manifest; what is not there is as in most models.
#[derive(Default)]
struct Aside {
    exceptions: Exceptions,
    scales: Scales,
    structure: Vec<TensorId>,
    assurance: Assurance,
    words: Vec<Vec<String>>,
    breakpoints: Breakpoints,
    /// By input: `whole` of its manifest.
    whole: Vec<bool>,
}

impl Aside {
    fn read(rest: &[u8], inputs: usize) -> Option<Self> {
        let mut aside = Self::default();
        let (exceptions, rest) = postcard::take_from_bytes::<Exceptions>(rest).ok()?;
        if exceptions.len() != inputs {
            return None;
        }
        aside.exceptions = exceptions;
        if rest.is_empty() {
            return Some(aside);
        }
        let (scales, rest) = postcard::take_from_bytes::<Scales>(rest).ok()?;
        aside.scales = scales;
        if rest.is_empty() {
            return Some(aside);
        }
        let (structure, rest) = postcard::take_from_bytes(rest).ok()?;
        aside.structure = structure;
        if rest.is_empty() {
            return Some(aside);
        }
        let (assurance, rest) = postcard::take_from_bytes(rest).ok()?;
        aside.assurance = assurance;
        if rest.is_empty() {
            return Some(aside);
        }
        let (words, rest) = postcard::take_from_bytes(rest).ok()?;
        aside.words = words;
        if rest.is_empty() {
            return Some(aside);
        }
        let (breakpoints, rest) = postcard::take_from_bytes::<Breakpoints>(rest).ok()?;
        aside.breakpoints = breakpoints;
        if aside.breakpoints.len() != inputs {
            return None;
        }
        if rest.is_empty() {
            return Some(aside);
        }
        let (whole, rest) = postcard::take_from_bytes::<Vec<bool>>(rest).ok()?;
        aside.whole = whole;
        (rest.is_empty() && aside.whole.len() == inputs).then_some(aside)
    }
}

impl CompiledModel {
    /// Puts a model together after checking both parts.
    pub fn new(graph: IntegerGraph, manifest: Manifest) -> Result<Self> {
        graph.validate()?;
        manifest.validate(&graph)?;
        let mut model = Self {
            graph: Arc::new(graph),
            manifest,
            digest: [0; DIGEST],
        };
        model.digest = Keccak256::digest(model.payload()?).into();
        Ok(model)
    }

    /// The same model, saying that it is used although its integers are too far from the float
    /// model.
    pub fn accepting_accuracy(mut self) -> Result<Self> {
        self.manifest.assurance.accepted_accuracy = true;
        self.digest = Keccak256::digest(self.payload()?).into();
        Ok(self)
    }

    /// The arithmetic.
    pub fn graph(&self) -> &IntegerGraph {
        &self.graph
    }

    /// The arithmetic, to be kept without a copy.
    pub fn shared_graph(&self) -> &Arc<IntegerGraph> {
        &self.graph
    }

    /// The description.
    pub fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// keccak256 of the canonical bytes of graph and manifest.
    pub fn digest(&self) -> [u8; 32] {
        self.digest
    }

    fn payload(&self) -> Result<Vec<u8>> {
        let encode = || {
            let mut payload = postcard::to_stdvec(&PayloadRef {
                graph: &self.graph,
                manifest: &self.manifest,
            })?;
            let inputs = self.manifest.inputs.iter();
            let exceptions: Exceptions = inputs
                .map(|input| (input.missing.clone(), input.saturates.clone()))
                .collect();
            let scales = (self.manifest.calibration, &self.manifest.equalised);
            let structure = &self.manifest.structure;
            // Each part is only there if it, or one after it, has anything to say.
            let inputs = self.manifest.inputs.iter();
            let breakpoints: Vec<_> = inputs.map(|input| &input.breakpoints).collect();
            let assurance = self.manifest.assurance;
            let words = &self.manifest.words;
            let inputs = self.manifest.inputs.iter();
            let whole: Vec<bool> = inputs.map(|input| input.whole).collect();
            let counted = whole.contains(&true);
            let ranked = counted || breakpoints.iter().any(|of| !of.is_empty());
            let worded = ranked || !words.is_empty();
            let doubtful = worded || assurance != Assurance::default();
            let structured = doubtful || !structure.is_empty();
            let unusual = structured || scales != (Calibration::default(), &Vec::new());
            if unusual || exceptions.iter().any(|of| *of != Default::default()) {
                payload.extend(postcard::to_stdvec(&exceptions)?);
            }
            if unusual {
                payload.extend(postcard::to_stdvec(&scales)?);
            }
            if structured {
                payload.extend(postcard::to_stdvec(structure)?);
            }
            if doubtful {
                payload.extend(postcard::to_stdvec(&assurance)?);
            }
            if worded {
                payload.extend(postcard::to_stdvec(words)?);
            }
            if ranked {
                payload.extend(postcard::to_stdvec(&breakpoints)?);
            }
            if counted {
                payload.extend(postcard::to_stdvec(&whole)?);
            }
            Ok(payload)
        };
        encode().map_err(|error: postcard::Error| {
            ModelError::graph("payload", format!("cannot be encoded: {error}"))
        })
    }

    /// The contents of a `.verdict` file.
    pub fn to_bytes(&self) -> Result<Vec<u8>> {
        let payload = self.payload()?;
        let parts: [&[u8]; 4] = [
            &MAGIC,
            &FORMAT_VERSION.to_le_bytes(),
            &payload,
            &self.digest,
        ];
        Ok(parts.concat())
    }

    /// Writes a `.verdict` file. On failure no file is left behind, and an existing one stays as it
    /// was.
    pub fn save(&self, path: impl AsRef<Path>) -> Result<()> {
        let path = path.as_ref();
        let bytes = self.to_bytes()?;
        write_whole(path, &bytes).map_err(|source| ModelError::Write {
            path: path.into(),
            source,
        })
    }

    /// Reads a `.verdict` file, trusting nothing in it.
    pub fn load(path: impl AsRef<Path>) -> Result<Self> {
        let path = path.as_ref();
        let bytes = fs::read(path).map_err(|source| ModelError::Read {
            path: path.into(),
            source,
        })?;
        Self::from_bytes(&bytes, path)
    }

    /// Decodes the contents of a `.verdict` file, trusting nothing in them; `path` is named in
    /// errors.
    pub fn from_bytes(bytes: &[u8], path: &Path) -> Result<Self> {
        let corrupt = |detail: String| ModelError::Corrupt {
            path: path.into(),
            detail,
        };
        if !bytes.starts_with(&MAGIC) {
            return Err(ModelError::NotCompiled { path: path.into() });
        }
        let Some((header, rest)) = bytes.split_at_checked(HEADER) else {
            return Err(corrupt("it ends within the header".into()));
        };
        let found = header[MAGIC.len()..]
            .iter()
            .rev()
            .fold(0, |value, byte| value << 8 | u32::from(*byte));
        if found != FORMAT_VERSION {
            return Err(ModelError::FormatVersion {
                path: path.into(),
                found,
                supported: FORMAT_VERSION,
            });
        }
        let Some((payload, digest)) = rest
            .len()
            .checked_sub(DIGEST)
            .and_then(|at| rest.split_at_checked(at))
        else {
            return Err(corrupt("it ends before the digest".into()));
        };
        let actual: [u8; DIGEST] = Keccak256::digest(payload).into();
        if actual != digest {
            return Err(corrupt("the digest does not match the contents".into()));
        }
        let (payload, rest) = postcard::take_from_bytes::<Payload>(payload)
            .map_err(|error| corrupt(format!("cannot be decoded: {error}")))?;
        let Payload {
            graph,
            mut manifest,
        } = payload;
        if !rest.is_empty() {
            let Some(aside) = Aside::read(rest, manifest.inputs.len()) else {
                return Err(corrupt(format!(
                    "{} unexpected bytes follow the model",
                    rest.len()
                )));
            };
            (manifest.calibration, manifest.equalised) = aside.scales;
            manifest.structure = aside.structure;
            manifest.assurance = aside.assurance;
            manifest.words = aside.words;
            for (input, (missing, saturates)) in manifest.inputs.iter_mut().zip(aside.exceptions) {
                (input.missing, input.saturates) = (missing, saturates);
            }
            for (input, breakpoints) in manifest.inputs.iter_mut().zip(aside.breakpoints) {
                input.breakpoints = breakpoints;
            }
            for (input, whole) in manifest.inputs.iter_mut().zip(aside.whole) {
                input.whole = whole;
            }
        }
        let model = Self::new(graph, manifest)?;
        // Numbers have several encodings; only the canonical one belongs to this digest.
        if model.digest != actual {
            return Err(corrupt("its encoding is not canonical".into()));
        }
        Ok(model)
    }

    /// Turns one row of real inputs, `inputs[input][position]`, into the integers the graph
    /// expects.
    pub fn quantise_input(
        &self,
        inputs: &[Vec<f64>],
        out_of_domain: OutOfDomain,
    ) -> Result<Vec<Vec<i32>>> {
        if inputs.len() != self.manifest.inputs.len() {
            return Err(ModelError::InputShape {
                input: "count".into(),
                detail: format!(
                    "the model has {} inputs, {} were given",
                    self.manifest.inputs.len(),
                    inputs.len()
                ),
            });
        }
        self.manifest
            .inputs
            .iter()
            .zip(inputs)
            .map(|(input, values)| input.quantise(values, out_of_domain))
            .collect()
    }

    /// Turns one row of integer inputs back into real numbers, NaN where a value is missing.
    pub fn dequantise_input(&self, inputs: &[Vec<i32>]) -> Vec<Vec<f64>> {
        let real = |input: &InputManifest, values: &[i32]| {
            let cell = |(i, v): (usize, &i32)| input.real(i, *v);
            values.iter().enumerate().map(cell).collect()
        };
        self.manifest
            .inputs
            .iter()
            .zip(inputs)
            .map(|(input, values)| real(input, values))
            .collect()
    }

    /// What a tensor's integers stand for; empty for a tensor that does not exist. An input whose
    /// features have scales of their own is [dequantised](Self::dequantise_input) by them instead.
    pub fn reals(&self, tensor: TensorId, integers: &[i32]) -> Vec<f64> {
        let Some(scale) = self.graph.tensors.get(tensor).map(|of| of.scale) else {
            return Vec::new();
        };
        let reals = integers.iter().map(|x| f64::from(*x) * scale);
        let equalised = &self.manifest.equalised;
        match equalised.iter().find(|of| of.tensor == tensor) {
            Some(channels) => reals
                .enumerate()
                .map(|(cell, real)| {
                    libm::ldexp(real, -i32::from(channels.of(cell, integers.len())))
                })
                .collect(),
            None => reals.collect(),
        }
    }

    /// Turns integer outputs into real numbers.
    pub fn dequantise_output(&self, outputs: &[Vec<i32>]) -> Vec<Vec<f64>> {
        let real =
            |scale: f64, values: &[i32]| values.iter().map(|v| f64::from(*v) * scale).collect();
        self.manifest
            .outputs
            .iter()
            .zip(outputs)
            .map(|(output, values)| real(output.scale, values))
            .collect()
    }
}
