//! Which cells are infinite, or no number at all, where the input decides that.
//!
//! No tensor holds an infinity: a cell that the input may make one is `score − INFINITE · decision`,
//! and which cells are infinite is what those decisions say. Exporters ask for it in order to put
//! zeros in the place of a soft-max of nothing but infinities, which is no number.

use crate::float::activation::Activation;
use crate::float::expression::{Binary, Expression};
use crate::import::builder::Builder;
use crate::import::builder::masks::is_infinite;
use crate::import::builder::rows::EXACT;
use crate::import::values::INFINITE;
use crate::import::values::affine::{Affine, Row};
use crate::import::values::cells::columns;

/// What cells of a tensor are no numbers of: groups of scores all of which are infinite.
#[derive(Clone)]
pub(crate) struct Undefined {
    scores: Affine,
    groups: Vec<Vec<usize>>,
    /// Of the tensor's cells, the group.
    group: Vec<Option<usize>>,
}

impl Affine {
    /// Whether a cell is more than one other, or than 1 less one other.
    fn sums_several(&self) -> bool {
        let of_cell = |cell: usize| -> f64 {
            let rows = self.terms.values().flat_map(|rows| &rows[cell]);
            rows.map(|(_, weight)| weight.abs()).sum()
        };
        (0..self.len()).any(|cell| of_cell(cell) > 1.0)
    }
}

impl Builder {
    /// 1 for each cell of `value` that is −∞, 0 for each that is finite.
    pub(crate) fn infinite(&mut self, name: &str, value: &Affine) -> Affine {
        let mut value = value.clone();
        self.decide_masks(&mut value);
        let always: Vec<bool> = (0..value.len())
            .map(|cell| value.open_bias(cell) < -INFINITE / 2.0)
            .collect();
        let bias = always.iter().map(|always| f64::from(*always)).collect();
        let mut count = Affine::constant(value.shape.clone(), bias);
        count.nodes.clone_from(&value.nodes);
        for (source, rows) in &value.terms {
            let rows: Vec<Row> = rows
                .iter()
                .zip(&always)
                .map(|(row, always)| match always {
                    true => Vec::new(),
                    false => row
                        .iter()
                        .copied()
                        .filter(|(_, w)| is_infinite(*w))
                        .collect(),
                })
                .collect();
            if rows.iter().any(|row| !row.is_empty()) {
                let rows = Affine {
                    shape: value.shape.clone(),
                    bias: vec![0.0; value.len()],
                    terms: [self.original(*source, rows)].into(),
                    ..Affine::default()
                };
                count = count.add(rows);
            }
        }
        // A positive weight makes infinite where the decision is 0, which the bias says.
        for rows in count.terms.values_mut() {
            for (row, bias) in rows.iter_mut().zip(&mut count.bias) {
                for (_, weight) in row {
                    *bias += f64::from(*weight > 0.0);
                    *weight = -weight.signum();
                }
            }
        }
        match count.sums_several() {
            true => self.at_least(&format!("{name}/infinite"), count, 1.0),
            false => count,
        }
    }

    /// The same weights on a whole input, if the source is but a copy of it, whose steps are made for
    /// what else reads it.
    fn original(&self, source: usize, rows: Vec<Row>) -> (usize, Vec<Row>) {
        let copied = || {
            let layer = self.tensors[source].layer.as_ref()?;
            let [term] = &layer.terms[..] else {
                return None;
            };
            let input = &self.tensors[term.source];
            let plain = layer.activation == Activation::Identity
                && layer.bias.iter().all(|bias| *bias == 0.0)
                && term.kernel.weights().all(|weight| weight == 1.0);
            let mut of = vec![None; self.tensors[source].len];
            let mut once = true;
            term.kernel.for_each(|cell, from| {
                once &= of[cell].replace(from as u32).is_none();
            });
            let from: Vec<u32> = of.into_iter().collect::<Option<_>>()?;
            (plain && once && input.layer.is_none() && input.whole).then_some((term.source, from))
        };
        match copied() {
            None => (source, rows),
            Some((input, from)) => {
                let moved = |row: Row| {
                    let terms = row.into_iter();
                    let mut row: Row = terms.map(|(cell, w)| (from[cell as usize], w)).collect();
                    row.sort_unstable_by_key(|(cell, _)| *cell);
                    row
                };
                (input, rows.into_iter().map(moved).collect())
            }
        }
    }

    /// Whether nothing of a value depends on the input but which cells are infinite.
    pub(crate) fn is_mask_alone(&mut self, value: &Affine) -> bool {
        let mut value = value.clone();
        self.decide_masks(&mut value);
        let mut weights = value.terms.values().flatten().flatten();
        weights.all(|(_, weight)| is_infinite(*weight))
    }

    /// 1 for each group all of whose cells are 1, 0 for others; cells are 0 or 1.
    pub(crate) fn all_of(&mut self, name: &str, value: &Affine, groups: &[Vec<usize>]) -> Affine {
        let size = groups.first().map_or(0, Vec::len);
        if size == 1 {
            let cells: Vec<usize> = groups.concat();
            return value.gather(vec![groups.len()], &cells);
        }
        let sums = value.combine(vec![groups.len()], |group| {
            groups[group].iter().map(|cell| (*cell, 1.0))
        });
        let uneven = groups.iter().any(|group| group.len() != size);
        if sums.is_constant() || self.has_whole_steps(&sums) || uneven {
            let mut sums = sums;
            for (bias, group) in sums.bias.iter_mut().zip(groups) {
                *bias -= group.len() as f64;
            }
            return self.at_least(&format!("{name}/all"), sums, 0.0);
        }
        // The smallest of many, as 1 − max (1 − v): a sum of many would be rounded.
        let mut open = value.clone();
        open.scale(|_| -1.0);
        open.bias.iter_mut().for_each(|bias| *bias += 1.0);
        let open = self.integers(format!("{name}/open"), open);
        let mut any = self.maximum(&format!("{name}/any"), columns(&open, groups));
        any.scale(|_| -1.0);
        any.bias.iter_mut().for_each(|bias| *bias += 1.0);
        any
    }

    /// `value ≥ bound` as 0 or 1, of whole numbers.
    fn at_least(&mut self, name: &str, value: Affine, bound: f64) -> Affine {
        if value.is_constant() {
            let truths = value.bias.iter().map(|v| f64::from(*v >= bound)).collect();
            return Affine::constant(value.shape, truths);
        }
        let value = match self.has_whole_steps(&value) {
            true => value,
            false => self.integers(format!("{name}/sum"), value),
        };
        // Half a step in between: whole numbers may have been rounded to steps of their own.
        let function = Expression::value().with(Binary::GreaterOrEqual, bound - 0.5);
        self.layer_rows(name.to_owned(), value, function.into(), EXACT)
    }

    /// Notes that cells of `value`, each a cell of one tensor, are no numbers where all scores of
    /// their group are infinite, if any may be. `members` are the scores of each group, in the order
    /// of the value's cells.
    pub(crate) fn note_undefined(
        &mut self,
        value: &Affine,
        scores: &Affine,
        groups: &[Vec<usize>],
        members: &[Vec<usize>],
    ) {
        let always = |group: &Vec<usize>| {
            let mut cells = group.iter();
            cells.all(|cell| scores.open_bias(*cell) < -INFINITE / 2.0)
        };
        if !self.decides_infinities(scores) && !groups.iter().any(always) {
            return;
        }
        let Some((tensor, places)) = value.as_cells() else {
            return;
        };
        let mut group = vec![None; self.tensors[tensor].len];
        let numbers = members.iter().enumerate();
        let numbers = numbers.flat_map(|(number, members)| members.iter().map(move |_| number));
        for (place, number) in places.into_iter().zip(numbers) {
            group[place as usize] = Some(number);
        }
        let undefined = Undefined {
            scores: scores.clone(),
            groups: groups.to_vec(),
            group,
        };
        self.undefined.insert(tensor, undefined);
    }

    /// 1 for each cell of `value` that is no number, 0 for each that is one; `None` if nobody can
    /// tell, since it is made of such by more than a linear map.
    pub(crate) fn no_numbers(&mut self, name: &str, value: &Affine) -> Option<Affine> {
        let mut count = Affine::constant(value.shape.clone(), vec![0.0; value.len()]);
        count.nodes.clone_from(&value.nodes);
        for (source, rows) in &value.terms {
            let Some(undefined) = self.undefined.get(source).cloned() else {
                if self.reads_undefined(*source) {
                    return None;
                }
                continue;
            };
            let cells = self.infinite(name, &undefined.scores);
            let closed = self.all_of(name, &cells, &undefined.groups);
            let group = |cell: u32| undefined.group.get(cell as usize).copied().flatten();
            let cells = closed.combine(value.shape.clone(), |cell| {
                let mut groups: Vec<usize> = rows[cell]
                    .iter()
                    .filter_map(|(cell, _)| group(*cell))
                    .collect();
                groups.sort_unstable();
                groups.dedup();
                groups.into_iter().map(|group| (group, 1.0))
            });
            count = count.add(cells);
        }
        Some(match count.sums_several() {
            true => self.at_least(&format!("{name}/undefined"), count, 1.0),
            false => count,
        })
    }

    /// Whether a tensor is made of one that may hold what is no number.
    pub(crate) fn reads_undefined(&self, tensor: usize) -> bool {
        if self.undefined.is_empty() {
            return false;
        }
        let mut seen = vec![false; self.tensors.len()];
        let mut stack = vec![tensor];
        while let Some(tensor) = stack.pop() {
            if self.undefined.contains_key(&tensor) {
                return true;
            }
            if std::mem::replace(&mut seen[tensor], true) {
                continue;
            }
            let layer = self.tensors[tensor].layer.iter();
            stack.extend(layer.flat_map(|layer| &layer.terms).map(|term| term.source));
        }
        false
    }
}
