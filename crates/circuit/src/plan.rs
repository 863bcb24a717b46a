//! Chooses height, width, columns to a pack and limb size for a model.
//!
//! Width divides the rows that weights take, and costs the verifier little: an evaluation for every
//! weight column, and a multiplication for every pack of them. Large packs cost the prover openings
//! of as many coefficients, and a larger set-up. The cost model's constants were fitted to
//! `verdict bench`; only their ratios matter for the choice.

use crate::{
    Batch, CircuitError, Footprint, Hiding, Lowered, Lowering, Outline, Tape, TapeRelation,
    program::Program, tape::height,
};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use verdict_argument::{PACKS, Relation, Shape};
use verdict_model::{Function, Goal, IntegerGraph};

/// What a plan must not exceed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Largest height.
    pub max_k: u32,
    /// The points of the set-up at hand.
    pub max_points: usize,
    /// Largest width.
    pub max_width: usize,
    /// A width to use whatever the goal.
    pub width: Option<usize>,
    /// A number of columns to a pack to use whatever the goal.
    pub pack: Option<usize>,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            max_k: 24,
            max_points: usize::MAX,
            max_width: 64,
            width: None,
            pack: None,
        }
    }
}

/// One way to lay a model out, with estimated costs.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Candidate {
    /// `log2` of the number of rows.
    pub k: u32,
    /// Weights to a row.
    pub width: usize,
    /// Columns to a pack.
    pub pack: usize,
    /// Largest limb of a remainder, in bits.
    pub limb_bits: u32,
    /// Rows used.
    pub rows: usize,
    /// Points that the set-up must have.
    pub points: usize,
    /// Estimated proving time on the reference machine, in seconds.
    pub seconds: f64,
    /// Estimated peak memory of proving, in bytes.
    pub bytes: f64,
    /// Estimated verification gas, without calldata of public words.
    pub gas: f64,
}

/// The chosen layout and what it was chosen from.
#[derive(Clone, Debug)]
pub struct Plan {
    /// The choice.
    pub chosen: Candidate,
    /// What it was chosen for.
    pub goal: Goal,
    /// All candidates, by width and pack.
    pub candidates: Vec<Candidate>,
    /// The levels and tables.
    pub lowered: Arc<Lowered>,
    /// The layout.
    pub tape: Arc<Tape>,
    /// The program, shared with the circuit.
    pub program: Arc<Program>,
}

const WIDTHS: [usize; 18] = [
    1, 2, 3, 4, 5, 6, 7, 8, 10, 12, 14, 16, 20, 24, 32, 40, 48, 64,
];

/// How far above the cheapest plan's gas the balanced goal may go for speed.
const BALANCED_GAS: f64 = 1.125;

/// How far behind the fastest (smallest) plan the time (memory) goal may stay to save gas: the last
/// few columns gain little and cost as much as the first.
const SLACK: f64 = 1.25;

/// What to plan for.
#[derive(Clone, Debug, Default)]
pub struct Request {
    /// What to favour.
    pub goal: Goal,
    /// What not to exceed.
    pub limits: Limits,
    /// How many inferences a proof covers.
    pub batch: Batch,
    /// What hides the weights, if they are private. What the planned key holds is drawn from it and
    /// from the layout: no two keys share random values.
    pub hiding: Option<Hiding>,
    /// The outline of a model with private weights, where the graph comes without them.
    pub outline: Option<Outline>,
}

/// Plans a valid graph for one inference with public weights.
pub fn plan(graph: Arc<IntegerGraph>, goal: Goal, limits: Limits) -> Result<Plan, CircuitError> {
    plan_request(
        graph,
        Request {
            goal,
            limits,
            ..Request::default()
        },
    )
}

/// Plans a valid graph.
pub fn plan_request(graph: Arc<IntegerGraph>, request: Request) -> Result<Plan, CircuitError> {
    let Compared {
        chosen,
        candidates,
        mut lowered,
    } = compare(graph, &request)?;
    lowered.align_words(chosen.width);
    let mut tape = Tape::new(&lowered.program, &lowered, chosen.width)?;
    if let Some(hiding) = request.hiding {
        let layout = tape.digest(&lowered.program);
        tape = tape.hiding(hiding.of_key(&layout, chosen.k, chosen.pack));
    }
    debug_assert_eq!(tape.rows(), chosen.rows);
    let program = Arc::new(lowered.program.clone());
    Ok(Plan {
        chosen,
        goal: request.goal,
        candidates,
        lowered: Arc::new(lowered),
        tape: Arc::new(tape),
        program,
    })
}

/// The layout that [`plan_request`] would choose, which is not laid out.
pub fn candidate(graph: Arc<IntegerGraph>, request: &Request) -> Result<Candidate, CircuitError> {
    Ok(compare(graph, request)?.chosen)
}

/// What there is to choose from.
struct Compared {
    chosen: Candidate,
    /// By width.
    candidates: Vec<Candidate>,
    /// The levels that the chosen one lays out.
    lowered: Lowered,
}

/// Counts the rows of every layout that `request` allows.
fn compare(graph: Arc<IntegerGraph>, request: &Request) -> Result<Compared, CircuitError> {
    let Request {
        goal,
        limits,
        batch,
        hiding,
        outline,
    } = request;
    let hidden = match (hiding, outline) {
        (None, None) => None,
        (_, Some(outline)) => Some(outline.clone()),
        (Some(_), None) => Some(Outline::of(&graph, &[])),
    };
    // With the number of its limb size.
    let mut best: Vec<(Candidate, usize)> = Vec::new();
    let mut all = Vec::new();
    let mut footprint = None;
    for limb_bits in limb_sizes(&graph) {
        let mut lowered = Lowered::with(
            graph.clone(),
            Lowering {
                limb_bits,
                batch: batch.clone(),
                hidden: hidden.clone(),
            },
        )?;
        let footprint = footprint.get_or_insert_with(|| Footprint::new(&lowered.program, &lowered));
        for &width in WIDTHS.iter().chain(limits.width.as_ref()) {
            if width > limits.max_width || limits.width.is_some_and(|only| only != width) {
                continue;
            }
            lowered.align_words(width);
            let rows = footprint.rows(&lowered.program, width)?;
            let height = height(rows, hiding.is_some());
            if height > limits.max_k {
                continue;
            }
            for pack in PACKS
                .into_iter()
                .filter(|pack| limits.pack.is_none_or(|only| only == *pack))
            {
                let relation = TapeRelation::new(height, width, pack, 1, hiding.is_some());
                let candidate = Candidate::new(relation.shape(), rows, width, limb_bits);
                if candidate.points > limits.max_points {
                    continue;
                }
                let same = |(known, _): &&mut (Candidate, usize)| {
                    (known.width, known.pack) == (width, pack)
                };
                match best.iter_mut().find(same) {
                    Some((known, _)) if known.k <= candidate.k => {}
                    Some(known) => *known = (candidate, all.len()),
                    None => best.push((candidate, all.len())),
                }
            }
        }
        all.push(lowered);
    }
    best.sort_by_key(|(candidate, _)| (candidate.width, candidate.pack));
    let candidates: Vec<Candidate> = best.iter().map(|(candidate, _)| *candidate).collect();
    let chosen = choose(&candidates, *goal).ok_or_else(|| {
        CircuitError::NoPlan(format!(
            "every width up to {} needs a height above {}, or a set-up of more than {} points; import a larger set-up, or \
             compile with fewer activation bits",
            limits.max_width, limits.max_k, limits.max_points
        ))
    })?;
    let number = best
        .iter()
        .find(|(of, _)| (of.width, of.pack) == (chosen.width, chosen.pack));
    match number.map(|(_, number)| all.swap_remove(*number)) {
        Some(lowered) => Ok(Compared {
            chosen,
            candidates,
            lowered,
        }),
        None => Err(CircuitError::NoPlan("no candidate".into())),
    }
}

fn choose(candidates: &[Candidate], goal: Goal) -> Option<Candidate> {
    let least = |key: &dyn Fn(&Candidate) -> (f64, f64), keep: &dyn Fn(&Candidate) -> bool| {
        candidates
            .iter()
            .filter(|c| keep(c))
            .copied()
            .min_by(|a, b| {
                let (a, b) = (key(a), key(b));
                a.0.total_cmp(&b.0).then(a.1.total_cmp(&b.1))
            })
    };
    let cheapest = least(&|c| (c.gas, c.seconds), &|_| true)?;
    match goal {
        Goal::Gas => Some(cheapest),
        Goal::Time => {
            let fastest = least(&|c| (c.seconds, c.gas), &|_| true)?;
            least(&|c| (c.gas, c.seconds), &|c| {
                c.seconds <= fastest.seconds * SLACK
            })
        }
        Goal::Memory => {
            let smallest = least(&|c| (c.bytes, c.gas), &|_| true)?;
            least(&|c| (c.gas, c.bytes), &|c| {
                c.bytes <= smallest.bytes * SLACK
            })
        }
        Goal::Balanced => least(&|c| (c.seconds, c.gas), &|c| {
            c.gas <= cheapest.gas * BALANCED_GAS
        }),
    }
}

/// The ways of cutting remainders that a plan chooses from: one limb is the fewest rows, two or
/// three the smallest table.
pub fn limb_sizes(graph: &IntegerGraph) -> Vec<u32> {
    let shift = graph.functions.iter().map(Function::shift).max();
    let mut sizes: Vec<u32> = (1..=3)
        .map(|pieces| shift.unwrap_or(0).div_ceil(pieces).max(1))
        .collect();
    sizes.dedup();
    sizes
}

impl Candidate {
    fn new(shape: &Shape, rows: usize, width: usize, limb_bits: u32) -> Self {
        let (n, columns, pack) = (shape.rows() as f64, width as f64, shape.pack as f64);
        let packs = (shape.commitments() + shape.fixed_packs()) as f64;
        Self {
            k: shape.k,
            width,
            pack: shape.pack,
            limb_bits,
            rows,
            points: shape.points(),
            seconds: n * (31e-6 + 0.06e-6 * columns + 3.2e-6 * pack) + 0.028,
            bytes: n * (1400.0 + 16.0 * columns + 600.0 * pack) + 28e6,
            gas: 166_000.0 + 6_570.0 * packs + 90.0 * columns + 16.0 * shape.proof_bytes() as f64,
        }
    }
}
