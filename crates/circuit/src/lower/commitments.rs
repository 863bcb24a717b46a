//! Poseidon commitments to inputs, laid out as levels of squares.
//!
//! All words and the salt enter the first stage, which lies right before the inputs; the last stage
//! lies before the public words.

use crate::{
    field::{int, power_of_two},
    poseidon::{Network, Part},
};
use halo2curves_axiom::{bn256::Fr, ff::Field};
use std::collections::HashMap;
use verdict_model::{IntegerGraph, Packing, TensorId, Visibility};

/// What a part of a linear form feeds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Target {
    /// A root: stage and number.
    Root(usize, usize),
    /// The public word.
    Output,
}

/// A commitment to one input.
#[derive(Clone, Debug)]
pub(super) struct Commitment {
    pub(super) tensor: TensorId,
    pub(super) packing: Packing,
    pub(super) network: Network,
    /// The channel of its public word on level 0.
    pub(super) word: usize,
    /// The node of each stage.
    pub(super) stages: Vec<usize>,
    /// Who reads each part.
    uses: HashMap<Part, Vec<(Target, Fr)>>,
    /// Constants, the words' offsets included.
    constants: Vec<(Target, Fr)>,
}

impl Commitment {
    fn new(graph: &IntegerGraph, tensor: TensorId, word: usize) -> Self {
        let packing = Packing::of(&graph.tensors[tensor]);
        let len = graph.tensors[tensor].len;
        let network = Network::new(packing.words(len));
        let forms = network
            .stages
            .iter()
            .enumerate()
            .flat_map(|(stage, roots)| {
                roots
                    .iter()
                    .enumerate()
                    .map(move |(root, form)| (Target::Root(stage, root), form))
            });
        let mut uses: HashMap<Part, Vec<(Target, Fr)>> = HashMap::new();
        let mut constants = Vec::new();
        for (target, form) in forms.chain([(Target::Output, &network.output)]) {
            let mut constant = form.constant;
            for &(part, coefficient) in &form.parts {
                uses.entry(part).or_default().push((target, coefficient));
                if let Part::Input(input) = part
                    && let Some(word) = input.checked_sub(1)
                {
                    constant += coefficient * offset(packing, len, word);
                }
            }
            if constant != Fr::ZERO {
                constants.push((target, constant));
            }
        }
        Self {
            tensor,
            packing,
            network,
            word,
            stages: Vec::new(),
            uses,
            constants,
        }
    }

    /// What a part feeds, with coefficients.
    pub(super) fn uses(&self, part: Part) -> &[(Target, Fr)] {
        self.uses.get(&part).map_or(&[], Vec::as_slice)
    }

    /// What a cell of the input feeds, with coefficients.
    pub(super) fn cell_uses(&self, cell: usize) -> impl Iterator<Item = (Target, Fr)> + '_ {
        let bit = self.packing.bits as usize * (cell % self.packing.per_word);
        let weight = power_of_two(bit);
        self.uses(Part::Input(1 + cell / self.packing.per_word))
            .iter()
            .map(move |&(target, coefficient)| (target, coefficient * weight))
    }

    /// What a one feeds, with coefficients.
    pub(super) fn constants(&self) -> &[(Target, Fr)] {
        &self.constants
    }

    /// The salt and the packed words of the input's values.
    pub(super) fn inputs(&self, values: &[i32], salt: Fr) -> Vec<Fr> {
        let mut inputs = vec![salt];
        inputs.extend(self.packing.pack(values).into_iter().map(Fr::from_raw));
        inputs
    }
}

/// The offsets of all values of a word.
fn offset(packing: Packing, len: usize, word: usize) -> Fr {
    let values = packing.per_word.min(len - word * packing.per_word);
    let ones: Fr = (0..values)
        .map(|i| power_of_two(packing.bits as usize * i))
        .sum();
    ones * int(packing.offset)
}

/// The commitments of a graph; their words follow `words` others.
pub(super) fn commitments(graph: &IntegerGraph, words: usize) -> Vec<Commitment> {
    graph
        .inputs
        .iter()
        .filter(|&&id| graph.tensors[id].visibility == Visibility::Committed)
        .enumerate()
        .map(|(number, &id)| Commitment::new(graph, id, words + number))
        .collect()
}
