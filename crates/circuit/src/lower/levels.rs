//! Lays the nodes' channels on their levels, and says what stands at their positions.

use super::{
    Lowered,
    nodes::{Node, NodeId, NodeKind, Nodes, Reading},
    plane_layout::PlaneLayout,
    regions::Regions,
    spill::{self, Stands},
    words::WordLayout,
};
use crate::program::{Content, Feed, Level, Pattern, Program};
use verdict_model::{Function, TensorId};

impl Lowered {
    /// Adds the stages of the commitments, the first one right before the inputs.
    pub(super) fn add_commitments(&mut self) {
        let (last, top) = (self.nodes.levels - 1, self.nodes.depth);
        for number in 0..self.commitments.len() {
            add_flat(&mut self.nodes, NodeKind::Salt(number), last);
            for stage in 0..self.commitments[number].network.stages.len() {
                self.commitments[number].stages.push(self.nodes.nodes.len());
                add_flat(&mut self.nodes, NodeKind::Stage(number, stage), top - stage);
            }
        }
    }

    /// Adds the ones that feed the biases and the words' offsets.
    pub(super) fn add_constants(&mut self) {
        let last = self.nodes.levels - 1;
        for (id, tensor) in self.graph.tensors.iter().enumerate() {
            let (Some(main), Some(layer), Some(_)) =
                (self.nodes.main[id], &tensor.layer, &self.planes[id])
            else {
                continue;
            };
            let level = self.nodes.nodes[main].level;
            let hides = self.hidden && self.outline.secrets.bias(id) > 0;
            if !hides && layer.bias.iter().all(|bias| *bias == 0) {
                continue;
            }
            let kind = if self.outline.uniform.contains(&id) {
                NodeKind::Ones(id)
            } else {
                NodeKind::Biases(id)
            };
            // The constant stands just behind its only reader, so that its stream skips nothing.
            add_flat(&mut self.nodes, kind, level + 1);
        }
        add_flat(&mut self.nodes, NodeKind::One, last);
        if self
            .words
            .iter()
            .any(|words| words.layout != WordLayout::PerItem && words.packing.offset != 0)
        {
            add_flat(&mut self.nodes, NodeKind::Single, last);
        }
    }

    /// Lays the nodes' channels on their levels.
    pub(super) fn build(&mut self, limb_bits: u32) {
        let shift = self.graph.functions.iter().map(Function::shift).max();
        let mut regions = Regions::new(limb_bits, shift.unwrap_or(0));
        let mut program = Program {
            levels: vec![Level::default(); self.nodes.levels],
            ..Program::default()
        };
        for words in &self.words {
            let pattern = program.intern(Pattern::uniform(
                Content::Word,
                words.positions(&self.batch),
            ));
            let channels = words.channels(&self.graph, &self.batch);
            program.levels[0]
                .channels
                .extend(std::iter::repeat_n(pattern, channels));
        }
        let pattern = program.intern(Pattern::uniform(Content::Word, self.batch.items));
        program.levels[0]
            .channels
            .extend(std::iter::repeat_n(pattern, self.commitments.len()));
        // Tensors come in the graph's order, constants last.
        let mut order: Vec<NodeId> = (0..self.nodes.nodes.len()).collect();
        order.sort_by_key(|&id| match self.nodes.nodes[id].kind {
            NodeKind::Tensor(tensor) => (tensor, 0, id),
            NodeKind::Copy(tensor) => (tensor, 1, id),
            _ => (usize::MAX, 0, id),
        });
        self.placed = vec![Vec::new(); self.nodes.levels];
        for id in order {
            let level = self.nodes.nodes[id].level;
            self.nodes.nodes[id].first = program.levels[level].channels.len();
            self.placed[level].push(id);
            let patterns = self.patterns(id, &mut regions);
            for (pattern, count) in patterns {
                let pattern = program.intern(pattern);
                program.levels[level]
                    .channels
                    .extend(std::iter::repeat_n(pattern, count));
            }
        }
        program.regions = regions.regions;
        program.limbs = regions.limbs;
        self.program = program;
    }

    /// The patterns of a node's channels, in order, with how often each comes.
    fn patterns(&self, id: NodeId, regions: &mut Regions) -> Vec<(Pattern, usize)> {
        let node = &self.nodes.nodes[id];
        let items = self.batch.items;
        match node.kind {
            NodeKind::Tensor(tensor) => self.tensor_patterns(node, tensor, false, regions),
            NodeKind::Copy(tensor) => self.tensor_patterns(node, tensor, true, regions),
            NodeKind::One | NodeKind::Biases(_) => {
                vec![(Pattern::uniform(regions.one(), items), 1)]
            }
            NodeKind::Single => vec![(Pattern::uniform(regions.one(), 1), 1)],
            NodeKind::Salt(_) => vec![(Pattern::uniform(Content::Square, items), 1)],
            NodeKind::Stage(number, stage) => {
                let roots = self.commitments[number].network.stages[stage].len();
                vec![(Pattern::uniform(Content::Square, items), roots)]
            }
            NodeKind::Ones(target) => {
                let Some(planes) = &self.planes[target] else {
                    return Vec::new();
                };
                let one = regions.one();
                let standing: Vec<Stands> = (0..planes.extent())
                    .map(|place| match place % planes.pitch < planes.grid[1] {
                        true => Stands::Cell,
                        false => Stands::Hole,
                    })
                    .collect();
                let pattern = Pattern {
                    runs: runs(&standing, items, one, one),
                    feed: Feed::Once { at: 0 },
                };
                vec![(pattern, 1)]
            }
        }
    }

    /// The patterns of a tensor, or of a copy of one.
    fn tensor_patterns(
        &self,
        node: &Node,
        tensor: TensorId,
        copied: bool,
        regions: &mut Regions,
    ) -> Vec<(Pattern, usize)> {
        let items = self.batch.items;
        let feed = |at: usize| match node.reading {
            Reading::Shared => Feed::Once { at: at * items },
            Reading::Places => Feed::Each { items },
            Reading::Items => Feed::Each { items: 1 },
        };
        let info = &self.graph.tensors[tensor];
        let layer = info.layer.as_ref().filter(|_| !copied);
        let content = match layer.map(|layer| &self.graph.functions[layer.function]) {
            Some(Function::Table(table)) => regions.table(table),
            Some(Function::Square) => Content::Square,
            None => regions.input(info.min.into(), info.max.into()),
        };
        let Some(planes) = &self.planes[tensor] else {
            let pattern = Pattern {
                runs: vec![(content, items)],
                feed: feed(0),
            };
            return vec![(pattern, info.len)];
        };
        let Some(layer) = layer else {
            let patterns = cells_alone(planes, node.start)
                .into_iter()
                .map(|standing| Pattern {
                    runs: runs(&standing, items, content, content),
                    feed: feed(node.start),
                });
            let phases: Vec<Pattern> = patterns.collect();
            let channels = (0..planes.channels).flat_map(|_| phases.iter().cloned());
            return channels.map(|pattern| (pattern, 1)).collect();
        };
        let nodes = &self.nodes.nodes;
        let ones = nodes.iter().any(|node| node.kind == NodeKind::Ones(tensor));
        let bits = self.outline.spill_bits[tensor];
        let discard = match self.graph.functions[layer.function] {
            // Sums that are squared are small.
            Function::Square => regions.small_discard(bits),
            Function::Table(_) => regions.discard(bits),
        };
        let patterns = |channel: Option<usize>| {
            let all = spill::standing(&self.graph, &self.planes, tensor, node.start, ones, channel);
            all.into_iter().map(|standing| Pattern {
                runs: runs(&standing, items, content, discard),
                feed: feed(node.start),
            })
        };
        // What is private must not show.
        if !self.hidden && spill::is_of_products(&self.graph, tensor) {
            let channels = (0..planes.channels).flat_map(|channel| patterns(Some(channel)));
            return channels.map(|pattern| (pattern, 1)).collect();
        }
        let phases: Vec<Pattern> = patterns(None).collect();
        let channels = (0..planes.channels).flat_map(|_| phases.iter().cloned());
        channels.map(|pattern| (pattern, 1)).collect()
    }

    /// Chooses how far the words' exponents lie above zero, so that public inputs, whose streams
    /// visit the words first and then the first layer's outputs from above, have a short way
    /// between the two.
    pub fn align_words(&mut self, width: usize) {
        let last = self.program.levels.len() - 1;
        let words = self.program.levels[0].channels.len();
        let (mut inputs, mut outputs, mut output_words) = (0, 0, 0);
        for words in &self.words {
            let tensor = &self.graph.tensors[words.tensor];
            if tensor.layer.is_none() && self.planes[words.tensor].is_none() {
                inputs += tensor.len;
            } else {
                outputs += tensor.len;
                output_words += words.channels(&self.graph, &self.batch);
            }
        }
        let top = self.program.levels[last - 1]
            .channels
            .len()
            .saturating_sub(1)
            / width;
        let input_words = words - output_words;
        let cost = |padding: usize| {
            let output_block = (output_words / 2 + padding) / width;
            let middle = (words.saturating_sub(input_words / 2) + padding) / width;
            inputs * middle.abs_diff(top) + outputs * output_block + padding
        };
        let candidates = [0, (top * width).saturating_sub(words - input_words / 2)];
        let padding = if inputs == 0 || last < 2 {
            0
        } else {
            candidates.into_iter().min_by_key(|&p| cost(p)).unwrap_or(0)
        };
        self.program.levels[0].padding = padding;
    }
}

fn add_flat(nodes: &mut Nodes, kind: NodeKind, level: usize) {
    nodes.nodes.push(Node {
        kind,
        reading: Reading::Shared,
        level,
        first: 0,
        uses: Vec::new(),
        start: 0,
    });
}

/// Runs of equal contents, every position `items` times.
fn runs(standing: &[Stands], items: usize, cell: Content, spill: Content) -> Vec<(Content, usize)> {
    let mut runs: Vec<(Content, usize)> = Vec::new();
    for stands in standing {
        let content = match stands {
            Stands::Hole => Content::Hole,
            Stands::Cell => cell,
            Stands::Spill => spill,
        };
        match runs.last_mut() {
            Some((last, count)) if *last == content => *count += items,
            _ => runs.push((content, items)),
        }
    }
    runs
}

/// What stands where, phase by phase, if no kernel spills: a tensor's cells, the place `(0, 0)`
/// being position `start`.
fn cells_alone(planes: &PlaneLayout, start: usize) -> Vec<Vec<Stands>> {
    let phase_of = |phase| {
        let mut standing = vec![Stands::Hole; start + planes.extent()];
        for place in planes.places(phase) {
            standing[start + place] = Stands::Cell;
        }
        while standing.last() == Some(&Stands::Hole) {
            standing.pop();
        }
        standing
    };
    planes.all_phases().map(phase_of).collect()
}
