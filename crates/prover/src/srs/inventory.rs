//! What set-ups a cache holds.

use super::Srs;
use crate::{Cache, ProverError};
use std::{
    fs, io,
    path::{Path, PathBuf},
};

/// A set-up in a cache, not read yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredSrs {
    /// The digest, as [`Srs::digest`] computes it.
    pub digest: String,
    /// The height, as [`Srs::k`] gives it.
    pub k: u32,
    /// Whether it is the insecure development set-up.
    pub development: bool,
    /// The file.
    pub path: PathBuf,
    /// The file's length.
    pub bytes: u64,
}

impl Srs {
    /// The set-ups in a cache, by digest and height. Files with other names are left out.
    pub fn stored(cache: &Cache) -> Result<Vec<StoredSrs>, ProverError> {
        let development = Srs::development_digest();
        let mut stored = Vec::new();
        for (name, folder) in entries(&cache.path("srs"))? {
            for (height, path) in entries(&folder)? {
                let Ok(k) = height.parse() else { continue };
                let bytes = fs::metadata(&path)
                    .map_err(ProverError::io("cannot read", &path))?
                    .len();
                let digest = if name == "development" {
                    development.clone()
                } else {
                    name.clone()
                };
                stored.push(StoredSrs {
                    development: digest == development,
                    digest,
                    k,
                    path,
                    bytes,
                });
            }
        }
        stored.sort_by(|a, b| (&a.digest, a.k, &a.path).cmp(&(&b.digest, b.k, &b.path)));
        Ok(stored)
    }
}

/// Names and paths in a folder; none if there is no such folder.
fn entries(folder: &Path) -> Result<Vec<(String, PathBuf)>, ProverError> {
    let list = match fs::read_dir(folder) {
        Ok(list) => list,
        Err(error)
            if matches!(
                error.kind(),
                io::ErrorKind::NotFound | io::ErrorKind::NotADirectory
            ) =>
        {
            return Ok(Vec::new());
        }
        Err(error) => return Err(ProverError::io("cannot read", folder)(error)),
    };
    list.map(|entry| {
        entry.map(|entry| {
            (
                entry.file_name().to_string_lossy().into_owned(),
                entry.path(),
            )
        })
    })
    .collect::<io::Result<_>>()
    .map_err(ProverError::io("cannot read", folder))
}
