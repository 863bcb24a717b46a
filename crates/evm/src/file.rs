//! Files that are written whole or not at all.

use crate::EvmError;
use serde::Serialize;
use std::{io::Write, path::Path};

/// Writes readable JSON and a newline.
pub(crate) fn write_json(path: &Path, value: &impl Serialize) -> Result<(), EvmError> {
    let fail = |source| EvmError::Io {
        what: "write",
        path: path.to_owned(),
        source,
    };
    let text = serde_json::to_string_pretty(value).map_err(|error| fail(error.into()))?;
    let folder = path
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty())
        .unwrap_or(Path::new("."));
    let mut temporary = tempfile::NamedTempFile::new_in(folder).map_err(fail)?;
    temporary
        .write_all(text.as_bytes())
        .and_then(|()| temporary.write_all(b"\n"))
        .map_err(fail)?;
    temporary.as_file().sync_all().map_err(fail)?;
    temporary.persist(path).map_err(|error| fail(error.error))?;
    Ok(())
}
