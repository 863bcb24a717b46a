//! Which nodes the tape has, and on which levels.
//!
//! A node is a group of channels of one level: a tensor's cells, a copy of them, or constants. A
//! tensor is copied where one stream per channel cannot serve all that read it: when some read it
//! as planes and others cell by cell, or when the path of a stream would have to go to a larger
//! shift on a nearer level.

use super::{
    plane_layout::PlaneLayout,
    words::{Batch, WordLayout},
};
use crate::CircuitError;
use verdict_model::{IntegerGraph, Kernel, TensorId, Visibility};

pub(super) type NodeId = usize;

/// What a node's channels hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NodeKind {
    /// A tensor's cells.
    Tensor(TensorId),
    /// A tensor's cells once more.
    Copy(TensorId),
    /// A one for each item: feeds the biases of flat tensors and the words' offsets.
    One,
    /// A single one: feeds the offsets of words that belong to no item.
    Single,
    /// A one at every place of a plane: feeds the biases of a tensor's channels.
    Ones(TensorId),
    /// A one for each item: feeds the biases of one planar tensor, cell by cell.
    Biases(TensorId),
    /// The salt of a commitment.
    Salt(usize),
    /// A stage of a commitment.
    Stage(usize, usize),
}

/// How a node's streams are laid.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reading {
    /// One stream per channel: all positions have the same weights, shifted.
    Shared,
    /// A stream per place, shared by the batch's items.
    Places,
    /// A stream per position.
    Items,
}

/// Who reads a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Use {
    /// A layer's term: `(target, number of the term)`.
    Term(TensorId, usize),
    /// A copy.
    Copy(NodeId),
    /// The public words of a tensor, by their number in [`super::Lowered::words`].
    Words(usize),
    /// A commitment.
    Commitment(usize),
}

/// A group of channels.
#[derive(Clone, Debug)]
pub(super) struct Node {
    pub(super) kind: NodeKind,
    pub(super) reading: Reading,
    pub(super) level: usize,
    /// The node's first channel on its level.
    pub(super) first: usize,
    pub(super) uses: Vec<Use>,
    /// The position of place `(0, 0)`, for planes.
    pub(super) start: usize,
}

/// The nodes of a graph.
#[derive(Clone, Debug, Default)]
pub(super) struct Nodes {
    pub(super) nodes: Vec<Node>,
    /// The node that holds each tensor; dead tensors have none.
    pub(super) main: Vec<Option<NodeId>>,
    /// Number of levels.
    pub(super) levels: usize,
    /// The level of the commitments' first stages.
    pub(super) depth: usize,
}

/// Places tensors from the outputs towards the inputs. `words` lists the public tensors,
/// `committed` those that are committed to in `stages` stages of squares.
pub(super) fn place(
    graph: &IntegerGraph,
    planes: &[Option<PlaneLayout>],
    words: &[TensorId],
    committed: &[TensorId],
    stages: usize,
    batch: &Batch,
) -> Result<Nodes, CircuitError> {
    let nodes = place_from(graph, planes, words, committed, batch, 0, 0)?;
    if stages == 0 {
        return Ok(nodes);
    }
    // Inputs feed the first layers and the first stage: both have to be near, and the few outputs
    // can be far from their words.
    let depth = nodes.levels - 2;
    let top = depth.max(stages);
    place_from(graph, planes, words, committed, batch, top - depth, top)
}

fn place_from(
    graph: &IntegerGraph,
    planes: &[Option<PlaneLayout>],
    words: &[TensorId],
    committed: &[TensorId],
    batch: &Batch,
    base: usize,
    commitments: usize,
) -> Result<Nodes, CircuitError> {
    let mut placer = Placer {
        graph,
        planes,
        nodes: Nodes {
            main: vec![None; graph.tensors.len()],
            ..Nodes::default()
        },
        uses: vec![Vec::new(); graph.tensors.len()],
        base,
        commitments,
    };
    for (number, &id) in committed.iter().enumerate() {
        placer.uses[id].push(Use::Commitment(number));
    }
    for (number, &id) in words.iter().enumerate() {
        placer.uses[id].push(Use::Words(number));
    }
    for id in (0..graph.tensors.len()).rev() {
        let uses = std::mem::take(&mut placer.uses[id]);
        if uses.is_empty()
            && !graph.outputs.contains(&id)
            && graph.tensors[id].visibility == Visibility::Private
        {
            continue;
        }
        let main = placer.tensor(id, uses, words, batch)?;
        placer.nodes.main[id] = Some(main);
        let terms = graph.tensors[id]
            .layer
            .iter()
            .flat_map(|layer| &layer.terms);
        for (number, term) in terms.enumerate() {
            placer.uses[term.source].push(Use::Term(id, number));
        }
    }
    Ok(placer.finish())
}

struct Placer<'a> {
    graph: &'a IntegerGraph,
    planes: &'a [Option<PlaneLayout>],
    nodes: Nodes,
    /// Who reads each tensor, as far as placed.
    uses: Vec<Vec<Use>>,
    /// The level that all outputs lie beyond.
    base: usize,
    /// The level of the commitments' first stages.
    commitments: usize,
}

impl Placer<'_> {
    fn tensor(
        &mut self,
        id: TensorId,
        uses: Vec<Use>,
        words: &[TensorId],
        batch: &Batch,
    ) -> Result<NodeId, CircuitError> {
        let by_item = |used: &Use| match used {
            Use::Words(number) => batch.layout(self.graph, words[*number]) != WordLayout::PerItem,
            _ => false,
        };
        let (items, mut rest): (Vec<Use>, Vec<Use>) = uses.into_iter().partition(by_item);
        let mut readings = Vec::new();
        if self.planes[id].is_some() {
            let (shared, places): (Vec<Use>, Vec<Use>) =
                rest.into_iter().partition(|used| self.convolves(used));
            if let Some(Use::Term(target, _)) = places
                .iter()
                .find(|used| matches!(used, Use::Term(target, _) if self.planes[*target].is_some()))
            {
                return Err(CircuitError::NoPlan(format!(
                    "tensor `{}` reads the planes of `{}` cell by cell, which has no layout",
                    self.graph.tensors[*target].name, self.graph.tensors[id].name
                )));
            }
            readings.push((Reading::Shared, shared));
            readings.push((Reading::Places, places));
        } else {
            rest.sort_by_key(|used| std::cmp::Reverse(self.level_of(used)));
            readings.push((Reading::Shared, rest));
        }
        readings.push((Reading::Items, items));
        readings.retain(|(_, uses)| !uses.is_empty());
        let mut readings = readings.into_iter();
        let (reading, mut uses) = readings.next().unwrap_or((Reading::Shared, Vec::new()));
        for (reading, others) in readings {
            let copy = self.node(NodeKind::Copy(id), reading, others, 0);
            uses.push(Use::Copy(copy));
        }
        if self.planes[id].is_none() && reading == Reading::Shared {
            Ok(self.flat(id, NodeKind::Tensor(id), uses))
        } else {
            Ok(self.node(NodeKind::Tensor(id), reading, uses, 0))
        }
    }

    /// A flat node whose stream can serve `uses`: on the way to the farthest level, shifts must not
    /// grow.
    fn flat(&mut self, id: TensorId, kind: NodeKind, mut uses: Vec<Use>) -> NodeId {
        let planar = |used: &Use| match used {
            Use::Term(target, _) => self.planes[*target].is_some(),
            _ => false,
        };
        let nearest = uses
            .iter()
            .filter(|used| planar(used))
            .map(|used| self.level_of(used))
            .max();
        if let Some(nearest) = nearest {
            let (near, far): (Vec<Use>, Vec<Use>) = uses
                .into_iter()
                .partition(|used| self.level_of(used) >= nearest);
            uses = near;
            if !far.is_empty() {
                let copy = self.flat(id, NodeKind::Copy(id), far);
                self.nodes.nodes[copy].level = self.nodes.nodes[copy].level.max(nearest);
                uses.push(Use::Copy(copy));
            }
        }
        self.node(kind, Reading::Shared, uses, 0)
    }

    fn node(&mut self, kind: NodeKind, reading: Reading, uses: Vec<Use>, start: usize) -> NodeId {
        let farthest = uses.iter().map(|used| self.level_of(used)).max();
        self.nodes.nodes.push(Node {
            kind,
            reading,
            level: farthest.unwrap_or(self.base) + 1,
            first: 0,
            uses,
            start,
        });
        self.nodes.nodes.len() - 1
    }

    fn convolves(&self, used: &Use) -> bool {
        match used {
            Use::Term(target, number) => self.graph.tensors[*target]
                .layer
                .as_ref()
                .and_then(|layer| layer.terms.get(*number))
                .is_some_and(|term| matches!(term.kernel, Kernel::Conv(_))),
            _ => false,
        }
    }

    fn level_of(&self, used: &Use) -> usize {
        match used {
            Use::Words(_) => self.base,
            Use::Commitment(_) => self.commitments,
            Use::Copy(node) => self.nodes.nodes[*node].level,
            Use::Term(target, _) => {
                self.nodes.main[*target].map_or(0, |node| self.nodes.nodes[node].level)
            }
        }
    }

    /// Puts the inputs behind everything that is produced.
    fn finish(mut self) -> Nodes {
        let input = |kind: NodeKind| match kind {
            NodeKind::Tensor(id) => self.graph.tensors[id].layer.is_none(),
            _ => false,
        };
        let produced = self.nodes.nodes.iter().filter(|node| !input(node.kind));
        let last = produced.map(|node| node.level).max().unwrap_or(0) + 1;
        for node in &mut self.nodes.nodes {
            if input(node.kind) {
                node.level = last;
            }
        }
        self.nodes.levels = last + 1;
        self.nodes.depth = self.commitments;
        self.nodes
    }
}
