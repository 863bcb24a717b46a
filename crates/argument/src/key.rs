//! What a relation's keys hold.

use crate::{ArgumentError, Column, Domain, Powers, Relation};
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
        let commitments = commit(relation, &columns, powers)?;
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

fn commit<R: Relation>(
    relation: &R,
    columns: &[Column],
    powers: &Powers,
) -> Result<Vec<G1Affine>, ArgumentError> {
    let shape = relation.shape();
    shape.check()?;
    powers.check(shape)?;
    if columns.len() != shape.fixed_columns() {
        return Err(ArgumentError::Shape(format!(
            "{} fixed columns, expected {}",
            columns.len(),
            shape.fixed_columns()
        )));
    }
    if let Some(column) = columns.iter().find(|column| column.rows() > shape.rows()) {
        return Err(ArgumentError::Shape(format!(
            "a fixed column of {} rows, expected at most {}",
            column.rows(),
            shape.rows()
        )));
    }
    let domain = Domain::new(shape.k);
    let commit = |pack: crate::shape::Pack| {
        let slots: Vec<Vec<Fr>> = columns[pack.columns]
            .par_iter()
            .map(|column| {
                let mut values = column.values(shape.rows());
                domain.coefficients(&mut values);
                values
            })
            .collect();
        powers.commit(shape.pack, &slots)
    };
    let packs = shape.packs_of_fixed();
    let sums: Vec<G1> = packs.into_iter().map(commit).collect::<Result<_, _>>()?;
    let mut commitments = vec![G1Affine::default(); sums.len()];
    G1::batch_normalize(&sums, &mut commitments);
    Ok(commitments)
}
