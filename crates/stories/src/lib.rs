#![doc = include_str!("../README.md")]

mod airdrop;
mod error;
mod guard;
mod oracle;
mod recurring;
mod risk;
mod scorer;
mod story;
mod world;

pub use airdrop::{BatchCost, cost_of_batch};
pub use error::StoryError;
pub use recurring::{Recurring, recurring};
pub use scorer::{Proof, Scorer, Statement, Tiny};
pub use story::{Attempt, GasStep, Story, Teller};
pub use world::World;

/// Every consumer's story, in the order of the consumers' table.
pub static STORIES: &[Teller] = &[oracle::TELLER, risk::TELLER, guard::TELLER, airdrop::TELLER];
