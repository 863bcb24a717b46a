//! Table regions and limb splits, each once.

use crate::program::{Content, Limbs, Region};
use verdict_model::Table;

/// Limbs of a discard where the graph has no remainders of its own to share them with.
const DISCARD_LIMB: u32 = 8;

/// Bits of the largest sum that is discarded without limbs: twice as many table entries as it has
/// values.
const LARGEST_DISCARD: u32 = 11;

pub(super) struct Regions {
    pub(super) regions: Vec<Region>,
    pub(super) limbs: Vec<Limbs>,
    limb_bits: u32,
    /// The shift most tables have, whose limbs discards share.
    shift: u32,
}

impl Regions {
    pub(super) fn new(limb_bits: u32, shift: u32) -> Self {
        Self {
            regions: vec![Region::Idle, Region::One],
            limbs: vec![Limbs::default()],
            limb_bits: limb_bits.max(1),
            shift,
        }
    }

    fn intern(&mut self, region: Region) -> usize {
        self.regions
            .iter()
            .position(|known| *known == region)
            .unwrap_or_else(|| {
                self.regions.push(region);
                self.regions.len() - 1
            })
    }

    fn intern_limbs(&mut self, limbs: Vec<usize>) -> usize {
        let limbs = Limbs(limbs);
        self.limbs
            .iter()
            .position(|known| *known == limbs)
            .unwrap_or_else(|| {
                self.limbs.push(limbs);
                self.limbs.len() - 1
            })
    }

    /// Limbs as equal as can be.
    fn cut(&mut self, shift: u32) -> Vec<usize> {
        let pieces = shift.div_ceil(self.limb_bits);
        let mut offset = 0;
        (0..pieces)
            .map(|i| {
                let bits = (shift - offset).div_ceil(pieces - i);
                let limb = Region::Limb { offset, bits };
                offset += bits;
                self.intern(limb)
            })
            .collect()
    }

    pub(super) fn one(&self) -> Content {
        Content::Cell {
            region: 1,
            limbs: 0,
        }
    }

    pub(super) fn input(&mut self, min: i64, max: i64) -> Content {
        Content::Cell {
            region: self.intern(Region::Input { min, max }),
            limbs: 0,
        }
    }

    pub(super) fn table(&mut self, table: &Table) -> Content {
        let region = self.intern(Region::Function {
            shift: table.shift,
            q_min: table.q_min,
            values: table.values.clone(),
        });
        let limbs = self.cut(table.shift);
        Content::Cell {
            region,
            limbs: self.intern_limbs(limbs),
        }
    }

    /// As [`discard`](Self::discard), in a single look-up if the sums are small enough.
    pub(super) fn small_discard(&mut self, bits: u32) -> Content {
        if bits > LARGEST_DISCARD {
            return self.discard(bits);
        }
        let reach = 1i64 << bits;
        let region = self.intern(Region::Function {
            shift: 0,
            q_min: -reach,
            values: vec![0; 2 * reach as usize + 1],
        });
        Content::Discard { region, limbs: 0 }
    }

    /// Any sum of up to `bits` bits and a sign, of value zero.
    pub(super) fn discard(&mut self, bits: u32) -> Content {
        let mut limbs = self.cut(self.shift);
        let mut offset = self.shift;
        let size = if self.shift == 0 {
            DISCARD_LIMB
        } else {
            self.shift
                .div_ceil(self.shift.div_ceil(self.limb_bits))
                .max(4)
        };
        // The highest part is signed and has a region of its own.
        while bits.saturating_sub(offset) > size - 1 {
            limbs.push(self.intern(Region::Limb { offset, bits: size }));
            offset += size;
        }
        let reach = 1i64 << (size - 1);
        let region = self.intern(Region::Function {
            shift: offset,
            q_min: -reach,
            values: vec![0; 2 * reach as usize + 1],
        });
        Content::Discard {
            region,
            limbs: self.intern_limbs(limbs),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every sum of so many bits is a key, and no value is anything but zero.
    #[test]
    fn what_is_discarded_is_zero() {
        for bits in 0..=LARGEST_DISCARD {
            let mut regions = Regions::new(8, 5);
            let Content::Discard { region, limbs: 0 } = regions.small_discard(bits) else {
                panic!("{bits}: limbs");
            };
            let region = &regions.regions[region];
            let reach = 1i64 << bits;
            for key in [-reach, 1 - reach, 0, reach - 1, reach] {
                assert!(region.index_of(key, 0).is_some(), "{bits}: {key}");
                assert!(region.index_of(key, 1).is_none(), "{bits}: {key}");
            }
            assert!((0..region.len()).all(|index| region.entry(index).1 == 0));
        }
        let mut regions = Regions::new(8, 5);
        let large = regions.small_discard(LARGEST_DISCARD + 1);
        assert_eq!(large, regions.discard(LARGEST_DISCARD + 1));
        assert!(matches!(large, Content::Discard { limbs, .. } if limbs > 0));
    }
}
