//! Dishonest provers, for the tests that show what the gates are there for. The module is never
//! built without the feature `test-gates`.

use crate::{
    circuit::{RelationConfig, Shape, TapeCircuit, configure_tape},
    lower::Lowered,
    opcode::Op,
    program::{Tap, Taps},
    relation::FIXED_COLUMNS,
    tape::Tape,
};
use halo2_axiom::{
    circuit::{Layouter, SimpleFloorPlanner},
    plonk::{Circuit, ConstraintSystem, Error},
};
use halo2curves_axiom::bn256::Fr;
use std::{fmt, sync::Arc};

/// What the prover knows when it fills the second phase.
#[derive(Clone, Copy, Debug)]
pub struct Drawn {
    /// Base of the channels' powers.
    pub r: Fr,
    /// Base of the positions' powers.
    pub s: Fr,
    /// Base of the levels' powers.
    pub g: Fr,
    /// The challenge that folds region, key and value.
    pub theta: Fr,
    /// Where the look-up argument's fractions are evaluated.
    pub alpha: Fr,
}

/// The running columns `[h, S, y, d, L]`, each by row.
pub type Columns = [Vec<Fr>; 5];

/// A change of the honestly computed second phase.
pub type Forge = Arc<dyn Fn(&Drawn, &mut Columns) + Send + Sync>;

/// A fixed column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fixed {
    /// A coordinate of the opcode.
    Opcode(usize),
    /// The region of the row's look-up.
    Region,
    /// Whether the row squares.
    Square,
    /// Region, key or value of the table entry, times `σ`.
    Table(usize),
    /// A weight column.
    Weight(usize),
}

impl Fixed {
    /// The column's number in the order of a key's commitments.
    fn number(self) -> usize {
        match self {
            Self::Opcode(coordinate) => coordinate,
            Self::Region => 3,
            Self::Square => 4,
            Self::Table(part) => 5 + part,
            Self::Weight(column) => FIXED_COLUMNS + column,
        }
    }
}

/// A circuit whose prover does not follow the program.
#[derive(Clone)]
pub struct Forgery {
    /// The circuit that assigns everything that is not forged. Its first-phase columns and its
    /// instance can be changed in place.
    pub circuit: TapeCircuit,
    /// A gate to leave out.
    pub without: Option<&'static str>,
    /// Fixed cells of another program.
    pub fixed: Vec<(Fixed, usize, Fr)>,
    /// What changes the second phase.
    pub forge: Option<Forge>,
}

impl fmt::Debug for Forgery {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Forgery")
            .field("without", &self.without)
            .field("fixed", &self.fixed)
            .finish_non_exhaustive()
    }
}

impl Forgery {
    /// A prover that has forged nothing yet.
    pub fn new(circuit: TapeCircuit) -> Self {
        Self {
            circuit,
            without: None,
            fixed: Vec::new(),
            forge: None,
        }
    }

    /// Replaces the opcode of a row.
    #[must_use]
    pub fn with_op(mut self, row: usize, op: Op) -> Self {
        self.fixed.extend(
            op.point()
                .into_iter()
                .enumerate()
                .map(|(i, c)| (Fixed::Opcode(i), row, Fr::from(c))),
        );
        self
    }
}

/// The opcodes of a tape, by row.
pub fn ops(tape: &Tape) -> &[Op] {
    tape.ops()
}

/// The regions that the rows of a tape look up.
pub fn regions(tape: &Tape) -> &[u16] {
    tape.regions()
}

/// The rows of a tape's cells, in order of level, channel and position.
pub fn cells(tape: &Tape) -> &[u32] {
    tape.cells()
}

/// The rows of the weights that are not zero, each with the column.
pub fn weights(tape: &Tape) -> Vec<(usize, usize)> {
    let small = tape
        .weights()
        .iter()
        .enumerate()
        .flat_map(|(column, weights)| {
            let at = weights
                .iter()
                .enumerate()
                .filter(|(_, weight)| **weight != 0);
            at.map(move |(row, _)| (row, column))
        });
    small
        .chain(tape.wide().iter().map(|&(row, column, _)| (row, column)))
        .collect()
}

impl Circuit<Fr> for Forgery {
    type Config = RelationConfig;
    type FloorPlanner = SimpleFloorPlanner;
    type Params = (Shape, Option<&'static str>);

    fn params(&self) -> Self::Params {
        (self.circuit.params(), self.without)
    }

    fn without_witnesses(&self) -> Self {
        Self {
            circuit: self.circuit.without_witnesses(),
            ..self.clone()
        }
    }

    fn configure(meta: &mut ConstraintSystem<Fr>) -> RelationConfig {
        configure_tape(meta, Shape::default().width, None)
    }

    fn configure_with_params(
        meta: &mut ConstraintSystem<Fr>,
        (shape, without): Self::Params,
    ) -> RelationConfig {
        configure_tape(meta, shape.width, without)
    }

    fn synthesize(&self, config: RelationConfig, layouter: impl Layouter<Fr>) -> Result<(), Error> {
        let others = self.fixed.iter();
        let others: Vec<_> = others
            .map(|&(of, row, value)| (of.number(), row, value))
            .collect();
        self.circuit
            .assign(&config, layouter, &others, |challenges, columns| {
                let (Some(forge), &[r, s, g, theta, alpha]) = (&self.forge, challenges) else {
                    return;
                };
                let drawn = Drawn {
                    r,
                    s,
                    g,
                    theta,
                    alpha,
                };
                let mut running = Columns::default();
                for (of, column) in running.iter_mut().zip(&mut *columns) {
                    *of = std::mem::take(column);
                }
                forge(&drawn, &mut running);
                *columns = running.into();
            })
    }
}

/// Where a stream stands: level, channel and position.
pub type StreamPlace = (usize, usize, usize);

/// Every tap of a program, with its stream and its number there.
pub fn all_taps(lowered: &Lowered) -> Vec<(StreamPlace, usize, Tap)> {
    let program = &lowered.program;
    let mut all = Vec::new();
    for level in 1..program.levels.len() {
        for channel in 0..program.levels[level].channels.len() {
            for position in program.pattern(level, channel).streams() {
                let mut list = Vec::new();
                lowered.taps(level, channel, position, &mut list);
                let at = (level, channel, position);
                all.extend(list.into_iter().enumerate().map(|(n, tap)| (at, n, tap)));
            }
        }
    }
    all
}

/// A program's taps with those of one stream changed.
pub struct ChangedTaps<'a> {
    /// The honest taps.
    pub honest: &'a Lowered,
    /// The stream.
    pub at: StreamPlace,
    /// What happens to its taps.
    pub change: &'a (dyn Fn(&mut Vec<Tap>) + Sync),
}

impl fmt::Debug for ChangedTaps<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ChangedTaps")
            .field("at", &self.at)
            .finish_non_exhaustive()
    }
}

impl Taps for ChangedTaps<'_> {
    fn taps(&self, level: usize, channel: usize, position: usize, into: &mut Vec<Tap>) {
        self.honest.taps(level, channel, position, into);
        if self.at == (level, channel, position) {
            (self.change)(into);
        }
    }
}
