//! Recomputes what is public of a key, once what it claims is known to fit into memory.

use crate::{Engine, EngineError, OnStage, Stage, Subject};
use verdict_argument::Relation;
use verdict_circuit::{BLINDING_ROWS, Batch, CircuitError, Limits, least_rows};
use verdict_model::IntegerGraph;
use verdict_prover::{Audit, AuditRow, Finding, KeyProof, audit_with};
use verdict_wire::VerifyingKeyParts;

/// The part that the prover's audit reports the key proof as.
const KEY_PROOF: &str = "key proof";

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
        // A ceremony's set-up has the points of its file; this one is made, which takes minutes from
        // here on, and a key's header claims any height in one byte.
        let most = Limits::default().max_k;
        if self.setup().is_development() && key.k > most {
            return Err(EngineError::Setup(format!(
                "the key has height {}; the development set-up is made for heights up to {most}",
                key.k
            )));
        }
        on_stage(Stage::Setup);
        let srs = self.setup().open(key.relation().shape().points())?;
        on_stage(Stage::Audit);
        let mut audit = match key_proof.map(KeyProof::from_bytes).transpose() {
            Ok(proof) => audit_with(subject.audited(), batch, key, proof.as_ref(), srs)?,
            Err(error) => {
                // The key's other parts are audited all the same.
                let mut audit = audit_with(subject.audited(), batch, key, None, srs)?;
                let rows = audit.parts.iter_mut();
                rows.filter(|row| row.part == KEY_PROOF)
                    .for_each(|row| row.found = error.to_string());
                audit
            }
        };
        if !subject.is_private() && key_proof.is_some() {
            audit.parts.push(AuditRow {
                part: KEY_PROOF.into(),
                finding: Finding::Differs,
                found: "one is given".into(),
                expected: Some("none: the weights are public".into()),
            });
        }
        Ok(audit)
    }
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
        "{} items of this model take at least {rows} rows, and so a height above {k}; import a larger set-up, or check what the \
         model, the batch and the key claim",
        batch.items
    ))
    .into())
}
