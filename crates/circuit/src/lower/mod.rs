//! From an integer graph to the tape's levels.
//!
//! A produced tensor lies one level beyond its farthest consumer, the outputs' consumer being the
//! public words of level 0; all inputs and the constant that feeds the words lie in the last level,
//! whose own identity nothing asks for.
//!
//! * [`nodes`] decides what lies on which level, and what has to be copied;
//! * [`phases`], [`plane_layout`] and [`spill`] number the cells of tensors that convolutions
//!   connect;
//! * [`levels`] lays the nodes out as channels, and says what stands at their positions;
//! * [`taps`] says which channels feed which, with what weights;
//! * [`cells`] finds the value of every position in the executor's traces.

mod cells;
mod commitments;
mod levels;
mod nodes;
mod outline;
mod phases;
mod plane_layout;
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
    program::Program,
};
use commitments::{Commitment, commitments};
use halo2curves_axiom::bn256::Fr;
use nodes::{Node, NodeId, Nodes};
use plane_layout::PlaneLayout;
use std::sync::Arc;
use taps::Tables;
use verdict_model::{IntegerGraph, TensorId, Trace};
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
    /// The nodes of every level, in channel order.
    placed: Vec<Vec<NodeId>>,
    planes: Vec<Option<PlaneLayout>>,
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
    /// The outline of a model with private weights, by whose weights the layout must not be
    /// influenced.
    pub hidden: Option<Outline>,
}

impl Lowered {
    /// Lowers a valid graph for one inference. Remainders are cut into limbs of at most `limb_bits`
    /// bits.
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
        let outline = hidden.unwrap_or_else(|| Outline::public(&graph));
        if outline.spill_bits.len() != graph.tensors.len() || !outline.secrets.fits(&graph) {
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
        let planes = plane_layout::plane_layouts(&graph)?;
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

    /// Context and public words of a batch's traces, as the verifier sees them. `salts` holds, item
    /// by item, a salt for every commitment.
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
