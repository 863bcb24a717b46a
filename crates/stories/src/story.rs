//! What a story tells.

use crate::StoryError;
use alloy_primitives::Address;
use alloy_sol_types::SolCall;
use serde::Serialize;
use std::time::Instant;
use verdict_chain::{Chain, ChainError, EmbeddedChain, Fork, Receipt};
use verdict_consumers::ConsumerKind;

/// A consumer of the table, and who tells its story.
#[derive(Debug)]
pub struct Teller {
    /// The consumer.
    pub kind: &'static ConsumerKind,
    /// Tells its story, on a chain with these rules.
    pub tell: fn(Fork) -> Result<Story, StoryError>,
}

/// Something that must be refused, and how it was.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Attempt {
    /// What was tried.
    pub attempt: String,
    /// The error it must be refused with.
    pub expected: String,
    /// The error it was refused with; `None` if it was taken.
    pub error: Option<String>,
    /// Whether that is the one.
    pub ok: bool,
}

/// The gas of a transaction.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct GasStep {
    /// Which.
    pub step: &'static str,
    /// What its receipt says.
    pub gas: u64,
}

/// A consumer's story.
#[derive(Clone, Debug, Serialize)]
pub struct Story {
    /// Who acts.
    pub consumer: &'static str,
    /// Whether every transaction did what it must, and every forgery was refused as it must be.
    pub ok: bool,
    /// What happened, in a sentence.
    pub summary: String,
    /// Gas of the transaction that carries the proof.
    pub gas: u64,
    /// Gas of the same proof's verification alone, as a transaction.
    pub gas_verification: u64,
    /// Of all transactions worth knowing.
    pub steps: Vec<GasStep>,
    /// What was tried in vain.
    pub rejected: Vec<Attempt>,
    /// Height and width of the circuit.
    pub k: u32,
    /// See `k`.
    pub width: usize,
    /// Proofs that were made.
    pub proofs: usize,
    /// Wall-clock time of the whole story.
    pub seconds: f64,
}

impl Story {
    pub(crate) fn new(kind: &ConsumerKind, (k, width): (u32, usize)) -> Self {
        Self {
            consumer: kind.name,
            ok: false,
            summary: String::new(),
            gas: 0,
            gas_verification: 0,
            steps: Vec::new(),
            rejected: Vec::new(),
            k,
            width,
            proofs: 0,
            seconds: 0.0,
        }
    }

    /// Sends a call that must succeed, and keeps its gas.
    pub(crate) fn step<C: SolCall>(
        &mut self,
        chain: &mut EmbeddedChain,
        step: &'static str,
        to: Address,
        call: &C,
    ) -> Result<Receipt, StoryError> {
        let receipt = chain.send(Some(to), call.abi_encode().into())?;
        self.steps.push(GasStep {
            step,
            gas: receipt.gas,
        });
        Ok(receipt)
    }

    /// Sends a call that must be refused with an error of this name.
    pub(crate) fn refused<C: SolCall>(
        &mut self,
        chain: &mut EmbeddedChain,
        attempt: impl Into<String>,
        expected: &str,
        to: Address,
        call: &C,
    ) -> Result<(), StoryError> {
        let error = match chain.send(Some(to), call.abi_encode().into()) {
            Ok(_) => None,
            Err(ChainError::Refused(revert)) => Some(revert),
            Err(error) => return Err(error.into()),
        };
        self.rejected.push(Attempt {
            attempt: attempt.into(),
            expected: expected.into(),
            ok: error.as_ref().is_some_and(|revert| revert.is(expected)),
            error: error.map(|revert| revert.text),
        });
        Ok(())
    }

    /// Sends calls each of which must be refused: what is tried, the error's name, the call.
    pub(crate) fn all_refused<C: SolCall>(
        &mut self,
        chain: &mut EmbeddedChain,
        to: Address,
        attempts: &[(&str, &str, C)],
    ) -> Result<(), StoryError> {
        for (attempt, expected, call) in attempts {
            self.refused(chain, *attempt, expected, to, call)?;
        }
        Ok(())
    }

    /// The end: all is well if every attempt was refused as it must be.
    pub(crate) fn end(mut self, summary: String, began: Instant) -> Self {
        self.summary = summary;
        self.seconds = began.elapsed().as_secs_f64();
        self.ok = !self.rejected.is_empty() && self.rejected.iter().all(|attempt| attempt.ok);
        self
    }
}
