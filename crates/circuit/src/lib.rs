//! The tape: one halo2 circuit shape for every model.
//!
//! ```text
//! IntegerGraph ─▶ Lowered (levels, channels, taps, table regions) ─▶ Tape (rows) ─▶ TapeCircuit (columns)
//!                      └──────────── plan: height, width, limbs ──────────┘
//! ```
//!
//! * [`Lowered`] places a graph's tensors on levels, from the public words (level 0) to the inputs
//!   (the last level), and says for every channel which channels nearer to the outputs it feeds,
//!   and with which weights.
//! * [`plan()`] chooses the width `c` (weights to a row), the height `k` and how remainders are
//!   cut.
//! * [`Tape`] is the layout: an [`Op`], a look-up region and `c` weights on every row; nothing in
//!   it depends on inputs.
//! * [`Witness`] is what one inference looks up; [`TapeCircuit`] joins the two for halo2. The
//!   running columns are computed in parallel between the two phases.
//!
//! What varies between models is the height, the width and the *contents* of the fixed columns;
//! gates, columns and openings are the same, so one verifier contract serves all.
//! `docs/protocol.md` lists the gates, `docs/soundness.md` says why they suffice.
//!
//! ## Sizes
//!
//! `c + 8` fixed columns, 8 advice columns (3 before the challenges, 5 after), gates of degree 3: 2
//! quotient pieces, openings at `x` and `ω⁻¹x`. A dense layer takes `⌈outputs/c⌉ + 1` rows per
//! source cell; a channel with `P` positions takes a row per position and limb more.

mod circuit;
#[cfg(feature = "test-gates")]
#[doc(hidden)]
pub mod dishonest;
mod error;
mod field;
mod footprint;
mod gates;
mod layout;
mod lower;
mod opcode;
mod plan;
mod poseidon;
mod program;
mod stream_order;
mod tape;
mod witness;

pub use circuit::{Shape, TapeCircuit};
pub use error::CircuitError;
pub use field::int;
pub use footprint::Footprint;
pub use gates::{
    ADVICE_COLUMNS, CHALLENGES, FIXED_COLUMNS, GATES, QUOTIENT_PIECES, RUNNING_COLUMNS, TapeConfig,
};
pub use lower::{Batch, Lowered, Lowering, Outline, TraceCells, WordLayout};
pub use opcode::Op;
pub use plan::{Candidate, Limits, Plan, Request, limb_sizes, plan, plan_request};
pub use poseidon::{MAX_ARITY, Salt, commit, poseidon};
pub use program::{
    Content, Feed, Level, LevelTaps, Limbs, Pattern, Program, Region, Tap, Taps, Weight,
};
pub use tape::{BLINDING_ROWS, Hiding, Tape};
pub use witness::{Cell, Cells, Witness};
