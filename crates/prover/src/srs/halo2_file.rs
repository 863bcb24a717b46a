//! halo2's file of a set-up: the height, the powers, the Lagrange basis, which is not read, `[1]_2`
//! and `[τ]_2`. Points are pairs of coordinates or compressed; the file's length tells which.

use super::powers::{Stated, bad, kept};
use crate::ProverError;
use halo2curves_axiom::{
    bn256::{Fr, G1Affine, G2Affine},
    ff::PrimeField,
    group::GroupEncoding,
    serde::SerdeObject,
};
use rayon::prelude::*;
use std::{
    fs::File,
    io::{Read, Seek, SeekFrom},
    path::Path,
};

/// Size of a file of height `k` whose points of the first group take so many bytes, those of the
/// second twice as many.
const fn file_len(k: u32, point: u64) -> u64 {
    4 + 2 * (point << k) + 2 * 2 * point
}

/// Reads the first `points` powers (all of them if `None`).
pub(super) fn read(path: &Path, points: Option<usize>) -> Result<Stated, ProverError> {
    let fail = || ProverError::io("cannot read", path);
    let mut file = File::open(path).map_err(fail())?;
    let length = file.metadata().map_err(fail())?.len();
    let mut start = [0; 4];
    file.read_exact(&mut start).map_err(fail())?;
    let k = u32::from_le_bytes(start);
    if !(1..=Fr::S).contains(&k) {
        return Err(bad(
            path,
            "it is neither a snarkjs .ptau file nor halo2 parameters for BN254",
        ));
    }
    let (raw, compressed) = (file_len(k, 64), file_len(k, 32));
    let size = match length {
        _ if length == raw => 64,
        _ if length == compressed => 32,
        _ => {
            return Err(bad(
                path,
                &format!(
                    "halo2 parameters of height {k} have {raw} or {compressed} bytes, this file has {length}; it may be cut short"
                ),
            ));
        }
    };
    let mut bytes = vec![0; size * kept(points, 1 << k)?];
    file.read_exact(&mut bytes).map_err(fail())?;
    let mut second = vec![0; 4 * size];
    file.seek(SeekFrom::Start(length - 4 * size as u64))
        .and_then(|_| file.read_exact(&mut second))
        .map_err(fail())?;
    let g: Vec<Option<G1Affine>> = bytes.par_chunks_exact(size).map(first_group).collect();
    let g = g.into_iter().zip(0..).map(|(point, index): (_, usize)| {
        point.ok_or_else(|| bad(path, &format!("power {index} is not a point of the curve")))
    });
    let (g2, s_g2) = second.split_at(2 * size);
    let tau = |bytes: &[u8]| {
        second_group(bytes).ok_or_else(|| {
            bad(
                path,
                "a power in the second group is not a point of the curve",
            )
        })
    };
    Ok(Stated {
        g: g.collect::<Result<_, _>>()?,
        g2: tau(g2)?,
        s_g2: tau(s_g2)?,
    })
}

fn first_group(bytes: &[u8]) -> Option<G1Affine> {
    match bytes.len() {
        32 => compressed(bytes),
        _ => G1Affine::from_raw_bytes(bytes),
    }
}

fn second_group(bytes: &[u8]) -> Option<G2Affine> {
    match bytes.len() {
        64 => compressed(bytes),
        _ => G2Affine::from_raw_bytes(bytes),
    }
}

/// A compressed point; `bytes` has as many as one has.
fn compressed<P: GroupEncoding>(bytes: &[u8]) -> Option<P> {
    let mut encoded = P::Repr::default();
    encoded.as_mut().copy_from_slice(bytes);
    P::from_bytes(&encoded).into()
}
