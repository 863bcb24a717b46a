//! What the caller decides about a compilation.

use serde::{Deserialize, Serialize};

use crate::float::graph::OutputKind;
use verdict_model::{Calibration, Goal, Visibility};

/// Which real inputs the model must accept.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum InputDomain {
    /// From the smallest to the largest calibration value: of each feature, or of the whole input
    /// where all features share a grid (pixels).
    #[default]
    Calibrated,
    /// One `(min, max)` for all features.
    Uniform(f64, f64),
    /// One `(min, max)` per feature.
    PerFeature(Vec<(f64, f64)>),
}

/// Which integers stand for a feature that the model only compares with constants.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FeatureGrid {
    /// A feature's rank among the model's own thresholds, which takes every real number to the side
    /// the float model takes it to. Not for private weights, whose thresholds must not show.
    #[default]
    Auto,
    /// Even steps over the feature's domain. A number near a threshold may change sides.
    Even,
}

/// Compiler options; the defaults suit most models.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Options {
    /// Bits of a hidden activation's magnitude, 2 to 15. `None`: as few as agreement with the float
    /// model on the calibration data allows.
    pub activation_bits: Option<u32>,
    /// Upper bound on a weight's bits, sign included, 2 to 16.
    pub weight_bits: u32,
    /// Bits of an input that is not on a coarser grid by nature, 2 to 15. `None`: two more than the
    /// activations, from 8 to 12; from 12 for inputs that trees read. Features on a
    /// [grid of their own thresholds](FeatureGrid::Auto) take as many as that needs, and no more
    /// than this allows.
    pub input_bits: Option<u32>,
    /// Which integers stand for features that are only compared.
    #[serde(default)]
    pub feature_grid: FeatureGrid,
    /// Bits of an output's magnitude over its calibrated range, 2 to 15. `None`: as few as
    /// agreement with the float model allows, up to two more than the activations.
    pub output_bits: Option<u32>,
    /// Whether the inputs are public values of the proof.
    pub input_visibility: Visibility,
    /// Whether the outputs are public values of the proof.
    pub output_visibility: Visibility,
    /// For inputs and outputs by name, what differs from the two above.
    pub visibilities: Vec<(String, Visibility)>,
    /// One per input in the ONNX order; missing ones are [`InputDomain::Calibrated`].
    pub input_domains: Vec<InputDomain>,
    /// How far an [`InputDomain::Calibrated`] domain reaches beyond the calibration data at either
    /// end, relative to its range there, 0 to 100. Features that were never negative stay so.
    pub domain_margin: f64,
    /// Whether fewer than eight calibration rows are joined by others that are drawn to be like
    /// them, so that a [`InputDomain::Calibrated`] domain reaches beyond them.
    #[serde(default = "yes")]
    pub draw_rows: bool,
    /// How the range of hidden activations follows from the calibration data.
    pub calibration: Calibration,
    /// Whether channels of small values are scaled up, by powers of two, to use their tensor's
    /// integers as fully as the largest one does, wherever the next layers' weights can take that
    /// back (cross-layer equalisation).
    pub equalise: bool,
    /// Whether the weights are to stay private: tables cover what any weights of the declared bits
    /// can reach, published scales are powers of two, and neither they nor the inputs' grids depend
    /// on a weight otherwise. The model must have been imported by
    /// [`import_private`](crate::import_private).
    #[serde(default)]
    pub private_weights: bool,
    /// Each table has at most `2^table_bits` entries, 4 to 24. `None`: chosen by goal.
    pub table_bits: Option<u32>,
    /// What to favour.
    pub goal: Goal,
    /// Worst error of a value, relative to its output's calibrated range, that is to be reached
    /// whatever it costs, above 0, at most 1. `None`: 0.001 as long as that costs nothing, 0.01
    /// where it does.
    #[serde(default)]
    pub accuracy: Option<f64>,
    /// What outputs are for, where that differs from what the file says: by name, or of all.
    #[serde(default)]
    pub output_kinds: Vec<(Option<String>, OutputKind)>,
    /// Whether to spend bits that cost nothing, and to try finer tables, inputs and channel scales
    /// where the goal is missed; what is given above stays. Otherwise the fewest bits that keep the
    /// decisions are taken. Models with private weights are never tuned.
    #[serde(default = "yes")]
    pub tune: bool,
    /// Bytes that compiling may take; what needs more by its shapes is refused before it begins.
    /// `None`: any number.
    #[serde(default)]
    pub memory_limit: Option<u64>,
    /// Whether to go on where this crate and tract read the file differently
    /// ([`CompileError::ImportDiffers`](crate::CompileError::ImportDiffers)); the manifest says so.
    #[serde(default)]
    pub accept_import_error: bool,
    /// Whether a model whose integers are too far from the float model is one nevertheless
    /// ([`CompileError::Inaccurate`](crate::CompileError::Inaccurate)); the manifest says so.
    #[serde(default)]
    pub accept_accuracy: bool,
}

const fn yes() -> bool {
    true
}

impl Default for Options {
    fn default() -> Self {
        Self {
            activation_bits: None,
            weight_bits: 16,
            input_bits: None,
            feature_grid: FeatureGrid::Auto,
            output_bits: None,
            input_visibility: Visibility::Private,
            output_visibility: Visibility::Public,
            visibilities: Vec::new(),
            input_domains: Vec::new(),
            domain_margin: 0.0,
            draw_rows: true,
            calibration: Calibration::MinMax,
            equalise: false,
            private_weights: false,
            table_bits: None,
            goal: Goal::Balanced,
            accept_import_error: false,
            accept_accuracy: false,
            accuracy: None,
            output_kinds: Vec::new(),
            tune: true,
            memory_limit: None,
        }
    }
}

impl Options {
    /// What the caller says an output is for.
    pub(crate) fn output_kind(&self, name: &str) -> Option<OutputKind> {
        let said = || self.output_kinds.iter().rev();
        let named = said().find(|(of, _)| of.as_deref() == Some(name));
        let found = named.or_else(|| said().find(|(of, _)| of.is_none()));
        found.map(|(_, kind)| *kind)
    }

    pub(crate) fn visibility(&self, name: &str, input: bool) -> Visibility {
        let named = self.visibilities.iter().rev().find(|(of, _)| of == name);
        named.map_or_else(
            || {
                if input {
                    self.input_visibility
                } else {
                    self.output_visibility
                }
            },
            |(_, visibility)| *visibility,
        )
    }
}
