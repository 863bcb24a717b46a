//! Set-ups in a cache. Whoever can write there can put any file under any name, so that what is
//! read is compared with what was asked for and checked as an imported file is.

use super::{
    Srs, assemble,
    check::{Points, check},
    digest_of, halo2_file,
};
use crate::{Cache, ProverError};
use halo2_axiom::{SerdeFormat, poly::commitment::Params};
use halo2curves_axiom::{
    bn256::{G1Affine, G2Affine},
    serde::SerdeObject,
};
use rand::{SeedableRng, rngs::StdRng};
use rayon::prelude::*;

impl Srs {
    /// The development set-up from the cache, made and cached if missing.
    pub fn development_cached(k: u32, cache: &Cache) -> Result<Self, ProverError> {
        let name = format!("srs/development/{k}");
        if let Some(srs) = Self::read_cached(&name, &Self::development_digest(), k, cache)? {
            Self::warn(k);
            return Ok(srs);
        }
        let srs = Self::development(k);
        srs.write_cached(&name, cache)?;
        Ok(srs)
    }

    /// Puts an imported set-up into the cache, where [`Self::cached`] finds it by its digest.
    pub fn store(&self, cache: &Cache) -> Result<(), ProverError> {
        self.write_cached(&format!("srs/{}/{}", self.digest(), self.k()), cache)
    }

    /// A stored set-up by digest, cut to height `k`; the smallest stored height that suffices is
    /// used.
    pub fn cached(digest: &str, k: u32, cache: &Cache) -> Result<Option<Self>, ProverError> {
        for have in k..=28 {
            let name = format!("srs/{digest}/{have}");
            if let Some(mut srs) = Self::read_cached(&name, digest, have, cache)? {
                if have > k {
                    srs.params.downsize(k);
                    srs.store(cache)?;
                }
                return Ok(Some(srs));
            }
        }
        Ok(None)
    }

    /// Reads the set-up of this digest and height, believing nothing in the file.
    fn read_cached(
        name: &str,
        digest: &str,
        k: u32,
        cache: &Cache,
    ) -> Result<Option<Self>, ProverError> {
        let Some(bytes) = cache.read(name)? else {
            return Ok(None);
        };
        let corrupt = |detail: String| ProverError::CorruptCache {
            path: cache.path(name),
            detail,
        };
        let expected = halo2_file::raw_len(k);
        if bytes.len() != expected || bytes[..4] != k.to_le_bytes() {
            return Err(corrupt(format!("it is not a set-up of height {k}")));
        }
        let (g, rest) = bytes[4..].split_at(64 << k);
        let (g_lagrange, rest) = rest.split_at(64 << k);
        let (g2, s_g2) = rest.split_at(128);
        let second = |bytes: &[u8]| {
            G2Affine::from_raw_bytes(bytes).ok_or_else(|| {
                corrupt("a power in the second group is not a point of the curve".into())
            })
        };
        let (g2, s_g2) = (second(g2)?, second(s_g2)?);
        same_secret(&s_g2, digest).map_err(corrupt)?;
        let g = first_group("power", g).map_err(corrupt)?;
        let g_lagrange = first_group("Lagrange point", g_lagrange).map_err(corrupt)?;
        let points = Points {
            g: &g,
            g_lagrange: Some(&g_lagrange),
            g2,
            s_g2,
        };
        check(&points, &mut StdRng::from_entropy()).map_err(corrupt)?;
        Ok(Some(Self {
            params: assemble(k, g, Some(g_lagrange), s_g2),
        }))
    }

    fn write_cached(&self, name: &str, cache: &Cache) -> Result<(), ProverError> {
        let mut bytes = Vec::with_capacity(halo2_file::raw_len(self.k()));
        self.params
            .write_custom(&mut bytes, SerdeFormat::RawBytesUnchecked)
            .map_err(ProverError::io("cannot serialise", &cache.path(name)))?;
        cache.write(name, &bytes)
    }
}

/// Points as the cache has them: pairs of reduced coordinates.
fn first_group(what: &str, bytes: &[u8]) -> Result<Vec<G1Affine>, String> {
    let points: Vec<Option<G1Affine>> = bytes
        .par_chunks_exact(64)
        .map(G1Affine::from_raw_bytes)
        .collect();
    points
        .into_iter()
        .zip(0..)
        .map(|(point, index): (_, usize)| {
            point.ok_or_else(|| format!("{what} {index} is not a point of the curve"))
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
