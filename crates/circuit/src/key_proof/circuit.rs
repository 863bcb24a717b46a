//! A part of a key proof as a halo2 circuit.

use super::{
    KeyProofConfig, KeyProofLayout, KeyProofShape,
    ranges::smallest,
    witness::{KeyProofWitness, Sums},
};
use crate::{error::CircuitError, field::int, tape::Tape};
use halo2_axiom::{
    circuit::{Layouter, Region, SimpleFloorPlanner, Value},
    plonk::{Circuit, ConstraintSystem, Error},
};
use halo2curves_axiom::{bn256::Fr, ff::Field};
use std::{ops::Range, sync::Arc};

/// The proof of some of a key's weight columns.
#[derive(Clone, Debug)]
pub struct KeyProofCircuit {
    layout: Arc<KeyProofLayout>,
    part: Range<usize>,
    /// The tape with the weights, for whoever knows them.
    weights: Option<Arc<Tape>>,
    witness: Option<Arc<KeyProofWitness>>,
}

impl KeyProofCircuit {
    /// What everybody can make: all fixed columns but the weights, which are left zero.
    pub fn public(layout: Arc<KeyProofLayout>, part: Range<usize>) -> Self {
        Self {
            layout,
            part,
            weights: None,
            witness: None,
        }
    }

    /// What the owner of the weights makes. Fails where a weight has more bits than are declared of
    /// it, or a public coefficient is another than the architecture's.
    pub fn with_weights(
        layout: Arc<KeyProofLayout>,
        part: Range<usize>,
        weights: Arc<Tape>,
    ) -> Result<Self, CircuitError> {
        Self::new(layout, part, weights, false)
    }

    /// The same by an owner who tries it with weights that the architecture does not allow.
    #[cfg(feature = "test-gates")]
    pub(crate) fn forged(
        layout: Arc<KeyProofLayout>,
        part: Range<usize>,
        weights: Arc<Tape>,
    ) -> Result<Self, CircuitError> {
        Self::new(layout, part, weights, true)
    }

    fn new(
        layout: Arc<KeyProofLayout>,
        part: Range<usize>,
        weights: Arc<Tape>,
        try_anyhow: bool,
    ) -> Result<Self, CircuitError> {
        let witness = KeyProofWitness::new(&layout, part.clone(), &weights, try_anyhow)?;
        Ok(Self {
            layout,
            part,
            weights: Some(weights),
            witness: Some(Arc::new(witness)),
        })
    }

    /// The shape of the circuit.
    pub fn shape(&self) -> KeyProofShape {
        self.layout.shape(&self.part)
    }

    fn assign_weights(&self, config: &KeyProofConfig, region: &mut Region<'_, Fr>) {
        let Some(tape) = &self.weights else {
            return;
        };
        for (config, column) in config.weights.iter().zip(self.part.clone()) {
            assign(region, config, tape.weights_of(column));
            if let Some(hiding) = tape.hidden() {
                for (row, value) in hiding.values(column).enumerate() {
                    region.assign_fixed(*config, tape.rows() + row, value);
                }
            }
        }
    }

    /// Writes the fixed columns that everybody can make.
    fn assign_public(&self, config: &KeyProofConfig, region: &mut Region<'_, Fr>) {
        let (tape, ranges) = (&self.layout.tape, &self.layout.ranges);
        for (number, column) in self.part.clone().enumerate() {
            let mut public = tape.public_part(column);
            for (row, part) in public.iter_mut().enumerate() {
                *part += int(smallest(tape.secret(column, row)));
            }
            assign(region, &config.public[number], public);
            for (limb, named) in config.ranges[number].iter().enumerate() {
                let named_of = |row| ranges.of(tape.secret(column, row), limb);
                for (row, range) in (0..tape.rows()).map(named_of).enumerate() {
                    if range != 0 {
                        region.assign_fixed(*named, row, Fr::from(range as u64));
                    }
                }
            }
        }
        for row in 1..tape.rows() {
            region.assign_fixed(config.active, row, Fr::ONE);
        }
        let last = self.layout.last();
        for row in 1..=last {
            region.assign_fixed(config.running, row, Fr::ONE);
        }
        region.assign_fixed(config.first, 0, Fr::ONE);
        region.assign_fixed(config.last, last, Fr::ONE);
        for (row, (range, value)) in ranges.table().enumerate() {
            region.assign_fixed(config.table[0], 1 + row, Fr::from(range as u64));
            region.assign_fixed(config.table[1], 1 + row, Fr::from(value));
        }
    }

    fn assign_limbs(
        &self,
        config: &KeyProofConfig,
        region: &mut Region<'_, Fr>,
        witness: &KeyProofWitness,
    ) {
        for (columns, limbs) in config.limbs.iter().zip(witness.upper()) {
            for (column, limbs) in columns.iter().zip(limbs) {
                for &(row, limb) in limbs {
                    region.assign_advice(*column, row as usize, Value::known(Fr::from(limb)));
                }
            }
        }
        for (row, &count) in witness.counts.iter().enumerate() {
            if count != 0 {
                region.assign_advice(config.count, 1 + row, Value::known(Fr::from(count)));
            }
        }
    }

    pub(super) fn layout(&self) -> &KeyProofLayout {
        &self.layout
    }

    pub(super) fn part(&self) -> Range<usize> {
        self.part.clone()
    }
}

fn assign(
    region: &mut Region<'_, Fr>,
    column: &halo2_axiom::plonk::Column<halo2_axiom::plonk::Fixed>,
    values: Vec<Fr>,
) {
    for (row, value) in values.into_iter().enumerate() {
        if value != Fr::ZERO {
            region.assign_fixed(*column, row, value);
        }
    }
}

impl Circuit<Fr> for KeyProofCircuit {
    type Config = KeyProofConfig;
    type FloorPlanner = SimpleFloorPlanner;
    type Params = KeyProofShape;

    fn params(&self) -> KeyProofShape {
        self.shape()
    }

    fn without_witnesses(&self) -> Self {
        Self {
            witness: None,
            ..self.clone()
        }
    }

    fn configure(meta: &mut ConstraintSystem<Fr>) -> KeyProofConfig {
        KeyProofConfig::configure(meta, &KeyProofShape::default(), None)
    }

    fn configure_with_params(
        meta: &mut ConstraintSystem<Fr>,
        shape: KeyProofShape,
    ) -> KeyProofConfig {
        KeyProofConfig::configure(meta, &shape, None)
    }

    fn synthesize(&self, config: KeyProofConfig, layouter: impl Layouter<Fr>) -> Result<(), Error> {
        self.assign(&config, layouter, |_| {})
    }
}

impl KeyProofCircuit {
    /// Fills the columns. What `change` does to the running sums happens in tests alone.
    pub(crate) fn assign(
        &self,
        config: &KeyProofConfig,
        mut layouter: impl Layouter<Fr>,
        change: impl Fn(&mut Vec<Vec<Fr>>),
    ) -> Result<(), Error> {
        layouter.assign_region(
            || "key proof",
            |mut region| {
                self.assign_weights(config, &mut region);
                self.assign_public(config, &mut region);
                let Some(witness) = &self.witness else {
                    return Ok(());
                };
                self.assign_limbs(config, &mut region, witness);
                region.next_phase();
                let drawn = config
                    .challenges
                    .map(|challenge| region.get_challenge(challenge));
                let drawn: Value<Vec<Fr>> = drawn.into_iter().collect();
                drawn.map(|drawn| {
                    let mut sums = Sums::new(self, witness, [drawn[0], drawn[1]]);
                    change(&mut sums.columns);
                    for (column, values) in config.sums.iter().zip(&sums.columns) {
                        for (row, value) in values.iter().enumerate() {
                            region.assign_advice(*column, row, Value::known(*value));
                        }
                    }
                });
                Ok(())
            },
        )
    }
}
