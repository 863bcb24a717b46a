//! What tests read: one source cell each, with the affine map that precedes it.

use std::collections::{BTreeMap, HashMap};

use crate::Result;
use crate::float::activation::Activation;
use crate::float::comparison::{Comparison, Test};
use crate::float::graph::{FloatLayer, FloatTerm, Precision};
use crate::float::missing::Missing;
use crate::import::node::Node;
use crate::import::state::Importer;
use crate::import::values::affine::{Affine, Row};
pub(crate) use crate::import::values::probe::Probe;

/// The cells `wanted` of `value` as probes. What mixes several cells becomes a tensor first.
pub(crate) fn probes(
    importer: &mut Importer<'_>,
    node: &Node<'_>,
    name: &str,
    value: &Affine,
    wanted: &[usize],
) -> Result<HashMap<usize, Probe>> {
    let mut found = HashMap::new();
    let mut mixed = Vec::new();
    for &cell in wanted {
        let Some(bias) = value.bias.get(cell) else {
            return Err(node.invalid(format!(
                "reads feature {cell} of a value with {} cells; export the model again",
                value.len()
            )));
        };
        let mut read = value.terms.iter().flat_map(|(source, rows)| {
            let row = rows.get(cell).map_or(&[][..], Vec::as_slice);
            row.iter()
                .map(move |(cell, weight)| (*source, *cell, *weight))
        });
        let first = read.next();
        if read.next().is_some() {
            mixed.push(cell);
            continue;
        }
        let probe = Probe {
            source: first.map(|(source, cell, _)| (source, cell)),
            weight: first.map_or(0.0, |(_, _, weight)| weight),
            bias: *bias,
        };
        found.insert(cell, probe);
    }
    if !mixed.is_empty() {
        let mut mixture = value.gather(vec![1, mixed.len()], &mixed);
        mixture.nodes.push(node.name.clone());
        let tensor = importer.builder.activate_rows(
            format!("{name}/features"),
            mixture,
            Activation::Identity,
        );
        for (i, cell) in mixed.into_iter().enumerate() {
            let source = tensor.terms.keys().next().map(|source| (*source, i as u32));
            let probe = Probe {
                source,
                weight: 1.0,
                bias: 0.0,
            };
            found.insert(cell, probe);
        }
    }
    Ok(found)
}

/// Whether a test holds for an integer above the range.
fn passes_above(probe: &Probe, test: &Test) -> bool {
    test.comparison.is_order() && test.comparison.rises() == (probe.weight > 0.0)
}

/// Whether a test holds for an integer below the range.
fn passes_below(probe: &Probe, test: &Test) -> bool {
    test.comparison.is_order() && test.comparison.rises() != (probe.weight > 0.0)
}

/// A layer of tests under construction.
pub(crate) struct TestLayer {
    pub(crate) name: String,
    /// The ONNX shape, batch axis included.
    pub(crate) shape: Vec<usize>,
    /// [`IsZero`](Activation::IsZero) for tests of equality, [`Step`](Activation::Step) for others.
    pub(crate) activation: Activation,
    /// One per cell; `None` is always 0.
    pub(crate) cells: Vec<Option<(Probe, Test)>>,
}

impl Importer<'_> {
    /// Whether a test would take the reserved integer of a missing value to the wrong side.
    ///
    /// Which tests do says where missing values go, which was trained. So where weights are private
    /// all tests count.
    fn goes_wrong(&self, probe: &Probe, test: &Test) -> bool {
        let side = probe.source.and_then(|source| self.ml.missing.get(&source));
        if self.builder.secrecy.private {
            return side.is_some();
        }
        match side {
            Some(Missing::Above) => passes_above(probe, test) != test.missing,
            Some(Missing::Below) => passes_below(probe, test) != test.missing,
            _ => false,
        }
    }

    /// Chooses, for every input cell tested for the first time, the end of the range where fewer
    /// tests need a correction.
    fn choose_sides(&mut self, layers: &[TestLayer]) {
        let mut votes: HashMap<(usize, u32), i64> = HashMap::new();
        for (probe, test) in layers.iter().flat_map(|layer| layer.cells.iter().flatten()) {
            let Some(source) = probe.source else {
                continue;
            };
            let input = self.builder.tensors[source.0].layer.is_none()
                && !self.ml.stand_ins.contains_key(&source.0);
            if input && !self.ml.missing.contains_key(&source) {
                let right = |passes: bool| i64::from(passes == test.missing);
                *votes.entry(source).or_default() +=
                    right(passes_above(probe, test)) - right(passes_below(probe, test));
            }
        }
        for (source, votes) in votes {
            let side = if votes >= 0 || self.builder.secrecy.private {
                Missing::Above
            } else {
                Missing::Below
            };
            self.ml.missing.insert(source, side);
        }
    }

    /// The layer with tests of inputs themselves where 32-bit arithmetic stands in front of it.
    fn unfolded(&self, mut layer: TestLayer) -> TestLayer {
        for cell in layer.cells.iter_mut().flatten() {
            if let Some(unfolded) = self.single_steps.unfolded(&cell.0, &cell.1) {
                *cell = unfolded;
            }
        }
        layer
    }

    /// Adds the layers, and before them a tensor of marks for the missing values that they take
    /// wrongly. Returns the tensors.
    pub(crate) fn add_tests(
        &mut self,
        node: &Node<'_>,
        name: &str,
        layers: Vec<TestLayer>,
    ) -> Vec<usize> {
        let layers: Vec<TestLayer> = layers.into_iter().map(|it| self.unfolded(it)).collect();
        self.choose_sides(&layers);
        let all = layers.iter().flat_map(|layer| layer.cells.iter().flatten());
        let mut marked: Vec<(usize, u32)> = all
            .filter(|(probe, test)| self.goes_wrong(probe, test))
            .filter_map(|(probe, _)| probe.source)
            .collect();
        marked.sort_unstable();
        marked.dedup();
        let marks = (!marked.is_empty()).then(|| {
            let mark = |source: &(usize, u32)| {
                let probe = Probe {
                    source: Some(*source),
                    weight: 1.0,
                    bias: 0.0,
                };
                let test = Test {
                    comparison: Comparison::Missing,
                    threshold: 0.0,
                    single: false,
                    missing: true,
                };
                Some((probe, test))
            };
            let layer = TestLayer {
                name: format!("{name}/missing"),
                shape: vec![1, marked.len()],
                activation: Activation::Step,
                cells: marked.iter().map(mark).collect(),
            };
            self.add_layer_of_tests(node, layer, None)
        });
        let layers = layers.into_iter().map(|layer| {
            let mark_of = |cell: &Option<(Probe, Test)>| {
                let (probe, test) = cell.as_ref()?;
                if !self.goes_wrong(probe, test) {
                    return None;
                }
                let at = marked.binary_search(&probe.source?).ok()?;
                Some(at as u32)
            };
            let cells: Vec<Option<u32>> = layer.cells.iter().map(mark_of).collect();
            let marks = marks.filter(|_| cells.iter().any(Option::is_some));
            self.add_layer_of_tests(node, layer, marks.map(|tensor| (tensor, cells)))
        });
        layers.collect()
    }

    /// `marks` are a tensor and for each test the mark of its source cell.
    fn add_layer_of_tests(
        &mut self,
        node: &Node<'_>,
        layer: TestLayer,
        marks: Option<(usize, Vec<Option<u32>>)>,
    ) -> usize {
        let len = layer.cells.len();
        let mut terms: BTreeMap<usize, Vec<Row>> = BTreeMap::new();
        let mut bias = vec![0.0; len];
        let mut read = |i: usize, source: usize, cell: u32, weight: f64| {
            let rows = terms.entry(source).or_insert_with(|| vec![Row::new(); len]);
            rows[i].push((cell, weight));
        };
        for (i, cell) in layer.cells.iter().enumerate() {
            let Some((probe, _)) = cell else { continue };
            bias[i] = probe.bias;
            if let Some((source, cell)) = probe.source {
                read(i, source, cell, probe.weight);
            }
        }
        if let Some((tensor, cells)) = marks {
            for (i, cell) in cells.into_iter().enumerate() {
                if let Some(cell) = cell {
                    read(i, tensor, cell, 1.0);
                }
            }
        }
        let tests = layer.cells.iter().map(|cell| cell.map(|(_, test)| test));
        let float = FloatLayer {
            nodes: vec![node.name.clone()],
            terms: terms
                .into_iter()
                .map(|(source, rows)| FloatTerm::rows(source, rows))
                .collect(),
            bias,
            activation: layer.activation,
            precision: Precision::Tests(tests.collect()),
            public_bias: false,
            masked: false,
            excluded: Vec::new(),
        };
        self.push(layer.name, &layer.shape, Some(float))
    }
}
