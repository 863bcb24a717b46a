//! Recomputes what is public of a key, once what it claims is known to fit into memory.

use crate::{Engine, EngineError, OnStage, Session, Stage, Subject};
use alloy_primitives::Bytes;
use verdict_circuit::{BLINDING_ROWS, Batch, CircuitError, Limits, least_rows};
use verdict_model::IntegerGraph;
use verdict_prover::{Audit, AuditRow, Finding, audit};
use verdict_wire::VerifyingKeyParts;

impl Engine {
    /// Audits a key against its subject. Of a key with private weights, the key proof is checked
    /// too.
    pub fn audit_key(
        &self,
        subject: &Subject,
        batch: &Batch,
        key: &VerifyingKeyParts,
        key_proof: Option<&[u8]>,
        on_stage: OnStage<'_>,
    ) -> Result<Audit, EngineError> {
        fits(subject.published().graph(), batch, key.k)?;
        // A ceremony's set-up is as high as its file; this one is made, which takes minutes from
        // here on, and a key's header claims any height in one byte.
        let most = Limits::default().max_k;
        if self.setup().is_development() && key.k > most {
            return Err(EngineError::Setup(format!(
                "the key has height {}; the development set-up is made for heights up to {most}",
                key.k
            )));
        }
        on_stage(Stage::Setup);
        let srs = self.setup().open(key.k)?;
        on_stage(Stage::Audit);
        let mut audit = audit(subject.audited(), batch, key, srs)?;
        if subject.is_private() {
            audit.parts.push(AuditRow {
                part: "key proof".into(),
                finding: Finding::Differs,
                found: key_proof.map_or_else(|| "none given".into(), |_| "unreadable".into()),
                expected: None,
            });
        }
        Ok(audit)
    }
}

/// What shows strangers that a session's key hides nothing but weights, if it hides any.
pub(crate) fn key_proof_of(session: &Session) -> Result<Option<Bytes>, EngineError> {
    if !session.hides_weights() {
        return Ok(None);
    }
    Err(EngineError::Budget(
        "the key has private weights, and no key proof says what else it may hide".into(),
    ))
}

/// Refuses what cannot fit a height before anything is laid out: a few bytes of an architecture, of
/// a batch or of a key's header can claim any size.
pub(crate) fn fits(graph: &IntegerGraph, batch: &Batch, k: u32) -> Result<(), EngineError> {
    let rows = least_rows(graph, batch)?;
    let usable = (1usize << k).saturating_sub(BLINDING_ROWS);
    if rows <= usable {
        return Ok(());
    }
    Err(CircuitError::NoPlan(format!(
        "{} items of this model take at least {rows} rows, height {k} has {usable}",
        batch.items
    ))
    .into())
}
