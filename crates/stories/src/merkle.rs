//! A tree of entries as OpenZeppelin's `MerkleProof` reads it: siblings sorted, the last of an odd number goes up as it is.

use alloy_primitives::{Address, B256, U256, keccak256};
use alloy_sol_types::SolValue;

/// A tree over an airdrop's entries.
#[derive(Clone, Debug)]
pub struct Tree {
    /// From the leaves to the root.
    levels: Vec<Vec<B256>>,
}

impl Tree {
    /// A tree over accounts and identities, in the order of the batch's items.
    pub fn new(entries: &[(Address, U256)]) -> Self {
        let leaves = entries
            .iter()
            .enumerate()
            .map(|(index, (account, identity))| {
                let leaf = (U256::from(index), *account, *identity).abi_encode();
                keccak256(keccak256(leaf))
            });
        let mut levels = vec![leaves.collect::<Vec<_>>()];
        while let Some(below) = levels.last().filter(|level| level.len() > 1) {
            let above = below.chunks(2).map(|pair| match pair {
                [left, right] if left <= right => {
                    keccak256([left.as_slice(), right.as_slice()].concat())
                }
                [left, right] => keccak256([right.as_slice(), left.as_slice()].concat()),
                lone => lone.first().copied().unwrap_or_default(),
            });
            levels.push(above.collect());
        }
        Self { levels }
    }

    /// The root; zero of no entries.
    pub fn root(&self) -> B256 {
        let top = self.levels.last().and_then(|level| level.first());
        top.copied().unwrap_or_default()
    }

    /// The siblings on the way from an entry to the root.
    pub fn path(&self, index: usize) -> Vec<B256> {
        let below_root = self.levels.len().saturating_sub(1);
        let siblings = self.levels.iter().take(below_root).enumerate();
        siblings
            .filter_map(|(height, level)| level.get((index >> height) ^ 1).copied())
            .collect()
    }
}
