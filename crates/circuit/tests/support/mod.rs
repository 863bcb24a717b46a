//! Random programs and their plain evaluation, the other half of every circuit test.
#![allow(
    dead_code,
    unreachable_pub,
    clippy::unwrap_used,
    clippy::expect_used,
    missing_docs
)]

pub mod convs;
pub mod graphs;
pub mod network;
pub mod replay;

use halo2curves_axiom::{bn256::Fr, ff::Field};
use rand::{Rng, seq::SliceRandom};
use rand_chacha::ChaCha8Rng;
use std::sync::Arc;
use verdict_circuit::{
    Cell, Cells, Content, Level, LevelTaps, Limbs, Pattern, Program, Region, Tap, Tape,
    TapeCircuit, Weight, Witness, int,
};

/// Values by level, channel and position.
pub struct Values(pub Vec<LevelValues>);

/// Values by channel and position.
pub type LevelValues = Vec<Vec<Cell>>;

impl Cells for Values {
    fn cell(&self, level: usize, channel: usize, position: usize) -> Cell {
        self.0[level][channel][position]
    }
}

pub struct Case {
    pub program: Program,
    pub taps: Vec<LevelTaps>,
    pub values: Values,
    pub instance: Vec<Fr>,
}

impl Case {
    pub fn circuit(&self, width: usize) -> TapeCircuit {
        let tape = Tape::new(&self.program, &self.taps, width).unwrap();
        let witness = Witness::new(&self.program, &tape, &self.values).unwrap();
        TapeCircuit {
            program: Arc::new(self.program.clone()),
            tape: Arc::new(tape),
            witness: Some(Arc::new(witness)),
            instance: self.instance.clone(),
        }
    }
}

/// Sizes of a random program.
#[derive(Clone, Copy, Debug)]
pub struct Size {
    pub levels: usize,
    pub channels: usize,
    pub positions: usize,
    pub shifts: usize,
    pub skips: bool,
}

/// A random program with random values of its inputs, evaluated without any field or circuit.
pub fn random(rng: &mut ChaCha8Rng, size: Size) -> Case {
    let depth = rng.gen_range(2..=size.levels);
    let positions = random_positions(rng, size, depth);
    let mut program = Program {
        levels: Vec::new(),
        patterns: Vec::new(),
        regions: vec![Region::Idle, Region::One],
        limbs: vec![Limbs::default()],
    };
    for (level, &positions) in positions.iter().enumerate() {
        let channels = rng.gen_range(1..=size.channels);
        let words = program.intern(Pattern::uniform(Content::Word, positions));
        program.levels.push(Level {
            channels: vec![words; channels],
            padding: if level == 0 { rng.gen_range(0..4) } else { 0 },
        });
    }
    let mut taps: Vec<LevelTaps> = vec![vec![vec![]; program.levels[0].channels.len()]];
    for level in 1..=depth {
        let channels = 0..program.levels[level].channels.len();
        taps.push(
            channels
                .map(|_| random_taps(rng, size, &program, &positions, level))
                .collect(),
        );
    }
    let (values, words) = evaluate(rng, &mut program, &taps, &positions);
    let mut instance = vec![Fr::random(rng)];
    instance.extend(words.into_iter().map(int));
    Case {
        program,
        taps,
        values,
        instance,
    }
}

/// Positions by level. They shrink towards the inputs: a source's positions plus its largest shift
/// fit its target.
fn random_positions(rng: &mut ChaCha8Rng, size: Size, depth: usize) -> Vec<usize> {
    let mut positions = vec![rng.gen_range(1..=size.positions)];
    for _ in 1..=depth {
        let last = *positions.last().unwrap();
        positions.push((last - rng.gen_range(0..=1).min(last - 1)).max(1));
    }
    positions
}

/// The taps of one channel of a level, whose shifts grow with the levels they skip.
fn random_taps(
    rng: &mut ChaCha8Rng,
    size: Size,
    program: &Program,
    positions: &[usize],
    level: usize,
) -> Vec<Tap> {
    let mut taps = Vec::new();
    let mut smallest_shift = 0;
    let farthest = if size.skips {
        rng.gen_range(1..=level)
    } else {
        1
    };
    for skip in 1..=farthest {
        let target_level = level - skip;
        let room = positions[target_level] - positions[level];
        if skip > 1 && rng.gen_bool(0.5) {
            continue;
        }
        let first = smallest_shift;
        for shift in first..=room.min(size.shifts) {
            let mut targets: Vec<usize> =
                (0..program.levels[target_level].channels.len()).collect();
            targets.shuffle(rng);
            targets.truncate(rng.gen_range(0..=targets.len()));
            for channel in targets {
                let weight = *[0, 1, -1, 32767, -32768, rng.gen_range(-500..500)]
                    .choose(rng)
                    .unwrap();
                taps.push(Tap {
                    level: target_level,
                    channel,
                    shift,
                    weight: Weight::Int(weight),
                });
            }
            smallest_shift = shift;
        }
    }
    taps.shuffle(rng);
    taps
}

/// Sums of a level, channel by channel and position by position.
type Sums = Vec<Vec<i64>>;

/// Evaluates from the inputs down, giving every level a table that covers what it meets. Returns
/// the cells and the public words.
fn evaluate(
    rng: &mut ChaCha8Rng,
    program: &mut Program,
    taps: &[LevelTaps],
    positions: &[usize],
) -> (Values, Vec<i64>) {
    let depth = program.levels.len() - 1;
    let mut sums: Vec<Sums> = program
        .levels
        .iter()
        .zip(positions)
        .map(|(level, &positions)| vec![vec![0; positions]; level.channels.len()])
        .collect();
    let mut values = Values(vec![vec![]; depth + 1]);
    for level in (1..=depth).rev() {
        let (region, limbs) = if level == depth {
            program.regions.push(Region::Input { min: -5, max: 9 });
            (program.regions.len() - 1, 0)
        } else {
            random_table(rng, program, &sums[level])
        };
        for channel in 0..program.levels[level].channels.len() {
            let one = level == depth && channel == 0;
            let (region, limbs) = if one { (1, 0) } else { (region, limbs) };
            let content = Content::Cell { region, limbs };
            program.levels[level].channels[channel] =
                program.intern(Pattern::uniform(content, positions[level]));
            let mut cells = Vec::new();
            for p in 0..positions[level] {
                let y = sums[level][channel][p];
                let x = random_value(rng, &program.regions[region], y);
                cells.push(Cell::Looked { y, x });
                for tap in &taps[level][channel] {
                    let Weight::Int(weight) = tap.weight else {
                        unreachable!()
                    };
                    sums[tap.level][tap.channel][p + tap.shift] += weight * x;
                }
            }
            values.0[level].push(cells);
        }
    }
    let words = sums[0].iter().flatten().copied().collect();
    (values, words)
}

/// What a cell holds that sums up to `y`.
fn random_value(rng: &mut ChaCha8Rng, region: &Region, y: i64) -> i64 {
    match region {
        Region::One => 1,
        Region::Input { min, max } => *[*min, *max, rng.gen_range(*min..=*max)]
            .choose(rng)
            .unwrap(),
        Region::Function {
            shift,
            q_min,
            values,
        } => i64::from(values[((y >> shift) - q_min) as usize]),
        _ => unreachable!(),
    }
}

/// A function of random values for all sums that a level meets, and a random way of cutting the
/// remainders.
fn random_table(rng: &mut ChaCha8Rng, program: &mut Program, sums: &Sums) -> (usize, usize) {
    let met = || sums.iter().flatten().copied();
    let (low, high) = (met().min().unwrap(), met().max().unwrap());
    let span = (high - low).max(1);
    let shift = (64 - span.leading_zeros()).saturating_sub(5);
    let q_min = (low >> shift) - rng.gen_range(0..2);
    let q_max = (high >> shift) + rng.gen_range(0..2);
    let values = (q_min..=q_max).map(|_| rng.gen_range(-100..100)).collect();
    program.regions.push(Region::Function {
        shift,
        q_min,
        values,
    });
    let region = program.regions.len() - 1;
    let mut split = Vec::new();
    let mut offset = 0;
    while offset < shift {
        let bits = (shift - offset).min(rng.gen_range(3..7));
        let limb = Region::Limb { offset, bits };
        let known = program.regions.iter().position(|r| *r == limb);
        split.push(known.unwrap_or_else(|| {
            program.regions.push(limb);
            program.regions.len() - 1
        }));
        offset += bits;
    }
    program.limbs.push(Limbs(split));
    (region, program.limbs.len() - 1)
}
