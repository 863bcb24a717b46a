//! Mutations of the transaction's data: what the ABI says where.

use super::{Mutant, Mutate, flip, pick};
use alloy_primitives::{Address, U256};
use rand::{Rng as _, RngCore as _};
use verdict_wire::verify_calldata;

/// Selector, key, offset of the values, offset of the proof; then the number of values.
const KEY: usize = 4;
const VALUES_OFFSET: usize = 36;
const PROOF_OFFSET: usize = 68;
const VALUES: usize = 100;

pub(super) const KINDS: &[(&str, Mutate)] = &[
    ("calldata: bits of the head flipped", |m, random| {
        let data = m.calldata();
        Some(Mutant::Calldata(flip(&data, 0..VALUES + 32, random)))
    }),
    ("calldata: another selector", |m, random| {
        let mut data = m.calldata();
        random.fill_bytes(&mut data[..4]);
        Some(Mutant::Calldata(data))
    }),
    ("calldata: dirty address", |m, random| {
        let mut data = m.calldata();
        data[KEY + random.gen_range(0..12)] = random.gen_range(1..=255);
        Some(Mutant::Calldata(data))
    }),
    ("calldata: another account as key", |m, random| {
        let known = [
            m.foreign_address,
            Address::ZERO,
            Address::with_last_byte(8),
            Address::repeat_byte(0xfd),
        ];
        let mut address = pick(random, &known);
        if random.r#gen() {
            random.fill_bytes(address.as_mut_slice());
        }
        Some(Mutant::Calldata(
            verify_calldata(address, &m.good.values, &m.good.proof).to_vec(),
        ))
    }),
    ("calldata: truncated", |m, random| {
        let mut data = m.calldata();
        data.truncate(random.gen_range(0..data.len()));
        Some(Mutant::Calldata(data))
    }),
    ("calldata: extended", |m, random| {
        let mut data = m.calldata();
        data.resize(data.len() + random.gen_range(1..100), 0);
        Some(Mutant::Calldata(data))
    }),
    ("calldata: gap before the values", |m, random| {
        let mut data = m.calldata();
        let gap = pick(random, &[1, 32, 64]);
        data.splice(VALUES..VALUES, vec![0; gap]);
        add(&mut data, VALUES_OFFSET, gap);
        add(&mut data, PROOF_OFFSET, gap);
        Some(Mutant::Calldata(data))
    }),
    ("calldata: gap before the proof", |m, random| {
        let mut data = m.calldata();
        let gap = pick(random, &[1, 32, 64]);
        let at = VALUES + 32 + 32 * m.good.values.len();
        data.splice(at..at, vec![0; gap]);
        add(&mut data, PROOF_OFFSET, gap);
        Some(Mutant::Calldata(data))
    }),
    ("calldata: proof before values", |m, _| {
        let data = m.calldata();
        let at = VALUES + 32 + 32 * m.good.values.len();
        let mut swapped = [&data[..VALUES], &data[at..], &data[VALUES..at]].concat();
        let proof = data.len() - at;
        swapped[VALUES_OFFSET..VALUES_OFFSET + 32]
            .copy_from_slice(&U256::from(96 + proof).to_be_bytes::<32>());
        swapped[PROOF_OFFSET..PROOF_OFFSET + 32]
            .copy_from_slice(&U256::from(96).to_be_bytes::<32>());
        Some(Mutant::Calldata(swapped))
    }),
    ("calldata: offset replaced", |m, random| {
        let mut data = m.calldata();
        let at = pick(random, &[VALUES_OFFSET, PROOF_OFFSET]);
        let offsets = [
            U256::ZERO,
            U256::from(1),
            U256::from(32),
            U256::MAX,
            U256::from(u64::MAX),
            U256::MAX << 5,
        ];
        let offset = if random.r#gen() {
            U256::from(random.gen_range(0..2000u32))
        } else {
            pick(random, &offsets)
        };
        data[at..at + 32].copy_from_slice(&offset.to_be_bytes::<32>());
        Some(Mutant::Calldata(data))
    }),
    ("calldata: length replaced", |m, random| {
        let mut data = m.calldata();
        let at = pick(random, &[VALUES, VALUES + 32 + 32 * m.good.values.len()]);
        let lengths = [
            U256::ZERO,
            U256::MAX,
            U256::from(u64::MAX),
            U256::from(1) << 255,
            U256::from(1) << 59,
        ];
        let length = if random.r#gen() {
            U256::from(random.gen_range(0..2000u32))
        } else {
            pick(random, &lengths)
        };
        data[at..at + 32].copy_from_slice(&length.to_be_bytes::<32>());
        Some(Mutant::Calldata(data))
    }),
];

fn add(data: &mut [u8], at: usize, amount: usize) {
    let value = U256::from_be_slice(&data[at..at + 32]) + U256::from(amount);
    data[at..at + 32].copy_from_slice(&value.to_be_bytes::<32>());
}
