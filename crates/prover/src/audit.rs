//! Recomputes everything in a verifying key that is public.
//!
//! The opcodes, the look-up regions and the table say *what* is computed; only the weight columns
//! may be hidden. Whoever knows the architecture lays it out with zeros for weights, commits to it,
//! and compares: what matches is what the architecture says.

use crate::{Architecture, ProverError, Srs, halo2_key};
use halo2_axiom::plonk::keygen_vk;
use halo2curves_axiom::{bn256::G1Affine, group::GroupEncoding};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use verdict_circuit::{
    BLINDING_ROWS, Batch, FIXED_COLUMNS, Lowered, Lowering, Tape, TapeCircuit, limb_sizes,
};
use verdict_model::CompiledModel;
use verdict_wire::VerifyingKeyParts;

/// The fixed columns besides the weights, in the order of their commitments.
const COLUMNS: [&str; FIXED_COLUMNS] = ["u", "v", "w", "B", "P", "T_id", "T_key", "T_val"];

/// What a key is compared with.
#[derive(Clone, Copy, Debug)]
pub enum Subject<'a> {
    /// A model with private weights: its weight columns stay opaque.
    Architecture(&'a Architecture),
    /// A model with public weights: everything must match.
    Model(&'a CompiledModel),
}

/// What the audit says about a part of a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Finding {
    /// The part is what was recomputed.
    Matches,
    /// The part is something else.
    Differs,
    /// Nobody without the weights can tell.
    Opaque,
}

/// One part of a key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditRow {
    /// The name of the part: `u`, `W_0`, `height`, ….
    pub part: String,
    /// The verdict.
    pub finding: Finding,
    /// What the key says.
    pub found: String,
    /// What was recomputed, where it can be.
    pub expected: Option<String>,
}

/// An audited key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Audit {
    /// What was found, part by part.
    pub parts: Vec<AuditRow>,
    /// Rows that the architecture takes.
    pub rows: usize,
    /// The most proofs that random rows can be there for; `None` with public weights.
    pub proofs_at_most: Option<usize>,
}

impl Audit {
    /// Whether nothing differs.
    pub fn passes(&self) -> bool {
        self.parts
            .iter()
            .all(|part| part.finding != Finding::Differs)
    }
}

/// Audits `key` for a batch of its subject. `srs` must be the set-up of the key, and at least as
/// high.
pub fn audit(
    subject: Subject<'_>,
    batch: &Batch,
    key: &VerifyingKeyParts,
    srs: Srs,
) -> Result<Audit, ProverError> {
    let srs = srs.cut(key.k)?;
    let hidden = matches!(subject, Subject::Architecture(_));
    let graph = match subject {
        Subject::Architecture(architecture) => architecture.model().shared_graph(),
        Subject::Model(model) => model.shared_graph(),
    };
    let outline = match subject {
        Subject::Architecture(architecture) => Some(architecture.outline().clone()),
        Subject::Model(_) => None,
    };
    // The key says by its commitments which of the planner's ways of cutting remainders it was made
    // with.
    let mut best: Option<Audit> = None;
    for limb_bits in limb_sizes(graph) {
        let mut lowered = Lowered::with(
            graph.clone(),
            Lowering {
                limb_bits,
                batch: batch.clone(),
                hidden: outline.clone(),
            },
        )?;
        lowered.align_words(key.width);
        let tape = Tape::new(&lowered.program, &lowered, key.width)?;
        let audit = compare(hidden, lowered, tape, key, &srs)?;
        let passes = audit.passes();
        if best
            .as_ref()
            .is_none_or(|best| differing(best) > differing(&audit))
        {
            best = Some(audit);
        }
        if passes {
            break;
        }
    }
    best.ok_or_else(|| ProverError::Rejected("there is no layout to compare it with".into()))
}

fn differing(audit: &Audit) -> usize {
    let parts = audit.parts.iter();
    parts
        .filter(|part| part.finding == Finding::Differs)
        .count()
}

fn compare(
    hidden: bool,
    lowered: Lowered,
    tape: Tape,
    key: &VerifyingKeyParts,
    srs: &Srs,
) -> Result<Audit, ProverError> {
    let rows = tape.rows();
    let usable = (1usize << key.k).saturating_sub(BLINDING_ROWS);
    // At least two random rows hide weights for one proof.
    let fits = rows + if hidden { 2 } else { 0 } <= usable;
    let mut parts = Vec::from(shape(hidden, fits, &tape, key));
    let made = if fits {
        let circuit = TapeCircuit::for_keys(Arc::new(lowered.program), Arc::new(tape));
        let verifying =
            keygen_vk(srs.params(), &circuit).map_err(ProverError::halo2("key generation"))?;
        verifying.fixed_commitments().clone()
    } else {
        Vec::new()
    };
    parts.extend(columns(hidden, &made, key));
    let digest = halo2_key(key)?.transcript_repr();
    parts.push(row(
        "digest",
        digest == key.representation,
        format!("{:?}", key.representation),
        format!("{digest:?}"),
    ));
    Ok(Audit {
        parts,
        rows,
        proofs_at_most: hidden.then(|| usable.saturating_sub(rows + 1)),
    })
}

/// Height, width and number of public values, as the key's header states them.
fn shape(hidden: bool, fits: bool, tape: &Tape, key: &VerifyingKeyParts) -> [AuditRow; 3] {
    let height = fits && (hidden || tape.height() == key.k);
    let least = if hidden { "at least " } else { "" };
    let columns = key.commitments.len();
    let values = tape.words() + 1;
    [
        row(
            "height",
            height,
            key.k.to_string(),
            format!("{least}{}", tape.height()),
        ),
        row(
            "width",
            columns == FIXED_COLUMNS + key.width,
            key.width.to_string(),
            columns.saturating_sub(FIXED_COLUMNS).to_string(),
        ),
        row(
            "public values",
            key.public_values == values,
            key.public_values.to_string(),
            values.to_string(),
        ),
    ]
}

/// The commitments, compared with those that were made; none were made of a tape that does not fit
/// the key's height.
fn columns(hidden: bool, made: &[G1Affine], key: &VerifyingKeyParts) -> Vec<AuditRow> {
    let compared = |(column, found): (usize, &G1Affine)| {
        let name = COLUMNS.get(column).map(|name| (*name).to_owned());
        let is_weight = name.is_none();
        let part = name.unwrap_or_else(|| format!("W_{}", column - FIXED_COLUMNS));
        if hidden && is_weight {
            return AuditRow {
                part,
                finding: Finding::Opaque,
                found: short(found),
                expected: None,
            };
        }
        let expected = made.get(column);
        row(
            part,
            expected == Some(found),
            short(found),
            expected.map_or_else(|| "does not fit".into(), short),
        )
    };
    key.commitments.iter().enumerate().map(compared).collect()
}

fn row(part: impl Into<String>, same: bool, found: String, expected: String) -> AuditRow {
    AuditRow {
        part: part.into(),
        finding: if same {
            Finding::Matches
        } else {
            Finding::Differs
        },
        found,
        expected: Some(expected),
    }
}

/// A commitment as people compare it.
fn short(point: &G1Affine) -> String {
    let bytes = point.to_bytes();
    let hex: String = bytes
        .as_ref()
        .iter()
        .rev()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    format!("0x{hex}")
}
