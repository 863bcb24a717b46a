//! From an integer graph to the tape's levels.
//!
//! A produced tensor lies one level beyond its farthest consumer, the outputs' consumer being the public words of level 0; all
//! inputs and the constant that feeds the words lie in the last level, whose own identity nothing asks for.
//!
//! * [`nodes`] decides what lies on which level, and what has to be copied;
//! * [`planes`] and [`spill`] number the cells of tensors that convolutions connect;
//! * [`taps`] says which channels feed which, with what weights;
//! * [`cells`] finds the value of every position in the executor's traces.

mod cells;
mod commitments;
mod nodes;
mod outline;
mod planes;
mod regions;
mod spill;
mod taps;
mod words;

pub use cells::TraceCells;
pub use outline::Outline;
pub use words::{Batch, WordLayout};

use crate::{
    error::CircuitError,
    poseidon::{Salt, commit},
    program::{Content, Feed, Level, Pattern, Program},
};
use commitments::{Commitment, commitments};
use halo2curves_axiom::bn256::Fr;
use nodes::{Kind, Node, NodeId, Nodes, Reading};
use planes::Planes;
use regions::Regions;
use spill::Stands;
use std::sync::Arc;
use taps::Tables;
use verdict_model::{Function, IntegerGraph, TensorId, Trace};
use words::Words;

/// A verifying key's header holds the number of public values, the context included, in two bytes.
const MAX_PUBLIC_VALUES: usize = 1 << 16;

/// A graph placed on levels.
#[derive(Clone, Debug)]
pub struct Lowered {
    graph: Arc<IntegerGraph>,
    batch: Batch,
    /// The levels and tables.
    pub program: Program,
    nodes: Nodes,
    /// Per level, its nodes in channel order.
    placed: Vec<Vec<NodeId>>,
    planes: Vec<Option<Planes>>,
    words: Vec<Words>,
    commitments: Vec<Commitment>,
    tables: Arc<Tables>,
    outline: Outline,
    /// Whether the layout must not depend on the weights beyond the outline.
    hidden: bool,
}

/// How to lower a graph.
#[derive(Clone, Debug, Default)]
pub struct Lowering {
    /// Largest limb of a remainder, in bits.
    pub limb_bits: u32,
    /// How many inferences.
    pub batch: Batch,
    /// The outline of a model with private weights, by whose weights the layout must not be influenced.
    pub hidden: Option<Outline>,
}

impl Lowered {
    /// Lowers a valid graph for one inference. Remainders are cut into limbs of at most `limb_bits` bits.
    pub fn new(graph: Arc<IntegerGraph>, limb_bits: u32) -> Result<Self, CircuitError> {
        Self::with(
            graph,
            Lowering {
                limb_bits,
                ..Lowering::default()
            },
        )
    }

    /// Lowers a valid graph.
    pub fn with(graph: Arc<IntegerGraph>, lowering: Lowering) -> Result<Self, CircuitError> {
        let Lowering {
            limb_bits,
            batch,
            hidden,
        } = lowering;
        graph
            .validate()
            .map_err(|error| CircuitError::Graph(error.to_string()))?;
        batch.check(&graph)?;
        let is_hidden = hidden.is_some();
        let outline = hidden.unwrap_or_else(|| Outline::of(&graph));
        if outline.spill_bits.len() != graph.tensors.len() {
            return Err(CircuitError::Graph("its outline is another model's".into()));
        }
        let mut words = Vec::new();
        let mut channels = 0;
        for id in graph.public_tensors() {
            words.push(Words::new(&graph, &batch, id, channels));
            channels += words[words.len() - 1].channels(&graph, &batch);
        }
        let commitments = commitments(&graph, channels);
        check_words(&graph, &batch, &words, commitments.len())?;
        let planes = planes::planes(&graph)?;
        let public: Vec<TensorId> = words.iter().map(|words| words.tensor).collect();
        let committed: Vec<TensorId> = commitments.iter().map(|c| c.tensor).collect();
        let stages = commitments.iter().map(|c| c.network.stages.len()).max();
        let mut nodes = nodes::place(
            &graph,
            &planes,
            &public,
            &committed,
            stages.unwrap_or(0),
            &batch,
        )?;
        spill::choose_starts(&graph, &planes, &mut nodes);
        let mut lowered = Self {
            tables: Arc::new(Tables::new(&graph)),
            graph,
            batch,
            program: Program::default(),
            nodes,
            placed: Vec::new(),
            planes,
            words,
            commitments,
            hidden: is_hidden,
            outline,
        };
        lowered.add_commitments();
        lowered.add_constants();
        lowered.build(limb_bits);
        Ok(lowered)
    }

    /// The graph.
    pub fn graph(&self) -> &IntegerGraph {
        &self.graph
    }

    /// The batch.
    pub fn batch(&self) -> &Batch {
        &self.batch
    }

    /// Number of commitments: an item of the batch has as many salts.
    pub fn commitments(&self) -> usize {
        self.commitments.len()
    }

    /// Context and public words of a batch's traces, as the verifier sees them. `salts` holds, item by item, a salt for every
    /// commitment.
    pub fn instance(&self, context: Fr, traces: &[Trace], salts: &[Salt]) -> Vec<Fr> {
        let mut instance = vec![context];
        for words in &self.words {
            words.pack(&self.graph, traces, &mut instance);
        }
        for (number, commitment) in self.commitments.iter().enumerate() {
            for (item, trace) in traces.iter().enumerate() {
                let salt = salts.get(item * self.commitments.len() + number);
                let inputs = commitment.inputs(
                    &trace.values[commitment.tensor],
                    salt.copied().unwrap_or_default().value(),
                );
                instance.push(commit(&inputs[1..], inputs[0]));
            }
        }
        instance
    }

    /// The stages of the commitments, the first one right before the inputs.
    fn add_commitments(&mut self) {
        let (last, top) = (self.nodes.levels - 1, self.nodes.depth);
        for number in 0..self.commitments.len() {
            add_flat(&mut self.nodes, Kind::Salt(number), last);
            for stage in 0..self.commitments[number].network.stages.len() {
                self.commitments[number].stages.push(self.nodes.nodes.len());
                add_flat(&mut self.nodes, Kind::Stage(number, stage), top - stage);
            }
        }
    }

    /// Ones for the biases and the words' offsets.
    fn add_constants(&mut self) {
        let last = self.nodes.levels - 1;
        for (id, tensor) in self.graph.tensors.iter().enumerate() {
            let (Some(main), Some(layer), Some(_)) =
                (self.nodes.main[id], &tensor.layer, &self.planes[id])
            else {
                continue;
            };
            let level = self.nodes.nodes[main].level;
            if !self.hidden && layer.bias.iter().all(|bias| *bias == 0) {
                continue;
            }
            let kind = if self.outline.uniform.contains(&id) {
                Kind::Ones(id)
            } else {
                Kind::Biases(id)
            };
            // Just behind its only reader, so that its stream skips nothing.
            add_flat(&mut self.nodes, kind, level + 1);
        }
        add_flat(&mut self.nodes, Kind::One, last);
        if self
            .words
            .iter()
            .any(|words| words.layout != WordLayout::PerItem && words.packing.offset != 0)
        {
            add_flat(&mut self.nodes, Kind::Single, last);
        }
    }

    /// Lays the nodes' channels on their levels.
    fn build(&mut self, limb_bits: u32) {
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
        // Tensors in the graph's order, constants last.
        let mut order: Vec<NodeId> = (0..self.nodes.nodes.len()).collect();
        order.sort_by_key(|&id| match self.nodes.nodes[id].kind {
            Kind::Tensor(tensor) => (tensor, 0, id),
            Kind::Copy(tensor) => (tensor, 1, id),
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
        let feed = |at: usize| match node.reading {
            Reading::Shared => Feed::Once { at: at * items },
            Reading::Places => Feed::Each { items },
            Reading::Items => Feed::Each { items: 1 },
        };
        let (tensor, copied) = match node.kind {
            Kind::Tensor(tensor) => (tensor, false),
            Kind::Copy(tensor) => (tensor, true),
            Kind::One | Kind::Biases(_) => {
                return vec![(Pattern::uniform(regions.one(), items), 1)];
            }
            Kind::Salt(_) => return vec![(Pattern::uniform(Content::Square, items), 1)],
            Kind::Stage(number, stage) => {
                let roots = self.commitments[number].network.stages[stage].len();
                return vec![(Pattern::uniform(Content::Square, items), roots)];
            }
            Kind::Single => return vec![(Pattern::uniform(regions.one(), 1), 1)],
            Kind::Ones(target) => {
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
                let runs = runs(&standing, items, one, one);
                return vec![(
                    Pattern {
                        runs,
                        feed: Feed::Once { at: 0 },
                    },
                    1,
                )];
            }
        };
        let info = &self.graph.tensors[tensor];
        let range = (i64::from(info.min), i64::from(info.max));
        let content = match &info.layer {
            _ if copied => regions.input(range.0, range.1),
            None => regions.input(range.0, range.1),
            Some(layer) => match &self.graph.functions[layer.function] {
                Function::Table(table) => regions.table(table),
                Function::Square => Content::Square,
            },
        };
        let Some(planes) = &self.planes[tensor] else {
            let pattern = Pattern {
                runs: vec![(content, items)],
                feed: feed(0),
            };
            return vec![(pattern, info.len)];
        };
        let produced = info.layer.is_some() && !copied;
        let standing = if produced {
            let ones = self
                .nodes
                .nodes
                .iter()
                .any(|node| node.kind == Kind::Ones(tensor));
            spill::standing(&self.graph, &self.planes, tensor, node.start, ones)
        } else {
            planes
                .all_phases()
                .map(|phase| {
                    let mut list = vec![Stands::Hole; node.start + planes.extent()];
                    for place in planes.places(phase) {
                        list[node.start + place] = Stands::Cell;
                    }
                    while list.last() == Some(&Stands::Hole) {
                        list.pop();
                    }
                    list
                })
                .collect()
        };
        let discard = if produced {
            regions.discard(self.outline.spill_bits[tensor])
        } else {
            content
        };
        let phases: Vec<Pattern> = standing
            .iter()
            .map(|standing| Pattern {
                runs: runs(standing, items, content, discard),
                feed: feed(node.start),
            })
            .collect();
        (0..planes.channels)
            .flat_map(|_| phases.iter().map(|pattern| (pattern.clone(), 1)))
            .collect()
    }

    /// Chooses how far the words' exponents lie above zero, so that public inputs, whose streams visit the words first and then
    /// the first layer's outputs from above, have a short way between the two.
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

    /// The node that a channel belongs to, and the channel's number in it.
    fn find(&self, level: usize, channel: usize) -> Option<(&Node, usize)> {
        let list = &self.placed[level];
        let index = list
            .partition_point(|&id| self.nodes.nodes[id].first <= channel)
            .checked_sub(1)?;
        let node = &self.nodes.nodes[list[index]];
        Some((node, channel - node.first))
    }
}

fn add_flat(nodes: &mut Nodes, kind: Kind, level: usize) {
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

fn check_words(
    graph: &IntegerGraph,
    batch: &Batch,
    words: &[Words],
    commitments: usize,
) -> Result<(), CircuitError> {
    let tensors = words.iter().map(|words| batch.words(graph, words.tensor));
    let count = tensors.sum::<usize>() + commitments * batch.items;
    if count + 1 >= MAX_PUBLIC_VALUES {
        return Err(CircuitError::Graph(format!(
            "it has {count} public words, a verifying key can ask for {}; make some tensors private",
            MAX_PUBLIC_VALUES - 2
        )));
    }
    if count == 0 {
        return Err(CircuitError::Graph(
            "the model makes nothing public, so a proof would say nothing; make an output or an input public".into(),
        ));
    }
    Ok(())
}

fn power_of_two(bits: usize) -> Fr {
    let mut raw = [0u64; 4];
    raw[bits / 64] = 1 << (bits % 64);
    Fr::from_raw(raw)
}
