//! halo2's file of a set-up: the height, the powers, the Lagrange basis (made again here, not
//! trusted), `[1]_2` and `[τ]_2`.

use super::powers::{Powers, bad};
use crate::ProverError;
use halo2_axiom::{
    SerdeFormat,
    poly::{commitment::ParamsProver, kzg::commitment::ParamsKZG},
};
use halo2curves_axiom::{
    bn256::{Bn256, Fr},
    ff::PrimeField,
};
use std::{fs, path::Path};

/// Size of a file of height `k` whose points are pairs of coordinates.
pub(super) const fn raw_len(k: u32) -> usize {
    4 + 2 * (64 << k) + 2 * 128
}

/// Size of a file of height `k` whose points are compressed.
const fn processed_len(k: u32) -> usize {
    4 + 2 * (32 << k) + 2 * 64
}

/// Reads the first `2^k` powers (all of the file's own if `None`).
pub(super) fn read(path: &Path, k: Option<u32>) -> Result<Powers, ProverError> {
    let bytes = fs::read(path).map_err(ProverError::io("cannot read", path))?;
    let stated = u32::from_le_bytes(bytes[..4].try_into().unwrap_or_default());
    if !(1..=Fr::S).contains(&stated) {
        return Err(bad(
            path,
            "it is neither a snarkjs .ptau file nor halo2 parameters for BN254",
        ));
    }
    let (raw, processed) = (raw_len(stated), processed_len(stated));
    let format = match bytes.len() {
        len if len == raw => SerdeFormat::RawBytes,
        len if len == processed => SerdeFormat::Processed,
        len => {
            return Err(bad(
                path,
                &format!(
                    "halo2 parameters of height {stated} have {raw} or {processed} bytes, this file has {len}; it may be cut short"
                ),
            ));
        }
    };
    let wanted = k.unwrap_or(stated);
    if wanted > stated {
        return Err(ProverError::SrsTooSmall {
            have: stated,
            need: wanted,
        });
    }
    let params: ParamsKZG<Bn256> = ParamsKZG::read_custom(&mut bytes.as_slice(), format)
        .map_err(|error| bad(path, &format!("a point is not valid ({error})")))?;
    let g = params.get_g()[..1 << wanted].to_vec();
    Ok(Powers {
        k: wanted,
        g,
        g2: params.g2(),
        s_g2: params.s_g2(),
    })
}
