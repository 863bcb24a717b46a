//! One circuit shape for every model.
mod circuit;
mod error;
mod field;
mod footprint;
#[cfg(feature = "test-gates")]
#[doc(hidden)]
pub mod forge;
mod gates;
mod lower;
mod opcode;
mod path;
mod plan;
mod program;
mod tape;
mod witness;

pub use circuit::{Shape, TapeCircuit};
pub use error::CircuitError;
pub use field::int;
pub use footprint::Footprint;
pub use gates::{ADVICE_COLUMNS, CHALLENGES, FIXED_COLUMNS, GATES, QUOTIENT_PIECES, RUNNING_COLUMNS, TapeConfig};
pub use lower::{Lowered, TraceCells};
pub use opcode::Op;
pub use plan::{Candidate, Limits, Plan, plan};
pub use program::{Channel, Content, Level, Limbs, Program, Region, Tap, Taps, Weight};
pub use tape::{BLINDING_ROWS, Tape};
pub use witness::{Cell, Cells, Witness};
