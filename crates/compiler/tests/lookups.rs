//! Trees written as look-ups, as exporters of PyTorch's graphs write them: every row reaches the
//! leaf that 32-bit arithmetic leads it to.
#![allow(clippy::unwrap_used)]

mod common;

use common::{Dim, File, Onnx, int};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use verdict_compiler::{Activation, FloatGraph, Options, Precision, compile, import};
use verdict_model::{CompiledModel, DataSet, OutOfDomain, execute};

const FEATURES: usize = 5;
const TREES: usize = 6;
const DEPTH: usize = 4;
const CLASSES: usize = 2;

/// A node of a tree; a leaf leads to itself.
#[derive(Clone, Default)]
struct Node {
    feature: usize,
    threshold: f32,
    sides: Option<[usize; 2]>,
    values: [f32; CLASSES],
}

/// Random trees, some of whose branches end early, and the thresholds in them.
fn forest(rng: &mut ChaCha8Rng) -> Vec<Vec<Node>> {
    fn grow(rng: &mut ChaCha8Rng, tree: &mut Vec<Node>, depth: usize) -> usize {
        let at = tree.len();
        tree.push(Node::default());
        // Far enough apart for any two of them to be told apart in a sum.
        tree[at].values = [0, 1].map(|_| 4.0 * rng.gen_range(-15..15) as f32);
        if depth < DEPTH && (depth < 2 || rng.gen_bool(0.7)) {
            tree[at].feature = rng.gen_range(0..FEATURES);
            tree[at].threshold = rng.gen_range(-1.0f32..1.0).powi(3);
            let sides = [0, 1].map(|_| grow(rng, tree, depth + 1));
            tree[at].sides = Some(sides);
        }
        at
    }
    (0..TREES)
        .map(|_| {
            let mut tree = Vec::new();
            grow(rng, &mut tree, 0);
            tree
        })
        .collect()
}

fn expected(forest: &[Vec<Node>], row: &[f32], holds: fn(f32, f32) -> bool) -> [f64; CLASSES] {
    let mut sum = [0.0; CLASSES];
    for tree in forest {
        let mut node = &tree[0];
        while let Some([yes, no]) = node.sides {
            let side = if holds(row[node.feature], node.threshold) {
                yes
            } else {
                no
            };
            node = &tree[side];
        }
        for (sum, value) in sum.iter_mut().zip(node.values) {
            *sum += f64::from(value);
        }
    }
    sum
}

/// A graph of one row, as trees are exported for.
fn one_row() -> Onnx {
    let shape = vec![Dim::Fixed(1), Dim::Fixed(FEATURES as i64)];
    Onnx::default().input("x", shape).output("y")
}

/// `look[i]` under the shape `[-1, TREES]`.
fn look(onnx: Onnx, what: &str, index: &str, name: &str) -> Onnx {
    let flat = format!("{name}/flat");
    onnx.node("Gather", &[what, index], &flat)
        .node("Reshape", &[&flat, "row"], name)
}

/// Node by node: the feature, the threshold and the next node are looked up by the present one.
fn traversal(forest: &[Vec<Node>], op: &str) -> Vec<u8> {
    let mut first = 0;
    let offset: Vec<i64> = forest
        .iter()
        .map(|tree| {
            first += tree.len() as i64;
            first - tree.len() as i64
        })
        .collect();
    let all = || forest.iter().flat_map(|tree| tree.iter().enumerate());
    let whole = |of: fn((usize, &Node)) -> usize| -> Vec<i64> {
        all().map(|node| of(node) as i64).collect()
    };
    let thresholds: Vec<f32> = all().map(|(_, node)| node.threshold).collect();
    let values: Vec<f32> = all().flat_map(|(_, node)| node.values).collect();
    let mut onnx = one_row()
        .indices("features", &whole(|(_, node)| node.feature))
        .indices(
            "lefts",
            &whole(|(at, node)| node.sides.map_or(at, |sides| sides[0])),
        )
        .indices(
            "rights",
            &whole(|(at, node)| node.sides.map_or(at, |sides| sides[1])),
        )
        .indices("offset", &offset)
        .indices("row", &[-1, TREES as i64])
        .indices("flat", &[-1])
        .indices("votes", &[-1, TREES as i64, CLASSES as i64])
        .indices("axes", &[1])
        .weights("thresholds", &[thresholds.len() as i64], &thresholds)
        .weights(
            "values",
            &[thresholds.len() as i64, CLASSES as i64],
            &values,
        );
    let mut at = "offset".to_owned();
    for level in 0..DEPTH {
        let name = |what: &str| format!("{what}{level}");
        for what in ["features", "thresholds", "lefts", "rights"] {
            onnx = look(onnx, what, &at, &name(what));
        }
        onnx = onnx
            .node_with(
                "GatherElements",
                &["x", &name("features")],
                &name("value"),
                vec![int("axis", 1)],
            )
            .node(op, &[&name("value"), &name("thresholds")], &name("holds"))
            .node(
                "Where",
                &[&name("holds"), &name("lefts"), &name("rights")],
                &name("side"),
            )
            .node_with("Cast", &[&name("side")], &name("whole"), vec![int("to", 7)])
            .node("Add", &[&name("whole"), "offset"], &name("next"))
            .node("Reshape", &[&name("next"), "flat"], &name("at"));
        at = name("at");
    }
    onnx.node("Gather", &["values", &at], "leaves")
        .node("Reshape", &["leaves", "votes"], "voted")
        .node_with(
            "ReduceSum",
            &["voted", "axes"],
            "y",
            vec![int("keepdims", 0)],
        )
        .bytes()
}

/// Level by level: a node's number is twice that of the node above, and one more where that holds.
fn levels(forest: &[Vec<Node>], op: &str) -> Vec<u8> {
    let mut onnx = one_row()
        .indices("row", &[-1, TREES as i64])
        .indices("flat", &[-1])
        .indices("two", &[2])
        .indices("votes", &[-1, TREES as i64, CLASSES as i64])
        .indices("axes", &[1]);
    // For each tree the nodes of a level, a leaf standing for all that would be below it.
    let mut level: Vec<Vec<usize>> = vec![vec![0]; TREES];
    let roots: Vec<i64> = forest.iter().map(|tree| tree[0].feature as i64).collect();
    let biases: Vec<f32> = forest.iter().map(|tree| tree[0].threshold).collect();
    let first: Vec<i64> = (0..TREES).map(|tree| 2 * tree as i64).collect();
    onnx = onnx
        .indices("roots", &roots)
        .indices("first", &first)
        .weights("bias", &[TREES as i64], &biases)
        .node_with("Gather", &["x", "roots"], "root", vec![int("axis", 1)])
        .node(op, &["root", "bias"], "holds")
        .node_with("Cast", &["holds"], "whole", vec![int("to", 7)])
        .node("Add", &["whole", "first"], "next")
        .node("Reshape", &["next", "flat"], "at0");
    for depth in 1..=DEPTH {
        for (tree, nodes) in forest.iter().zip(&mut level) {
            let below = nodes.iter().flat_map(|at| match tree[*at].sides {
                // What holds is the second.
                Some([yes, no]) => [no, yes],
                None => [*at, *at],
            });
            *nodes = below.collect();
        }
        if depth == DEPTH {
            break;
        }
        let nodes = || {
            forest
                .iter()
                .zip(&level)
                .flat_map(|(t, l)| l.iter().map(|at| &t[*at]))
        };
        let features: Vec<i64> = nodes().map(|node| node.feature as i64).collect();
        let thresholds: Vec<f32> = nodes().map(|node| node.threshold).collect();
        let name = |what: &str| format!("{what}{depth}");
        let at = format!("at{}", depth - 1);
        onnx = onnx.indices(&name("features"), &features).weights(
            &name("biases"),
            &[thresholds.len() as i64],
            &thresholds,
        );
        onnx = look(onnx, &name("features"), &at, &name("feature"))
            .node_with(
                "GatherElements",
                &["x", &name("feature")],
                &name("picked"),
                vec![int("axis", 1)],
            )
            .node("Reshape", &[&name("picked"), "flat"], &name("value"))
            .node("Gather", &[&name("biases"), &at], &name("bias"))
            .node(op, &[&name("value"), &name("bias")], &name("holds"))
            .node_with(
                "Cast",
                &[&name("holds")],
                &name("whole"),
                vec![int("to", 7)],
            )
            .node("Mul", &[&at, "two"], &name("twice"))
            .node("Add", &[&name("twice"), &name("whole")], &name("at"));
    }
    let nodes = forest
        .iter()
        .zip(&level)
        .flat_map(|(t, l)| l.iter().map(|at| &t[*at]));
    let values: Vec<f32> = nodes.flat_map(|node| node.values).collect();
    let leaves = (values.len() / CLASSES) as i64;
    onnx.weights("values", &[leaves, CLASSES as i64], &values)
        .node("Gather", &["values", &format!("at{}", DEPTH - 1)], "leaves")
        .node("Reshape", &["leaves", "votes"], "voted")
        .node_with(
            "ReduceSum",
            &["voted", "axes"],
            "y",
            vec![int("keepdims", 0)],
        )
        .bytes()
}

/// Rows at, directly above and directly below every threshold.
fn hostile(rng: &mut ChaCha8Rng, asked: &[(usize, f32)]) -> Vec<Vec<f32>> {
    let mut rows = Vec::new();
    for (feature, threshold) in asked {
        for x in [*threshold, threshold.next_up(), threshold.next_down()] {
            let mut row: Vec<f32> = (0..FEATURES).map(|_| rng.gen_range(-1.0f32..1.0)).collect();
            // Others at their thresholds, too.
            for _ in 0..3 {
                let (feature, threshold) = asked[rng.gen_range(0..asked.len())];
                row[feature] = threshold;
            }
            row[*feature] = x;
            rows.push(row);
        }
    }
    rows
}

fn compiled(bytes: &[u8], rows: &[Vec<f32>]) -> (FloatGraph, CompiledModel) {
    compiled_with(bytes, rows, &Options::default())
}

fn compiled_with(
    bytes: &[u8],
    rows: &[Vec<f32>],
    options: &Options,
) -> (FloatGraph, CompiledModel) {
    let file = File::new("model.onnx", bytes);
    let graph = import(&file.path).unwrap();
    let rows = rows
        .iter()
        .map(|row| vec![row.iter().map(|x| f64::from(*x)).collect()]);
    let data = DataSet::from_rows(rows.collect(), &graph.input_specs()).unwrap();
    let model = compile(&graph, &data, options).unwrap();
    (graph, model)
}

fn run(model: &CompiledModel, row: &[f32]) -> Vec<f64> {
    let row = vec![row.iter().map(|x| f64::from(*x)).collect()];
    let integers = model.quantise_input(&row, OutOfDomain::Reject).unwrap();
    let trace = execute(model.graph(), &integers).unwrap();
    let outputs = model.dequantise_output(&trace.outputs(model.graph()));
    outputs.into_iter().flatten().collect()
}

#[test]
fn looked_up_trees_lead_every_row_to_its_leaf() {
    type Write = fn(&[Vec<Node>], &str) -> Vec<u8>;
    let ways: [Write; 2] = [traversal, levels];
    type Holds = fn(f32, f32) -> bool;
    let orders: [(&str, Holds); 4] = [
        ("Less", |x, t| x < t),
        ("LessOrEqual", |x, t| x <= t),
        ("Greater", |x, t| x > t),
        ("GreaterOrEqual", |x, t| x >= t),
    ];
    for (seed, (op, holds)) in (0..).zip(orders) {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let forest = forest(&mut rng);
        let branches = forest.iter().flatten().filter(|node| node.sides.is_some());
        let asked: Vec<(usize, f32)> = branches.map(|it| (it.feature, it.threshold)).collect();
        let rows = hostile(&mut rng, &asked);
        for write in ways {
            let (graph, model) = compiled(&write(&forest, op), &rows);
            // Nothing is looked up by products.
            let layers = || {
                graph
                    .tensors
                    .iter()
                    .filter_map(|tensor| tensor.layer.as_ref())
            };
            assert!(layers().all(|layer| layer.activation != Activation::Square));
            let tests = layers().filter(|layer| matches!(layer.precision, Precision::Tests(_)));
            let tests = tests.flat_map(|layer| &layer.terms).count();
            assert!(tests > 0, "{op}: no test of an input");
            for row in &rows {
                let right = expected(&forest, row, holds);
                for (found, right) in run(&model, row).into_iter().zip(right) {
                    assert!(
                        (found - right).abs() < 2.0,
                        "{op} {row:?}: {found}, not {right}"
                    );
                }
            }
        }
    }
}

/// What is picked may be asked for itself; then its integers are picked, as any others are.
#[test]
fn picked_cells_can_be_read_without_a_comparison() {
    let bytes = Onnx::vector(FEATURES as i64)
        .output("y")
        .weights("t", &[1, 2], &[0.25, -0.5])
        .indices("firsts", &[0, 1])
        .node_with("Gather", &["x", "firsts"], "heads", vec![int("axis", 1)])
        .node("Less", &["heads", "t"], "less")
        .node_with("Cast", &["less"], "index", vec![int("to", 7)])
        .node_with("GatherElements", &["x", "index"], "y", vec![int("axis", 1)])
        .bytes();
    let mut rng = ChaCha8Rng::seed_from_u64(3);
    let rows: Vec<Vec<f32>> = (0..60)
        .map(|_| (0..FEATURES).map(|_| rng.gen_range(-1.0f32..1.0)).collect())
        .collect();
    let (_, model) = compiled(&bytes, &rows);
    for row in &rows {
        // Near a threshold either may be picked.
        if (row[0] - 0.25).abs() < 0.01 || (row[1] + 0.5).abs() < 0.01 {
            continue;
        }
        let right = [
            row[usize::from(row[0] < 0.25)],
            row[usize::from(row[1] < -0.5)],
        ];
        for (found, right) in run(&model, row).into_iter().zip(right) {
            assert!(
                (found - f64::from(right)).abs() < 0.03,
                "{row:?}: {found}, not {right}"
            );
        }
    }
}

/// Scaling rounds to 32 bits in front of a comparison: both sides of each threshold, as 32-bit
/// arithmetic has it.
#[test]
fn scaled_features_are_compared_as_32_bit_arithmetic_scales_them() {
    type Scale = fn(f32) -> f32;
    type Exact = fn(f64) -> f64;
    let ways: [(&[&str], Scale, Exact); 3] = [
        (
            &["Sub", "Div"],
            |x| (x - 0.3) / 0.7,
            |x| (x - f64::from(0.3f32)) / f64::from(0.7f32),
        ),
        (
            &["Mul", "Add"],
            |x| x * 0.3 + 0.7,
            |x| x * f64::from(0.3f32) + f64::from(0.7f32),
        ),
        (
            &["Div", "Mul"],
            |x| x / 0.3 * 0.7,
            |x| x / f64::from(0.3f32) * f64::from(0.7f32),
        ),
    ];
    for (ops, scale, exact) in ways {
        let mut rng = ChaCha8Rng::seed_from_u64(11);
        let values: Vec<f32> = (0..24).map(|_| rng.gen_range(-3.0f32..3.0)).collect();
        let thresholds: Vec<f32> = values.iter().map(|x| scale(*x)).collect();
        let weights: Vec<f32> = (0..24)
            .map(|i| if i % 2 == 0 { 1.0 } else { -3.0 })
            .collect();
        let bytes = Onnx::vector(1)
            .output("y")
            .weights("a", &[1], &[0.3])
            .weights("b", &[1], &[0.7])
            .weights("t", &[1, 24], &thresholds)
            .weights("w", &[24, 1], &weights)
            .node(ops[0], &["x", "a"], "first")
            .node(ops[1], &["first", "b"], "scaled")
            .node("LessOrEqual", &["scaled", "t"], "holds")
            .node_with("Cast", &["holds"], "bits", vec![int("to", 1)])
            .node("MatMul", &["bits", "w"], "y")
            .bytes();
        let near = |x: &f32| [*x, x.next_up(), x.next_down()];
        let rows: Vec<Vec<f32>> = values.iter().flat_map(near).map(|x| vec![x]).collect();
        let options = Options {
            // tract divides by multiplying with the reciprocal, which rounds otherwise.
            accept_import_error: ops.contains(&"Div"),
            ..Options::default()
        };
        let (_, model) = compiled_with(&bytes, &rows, &options);
        let mut folded = 0;
        for row in &rows {
            let holds = thresholds.iter().zip(&weights);
            let holds = holds.filter(|(t, _)| scale(row[0]) <= **t);
            let right: f32 = holds.map(|(_, weight)| *weight).sum();
            let found = run(&model, row)[0];
            assert!(
                (found - f64::from(right)).abs() < 0.3,
                "{ops:?} {row:?}: {found}, not {right}"
            );
            let unrounded = exact(f64::from(row[0]));
            let other = |t: &f32| (scale(row[0]) <= *t) != (unrounded <= f64::from(*t));
            folded += usize::from(thresholds.iter().any(other));
        }
        assert!(
            folded > 0,
            "no row lies where 64-bit arithmetic decides otherwise"
        );
    }
}
