//! A part of a key proof under halo2's constraint checker.

use super::{KeyProofRelation, KeyProofShape, KeyProofWitness};
use crate::circuit::RelationConfig;
use halo2_axiom::{
    circuit::{Layouter, SimpleFloorPlanner},
    plonk::{Circuit, ConstraintSystem, Error},
};
use halo2curves_axiom::bn256::Fr;
use std::{fmt, sync::Arc};

/// A change of a key proof's running sums.
pub type ChangeSums = Arc<dyn Fn(&mut Vec<Vec<Fr>>) + Send + Sync>;

/// A part of a key proof, honest or not.
#[derive(Clone)]
pub struct KeyProofCircuit {
    witness: KeyProofWitness,
    /// A gate to leave out.
    pub without: Option<&'static str>,
    /// What changes the running sums.
    pub change: Option<ChangeSums>,
}

impl fmt::Debug for KeyProofCircuit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeyProofCircuit")
            .field("without", &self.without)
            .finish_non_exhaustive()
    }
}

impl KeyProofCircuit {
    /// The proof with all of its gates and the sums that belong to its columns.
    pub fn new(witness: KeyProofWitness) -> Self {
        Self {
            witness,
            without: None,
            change: None,
        }
    }
}

impl Circuit<Fr> for KeyProofCircuit {
    type Config = RelationConfig;
    type FloorPlanner = SimpleFloorPlanner;
    type Params = (KeyProofShape, Option<&'static str>);

    fn params(&self) -> Self::Params {
        (self.witness.part().relation().part().clone(), self.without)
    }

    fn without_witnesses(&self) -> Self {
        self.clone()
    }

    fn configure(meta: &mut ConstraintSystem<Fr>) -> RelationConfig {
        Self::configure_with_params(meta, Self::Params::default())
    }

    fn configure_with_params(
        meta: &mut ConstraintSystem<Fr>,
        (shape, without): Self::Params,
    ) -> RelationConfig {
        // Neither the height nor the packs are the constraint checker's.
        let relation = KeyProofRelation::new(9, 8, shape);
        RelationConfig::configure(meta, &relation, without)
    }

    fn synthesize(&self, config: RelationConfig, layouter: impl Layouter<Fr>) -> Result<(), Error> {
        let witness = &self.witness;
        let columns = |phase: usize, challenges: &[Fr]| {
            let mut columns = witness.phase_columns(phase, challenges);
            if let (1, Some(change)) = (phase, &self.change) {
                change(&mut columns);
            }
            Some(columns)
        };
        config.assign(layouter, &witness.fixed_columns(), &[], columns)
    }
}
