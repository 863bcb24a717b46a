//! Proofs on other machines.
//!
//! The database alone is believed. NATS carries work to workers and models beside it, and may lose,
//! repeat, keep or invent any of it: what is lost costs the time of a lease, what is repeated is
//! known by its attempt, and what is invented cannot be opened. A relayer and each of its workers
//! share a key, with which everything that they say is sealed; whoever reads along learns nothing of
//! it, and a stranger can neither answer for a worker nor have one set aside.
//!
//! ```text
//!   relayer ──(work, JetStream)──▶ worker      one attempt, for one worker
//!   relayer ◀──(ask)────────────── worker      may I? what was lost, or is over, is not begun
//!   relayer ◀──(beat, beat, …)──── worker      the lease in the database is prolonged meanwhile
//!   relayer ◀──(done)───────────── worker      verified here, then written down
//! ```
//!
//! A worker knows no chain, no database and no account's key. It is handed a compiled model by its
//! digest, integers and a context, and its answer is taken only if it is a proof of exactly what this
//! relayer's own executor says, under the key that is registered. A worker that answers with
//! anything else is set aside, in the database, until an operator readmits it.

mod fleet;
mod link;
mod protocol;
mod seal;
mod worker;

pub(crate) use fleet::Wanted;
pub use fleet::{Fleet, FleetState, WorkerState};
pub use link::Carrier;
pub use protocol::{Said, Told, Work};
pub use seal::{Direction, Seal};
pub use worker::Worker;
