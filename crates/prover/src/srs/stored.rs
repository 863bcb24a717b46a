//! Set-ups in a cache. Whoever can write there can put any file under any name, so that what is
//! read is compared with what was asked for and checked as an imported file is.
//!
//! An entry is the powers as pairs of coordinates, then `[τ]_2`; `[1]_2` is not stored. Its name is
//! the set-up's and the number of powers.

use super::{Srs, check::check, digest_of, powers::Stated};
use crate::{Cache, ProverError};
use halo2curves_axiom::{
    bn256::{G1Affine, G2Affine},
    serde::SerdeObject,
};
use rand::{SeedableRng, rngs::StdRng};
use rayon::prelude::*;

/// Bytes of a point of the second group.
pub(super) const G2_BYTES: usize = 128;

/// Bytes of an entry of so many powers.
pub(super) const fn entry_len(points: usize) -> usize {
    64 * points + G2_BYTES
}

impl Srs {
    /// The development set-up from the cache, made and cached if missing. The cache holds it by
    /// powers of two of points.
    pub fn development_cached(points: usize, cache: &Cache) -> Result<Self, ProverError> {
        let rounded = points.next_power_of_two().max(2);
        let name = format!("srs/development/{rounded}");
        let digest = Self::development_digest();
        let srs = match Self::read_cached(&name, &digest, rounded, cache)? {
            Some(srs) => {
                Self::warn(points);
                srs
            }
            None => {
                let srs = Self::development(rounded);
                srs.write_cached(&name, cache)?;
                srs
            }
        };
        srs.cut(points)
    }

    /// Puts an imported set-up into the cache, where [`Self::cached`] finds it by its digest.
    pub fn store(&self, cache: &Cache) -> Result<(), ProverError> {
        self.write_cached(&format!("srs/{}/{}", self.digest(), self.points()), cache)
    }

    /// A stored set-up by digest, cut to so many points; the smallest stored one that suffices is
    /// used, and what it is cut to is stored as well.
    pub fn cached(digest: &str, points: usize, cache: &Cache) -> Result<Option<Self>, ProverError> {
        let mut have: Vec<usize> = Self::counts(digest, cache)?;
        have.retain(|have| *have >= points);
        have.sort_unstable();
        for have in have {
            let name = format!("srs/{digest}/{have}");
            let Some(srs) = Self::read_cached(&name, digest, have, cache)? else {
                continue;
            };
            if have == points {
                return Ok(Some(srs));
            }
            let srs = srs.cut(points)?;
            srs.store(cache)?;
            return Ok(Some(srs));
        }
        Ok(None)
    }

    /// Reads the set-up of this digest and number of points, believing nothing in the file.
    fn read_cached(
        name: &str,
        digest: &str,
        points: usize,
        cache: &Cache,
    ) -> Result<Option<Self>, ProverError> {
        let Some(bytes) = cache.read(name)? else {
            return Ok(None);
        };
        let corrupt = |detail: String| ProverError::CorruptCache {
            path: cache.path(name),
            detail,
        };
        if bytes.len() != entry_len(points) {
            return Err(corrupt(format!("it is not a set-up of {points} points")));
        }
        let (g, s_g2) = bytes.split_at(64 * points);
        let s_g2 = G2Affine::from_raw_bytes(s_g2).ok_or_else(|| {
            corrupt("a power in the second group is not a point of the curve".into())
        })?;
        same_secret(&s_g2, digest).map_err(corrupt)?;
        let stated = Stated {
            g: first_group(g).map_err(corrupt)?.into(),
            g2: G2Affine::generator(),
            s_g2,
        };
        check(&stated, &mut StdRng::from_entropy()).map_err(corrupt)?;
        Ok(Some(Self::assemble(stated.g, s_g2)))
    }

    fn write_cached(&self, name: &str, cache: &Cache) -> Result<(), ProverError> {
        let mut bytes = Vec::with_capacity(entry_len(self.points()));
        for point in self.powers.points() {
            bytes.extend(point.to_raw_bytes());
        }
        bytes.extend(self.tau_g2.to_raw_bytes());
        cache.write(name, &bytes)
    }
}

/// Points as the cache has them: pairs of reduced coordinates.
fn first_group(bytes: &[u8]) -> Result<Vec<G1Affine>, String> {
    let points: Vec<Option<G1Affine>> = bytes
        .par_chunks_exact(64)
        .map(G1Affine::from_raw_bytes)
        .collect();
    points
        .into_iter()
        .zip(0..)
        .map(|(point, index): (_, usize)| {
            point.ok_or_else(|| format!("power {index} is not a point of the curve"))
        })
        .collect()
}

/// Refuses another set-up's `[τ]_2` than the one of this digest.
pub(super) fn same_secret(s_g2: &G2Affine, digest: &str) -> Result<(), String> {
    let found = digest_of(s_g2);
    if found == digest {
        return Ok(());
    }
    let development = Srs::development_digest();
    let name = |digest: &str| match digest == development {
        true => "the INSECURE development set-up".to_owned(),
        false => format!("set-up {digest}"),
    };
    Err(format!("it holds {}, not {}", name(&found), name(digest)))
}
