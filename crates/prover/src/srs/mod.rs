//! The structured reference string: powers of a secret that nobody should know.

mod ceremony;
mod check;
mod development;
mod halo2_file;
mod inventory;
mod powers;
mod ptau;
mod stored;

pub use ceremony::{CEREMONIES, Ceremony};
pub use inventory::StoredSrs;

use crate::ProverError;
use halo2curves_axiom::{
    bn256::{G1Affine, G2Affine},
    group::GroupEncoding,
};
use powers::bad;
use rand::{SeedableRng, rngs::StdRng};
use std::{fs, path::Path, sync::Arc};
use verdict_argument::Powers;

/// The most points that a set-up may have: as many as the largest ceremony's file holds.
pub const MAX_POINTS: usize = (1 << 29) - 1;

/// A set-up: the first powers `[τ^i]_1` of its secret, and `[τ]_2`.
#[derive(Clone, Debug)]
pub struct Srs {
    powers: Powers,
    tau_g2: G2Affine,
}

impl Srs {
    /// The insecure development set-up: its secret is in this source code, so anyone can forge
    /// proofs under it.
    pub fn development(points: usize) -> Self {
        Self::warn(points);
        Self::assemble(development::powers(points), development::tau_g2())
    }

    fn warn(points: usize) {
        tracing::warn!(
            points,
            "using the INSECURE development set-up: its secret is public, proofs under it prove nothing"
        );
    }

    /// Imports a snarkjs `.ptau` file or a file in halo2's own format, checks it with pairings, and
    /// keeps so many of its points (all if `None`).
    pub fn import(path: &Path, points: Option<usize>) -> Result<Self, ProverError> {
        let mut start = [0u8; 4];
        let mut file = fs::File::open(path).map_err(ProverError::io("cannot read", path))?;
        std::io::Read::read_exact(&mut file, &mut start)
            .map_err(|_| bad(path, "it is shorter than four bytes"))?;
        if points.is_some_and(|points| points < 2) {
            return Err(bad(path, "fewer than two points are of no use"));
        }
        let powers = if &start == b"ptau" {
            ptau::read(path, points)?
        } else {
            halo2_file::read(path, points)?
        };
        check::check(&powers, &mut StdRng::from_entropy()).map_err(|detail| bad(path, &detail))?;
        let srs = Self::assemble(powers.g, powers.s_g2);
        if srs.is_development() {
            tracing::warn!(path = %path.display(), "this file holds the INSECURE development set-up");
        }
        Ok(srs)
    }

    fn assemble(points: impl Into<Arc<[G1Affine]>>, tau_g2: G2Affine) -> Self {
        Self {
            powers: Powers::new(points),
            tau_g2,
        }
    }

    /// The number of points.
    pub fn points(&self) -> usize {
        self.powers.len()
    }

    /// What packs are committed to with.
    pub const fn powers(&self) -> &Powers {
        &self.powers
    }

    /// `[τ]_2`, all that a verifier needs.
    pub const fn tau_g2(&self) -> G2Affine {
        self.tau_g2
    }

    /// Names the set-up, however many points it has: a digest of `[τ]_2`.
    pub fn digest(&self) -> String {
        digest_of(&self.tau_g2)
    }

    /// The known ceremony that it is of, if it is of one.
    pub fn ceremony(&self) -> Option<&'static Ceremony> {
        Ceremony::of(&self.digest())
    }

    /// The digest of the development set-up.
    pub fn development_digest() -> String {
        digest_of(&development::tau_g2())
    }

    /// Whether this is the insecure development set-up.
    pub fn is_development(&self) -> bool {
        self.tau_g2 == development::tau_g2()
    }

    /// Keeps the first points only.
    pub fn cut(self, points: usize) -> Result<Self, ProverError> {
        let have = self.points();
        match points {
            _ if points > have => Err(ProverError::SrsTooSmall { have, need: points }),
            _ if points == have => Ok(self),
            _ => Ok(Self::assemble(&self.powers.points()[..points], self.tau_g2)),
        }
    }
}

fn digest_of(tau_g2: &G2Affine) -> String {
    blake3::hash(tau_g2.to_bytes().as_ref()).to_hex()[..32].to_string()
}
