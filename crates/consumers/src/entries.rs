//! An airdrop's entries, and their tree as OpenZeppelin's `MerkleProof` reads it: siblings are
//! sorted, and the last of an odd number goes up as it is.

use crate::ConsumerError;
use alloy_primitives::{Address, B256, U256, keccak256};
use alloy_sol_types::SolValue;
use serde::Deserialize;
use std::path::Path;
use verdict_wire::read_text;

/// Who can claim, in the order of the model's batch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entries(Vec<(Address, U256)>);

/// An entry of a JSON file.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Line {
    account: Address,
    identity: Number,
}

/// A number, or one too large for JSON as text.
#[derive(Deserialize)]
#[serde(untagged)]
enum Number {
    Small(u64),
    Text(String),
}

impl Entries {
    /// Reads `account,identity` lines (a first line of names is skipped), or a JSON list of
    /// `{"account": …, "identity": …}`.
    pub fn load(path: &Path) -> Result<Self, ConsumerError> {
        let text = read_text(path)?;
        let fail = |detail: String| ConsumerError::Entries {
            path: path.to_owned(),
            detail,
        };
        let entries = if text.trim_start().starts_with('[') {
            json(&text)
        } else {
            lines(&text)
        };
        let entries = entries.map_err(fail)?;
        if entries.is_empty() {
            return Err(fail("it has no entries".into()));
        }
        if u32::try_from(entries.len()).is_err() {
            return Err(fail("it has more entries than a batch can have".into()));
        }
        Ok(Self(entries))
    }

    /// Accounts and identities, by index.
    pub fn list(&self) -> &[(Address, U256)] {
        &self.0
    }

    /// How many there are: at least one.
    pub fn count(&self) -> u32 {
        u32::try_from(self.0.len()).unwrap_or(u32::MAX)
    }

    /// Their tree.
    pub fn tree(&self) -> Tree {
        Tree::new(&self.0)
    }
}

fn json(text: &str) -> Result<Vec<(Address, U256)>, String> {
    let list: Vec<Line> = serde_json::from_str(text).map_err(|error| error.to_string())?;
    let pair = |line: Line| {
        let identity = match line.identity {
            Number::Small(number) => U256::from(number),
            Number::Text(text) => number(&text)?,
        };
        Ok((line.account, identity))
    };
    list.into_iter().map(pair).collect()
}

fn lines(text: &str) -> Result<Vec<(Address, U256)>, String> {
    let lines = text
        .lines()
        .zip(1..)
        .map(|(line, at)| (line.trim(), at))
        .filter(|(line, _)| !line.is_empty());
    lines
        .filter(|(line, at)| !(*at == 1 && line.starts_with("account")))
        .map(|(line, at)| {
            let wrong = |what: String| format!("line {at}: {what}");
            let (account, identity) = line
                .split_once(',')
                .ok_or_else(|| wrong("expected `account,identity`".into()))?;
            let account = account
                .trim()
                .parse()
                .map_err(|_| wrong(format!("`{}` is no address", account.trim())))?;
            Ok((account, number(identity.trim()).map_err(wrong)?))
        })
        .collect()
}

/// Decimal, or hexadecimal with `0x`.
fn number(text: &str) -> Result<U256, String> {
    text.parse().map_err(|_| {
        format!("`{text}` is no identity: expected a number below 2^256, decimal or with 0x")
    })
}

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

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn read(text: &str) -> Result<Entries, ConsumerError> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("entries");
        std::fs::write(&path, text).unwrap();
        Entries::load(&path)
    }

    #[test]
    fn both_formats_give_the_same_tree() {
        let (a, b) = (Address::repeat_byte(1), Address::repeat_byte(2));
        let lines = read(&format!("account,identity\n{a}, 7\n\n{b},0x10\n")).unwrap();
        let json = format!(
            r#"[{{"account": "{a}", "identity": 7}}, {{"account": "{b}", "identity": "16"}}]"#
        );
        assert_eq!(lines, read(&json).unwrap());
        assert_eq!(lines.list(), [(a, U256::from(7)), (b, U256::from(16))]);
        assert_eq!(lines.count(), 2);
        // Each of two leaves is the other's whole path.
        let tree = lines.tree();
        let leaf = |i: u64, (account, identity): (Address, U256)| {
            keccak256(keccak256((U256::from(i), account, identity).abi_encode()))
        };
        assert_eq!(tree.path(0), [leaf(1, lines.list()[1])]);
        assert_eq!(tree.path(1), [leaf(0, lines.list()[0])]);
    }

    #[test]
    fn what_is_wrong_is_said() {
        for (text, part) in [
            ("", "no entries"),
            ("0x01,2", "line 1: `0x01` is no address"),
            (
                "account,identity\n0x0101010101010101010101010101010101010101",
                "line 2",
            ),
            (
                "0x0101010101010101010101010101010101010101,-1",
                "`-1` is no identity",
            ),
            ("[{\"account\": 1}]", "invalid type"),
        ] {
            let error = read(text).unwrap_err().to_string();
            assert!(error.contains(part), "{error}");
        }
    }
}
