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
use halo2_axiom::poly::{commitment::Params, kzg::commitment::ParamsKZG};
use halo2curves_axiom::{
    bn256::{Bn256, G1Affine, G2Affine},
    group::GroupEncoding,
};
use powers::bad;
use rand::{SeedableRng, rngs::StdRng};
use std::{fs, path::Path};

/// A set-up of some height, with its Lagrange basis.
#[derive(Clone, Debug)]
pub struct Srs {
    params: ParamsKZG<Bn256>,
}

impl Srs {
    /// The insecure development set-up: its secret is in this source code, so anyone can forge
    /// proofs under it.
    pub fn development(k: u32) -> Self {
        Self::warn(k);
        let (g, g_lagrange, s_g2) = development::powers(k);
        Self {
            params: assemble(k, g, Some(g_lagrange), s_g2),
        }
    }

    fn warn(k: u32) {
        tracing::warn!(
            k,
            "using the INSECURE development set-up: its secret is public, proofs under it prove nothing"
        );
    }

    /// Imports a snarkjs `.ptau` file or a file in halo2's own format, checks it with pairings, and
    /// cuts it to height `k` (its own height if `None`).
    pub fn import(path: &Path, k: Option<u32>) -> Result<Self, ProverError> {
        let mut start = [0u8; 4];
        let mut file = fs::File::open(path).map_err(ProverError::io("cannot read", path))?;
        std::io::Read::read_exact(&mut file, &mut start)
            .map_err(|_| bad(path, "it is shorter than four bytes"))?;
        let powers = if &start == b"ptau" {
            ptau::read(path, k)?
        } else {
            halo2_file::read(path, k)?
        };
        check::check(&powers.points(), &mut StdRng::from_entropy())
            .map_err(|detail| bad(path, &detail))?;
        let srs = Self {
            params: assemble(powers.k, powers.g, None, powers.s_g2),
        };
        if srs.is_development() {
            tracing::warn!(path = %path.display(), "this file holds the INSECURE development set-up");
        }
        Ok(srs)
    }

    /// `log2` of the number of points.
    pub fn k(&self) -> u32 {
        self.params.k()
    }

    /// halo2's parameters.
    pub fn params(&self) -> &ParamsKZG<Bn256> {
        &self.params
    }

    /// `[τ]_2`, all that a verifier needs.
    pub fn tau_g2(&self) -> G2Affine {
        self.params.s_g2()
    }

    /// Names the set-up, whatever its height: a digest of `[τ]_2`.
    pub fn digest(&self) -> String {
        digest_of(&self.tau_g2())
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
        self.tau_g2() == development::tau_g2()
    }

    /// Cuts the set-up to height `k`.
    pub fn cut(mut self, k: u32) -> Result<Self, ProverError> {
        if k > self.k() {
            return Err(ProverError::SrsTooSmall {
                have: self.k(),
                need: k,
            });
        }
        if k < self.k() {
            self.params.downsize(k);
        }
        Ok(self)
    }
}

fn digest_of(tau_g2: &G2Affine) -> String {
    blake3::hash(tau_g2.to_bytes().as_ref()).to_hex()[..32].to_string()
}

fn assemble(
    k: u32,
    g: Vec<G1Affine>,
    g_lagrange: Option<Vec<G1Affine>>,
    s_g2: G2Affine,
) -> ParamsKZG<Bn256> {
    // halo2 builds parameters from parts only on an existing value; the smallest one serves.
    ParamsKZG::setup(1, StdRng::seed_from_u64(0)).from_parts(
        k,
        g,
        g_lagrange,
        G2Affine::generator(),
        s_g2,
    )
}
