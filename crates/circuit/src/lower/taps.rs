//! Which channels feed which, with what weights.

use super::{
    Lowered,
    commitments::{Commitment, Target},
    nodes::{Node, NodeKind, Reading, Use},
    plane_layout::{Hop, PlaneLayout, hops},
};
use crate::{
    poseidon::Part,
    program::{Tap, Taps, Weight},
};
use halo2curves_axiom::bn256::Fr;
use std::collections::HashMap;
use verdict_model::{Conv, IntegerGraph, Kernel, TensorId};

/// Sparse weights by source cell: `(output, weight)`.
type ByCell = Vec<Vec<(u32, i32)>>;

/// Kernels in the order in which streams read them.
#[derive(Clone, Debug, Default)]
pub(super) struct Tables {
    /// Sparse kernels by `(target, number of the term)`.
    sparse: HashMap<(TensorId, usize), ByCell>,
}

impl Tables {
    pub(super) fn new(graph: &IntegerGraph) -> Self {
        let mut tables = Self::default();
        for (target, tensor) in graph.tensors.iter().enumerate() {
            for (number, term) in tensor.layer.iter().flat_map(|l| &l.terms).enumerate() {
                if let Kernel::Sparse { entries } = &term.kernel {
                    let mut cells: ByCell = vec![Vec::new(); graph.tensors[term.source].len];
                    for &(output, cell, weight) in entries {
                        cells[cell as usize].push((output, weight));
                    }
                    tables.sparse.insert((target, number), cells);
                }
            }
        }
        tables
    }
}

/// One stream's source.
#[derive(Clone, Copy)]
struct Source {
    tensor: TensorId,
    /// The channel in its node.
    channel: usize,
    /// The cell, unless the stream serves a whole plane.
    cell: Option<usize>,
    item: usize,
}

impl Lowered {
    fn source(&self, node: &Node, tensor: TensorId, channel: usize, position: usize) -> Source {
        let items = self.batch.items;
        let (place, item) = (position / items, position % items);
        let cell = match &self.planes[tensor] {
            None => Some(channel),
            Some(_) if node.reading == Reading::Shared => None,
            Some(planes) => place
                .checked_sub(node.start)
                .and_then(|place| planes.cell(channel, place)),
        };
        Source {
            tensor,
            channel,
            cell,
            item,
        }
    }

    fn use_taps(&self, source: Source, used: Use, into: &mut Vec<Tap>) {
        match used {
            Use::Words(number) => {
                if let Some(cell) = source.cell {
                    let (channel, weight) = self.words[number].place(cell, source.item);
                    into.push(Tap {
                        level: 0,
                        channel,
                        shift: 0,
                        weight: Weight::Field(weight),
                    });
                }
            }
            Use::Copy(copy) => {
                let copy = &self.nodes.nodes[copy];
                into.push(Tap {
                    level: copy.level,
                    channel: copy.first + source.channel,
                    shift: copy.start * self.batch.items,
                    weight: Weight::Int(1),
                });
            }
            Use::Term(target, number) => self.term_taps(source, target, number, into),
            Use::Commitment(number) => {
                if let Some(cell) = source.cell {
                    let commitment = &self.commitments[number];
                    into.extend(
                        commitment
                            .cell_uses(cell)
                            .map(|used| self.commitment_tap(commitment, used)),
                    );
                }
            }
        }
    }

    fn term_taps(&self, source: Source, target: TensorId, number: usize, into: &mut Vec<Tap>) {
        let layer = self.graph.tensors[target].layer.as_ref();
        let (Some(main), Some(term)) = (
            self.nodes.main[target],
            layer.and_then(|layer| layer.terms.get(number)),
        ) else {
            return;
        };
        let node = &self.nodes.nodes[main];
        let bits = self.term_bits(target, number);
        match (&term.kernel, source.cell) {
            (Kernel::Dense { weights }, Some(cell)) => {
                let len = self.graph.tensors[source.tensor].len;
                let column = weights.iter().skip(cell).step_by(len).enumerate();
                let taps = column.map(|(output, &weight)| {
                    let weight = Weight::declared(weight.into(), bits);
                    self.cell_tap(node, target, output, weight)
                });
                into.extend(taps.filter(|tap| !tap.weight.is_zero()));
            }
            (Kernel::Sparse { .. }, Some(cell)) => {
                if let Some(cells) = self.tables.sparse.get(&(target, number)) {
                    into.extend(cells[cell].iter().map(|&(output, weight)| {
                        let weight = Weight::declared(weight.into(), bits);
                        self.cell_tap(node, target, output as usize, weight)
                    }));
                }
            }
            (Kernel::Conv(conv), _) => {
                if let (Some(from), Some(to)) = (&self.planes[source.tensor], &self.planes[target])
                {
                    self.conv_taps(source.channel, (conv, bits), [from, to], node, into);
                }
            }
            _ => {}
        }
    }

    fn commitment_tap(&self, commitment: &Commitment, (target, weight): (Target, Fr)) -> Tap {
        let (level, channel) = match target {
            Target::Output => (0, commitment.word),
            Target::Root(stage, root) => {
                let node = &self.nodes.nodes[commitment.stages[stage]];
                (node.level, node.first + root)
            }
        };
        Tap {
            level,
            channel,
            shift: 0,
            weight: Weight::Field(weight),
        }
    }

    /// The declared bits of a term's weights; 0 if they are public.
    fn term_bits(&self, target: TensorId, number: usize) -> u32 {
        match self.hidden {
            true => self.outline.secrets.term(target, number),
            false => 0,
        }
    }

    /// The declared bits of a tensor's biases; 0 if they are public.
    fn bias_bits(&self, tensor: TensorId) -> u32 {
        match self.hidden {
            true => self.outline.secrets.bias(tensor),
            false => 0,
        }
    }

    /// A tap to one cell of a tensor.
    fn cell_tap(&self, node: &Node, target: TensorId, cell: usize, weight: Weight) -> Tap {
        let (channel, position) = match &self.planes[target] {
            None => (cell, 0),
            Some(planes) => {
                let (channel, place) = planes.locate(cell);
                (channel, (node.start + place) * self.batch.items)
            }
        };
        Tap {
            level: node.level,
            channel: node.first + channel,
            shift: position,
            weight,
        }
    }

    fn conv_taps(
        &self,
        channel: usize,
        (conv, bits): (&Conv, u32),
        [from, to]: [&PlaneLayout; 2],
        node: &Node,
        into: &mut Vec<Tap>,
    ) {
        let phases = from.phases[0] * from.phases[1];
        let (source, phase) = (channel / phases, channel % phases);
        let phase = [phase / from.phases[1], phase % from.phases[1]];
        let hops: Vec<Hop> = hops(conv, from, to)
            .into_iter()
            .filter(|hop| hop.from == phase)
            .collect();
        let per_group = [0, 1].map(|side| conv.channels[side] / conv.groups);
        let (group, number) = (source / per_group[0], source % per_group[0]);
        for output in group * per_group[1]..(group + 1) * per_group[1] {
            for hop in &hops {
                let weight = conv.weight(output, number, hop.at[0], hop.at[1]);
                let weight = Weight::declared(weight.into(), bits);
                if weight.is_zero() {
                    continue;
                }
                let phase = hop.to[0] * to.phases[1] + hop.to[1];
                let place = node.start as i64 + hop.shift;
                into.push(Tap {
                    level: node.level,
                    channel: node.first + output * to.phases[0] * to.phases[1] + phase,
                    shift: usize::try_from(place).unwrap_or(0) * self.batch.items,
                    weight,
                });
            }
        }
    }

    /// Appends what a one feeds: biases of flat tensors, the offsets of the items' words and the
    /// commitments' constants.
    fn one_taps(&self, into: &mut Vec<Tap>) {
        self.offset_taps(true, into);
        for commitment in &self.commitments {
            let constants = commitment.constants().iter();
            into.extend(constants.map(|&used| self.commitment_tap(commitment, used)));
        }
        for (id, tensor) in self.graph.tensors.iter().enumerate() {
            if self.planes[id].is_none()
                && let (Some(layer), Some(main)) = (&tensor.layer, self.nodes.main[id])
            {
                self.bias_taps(&self.nodes.nodes[main], id, &layer.bias, into);
            }
        }
    }

    fn part_taps(&self, number: usize, part: Part, into: &mut Vec<Tap>) {
        let commitment = &self.commitments[number];
        let uses = commitment.uses(part).iter();
        into.extend(uses.map(|&used| self.commitment_tap(commitment, used)));
    }

    fn offset_taps(&self, per_item: bool, into: &mut Vec<Tap>) {
        for words in &self.words {
            if (words.positions(&self.batch) == self.batch.items) == per_item {
                let offsets = words.offsets(&self.graph, &self.batch);
                into.extend(offsets.into_iter().map(|(channel, offset)| Tap {
                    level: 0,
                    channel,
                    shift: 0,
                    weight: Weight::Field(offset),
                }));
            }
        }
    }

    fn bias_taps(&self, node: &Node, id: TensorId, biases: &[i64], into: &mut Vec<Tap>) {
        let bits = self.bias_bits(id);
        let biases = biases.iter().map(|bias| Weight::declared(*bias, bits));
        let biases = biases.enumerate().filter(|(_, bias)| !bias.is_zero());
        into.extend(biases.map(|(cell, bias)| self.cell_tap(node, id, cell, bias)));
    }

    /// Appends every channel's bias, to be shifted to all places.
    fn channel_bias_taps(&self, id: TensorId, into: &mut Vec<Tap>) {
        let (Some(planes), Some(layer), Some(main)) = (
            &self.planes[id],
            &self.graph.tensors[id].layer,
            self.nodes.main[id],
        ) else {
            return;
        };
        let node = &self.nodes.nodes[main];
        let phases = planes.phases[0] * planes.phases[1];
        let plane = planes.size[0] * planes.size[1];
        let bits = self.bias_bits(id);
        for (channel, bias) in layer.bias.iter().step_by(plane).enumerate() {
            let weight = Weight::declared(*bias, bits);
            if !weight.is_zero() {
                into.extend((0..phases).map(|phase| Tap {
                    level: node.level,
                    channel: node.first + channel * phases + phase,
                    shift: node.start * self.batch.items,
                    weight,
                }));
            }
        }
    }
}

impl Taps for Lowered {
    fn taps(&self, level: usize, channel: usize, position: usize, into: &mut Vec<Tap>) {
        let Some((node, channel)) = self.find(level, channel) else {
            return;
        };
        match node.kind {
            NodeKind::One => self.one_taps(into),
            NodeKind::Single => self.offset_taps(false, into),
            NodeKind::Salt(number) => self.part_taps(number, Part::Input(0), into),
            NodeKind::Stage(number, stage) => {
                self.part_taps(number, Part::Square(stage, channel), into);
            }
            NodeKind::Ones(id) => self.channel_bias_taps(id, into),
            NodeKind::Biases(id) => {
                if let (Some(layer), Some(main)) =
                    (&self.graph.tensors[id].layer, self.nodes.main[id])
                {
                    self.bias_taps(&self.nodes.nodes[main], id, &layer.bias, into);
                }
            }
            NodeKind::Tensor(id) | NodeKind::Copy(id) => {
                let source = self.source(node, id, channel, position);
                for &used in &node.uses {
                    self.use_taps(source, used, into);
                }
            }
        }
        merge(into);
    }
}

/// Adds up taps with the same target: two terms of a layer may read the same tensor.
fn merge(taps: &mut Vec<Tap>) {
    let key = |tap: &Tap| (tap.level, tap.channel, tap.shift);
    if taps.windows(2).all(|pair| key(&pair[0]) < key(&pair[1])) {
        return;
    }
    taps.sort_by_key(key);
    taps.dedup_by(|next, kept| {
        let same = key(next) == key(kept);
        if same {
            kept.weight = kept.weight.and(next.weight);
        }
        same
    });
}
