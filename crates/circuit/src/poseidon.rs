//! Poseidon over BN254's scalar field with circomlib's parameters, and as squares for the tape.
//!
//! A commitment to `n` packed words is `tree(salt, w_1, …, w_n)`: up to twelve elements are hashed
//! at once, more in groups of twelve (the last one may be smaller) whose hashes are hashed again.
//! The number of words belongs to the model, so no padding is needed.
//!
//! The permutation is a network whose activation is `a⁵`. With squares alone,
//! `2a⁵ = (a⁴ + a)² − (a⁴)² − a²`, and `2a = (a + 1)² − a² − 1` hands a value on: a round takes
//! three levels.

use ark_ff::{BigInteger, PrimeField as _};
use halo2curves_axiom::{
    bn256::Fr,
    ff::{Field, PrimeField},
};
use std::sync::OnceLock;

/// Most elements that one permutation hashes: circomlib's parameters go on, those of the library
/// end here.
pub const MAX_ARITY: usize = 12;

/// A commitment's salt. The tape hands on squares of what it does not look up, so a salt is a
/// square: half of all field elements.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Salt(Fr);

impl Salt {
    /// The salt `root²`.
    pub const fn from_root(root: Fr) -> Self {
        Self(root)
    }

    /// A random salt.
    pub fn random(rng: impl rand::RngCore) -> Self {
        Self(Fr::random(rng))
    }

    /// What is squared.
    pub const fn root(&self) -> Fr {
        self.0
    }

    /// What is hashed.
    pub fn value(&self) -> Fr {
        self.0.square()
    }
}

/// Parameters of one width.
#[derive(Debug)]
struct Parameters {
    full_rounds: usize,
    partial_rounds: usize,
    /// The constants, round by round and element by element.
    constants: Vec<Fr>,
    matrix: Vec<Vec<Fr>>,
}

/// Parameters for `arity` elements, which must be 1 to [`MAX_ARITY`].
fn parameters(arity: usize) -> &'static Parameters {
    static ALL: OnceLock<Vec<Parameters>> = OnceLock::new();
    let all = ALL.get_or_init(|| {
        (2..=MAX_ARITY as u8 + 1)
            .filter_map(|width| {
                light_poseidon::parameters::bn254_x5::get_poseidon_parameters::<ark_bn254::Fr>(
                    width,
                )
                .ok()
            })
            .map(|found| Parameters {
                full_rounds: found.full_rounds,
                partial_rounds: found.partial_rounds,
                constants: found.ark.iter().map(from_ark).collect(),
                matrix: found
                    .mds
                    .iter()
                    .map(|row| row.iter().map(from_ark).collect())
                    .collect(),
            })
            .collect()
    });
    &all[arity.clamp(1, MAX_ARITY) - 1]
}

fn from_ark(value: &ark_bn254::Fr) -> Fr {
    let mut repr = <Fr as PrimeField>::Repr::default();
    repr.as_mut()
        .copy_from_slice(&value.into_bigint().to_bytes_le());
    // The two libraries' fields are the same, so what one holds is canonical in the other.
    Option::from(Fr::from_repr(repr)).unwrap_or(Fr::ZERO)
}

/// Poseidon of 1 to [`MAX_ARITY`] elements, as circomlib computes it.
pub fn poseidon(inputs: &[Fr]) -> Fr {
    let parameters = parameters(inputs.len());
    let mut state = vec![Fr::ZERO];
    state.extend_from_slice(inputs);
    for round in 0..parameters.full_rounds + parameters.partial_rounds {
        for (element, constant) in state
            .iter_mut()
            .zip(&parameters.constants[round * (inputs.len() + 1)..])
        {
            *element += constant;
        }
        let boxes = parameters.boxes(round, state.len());
        for element in &mut state[..boxes] {
            *element *= element.square().square();
        }
        state = parameters
            .matrix
            .iter()
            .map(|row| row.iter().zip(&state).map(|(m, s)| *m * s).sum())
            .collect();
    }
    state[0]
}

/// The commitment to packed words under a salt.
pub fn commit(words: &[Fr], salt: Fr) -> Fr {
    let mut elements = vec![salt];
    elements.extend_from_slice(words);
    while elements.len() > MAX_ARITY {
        elements = elements.chunks(MAX_ARITY).map(poseidon).collect();
    }
    poseidon(&elements)
}

impl Parameters {
    /// Elements that round `round` raises to the fifth power.
    fn boxes(&self, round: usize, width: usize) -> usize {
        let half = self.full_rounds / 2;
        if (half..half + self.partial_rounds).contains(&round) {
            1
        } else {
            width
        }
    }
}

/// What a linear form is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Part {
    /// An input of the commitment: 0 is the salt.
    Input(usize),
    /// The square of root `.1` of stage `.0`.
    Square(usize, usize),
}

/// `constant + Σ coefficient·part`.
#[derive(Clone, Debug, Default)]
pub(crate) struct Form {
    pub(crate) parts: Vec<(Part, Fr)>,
    pub(crate) constant: Fr,
}

impl Form {
    fn of(part: Part) -> Self {
        Self {
            parts: vec![(part, Fr::ONE)],
            constant: Fr::ZERO,
        }
    }

    fn plus(mut self, constant: Fr) -> Self {
        self.constant += constant;
        self
    }

    fn add(&mut self, other: &Self, factor: Fr) {
        self.constant += other.constant * factor;
        self.parts
            .extend(other.parts.iter().map(|(part, c)| (*part, *c * factor)));
    }

    /// The same form with each part named once.
    fn gathered(mut self) -> Self {
        self.parts.sort_by_key(|(part, _)| *part);
        self.parts.dedup_by(|next, kept| {
            let same = next.0 == kept.0;
            if same {
                kept.1 += next.1;
            }
            same
        });
        self.parts.retain(|(_, c)| *c != Fr::ZERO);
        self
    }
}

/// What a commitment squares, stage by stage.
pub(crate) type Roots = Vec<Vec<Fr>>;

/// A commitment as stages of squares: each stage's roots are linear forms of inputs and earlier
/// stages' squares.
#[derive(Clone, Debug, Default)]
pub(crate) struct Network {
    pub(crate) stages: Vec<Vec<Form>>,
    /// The commitment.
    pub(crate) output: Form,
}

impl Network {
    /// The commitment to `words` words.
    pub(crate) fn new(words: usize) -> Self {
        let mut network = Self::default();
        let mut elements: Vec<Form> = (0..=words).map(|i| Form::of(Part::Input(i))).collect();
        while elements.len() > MAX_ARITY {
            let first = network.stages.len();
            let groups: Vec<Vec<Form>> = elements.chunks(MAX_ARITY).map(<[Form]>::to_vec).collect();
            elements = groups
                .into_iter()
                .map(|group| network.permutation(group, first))
                .collect();
        }
        let first = network.stages.len();
        network.output = network.permutation(elements, first);
        network
    }

    /// Adds a root to a stage and returns its square.
    fn square(&mut self, stage: usize, root: &Form) -> Form {
        while self.stages.len() <= stage {
            self.stages.push(Vec::new());
        }
        self.stages[stage].push(root.clone().gathered());
        Form::of(Part::Square(stage, self.stages[stage].len() - 1))
    }

    /// Hashes `inputs`, its first stage being `stage`.
    fn permutation(&mut self, inputs: Vec<Form>, mut stage: usize) -> Form {
        let half = Fr::from(2).invert().unwrap_or(Fr::ZERO);
        let parameters = parameters(inputs.len());
        let mut state = vec![Form::default()];
        state.extend(inputs);
        let width = state.len();
        for round in 0..parameters.full_rounds + parameters.partial_rounds {
            let boxes = parameters.boxes(round, width);
            let constants = &parameters.constants[round * width..(round + 1) * width];
            let mut next = Vec::with_capacity(width);
            for (number, (element, constant)) in state.into_iter().zip(constants).enumerate() {
                let a = element.plus(*constant);
                let square = self.square(stage, &a);
                let mut value = self.square(stage, &a.plus(Fr::ONE));
                // ((a + 1)² − a² − 1)/2 = a.
                value.add(&square, -Fr::ONE);
                let mut value = value.plus(-Fr::ONE);
                scale(&mut value, half);
                if number < boxes {
                    let fourth = self.square(stage + 1, &square);
                    let eighth = self.square(stage + 2, &fourth);
                    let mut sum = fourth;
                    sum.add(&value, Fr::ONE);
                    // ((a⁴ + a)² − a⁸ − a²)/2 = a⁵.
                    value = self.square(stage + 2, &sum);
                    value.add(&eighth, -Fr::ONE);
                    value.add(&square, -Fr::ONE);
                    scale(&mut value, half);
                }
                next.push(value);
            }
            state = parameters
                .matrix
                .iter()
                .map(|row| {
                    let mut sum = Form::default();
                    for (m, element) in row.iter().zip(&next) {
                        sum.add(element, *m);
                    }
                    sum.gathered()
                })
                .collect();
            stage += 3;
        }
        state.swap_remove(0)
    }

    /// The roots' values and the commitment.
    pub(crate) fn evaluate(&self, inputs: &[Fr]) -> (Roots, Fr) {
        let mut roots: Roots = Vec::with_capacity(self.stages.len());
        let value = |form: &Form, roots: &[Vec<Fr>]| -> Fr {
            let parts = form.parts.iter().map(|(part, c)| match *part {
                Part::Input(input) => inputs[input] * c,
                Part::Square(stage, root) => roots[stage][root].square() * c,
            });
            parts.sum::<Fr>() + form.constant
        };
        for stage in &self.stages {
            let row = stage.iter().map(|form| value(form, &roots)).collect();
            roots.push(row);
        }
        let output = value(&self.output, &roots);
        (roots, output)
    }
}

fn scale(form: &mut Form, factor: Fr) {
    form.constant *= factor;
    form.parts.iter_mut().for_each(|(_, c)| *c *= factor);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decimal(value: Fr) -> String {
        let bytes = value.to_repr();
        num_bigint::BigUint::from_bytes_le(bytes.as_ref()).to_string()
    }

    /// An independent implementation with constants of its own.
    fn independent(inputs: &[Fr]) -> String {
        use ff_ce::{Field as _, PrimeField as _};
        let constants = poseidon_rs::load_constants();
        let hasher = poseidon_rs::Poseidon::new();
        drop(constants);
        let inputs: Vec<poseidon_rs::Fr> = inputs
            .iter()
            .map(|input| poseidon_rs::Fr::from_str(&decimal(*input)).expect("canonical"))
            .collect();
        let hash = hasher.hash(inputs).expect("arity");
        let hex = ff_ce::to_hex(&hash);
        assert!(!hash.is_zero());
        num_bigint::BigUint::parse_bytes(hex.as_bytes(), 16)
            .expect("hex")
            .to_string()
    }

    #[test]
    fn hashes_are_those_of_an_independent_implementation() {
        for arity in 1..=MAX_ARITY {
            let inputs: Vec<Fr> = (0..arity as u64)
                .map(|i| Fr::from(i * i + 7).square().square() - Fr::from(arity as u64))
                .collect();
            assert_eq!(decimal(poseidon(&inputs)), independent(&inputs), "{arity}");
        }
        // circomlib's own test vector.
        assert_eq!(
            decimal(poseidon(&[Fr::from(1), Fr::from(2)])),
            "7853200120776062878684798364095072458815029376092732009249414926327459813530"
        );
    }

    #[test]
    fn squares_compute_the_same_commitment() {
        for words in [0, 1, 2, 5, 11, 12, 13, 30] {
            let salt = Fr::from(99).square();
            let list: Vec<Fr> = (0..words as u64).map(|i| -Fr::from(i + 3)).collect();
            let mut inputs = vec![salt];
            inputs.extend(&list);
            let (_, output) = Network::new(words).evaluate(&inputs);
            assert_eq!(output, commit(&list, salt), "{words}");
        }
    }

    #[test]
    fn stages_only_use_earlier_ones() {
        let network = Network::new(14);
        for (number, stage) in network.stages.iter().enumerate() {
            for form in stage {
                for (part, _) in &form.parts {
                    assert!(!matches!(part, Part::Square(earlier, _) if *earlier >= number));
                }
            }
        }
    }
}
