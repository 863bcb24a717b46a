//! Text files.

use crate::EvmError;
use serde::Serialize;
use std::{fs, path::Path};
use verdict_model::write_whole;

/// Writes readable JSON and a newline, whole or not at all.
pub(crate) fn write_json(path: &Path, value: &impl Serialize) -> Result<(), EvmError> {
    let fail = |source| EvmError::Io {
        what: "write",
        path: path.to_owned(),
        source,
    };
    let mut text = serde_json::to_string_pretty(value).map_err(|error| fail(error.into()))?;
    text.push('\n');
    write_whole(path, text.as_bytes()).map_err(fail)
}

/// Reads a text file.
pub(crate) fn read_text(path: &Path) -> Result<String, EvmError> {
    fs::read_to_string(path).map_err(|source| EvmError::Io {
        what: "read",
        path: path.to_owned(),
        source,
    })
}
