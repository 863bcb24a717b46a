//! The crate's one error type.

use std::path::PathBuf;

/// What went wrong, where, and what to do about it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ModelError {
    /// A file could not be read.
    #[error("cannot read {}: {source}; check the path and its permissions", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// The operating system's reason.
        source: std::io::Error,
    },

    /// A file could not be written; nothing was left behind.
    #[error("cannot write {}: {source}; no file was changed, check free space and permissions, then try again", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// The operating system's reason.
        source: std::io::Error,
    },

    /// A data file is not in the format its name promises.
    #[error("{}: {detail}", path.display())]
    DataFormat {
        /// The data file.
        path: PathBuf,
        /// What was expected, what was found, what to do.
        detail: String,
    },

    /// A row has the wrong number of values.
    #[error("{}: row {row} has {found} values for input `{input}`, expected {expected}", path.display())]
    DataLength {
        /// The data file.
        path: PathBuf,
        /// The row, from 0.
        row: usize,
        /// The input.
        input: String,
        /// The input's number of values.
        expected: usize,
        /// The row's number of values.
        found: usize,
    },

    /// A value is not a finite number.
    #[error("{}: row {row}, value {position} of input `{input}` is {value}; expected a finite number, so remove or repair the row", path.display())]
    DataValue {
        /// The data file.
        path: PathBuf,
        /// The row, from 0.
        row: usize,
        /// The input.
        input: String,
        /// Position within the input, from 0.
        position: usize,
        /// What was found.
        value: String,
    },

    /// A value of a data file is no number of its input's type.
    #[error(
        "{}: row {row}, value {position} of input `{input}` is {value}; the input's type holds whole numbers only, so remove or \
         repair the row",
        path.display()
    )]
    DataPart {
        /// The data file.
        path: PathBuf,
        /// The row, from 0.
        row: usize,
        /// The input.
        input: String,
        /// Position within the input, from 0.
        position: usize,
        /// What was found.
        value: f64,
    },

    /// An option is out of its range or does not fit the model.
    #[error("option `{option}`: {detail}")]
    Option {
        /// The option.
        option: &'static str,
        /// What was expected and what was found.
        detail: String,
    },

    /// A number that is none of an input's type.
    #[error(
        "input `{input}`, feature {feature}: {value} is no whole number, and the input's type holds no others"
    )]
    NotWhole {
        /// The input.
        input: String,
        /// Position within the input, from 0.
        feature: usize,
        /// The value.
        value: f64,
    },

    /// A real input lies outside the domain the model was compiled for.
    #[error("input `{input}`, feature {feature}: {}", outside(*value, *min, *max))]
    OutOfDomain {
        /// The input.
        input: String,
        /// Position within the input, from 0.
        feature: usize,
        /// The value.
        value: f64,
        /// Smallest allowed value.
        min: f64,
        /// Largest allowed value.
        max: f64,
    },

    /// The caller's tensors do not fit the model's inputs.
    #[error("input {input}: {detail}")]
    InputShape {
        /// The input's name or position.
        input: String,
        /// What was expected and what was found.
        detail: String,
    },

    /// An integer graph breaks one of its invariants.
    #[error("invalid integer graph: {place}: {detail}; compile the model again")]
    InvalidGraph {
        /// The tensor or function.
        place: String,
        /// The invariant and how it is broken.
        detail: String,
    },

    /// A file is not a compiled model.
    #[error("{} is not a compiled model: it does not start with the magic bytes `VERDICT`; give the .verdict file that compilation wrote", path.display())]
    NotCompiled {
        /// The file.
        path: PathBuf,
    },

    /// A compiled model of another format version.
    #[error("{} has format version {found}, this build reads version {supported}; compile the model again with this build", path.display())]
    FormatVersion {
        /// The file.
        path: PathBuf,
        /// The file's version.
        found: u32,
        /// [`FORMAT_VERSION`](crate::FORMAT_VERSION).
        supported: u32,
    },

    /// A compiled model is damaged.
    #[error("{} is damaged: {detail}; copy it again or compile the model again", path.display())]
    Corrupt {
        /// The file.
        path: PathBuf,
        /// What did not match.
        detail: String,
    },
}

impl ModelError {
    pub(crate) fn graph(place: impl Into<String>, detail: impl Into<String>) -> Self {
        Self::InvalidGraph {
            place: place.into(),
            detail: detail.into(),
        }
    }
}

/// Why a value is not taken, and what to do.
fn outside(value: f64, min: f64, max: f64) -> String {
    if value.is_nan() {
        return "it is missing (NaN), and no calibration row lacks it, or the model has no rule for that; fill it in, or \
                compile the model again with rows that lack it"
            .into();
    }
    if value.is_infinite() {
        return format!("{value} is no finite number; saturate it, or correct the data");
    }
    format!(
        "{value} is outside the declared domain [{min}, {max}]; saturate it, or compile the model again with a wider domain"
    )
}
