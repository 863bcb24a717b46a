//! What is measured: a model, its data, and how often.

use crate::error::CliError;
use serde::{Deserialize, Serialize};
use std::{
    fs,
    path::{Path, PathBuf},
};
use verdict_circuit::Limits;
use verdict_compiler::{ImportOptions, Options};
use verdict_model::Goal;

/// What to measure.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Job {
    pub(crate) name: String,
    pub(crate) onnx: PathBuf,
    pub(crate) calibration: PathBuf,
    /// For the accuracy report; the calibration data if missing.
    pub(crate) test: Option<PathBuf>,
    /// Its first row is proved; the calibration data's if missing.
    pub(crate) sample: Option<PathBuf>,
    /// Names of the outputs, if any.
    pub(crate) labels: Vec<String>,
    pub(crate) options: Options,
    pub(crate) import: ImportOptions,
    pub(crate) width: Option<usize>,
    pub(crate) pack: Option<usize>,
    pub(crate) max_k: u32,
    /// Digest of an imported set-up; the development set-up if missing.
    pub(crate) srs: Option<String>,
    /// Whether the set-up may come from the cache.
    pub(crate) cached: bool,
    /// Proofs to make; the median counts.
    pub(crate) runs: usize,
    /// Inferences in one proof.
    pub(crate) batch: usize,
    /// Outputs of which only the sum over the batch is public.
    pub(crate) sums: Vec<String>,
}

/// What the fields of a committed model's `info.json` that matter here say.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Info {
    pub(crate) labels: Vec<String>,
}

/// Reads `info.json`, if there is one.
pub(crate) fn info(path: &Path) -> Result<Info, CliError> {
    match fs::read_to_string(path) {
        Ok(text) => serde_json::from_str(&text)
            .map_err(|error| CliError::Input(format!("{}: {error}", path.display()))),
        Err(_) => Ok(Info::default()),
    }
}

impl Job {
    /// A job with default options.
    pub(crate) fn new(
        name: impl Into<String>,
        onnx: PathBuf,
        calibration: PathBuf,
        goal: Goal,
    ) -> Self {
        Self {
            name: name.into(),
            onnx,
            calibration,
            test: None,
            sample: None,
            labels: Vec::new(),
            options: Options {
                goal,
                ..Options::default()
            },
            import: ImportOptions::default(),
            width: None,
            pack: None,
            max_k: Limits::default().max_k,
            srs: None,
            cached: true,
            runs: 1,
            batch: 1,
            sums: Vec::new(),
        }
    }
}
