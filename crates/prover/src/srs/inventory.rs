//! What set-ups a cache holds.

use super::{
    Ceremony, MAX_POINTS, Srs,
    stored::{G2_BYTES, entry_len, same_secret},
};
use crate::{Cache, ProverError};
use halo2curves_axiom::{bn256::G2Affine, serde::SerdeObject};
use std::{
    fs,
    io::{self, Read, Seek, SeekFrom},
    path::{Path, PathBuf},
};

/// A set-up in a cache. Its `[τ]_2` is the named one; its points are checked when it is opened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredSrs {
    /// The digest, as [`Srs::digest`] computes it.
    pub digest: String,
    /// How many points it has.
    pub points: usize,
    /// Whether it is the insecure development set-up.
    pub development: bool,
    /// The file.
    pub path: PathBuf,
    /// The file's length.
    pub bytes: u64,
}

impl Srs {
    /// The set-ups in a cache, by digest and number of points. Files with other names are left out;
    /// one that holds another set-up or number than its name says is refused.
    pub fn stored(cache: &Cache) -> Result<Vec<StoredSrs>, ProverError> {
        let development = Srs::development_digest();
        let mut stored = Vec::new();
        for (name, folder) in entries(&cache.path("srs"))? {
            for (points, path) in entries(&folder)? {
                let Ok(points) = points.parse() else { continue };
                let digest = if name == "development" {
                    development.clone()
                } else {
                    name.clone()
                };
                let bytes = compared(&path, &digest, points)?;
                stored.push(StoredSrs {
                    development: digest == development,
                    digest,
                    points,
                    path,
                    bytes,
                });
            }
        }
        stored.sort_by(|a, b| (&a.digest, a.points, &a.path).cmp(&(&b.digest, b.points, &b.path)));
        Ok(stored)
    }

    /// How many points the stored set-ups of a digest have.
    pub(super) fn counts(digest: &str, cache: &Cache) -> Result<Vec<usize>, ProverError> {
        let entries = entries(&cache.path(&format!("srs/{digest}")))?;
        let counts = entries.iter().filter_map(|(name, _)| name.parse().ok());
        Ok(counts.collect())
    }
}

impl StoredSrs {
    /// The known ceremony that it is of, if it is of one.
    pub fn ceremony(&self) -> Option<&'static Ceremony> {
        Ceremony::of(&self.digest)
    }
}

/// Compares what a file's name says with its length and with its last point, which is `[τ]_2`.
/// Returns the length.
fn compared(path: &Path, digest: &str, points: usize) -> Result<u64, ProverError> {
    let fail = || ProverError::io("cannot read", path);
    let corrupt = |detail: String| ProverError::CorruptCache {
        path: path.to_owned(),
        detail,
    };
    let mut file = fs::File::open(path).map_err(fail())?;
    let bytes = file.metadata().map_err(fail())?.len();
    if !(2..=MAX_POINTS).contains(&points) || bytes != Cache::file_len(entry_len(points)) {
        return Err(corrupt(format!("it is not a set-up of {points} points")));
    }
    let mut last = [0; G2_BYTES];
    file.seek(SeekFrom::Start(bytes - G2_BYTES as u64))
        .map_err(fail())?;
    file.read_exact(&mut last).map_err(fail())?;
    let s_g2 = G2Affine::from_raw_bytes(&last)
        .ok_or_else(|| corrupt("[τ]_2 is not a point of the curve".into()))?;
    same_secret(&s_g2, digest).map_err(corrupt)?;
    Ok(bytes)
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
