//! What a file of a set-up states, before anything is checked.

use crate::ProverError;
use halo2curves_axiom::bn256::{G1Affine, G2Affine};
use std::{path::Path, sync::Arc};

/// Powers of the secret as a file states them, not yet checked.
pub(super) struct Stated {
    /// `[τ^i]_1`.
    pub(super) g: Arc<[G1Affine]>,
    /// `[1]_2`.
    pub(super) g2: G2Affine,
    /// `[τ]_2`.
    pub(super) s_g2: G2Affine,
}

/// The error of a file that is not what it says it is.
pub(super) fn bad(path: &Path, detail: &str) -> ProverError {
    ProverError::BadSrs {
        path: path.to_owned(),
        detail: detail.into(),
    }
}

/// How many points to keep of those that a file has.
pub(super) fn kept(wanted: Option<usize>, have: usize) -> Result<usize, ProverError> {
    let need = wanted.unwrap_or(have);
    if need > have {
        return Err(ProverError::SrsTooSmall { have, need });
    }
    Ok(need)
}
