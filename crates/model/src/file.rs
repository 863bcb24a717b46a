//! Files that are written whole or not at all.

use std::io::{Result, Write};
use std::path::Path;

/// Writes a file that only its owner can read. On failure no file is left behind, and an existing
/// one stays as it was.
pub fn write_whole(path: &Path, bytes: &[u8]) -> Result<()> {
    // Temporary files have mode 0600, and keep it when they are renamed.
    let mut file = tempfile::NamedTempFile::new_in(folder(path))?;
    file.write_all(bytes)?;
    file.as_file().sync_all()?;
    file.persist(path).map_err(|error| error.error)?;
    Ok(())
}

/// The folder that a file lies in.
pub fn folder(path: &Path) -> &Path {
    path.parent()
        .filter(|folder| !folder.as_os_str().is_empty())
        .unwrap_or(Path::new("."))
}
