//! Powers of a root of unity, and transforms between values on them and coefficients.

use halo2curves_axiom::{
    bn256::Fr,
    ff::{Field, PrimeField},
    fft::best_fft,
};
use rayon::prelude::*;

/// The `2^k` powers of `ω`.
#[derive(Clone, Debug)]
pub struct Domain {
    k: u32,
    omega: Fr,
    omega_inverse: Fr,
    size_inverse: Fr,
}

impl Domain {
    /// The domain of `2^k` rows; `k` is at most 28.
    pub fn new(k: u32) -> Self {
        let omega = (k..Fr::S).fold(Fr::ROOT_OF_UNITY, |root, _| root.square());
        let omega_inverse = (k..Fr::S).fold(Fr::ROOT_OF_UNITY_INV, |root, _| root.square());
        let size_inverse = (0..k).fold(Fr::ONE, |inverse, _| inverse * Fr::TWO_INV);
        Self {
            k,
            omega,
            omega_inverse,
            size_inverse,
        }
    }

    /// The number of rows.
    pub fn size(&self) -> usize {
        1 << self.k
    }

    /// The generator.
    pub fn omega(&self) -> Fr {
        self.omega
    }

    /// The generator's inverse.
    pub fn omega_inverse(&self) -> Fr {
        self.omega_inverse
    }

    /// `1/n`.
    pub fn size_inverse(&self) -> Fr {
        self.size_inverse
    }

    /// Values on the rows of the polynomial with these coefficients.
    pub fn values(&self, coefficients: &mut [Fr]) {
        best_fft(coefficients, self.omega, self.k);
    }

    /// Coefficients of the polynomial with these values.
    pub fn coefficients(&self, values: &mut [Fr]) {
        best_fft(values, self.omega_inverse, self.k);
        let factor = self.size_inverse;
        values.par_iter_mut().for_each(|value| *value *= factor);
    }

    /// Values at `shift·ω^i` of a polynomial of which coefficient `n + i` is folded onto `i`.
    pub(crate) fn values_on_coset(&self, coefficients: &[Fr], shift: Fr) -> Vec<Fr> {
        let n = self.size();
        let mut values = coefficients[..n.min(coefficients.len())].to_vec();
        values.resize(n, Fr::ZERO);
        if coefficients.len() > n {
            let factor = shift.pow_vartime([n as u64]);
            for (value, high) in values.iter_mut().zip(&coefficients[n..]) {
                *value += *high * factor;
            }
        }
        scale(&mut values, shift);
        self.values(&mut values);
        values
    }

    /// Coefficients of the polynomial of degree below `n` with these values at `shift·ω^i`.
    pub(crate) fn coefficients_from_coset(&self, values: &mut [Fr], shift_inverse: Fr) {
        self.coefficients(values);
        scale(values, shift_inverse);
    }

    /// `λ_i` with `f(x) = Σ λ_i·f(ω^i)` for all `f` of degree below `n`. `x` is not in the domain,
    /// but for a probability of `n/R`; then all are zero.
    pub(crate) fn lagrange(&self, x: Fr) -> Vec<Fr> {
        const CHUNK: usize = 1 << 12;
        let n = self.size();
        let factor = (x.pow_vartime([n as u64]) - Fr::ONE) * self.size_inverse;
        let mut weights = vec![Fr::ZERO; n];
        weights
            .par_chunks_mut(CHUNK)
            .enumerate()
            .for_each(|(chunk, weights)| {
                let first = self.omega.pow_vartime([(chunk * CHUNK) as u64]);
                let mut root = first;
                for weight in weights.iter_mut() {
                    *weight = x - root;
                    root *= self.omega;
                }
                invert(weights);
                let mut root = first * factor;
                for weight in weights.iter_mut() {
                    *weight *= root;
                    root *= self.omega;
                }
            });
        weights
    }
}

/// Multiplies value `i` by `base^i`.
fn scale(values: &mut [Fr], base: Fr) {
    const CHUNK: usize = 1 << 12;
    values
        .par_chunks_mut(CHUNK)
        .enumerate()
        .for_each(|(chunk, values)| {
            let mut factor = base.pow_vartime([(chunk * CHUNK) as u64]);
            for value in values {
                *value *= factor;
                factor *= base;
            }
        });
}

/// Inverts every element in place with one inversion; zeros (negligibly likely) stay zero.
pub fn invert(values: &mut [Fr]) {
    let mut products = Vec::with_capacity(values.len());
    let mut product = Fr::ONE;
    for value in values.iter() {
        products.push(product);
        if *value != Fr::ZERO {
            product *= value;
        }
    }
    let mut inverse = product.invert().unwrap_or(Fr::ZERO);
    for (value, before) in values.iter_mut().zip(products).rev() {
        if *value != Fr::ZERO {
            let inverted = inverse * before;
            inverse *= *value;
            *value = inverted;
        }
    }
}

/// `f(x)` by Horner's rule, in chunks.
pub(crate) fn evaluate(coefficients: &[Fr], x: Fr) -> Fr {
    const CHUNK: usize = 1 << 13;
    let step = x.pow_vartime([CHUNK as u64]);
    let horner = |part: &[Fr]| part.iter().rev().fold(Fr::ZERO, |sum, c| sum * x + c);
    let parts: Vec<Fr> = coefficients.par_chunks(CHUNK).map(horner).collect();
    parts
        .into_iter()
        .rev()
        .fold(Fr::ZERO, |sum, part| sum * step + part)
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::{SeedableRng, rngs::StdRng};

    #[test]
    fn transforms_agree_with_horner() {
        let mut rng = StdRng::seed_from_u64(1);
        let domain = Domain::new(5);
        let coefficients: Vec<Fr> = (0..34).map(|_| Fr::random(&mut rng)).collect();
        let shift = Fr::random(&mut rng);
        let values = domain.values_on_coset(&coefficients, shift);
        let mut point = shift;
        for value in values {
            assert_eq!(value, evaluate(&coefficients, point));
            point *= domain.omega();
        }
        let mut values = domain.values_on_coset(&coefficients[..32], shift);
        domain.coefficients_from_coset(&mut values, shift.invert().unwrap_or(Fr::ZERO));
        assert_eq!(values, coefficients[..32]);
        let x = Fr::random(&mut rng);
        let mut values = coefficients[..32].to_vec();
        domain.values(&mut values);
        let sum: Fr = values
            .iter()
            .zip(domain.lagrange(x))
            .map(|(v, l)| *v * l)
            .sum();
        assert_eq!(sum, evaluate(&coefficients[..32], x));
    }
}
