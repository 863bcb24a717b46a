//! Relations under halo2's constraint checker, which says of every row which gates fail there. The
//! gates and columns are those that are proved; nothing else of halo2 is used.

use crate::{
    opcode::Op,
    program::Program,
    relation::{NamedGates, TapeRelation, fixed_columns, phase_columns},
    tape::Tape,
    witness::Witness,
};
use halo2_axiom::{
    circuit::{Layouter, Region, SimpleFloorPlanner, Value},
    plonk::{
        Advice, Challenge, Circuit, Column, ConstraintSystem, Error, Expression, FirstPhase, Fixed,
        Instance, SecondPhase,
    },
    poly::Rotation,
};
use halo2curves_axiom::{bn256::Fr, ff::Field};
use std::sync::Arc;
use verdict_argument::{Constants, Row};

/// A relation's columns and challenges in a constraint system.
#[derive(Clone, Debug)]
pub struct RelationConfig {
    fixed: Vec<Column<Fixed>>,
    /// Phase by phase.
    advice: Vec<Vec<Column<Advice>>>,
    challenges: Vec<Challenge>,
}

/// A fixed cell that holds something else than the relation's columns: column, row, value.
pub(crate) type OtherCell = (usize, usize, Fr);

impl RelationConfig {
    /// Declares the columns of a relation of two phases, and its gates but for those of one name.
    pub(crate) fn configure<R: NamedGates>(
        meta: &mut ConstraintSystem<Fr>,
        relation: &R,
        without: Option<&str>,
    ) -> Self {
        let shape = relation.shape();
        let fixed = (0..shape.fixed_columns()).map(|_| meta.fixed_column());
        let fixed = fixed.collect();
        let mut advice = Vec::new();
        for (number, phase) in shape.phases.iter().enumerate() {
            let columns = (0..phase.columns).map(|_| match number {
                0 => meta.advice_column_in(FirstPhase),
                _ => meta.advice_column_in(SecondPhase),
            });
            advice.push(columns.collect());
        }
        let challenges = (0..shape.phases[0].challenges)
            .map(|_| meta.challenge_usable_after(FirstPhase))
            .collect();
        let instance = (shape.instance > 0).then(|| meta.instance_column());
        let config = Self {
            fixed,
            advice,
            challenges,
        };
        config.gates(meta, relation, instance, without);
        config
    }

    fn gates<R: NamedGates>(
        &self,
        meta: &mut ConstraintSystem<Fr>,
        relation: &R,
        instance: Option<Column<Instance>>,
        without: Option<&str>,
    ) {
        meta.create_gate("relation", |meta| {
            let fixed = self.fixed.iter();
            let fixed: Vec<Expression<Fr>> = fixed
                .map(|column| meta.query_fixed(*column, Rotation::cur()))
                .collect();
            let advice = self.advice.iter().flatten();
            let advice: Vec<Expression<Fr>> = advice
                .map(|column| meta.query_advice(*column, Rotation::cur()))
                .collect();
            let phases = relation.shape().phases.iter().zip(&self.advice);
            let shifted = phases.filter(|(phase, _)| phase.shifted);
            let previous: Vec<Expression<Fr>> = shifted
                .flat_map(|(_, columns)| columns)
                .map(|column| meta.query_advice(*column, Rotation::prev()))
                .collect();
            let none = Expression::Constant(Fr::ZERO);
            let instance = instance.map_or(none, |it| meta.query_instance(it, Rotation::cur()));
            let challenges = self.challenges.iter();
            let challenges = challenges.map(|it| meta.query_challenge(*it)).collect();
            let constants = Constants::new(Expression::Constant);
            let prepared = relation.prepare(challenges, &constants);
            let seen: Vec<_> = prepared.seen.iter().map(|seen| seen.of(&fixed)).collect();
            let row = Row {
                fixed: &seen,
                advice: &advice,
                previous: &previous,
                instance: &instance,
                challenges: &prepared.challenges,
                constants: &constants,
            };
            let mut gates = Vec::new();
            relation.named(&row, &mut |name, polynomial| {
                if without != Some(name) {
                    gates.push((name, polynomial));
                }
            });
            gates
        });
    }

    /// Fills the columns: the fixed ones, with other values in some cells, and those of each phase,
    /// of which there are none where there is no witness.
    pub(crate) fn assign(
        &self,
        mut layouter: impl Layouter<Fr>,
        fixed: &[verdict_argument::Column],
        others: &[OtherCell],
        phases: impl Fn(usize, &[Fr]) -> Option<Vec<Vec<Fr>>>,
    ) -> Result<(), Error> {
        layouter.assign_region(
            || "relation",
            |mut region| {
                for (column, values) in self.fixed.iter().zip(fixed) {
                    let values = values.values(values.rows());
                    for (row, value) in values.into_iter().enumerate() {
                        if value != Fr::ZERO {
                            region.assign_fixed(*column, row, value);
                        }
                    }
                }
                for &(column, row, value) in others {
                    region.assign_fixed(self.fixed[column], row, value);
                }
                let Some(columns) = phases(0, &[]) else {
                    return Ok(());
                };
                assign_phase(&mut region, &self.advice[0], &columns);
                region.next_phase();
                let drawn = self.challenges.iter().map(|it| region.get_challenge(*it));
                let drawn: Value<Vec<Fr>> = drawn.collect();
                drawn.map(|drawn| {
                    if let Some(columns) = phases(1, &drawn) {
                        assign_phase(&mut region, &self.advice[1], &columns);
                    }
                });
                Ok(())
            },
        )
    }
}

fn assign_phase(region: &mut Region<'_, Fr>, columns: &[Column<Advice>], values: &[Vec<Fr>]) {
    for (column, values) in columns.iter().zip(values) {
        for (row, value) in values.iter().enumerate() {
            region.assign_advice(*column, row, Value::known(*value));
        }
    }
}

/// A program on its tape.
#[derive(Clone, Debug)]
pub struct TapeCircuit {
    /// What the tape was laid out from.
    pub program: Arc<Program>,
    /// The fixed columns.
    pub tape: Arc<Tape>,
    /// The advice columns of the first phase, if there are any.
    pub witness: Option<Arc<Witness>>,
    /// The context and the public words.
    pub instance: Vec<Fr>,
}

/// What the shape of a circuit depends on: nothing but the width.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Shape {
    /// Weights to a row.
    pub width: usize,
}

impl TapeCircuit {
    /// The circuit without a witness.
    pub fn for_keys(program: Arc<Program>, tape: Arc<Tape>) -> Self {
        Self {
            program,
            tape,
            witness: None,
            instance: Vec::new(),
        }
    }
}

/// Declares the columns of tapes of some width, and their gates but for one.
pub(crate) fn configure_tape(
    meta: &mut ConstraintSystem<Fr>,
    width: usize,
    without: Option<&str>,
) -> RelationConfig {
    // Neither the height nor the packs are the constraint checker's; of public values it is enough
    // that there are some.
    let relation = TapeRelation::new(8, width, 8, 1, false);
    RelationConfig::configure(meta, &relation, without)
}

impl Circuit<Fr> for TapeCircuit {
    type Config = RelationConfig;
    type FloorPlanner = SimpleFloorPlanner;
    type Params = Shape;

    fn params(&self) -> Shape {
        Shape {
            width: self.tape.width(),
        }
    }

    fn without_witnesses(&self) -> Self {
        Self {
            witness: None,
            ..self.clone()
        }
    }

    fn configure(meta: &mut ConstraintSystem<Fr>) -> RelationConfig {
        configure_tape(meta, Shape::default().width, None)
    }

    fn configure_with_params(meta: &mut ConstraintSystem<Fr>, shape: Shape) -> RelationConfig {
        configure_tape(meta, shape.width, None)
    }

    fn synthesize(&self, config: RelationConfig, layouter: impl Layouter<Fr>) -> Result<(), Error> {
        self.assign(&config, layouter, &[], |_, _| {})
    }
}

impl TapeCircuit {
    /// Fills the columns, with other values in some fixed cells. `running` may change the second
    /// phase, knowing the challenges.
    pub(crate) fn assign(
        &self,
        config: &RelationConfig,
        layouter: impl Layouter<Fr>,
        others: &[OtherCell],
        running: impl Fn(&[Fr], &mut Vec<Vec<Fr>>),
    ) -> Result<(), Error> {
        debug_assert_eq!(self.tape.ops()[0], Op::Off);
        let (program, tape) = (&self.program, &self.tape);
        let columns = |phase: usize, challenges: &[Fr]| {
            let witness = self.witness.as_ref()?;
            let mut columns =
                phase_columns(phase, challenges, program, tape, witness, &self.instance);
            if phase == 1 {
                running(challenges, &mut columns);
            }
            Some(columns)
        };
        config.assign(layouter, &fixed_columns(program, tape), others, columns)
    }
}
