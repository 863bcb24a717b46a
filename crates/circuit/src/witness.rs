//! The advice columns: first what is looked up, then, once the challenges are known, the five
//! running columns.

use crate::{
    error::CircuitError,
    field::int,
    opcode::Op,
    program::{Content, Program, Region},
    tape::{SQUARE, Tape},
};
use halo2curves_axiom::{bn256::Fr, ff::Field};
use rayon::prelude::*;
use verdict_argument::invert;

/// What a position holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cell {
    /// A pre-activation (not looked at for inputs and constants) and an activation.
    Looked {
        /// The sum.
        y: i64,
        /// The value.
        x: i64,
    },
    /// What a [`Content::Square`] squares.
    Root(Fr),
}

/// Gives a cell's values by level, channel and position.
pub trait Cells: Sync {
    /// What the position holds; asked for neither words nor holes.
    fn cell(&self, level: usize, channel: usize, position: usize) -> Cell;
}

/// The first phase: looked-up keys and values by row, and how often each table entry is looked up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Witness {
    /// Keys by row.
    pub q: Vec<i64>,
    /// Values by row.
    pub x: Vec<i64>,
    /// Multiplicities by row.
    pub m: Vec<u64>,
    /// Rows that square, ascending, with `q` and `x`; the other columns hold zeros there.
    pub squares: Vec<(u32, Fr, Fr)>,
}

impl Witness {
    /// Fills the first-phase columns of `tape` from the cells' values.
    pub fn new(program: &Program, tape: &Tape, cells: &dyn Cells) -> Result<Self, CircuitError> {
        let rows = tape.rows();
        let mut witness = Self {
            q: vec![0; rows],
            x: vec![0; rows],
            m: vec![0; rows],
            squares: Vec::new(),
        };
        let differs = || CircuitError::Trace("the tape is not this program's".into());
        let mut placed = tape.cells().iter();
        let mut limb_rows = tape.limbs().iter();
        // Every row but the context's and the last edge looks something up; the idle ones are
        // counted at the end.
        let mut idle = rows as u64 - 2;
        for (number, level) in program.levels.iter().enumerate() {
            for index in 0..level.channels.len() {
                let contents = program.pattern(number, index).contents();
                for (position, content) in contents.enumerate() {
                    let (region, limbs) = match content {
                        Content::Hole | Content::Word => continue,
                        Content::Cell { region, limbs } | Content::Discard { region, limbs } => {
                            (region, limbs)
                        }
                        Content::Square => (0, 0),
                    };
                    let row = *placed.next().ok_or_else(differs)?;
                    idle -= 1;
                    let (y, x) = match cells.cell(number, index, position) {
                        Cell::Looked { y, x } => (y, x),
                        Cell::Root(root) => {
                            witness.squares.push((row, root, root.square()));
                            continue;
                        }
                    };
                    let (key, mut rest) = match &program.regions[region] {
                        Region::Function { shift, .. } => {
                            ((y >> shift) << shift, y & ((1 << shift) - 1))
                        }
                        Region::Input { .. } => (x, 0),
                        _ => (0, 0),
                    };
                    witness.look_up(program, tape, row as usize, region, (key, x))?;
                    for &limb in &program.limbs[limbs].0 {
                        let row = *limb_rows.next().ok_or_else(differs)?;
                        let Region::Limb { offset, bits } = program.regions[limb] else {
                            continue;
                        };
                        let part = rest & (((1 << bits) - 1) << offset);
                        rest -= part;
                        witness.look_up(program, tape, row as usize, limb, (part, 0))?;
                        idle -= 1;
                    }
                }
            }
        }
        witness.m[tape.entry_row(0, 0)] = idle;
        Ok(witness)
    }

    fn look_up(
        &mut self,
        program: &Program,
        tape: &Tape,
        row: usize,
        region: usize,
        (key, value): (i64, i64),
    ) -> Result<(), CircuitError> {
        let index =
            program.regions[region]
                .index_of(key, value)
                .ok_or(CircuitError::NotInTable {
                    row,
                    region: region as u32,
                    key,
                    value,
                })?;
        self.q[row] = key;
        self.x[row] = value;
        self.m[tape.entry_row(region, index)] += 1;
        Ok(())
    }
}

/// The challenges drawn after the first phase.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Challenges {
    pub(crate) r: Fr,
    pub(crate) s: Fr,
    pub(crate) g: Fr,
    pub(crate) theta: Fr,
    pub(crate) alpha: Fr,
}

/// The second phase, by row: `h`, `S`, `y`, `d`, `L`.
pub(crate) struct Running {
    pub(crate) columns: [Vec<Fr>; 5],
}

impl Running {
    /// Computes the running columns. `instance[0]` is the context.
    pub(crate) fn new(
        program: &Program,
        tape: &Tape,
        witness: &Witness,
        instance: &[Fr],
        challenges: &Challenges,
    ) -> Self {
        let (h, l) = rayon::join(
            || stream(tape, challenges),
            || look_ups(program, tape, witness, challenges),
        );
        let [s, y, d] = identity(tape, witness, instance, challenges, &h);
        Self {
            columns: [h, s, y, d, l],
        }
    }
}

/// `h`: every `Restart` forgets the past, so runs between restarts are computed in parallel.
fn stream(tape: &Tape, challenges: &Challenges) -> Vec<Fr> {
    let rows = tape.rows();
    let mut powers = Vec::with_capacity(tape.width() + 1);
    powers.push(Fr::ONE);
    for j in 0..tape.width() {
        powers.push(powers[j] * challenges.r);
    }
    let r_c = powers[tape.width()];
    let r_minus_c = r_c.invert().unwrap_or(Fr::ZERO);

    let mut weight: Vec<Fr> = vec![Fr::ZERO; rows];
    weight
        .par_iter_mut()
        .enumerate()
        .with_min_len(1024)
        .for_each(|(row, sum)| {
            for (column, power) in tape.weights().iter().zip(&powers) {
                match column[row] {
                    0 => {}
                    value => *sum += int(i64::from(value)) * power,
                }
            }
        });
    for &(row, column, value) in tape.wide() {
        weight[row] += value * powers[column];
    }

    let ops = tape.ops();
    let target = rows.div_ceil(rayon::current_num_threads() * 4).max(1024);
    let mut starts = vec![0];
    let mut last = 0;
    for (row, op) in ops.iter().enumerate() {
        if *op == Op::Restart && row - last >= target {
            starts.push(row);
            last = row;
        }
    }
    starts.push(rows);
    let mut runs: Vec<(usize, &mut [Fr])> = Vec::with_capacity(starts.len());
    let mut rest = weight.as_mut_slice();
    for pair in starts.windows(2) {
        let (run, tail) = rest.split_at_mut(pair[1] - pair[0]);
        runs.push((pair[0], run));
        rest = tail;
    }
    runs.into_par_iter().for_each(|(start, run)| {
        let mut h = Fr::ZERO;
        for (slot, op) in run.iter_mut().zip(&ops[start..]) {
            let factor = match op {
                Op::Restart | Op::Off => Fr::ZERO,
                Op::Next => r_c,
                Op::Back => r_minus_c,
                Op::Shift => challenges.s,
                Op::Skip => challenges.g,
                Op::Hold | Op::Channel | Op::Level | Op::Edge => Fr::ONE,
            };
            h = h * factor + *slot;
            *slot = h;
        }
    });
    weight
}

fn identity(
    tape: &Tape,
    witness: &Witness,
    instance: &[Fr],
    challenges: &Challenges,
    h: &[Fr],
) -> [Vec<Fr>; 3] {
    let rows = tape.rows();
    let mut columns = [
        vec![Fr::ZERO; rows],
        vec![Fr::ZERO; rows],
        vec![Fr::ZERO; rows],
    ];
    let (mut s, mut y, mut d) = (Fr::ZERO, Fr::ZERO, Fr::ZERO);
    let mut squares = witness.squares.iter().peekable();
    for row in 1..rows {
        let op = tape.ops()[row];
        match op {
            Op::Channel => y *= challenges.r,
            Op::Level => d = d * challenges.g + y,
            Op::Shift => s *= challenges.s,
            _ => {}
        }
        if matches!(op, Op::Level | Op::Edge) {
            y = Fr::ZERO;
        }
        if matches!(op, Op::Channel | Op::Level | Op::Edge) {
            s = Fr::ONE;
        }
        let mut produced = int(witness.q[row]);
        if let Some(word) = instance.get(row) {
            produced += word;
        }
        let square = squares.next_if(|square| square.0 as usize == row);
        if let Some((_, root, _)) = square {
            produced += root;
        }
        if produced != Fr::ZERO {
            y += s * produced;
        }
        if witness.x[row] != 0 {
            d -= int(witness.x[row]) * h[row];
        }
        if let Some((_, _, square)) = square {
            d -= square * h[row];
        }
        columns[0][row] = s;
        columns[1][row] = y;
        columns[2][row] = d;
    }
    columns
}

/// `L`: each row adds the inverse of what it looks up and takes off its entry's inverse times its
/// multiplicity.
fn look_ups(program: &Program, tape: &Tape, witness: &Witness, challenges: &Challenges) -> Vec<Fr> {
    let rows = tape.rows();
    let theta_squared = challenges.theta.square();
    let fingerprint = |region: usize, key: i64, value: i64| {
        challenges.alpha
            + theta_squared * Fr::from(region as u64)
            + int(key)
            + challenges.theta * int(value)
    };
    // The last row's sum is not looked at, but its gate holds there too.
    let idle = fingerprint(0, 0, 0).invert().unwrap_or(Fr::ZERO);
    let mut l = vec![Fr::ZERO; rows];
    l[1..]
        .par_chunks_mut(4096)
        .enumerate()
        .for_each(|(chunk, sums)| {
            let first = 1 + chunk * 4096;
            let mut looked_up = Vec::with_capacity(sums.len());
            let mut entries = Vec::with_capacity(sums.len());
            for row in first..first + sums.len() {
                let region = usize::from(tape.regions()[row]);
                looked_up.push(match tape.regions()[row] {
                    0 | SQUARE => Fr::ONE,
                    _ => fingerprint(region, witness.q[row], witness.x[row]),
                });
                entries.push(match (witness.m[row], tape.table().get(row - 1)) {
                    (1.., Some(&(region, index))) => {
                        let (key, value) =
                            program.regions[usize::from(region)].entry(index as usize);
                        fingerprint(usize::from(region), key, value)
                    }
                    _ => Fr::ONE,
                });
            }
            invert(&mut looked_up);
            invert(&mut entries);
            let mut sum = Fr::ZERO;
            for (i, slot) in sums.iter_mut().enumerate() {
                let row = first + i;
                sum += match tape.regions()[row] {
                    0 => idle,
                    SQUARE => Fr::ZERO,
                    _ => looked_up[i],
                };
                if witness.m[row] > 0 {
                    sum -= entries[i] * Fr::from(witness.m[row]);
                }
                *slot = sum;
            }
        });
    let mut carried = Fr::ZERO;
    for chunk in l[1..].chunks_mut(4096) {
        for slot in chunk.iter_mut() {
            *slot += carried;
        }
        carried = chunk.last().copied().unwrap_or(carried);
    }
    l
}
