//! How the integers of a public tensor become the words that a contract reads.

use serde::{Deserialize, Serialize};

use crate::graph::Tensor;

/// `word = Σ_i (x_i + offset)·2^(bits·i)`, so that a word is never negative and unpacks without
/// ambiguity.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Packing {
    /// Bits of a value.
    pub bits: u32,
    /// Values in a word; the last word of a tensor may hold fewer.
    pub per_word: usize,
    /// Added to every value.
    pub offset: i64,
}

impl Packing {
    /// 31 unsigned bytes to a word.
    pub const BYTES: Packing = Packing {
        bits: 8,
        per_word: 31,
        offset: 0,
    };
    /// 15 signed 16-bit values to a word, each shifted up by 2^15.
    pub const SIGNED: Packing = Packing {
        bits: 16,
        per_word: 15,
        offset: 1 << 15,
    };

    /// 7 signed 32-bit values to a word, each shifted up by 2^31.
    pub const WIDE: Packing = Packing {
        bits: 32,
        per_word: 7,
        offset: 1 << 31,
    };

    /// The packing of a tensor: the narrowest that holds its range.
    pub fn of(tensor: &Tensor) -> Self {
        Self::for_range(tensor.min.into(), tensor.max.into())
    }

    /// The narrowest packing that holds values from `min` to `max`, which must be 32-bit integers.
    pub fn for_range(min: i64, max: i64) -> Self {
        let signed = i64::from(i16::MIN)..=i64::from(i16::MAX);
        if min >= 0 && max <= 255 {
            Self::BYTES
        } else if signed.contains(&min) && signed.contains(&max) {
            Self::SIGNED
        } else {
            Self::WIDE
        }
    }

    /// Words that `len` values take.
    pub fn words(&self, len: usize) -> usize {
        len.div_ceil(self.per_word)
    }

    /// Packs values to big-endian 256-bit words, four 64-bit limbs each, lowest first.
    pub fn pack(&self, values: &[i32]) -> Vec<[u64; 4]> {
        values
            .chunks(self.per_word)
            .map(|chunk| {
                let mut word = [0u64; 4];
                for (i, &value) in chunk.iter().enumerate() {
                    let bit = self.bits as usize * i;
                    let part = (i64::from(value) + self.offset) as u64 & ((1 << self.bits) - 1);
                    // `bits` divides 64, so a value never straddles two limbs.
                    word[bit / 64] |= part << (bit % 64);
                }
                word
            })
            .collect()
    }

    /// Unpacks `len` values, or `None` if the words are too few, too many, or have bits no value
    /// owns.
    pub fn unpack(&self, words: &[[u64; 4]], len: usize) -> Option<Vec<i32>> {
        if words.len() != self.words(len) {
            return None;
        }
        let values: Vec<i32> = (0..len)
            .map(|i| {
                let bit = self.bits as usize * (i % self.per_word);
                let part =
                    words[i / self.per_word][bit / 64] >> (bit % 64) & ((1 << self.bits) - 1);
                (part as i64 - self.offset) as i32
            })
            .collect();
        (self.pack(&values) == words).then_some(values)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packing_round_trips_and_refuses_stray_bits() {
        for (packing, values) in [
            (
                Packing::SIGNED,
                vec![
                    -32768, 32767, 0, 1, -1, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, -32768,
                ],
            ),
            (Packing::BYTES, (0..70).map(|i| i * 3).collect::<Vec<i32>>()),
            (Packing::BYTES, vec![]),
            (Packing::WIDE, vec![i32::MIN, i32::MAX, 0, -1, 1, 2, 3, 4]),
        ] {
            let words = packing.pack(&values);
            assert_eq!(words.len(), packing.words(values.len()));
            assert_eq!(packing.unpack(&words, values.len()).as_ref(), Some(&values));
            assert_eq!(packing.unpack(&words, values.len() + 31), None);
            if let Some(last) = words.len().checked_sub(1) {
                let mut stray = words.clone();
                stray[last][3] |= 1 << 60;
                assert_eq!(packing.unpack(&stray, values.len()), None);
            }
        }
    }
}
