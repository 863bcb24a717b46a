//! The halo2 circuit: fixed columns from the tape, advice columns from the witness.

use crate::{
    field::int,
    gates::TapeConfig,
    opcode::Op,
    program::Program,
    tape::{SQUARE, Tape},
    witness::{Challenges, Running, Witness},
};
use halo2_axiom::{
    circuit::{Layouter, Region, SimpleFloorPlanner, Value},
    plonk::{Circuit, ConstraintSystem, Error},
};
use halo2curves_axiom::{bn256::Fr, ff::Field};
use std::sync::Arc;

/// A program on its tape.
#[derive(Clone, Debug)]
pub struct TapeCircuit {
    /// What the tape was laid out from.
    pub program: Arc<Program>,
    /// The fixed columns.
    pub tape: Arc<Tape>,
    /// The advice columns of the first phase; absent for key generation.
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
    /// The circuit without a witness, for key generation.
    pub fn for_keys(program: Arc<Program>, tape: Arc<Tape>) -> Self {
        Self {
            program,
            tape,
            witness: None,
            instance: Vec::new(),
        }
    }

    /// Writes the fixed columns.
    fn assign_fixed(&self, config: &TapeConfig, region: &mut Region<'_, Fr>) {
        let tape = &self.tape;
        for (row, (&op, &id)) in tape.ops().iter().zip(tape.regions()).enumerate() {
            for (column, coordinate) in config.opcode.iter().zip(op.point()) {
                if coordinate != 0 {
                    region.assign_fixed(*column, row, Fr::from(coordinate));
                }
            }
            match id {
                0 => {}
                SQUARE => {
                    region.assign_fixed(config.square, row, Fr::ONE);
                }
                _ => {
                    region.assign_fixed(config.region, row, Fr::from(u64::from(id)));
                }
            }
        }
        for (i, &(id, index)) in tape.table().iter().enumerate() {
            let row = i + 1;
            let sigma = tape.ops()[row].sigma() as i64;
            let (key, value) = self.program.regions[usize::from(id)].entry(index as usize);
            for (column, part) in config.table.iter().zip([i64::from(id), key, value]) {
                if part != 0 {
                    region.assign_fixed(*column, row, int(part * sigma));
                }
            }
        }
        for (column, weights) in config.weights.iter().zip(tape.weights()) {
            for (row, &weight) in weights.iter().enumerate() {
                if weight != 0 {
                    region.assign_fixed(*column, row, int(i64::from(weight)));
                }
            }
        }
        if let Some(hiding) = tape.hidden() {
            for (number, column) in config.weights.iter().enumerate() {
                for (row, value) in hiding.values(number).enumerate() {
                    region.assign_fixed(*column, tape.rows() + row, value);
                }
            }
        }
        for &(row, column, weight) in tape.wide() {
            region.assign_fixed(config.weights[column], row, weight);
        }
    }

    fn assign_first(&self, config: &TapeConfig, region: &mut Region<'_, Fr>, witness: &Witness) {
        for (column, values) in [(config.q, &witness.q), (config.x, &witness.x)] {
            for (row, &value) in values.iter().enumerate() {
                if value != 0 {
                    region.assign_advice(column, row, Value::known(int(value)));
                }
            }
        }
        for &(row, root, square) in &witness.squares {
            region.assign_advice(config.q, row as usize, Value::known(root));
            region.assign_advice(config.x, row as usize, Value::known(square));
        }
        for (row, &value) in witness.m.iter().enumerate() {
            if value != 0 {
                region.assign_advice(config.m, row, Value::known(Fr::from(value)));
            }
        }
    }
}

impl Circuit<Fr> for TapeCircuit {
    type Config = TapeConfig;
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

    fn configure(meta: &mut ConstraintSystem<Fr>) -> TapeConfig {
        TapeConfig::configure(meta, Shape::default().width)
    }

    fn configure_with_params(meta: &mut ConstraintSystem<Fr>, shape: Shape) -> TapeConfig {
        TapeConfig::configure(meta, shape.width)
    }

    fn synthesize(&self, config: TapeConfig, layouter: impl Layouter<Fr>) -> Result<(), Error> {
        self.assign(&config, layouter, |_| {}, |_, _| {})
    }
}

impl TapeCircuit {
    /// Fills the columns. What `fixed` assigns comes after the tape's own fixed columns; `running`
    /// may change the second phase, knowing the challenges. Both do nothing but in tests.
    pub(crate) fn assign(
        &self,
        config: &TapeConfig,
        mut layouter: impl Layouter<Fr>,
        fixed: impl Fn(&mut Region<'_, Fr>),
        running: impl Fn(&Challenges, &mut Running),
    ) -> Result<(), Error> {
        layouter.assign_region(
            || "tape",
            |mut region| {
                debug_assert_eq!(self.tape.ops()[0], Op::Off);
                self.assign_fixed(config, &mut region);
                fixed(&mut region);
                let Some(witness) = &self.witness else {
                    return Ok(());
                };
                self.assign_first(config, &mut region, witness);
                region.next_phase();
                let drawn = config
                    .challenges
                    .map(|challenge| region.get_challenge(challenge));
                let drawn: Value<Vec<Fr>> = drawn.into_iter().collect();
                drawn.map(|c| {
                    let challenges = Challenges {
                        r: c[0],
                        s: c[1],
                        g: c[2],
                        theta: c[3],
                        alpha: c[4],
                    };
                    let mut columns = Running::new(
                        &self.program,
                        &self.tape,
                        witness,
                        &self.instance,
                        &challenges,
                    );
                    running(&challenges, &mut columns);
                    for (column, values) in [config.h, config.s, config.y, config.d, config.l]
                        .into_iter()
                        .zip(&columns.columns)
                    {
                        for (row, &value) in values.iter().enumerate() {
                            region.assign_advice(column, row, Value::known(value));
                        }
                    }
                });
                Ok(())
            },
        )
    }
}
