//! What a relation says of its rows, once for every arithmetic: field elements for the prover,
//! loaded scalars for verifiers, expressions for a constraint checker.

use crate::Shape;
use halo2curves_axiom::{
    bn256::Fr,
    ff::{Field, PrimeField},
};
use std::ops::{Add, Mul, Neg, Sub};

/// A ring to evaluate gates in.
pub trait Arith:
    Clone + Add<Output = Self> + Sub<Output = Self> + Mul<Output = Self> + Neg<Output = Self>
{
}

impl<T> Arith for T where
    T: Clone + Add<Output = Self> + Sub<Output = Self> + Mul<Output = Self> + Neg<Output = Self>
{
}

/// Numbers that gates contain, in the arithmetic at hand.
#[derive(Clone, Debug)]
pub struct Constants<S> {
    /// 1
    pub one: S,
    /// 2
    pub two: S,
    /// 1/2
    pub half: S,
}

impl<S> Constants<S> {
    /// Takes each constant from a field element.
    pub fn new(constant: impl Fn(Fr) -> S) -> Self {
        Self {
            one: constant(Fr::ONE),
            two: constant(Fr::from(2)),
            half: constant(Fr::TWO_INV),
        }
    }
}

/// What gates see of fixed columns: one as it is, or a combination. Combinations are formed before
/// anything is transformed, so that a row of many columns costs the prover one polynomial.
#[derive(Clone, Debug)]
pub enum Seen<S> {
    /// A column.
    Column(usize),
    /// The first column plus multiples of others.
    Sum(usize, Vec<(S, usize)>),
}

impl<S: Arith> Seen<S> {
    /// What is seen where the fixed columns have these values.
    pub fn of(&self, columns: &[S]) -> S {
        match self {
            Self::Column(column) => columns[*column].clone(),
            Self::Sum(first, rest) => rest
                .iter()
                .fold(columns[*first].clone(), |sum, (factor, column)| {
                    sum + factor.clone() * columns[*column].clone()
                }),
        }
    }
}

/// What the challenges make of a relation.
#[derive(Clone, Debug)]
pub struct Prepared<S> {
    /// The challenges, and whatever else gates need that depends on nothing but these.
    pub challenges: Vec<S>,
    /// What [`Row::fixed`] has.
    pub seen: Vec<Seen<S>>,
}

/// Values on one row, or at one point.
#[derive(Debug)]
pub struct Row<'a, S> {
    /// What [`Prepared::seen`] says.
    pub fixed: &'a [S],
    /// The advice columns of all phases.
    pub advice: &'a [S],
    /// The columns of shifted phases one row back.
    pub previous: &'a [S],
    /// The public values' polynomial.
    pub instance: &'a S,
    /// [`Prepared::challenges`].
    pub challenges: &'a [S],
    /// Numbers.
    pub constants: &'a Constants<S>,
}

/// Columns of some shape, and polynomials in them that vanish on all rows.
pub trait Relation: Sync {
    /// The columns.
    fn shape(&self) -> &Shape;

    /// What depends on the challenges alone.
    fn prepare<S: Arith>(&self, challenges: Vec<S>, constants: &Constants<S>) -> Prepared<S>;

    /// The gates, in an order that is part of the protocol, of total degree [`Shape::degree`] at
    /// most in columns; columns of hidden groups occur linearly.
    fn gates<S: Arith>(&self, row: &Row<'_, S>, gate: &mut impl FnMut(S));
}
