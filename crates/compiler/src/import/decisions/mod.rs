//! What is known of values that decisions choose; see [`decided`](crate::import::decided).

pub(crate) mod ways;

use std::collections::HashMap;
use std::sync::Arc;

use tract_onnx::pb::NodeProto;

use crate::import::decisions::ways::Ways;
use crate::import::values::affine::Affine;
use crate::import::values::probe::Probe;

/// A number for each end of some ways.
pub(crate) type Ends = Arc<Vec<f64>>;

/// One cell of a decided value.
#[derive(Clone, Debug)]
pub(crate) enum Cell {
    /// The sum of a number and of those at the ends that the ways lead to.
    Sum(f64, Vec<(Arc<Ways>, Ends)>),
    /// For each end the feature that the cell is.
    Pick(Arc<Ways>, Arc<Vec<usize>>),
}

/// A value whose cells are decided.
#[derive(Clone, Debug)]
pub(crate) struct Decided {
    /// The ONNX shape, batch axis included.
    pub(crate) shape: Vec<usize>,
    pub(crate) cells: Vec<Cell>,
    /// The node that makes it, and the version of ONNX's operators it is written for: to be run as
    /// any other where the ways end.
    pub(crate) proto: NodeProto,
    pub(crate) opset: i64,
    /// Whether it is a comparison and nothing else.
    pub(crate) bare: bool,
}

/// All decided values, and what they ask for.
#[derive(Debug, Default)]
pub(crate) struct Decisions {
    pub(crate) values: HashMap<String, Arc<Decided>>,
    /// What is compared: [`Branch::feature`](crate::tree::Branch) counts these.
    pub(crate) features: Vec<Probe>,
    numbers: HashMap<Key, usize>,
    /// Comparisons that are cells of a tensor, by the ways they are.
    pub(crate) bits: HashMap<usize, (Arc<Ways>, (usize, u32))>,
}

/// What makes two probes the same.
type Key = (Option<(usize, u32)>, u64, u64);

impl Decisions {
    pub(crate) fn contains(&self, name: &str) -> bool {
        self.values.contains_key(name)
    }

    /// The shape of the decided value called `name`.
    pub(crate) fn shape(&self, name: &str) -> Option<&[usize]> {
        self.values.get(name).map(|value| value.shape.as_slice())
    }

    /// The number of a feature.
    fn feature(&mut self, probe: Probe) -> usize {
        let key = (probe.source, probe.weight.to_bits(), probe.bias.to_bits());
        *self.numbers.entry(key).or_insert_with(|| {
            self.features.push(probe);
            self.features.len() - 1
        })
    }

    /// The number of cell `cell` of `value` as a feature; `None` if it is made of several cells.
    pub(crate) fn feature_of(&mut self, value: &Affine, cell: usize) -> Option<usize> {
        Probe::of(value, cell).map(|probe| self.feature(probe))
    }
}

/// A cell as ways to single numbers; `None` if no ways continue all of those it sums over.
pub(crate) fn single(cell: &Cell) -> Option<(Arc<Ways>, Ends)> {
    let Cell::Sum(number, parts) = cell else {
        return None;
    };
    if let ([(ways, ends)], true) = (&parts[..], *number == 0.0) {
        return Some((ways.clone(), ends.clone()));
    }
    let mut farthest = Arc::new(Ways::none());
    for (ways, _) in parts {
        farthest = farthest.farther(ways)?;
    }
    let mut sum = vec![*number; farthest.ends];
    for (ways, ends) in parts {
        let map = farthest.map_from(ways)?;
        for (i, sum) in sum.iter_mut().enumerate() {
            *sum += ends[map.of(i)];
        }
    }
    Some((farthest, Arc::new(sum)))
}
