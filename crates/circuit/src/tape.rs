//! Lays a [`Program`] out in rows: opcodes, look-up regions and weights, everything the fixed columns hold.

use crate::{
    error::CircuitError,
    footprint::extents,
    opcode::Op,
    path::{self, Step},
    program::{Content, Program, Tap, Taps, Weight},
};
use halo2curves_axiom::{bn256::Fr, ff::PrimeField};

/// Rows at the end of every column that hold the prover's blinding: five factors and one row more.
pub const BLINDING_ROWS: usize = 6;

/// A program laid out at some width, still without a height.
#[derive(Clone, Debug, PartialEq)]
pub struct Tape {
    width: usize,
    ops: Vec<Op>,
    regions: Vec<u16>,
    /// Column-major: `weights[j][row]`.
    weights: Vec<Vec<i32>>,
    /// Weights that do not fit: `(row, column, weight)`.
    wide: Vec<(usize, usize, Fr)>,
    /// The row of every cell's activation, in order of level, channel and position; words have none.
    cells: Vec<u32>,
    words: usize,
    /// `(region, index in region)` of every table entry, in row order from row 1.
    table: Vec<(u16, u32)>,
    /// The table row of each region's first entry.
    region_rows: Vec<usize>,
}

impl Tape {
    /// Lays `program` out at `width` weights to a row.
    pub fn new(program: &Program, taps: &dyn Taps, width: usize) -> Result<Self, CircuitError> {
        // The tape numbers regions in 16 bits; one more would share another's number, and its entries.
        if program.regions.len() > 1 << 16 {
            return Err(CircuitError::Graph(format!(
                "it has {} tables, more than 2^16",
                program.regions.len()
            )));
        }
        let mut tape = Self {
            width,
            ops: vec![Op::Off],
            regions: vec![0],
            weights: vec![vec![0]; width],
            wide: Vec::new(),
            cells: Vec::new(),
            words: 0,
            table: Vec::new(),
            region_rows: Vec::new(),
        };
        let mut writer = Writer {
            tape: &mut tape,
            limbs: Vec::new(),
            steps: Vec::new(),
            taps: Vec::new(),
        };
        for level in 0..program.levels.len() {
            writer.level(program, taps, level)?;
        }
        writer.flush();
        for (region, entries) in program.regions.iter().enumerate() {
            tape.region_rows.push(1 + tape.table.len());
            tape.table
                .extend((0..entries.len() as u32).map(|index| (region as u16, index)));
        }
        while tape.ops.len() <= tape.table.len() {
            tape.push(Op::Hold, 0);
        }
        tape.push(Op::Edge, 0);
        Ok(tape)
    }

    fn push(&mut self, op: Op, region: usize) {
        self.ops.push(op);
        self.regions.push(region as u16);
        for column in &mut self.weights {
            column.push(0);
        }
    }

    /// Weights to a row.
    pub fn width(&self) -> usize {
        self.width
    }

    /// Rows used, the context's row and both edges included.
    pub fn rows(&self) -> usize {
        self.ops.len()
    }

    /// The smallest height that holds the tape.
    pub fn height(&self) -> u32 {
        (self.rows() + BLINDING_ROWS)
            .next_power_of_two()
            .trailing_zeros()
    }

    /// Names everything the fixed columns hold, so that keys made for one layout are never taken for another's.
    pub fn digest(&self, program: &Program) -> [u8; 32] {
        let mut hasher = blake3::Hasher::new();
        let number = |hasher: &mut blake3::Hasher, value: i64| {
            hasher.update(&value.to_le_bytes());
        };
        number(&mut hasher, self.width as i64);
        number(&mut hasher, self.rows() as i64);
        // Lengths first, so that no list can pass for another.
        number(&mut hasher, self.table.len() as i64);
        number(&mut hasher, self.wide.len() as i64);
        for (op, region) in self.ops.iter().zip(&self.regions) {
            number(&mut hasher, *op as i64);
            number(&mut hasher, i64::from(*region));
        }
        for &(region, index) in &self.table {
            let (key, value) = program.regions[usize::from(region)].entry(index as usize);
            number(&mut hasher, i64::from(region));
            number(&mut hasher, key);
            number(&mut hasher, value);
        }
        for &(row, column, weight) in &self.wide {
            number(&mut hasher, row as i64);
            number(&mut hasher, column as i64);
            hasher.update(weight.to_repr().as_ref());
        }
        for column in &self.weights {
            for chunk in column.chunks(1024) {
                let bytes: Vec<u8> = chunk
                    .iter()
                    .flat_map(|weight| weight.to_le_bytes())
                    .collect();
                hasher.update(&bytes);
            }
        }
        hasher.finalize().into()
    }

    /// Public words, the context not counted.
    pub fn words(&self) -> usize {
        self.words
    }

    pub(crate) fn ops(&self) -> &[Op] {
        &self.ops
    }

    pub(crate) fn regions(&self) -> &[u16] {
        &self.regions
    }

    pub(crate) fn weights(&self) -> &[Vec<i32>] {
        &self.weights
    }

    pub(crate) fn wide(&self) -> &[(usize, usize, Fr)] {
        &self.wide
    }

    pub(crate) fn cells(&self) -> &[u32] {
        &self.cells
    }

    /// Table entries as `(region, index)`, the first on row 1.
    pub(crate) fn table(&self) -> &[(u16, u32)] {
        &self.table
    }

    /// The row that holds entry `index` of `region`.
    pub(crate) fn entry_row(&self, region: usize, index: usize) -> usize {
        self.region_rows[region] + index
    }
}

struct Writer<'a> {
    tape: &'a mut Tape,
    /// Limb regions that the rows after the last cell still have to look up.
    limbs: Vec<usize>,
    steps: Vec<Step>,
    taps: Vec<Tap>,
}

impl Writer<'_> {
    /// Writes a row; a pending limb of the last cell goes along where the row leaves `S` and `y` alone.
    fn row(&mut self, op: Op, region: Option<usize>) -> usize {
        if matches!(op, Op::Channel | Op::Level | Op::Edge | Op::Shift) {
            self.flush();
        }
        let region = region.or_else(|| self.limbs.pop()).unwrap_or(0);
        self.tape.push(op, region);
        self.tape.rows() - 1
    }

    fn flush(&mut self) {
        while let Some(region) = self.limbs.pop() {
            self.tape.push(Op::Hold, region);
        }
    }

    fn level(
        &mut self,
        program: &Program,
        taps: &dyn Taps,
        index: usize,
    ) -> Result<(), CircuitError> {
        let level = &program.levels[index];
        for (number, channel) in level.channels.iter().enumerate() {
            if index > 0 {
                self.stream(program, taps, index, number)?;
            }
            let mut op = match (index, number) {
                (0, 0) => Op::Edge,
                (_, 0) => Op::Level,
                _ => Op::Channel,
            };
            for _ in 0..channel.positions {
                match channel.content {
                    Content::Word => {
                        self.row(op, None);
                        self.tape.words += 1;
                    }
                    Content::Cell { region, limbs } => {
                        let row = self.row(op, Some(region));
                        self.tape.cells.push(row as u32);
                        self.limbs.extend(program.limbs[limbs].0.iter().rev());
                    }
                }
                op = Op::Shift;
            }
        }
        for _ in 0..level.padding {
            self.row(Op::Channel, None);
        }
        Ok(())
    }

    fn stream(
        &mut self,
        program: &Program,
        taps: &dyn Taps,
        level: usize,
        channel: usize,
    ) -> Result<(), CircuitError> {
        let mut list = std::mem::take(&mut self.taps);
        list.clear();
        taps.taps(level, channel, &mut list);
        let width = self.tape.width;
        let place = |tap: &Tap| {
            let exponent = program.levels[tap.level].exponent(tap.channel);
            (
                level - 1 - tap.level,
                tap.shift,
                exponent / width,
                exponent % width,
            )
        };
        let mut planes = extents(level, &list, |tap| {
            program.levels[tap.level].exponent(tap.channel)
        });
        for plane in &mut planes {
            plane.2 /= width;
            plane.3 /= width;
        }
        path::plan(&planes, &mut self.steps).ok_or(CircuitError::Path { level, channel })?;

        let steps = std::mem::take(&mut self.steps);
        // The row of each coordinate's first visit, looked up by plane: a path visits a plane in one go.
        let mut visits: Vec<(usize, usize, usize, Vec<usize>)> = planes
            .iter()
            .map(|&(skip, shift, low, high)| (skip, shift, low, vec![usize::MAX; high - low + 1]))
            .collect();
        for &(op, at) in &steps {
            let row = self.row(op, None);
            if let Some((_, _, low, rows)) = visits
                .iter_mut()
                .find(|v| (v.0, v.1) == (at.skip, at.shift))
                && let Some(slot) = at.block.checked_sub(*low).and_then(|i| rows.get_mut(i))
                && *slot == usize::MAX
            {
                *slot = row;
            }
        }
        for tap in list.iter().filter(|tap| !tap.weight.is_zero()) {
            let (skip, shift, block, column) = place(tap);
            let Some((_, _, low, rows)) = visits.iter().find(|v| (v.0, v.1) == (skip, shift))
            else {
                continue;
            };
            let row = rows[block - low];
            match tap.weight {
                Weight::Int(weight) if i32::try_from(weight).is_ok() => {
                    self.tape.weights[column][row] = weight as i32;
                }
                Weight::Int(weight) => {
                    self.tape
                        .wide
                        .push((row, column, crate::field::int(weight)))
                }
                Weight::Field(weight) => self.tape.wide.push((row, column, weight)),
            }
        }
        self.steps = steps;
        self.taps = list;
        Ok(())
    }
}
