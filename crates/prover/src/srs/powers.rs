//! What a file of a set-up states, before anything is checked.

use super::check::Points;
use crate::ProverError;
use halo2curves_axiom::bn256::{G1Affine, G2Affine};
use std::path::Path;

/// Powers of the secret as a file states them, not yet checked.
pub(super) struct Powers {
    pub(super) k: u32,
    pub(super) g: Vec<G1Affine>,
    pub(super) g2: G2Affine,
    pub(super) s_g2: G2Affine,
}

impl Powers {
    /// What is to be checked. The Lagrange basis is not read from files but made from the powers.
    pub(super) fn points(&self) -> Points<'_> {
        Points {
            g: &self.g,
            g_lagrange: None,
            g2: self.g2,
            s_g2: self.s_g2,
        }
    }
}

/// The error of a file that is not what it says it is.
pub(super) fn bad(path: &Path, detail: &str) -> ProverError {
    ProverError::BadSrs {
        path: path.to_owned(),
        detail: detail.into(),
    }
}
