#![doc = include_str!("../README.md")]

#[cfg(feature = "test-gates")]
mod circuit;
#[cfg(feature = "test-gates")]
#[doc(hidden)]
pub mod dishonest;
mod error;
mod field;
mod footprint;
mod key_proof;
mod layout;
mod lower;
mod opcode;
mod plan;
mod poseidon;
mod program;
mod relation;
mod stream_order;
mod tape;
mod witness;

#[cfg(feature = "test-gates")]
#[doc(hidden)]
pub use circuit::{RelationConfig, Shape, TapeCircuit};
pub use error::CircuitError;
pub use field::int;
pub use footprint::Footprint;
#[cfg(feature = "test-gates")]
#[doc(hidden)]
pub use key_proof::{ChangeSums, KeyProofCircuit};
pub use key_proof::{
    KEY_PROOF_GATES, KeyProofLayout, KeyProofPart, KeyProofRelation, KeyProofShape, KeyProofWitness,
};
pub use lower::{Batch, Lowered, Lowering, Outline, TraceCells, WordLayout, least_rows};
pub use opcode::Op;
pub use plan::{Candidate, Limits, Plan, Request, candidate, limb_sizes, plan, plan_request};
pub use poseidon::{MAX_ARITY, Salt, commit, poseidon};
pub use program::{
    Content, Feed, Level, LevelTaps, Limbs, Pattern, Program, Region, Tap, Taps, Weight,
};
pub use relation::{
    ADVICE_COLUMNS, CHALLENGES, FIXED_COLUMNS, GATES, QUOTIENT_PIECES, RUNNING_COLUMNS,
    TapeRelation, fixed_columns, phase_columns,
};
pub use tape::{BLINDING_ROWS, HIDING_ROWS, Hiding, Tape, height};
pub use witness::{Cell, Cells, Witness};
