//! The prover: phases, quotient, opening.

mod hidden;
mod opening;
mod powers;
mod quotient;

pub use powers::Powers;

use crate::{
    ArgumentError, Constants, Domain, ProvingKey, Relation, Shape, domain::evaluate, shape::Pack,
};
use halo2curves_axiom::{
    bn256::{Fr, G1, G1Affine},
    ff::Field,
    group::Curve,
};
use hidden::Blinds;
use rand::RngCore;
use rayon::prelude::*;
use snark_verifier::{
    loader::native::NativeLoader, system::halo2::transcript::evm::EvmTranscript,
    util::transcript::Transcript,
};

/// A proof and what was drawn on the way, for those who test.
#[derive(Clone, Debug)]
pub struct Proven {
    /// The proof.
    pub bytes: Vec<u8>,
    /// The challenges of the phases.
    pub challenges: Vec<Fr>,
}

/// Columns by row, of one phase.
pub(crate) type Columns = Vec<Vec<Fr>>;

/// Proves that some witness satisfies a relation.
///
/// `witness` is asked for the columns of each phase, given the challenges so far; they have at most
/// [`Shape::usable`] rows. `rng` blinds: whoever can predict it learns the witness.
pub fn prove<R: Relation, E: From<ArgumentError>>(
    relation: &R,
    key: &ProvingKey,
    powers: &Powers,
    instance: &[Fr],
    mut witness: impl FnMut(usize, &[Fr]) -> Result<Columns, E>,
    mut rng: impl RngCore,
) -> Result<Proven, E> {
    let shape = relation.shape();
    shape.check()?;
    powers.check(shape)?;
    if instance.len() != shape.instance || key.columns.len() != shape.fixed_columns() {
        let what = "public values or fixed columns are not those of the shape";
        return Err(ArgumentError::Shape(what.into()).into());
    }
    let mut run = Run::new(relation, key, powers, instance);
    let blinds = Blinds::draw(shape, &mut rng);
    for phase in 0..shape.phases.len() {
        let columns = witness(phase, &run.challenges)?;
        run.phase(phase, columns, &blinds, &mut rng)?;
    }
    run.finish(&blinds, &mut rng).map_err(E::from)
}

/// A proof in the making.
struct Run<'a, R> {
    relation: &'a R,
    shape: &'a Shape,
    key: &'a ProvingKey,
    powers: &'a Powers,
    domain: Domain,
    transcript: Writer,
    challenges: Vec<Fr>,
    /// Coefficients of the public values' polynomial.
    instance: Vec<Fr>,
    /// Coefficients of advice columns.
    advice: Vec<Vec<Fr>>,
}

impl<'a, R: Relation> Run<'a, R> {
    fn new(relation: &'a R, key: &'a ProvingKey, powers: &'a Powers, instance: &[Fr]) -> Self {
        let shape = relation.shape();
        let domain = Domain::new(shape.k);
        let mut transcript = Writer::new();
        transcript.common(&key.verifying.representation);
        for value in instance {
            transcript.common(value);
        }
        let mut instance = instance.to_vec();
        instance.resize(shape.rows(), Fr::ZERO);
        domain.coefficients(&mut instance);
        Self {
            relation,
            shape,
            key,
            powers,
            domain,
            transcript,
            challenges: Vec::new(),
            instance,
            advice: Vec::new(),
        }
    }

    /// Blinds and commits to the columns of a phase, and draws its challenges.
    fn phase(
        &mut self,
        phase: usize,
        mut columns: Columns,
        blinds: &Blinds,
        rng: &mut impl RngCore,
    ) -> Result<(), ArgumentError> {
        let shape = self.shape;
        let expected = shape.phases[phase].columns;
        let too_long = columns.iter().any(|column| column.len() > shape.usable());
        if columns.len() != expected || too_long {
            return Err(ArgumentError::Shape(format!(
                "{} columns in phase {phase}, expected {expected} of at most {} rows",
                columns.len(),
                shape.usable()
            )));
        }
        for column in &mut columns {
            column.resize(shape.usable(), Fr::ZERO);
            column.extend((0..shape.blinding).map(|_| Fr::random(&mut *rng)));
        }
        columns
            .par_iter_mut()
            .for_each(|column| self.domain.coefficients(column));
        self.advice.append(&mut columns);
        let packs = shape.packs_of_phase(phase);
        let commit = |pack: Pack| self.powers.commit(shape.pack, &self.advice[pack.columns]);
        let mut sums: Vec<G1> = packs.into_iter().map(commit).collect::<Result<_, _>>()?;
        if phase == 0 {
            sums.extend(blinds.packs(shape, self.key, self.powers)?);
        }
        self.transcript.write_points(&sums);
        let drawn = (0..shape.phases[phase].challenges).map(|_| self.transcript.squeeze());
        self.challenges.extend(drawn);
        Ok(())
    }

    fn finish(mut self, blinds: &Blinds, rng: &mut impl RngCore) -> Result<Proven, ArgumentError> {
        let constants = Constants::new(|value| value);
        let prepared = self.relation.prepare(self.challenges.clone(), &constants);
        let fold = self.transcript.squeeze();
        let pieces = self.quotient(&prepared, &constants, blinds, fold, rng)?;
        self.commit_to_quotient(&pieces, blinds, fold)?;
        let x = self.transcript.squeeze();
        self.evaluate(&pieces, blinds, x);
        self.open(&pieces, blinds, fold, x)?;
        Ok(Proven {
            bytes: self.transcript.finish(),
            challenges: self.challenges,
        })
    }

    fn commit_to_quotient(
        &mut self,
        pieces: &[Vec<Fr>],
        blinds: &Blinds,
        fold: Fr,
    ) -> Result<(), ArgumentError> {
        let packs = self.shape.packs_of_quotient();
        let commit = |pack: Pack| self.powers.commit(self.shape.pack, &pieces[pack.columns]);
        let mut sums: Vec<G1> = packs.into_iter().map(commit).collect::<Result<_, _>>()?;
        if self.shape.hides() {
            let combined = blinds.combined(fold);
            sums.push(self.powers.commit(self.shape.pack, &combined)?);
        }
        self.transcript.write_points(&sums);
        Ok(())
    }

    /// Writes what everything is at `x`, and running columns one row back.
    fn evaluate(&mut self, pieces: &[Vec<Fr>], blinds: &Blinds, x: Fr) {
        let back = x * self.domain.omega_inverse();
        let plain = self.advice.len() - self.shape.shifted_columns();
        let at = |columns: &[Vec<Fr>], x: Fr| -> Vec<Fr> {
            columns
                .par_iter()
                .map(|column| evaluate(column, x))
                .collect()
        };
        let mut values = at(&self.advice, x);
        values.extend(at(&self.advice[plain..], back));
        let lagrange = self.domain.lagrange(x);
        let fixed = self.key.columns.par_iter();
        let mut fixed: Vec<Fr> = fixed.map(|column| column.dot(&lagrange)).collect();
        blinds.add_at(
            x,
            x.pow_vartime([self.shape.rows() as u64]) - Fr::ONE,
            &mut fixed,
        );
        values.extend(fixed);
        values.extend(at(&pieces[1..], x));
        self.transcript.write_scalars(&values);
    }
}

/// The transcript that the EVM reads, and the proof.
struct Writer {
    transcript: EvmTranscript<G1Affine, NativeLoader, std::io::Sink, Vec<u8>>,
    bytes: Vec<u8>,
}

impl Writer {
    fn new() -> Self {
        Self {
            transcript: EvmTranscript::<G1Affine, NativeLoader, _, Vec<u8>>::new(std::io::sink()),
            bytes: Vec::new(),
        }
    }

    fn common(&mut self, value: &Fr) {
        // The native transcript takes every scalar.
        let _ = self.transcript.common_scalar(value);
    }

    fn squeeze(&mut self) -> Fr {
        self.transcript.squeeze_challenge()
    }

    fn write_points(&mut self, sums: &[G1]) {
        let mut points = vec![G1Affine::default(); sums.len()];
        G1::batch_normalize(sums, &mut points);
        for point in &points {
            let _ = self.transcript.common_ec_point(point);
            for coordinate in [point.x, point.y] {
                let mut bytes = coordinate.to_bytes();
                bytes.reverse();
                self.bytes.extend(bytes);
            }
        }
    }

    fn write_scalars(&mut self, values: &[Fr]) {
        for value in values {
            self.common(value);
            let mut bytes = value.to_bytes();
            bytes.reverse();
            self.bytes.extend(bytes);
        }
    }

    fn finish(self) -> Vec<u8> {
        self.bytes
    }
}
