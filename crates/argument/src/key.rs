//! What a relation's keys hold.

use crate::{ArgumentError, Column, Domain, Powers, Relation, Shape};
use halo2curves_axiom::{
    bn256::{Fr, G1, G1Affine},
    ff::Field,
    group::Curve,
};
use rand::RngCore;
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

    /// Takes a verifying key that somebody says commits to these columns; `None` if it does not.
    ///
    /// One random combination of the packs says it of all, at the price of one commitment instead of
    /// as many as there are packs; a false key passes with probability `1/R`.
    pub fn with_verifying<R: Relation>(
        relation: &R,
        columns: Vec<Column>,
        powers: &Powers,
        verifying: VerifyingKey,
        rng: &mut impl RngCore,
    ) -> Result<Option<Self>, ArgumentError> {
        let shape = relation.shape();
        check(shape, &columns, shape.fixed_columns(), powers)?;
        let packs = shape.packs_of_fixed();
        if packs.len() != verifying.commitments.len() {
            return Ok(None);
        }
        let factors: Vec<Fr> = packs.iter().map(|_| Fr::random(&mut *rng)).collect();
        let mut slots = vec![vec![Fr::ZERO; shape.rows()]; shape.pack];
        for (pack, factor) in packs.into_iter().zip(&factors) {
            slots
                .par_iter_mut()
                .zip(&columns[pack.columns])
                .for_each(|(rows, column)| column.add_to(rows, *factor));
        }
        let domain = Domain::new(shape.k);
        slots
            .par_iter_mut()
            .for_each(|rows| domain.coefficients(rows));
        let expected = powers.commit(shape.pack, &slots)?;
        let found: G1 = verifying
            .commitments
            .iter()
            .zip(&factors)
            .map(|(commitment, factor)| commitment * factor)
            .sum();
        Ok((found == expected).then_some(Self { columns, verifying }))
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
    check(shape, columns, shape.fixed_columns(), powers)?;
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
    let expected = shape.fixed.get(group).map_or(0, |group| group.columns);
    check(shape, columns, expected, powers)?;
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

/// Refuses columns that are not a shape's, and a set-up that is too small for it.
fn check(
    shape: &Shape,
    columns: &[Column],
    expected: usize,
    powers: &Powers,
) -> Result<(), ArgumentError> {
    shape.check()?;
    powers.check(shape)?;
    if columns.len() != expected {
        return Err(ArgumentError::Shape(format!(
            "{} fixed columns, expected {expected}",
            columns.len()
        )));
    }
    if let Some(column) = columns.iter().find(|column| column.rows() > shape.rows()) {
        return Err(ArgumentError::Shape(format!(
            "a fixed column of {} rows, expected at most {}",
            column.rows(),
            shape.rows()
        )));
    }
    Ok(())
}
