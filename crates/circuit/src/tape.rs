//! Lays a [`Program`] out in rows: opcodes, look-up regions and weights, everything the fixed
//! columns hold.

use crate::{
    error::CircuitError,
    field::int,
    footprint::spans_of,
    layout::{Look, Sink, walk},
    opcode::Op,
    program::{Program, Tap, Taps, Weight},
    stream_order::{Coordinate, Span},
};
use halo2curves_axiom::{
    bn256::Fr,
    ff::{Field, PrimeField},
};
use rand_chacha::{ChaCha20Rng, rand_core::SeedableRng};
use std::fmt;
use verdict_argument::Column;

/// Rows at the end of every column that hold the prover's blinding. A proof shows at most three forms
/// of a column; halo2's constraint checker, which holds gates in tests, keeps six rows.
pub const BLINDING_ROWS: usize = 6;

/// The smallest height of a key with private weights: the ranges of its key proof fit any larger
/// one's rows.
pub(crate) const MIN_HIDDEN_HEIGHT: u32 = 9;

/// The number of the layout, which grows with every change of columns or gates, so that cached keys
/// of another layout are not found.
const LAYOUT_VERSION: i64 = 3;

/// Marks, among the regions of the rows, those that square.
pub(crate) const SQUARE: u16 = u16::MAX;

/// A program laid out at some width, still without a height.
#[derive(Clone, Debug, PartialEq)]
pub struct Tape {
    width: usize,
    ops: Vec<Op>,
    regions: Vec<u16>,
    /// The weights, column by column: `weights[j][row]`.
    weights: Vec<Vec<i32>>,
    /// Weights that do not fit: `(row, column, weight)`.
    wide: Vec<(usize, usize, Fr)>,
    /// The declared bits of private weights, column by column, up to the last row that has one; 0
    /// for everything that is public.
    secret: Vec<Vec<u8>>,
    /// What is public of coefficients that hold a private weight as well: `(row, column, part)`.
    public: Vec<(usize, usize, i64)>,
    /// The row of every position that holds a value, in order of level, channel and position; words
    /// have none.
    cells: Vec<u32>,
    /// The rows of their limbs.
    limbs: Vec<u32>,
    words: usize,
    /// `(region, index in region)` of every table entry, in row order from row 1.
    table: Vec<(u16, u32)>,
    /// The table row of each region's first entry.
    region_rows: Vec<usize>,
    /// What hides the weights.
    hiding: Option<Hiding>,
}

/// Rows behind the tape that hold random values in every weight column, if weights are private.
///
/// The key's commitment shows one linear form of each pack of columns, and a key proof the value of
/// each column at one point. Making a key proof again gives the same bytes; another one of the same
/// key can come of another version of it alone. So one row is for the commitment, one for the key
/// proof, and six are spare. Proofs of inferences blind packs anew and need no row.
pub const HIDING_ROWS: usize = 8;

/// The height of so many rows, with those that hide weights if they are `hidden`.
pub fn height(rows: usize, hidden: bool) -> u32 {
    let (hiding, least) = match hidden {
        true => (HIDING_ROWS, MIN_HIDDEN_HEIGHT),
        false => (0, 0),
    };
    (rows + hiding + BLINDING_ROWS)
        .next_power_of_two()
        .trailing_zeros()
        .max(least)
}

/// Random values behind the tape that make the commitments to the weight columns hide them: see
/// [`HIDING_ROWS`]. They must be those of one key alone.
#[derive(Clone, PartialEq, Eq)]
pub struct Hiding {
    /// What the values are drawn from; as secret as the weights.
    pub seed: [u8; 32],
}

impl fmt::Debug for Hiding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Hiding").finish_non_exhaustive()
    }
}

impl Hiding {
    /// What hides the weights in one of a model's keys. Rows are kept for what one key shows of them,
    /// and a model has many keys: of other batches, widths, heights and packs. So each draws from a
    /// seed of its own, a pseudorandom function of the tape, without random rows, and of the shape.
    #[must_use]
    pub fn of_key(&self, tape: &[u8; 32], k: u32, pack: usize) -> Self {
        let mut hasher = blake3::Hasher::new_keyed(&self.seed);
        hasher.update(b"the random rows of a key");
        hasher.update(tape);
        hasher.update(&k.to_le_bytes());
        hasher.update(&(pack as u64).to_le_bytes());
        Self {
            seed: hasher.finalize().into(),
        }
    }

    /// What hides the weights in keys under a set-up, which is named by its digest: the commitment
    /// under another set-up is another form.
    #[must_use]
    pub fn under(&self, setup: &str) -> Self {
        let mut hasher = blake3::Hasher::new_keyed(&self.seed);
        hasher.update(b"the keys of a set-up");
        hasher.update(setup.as_bytes());
        Self {
            seed: hasher.finalize().into(),
        }
    }

    /// The random values of a weight column.
    pub(crate) fn values(&self, column: usize) -> impl Iterator<Item = Fr> {
        let mut rng = ChaCha20Rng::from_seed(self.seed);
        rng.set_stream(column as u64);
        (0..HIDING_ROWS).map(move |_| Fr::random(&mut rng))
    }

    /// Randomness for a proof of a statement about the weights: a pseudorandom function of the
    /// statement, with the seed for a key. `statement` must name all that decides the proof's bytes.
    pub fn generator(&self, statement: &[u8]) -> ChaCha20Rng {
        let mut hasher = blake3::Hasher::new_keyed(&self.seed);
        hasher.update(b"the randomness of a proof");
        hasher.update(statement);
        ChaCha20Rng::from_seed(hasher.finalize().into())
    }
}

impl Tape {
    /// Lays `program` out at `width` weights to a row.
    pub fn new(program: &Program, taps: &dyn Taps, width: usize) -> Result<Self, CircuitError> {
        // The tape numbers regions in 16 bits; one more would share another's number, and its
        // entries.
        if program.regions.len() > usize::from(SQUARE) {
            return Err(CircuitError::Graph(format!(
                "it has {} tables, more than {SQUARE}",
                program.regions.len()
            )));
        }
        let mut tape = Self {
            width,
            ops: vec![Op::Off],
            regions: vec![0],
            weights: vec![vec![0]; width],
            wide: Vec::new(),
            secret: vec![Vec::new(); width],
            public: Vec::new(),
            cells: Vec::new(),
            limbs: Vec::new(),
            words: 0,
            table: Vec::new(),
            region_rows: Vec::new(),
            hiding: None,
        };
        let mut writer = Writer {
            tape: &mut tape,
            program,
            source: taps,
            taps: Vec::new(),
            spans: Vec::new(),
            level: 0,
        };
        walk(program, &mut writer)?;
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

    /// Adds rows that hide the weights.
    #[must_use]
    pub fn hiding(mut self, hiding: Hiding) -> Self {
        self.hiding = Some(hiding);
        self
    }

    /// What hides the weights, if they are private.
    pub fn hidden(&self) -> Option<&Hiding> {
        self.hiding.as_ref()
    }

    /// The smallest height that holds the tape.
    pub fn height(&self) -> u32 {
        height(self.rows(), self.hiding.is_some())
    }

    /// Names everything the fixed columns hold, so that keys made for one layout are never taken
    /// for another's.
    pub fn digest(&self, program: &Program) -> [u8; 32] {
        let mut hasher = blake3::Hasher::new();
        let number = |hasher: &mut blake3::Hasher, value: i64| {
            hasher.update(&value.to_le_bytes());
        };
        number(&mut hasher, LAYOUT_VERSION);
        number(&mut hasher, self.width as i64);
        number(&mut hasher, self.rows() as i64);
        // Lengths come first, so that no list can pass for another.
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
        if let Some(hiding) = &self.hiding {
            number(&mut hasher, HIDING_ROWS as i64);
            hasher.update(&hiding.seed);
        }
        hasher.finalize().into()
    }

    /// Public words, the context not counted.
    pub fn words(&self) -> usize {
        self.words
    }

    /// What each row does.
    pub fn ops(&self) -> &[Op] {
        &self.ops
    }

    pub(crate) fn regions(&self) -> &[u16] {
        &self.regions
    }

    pub(crate) fn weights(&self) -> &[Vec<i32>] {
        &self.weights
    }

    /// The declared bits of the private weight on a row of a weight column; 0 if there is none.
    pub(crate) fn secret(&self, column: usize, row: usize) -> u32 {
        let bits = self.secret.get(column).and_then(|column| column.get(row));
        bits.copied().unwrap_or(0).into()
    }

    /// The declared bits that occur, ascending.
    pub(crate) fn declared_bits(&self) -> Vec<u32> {
        let mut found = [false; 256];
        for bits in self.secret.iter().flatten() {
            found[usize::from(*bits)] = true;
        }
        (1..256).filter(|bits| found[*bits as usize]).collect()
    }

    /// What is public of coefficients that hold a private weight as well: `(row, column, part)`.
    pub(crate) fn public(&self) -> &[(usize, usize, i64)] {
        &self.public
    }

    /// A weight column as far as the tape goes.
    pub(crate) fn weights_of(&self, column: usize) -> Vec<Fr> {
        self.column(column, false).values(self.rows())
    }

    /// A weight column as the key holds it, with the random values that hide it.
    pub(crate) fn weight_column(&self, column: usize) -> Column {
        self.column(column, true)
    }

    fn column(&self, column: usize, hidden: bool) -> Column {
        let weights = &self.weights[column];
        let wide = self.wide.iter().filter(|(_, at, _)| *at == column);
        let wide = wide.map(|&(row, _, weight)| (row, weight - int(weights[row].into())));
        let whole = Column::new(weights.clone()).with(wide);
        let hiding = self.hiding.as_ref().filter(|_| hidden);
        let values = hiding.map(|hiding| hiding.values(column).enumerate());
        let rows = self.rows();
        whole.with(
            values
                .into_iter()
                .flatten()
                .map(|(row, value)| (rows + row, value)),
        )
    }

    pub(crate) fn wide(&self) -> &[(usize, usize, Fr)] {
        &self.wide
    }

    /// The rows of the limbs, cell by cell, the lowest first.
    pub(crate) fn limbs(&self) -> &[u32] {
        &self.limbs
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
    program: &'a Program,
    source: &'a dyn Taps,
    /// The stream that is being written: its taps, their spans of blocks, and its level.
    taps: Vec<Tap>,
    spans: Vec<Span>,
    level: usize,
}

impl Sink for Writer<'_> {
    fn row(&mut self, op: Op, look: Look) -> usize {
        let region = match look {
            Look::Region(region) => region,
            Look::Square => usize::from(SQUARE),
        };
        self.tape.push(op, region);
        self.tape.rows() - 1
    }

    fn cell(&mut self, row: usize) {
        self.tape.cells.push(row as u32);
    }

    fn limb(&mut self, row: usize) {
        self.tape.limbs.push(row as u32);
    }

    fn word(&mut self) {
        self.tape.words += 1;
    }

    fn spans(&mut self, level: usize, channel: usize, position: usize, into: &mut Vec<Span>) {
        self.taps.clear();
        self.level = level;
        self.source.taps(level, channel, position, &mut self.taps);
        self.spans = spans_of(level, &self.taps, |tap| {
            self.program.levels[tap.level].exponent(tap.channel)
        });
        for span in &mut self.spans {
            span.lowest /= self.tape.width;
            span.highest /= self.tape.width;
        }
        into.extend_from_slice(&self.spans);
    }

    fn stream(&mut self, rows: &[(usize, Coordinate)]) {
        let visits = Visits::new(&self.spans, rows);
        let width = self.tape.width;
        for tap in self.taps.iter().filter(|tap| !tap.weight.is_zero()) {
            let exponent = self.program.levels[tap.level].exponent(tap.channel);
            let column = exponent % width;
            let Some(row) = visits.row(Coordinate {
                skip: self.level - 1 - tap.level,
                shift: tap.shift,
                block: exponent / width,
            }) else {
                continue;
            };
            if let Weight::Secret { public, bits, .. } = tap.weight {
                let list = &mut self.tape.secret[column];
                list.resize(list.len().max(row + 1), 0);
                list[row] = bits as u8;
                if public != 0 {
                    self.tape.public.push((row, column, public));
                }
            }
            match tap.weight {
                Weight::Int(weight) | Weight::Secret { weight, .. } => {
                    match i32::try_from(weight) {
                        Ok(weight) => self.tape.weights[column][row] = weight,
                        Err(_) => self.tape.wide.push((row, column, int(weight))),
                    }
                }
                Weight::Field(weight) => self.tape.wide.push((row, column, weight)),
            }
        }
    }
}

/// Where a stream first visits each coordinate of its spans.
struct Visits<'a> {
    /// The spans, sorted descending.
    spans: &'a [Span],
    /// The row of every block from the lowest on, span by span.
    rows: Vec<Vec<usize>>,
}

/// Marks a block that no row has visited.
const UNVISITED: usize = usize::MAX;

impl<'a> Visits<'a> {
    fn new(spans: &'a [Span], rows: &[(usize, Coordinate)]) -> Self {
        let blocks = |span: &Span| vec![UNVISITED; span.highest - span.lowest + 1];
        let mut visits = Self {
            spans,
            rows: spans.iter().map(blocks).collect(),
        };
        for &(row, at) in rows {
            if let Some((span, block)) = visits.find(at)
                && let Some(slot) = visits.rows[span].get_mut(block)
                && *slot == UNVISITED
            {
                *slot = row;
            }
        }
        visits
    }

    /// The span that a coordinate belongs to, and the number of its block there.
    fn find(&self, at: Coordinate) -> Option<(usize, usize)> {
        let key = (at.skip, at.shift);
        let span = self
            .spans
            .binary_search_by(|span| key.cmp(&(span.skip, span.shift)))
            .ok()?;
        Some((span, at.block.checked_sub(self.spans[span].lowest)?))
    }

    fn row(&self, at: Coordinate) -> Option<usize> {
        let (span, block) = self.find(at)?;
        Some(self.rows[span][block])
    }
}
