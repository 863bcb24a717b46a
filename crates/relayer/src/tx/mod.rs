//! Transactions: signed and kept before they are sent, sent again until the chain has them.

mod track;
mod wallet;

pub use track::Tracker;
pub use wallet::Wallet;
