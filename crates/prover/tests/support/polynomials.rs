//! Polynomials, coefficient by coefficient.
#![allow(dead_code, unreachable_pub, missing_docs)]

use halo2curves_axiom::{bn256::Fr, ff::Field};

pub fn evaluate(polynomial: &[Fr], at: Fr) -> Fr {
    let terms = polynomial.iter().rev();
    terms.fold(Fr::ZERO, |sum, coefficient| sum * at + coefficient)
}

pub fn product(a: &[Fr], b: &[Fr]) -> Vec<Fr> {
    let mut product = vec![Fr::ZERO; a.len() + b.len() - 1];
    for (i, a) in a.iter().enumerate() {
        for (j, b) in b.iter().enumerate() {
            product[i + j] += a * b;
        }
    }
    product
}
