#![doc = include_str!("../README.md")]

mod column;
mod domain;
mod error;
mod key;
mod prover;
mod relation;
mod shape;
mod verifier;

pub use column::{Column, int};
pub use domain::{Domain, invert};
pub use error::ArgumentError;
pub use key::{ProvingKey, VerifyingKey, commit_group};
pub use prover::{Powers, Proven, prove};
pub use relation::{Arith, Constants, Prepared, Relation, Row, Seen};
pub use shape::{FixedGroup, PACKS, Phase, Shape};
pub use verifier::{Accumulator, LoadedKey, accumulate, verify};
