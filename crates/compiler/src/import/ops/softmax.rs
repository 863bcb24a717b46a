//! `Softmax` and `LogSoftmax`, stabilised: `p_i = exp(x_i − m − ln Σ_j exp(x_j − m))` with
//! `m = max_j x_j`.
//!
//! The maximum is exact, so the largest `exp(x_j − m)` is 1, the sum is at least 1 and its
//! logarithm finite, whatever the input: every table is total without any case being special. With
//! steps `u` of the logits, `s` of the probabilities, `e` of the exponentials, key and value steps
//! `k`, `l` of the logarithm and key step `v` of the last exponential, a probability is off by at
//! most `s/2 + p·(exp(u + n·e/2 + k/2 + l/2 + v/2) − 1)`: half a step for its own rounding, half a
//! step for each logit's (its own, and those in the sum), and a relative error for each of the
//! other roundings.
//!
//! What a constant mask excludes is left out of its group. Where tokens have a layout that uneven
//! groups would lose, it stays in, as low as its tensor goes and [`BELOW`] less after that: the
//! maximum, which is over integers of that tensor, is that of the others, and `e^−BELOW` is 0 in
//! steps of any number of bits that an activation can have.

use crate::Result;
use crate::float::activation::Activation;
use crate::float::expression::{Binary, Expression, Unary};
use crate::float::graph::Precision;
use crate::import::builder::Builder;
use crate::import::builder::rows::EXACT;
use crate::import::node::{Node, Reduction};
use crate::import::values::INFINITE;
use crate::import::values::affine::Affine;
use crate::import::values::cells::{columns, difference, stack};
use crate::masks::EXCLUDED;

/// Adding this much or less to a logit is how exporters exclude it.
const MASK: f64 = -5e3;
/// `e^−18` is 2·10⁻⁸: nothing in integers, and nothing beside what runtimes round.
const BELOW: f64 = 18.0;

/// Each group's logits minus the logarithm of the sum of their exponentials.
struct Normalised {
    /// Group by group: which members take part.
    members: Vec<Vec<usize>>,
    /// The logarithms, one for each cell that takes part, group by group.
    logs: Affine,
    /// Which of these a mask excludes all the same.
    closed: Vec<bool>,
}

/// A function whose values are known to lie between 0 and `most`.
fn up_to(op: Unary, most: f64) -> Activation {
    let value = Expression::value().unary(op);
    value.with(Binary::Max, 0.0).with(Binary::Min, most).into()
}

impl Builder {
    /// The logits of all members as integers, group by group, and the members in that order: within
    /// a group that of the tensor's cells, so that the groups of different tokens are alike.
    fn logits(
        &mut self,
        name: &str,
        value: &Affine,
        mut members: Vec<Vec<usize>>,
    ) -> (Affine, Vec<Vec<usize>>) {
        let cells: Vec<usize> = members.concat();
        let logits = value.gather(vec![1, cells.len()], &cells);
        let logits = self.scores(format!("{name}/logits"), logits);
        let Some((_, places)) = logits.as_cells() else {
            return (logits, members);
        };
        let mut first = 0;
        let mut order = Vec::with_capacity(cells.len());
        for group in &mut members {
            let mut here: Vec<usize> = (first..first + group.len()).collect();
            first += group.len();
            here.sort_by_key(|i| places[*i]);
            *group = here.iter().map(|i| cells[*i]).collect();
            order.extend(here);
        }
        let shape = logits.shape.clone();
        (logits.gather(shape, &order), members)
    }

    fn normalise(&mut self, name: &str, value: &Affine, groups: &[Vec<usize>]) -> Normalised {
        let open = |i: &usize| value.open_bias(*i) > MASK;
        if let Some((members, logits)) = self.even_logits(name, value, groups, &open) {
            let closed = members.iter().flatten().map(|i| !open(i)).collect();
            return self.normalised_members(name, logits, members, closed);
        }
        let members: Vec<Vec<usize>> = groups
            .iter()
            .map(|group| {
                let open: Vec<usize> = group.iter().copied().filter(open).collect();
                // If all are excluded, none is.
                if open.is_empty() { group.clone() } else { open }
            })
            .collect();
        // What is infinite all of it is no number in the end, whatever stands there.
        let mut value = value.clone();
        for group in &members {
            if group.iter().all(|i| value.open_bias(*i) < -INFINITE / 2.0) {
                group.iter().for_each(|i| value.bias[*i] += INFINITE);
            }
        }
        let value = &value;
        let (logits, members) = self.logits(name, value, members);
        let closed = vec![false; logits.len()];
        self.normalised_members(name, logits, members, closed)
    }

    /// The logits of groups from which a mask excludes some, others from each, with the excluded
    /// ones where the tokens' layout needs them: a channel that counts for one token is there for
    /// all. None if there is no such layout, or if it is that already.
    ///
    /// An excluded cell's logit is the lowest that the tensor holds, so it is never above the
    /// maximum of those that count.
    fn even_logits(
        &mut self,
        name: &str,
        value: &Affine,
        groups: &[Vec<usize>],
        open: &impl Fn(&usize) -> bool,
    ) -> Option<(Vec<Vec<usize>>, Affine)> {
        let all_open = groups.iter().flatten().all(open);
        let none_open = groups.iter().any(|group| !group.iter().any(open));
        if all_open || none_open || self.secrecy.private || self.excludes(value) {
            return None;
        }
        let mut value = value.clone();
        let closed: Vec<bool> = (0..value.len()).map(|i| !open(&i)).collect();
        for (bias, closed) in value.bias.iter_mut().zip(&closed) {
            if *closed {
                *bias = 0.0;
            }
        }
        let arrangement = self.arrange(&value)?;
        let channel = |i: &usize| arrangement.place[*i] as usize / arrangement.positions;
        let mut counts = vec![false; arrangement.channels];
        let cells = groups.iter().flatten();
        cells
            .filter(|i| open(i))
            .for_each(|i| counts[channel(i)] = true);
        let mut members: Vec<Vec<usize>> = groups
            .iter()
            .map(|group| {
                group
                    .iter()
                    .copied()
                    .filter(|i| counts[channel(i)])
                    .collect()
            })
            .collect();
        let size = members.first()?.len();
        if members.iter().any(|group| group.len() != size) {
            return None;
        }
        for group in &mut members {
            group.sort_by_key(|i| arrangement.place[*i]);
        }
        let cells = members.concat();
        let closed: Vec<bool> = cells.iter().map(|i| closed[*i]).collect();
        let logits = value.gather(vec![1, cells.len()], &cells);
        let mut logits = self.narrowed(name, logits, &closed);
        for (bias, closed) in logits.bias.iter_mut().zip(&closed) {
            if *closed {
                *bias = EXCLUDED;
            }
        }
        let name = format!("{name}/logits");
        let scaled = Precision::Scaled;
        let logits = self.void_rows(name, logits, Activation::Identity, scaled, &closed);
        self.exclude(&logits, &closed);
        Some((members, logits))
    }

    fn normalised_members(
        &mut self,
        name: &str,
        logits: Affine,
        members: Vec<Vec<usize>>,
        closed: Vec<bool>,
    ) -> Normalised {
        // A group with fewer members than others repeats its last one: that does not change its
        // maximum.
        let longest = members.iter().map(Vec::len).max().unwrap_or(0);
        let mut first = 0;
        let padded: Vec<Vec<usize>> = members
            .iter()
            .map(|group| {
                let places = (0..longest).map(|i| first + i.min(group.len() - 1));
                let places = places.collect();
                first += group.len();
                places
            })
            .collect();
        let mut largest = self.maximum(name, columns(&logits, &padded));
        if longest > 1 {
            let within = Precision::Exact {
                within: logits.as_cells().map(|(tensor, _)| tensor),
            };
            // What interval analysis cannot see: a maximum lies within the range of the values.
            // Smaller tables pay for the cells.
            largest = self.layer_rows(format!("{name}/max"), largest, Activation::Identity, within);
        }
        let of_cell: Vec<usize> = members
            .iter()
            .enumerate()
            .flat_map(|(group, members)| members.iter().map(move |_| group))
            .collect();
        let largest = largest.gather(vec![1, of_cell.len()], &of_cell);
        let mut shifted = difference(&logits, &largest);
        for (bias, closed) in shifted.bias.iter_mut().zip(&closed) {
            if *closed {
                *bias -= BELOW;
            }
        }
        let powers = self.layer_rows(
            format!("{name}/exp"),
            shifted.clone(),
            up_to(Unary::Exp, 1.0),
            EXACT,
        );
        self.exclude(&powers, &closed);
        let mut first = 0;
        let spans: Vec<std::ops::Range<usize>> = members
            .iter()
            .map(|group| {
                let span = first..first + group.len();
                first = span.end;
                span
            })
            .collect();
        let sums = powers.combine(vec![1, spans.len()], |group| {
            spans[group].clone().map(|cell| (cell, 1.0))
        });
        let log = self.activate_rows(
            format!("{name}/log"),
            sums,
            up_to(Unary::Log, libm::log(longest.max(2) as f64)),
        );
        let log = log.gather(vec![1, of_cell.len()], &of_cell);
        Normalised {
            members,
            logs: difference(&shifted, &log),
            closed,
        }
    }

    /// Notes that a mask excludes these of a tensor's cells.
    fn exclude(&mut self, value: &Affine, closed: &[bool]) {
        let Some((tensor, places)) = value.as_cells() else {
            return;
        };
        let excluded = places.iter().zip(closed).filter(|(_, closed)| **closed);
        let mut excluded: Vec<u32> = excluded.map(|(place, _)| *place).collect();
        excluded.sort_unstable();
        if let Some(layer) = self.tensors[tensor].layer.as_mut() {
            layer.excluded = excluded;
        }
    }

    /// The probabilities, of which those that a mask excludes are zero.
    fn probabilities(&mut self, name: String, normalised: Normalised) -> Affine {
        let Normalised { logs, closed, .. } = normalised;
        let result = self.activate_rows(name, logs, up_to(Unary::Exp, 1.0));
        self.exclude(&result, &closed);
        if let (Some((tensor, places)), true) = (result.as_cells(), closed.contains(&true)) {
            let mut void = vec![false; self.tensors[tensor].len];
            let places = places.iter().zip(closed);
            places.for_each(|(place, closed)| void[*place as usize] = closed);
            self.void.insert(tensor, void);
        }
        result
    }

    /// The soft-max of a whole value.
    pub(crate) fn soft_max(&mut self, name: &str, value: &Affine) -> Affine {
        let all = (0..value.len()).collect();
        let normalised = self.normalise(name, value, &[all]);
        self.probabilities(name.to_owned(), normalised)
    }
}

/// `Softmax`, or `LogSoftmax` where `log`.
pub(crate) fn softmax(node: &Node<'_>, builder: &mut Builder, log: bool) -> Result<Affine> {
    let operand = node.operand(0)?;
    let groups = node.softmax_groups()?;
    let name = node.output();
    let normalised = builder.normalise(&name, operand, &groups);
    let members = normalised.members.clone();
    let taking_part: usize = members.iter().map(Vec::len).sum();
    let result = if log {
        if taking_part < operand.len() || normalised.closed.contains(&true) {
            return Err(node.invalid(
                "takes the logarithm of a probability that a mask makes zero; export the probabilities or drop the mask",
            ));
        }
        normalised.logs
    } else {
        let probabilities = builder.probabilities(name, normalised);
        builder.note_undefined(&probabilities, operand, &groups, &members);
        probabilities
    };
    // Cells that were excluded are zero.
    let zero = Affine::constant(vec![1], vec![0.0]);
    let all = stack(&[result, zero]);
    let mut index = vec![taking_part; operand.len()];
    for (place, cell) in members.iter().flatten().enumerate() {
        index[*cell] = place;
    }
    Ok(all.gather(operand.shape.clone(), &index))
}

/// `ReduceLogSumExp`: `m + ln Σ exp(x − m)`. Off by at most half a step of the values, of the
/// exponentials' sum and of the logarithm.
pub(crate) fn log_sum_exp(node: &Node<'_>, builder: &mut Builder) -> Result<Affine> {
    let operand = node.operand(0)?;
    let Some(Reduction { groups, shape }) = node.groups()? else {
        return Ok(operand.clone());
    };
    // What the input excludes adds nothing, however far it lies below.
    let logits = match builder.excludes_far(operand) {
        true => builder.scores(node.input(0), operand.clone()),
        false => builder.integers(node.input(0), operand.clone()),
    };
    let name = node.output();
    let largest = builder.maximum(&name, columns(&logits, &groups));
    let shifted: Vec<Affine> = columns(&logits, &groups)
        .iter()
        .map(|column| difference(column, &largest))
        .collect();
    let powers = builder.layer_rows(
        format!("{name}/exp"),
        stack(&shifted),
        up_to(Unary::Exp, 1.0),
        EXACT,
    );
    let width = groups.len();
    let n = shifted.len();
    let sums = powers.combine(vec![width], |group| {
        (0..n).map(move |i| (i * width + group, 1.0))
    });
    let log = builder.activate_rows(name, sums, up_to(Unary::Log, libm::log(n.max(2) as f64)));
    let result = largest.add(log);
    Ok(Affine { shape, ..result })
}
