//! snarkjs' `.ptau` files: sections of points in little-endian Montgomery form.

use crate::{
    ProverError,
    srs::{Powers, bad},
};
use halo2curves_axiom::{
    CurveAffine,
    bn256::{Fq, Fq2, G1Affine, G2Affine},
    ff::Field,
    serde::SerdeObject,
};
use std::{
    fs::File,
    io::{BufReader, Read, Seek, SeekFrom},
    path::Path,
};

const BN254_PRIME: [u64; 4] = [
    0x3c208c16d87cfd47,
    0x97816a916871ca8d,
    0xb85045b68181585d,
    0x30644e72e131a029,
];

/// Reads the first `2^k` powers (all below the file's own power if `None`).
pub(crate) fn read(path: &Path, k: Option<u32>) -> Result<Powers, ProverError> {
    let file = File::open(path).map_err(ProverError::io("cannot read", path))?;
    let length = file
        .metadata()
        .map_err(ProverError::io("cannot read", path))?
        .len();
    let mut reader = BufReader::with_capacity(1 << 20, file);
    let cut = |_| {
        bad(
            path,
            "it ends in the middle of a section; download it again",
        )
    };

    let mut start = [0u8; 12];
    reader.read_exact(&mut start).map_err(cut)?;
    let version = u32::from_le_bytes([start[4], start[5], start[6], start[7]]);
    let sections = u32::from_le_bytes([start[8], start[9], start[10], start[11]]);
    if version != 1 {
        return Err(bad(path, &format!(".ptau version {version}, expected 1")));
    }
    // Positions of the sections that matter: 1 header, 2 [τ^i]_1, 3 [τ^i]_2.
    let mut found: [Option<(u64, u64)>; 3] = [None; 3];
    let mut position = 12u64;
    for _ in 0..sections {
        let mut header = [0u8; 12];
        reader.seek(SeekFrom::Start(position)).map_err(cut)?;
        reader.read_exact(&mut header).map_err(cut)?;
        let kind = u32::from_le_bytes([header[0], header[1], header[2], header[3]]);
        let size = u64::from_le_bytes(header[4..12].try_into().unwrap_or_default());
        let begin = position + 12;
        position = begin
            .checked_add(size)
            .filter(|&end| end <= length)
            .ok_or_else(|| {
                bad(
                    path,
                    &format!(
                        "section {kind} reaches beyond the end of the file; download it again"
                    ),
                )
            })?;
        if let Some(slot) = (kind as usize)
            .checked_sub(1)
            .and_then(|i| found.get_mut(i))
        {
            *slot = Some((begin, size));
        }
    }
    let [
        Some((header, _)),
        Some((tau_g1, g1_size)),
        Some((tau_g2, g2_size)),
    ] = found
    else {
        return Err(bad(path, "it lacks the header or the powers"));
    };

    reader.seek(SeekFrom::Start(header)).map_err(cut)?;
    let mut fields = [0u8; 40];
    reader.read_exact(&mut fields).map_err(cut)?;
    let prime: Vec<u8> = BN254_PRIME
        .iter()
        .flat_map(|limb| limb.to_le_bytes())
        .collect();
    if fields[..4] != 32u32.to_le_bytes() || fields[4..36] != prime {
        return Err(bad(path, "it is for another curve than BN254 (alt_bn128)"));
    }
    let power = u32::from_le_bytes([fields[36], fields[37], fields[38], fields[39]]);
    if power > 28 {
        return Err(bad(
            path,
            &format!("it states a power of {power}, more than 28"),
        ));
    }
    let wanted = k.unwrap_or(power);
    if wanted > power {
        return Err(ProverError::SrsTooSmall {
            have: power,
            need: wanted,
        });
    }
    if g1_size < 64 << wanted || g2_size < 256 {
        return Err(bad(path, "its sections are shorter than its power demands"));
    }

    reader.seek(SeekFrom::Start(tau_g1)).map_err(cut)?;
    let mut g = Vec::with_capacity(1 << wanted);
    let mut bytes = [0u8; 64];
    for index in 0..1usize << wanted {
        reader.read_exact(&mut bytes).map_err(cut)?;
        let point = base(&bytes[..32])
            .zip(base(&bytes[32..]))
            .and_then(|(x, y)| Option::<G1Affine>::from(G1Affine::from_xy(x, y)));
        g.push(
            point
                .ok_or_else(|| bad(path, &format!("power {index} is not a point of the curve")))?,
        );
    }
    reader.seek(SeekFrom::Start(tau_g2)).map_err(cut)?;
    let mut twice = [0u8; 256];
    reader.read_exact(&mut twice).map_err(cut)?;
    let mut points = twice.chunks(128).map(|bytes| {
        let [x0, x1, y0, y1] = [0, 1, 2, 3].map(|i| base(&bytes[32 * i..32 * (i + 1)]));
        let (x, y) = (Fq2 { c0: x0?, c1: x1? }, Fq2 { c0: y0?, c1: y1? });
        Option::<G2Affine>::from(G2Affine::from_xy(x, y))
    });
    match (points.next().flatten(), points.next().flatten()) {
        (Some(g2), Some(s_g2)) => Ok(Powers {
            k: wanted,
            g,
            g2,
            s_g2,
        }),
        _ => Err(bad(
            path,
            "a power in the second group is not a point of the curve",
        )),
    }
}

/// A base-field element in Montgomery form, `None` if not below the modulus.
fn base(bytes: &[u8]) -> Option<Fq> {
    Fq::from_raw_bytes(bytes).filter(|value| *value == *value + Fq::ZERO)
}
