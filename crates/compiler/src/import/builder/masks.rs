//! Scores from which the input decides what is excluded: `score + weight · decision`, the weight
//! being so large that nothing is left of it. [`masks`](crate::masks) says what is done about them.

use std::collections::{HashMap, HashSet};

use crate::float::activation::Activation;
use crate::float::expression::{Binary, Expression, Step};
use crate::import::builder::Builder;
use crate::import::values::affine::{Affine, Row};
use crate::import::values::{INFINITE, Value};
use crate::masks::{LARGEST, is_heavy, open_bias};

/// What exporters exclude cells by is no nearer: scores are a few units.
const FAR: f64 = 9.9e3;
/// Sums of what stands for infinities stay below; the smallest number of 32 bits is −3.4·10³⁸.
const LOWEST: f64 = 1e33;

/// Whether a weight makes a cell infinite. The smallest number that there is in 32 bits, another
/// mask, does not.
pub(crate) fn is_infinite(weight: f64) -> bool {
    weight.is_infinite() || (INFINITE..LOWEST).contains(&weight.abs())
}

impl Affine {
    /// A cell's weights, whatever they multiply.
    fn weights(&self, cell: usize) -> impl Iterator<Item = f64> {
        let rows = self.terms.values().map(move |rows| &rows[cell]);
        rows.flatten().map(|(_, weight)| *weight)
    }

    /// `self[i] · factor`, but for what stands for infinities.
    pub(crate) fn scale_finite(&mut self, factor: f64) {
        let weights = self.terms.values_mut().flatten().flatten();
        let weights = weights.map(|(_, weight)| weight);
        for number in weights.chain(&mut self.bias) {
            if !is_infinite(*number) {
                *number *= factor;
            }
        }
    }

    /// A cell's bias where the input does not exclude it.
    pub(crate) fn open_bias(&self, cell: usize) -> f64 {
        open_bias(self.bias[cell], self.weights(cell))
    }

    /// Whether weights may exclude cells.
    fn may_exclude(&self) -> bool {
        let mut weights = self.terms.values().flatten().flatten();
        weights.any(|(_, weight)| is_heavy(*weight))
    }

    /// Whether weights or biases are so large that what is added to them is lost.
    pub(crate) fn swallows(&self) -> bool {
        let weights = self.terms.values().flatten().flatten();
        let mut all = weights.map(|(_, weight)| weight).chain(&self.bias);
        !self.is_constant() && all.any(|v| v.abs() > LARGEST)
    }
}

impl Builder {
    /// Scores as integers of a tensor, in which the input may exclude cells. What excludes them is
    /// a tensor of its own.
    pub(crate) fn scores(&mut self, name: String, mut value: Affine) -> Affine {
        self.decide_masks(&mut value);
        if !value.may_exclude() {
            return self.integers(name, value);
        }
        for cell in 0..value.len() {
            value.bias[cell] = value.open_bias(cell);
        }
        let sources: Vec<usize> = value.terms.keys().copied().collect();
        for (source, sign) in sources.into_iter().flat_map(|of| [(of, 1.0), (of, -1.0)]) {
            self.part_mask(&name, &mut value, source, sign);
        }
        value
            .terms
            .retain(|_, rows| rows.iter().any(|row| !row.is_empty()));
        self.integers(name, value)
    }

    /// Takes the weights of one sign by which a source excludes cells out of `value`, and puts a
    /// tensor in their place: zero where a cell is open, and the weight where it is not, as far as
    /// double precision keeps a score beside it.
    fn part_mask(&mut self, name: &str, value: &mut Affine, source: usize, sign: f64) {
        let Some(rows) = value.terms.get_mut(&source) else {
            return;
        };
        let excludes = |weight: f64| is_heavy(weight) && weight * sign > 0.0;
        let mut masks: Vec<(u32, f64)> = Vec::new();
        let mut uses: Vec<Vec<usize>> = Vec::with_capacity(rows.len());
        let mut numbers: HashMap<(u32, u64), usize> = HashMap::new();
        for row in rows {
            let of_cell = row.iter().filter(|(_, weight)| excludes(*weight));
            let place = |(cell, weight): &(u32, f64)| {
                *numbers.entry((*cell, weight.to_bits())).or_insert_with(|| {
                    masks.push((*cell, weight.clamp(-LARGEST, LARGEST)));
                    masks.len() - 1
                })
            };
            uses.push(of_cell.map(place).collect());
            row.retain(|(_, weight)| !excludes(*weight));
        }
        if masks.is_empty() {
            return;
        }
        let bias = masks.iter().map(|(_, weight)| -weight.max(0.0)).collect();
        let mask = Affine {
            terms: [(source, masks.into_iter().map(|term| vec![term]).collect())].into(),
            nodes: value.nodes.clone(),
            ..Affine::constant(vec![1, numbers.len()], bias)
        };
        let mask = self.activate_rows(format!("{name}/excluded"), mask, Activation::Identity);
        let Some((tensor, places)) = mask.as_cells() else {
            return;
        };
        if let Some(layer) = self.tensors[tensor].layer.as_mut() {
            layer.masked = true;
        }
        let row = |of_cell: Vec<usize>| {
            let mut row: Row = of_cell.into_iter().map(|i| (places[i], 1.0)).collect();
            row.sort_unstable_by_key(|(cell, _)| *cell);
            row
        };
        value
            .terms
            .insert(tensor, uses.into_iter().map(row).collect());
    }

    /// Masks that are functions of something by weights on what decides them: such a function is
    /// its number where that is what it gives, and something else elsewhere.
    pub(crate) fn decide_masks(&mut self, value: &mut Affine) {
        let sources: Vec<usize> = value.terms.keys().copied().collect();
        for source in sources {
            let Some(mask) = self.mask(source) else {
                continue;
            };
            let Some(rows) = value.terms.remove(&source) else {
                continue;
            };
            let scaled = |by: f64| -> Vec<Row> {
                let row = |row: &Row| row.iter().map(|(cell, w)| (*cell, w * by)).collect();
                rows.iter().map(row).collect()
            };
            value.terms.insert(mask.decision, scaled(mask.number));
            if let Some(rest) = mask.rest {
                value.terms.insert(rest, scaled(1.0));
            }
        }
    }

    /// Makes of masks that nothing reads any more what decides them: nothing infinite stays.
    pub(crate) fn drop_masks(&mut self, outputs: &[usize]) {
        for source in 0..self.tensors.len() {
            if self.mask_number(source).is_some_and(f64::is_infinite) {
                self.mask(source);
            }
        }
        let layers = self
            .tensors
            .iter()
            .filter_map(|tensor| tensor.layer.as_ref());
        let terms = layers.flat_map(|layer| &layer.terms);
        let read: HashSet<usize> = terms
            .map(|term| term.source)
            .chain(outputs.iter().copied())
            .collect();
        for (source, mask) in &self.masks {
            let decides = self.tensors[mask.decision].layer.as_ref();
            let decides = decides.map(|layer| layer.activation.clone());
            let layer = self.tensors[*source].layer.as_mut();
            if let (false, Some(layer), Some(decides)) = (read.contains(source), layer, decides) {
                layer.activation = decides;
            }
        }
    }

    /// Whether the input may exclude cells of a value.
    pub(crate) fn excludes(&self, value: &Affine) -> bool {
        let mut sources = value.terms.keys();
        value.may_exclude() || sources.any(|source| self.mask_number(*source).is_some())
    }

    /// Whether the input may exclude cells of a value by so much that nobody asks for them.
    pub(crate) fn excludes_far(&self, value: &Affine) -> bool {
        let mut weights = value.terms.values().flatten().flatten();
        let far = |number: f64| number.abs() >= FAR;
        let numbers = || value.terms.keys().filter_map(|of| self.mask_number(*of));
        weights.any(|(_, weight)| far(*weight)) || numbers().any(far)
    }

    /// Whether the input decides which cells of a value are infinite.
    pub(crate) fn decides_infinities(&self, value: &Affine) -> bool {
        let mut weights = value.terms.values().flatten().flatten();
        let functions = || value.terms.keys().filter_map(|of| self.mask_number(*of));
        weights.any(|(_, weight)| is_infinite(*weight)) || functions().any(f64::is_infinite)
    }

    /// The same of a value that may be planes.
    pub(crate) fn decides_infinities_of(&self, value: &Value) -> bool {
        match value {
            Value::Rows(value) => self.decides_infinities(value),
            Value::Planes(value) => value.terms.iter().any(|(source, conv)| {
                self.mask_number(*source).is_some_and(f64::is_infinite)
                    || conv.weights.iter().any(|weight| is_infinite(*weight))
            }),
        }
    }

    /// Whether a tensor is a function that excludes.
    pub(crate) fn is_mask(&self, source: usize) -> bool {
        self.mask_number(source).is_some()
    }

    /// The number by which a function excludes.
    fn mask_number(&self, source: usize) -> Option<f64> {
        let Activation::Expression(function) = &self.tensors[source].layer.as_ref()?.activation
        else {
            return None;
        };
        let numbers = function.numbers();
        let numbers = numbers.filter(|number| *number < 0.0 && is_heavy(*number));
        numbers.reduce(f64::min)
    }

    /// What decides a mask that is a function of something: a tensor that is 1 where it excludes.
    fn mask(&mut self, source: usize) -> Option<Mask> {
        if let Some(mask) = self.masks.get(&source) {
            return Some(*mask);
        }
        let number = self.mask_number(source)?;
        let tensor = self.tensors[source].clone();
        let Some(Activation::Expression(function)) = tensor.layer.as_ref().map(|of| &of.activation)
        else {
            return None;
        };
        let excluded = function.with(Binary::Equal, number);
        let rest = excluded.select(&Expression::constant(0.0), function);
        let zero_elsewhere = match (function.steps().last()?, function.steps()) {
            (Step::Select(_, yes, no), steps) => [*yes, *no]
                .map(|at| steps[at])
                .contains(&Step::Constant(0.0)),
            _ => false,
        };
        let mut another = |part: &str, function: Expression| {
            let mut tensor = tensor.clone();
            tensor.name = format!("{}/{part}", tensor.name);
            if let Some(layer) = tensor.layer.as_mut() {
                layer.activation = function.into();
            }
            self.tensors.push(tensor);
            let id = self.tensors.len() - 1;
            if let Some(positions) = self.positions.get(&source) {
                self.positions.insert(id, *positions);
            }
            id
        };
        let decision = another("excluded", excluded);
        let rest = (!zero_elsewhere).then(|| another("rest", rest));
        let mask = Mask {
            decision,
            number,
            rest,
        };
        self.masks.insert(source, mask);
        Some(mask)
    }
}

/// A mask that is a function of something: `number · decision + rest`.
#[derive(Clone, Copy)]
pub(crate) struct Mask {
    decision: usize,
    number: f64,
    /// What it is where it excludes nothing; nothing if that is zero.
    rest: Option<usize>,
}
