//! Steps of opening, proving and verifying, for progress bars and meters.

use verdict_prover::Stage as ProverStage;

/// What the engine is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Stage {
    /// The planner lays the model out.
    Plan,
    /// The set-up is read or made.
    Setup,
    /// The keys are read or made.
    Keys,
    /// The model is executed and the first-phase columns are filled.
    Witness,
    /// The prover commits, divides and opens.
    Prove,
    /// The Rust verifier checks.
    Verify,
    /// What is public of a key is recomputed.
    Audit,
}

/// The observer is told when a stage begins.
pub type OnStage<'a> = &'a dyn Fn(Stage);

/// An observer for callers who show nothing.
pub fn silent(_: Stage) {}

impl Stage {
    /// A lower-case name, as reports print it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Plan => "plan",
            Self::Setup => "set-up",
            Self::Keys => "keys",
            Self::Witness => "witness",
            Self::Prove => "prove",
            Self::Verify => "verify",
            Self::Audit => "audit",
        }
    }

    pub(crate) const fn of(stage: ProverStage) -> Self {
        match stage {
            ProverStage::Keys => Self::Keys,
            ProverStage::Witness => Self::Witness,
            // The enum is open; whatever else a prover does is proving.
            _ => Self::Prove,
        }
    }
}
