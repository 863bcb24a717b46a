//! Recomputes everything in a verifying key that is public.
//!
//! The opcodes, the look-up regions and the table say *what* is computed; only the weight columns
//! may be hidden. Whoever knows the architecture lays it out with zeros for weights, commits to it,
//! and compares: what matches is what the architecture says. Of the weight columns, which hold much
//! that is no weight, a [`KeyProof`] says the same.

use crate::{Architecture, KeyProof, ProverError, Srs, key_proof::KeyProofChecker};
use halo2curves_axiom::{bn256::G1Affine, group::GroupEncoding};
use serde::{Deserialize, Serialize};
use std::{
    ops::Range,
    sync::{Arc, OnceLock},
};
use verdict_argument::{Relation, commit_group};
use verdict_circuit::{
    BLINDING_ROWS, Batch, FIXED_COLUMNS, HIDING_ROWS, KeyProofLayout, Lowered, Lowering, Tape,
    TapeRelation, fixed_columns, limb_sizes,
};
use verdict_model::{CompiledModel, IntegerGraph};
use verdict_wire::VerifyingKeyParts;

/// The fixed columns besides the weights, in the order of their commitments.
const COLUMNS: [&str; FIXED_COLUMNS] = ["u", "v", "w", "B", "P", "T_id", "T_key", "T_val"];

/// What a key is compared with.
#[derive(Clone, Copy, Debug)]
pub enum Subject<'a> {
    /// A model with private weights: its weight columns stay hidden.
    Architecture(&'a Architecture),
    /// A model with public weights: everything must match.
    Model(&'a CompiledModel),
}

impl Subject<'_> {
    /// The arithmetic, without private weights.
    fn graph(&self) -> &Arc<IntegerGraph> {
        match self {
            Self::Architecture(architecture) => architecture.model().shared_graph(),
            Self::Model(model) => model.shared_graph(),
        }
    }

    /// How the subject is laid out in a key of this width, with remainders cut into limbs of
    /// `limb_bits`.
    pub(crate) fn lay_out(
        &self,
        batch: &Batch,
        width: usize,
        limb_bits: u32,
    ) -> Result<(Lowered, Tape), ProverError> {
        let hidden = match self {
            Self::Architecture(architecture) => Some(architecture.outline().clone()),
            Self::Model(_) => None,
        };
        let lowering = Lowering {
            limb_bits,
            batch: batch.clone(),
            hidden,
        };
        let mut lowered = Lowered::with(self.graph().clone(), lowering)?;
        lowered.align_words(width);
        let tape = Tape::new(&lowered.program, &lowered, width)?;
        Ok((lowered, tape))
    }
}

/// What the audit says about a part of a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Finding {
    /// The part is what was recomputed.
    Matches,
    /// The part is something else.
    Differs,
    /// The part is hidden, and proved to be nothing that the architecture does not allow.
    Proved,
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
}

impl Audit {
    /// Whether nothing differs.
    pub fn passes(&self) -> bool {
        self.parts
            .iter()
            .all(|part| part.finding != Finding::Differs)
    }
}

/// Audits `key` for a batch of its subject. `srs` must be the set-up of the key, with as many points
/// at least.
///
/// A key with private weights does not pass without its key proof: see [`audit_with`].
pub fn audit(
    subject: Subject<'_>,
    batch: &Batch,
    key: &VerifyingKeyParts,
    srs: Srs,
) -> Result<Audit, ProverError> {
    audit_with(subject, batch, key, None, srs)
}

/// Audits `key`, whose weights are private, with the proof that what they hide is nothing else.
pub fn audit_with(
    subject: Subject<'_>,
    batch: &Batch,
    key: &VerifyingKeyParts,
    key_proof: Option<&KeyProof>,
    srs: Srs,
) -> Result<Audit, ProverError> {
    Auditor::new(subject, batch, (key.k, key.width, key.pack), srs)?.audit(key, key_proof)
}

/// What an architecture, or a model, lets be said about any key of one height, width and pack.
#[derive(Debug)]
pub struct Auditor {
    hidden: bool,
    srs: Srs,
    k: u32,
    width: usize,
    pack: usize,
    /// One for every way of cutting remainders.
    layouts: Vec<Layout>,
}

/// One way to lay the subject out, and the commitments that it gives.
#[derive(Debug)]
struct Layout {
    rows: usize,
    height: u32,
    words: usize,
    tape: Arc<Tape>,
    /// `None` where it does not fit the height.
    made: Option<Vec<G1Affine>>,
    /// What checks key proofs, once there is one to be checked.
    checker: OnceLock<KeyProofChecker>,
}

impl Auditor {
    /// Lays the subject out for keys of this height `k`, width, and number of columns to a pack.
    pub fn new(
        subject: Subject<'_>,
        batch: &Batch,
        (k, width, pack): (u32, usize, usize),
        srs: Srs,
    ) -> Result<Self, ProverError> {
        let mut auditor = Self {
            hidden: matches!(subject, Subject::Architecture(_)),
            srs,
            k,
            width,
            pack,
            layouts: Vec::new(),
        };
        for limb_bits in limb_sizes(subject.graph()) {
            let (lowered, tape) = subject.lay_out(batch, width, limb_bits)?;
            let layout = auditor.layout(lowered, tape)?;
            auditor.layouts.push(layout);
        }
        Ok(auditor)
    }

    fn usable(&self) -> usize {
        (1usize << self.k).saturating_sub(BLINDING_ROWS)
    }

    fn layout(&self, lowered: Lowered, tape: Tape) -> Result<Layout, ProverError> {
        let mut layout = Layout {
            rows: tape.rows(),
            height: tape.height(),
            words: tape.words(),
            tape: Arc::new(tape),
            made: None,
            checker: OnceLock::new(),
        };
        let tape = &layout.tape;
        let hiding = if self.hidden { HIDING_ROWS } else { 0 };
        if layout.rows + hiding > self.usable() {
            return Ok(layout);
        }
        let (k, width, pack) = (self.k, self.width, self.pack);
        let relation = TapeRelation::new(k, width, pack, layout.words + 1, self.hidden);
        let (shape, powers) = (relation.shape(), self.srs.powers());
        let columns = fixed_columns(&lowered.program, tape);
        let (public, weights) = columns.split_at(FIXED_COLUMNS);
        let mut made = commit_group(shape, 0, public, powers)?;
        // Nobody can tell what hidden weight columns commit to.
        if !self.hidden {
            made.extend(commit_group(shape, 1, weights, powers)?);
        }
        layout.made = Some(made);
        Ok(layout)
    }

    /// Audits a key. It says by its commitments which of the planner's ways of cutting remainders it
    /// was made with; the one that fits best is reported.
    pub fn audit(
        &self,
        key: &VerifyingKeyParts,
        key_proof: Option<&KeyProof>,
    ) -> Result<Audit, ProverError> {
        let (found, expected) = (
            (key.k, key.width, key.pack),
            (self.k, self.width, self.pack),
        );
        if found != expected {
            return Err(ProverError::Rejected(format!(
                "the key has height, width and columns to a pack {found:?}, the audit was prepared for {expected:?}"
            )));
        }
        // Making what checks a key proof takes longer than all else: it is done for the layout whose
        // public part is the key's, or nearest to it.
        let least = self.layouts.iter().map(|layout| {
            let public = self.public(layout, key, Finding::Opaque);
            differing(&public)
        });
        let least: Vec<usize> = least.collect();
        let fewest = least.iter().min();
        let mut best: Option<Audit> = None;
        for (layout, _) in self
            .layouts
            .iter()
            .zip(&least)
            .filter(|(_, n)| Some(*n) == fewest)
        {
            let audit = self.compare(layout, key, key_proof)?;
            let passes = audit.passes();
            if passes || best.is_none() {
                best = Some(audit);
            }
            if passes {
                break;
            }
        }
        best.ok_or_else(|| ProverError::Rejected("there is no layout to compare it with".into()))
    }

    fn compare(
        &self,
        layout: &Layout,
        key: &VerifyingKeyParts,
        key_proof: Option<&KeyProof>,
    ) -> Result<Audit, ProverError> {
        if !self.hidden {
            return Ok(Audit {
                parts: self.public(layout, key, Finding::Opaque),
                rows: layout.rows,
            });
        }
        let proof = self.key_proof(layout, key, key_proof)?;
        let weights = match proof.finding {
            Finding::Proved => Finding::Proved,
            _ => Finding::Opaque,
        };
        let mut parts = self.public(layout, key, weights);
        parts.insert(HEADER_ROWS, proof);
        Ok(Audit {
            parts,
            rows: layout.rows,
        })
    }

    /// Everything but the key proof's row. `weights` is what is to be said of hidden packs.
    fn public(&self, layout: &Layout, key: &VerifyingKeyParts, weights: Finding) -> Vec<AuditRow> {
        let made = layout.made.as_deref().unwrap_or(&[]);
        let mut parts = Vec::from(shape(self.hidden, layout, key));
        parts.extend(packs(self.hidden.then_some(weights), made, key));
        parts
    }

    /// The key proof's row: proved, or what is wrong with it.
    fn key_proof(
        &self,
        layout: &Layout,
        key: &VerifyingKeyParts,
        key_proof: Option<&KeyProof>,
    ) -> Result<AuditRow, ProverError> {
        let (finding, found) = match (&layout.made, key_proof) {
            (_, None) => (
                Finding::Differs,
                "none is given: private weights may hide anything".into(),
            ),
            (None, _) => (Finding::Differs, "the architecture does not fit".into()),
            (Some(_), Some(proof)) => match self.checker(layout)?.check(proof, key, &self.srs) {
                Ok(()) => (Finding::Proved, "support and ranges are proved".into()),
                Err(error) => (Finding::Differs, error.to_string()),
            },
        };
        Ok(AuditRow {
            part: "key proof".into(),
            finding,
            found,
            expected: None,
        })
    }

    /// What checks key proofs of a layout.
    fn checker<'a>(&self, layout: &'a Layout) -> Result<&'a KeyProofChecker, ProverError> {
        if let Some(checker) = layout.checker.get() {
            return Ok(checker);
        }
        let proofs = KeyProofLayout::new(layout.tape.clone(), self.k, self.pack)?;
        let checker = KeyProofChecker::new(proofs, &self.srs)?;
        Ok(layout.checker.get_or_init(|| checker))
    }
}

fn differing(parts: &[AuditRow]) -> usize {
    let parts = parts.iter();
    parts
        .filter(|part| part.finding == Finding::Differs)
        .count()
}

/// Rows of an audit that speak of the key's header.
const HEADER_ROWS: usize = 4;

/// What the key's header states.
fn shape(hidden: bool, layout: &Layout, key: &VerifyingKeyParts) -> [AuditRow; HEADER_ROWS] {
    let height = layout.made.is_some() && (hidden || layout.height == key.k);
    let least = if hidden { "at least " } else { "" };
    let (packs, expected) = (key.commitments.len(), key.relation().shape().fixed_packs());
    let values = layout.words + 1;
    let named = |hidden| if hidden { "private" } else { "public" };
    [
        row(
            "height",
            height,
            key.k.to_string(),
            format!("{least}{}", layout.height),
        ),
        row(
            "packs",
            packs == expected,
            packs.to_string(),
            expected.to_string(),
        ),
        row(
            "public values",
            key.public_values == values,
            key.public_values.to_string(),
            values.to_string(),
        ),
        row(
            "weights",
            key.hidden == hidden,
            named(key.hidden).into(),
            named(hidden).into(),
        ),
    ]
}

/// The names of the columns of every pack.
fn names(key: &VerifyingKeyParts) -> Vec<(String, Range<usize>)> {
    let of = |from: usize, to: usize| {
        (from..to)
            .step_by(key.pack)
            .map(move |start| start..to.min(start + key.pack))
    };
    let public = of(0, FIXED_COLUMNS).map(|columns| (COLUMNS[columns.clone()].join(" "), columns));
    let weights = of(FIXED_COLUMNS, FIXED_COLUMNS + key.width).map(|columns| {
        let (first, last) = (
            columns.start - FIXED_COLUMNS,
            columns.end - 1 - FIXED_COLUMNS,
        );
        let name = match first == last {
            true => format!("W_{first}"),
            false => format!("W_{first}…W_{last}"),
        };
        (name, columns)
    });
    public.chain(weights).collect()
}

/// The commitments, compared with those that were made; none were made of a tape that does not fit
/// the key's height.
///
/// What is to be said of weight columns is said of all of them; without it they are compared too.
fn packs(weights: Option<Finding>, made: &[G1Affine], key: &VerifyingKeyParts) -> Vec<AuditRow> {
    let compared = |(number, (part, columns)): (usize, (String, Range<usize>))| {
        let found = key.commitments.get(number).map(short).unwrap_or_default();
        if let Some(finding) = weights.filter(|_| columns.start >= FIXED_COLUMNS) {
            return AuditRow {
                part,
                finding,
                found,
                expected: None,
            };
        }
        let expected = made.get(number);
        row(
            part,
            expected.is_some() && expected == key.commitments.get(number),
            found,
            expected.map_or_else(|| "does not fit".into(), short),
        )
    };
    names(key).into_iter().enumerate().map(compared).collect()
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
