//! The verifier, written once over snark-verifier's loaders: natively it is the Rust verifier, over
//! the EVM's loader it writes a contract. Names are those of docs/protocol.md.

use crate::{
    ArgumentError, Constants, Domain, Relation, Row, VerifyingKey,
    shape::{Pack, Shape},
};
use halo2curves_axiom::{
    bn256::{Bn256, Fr, G1Affine, G2Affine},
    ff::Field,
    group::Group,
    pairing::{MillerLoopResult, MultiMillerLoop},
};
use snark_verifier::{
    loader::{LoadedScalar, Loader, ScalarLoader, native::NativeLoader},
    system::halo2::transcript::evm::EvmTranscript,
    util::transcript::TranscriptRead,
};

/// A verifying key in the arithmetic at hand.
#[allow(missing_debug_implementations)]
pub struct LoadedKey<L: Loader<G1Affine>> {
    /// What the transcript begins with.
    pub representation: L::LoadedScalar,
    /// The commitments to the packs of fixed columns.
    pub commitments: Vec<L::LoadedEcPoint>,
}

/// Points `(A, B)` with `e(A, [1]_2) = e(B, [τ]_2)` if and only if the proof is good.
#[allow(missing_debug_implementations)]
pub struct Accumulator<L: Loader<G1Affine>> {
    /// What is paired with `[1]_2`.
    pub left: L::LoadedEcPoint,
    /// What is paired with `[τ]_2`.
    pub right: L::LoadedEcPoint,
}

/// Verifies a proof, knowing nothing but the key and the set-up's `[τ]_2`.
pub fn verify<R: Relation>(
    relation: &R,
    key: &VerifyingKey,
    tau: G2Affine,
    instance: &[Fr],
    proof: &[u8],
) -> Result<(), ArgumentError> {
    let reject = |what: String| Err(ArgumentError::Rejected(what));
    let expected = relation.shape().proof_bytes();
    if proof.len() != expected {
        return reject(format!("{} bytes, expected {expected}", proof.len()));
    }
    let mut rest = proof;
    let mut transcript = EvmTranscript::<G1Affine, NativeLoader, _, _>::new(&mut rest);
    let loaded = LoadedKey::<NativeLoader> {
        representation: key.representation,
        commitments: key.commitments.clone(),
    };
    let Accumulator { left, right } = accumulate(relation, &loaded, instance, &mut transcript)?;
    let terms = [
        (&left, &(-G2Affine::generator()).into()),
        (&right, &tau.into()),
    ];
    let pairing = Bn256::multi_miller_loop(&terms).final_exponentiation();
    if !bool::from(pairing.is_identity()) {
        return reject("the pairing does not hold".into());
    }
    Ok(())
}

/// Reads a proof and leaves one pairing to be checked.
pub fn accumulate<R, L, T>(
    relation: &R,
    key: &LoadedKey<L>,
    instance: &[L::LoadedScalar],
    transcript: &mut T,
) -> Result<Accumulator<L>, ArgumentError>
where
    R: Relation,
    L: Loader<G1Affine>,
    T: TranscriptRead<G1Affine, L>,
{
    let shape = relation.shape();
    shape.check()?;
    let count = |what: &str, found: usize, expected: usize| match found == expected {
        true => Ok(()),
        false => Err(ArgumentError::Rejected(format!(
            "{found} {what}, expected {expected}"
        ))),
    };
    count("public values", instance.len(), shape.instance)?;
    count(
        "commitments in the key",
        key.commitments.len(),
        shape.fixed_packs(),
    )?;
    let read = Proof::<L>::read(shape, key, instance, transcript).map_err(malformed)?;
    let points = Points::new(shape, instance, &read);
    let quotient = read.quotient(relation, &points);
    Ok(read.open(shape, key, &points, quotient))
}

fn malformed(error: snark_verifier::Error) -> ArgumentError {
    ArgumentError::Rejected(format!("{error:?}"))
}

/// What a proof says, and the challenges drawn on the way.
struct Proof<L: Loader<G1Affine>> {
    /// Advice packs, phase after phase.
    advice: Vec<L::LoadedEcPoint>,
    /// Fixed packs that were blinded again.
    blinded: Vec<L::LoadedEcPoint>,
    quotient: Vec<L::LoadedEcPoint>,
    /// What hidden packs were blinded with.
    blind: Option<L::LoadedEcPoint>,
    challenges: Vec<L::LoadedScalar>,
    fold: L::LoadedScalar,
    x: L::LoadedScalar,
    advice_at: Vec<L::LoadedScalar>,
    previous_at: Vec<L::LoadedScalar>,
    fixed_at: Vec<L::LoadedScalar>,
    /// All pieces of the quotient but the first.
    pieces_at: Vec<L::LoadedScalar>,
    gamma: L::LoadedScalar,
    z: L::LoadedScalar,
    opening: [L::LoadedEcPoint; 2],
}

impl<L: Loader<G1Affine>> Proof<L> {
    fn read<T: TranscriptRead<G1Affine, L>>(
        shape: &Shape,
        key: &LoadedKey<L>,
        instance: &[L::LoadedScalar],
        transcript: &mut T,
    ) -> Result<Self, snark_verifier::Error> {
        transcript.common_scalar(&key.representation)?;
        for value in instance {
            transcript.common_scalar(value)?;
        }
        let (mut advice, mut blinded, mut challenges) = (Vec::new(), Vec::new(), Vec::new());
        for (number, phase) in shape.phases.iter().enumerate() {
            advice.extend(transcript.read_n_ec_points(shape.packs_of_phase(number).len())?);
            if number == 0 {
                let hidden = shape.packs_of_fixed().iter().filter(|p| p.special).count();
                blinded = transcript.read_n_ec_points(hidden)?;
            }
            challenges.extend(transcript.squeeze_n_challenges(phase.challenges));
        }
        let fold = transcript.squeeze_challenge();
        let quotient = transcript.read_n_ec_points(shape.packs_of_quotient().len())?;
        let blind = shape
            .hides()
            .then(|| transcript.read_ec_point())
            .transpose()?;
        let x = transcript.squeeze_challenge();
        let advice_at = transcript.read_n_scalars(shape.advice_columns())?;
        let previous_at = transcript.read_n_scalars(shape.shifted_columns())?;
        let fixed_at = transcript.read_n_scalars(shape.fixed_columns())?;
        let pieces_at = transcript.read_n_scalars(shape.pieces() - 1)?;
        let gamma = transcript.squeeze_challenge();
        let first = transcript.read_ec_point()?;
        let z = transcript.squeeze_challenge();
        let second = transcript.read_ec_point()?;
        Ok(Self {
            advice,
            blinded,
            quotient,
            blind,
            challenges,
            fold,
            x,
            advice_at,
            previous_at,
            fixed_at,
            pieces_at,
            gamma,
            z,
            opening: [first, second],
        })
    }

    /// The value of the quotient's first piece at `x`: what the gates leave to it.
    fn quotient<R: Relation>(&self, relation: &R, points: &Points<L>) -> L::LoadedScalar {
        let loader = self.x.loader();
        let constants = Constants::new(|value| loader.load_const(&value));
        let prepared = relation.prepare(self.challenges.clone(), &constants);
        let seen = prepared.seen.iter().map(|seen| seen.of(&self.fixed_at));
        let seen: Vec<_> = seen.collect();
        let row = Row {
            fixed: &seen,
            advice: &self.advice_at,
            previous: &self.previous_at,
            instance: &points.instance,
            challenges: &prepared.challenges,
            constants: &constants,
        };
        let mut folded = loader.load_zero();
        relation.gates(&row, &mut |gate| {
            folded = folded.clone() * &self.fold + &gate;
        });
        let step = power::<L>(&self.x, relation.shape().split());
        // Horner's rule over the pieces from the last to the second.
        let upper = self
            .pieces_at
            .iter()
            .rev()
            .fold(loader.load_zero(), |sum, piece| sum * &step + piece);
        folded * &points.vanishing_inverse - upper * &step
    }

    /// SHPLONK over packs.
    fn open(
        &self,
        shape: &Shape,
        key: &LoadedKey<L>,
        points: &Points<L>,
        first_piece: L::LoadedScalar,
    ) -> Accumulator<L> {
        let loader = self.x.loader();
        let pieces: Vec<_> = std::iter::once(first_piece)
            .chain(self.pieces_at.iter().cloned())
            .collect();
        let mut terms = Terms::<'_, L>::new(self.gamma.clone(), loader.load_one());
        let advice = (0..shape.phases.len()).flat_map(|phase| shape.packs_of_phase(phase));
        let (shifted, plain): (Vec<_>, Vec<_>) =
            advice.zip(&self.advice).partition(|(pack, _)| pack.special);

        // Opened at x alone.
        for (pack, point) in &plain {
            let value = at(&self.advice_at, pack, &self.z);
            terms.take(point, value);
        }
        let mut blinded = self.blinded.iter();
        let mut links = Vec::new();
        for (pack, point) in shape.packs_of_fixed().iter().zip(&key.commitments) {
            let value = at(&self.fixed_at, pack, &self.z);
            match pack.special {
                false => terms.take(point, value),
                true => {
                    let Some(again) = blinded.next() else {
                        continue;
                    };
                    links.push((point, again));
                    terms.take(again, value);
                }
            }
        }
        for (pack, point) in shape.packs_of_quotient().iter().zip(&self.quotient) {
            terms.take(point, at(&pieces, pack, &self.z));
        }
        if let Some(blind) = &self.blind {
            // Σ Y^i·(P̂_i − P_i) − (x^n − 1)·b, which is zero at x.
            let factor = terms.next();
            let mut link = factor.clone();
            for (before, again) in links {
                terms.add(again, link.clone());
                terms.add(before, -link.clone());
                link *= &self.fold;
            }
            terms.add(blind, -(factor * &points.vanishing));
        }

        // Opened at x and one row back.
        for (pack, point) in &shifted {
            let before = shape.advice_columns() - shape.shifted_columns();
            let back = Pack {
                columns: pack.columns.start - before..pack.columns.end - before,
                special: true,
            };
            let here = at(&self.advice_at, pack, &self.z);
            let there = at(&self.previous_at, &back, &self.z);
            // The line through both, at z^t, over z^t − ω⁻¹x.
            let line = here * &points.gap_inverse - there * &points.gap_inverse * &points.beyond;
            terms.take_scaled(point, &points.shifted_inverse, line);
        }
        let [first, second] = &self.opening;
        terms.add(first, -points.at_pack.clone());
        terms.add(second, self.z.clone());
        let rho = terms.value.clone();
        let generator = loader.ec_point_load_one();
        terms.points.push((-rho, &generator));
        let pairs: Vec<_> = terms.points.iter().map(|(s, p)| (s, *p)).collect();
        Accumulator {
            left: L::multi_scalar_multiplication(&pairs),
            right: second.clone(),
        }
    }
}

/// `Σ_j z^j·value_j` over a pack.
fn at<S: Clone + std::ops::Add<Output = S> + for<'a> std::ops::Mul<&'a S, Output = S>>(
    values: &[S],
    pack: &Pack,
    z: &S,
) -> S {
    let mut values = values[pack.columns.clone()].iter().rev().cloned();
    let last = values.next();
    let last = last.unwrap_or_else(|| z.clone());
    values.fold(last, |sum, value| sum * z + value)
}

/// A sum of multiples of commitments, and the value that it should have.
struct Terms<'a, L: Loader<G1Affine>> {
    points: Vec<(L::LoadedScalar, &'a L::LoadedEcPoint)>,
    value: L::LoadedScalar,
    gamma: L::LoadedScalar,
    power: L::LoadedScalar,
}

impl<'a, L: Loader<G1Affine>> Terms<'a, L> {
    fn new(gamma: L::LoadedScalar, one: L::LoadedScalar) -> Self {
        let value = gamma.loader().load_zero();
        Self {
            points: Vec::new(),
            value,
            gamma,
            power: one,
        }
    }

    /// The next power of γ.
    fn next(&mut self) -> L::LoadedScalar {
        let power = self.power.clone();
        self.power = power.clone() * &self.gamma;
        power
    }

    fn add(&mut self, point: &'a L::LoadedEcPoint, factor: L::LoadedScalar) {
        self.points.push((factor, point));
    }

    /// A commitment and the value of its remainder.
    fn take(&mut self, point: &'a L::LoadedEcPoint, value: L::LoadedScalar) {
        let factor = self.next();
        self.value = self.value.clone() + &(value * &factor);
        self.add(point, factor);
    }

    /// A commitment times some scale, and its remainder's value, which is scaled already.
    fn take_scaled(
        &mut self,
        point: &'a L::LoadedEcPoint,
        scale: &L::LoadedScalar,
        value: L::LoadedScalar,
    ) {
        let factor = self.next();
        self.value = self.value.clone() + &(value * &factor);
        self.add(point, factor * scale);
    }
}

/// What depends on the points alone.
struct Points<L: Loader<G1Affine>> {
    /// The public values' polynomial at `x`.
    instance: L::LoadedScalar,
    /// `x^n − 1`.
    vanishing: L::LoadedScalar,
    vanishing_inverse: L::LoadedScalar,
    /// `1/(x − ω⁻¹x)`.
    gap_inverse: L::LoadedScalar,
    /// `1/(z^t − ω⁻¹x)`.
    shifted_inverse: L::LoadedScalar,
    /// `z^t − x`.
    at_pack: L::LoadedScalar,
    /// `(z^t − x)/(z^t − ω⁻¹x)`.
    beyond: L::LoadedScalar,
}

impl<L: Loader<G1Affine>> Points<L> {
    fn new(shape: &Shape, instance: &[L::LoadedScalar], proof: &Proof<L>) -> Self {
        let loader = proof.x.loader();
        let domain = Domain::new(shape.k);
        let one = loader.load_one();
        let x = &proof.x;
        let vanishing = power::<L>(x, shape.rows()) - &one;
        let at_pack = power::<L>(&proof.z, shape.pack);
        let back = loader.load_const(&domain.omega_inverse()) * x;
        let mut inverses = vec![
            vanishing.clone(),
            x.clone() - &back,
            at_pack.clone() - &back,
        ];
        // 1/(x − ω^i), for the public values.
        let mut root = Fr::ONE;
        for _ in instance {
            inverses.push(x.clone() - &loader.load_const(&root));
            root *= domain.omega();
        }
        let mut inverses = invert_all::<L>(&inverses).into_iter();
        let [vanishing_inverse, gap_inverse, shifted_inverse] =
            std::array::from_fn(|_| inverses.next().unwrap_or_else(|| one.clone()));
        let mut root = domain.size_inverse();
        let mut sum = loader.load_zero();
        for (value, inverse) in instance.iter().zip(inverses) {
            sum += &(loader.load_const(&root) * &inverse * value);
            root *= domain.omega();
        }
        let at_pack = at_pack - x;
        Self {
            instance: sum * &vanishing,
            vanishing,
            vanishing_inverse,
            gap_inverse,
            beyond: at_pack.clone() * &shifted_inverse,
            shifted_inverse,
            at_pack,
        }
    }
}

/// `base^exponent`, for an exponent that is not zero.
fn power<L: Loader<G1Affine>>(base: &L::LoadedScalar, exponent: usize) -> L::LoadedScalar {
    base.pow_const(exponent as u64)
}

/// All inverses for the price of one, and three products each. The loaders' own batch inversion
/// writes where its arguments stand, which on the EVM changes every copy of them; a zero, which
/// a point drawn by the transcript makes with probability `2/R`, makes all of them zero.
fn invert_all<L: Loader<G1Affine>>(values: &[L::LoadedScalar]) -> Vec<L::LoadedScalar> {
    let mut products: Vec<<L as ScalarLoader<Fr>>::LoadedScalar> = Vec::with_capacity(values.len());
    for value in values {
        products.push(match products.last() {
            Some(product) => product.clone() * value,
            None => value.clone(),
        });
    }
    let Some(last) = products.pop() else {
        return Vec::new();
    };
    let mut inverse = LoadedScalar::invert(&last).unwrap_or_else(|| last.loader().load_zero());
    let mut inverses = Vec::with_capacity(values.len());
    for (value, before) in values[1..].iter().zip(&products).rev() {
        inverses.push(inverse.clone() * before);
        inverse *= value;
    }
    inverses.push(inverse);
    inverses.reverse();
    inverses
}
