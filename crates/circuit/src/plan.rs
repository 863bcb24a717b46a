//! Chooses height, width and limb size for a model.
//!
//! Width trades gas for time: every weight column costs the verifier one multiplication and one
//! evaluation, and divides the rows that weights take. The cost model's constants were fitted to
//! `verdict bench` on two cores of a Xeon at 2.3 GHz; only their ratios matter for the choice.

use crate::{
    BLINDING_ROWS, Batch, CircuitError, Footprint, HIDING_ROWS, Hiding, Lowered, Lowering, Outline,
    Tape, program::Program, tape::MIN_HIDDEN_HEIGHT,
};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use verdict_model::{Function, Goal, IntegerGraph};

/// What a plan must not exceed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Largest height, e.g. that of the set-up at hand.
    pub max_k: u32,
    /// Largest width.
    pub max_width: usize,
    /// A width to use whatever the goal.
    pub width: Option<usize>,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            max_k: 24,
            max_width: 64,
            width: None,
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
    /// Largest limb of a remainder, in bits.
    pub limb_bits: u32,
    /// Rows used.
    pub rows: usize,
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
    /// All candidates, by width.
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
    /// What hides the weights, if they are private.
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
        tape = tape.hiding(hiding);
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
    let reserved = hiding.as_ref().map_or(0, |_| HIDING_ROWS);
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
            let candidate = Candidate::new(rows, reserved, width, limb_bits);
            if candidate.k > limits.max_k {
                continue;
            }
            match best.iter_mut().find(|(known, _)| known.width == width) {
                Some((known, _)) if known.k <= candidate.k => {}
                Some(known) => *known = (candidate, all.len()),
                None => best.push((candidate, all.len())),
            }
        }
        all.push(lowered);
    }
    best.sort_by_key(|(candidate, _)| candidate.width);
    let candidates: Vec<Candidate> = best.iter().map(|(candidate, _)| *candidate).collect();
    let chosen = choose(&candidates, *goal).ok_or_else(|| {
        CircuitError::NoPlan(format!(
            "every width up to {} needs a height above {}; import a larger set-up, or compile with fewer activation bits",
            limits.max_width, limits.max_k
        ))
    })?;
    let number = best.iter().find(|(of, _)| of.width == chosen.width);
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
    fn new(rows: usize, reserved: usize, width: usize, limb_bits: u32) -> Self {
        let least = if reserved > 0 { MIN_HIDDEN_HEIGHT } else { 0 };
        let k = (rows + reserved + BLINDING_ROWS)
            .next_power_of_two()
            .trailing_zeros()
            .max(least);
        let n = (1u64 << k) as f64;
        let columns = width as f64;
        Self {
            k,
            width,
            limb_bits,
            rows,
            seconds: n * (48e-6 + 1.3e-6 * columns) + 0.03,
            bytes: n * (2600.0 + 115.0 * columns) + 28e6,
            gas: 305_000.0 + 7_150.0 * width as f64,
        }
    }
}
