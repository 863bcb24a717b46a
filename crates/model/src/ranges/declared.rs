//! What is known of sums whose weights nobody may see.
//!
//! Weights that are private are not for the auditor of a key to look at. What the auditor has are
//! *declared bits*, which the key is proved to keep to; interval analysis over all weights within
//! them is a computation that everybody can repeat.

use serde::{Deserialize, Serialize};

use super::exclusive::Cells;
use super::interval::{Bound, layer_bounds};
use crate::graph::{IntegerGraph, Kernel, Layer, Tensor, TensorId, Term};
use crate::{ModelError, Result};

/// Weights of at most as many bits are symmetric around zero, so that one of magnitude 1 is bounded
/// by 1; wider ones are two's complement, which can be cut into limbs.
pub const SYMMETRIC_BITS: u32 = 6;

/// No weight is declared to have more bits: its bound has to fit an `i32`.
const MAX_WEIGHT_BITS: u32 = 31;
/// No bias is: no sum is allowed more.
const MAX_BIAS_BITS: u32 = 62;

/// The smallest and the largest integer of `bits` declared bits, sign included; `(0, 0)` for none.
pub fn declared_range(bits: u32) -> (i64, i64) {
    if bits == 0 {
        return (0, 0);
    }
    let half = 1i64 << (bits.min(MAX_BIAS_BITS) - 1);
    if bits <= SYMMETRIC_BITS {
        (1 - half, half - 1)
    } else {
        (-half, half - 1)
    }
}

/// No weight of `bits` declared bits exceeds this in magnitude.
fn limit(bits: u32) -> i64 {
    -declared_range(bits).0
}

/// The bits to declare of weights that do not exceed `largest` in magnitude: at least 2, so that
/// weights that are all zero do not show.
fn bits_of(largest: u64) -> u32 {
    (u64::BITS - largest.leading_zeros() + 1).max(2)
}

/// Declared bits, sign included, of a layer's weights and biases; 0 for what is public.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LayerSecrets {
    /// Bits of each term's weights. Terms that read the same tensor may fall on one coefficient of
    /// the key, so all of them have the bits of their sum.
    pub terms: Vec<u32>,
    /// Bits of the biases.
    pub bias: u32,
}

impl LayerSecrets {
    /// The fewest bits that hold a layer's weights and biases.
    pub fn of(layer: &Layer) -> Self {
        let own: Vec<u32> = layer.terms.iter().map(|t| bits_of(largest(t))).collect();
        let together = |term: &Term| {
            let same = layer.terms.iter().zip(&own);
            let same = same.filter(|(other, _)| other.source == term.source);
            let (count, most) =
                same.fold((0usize, 0), |(n, most), (_, bits)| (n + 1, most.max(*bits)));
            most + count.next_power_of_two().trailing_zeros()
        };
        let largest = layer.bias.iter().map(|bias| bias.unsigned_abs()).max();
        Self {
            terms: layer.terms.iter().map(together).collect(),
            bias: bits_of(largest.unwrap_or(0)),
        }
    }

    /// The bounds of the layer's sums for all weights within the declared bits, whatever the
    /// layer's own are; those of public ones count as they are.
    pub fn bounds(&self, layer: &Layer, cells: &impl Cells) -> Vec<Bound> {
        let bits = |number: usize| self.terms.get(number).copied().unwrap_or(0);
        let (mut seen, mut secret) = (layer.clone(), layer.clone());
        let mut number = 0..layer.terms.len();
        seen.terms
            .retain(|_| number.next().is_some_and(|number| bits(number) == 0));
        secret.terms.clear();
        for (number, term) in layer.terms.iter().enumerate() {
            if bits(number) > 0 {
                let mut term = term.clone();
                fill(&mut term.kernel, limit(bits(number)) as i32);
                secret.terms.push(term);
            }
        }
        secret.bias.fill(limit(self.bias));
        if self.bias > 0 {
            seen.bias.fill(0);
        }
        let mut bounds = layer_bounds(&seen, cells);
        for (bound, secret) in bounds.iter_mut().zip(layer_bounds(&secret, cells)) {
            // The weights' signs are not known either.
            bound.min -= secret.magnitude;
            bound.max += secret.magnitude;
            bound.magnitude += secret.magnitude;
        }
        bounds
    }
}

/// The largest magnitude of a term's weights.
fn largest(term: &Term) -> u64 {
    let largest = match &term.kernel {
        Kernel::Dense { weights } => weights.iter().map(|w| w.unsigned_abs()).max(),
        Kernel::Sparse { entries } => entries.iter().map(|entry| entry.2.unsigned_abs()).max(),
        Kernel::Conv(conv) => conv.weights.iter().map(|w| w.unsigned_abs()).max(),
    };
    largest.unwrap_or(0).into()
}

/// Writes one weight everywhere where a kernel has a place for one.
fn fill(kernel: &mut Kernel, weight: i32) {
    match kernel {
        Kernel::Dense { weights } => weights.fill(weight),
        Kernel::Sparse { entries } => entries.iter_mut().for_each(|entry| entry.2 = weight),
        Kernel::Conv(conv) => conv.weights.fill(weight),
    }
}

/// What is declared of a graph's weights, layer by layer; inputs and public layers declare nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Secrets {
    layers: Vec<LayerSecrets>,
}

impl Secrets {
    /// The fewest bits for every layer of `graph` but those of `structure`, which are public.
    pub fn of(graph: &IntegerGraph, structure: &[TensorId]) -> Self {
        let layers = graph.tensors.iter().enumerate().map(|(id, tensor)| {
            let layer = tensor.layer.as_ref();
            let layer = layer.filter(|_| !structure.contains(&id));
            layer.map(LayerSecrets::of).unwrap_or_default()
        });
        Self {
            layers: layers.collect(),
        }
    }

    /// The declared bits of a term of a tensor's layer; 0 if its weights are public.
    pub fn term(&self, tensor: TensorId, number: usize) -> u32 {
        let terms = self.layers.get(tensor).map(|layer| &layer.terms);
        terms.and_then(|it| it.get(number)).copied().unwrap_or(0)
    }

    /// The declared bits of a tensor's biases; 0 if they are public.
    pub fn bias(&self, tensor: TensorId) -> u32 {
        self.layers.get(tensor).map_or(0, |layer| layer.bias)
    }

    /// Whether anything is private.
    pub fn hides(&self) -> bool {
        self.layers
            .iter()
            .any(|layer| layer.bias > 0 || layer.terms.iter().any(|bits| *bits > 0))
    }

    /// Whether there is one declaration for every tensor of `graph`, and one for each of its terms,
    /// of bits that a weight can have.
    pub fn fits(&self, graph: &IntegerGraph) -> bool {
        let fits = |(own, layer): (&LayerSecrets, Option<&Layer>)| {
            let terms = layer.map_or(0, |layer| layer.terms.len());
            (own.terms.is_empty() && own.bias == 0)
                || own.terms.len() == terms
                    && own
                        .terms
                        .iter()
                        .all(|bits| (2..=MAX_WEIGHT_BITS).contains(bits))
                    && (2..=MAX_BIAS_BITS).contains(&own.bias)
        };
        let layers = graph.tensors.iter().map(|tensor| tensor.layer.as_ref());
        self.layers.len() == graph.tensors.len() && self.layers.iter().zip(layers).all(fits)
    }

    /// The bounds of a tensor's sums for all weights within the declared bits.
    pub fn bounds(&self, graph: &IntegerGraph, tensor: TensorId) -> Vec<Bound> {
        let layer = graph.tensors.get(tensor).and_then(|it| it.layer.as_ref());
        match (layer, self.layers.get(tensor)) {
            (Some(layer), Some(own)) => own.bounds(
                layer,
                &Seen {
                    graph,
                    secrets: self,
                },
            ),
            _ => Vec::new(),
        }
    }

    /// Repeats the interval analysis for all weights within the declared bits: every table covers
    /// every sum, squares and sums stay within their limits. `graph` must be valid.
    pub fn check(&self, graph: &IntegerGraph) -> Result<()> {
        if !self.fits(graph) {
            return Err(ModelError::graph(
                "declared bits",
                "they are another model's, or a weight has more than 31",
            ));
        }
        for id in 0..graph.tensors.len() {
            graph.check_reach(id, &self.bounds(graph, id))?;
        }
        Ok(())
    }
}

/// A graph as those see it who do not know its private weights.
struct Seen<'a> {
    graph: &'a IntegerGraph,
    secrets: &'a Secrets,
}

impl Cells for Seen<'_> {
    fn tensor(&self, id: TensorId) -> Option<&Tensor> {
        self.graph.tensors.get(id)
    }

    fn value(&self, function: usize, y: i64) -> Option<i32> {
        self.graph.functions.get(function)?.value(y)
    }

    fn is_square(&self, function: usize) -> bool {
        self.graph.is_square(function)
    }

    fn is_public(&self, id: TensorId) -> bool {
        let own = self.secrets.layers.get(id);
        own.is_none_or(|own| own.bias == 0 && own.terms.iter().all(|bits| *bits == 0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::graph::{Function, Table, Visibility};
    use rand::{Rng, SeedableRng};
    use rand_chacha::ChaCha8Rng;

    #[test]
    fn declared_bits_hold_what_they_were_declared_for_and_little_more() {
        for largest in 0..5000u64 {
            let bits = bits_of(largest);
            let (low, high) = declared_range(bits);
            let (wanted, most) = (largest as i64, limit(bits));
            assert!(low <= -wanted && wanted <= high, "{largest}");
            assert!(
                most >= high && most < 2 * wanted.max(1) + 2,
                "{largest} {most}"
            );
        }
        assert_eq!(declared_range(0), (0, 0));
        assert_eq!(declared_range(2), (-1, 1));
        assert_eq!(declared_range(6), (-31, 31));
        assert_eq!(declared_range(8), (-128, 127));
    }

    fn tensor(len: usize, layer: Option<Layer>) -> Tensor {
        Tensor {
            name: "t".into(),
            shape: vec![len],
            len,
            min: -7,
            max: 9,
            scale: 1.0,
            visibility: Visibility::Private,
            layer,
        }
    }

    fn graph(layer: Layer, reach: i64) -> IntegerGraph {
        let function = Function::Table(Table {
            name: "clip".into(),
            shift: 0,
            q_min: -reach,
            values: (-reach..=reach).map(|q| q.clamp(-7, 9) as i32).collect(),
        });
        let len = layer.bias.len();
        IntegerGraph {
            tensors: vec![tensor(3, None), tensor(len, Some(layer))],
            functions: vec![function],
            inputs: vec![0],
            outputs: vec![1],
        }
    }

    /// Two terms that read the same three cells.
    fn layer(rng: &mut ChaCha8Rng, reach: i32) -> Layer {
        let mut weights = |_| Term {
            source: 0,
            kernel: Kernel::Dense {
                weights: (0..6).map(|_| rng.gen_range(-reach..=reach)).collect(),
            },
        };
        Layer {
            nodes: vec![],
            terms: [0, 1].map(&mut weights).into(),
            bias: vec![3, -5],
            function: 0,
        }
    }

    #[test]
    fn no_weights_within_the_bits_leave_the_bounds() {
        let mut rng = ChaCha8Rng::seed_from_u64(1);
        for _ in 0..300 {
            let declared = layer(&mut rng, 12);
            let secrets = LayerSecrets::of(&declared);
            let bounds = secrets.bounds(&declared, &graph(declared.clone(), 1));
            // Any weights of those bits, extreme ones among them.
            for extreme in [false, true] {
                let mut other = layer(&mut rng, 12);
                let (_, high) = declared_range(secrets.terms[0]);
                if extreme {
                    // The bits are those of the terms' sum.
                    fill(&mut other.terms[0].kernel, high as i32);
                    fill(&mut other.terms[1].kernel, 0);
                }
                let real = layer_bounds(&other, &graph(other.clone(), 1));
                for (bound, real) in bounds.iter().zip(real) {
                    assert!(bound.min <= real.min && real.max <= bound.max);
                    assert!(bound.magnitude >= real.magnitude);
                }
            }
        }
    }

    #[test]
    fn a_table_that_covers_the_weights_alone_is_refused() {
        let layer = Layer {
            nodes: vec![],
            terms: vec![Term {
                source: 0,
                kernel: Kernel::Dense {
                    weights: vec![1, 0, 0],
                },
            }],
            bias: vec![0],
            function: 0,
        };
        // Weights of magnitude 1 and a bias of 1 reach 3·9 + 1.
        for (reach, covers) in [(27, false), (28, true)] {
            let graph = graph(layer.clone(), reach);
            graph.validate().unwrap();
            let secrets = Secrets::of(&graph, &[]);
            assert_eq!(secrets.check(&graph).is_ok(), covers, "{reach}");
            assert!(Secrets::of(&graph, &[1]).check(&graph).is_ok());
        }
    }

    #[test]
    fn declarations_of_another_graph_are_refused() {
        let graph = graph(layer(&mut ChaCha8Rng::seed_from_u64(2), 1), 300);
        let secrets = Secrets::of(&graph, &[]);
        secrets.check(&graph).unwrap();
        let mut wrong = vec![secrets.clone(); 4];
        wrong[0].layers.pop();
        wrong[1].layers[1].terms.pop();
        wrong[2].layers[1].terms[0] = 32;
        wrong[3].layers[1].bias = 63;
        assert!(wrong.iter().all(|wrong| wrong.check(&graph).is_err()));
    }
}
