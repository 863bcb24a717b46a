//! What a compiled model tells its users: names, shapes, scales, ranges.

use serde::{Deserialize, Serialize};

use crate::data::InputSpec;
use crate::graph::{IntegerGraph, Tensor, TensorId, Visibility};
use crate::packing::Packing;
use crate::ranks::MAX_BREAKPOINTS;
use crate::scales::{Calibration, ChannelShifts};
use crate::{ModelError, Result};

/// Describes a compiled model; part of what its digest covers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Manifest {
    /// The model's name.
    pub name: String,
    /// The version of this crate that compiled it.
    pub tool_version: String,
    /// keccak256 of the ONNX file, in hexadecimal.
    pub onnx_keccak256: String,
    /// In the ONNX order.
    pub inputs: Vec<InputManifest>,
    /// In the ONNX order.
    pub outputs: Vec<OutputManifest>,
    /// Non-zero weights and biases of the integer graph.
    pub parameters: u64,
    /// Bits of a hidden activation's magnitude.
    pub activation_bits: u32,
    /// Upper bound on a weight's bits, sign included.
    pub weight_bits: u32,
    /// Entries of all tables together.
    pub table_entries: u64,
    /// How the range of hidden activations was chosen.
    #[serde(default, with = "aside")]
    pub calibration: Calibration,
    /// The hidden tensors whose channels have scales of their own; empty unless the model was
    /// equalised.
    #[serde(default, with = "aside")]
    pub equalised: Vec<ChannelShifts>,
    /// In ascending order, the tensors whose weights and biases stay public when the model's
    /// weights are private: comparisons, sums and maxima that follow from the model's structure.
    /// Empty unless it was compiled for private weights.
    #[serde(default, with = "aside")]
    pub structure: Vec<TensorId>,
    /// What the compiler could not check, or was told to accept; nothing, for most models.
    #[serde(default, with = "aside")]
    pub assurance: Assurance,
    /// The words whose numbers an input takes, for each input: a word's number is its place in the
    /// list, and the list's length that of any other word. Empty if no input takes words.
    #[serde(default, with = "aside")]
    pub words: Vec<Vec<String>>,
}

/// What a compiled model's users should know about how far its compiler vouched for it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Assurance {
    /// Whether the reading of the ONNX file was compared with nobody else's, because the other
    /// reader (tract) cannot run the file or is known to be wrong about it.
    pub unchecked: bool,
    /// Whether the other reader found other values, and the compiler was told to go on.
    pub accepted_import_error: bool,
    /// Whether the integers miss the float model by more than the compiler's limits, and the
    /// compiler was told to go on.
    pub accepted_accuracy: bool,
}

/// One input: `integer = round(real / scale) − zero_point`, or the number of `breakpoints` up to the
/// real value where a feature has any; `missing` where there is no real value.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct InputManifest {
    /// The ONNX name.
    pub name: String,
    /// The ONNX shape without the batch axis.
    pub shape: Vec<usize>,
    /// Public or private.
    pub visibility: Visibility,
    /// Smallest integer.
    pub min: i32,
    /// Largest integer.
    pub max: i32,
    /// How the values would stand in public words.
    pub packing: Packing,
    /// One for the whole input, or one per feature.
    pub scales: Vec<f64>,
    /// As many as `scales`.
    pub zero_points: Vec<i64>,
    /// Smallest real value of the declared domain; as many as `scales`.
    pub real_min: Vec<f64>,
    /// Largest real value of the declared domain; as many as `scales`.
    pub real_max: Vec<f64>,
    /// The integer of a missing value, for each feature that may lack one; empty if none may.
    #[serde(default, with = "aside")]
    pub missing: Vec<Option<i32>>,
    /// For each feature whether values beyond the domain are taken for its ends, which changes no
    /// result: the model only compares them with constants in between. Empty if that is true of
    /// none.
    #[serde(default, with = "aside")]
    pub saturates: Vec<bool>,
    /// For each feature that the model only compares with constants, in ascending order the real
    /// numbers at which a comparison changes its result: `integer` is then the number of them that
    /// are at most `real`, whatever `scales` and `zero_points` (1 and 0) say. `None` for a feature
    /// on the even grid of its scale; empty if all features are.
    #[serde(default, with = "aside")]
    pub breakpoints: Vec<Option<Vec<f64>>>,
    /// Whether the input's ONNX type holds whole numbers only: then any other number is refused,
    /// where it would be rounded.
    #[serde(default, with = "aside")]
    pub whole: bool,
}

/// One output: `real ≈ integer · scale`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct OutputManifest {
    /// The ONNX name.
    pub name: String,
    /// The ONNX shape without the batch axis.
    pub shape: Vec<usize>,
    /// Public or private.
    pub visibility: Visibility,
    /// Smallest integer.
    pub min: i32,
    /// Largest integer.
    pub max: i32,
    /// How the values would stand in public words.
    pub packing: Packing,
    /// Real value of one step.
    pub scale: f64,
    /// `min · scale`.
    pub real_min: f64,
    /// `max · scale`.
    pub real_max: f64,
}

impl Manifest {
    /// Names and shapes of the inputs, for loading data.
    pub fn input_specs(&self) -> Vec<InputSpec> {
        let spec = |(index, input): (usize, &InputManifest)| InputSpec {
            name: input.name.clone(),
            shape: input.shape.clone(),
            len: input.shape.iter().product(),
            missing: input.missing.iter().any(Option::is_some),
            whole: input.whole,
            words: self.words.get(index).cloned().unwrap_or_default(),
        };
        self.inputs.iter().enumerate().map(spec).collect()
    }

    /// Readable JSON.
    pub fn to_json(&self) -> String {
        // Maps with string keys and finite numbers: cannot fail.
        serde_json::to_string_pretty(self).unwrap_or_default()
    }

    /// Checks that the manifest describes `graph`, which must be valid.
    pub(crate) fn validate(&self, graph: &IntegerGraph) -> Result<()> {
        if self.inputs.len() != graph.inputs.len() || self.outputs.len() != graph.outputs.len() {
            return Err(mismatch(
                &self.name,
                "it lists another number of inputs or outputs than the graph has",
            ));
        }
        for (input, id) in self.inputs.iter().zip(&graph.inputs) {
            input.validate(&graph.tensors[*id])?;
        }
        for (output, id) in self.outputs.iter().zip(&graph.outputs) {
            output.validate(&graph.tensors[*id])?;
        }
        let layered = |id: &TensorId| graph.tensors.get(*id).is_some_and(|it| it.layer.is_some());
        if !self.structure.iter().all(layered) || !self.structure.is_sorted_by(|a, b| a < b) {
            return Err(mismatch(
                &self.name,
                "its list of structure names tensors that the graph does not produce",
            ));
        }
        let ascending = |words: &Vec<String>| words.is_sorted_by(|a, b| a < b);
        let listed =
            self.words.len() == self.inputs.len() && self.words.iter().any(|it| !it.is_empty());
        let held = self.words.is_empty() || listed && self.words.iter().all(ascending);
        if !held {
            return Err(mismatch(
                &self.name,
                "its inputs' words are not lists in order, one for each input",
            ));
        }
        self.validate_scales(graph)
    }

    fn validate_scales(&self, graph: &IntegerGraph) -> Result<()> {
        let mut next = 0;
        for channels in &self.equalised {
            let hidden = graph.tensors.get(channels.tensor).filter(|tensor| {
                tensor.layer.is_some() && !graph.outputs.contains(&channels.tensor)
            });
            let whole = hidden.is_some_and(|tensor| {
                !channels.shifts.is_empty() && tensor.len.is_multiple_of(channels.shifts.len())
            });
            let small = channels
                .shifts
                .iter()
                .all(|shift| *shift <= ChannelShifts::MAX);
            if !whole || !small || channels.tensor < next {
                return Err(mismatch(
                    &self.name,
                    "it lists channel scales that no hidden tensor of the graph can have",
                ));
            }
            next = channels.tensor + 1;
        }
        match self.calibration {
            Calibration::Percentile(share) if !(share > 0.0 && share <= 100.0) => {
                Err(mismatch(&self.name, "its calibration percentile is none"))
            }
            _ => Ok(()),
        }
    }
}

/// Why the part of a manifest about `name` does not describe a graph.
fn mismatch(name: &str, detail: &str) -> ModelError {
    ModelError::graph(format!("manifest of `{name}`"), detail)
}

impl InputManifest {
    fn validate(&self, tensor: &Tensor) -> Result<()> {
        let same = self.shape == tensor.shape
            && self.packing == Packing::of(tensor)
            && (self.min, self.max, self.visibility) == (tensor.min, tensor.max, tensor.visibility);
        let count = self.scales.len();
        let counts = [
            self.zero_points.len(),
            self.real_min.len(),
            self.real_max.len(),
        ];
        if !same || counts != [count; 3] || (count != 1 && count != tensor.len) {
            return Err(mismatch(
                &self.name,
                "its shape, range, packing or number of scales differs from the graph's",
            ));
        }
        let codes = self.missing.iter().flatten();
        let held = codes
            .clone()
            .all(|code| (tensor.min..=tensor.max).contains(code));
        if !held || !(self.missing.is_empty() || self.missing.len() == tensor.len) {
            return Err(mismatch(
                &self.name,
                "an integer for missing values lies outside its range",
            ));
        }
        if !(self.saturates.is_empty() || self.saturates.len() == tensor.len) {
            return Err(mismatch(
                &self.name,
                "it says of too few features whether they saturate",
            ));
        }
        let finite = |values: &[f64]| values.iter().all(|v| v.is_finite());
        let scales = self
            .scales
            .iter()
            .all(|scale| scale.is_finite() && *scale > 0.0);
        if !scales || !finite(&self.real_min) || !finite(&self.real_max) {
            return Err(mismatch(
                &self.name,
                "a scale or domain is not a finite number",
            ));
        }
        self.validate_breakpoints(tensor)
    }

    /// Breakpoints are the only thing an integer stands for, so nothing else may be said of it, and
    /// every rank must be an integer of the tensor.
    fn validate_breakpoints(&self, tensor: &Tensor) -> Result<()> {
        if self.breakpoints.is_empty() {
            return Ok(());
        }
        let ranked = |(feature, list): (usize, &Option<Vec<f64>>)| {
            let Some(list) = list else { return true };
            let ascending = list.is_sorted_by(|a, b| a < b);
            // No value has two spellings in a compiled file.
            let plain = |v: &f64| v.is_finite() && (*v != 0.0 || v.is_sign_positive());
            let within = list.len() <= MAX_BREAKPOINTS && tensor.min <= 0;
            let held = i64::try_from(list.len()).is_ok_and(|last| last <= tensor.max.into());
            let unscaled = self.scales.get(feature) == Some(&1.0);
            let plain = ascending && list.iter().all(plain);
            plain && within && held && unscaled && self.zero_points.get(feature) == Some(&0)
        };
        let all = self.breakpoints.iter().enumerate().all(ranked);
        let any = self.breakpoints.iter().any(Option::is_some);
        let count = [self.breakpoints.len(), self.scales.len()] == [tensor.len; 2];
        if all && any && count {
            return Ok(());
        }
        Err(mismatch(
            &self.name,
            "its breakpoints are not ascending finite numbers, as many as its integers tell apart",
        ))
    }
}

impl OutputManifest {
    fn validate(&self, tensor: &Tensor) -> Result<()> {
        let same = self.shape == tensor.shape
            && (self.min, self.max, self.visibility) == (tensor.min, tensor.max, tensor.visibility)
            && self.packing == Packing::of(tensor)
            && self.scale == tensor.scale;
        if same {
            return Ok(());
        }
        Err(mismatch(
            &self.name,
            "its shape, range, packing or scale differs from the graph's",
        ))
    }
}

/// Fields that few models need: part of the JSON, while in a compiled file they follow the
/// manifest, if any of them is there at all.
mod aside {
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    pub(super) fn serialize<S: Serializer, T: Serialize>(
        value: &T,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        if serializer.is_human_readable() {
            value.serialize(serializer)
        } else {
            // A unit takes no bytes at all.
            serializer.serialize_unit()
        }
    }

    pub(super) fn deserialize<'a, D: Deserializer<'a>, T: Deserialize<'a> + Default>(
        deserializer: D,
    ) -> Result<T, D::Error> {
        if deserializer.is_human_readable() {
            T::deserialize(deserializer)
        } else {
            <()>::deserialize(deserializer).map(|()| T::default())
        }
    }
}
