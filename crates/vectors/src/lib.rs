#![doc = include_str!("../README.md")]
// This crate is of tests alone: it stops where something is wrong, and its names are explained
// where they are used.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

pub mod cases;
pub mod evm;
pub mod field;
pub mod halo2;
pub mod judge;
pub mod mutate;
pub mod packed;
pub mod snark;
pub mod solc;
pub mod support;
