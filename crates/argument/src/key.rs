//! What a relation's keys hold.

use crate::{ArgumentError, Column, Domain, Powers, Relation, Shape};
use halo2curves_axiom::{
    bn256::{Fr, G1, G1Affine},
    group::Curve,
};
use rayon::prelude::*;

/// What verifiers know of a relation's fixed columns.
#[derive(Clone, Debug, PartialEq)]
pub struct VerifyingKey {
    /// What transcripts begin with: a digest of everything that the verifier believes.
    pub representation: Fr,
    /// The commitments to the packs of fixed columns.
    pub commitments: Vec<G1Affine>,
}

/// The fixed columns with their commitments.
#[derive(Clone, Debug)]
pub struct ProvingKey {
    pub(crate) columns: Vec<Column>,
    pub(crate) verifying: VerifyingKey,
}

impl ProvingKey {
    /// Commits to the fixed columns of a relation; `representation` makes the digest of the
    /// commitments.
    pub fn new<R: Relation>(
        relation: &R,
        columns: Vec<Column>,
        powers: &Powers,
        representation: impl FnOnce(&[G1Affine]) -> Fr,
    ) -> Result<Self, ArgumentError> {
        let commitments = commit_fixed(relation.shape(), &columns, powers)?;
        let verifying = VerifyingKey {
            representation: representation(&commitments),
            commitments,
        };
        Ok(Self { columns, verifying })
    }

    /// Takes a verifying key that is known to commit to these columns.
    pub fn with_verifying(columns: Vec<Column>, verifying: VerifyingKey) -> Self {
        Self { columns, verifying }
    }

    /// The verifying key.
    pub fn verifying(&self) -> &VerifyingKey {
        &self.verifying
    }
}

/// The commitments to the packs of all fixed columns of a shape.
fn commit_fixed(
    shape: &Shape,
    columns: &[Column],
    powers: &Powers,
) -> Result<Vec<G1Affine>, ArgumentError> {
    if columns.len() != shape.fixed_columns() {
        return Err(other_columns(columns.len(), shape.fixed_columns()));
    }
    let (mut commitments, mut before) = (Vec::new(), 0);
    for (number, group) in shape.fixed.iter().enumerate() {
        let end = before + group.columns;
        commitments.extend(commit_group(shape, number, &columns[before..end], powers)?);
        before = end;
    }
    Ok(commitments)
}

/// The commitments to the packs of one group of a shape's fixed columns, for whoever makes some of
/// them again and takes the others from a key.
pub fn commit_group(
    shape: &Shape,
    group: usize,
    columns: &[Column],
    powers: &Powers,
) -> Result<Vec<G1Affine>, ArgumentError> {
    shape.check()?;
    powers.check(shape)?;
    let expected = shape.fixed.get(group).map_or(0, |group| group.columns);
    if columns.len() != expected {
        return Err(other_columns(columns.len(), expected));
    }
    if let Some(column) = columns.iter().find(|column| column.rows() > shape.rows()) {
        return Err(ArgumentError::Shape(format!(
            "a fixed column of {} rows, expected at most {}",
            column.rows(),
            shape.rows()
        )));
    }
    let domain = Domain::new(shape.k);
    let commit = |columns: &[Column]| {
        let slots: Vec<Vec<Fr>> = columns
            .par_iter()
            .map(|column| {
                let mut values = column.values(shape.rows());
                domain.coefficients(&mut values);
                values
            })
            .collect();
        powers.commit(shape.pack, &slots)
    };
    let packs = columns.chunks(shape.pack);
    let sums: Vec<G1> = packs.map(commit).collect::<Result<_, _>>()?;
    let mut commitments = vec![G1Affine::default(); sums.len()];
    G1::batch_normalize(&sums, &mut commitments);
    Ok(commitments)
}

fn other_columns(found: usize, expected: usize) -> ArgumentError {
    ArgumentError::Shape(format!("{found} fixed columns, expected {expected}"))
}
