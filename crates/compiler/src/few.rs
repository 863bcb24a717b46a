//! Calibration by a handful of rows: an example input that an exporter wrote, say. Such rows say
//! what an input looks like, but not which others there are, and a model that takes nothing but
//! them is of no use. So rows are drawn that are like them, from a range that all cells of an input
//! have together.
//!
//! What is drawn is checked as any other row: the file's meaning, the ranges of all tensors, the
//! error that is reported. It is no substitute for real rows, which a warning says.

use rand::seq::SliceRandom;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

use crate::Result;
use crate::float::activation::Activation;
use crate::float::graph::{FloatGraph, FloatLayer};
use crate::options::{InputDomain, Options};
use crate::quantise::input_grid::{NATURAL_LIMIT, natural_step};
use verdict_model::{DataSet, Row};

/// Fewer rows than this say little of what there is.
const FEW: usize = 8;
/// Rows there are to be at the least.
const WANTED: usize = 32;
/// Fewer are wanted where running them all takes more multiplications than this.
const WORK: usize = 1 << 28;
/// How far an input reaches beyond the values that were seen.
const REACH: f64 = 1.5;
/// Cells whose magnitudes differ by no more than this are taken for the same kind of thing.
const ALIKE: f64 = 32.0;
/// Whole numbers up to this are chosen from one by one.
const MOST_CHOICES: f64 = 65_536.0;
/// Fewer values than this lie on a grid by chance.
const ON_A_GRID: usize = 64;

/// Whether the calibration rows say which values an input has.
fn is_open(options: &Options, input: usize) -> bool {
    let domain = options.input_domains.get(input);
    domain.is_none_or(|domain| matches!(domain, InputDomain::Calibrated))
}

/// How many rows there are to be where `given` are.
pub(crate) fn count(graph: &FloatGraph, given: usize, options: &Options) -> usize {
    let open = (0..graph.inputs.len()).any(|input| is_open(options, input));
    match options.draw_rows && open && given < FEW {
        true => (WORK / graph.products().max(1)).clamp(FEW, WANTED),
        false => given,
    }
}

/// The rows, and others that are like them where there are only a few and the model is to accept
/// what they span.
pub(crate) fn enlarged(graph: &FloatGraph, data: DataSet, options: &Options) -> Result<DataSet> {
    let missing = count(graph, data.len(), options) - data.len();
    if missing == 0 {
        return Ok(data);
    }
    let mut random = ChaCha8Rng::seed_from_u64(0);
    let ranges: Vec<Ranges> = (0..graph.inputs.len())
        .map(|input| {
            let given = (data.rows(), is_open(options, input));
            Ranges::of(graph, input, given, &mut random)
        })
        .collect();
    let mut rows = data.rows().to_vec();
    for number in 0..missing {
        let like = &data.rows()[number % data.len()];
        let way = Way::of(number);
        let row = ranges.iter().zip(like);
        let row: Row = row
            .map(|(ranges, like)| ranges.draw(like, way, &mut random))
            .collect();
        // What is left out must not depend on weights that are private.
        if graph.private_weights || finite(graph, &row) {
            rows.push(row);
        }
    }
    let drawn = rows.len() - data.len();
    tracing::warn!(
        rows = data.len(),
        drawn,
        "so few calibration rows do not say which inputs there are: the model accepts all that is up to {REACH} times as large, and rows \
         like them were drawn; give representative rows, or --domain MIN,MAX, or --no-drawn-rows to accept only what these rows span",
    );
    DataSet::from_rows(rows, &graph.input_specs()).map_err(Into::into)
}

/// Whether the model says something of a row.
fn finite(graph: &FloatGraph, row: &Row) -> bool {
    let trace = graph.run(row);
    let mut outputs = graph.outputs.iter().flat_map(|id| &trace.values[*id]);
    outputs.all(|value| value.is_finite())
}

/// How a row is drawn.
#[derive(Clone, Copy)]
enum Way {
    /// Cells at one end of their ranges or the other. Not all at the same: much of what models do
    /// to an input means nothing of equal values.
    Corner,
    /// The corner across.
    OtherCorner,
    /// A row that was given, larger or smaller as a whole.
    Scaled,
    /// Any value of a cell's range.
    Anything,
    /// The cells of a row that was given, in another order.
    Shuffled,
}

impl Way {
    fn of(number: usize) -> Self {
        match number {
            0 => Self::Corner,
            1 => Self::OtherCorner,
            _ => [Self::Scaled, Self::Anything, Self::Shuffled][number % 3],
        }
    }
}

/// What the cells of an input can be.
struct Ranges {
    /// One for each cell.
    cells: Vec<(f64, f64)>,
    /// Values are multiples of it, if there is such a step.
    step: Option<f64>,
    /// Values are those of rows that were given.
    given: bool,
    /// All cells are of the same kind.
    alike: bool,
    /// Of each cell whether a corner has its upper end.
    upper: Vec<bool>,
    /// So many whole numbers after one another are different from each other: an order, or places to
    /// put something at, of which no two may be the same.
    different: usize,
}

impl Ranges {
    fn of(
        graph: &FloatGraph,
        input: usize,
        (rows, open): (&[Row], bool),
        random: &mut ChaCha8Rng,
    ) -> Self {
        let values = || rows.iter().flat_map(|row| &row[input]).copied();
        let seen = || values().filter(|v| !v.is_nan());
        let words = graph
            .words
            .get(input)
            .is_some_and(|words| !words.is_empty());
        let whole = graph.whole.get(input) == Some(&true);
        let (low, high) = seen().fold((0.0f64, 0.0f64), |(l, h), v| (l.min(v), h.max(v)));
        let binary = low == 0.0 && high == 1.0 && seen().all(|v| v == 0.0 || v == 1.0);
        let step = if whole || binary {
            Some(1.0)
        } else if seen().count() >= ON_A_GRID {
            natural_step(seen(), (low, high), NATURAL_LIMIT)
        } else {
            None
        };
        let len = graph.tensors[graph.inputs[input]].len;
        let (reaches, alike) = reaches(rows, input, len);
        let cells = if whole {
            let (low, high) = (
                low,
                indices(graph, input).unwrap_or(high.max(1.0)).max(high),
            );
            vec![(low, high); len]
        } else if binary {
            vec![(0.0, 1.0); len]
        } else {
            let signs = (f64::from(low < 0.0), f64::from(high > 0.0 || low == 0.0));
            let range = |reach: f64| (-reach * signs.0, reach * signs.1);
            reaches.into_iter().map(range).collect()
        };
        Self {
            cells,
            step,
            upper: (0..len).map(|_| random.r#gen()).collect(),
            different: if whole {
                different(graph, input, rows)
            } else {
                0
            },
            given: words || !open || values().any(f64::is_nan),
            alike,
        }
    }

    /// An input's values.
    fn draw(&self, like: &[f64], way: Way, random: &mut ChaCha8Rng) -> Vec<f64> {
        let mut values = like.to_vec();
        if self.alike && self.different == 0 && matches!(way, Way::Shuffled) {
            values.shuffle(random);
            return values;
        }
        if self.given {
            return values;
        }
        if self.different > 0 {
            // All whole numbers of an input have one range.
            let (low, high) = self.cells[0];
            let choices: Vec<i64> = (low as i64..=high as i64).collect();
            for values in values.chunks_mut(self.different) {
                let chosen = choices.choose_multiple(random, values.len());
                let pairs = values.iter_mut().zip(chosen);
                pairs.for_each(|(value, other)| *value = *other as f64);
            }
            return values;
        }
        let share = random.gen_range(0.5..=REACH);
        let cells = self.cells.iter().zip(&self.upper);
        for (value, ((low, high), upper)) in values.iter_mut().zip(cells) {
            *value = match way {
                Way::Corner if *upper => *high,
                Way::OtherCorner if !*upper => *high,
                Way::Corner | Way::OtherCorner => *low,
                Way::Scaled => (*value * share).clamp(*low, *high),
                _ => random.gen_range(*low..=*high),
            };
            if let Some(step) = self.step {
                *value = ((*value / step).round() * step).clamp(*low, *high);
            }
        }
        values
    }
}

/// How many whole numbers along an input's last axis are different from each other in every row; zero
/// if some are the same, or if there are too many to choose from.
fn different(graph: &FloatGraph, input: usize, rows: &[Row]) -> usize {
    let tensor = &graph.tensors[graph.inputs[input]];
    let length = tensor.shape.last().copied().unwrap_or(1);
    let all = || rows.iter().flat_map(|row| row[input].chunks(length.max(1)));
    let apart = |values: &[f64]| {
        let mut sorted = values.to_vec();
        sorted.sort_by(f64::total_cmp);
        sorted.windows(2).all(|pair| pair[0] != pair[1])
    };
    let few = all().flatten().all(|v| v.abs() <= MOST_CHOICES);
    match length > 1 && few && all().all(apart) {
        true => length,
        false => 0,
    }
}

/// How far the cells of an input reach from zero, and whether they are of the same kind: all as far
/// as the largest, unless that is of another kind than most.
fn reaches(rows: &[Row], input: usize, len: usize) -> (Vec<f64>, bool) {
    let mut sizes = vec![0.0f64; len];
    for row in rows {
        for (size, value) in sizes.iter_mut().zip(&row[input]) {
            *size = size.max(value.abs());
        }
    }
    let mut ordered = sizes.clone();
    ordered.sort_by(f64::total_cmp);
    let largest = ordered.last().copied().unwrap_or_default();
    let usual = ordered.get(len / 2).copied().unwrap_or_default();
    let alike = usual == 0.0 || largest <= ALIKE * usual;
    let reach = |size: f64| if alike { largest } else { size.max(usual) };
    let reach = |size: f64| match reach(size) {
        0.0 => 1.0,
        reach => REACH * reach,
    };
    (sizes.into_iter().map(reach).collect(), alike)
}

/// The largest index that an input can be, where it picks from as many places as there are.
fn indices(graph: &FloatGraph, input: usize) -> Option<f64> {
    let id = graph.inputs[input];
    let layers = graph
        .tensors
        .iter()
        .filter_map(|tensor| tensor.layer.as_ref());
    let alone = layers.filter(|layer| layer.terms.iter().all(|term| term.source == id));
    let last = |layer: &FloatLayer| match &layer.activation {
        Activation::Lookup(places) => Some(places.len() as f64 - 1.0),
        // One comparison for each place.
        _ if layer.public_bias => layer.bias.iter().map(|place| -place).reduce(f64::max),
        _ => None,
    };
    alone.filter_map(last).reduce(f64::min)
}
