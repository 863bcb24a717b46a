//! Text files.

use crate::WireError;
use serde::Serialize;
use std::{fs, path::Path};
use verdict_model::write_whole;

/// Writes readable JSON and a newline, whole or not at all.
pub fn write_json(path: &Path, value: &impl Serialize) -> Result<(), WireError> {
    let fail = |source| WireError::Io {
        what: "write",
        path: path.to_owned(),
        source,
    };
    let mut text = serde_json::to_string_pretty(value).map_err(|error| fail(error.into()))?;
    text.push('\n');
    write_whole(path, text.as_bytes()).map_err(fail)
}

/// Reads a text file.
pub fn read_text(path: &Path) -> Result<String, WireError> {
    fs::read_to_string(path).map_err(|source| WireError::Io {
        what: "read",
        path: path.to_owned(),
        source,
    })
}
