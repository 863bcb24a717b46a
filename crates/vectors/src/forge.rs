//! A prover that can be told to cheat: written once more, plainly, in coefficients, so that it is no
//! more than what a stranger could write. Names are those of docs/protocol.md.
//!
//! It never uses the set-up's secret. Where a lie leaves a remainder that an honest prover does not
//! have, it is dropped, which is the best that can be done about it.
use crate::field::R;
use alloy_primitives::{U256, keccak256};
use halo2curves_axiom::{
    bn256::{Fr, G1Affine},
    ff::Field,
    group::Curve,
    msm::msm_best,
};
use rand::rngs::StdRng;
use verdict_argument::{Constants, Domain, Relation, Row, Shape};
use verdict_circuit::{BLINDING_ROWS, TapeRelation};
use verdict_wire::{VerifyingKeyParts, words};

/// Coefficients.
pub type Poly = Vec<Fr>;

/// Which pack.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pack {
    /// Of `q x m`.
    First(usize),
    /// `P̂_i`.
    Hidden(usize),
    /// Of `h S y d L`.
    Running(usize),
    /// Of the quotient.
    Quotient,
    /// `b`.
    Blinding,
}

/// A lie. The default one is the truth.
#[derive(Clone, Copy, Debug, Default)]
pub struct Lie {
    /// Changes the slots of packs before they are committed to; evaluations are those of what was
    /// there before. The first number is that of rows.
    pub slots: Option<fn(Pack, usize, &mut Vec<Poly>)>,
    /// The number of the evaluation that is what the gates need, whatever was committed to.
    pub solved: Option<usize>,
    /// Columns to a pack of everything that is committed to, if they are others than the key's.
    pub stride: Option<usize>,
    /// Whether the first column has a degree above that of all polynomials that its values on the
    /// domain need. Its values there are what they are without.
    pub overflows: bool,
    /// Whether packs of running columns are opened as those of `q x m` are.
    pub at_x_only: bool,
}

/// What there is to prove, or to lie about.
pub struct Forger<'a> {
    pub relation: TapeRelation,
    pub key: VerifyingKeyParts,
    pub powers: &'a [G1Affine],
    /// The fixed columns behind the key's commitments, by row.
    pub committed: Vec<Vec<Fr>>,
    /// Those that the witness goes with.
    pub claimed: Vec<Vec<Fr>>,
}

struct Transcript {
    buffer: Vec<u8>,
    proof: Vec<u8>,
}

impl Transcript {
    fn absorb(&mut self, bytes: &[u8]) {
        self.buffer.extend(bytes);
    }

    fn write(&mut self, bytes: &[u8]) {
        self.absorb(bytes);
        self.proof.extend(bytes);
    }

    fn squeeze(&mut self) -> Fr {
        if self.buffer.len() == 32 {
            self.buffer.push(1);
        }
        let hash = keccak256(&self.buffer);
        self.buffer = hash.to_vec();
        words::scalar(&(U256::from_be_bytes(hash.0) % R).into()).unwrap()
    }
}

/// A proof in the making.
struct Run<'a> {
    forger: &'a Forger<'a>,
    lie: Lie,
    domain: Domain,
    transcript: Transcript,
    /// Columns to a pack.
    t: usize,
}

impl Forger<'_> {
    /// `columns` are those of each phase, by row, given the challenges.
    pub fn prove(
        &self,
        instance: &[Fr],
        columns: impl Fn(usize, &[Fr]) -> Vec<Vec<Fr>>,
        lie: Lie,
        rng: &mut StdRng,
    ) -> Vec<u8> {
        let shape = self.relation.shape();
        let mut run = Run {
            forger: self,
            lie,
            domain: Domain::new(shape.k),
            transcript: Transcript {
                buffer: words::word(&self.key.representation()).to_vec(),
                proof: Vec::new(),
            },
            t: lie.stride.unwrap_or(shape.pack),
        };
        for value in instance {
            run.transcript.absorb(words::word(value).as_slice());
        }
        run.prove(shape, instance, columns, rng);
        run.transcript.proof
    }
}

impl Run<'_> {
    fn prove(
        &mut self,
        shape: &Shape,
        instance: &[Fr],
        columns: impl Fn(usize, &[Fr]) -> Vec<Vec<Fr>>,
        rng: &mut StdRng,
    ) {
        let n = shape.rows();
        let packs = |columns: &[Poly]| -> Vec<Vec<Poly>> {
            columns.chunks(shape.pack).map(<[Poly]>::to_vec).collect()
        };
        let vanishing = |factor: &[Fr]| plus(&shifted(factor, n), &scaled(factor, -Fr::ONE));
        let committed = self.coefficients(&self.forger.committed, n);
        let claimed = self.coefficients(&self.forger.claimed, n);
        let (public, weights) = claimed.split_at(shape.fixed[0].columns);

        let mut first = self.blinded(columns(0, &[]), n, rng);
        if self.lie.overflows {
            first[0] = plus(&first[0], &vanishing(&[Fr::ONE, Fr::from(2)]));
        }
        let mut first_packs = packs(&first);
        self.commit(&mut first_packs, Pack::First);
        // One blinding coefficient in every slot, two in the first of a pack.
        let mut blinds: Vec<Vec<Poly>> = Vec::new();
        let mut hidden = weights.to_vec();
        if shape.hides() {
            blinds.extend(packs(weights).iter().map(|pack| {
                let lengths = (0..pack.len()).map(|slot| 1 + usize::from(slot == 0));
                let random = |length: usize| (0..length).map(|_| Fr::random(&mut *rng)).collect();
                lengths.map(random).collect()
            }));
            for (weight, blind) in hidden.iter_mut().zip(blinds.iter().flatten()) {
                *weight = plus(weight, &vanishing(blind));
            }
        }
        let mut hidden_packs = packs(&hidden);
        if shape.hides() {
            self.commit(&mut hidden_packs, Pack::Hidden);
        }
        let challenges: Vec<Fr> = (0..5).map(|_| self.transcript.squeeze()).collect();
        let running = self.blinded(columns(1, &challenges), n, rng);
        let mut running_packs = packs(&running);
        self.commit(&mut running_packs, Pack::Running);
        let fold = self.transcript.squeeze();

        let advice = [first, running.clone()].concat();
        let fixed = [public, &hidden].concat();
        let mut public_values = instance.to_vec();
        public_values.resize(n, Fr::ZERO);
        self.domain.coefficients(&mut public_values);
        let gates = Gates::new(&self.forger.relation, challenges, fold);
        let quotient = gates.quotient(&self.domain, &fixed, &advice, &running, &public_values);
        let blind: Poly = (0..2).map(|_| Fr::random(&mut *rng)).collect();
        let (low, high) = quotient.split_at(n - 2);
        let pieces = [
            plus(low, &shifted(&blind, n - 2)),
            plus(high, &scaled(&blind, -Fr::ONE)),
        ];
        let mut quotient_packs = vec![pieces.to_vec()];
        self.commit(&mut quotient_packs, |_| Pack::Quotient);
        let mut blinding_packs = vec![combined(&blinds, fold)];
        if shape.hides() {
            self.commit(&mut blinding_packs, |_| Pack::Blinding);
        }
        let x = self.transcript.squeeze();

        let back = x * self.domain.omega_inverse();
        let at = |columns: &[Poly], x: Fr| columns.iter().map(|f| value(f, x)).collect::<Vec<_>>();
        let mut values = [
            at(&advice, x),
            at(&running, back),
            at(&fixed, x),
            at(&pieces[1..], x),
        ]
        .concat();
        if let Some(solved) = self.lie.solved {
            let public = value(&public_values, x);
            gates.solve(&mut values, solved, n, x, public, value(&pieces[0], x));
        }
        for value in &values {
            self.transcript.write(words::word(value).as_slice());
        }

        let of_key = packs(&committed[shape.fixed[0].columns..]);
        let mut plain = first_packs;
        plain.extend(packs(public));
        plain.extend(hidden_packs.iter().cloned());
        plain.append(&mut quotient_packs);
        if shape.hides() {
            let differences: Vec<Vec<Poly>> = hidden_packs
                .iter()
                .zip(&of_key)
                .map(|(new, old)| sum(&[new.clone(), times(old, -Fr::ONE)]))
                .collect();
            let factor = Fr::ONE - x.pow_vartime([n as u64]);
            let blinding = times(&blinding_packs[0], factor);
            plain.push(sum(&[combined(&differences, fold), blinding]));
        }
        self.open(&plain, &running_packs, x, back);
    }

    fn coefficients(&self, columns: &[Vec<Fr>], n: usize) -> Vec<Poly> {
        let mut columns = columns.to_vec();
        for column in &mut columns {
            column.resize(n, Fr::ZERO);
            self.domain.coefficients(column);
        }
        columns
    }

    fn blinded(&self, mut columns: Vec<Vec<Fr>>, n: usize, rng: &mut StdRng) -> Vec<Poly> {
        for column in &mut columns {
            column.resize(n - BLINDING_ROWS, Fr::ZERO);
            column.extend((0..BLINDING_ROWS).map(|_| Fr::random(&mut *rng)));
        }
        self.coefficients(&columns, n)
    }

    /// Commits to packs, after the lie changed them.
    fn commit(&mut self, packs: &mut [Vec<Poly>], name: impl Fn(usize) -> Pack) {
        for (number, slots) in packs.iter_mut().enumerate() {
            if let Some(change) = self.lie.slots {
                change(name(number), self.domain.size(), slots);
            }
            self.write(&interleaved(slots, self.t));
        }
    }

    fn write(&mut self, poly: &[Fr]) {
        let point = msm_best(poly, &self.forger.powers[..poly.len()]).to_affine();
        self.transcript.write(&words::point(&point).concat());
    }

    fn open(&mut self, plain: &[Vec<Poly>], running: &[Vec<Poly>], x: Fr, back: Fr) {
        let gamma = self.transcript.squeeze();
        let first = combined(plain, gamma);
        let power = gamma.pow_vartime([plain.len() as u64]);
        let second = times(&combined(running, gamma), power);
        let divided = |slots: &[Poly], by: Fr| -> Vec<Poly> {
            slots.iter().map(|slot| divide(slot, by)).collect()
        };
        let mut of_running = divided(&second, x);
        if !self.lie.at_x_only {
            of_running = divided(&of_running, back);
        }
        let quotients = sum(&[divided(&first, x), of_running]);
        self.write(&interleaved(&quotients, self.t));
        let z = self.transcript.squeeze();
        let at = z.pow_vartime([self.t as u64]);
        let scale = (at - back).invert().unwrap();
        let left = sum(&[first, times(&second, scale), times(&quotients, x - at)]);
        self.write(&divide(&interleaved(&left, self.t), z));
    }
}

/// The gates with their challenges.
struct Gates<'a> {
    relation: &'a TapeRelation,
    prepared: verdict_argument::Prepared<Fr>,
    constants: Constants<Fr>,
    fold: Fr,
}

impl<'a> Gates<'a> {
    fn new(relation: &'a TapeRelation, challenges: Vec<Fr>, fold: Fr) -> Self {
        let constants = Constants::new(|value| value);
        Self {
            relation,
            prepared: relation.prepare(challenges, &constants),
            constants,
            fold,
        }
    }

    fn folded(&self, fixed: &[Fr], advice: &[Fr], previous: &[Fr], instance: Fr) -> Fr {
        let seen = self.prepared.seen.iter();
        let seen: Vec<Fr> = seen.map(|seen| seen.of(fixed)).collect();
        let row = Row {
            fixed: &seen,
            advice,
            previous,
            instance: &instance,
            challenges: &self.prepared.challenges,
            constants: &self.constants,
        };
        let mut sum = Fr::ZERO;
        self.relation
            .gates(&row, &mut |gate| sum = sum * self.fold + gate);
        sum
    }

    /// What the folded gates leave divided by `X^n − 1`, without remainder.
    fn quotient(
        &self,
        domain: &Domain,
        fixed: &[Poly],
        advice: &[Poly],
        running: &[Poly],
        instance: &[Fr],
    ) -> Poly {
        let n = domain.size();
        let large = Domain::new(n.ilog2() + 3);
        let values = |columns: &[Poly]| -> Vec<Vec<Fr>> {
            let mut columns = columns.to_vec();
            for column in &mut columns {
                column.resize(large.size(), Fr::ZERO);
                large.values(column);
            }
            columns
        };
        let [fixed, advice, running] = [fixed, advice, running].map(values);
        let instance = &values(&[instance.to_vec()])[0];
        let mut folded: Vec<Fr> = (0..large.size())
            .map(|row| {
                let before = (row + large.size() - 8) % large.size();
                let on = |columns: &[Vec<Fr>], row: usize| -> Vec<Fr> {
                    columns.iter().map(|column| column[row]).collect()
                };
                let (fixed, advice) = (on(&fixed, row), on(&advice, row));
                self.folded(&fixed, &advice, &on(&running, before), instance[row])
            })
            .collect();
        large.coefficients(&mut folded);
        for i in (n..folded.len()).rev() {
            let high = folded[i];
            folded[i - n] += high;
        }
        let mut quotient = folded.split_off(n);
        let used = quotient.iter().rposition(|value| *value != Fr::ZERO);
        quotient.truncate(used.map_or(0, |last| last + 1));
        quotient.resize(quotient.len().max(n), Fr::ZERO);
        quotient
    }

    /// Makes one evaluation what it must be for the first piece to have the value that it has; the
    /// gates have degree 1 in it.
    fn solve(&self, values: &mut [Fr], number: usize, n: usize, x: Fr, instance: Fr, piece: Fr) {
        let vanishing = x.pow_vartime([n as u64]) - Fr::ONE;
        let step = x.pow_vartime([n as u64 - 2]);
        let mut missing = |value: Fr| {
            values[number] = value;
            let [advice, previous, fixed] =
                [0..8, 8..13, 13..values.len() - 1].map(|at| &values[at]);
            let second = values[values.len() - 1];
            self.folded(fixed, advice, previous, instance) - vanishing * (piece + step * second)
        };
        let (zero, one) = (missing(Fr::ZERO), missing(Fr::ONE));
        let solution = -zero * (one - zero).invert().unwrap();
        assert_eq!(
            missing(solution),
            Fr::ZERO,
            "the gates are not linear in it"
        );
    }
}

/// `Σ_j T^j·slot_j(T^t)`, also of more slots than `t`.
fn interleaved(slots: &[Poly], t: usize) -> Poly {
    let length = slots.iter().map(Vec::len).max().unwrap_or(0);
    let mut poly = vec![Fr::ZERO; t * length.saturating_sub(1) + slots.len().max(t)];
    for (j, slot) in slots.iter().enumerate() {
        for (i, value) in slot.iter().enumerate() {
            poly[t * i + j] += value;
        }
    }
    poly
}

fn plus(left: &[Fr], right: &[Fr]) -> Poly {
    let mut sum = left.to_vec();
    sum.resize(left.len().max(right.len()), Fr::ZERO);
    for (sum, value) in sum.iter_mut().zip(right) {
        *sum += value;
    }
    sum
}

fn scaled(poly: &[Fr], factor: Fr) -> Poly {
    poly.iter().map(|value| *value * factor).collect()
}

/// `X^by·poly`.
pub fn shifted(poly: &[Fr], by: usize) -> Poly {
    [vec![Fr::ZERO; by].as_slice(), poly].concat()
}

/// `Σ factor^i·pack_i`, slot by slot.
fn combined(packs: &[Vec<Poly>], factor: Fr) -> Vec<Poly> {
    let packs = packs.iter().rev();
    packs.fold(Vec::new(), |all, pack| {
        sum(&[times(&all, factor), pack.clone()])
    })
}

fn times(slots: &[Poly], factor: Fr) -> Vec<Poly> {
    slots.iter().map(|slot| scaled(slot, factor)).collect()
}

fn sum(packs: &[Vec<Poly>]) -> Vec<Poly> {
    let slots = packs.iter().map(Vec::len).max().unwrap_or(0);
    let slot = |j: usize| {
        let slots = packs.iter().filter_map(|pack| pack.get(j));
        slots.fold(Vec::new(), |all, slot| plus(&all, slot))
    };
    (0..slots).map(slot).collect()
}

fn value(poly: &[Fr], x: Fr) -> Fr {
    poly.iter()
        .rev()
        .fold(Fr::ZERO, |sum, value| sum * x + value)
}

/// The quotient by `X − x`; a remainder is dropped.
fn divide(poly: &[Fr], x: Fr) -> Poly {
    let mut carried = Fr::ZERO;
    let mut quotient: Poly = poly
        .iter()
        .skip(1)
        .rev()
        .map(|value| {
            carried = carried * x + value;
            carried
        })
        .collect();
    quotient.reverse();
    quotient
}
