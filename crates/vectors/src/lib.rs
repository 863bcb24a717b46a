#![doc = include_str!("../README.md")]
// This crate is of tests alone: it stops where something is wrong, and its names are explained
// where they are used.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

pub mod cases;
pub mod evm;
pub mod field;
pub mod forge;
pub mod generated;
pub mod judge;
pub mod mutate;
pub mod solc;
pub mod support;
