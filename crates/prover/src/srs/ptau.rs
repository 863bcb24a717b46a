//! snarkjs' `.ptau` files: sections of points in little-endian Montgomery form.

use super::powers::{Stated, bad, kept};
use crate::ProverError;
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

/// Reads the first `points` powers (all that the file has if `None`).
pub(super) fn read(path: &Path, points: Option<usize>) -> Result<Stated, ProverError> {
    let mut file = Ptau::open(path)?;
    let sections = file.sections()?;
    let power = file.power(&sections.header)?;
    // A file of some power has twice as many powers of the first group, but one: products of two
    // polynomials can be committed to.
    let have = ((2 << power) - 1).min(sections.tau_g1.size as usize / 64);
    if have < 1 << power || sections.tau_g2.size < 256 {
        return Err(bad(path, "its sections are shorter than its power demands"));
    }
    let g = file.first_group(&sections.tau_g1, kept(points, have)?)?;
    let [g2, s_g2] = file.second_group(&sections.tau_g2)?;
    Ok(Stated {
        g: g.into(),
        g2,
        s_g2,
    })
}

/// Where a section's contents stand in the file.
#[derive(Clone, Copy)]
struct Section {
    begin: u64,
    size: u64,
}

/// The sections that matter.
struct Sections {
    /// Section 1.
    header: Section,
    /// Section 2: `[τ^i]_1`.
    tau_g1: Section,
    /// Section 3: `[τ^i]_2`.
    tau_g2: Section,
}

/// An open file.
struct Ptau<'a> {
    path: &'a Path,
    reader: BufReader<File>,
    length: u64,
}

impl<'a> Ptau<'a> {
    fn open(path: &'a Path) -> Result<Self, ProverError> {
        let file = File::open(path).map_err(ProverError::io("cannot read", path))?;
        let length = file
            .metadata()
            .map_err(ProverError::io("cannot read", path))?
            .len();
        Ok(Self {
            path,
            reader: BufReader::with_capacity(1 << 20, file),
            length,
        })
    }

    fn bad(&self, detail: &str) -> ProverError {
        bad(self.path, detail)
    }

    fn cut_short(&self) -> ProverError {
        self.bad("it ends in the middle of a section; download it again")
    }

    fn seek(&mut self, position: u64) -> Result<(), ProverError> {
        let sought = self.reader.seek(SeekFrom::Start(position));
        sought.map(|_| ()).map_err(|_| self.cut_short())
    }

    fn take<const N: usize>(&mut self) -> Result<[u8; N], ProverError> {
        let mut bytes = [0u8; N];
        self.reader
            .read_exact(&mut bytes)
            .map_err(|_| self.cut_short())?;
        Ok(bytes)
    }

    /// Walks over all sections; of those with the same number, the last one counts.
    fn sections(&mut self) -> Result<Sections, ProverError> {
        let start: [u8; 12] = self.take()?;
        let (version, count) = (little(&start[4..8]), little(&start[8..12]));
        if version != 1 {
            return Err(self.bad(&format!(".ptau version {version}, expected 1")));
        }
        let mut found: [Option<Section>; 3] = [None; 3];
        let mut position = 12u64;
        for _ in 0..count {
            self.seek(position)?;
            let header: [u8; 12] = self.take()?;
            let (number, size) = (little(&header[..4]), little(&header[4..]));
            let begin = position + 12;
            position = begin
                .checked_add(size)
                .filter(|&end| end <= self.length)
                .ok_or_else(|| {
                    self.bad(&format!(
                        "section {number} reaches beyond the end of the file; download it again"
                    ))
                })?;
            let slot = (number as usize).checked_sub(1);
            if let Some(slot) = slot.and_then(|slot| found.get_mut(slot)) {
                *slot = Some(Section { begin, size });
            }
        }
        let [Some(header), Some(tau_g1), Some(tau_g2)] = found else {
            return Err(self.bad("it lacks the header or the powers"));
        };
        Ok(Sections {
            header,
            tau_g1,
            tau_g2,
        })
    }

    /// The file's own power, if it is for BN254.
    fn power(&mut self, header: &Section) -> Result<u32, ProverError> {
        self.seek(header.begin)?;
        let fields: [u8; 40] = self.take()?;
        let prime: Vec<u8> = BN254_PRIME
            .iter()
            .flat_map(|limb| limb.to_le_bytes())
            .collect();
        if fields[..4] != 32u32.to_le_bytes() || fields[4..36] != prime {
            return Err(self.bad("it is for another curve than BN254 (alt_bn128)"));
        }
        let power = little(&fields[36..]) as u32;
        if power > 28 {
            return Err(self.bad(&format!("it states a power of {power}, more than 28")));
        }
        Ok(power)
    }

    fn first_group(
        &mut self,
        section: &Section,
        count: usize,
    ) -> Result<Vec<G1Affine>, ProverError> {
        self.seek(section.begin)?;
        let mut points = Vec::with_capacity(count);
        for index in 0..count {
            let bytes: [u8; 64] = self.take()?;
            let point = base(&bytes[..32])
                .zip(base(&bytes[32..]))
                .and_then(|(x, y)| Option::<G1Affine>::from(G1Affine::from_xy(x, y)));
            points.push(
                point.ok_or_else(|| {
                    self.bad(&format!("power {index} is not a point of the curve"))
                })?,
            );
        }
        Ok(points)
    }

    /// The first two powers: `[1]_2` and `[τ]_2`.
    fn second_group(&mut self, section: &Section) -> Result<[G2Affine; 2], ProverError> {
        self.seek(section.begin)?;
        let bytes: [u8; 256] = self.take()?;
        let (one, tau) = bytes.split_at(128);
        match (twist_point(one), twist_point(tau)) {
            (Some(one), Some(tau)) => Ok([one, tau]),
            _ => Err(self.bad("a power in the second group is not a point of the curve")),
        }
    }
}

/// A little-endian number of at most eight bytes.
fn little(bytes: &[u8]) -> u64 {
    bytes
        .iter()
        .rev()
        .fold(0, |n, byte| n << 8 | u64::from(*byte))
}

/// A point of the second group from its 128 bytes.
fn twist_point(bytes: &[u8]) -> Option<G2Affine> {
    let [x0, x1, y0, y1] = [0, 1, 2, 3].map(|i| base(&bytes[32 * i..32 * (i + 1)]));
    let (x, y) = (Fq2 { c0: x0?, c1: x1? }, Fq2 { c0: y0?, c1: y1? });
    Option::from(G2Affine::from_xy(x, y))
}

/// A base-field element in Montgomery form, `None` if not below the modulus.
fn base(bytes: &[u8]) -> Option<Fq> {
    Fq::from_raw_bytes(bytes).filter(|value| *value == *value + Fq::ZERO)
}
