//! Soft-max, norms and attention, against tract and within their stated errors.
#![allow(clippy::unwrap_used)]

mod common;

use common::run::{Compiled, compiled, untested};
use common::{Dim, Onnx, float, int, ints};
use verdict_compiler::import_outputs;
use verdict_model::Kernel;

fn plane(rows: i64, columns: i64) -> Onnx {
    Onnx::default()
        .input(
            "x",
            vec![Dim::Named("N"), Dim::Fixed(rows), Dim::Fixed(columns)],
        )
        .weights("gain", &[], &[4.0])
        .node("Mul", &["x", "gain"], "v")
}

/// The largest difference of any output from the float model's.
fn worst(c: &Compiled) -> f64 {
    let mut worst = 0.0f64;
    for row in &c.rows {
        let trace = c.trace(row);
        let exact = c.float.run(row);
        for (index, id) in c.float.outputs.iter().enumerate() {
            let pairs = c.output(&trace, index).into_iter().zip(&exact.values[*id]);
            worst = pairs.fold(worst, |worst, (y, exact)| worst.max((y - exact).abs()));
        }
    }
    worst
}

#[test]
fn probabilities_keep_the_stated_bound() {
    for (axis, n) in [(2, 5), (1, 3), (-1, 5)] {
        let graph = plane(3, 5)
            .node_with("Softmax", &["v"], "y", vec![int("axis", axis)])
            .output("y")
            .import();
        let c = compiled(graph, -2.0, 2.0, 9);
        let id = |end: &str| c.tensor(end);
        let graph = c.model.graph();
        let key = |tensor: usize| {
            // A key in real units, from the weight of the exponentials' sum or of the logits.
            let layer = graph.tensors[tensor].layer.as_ref().unwrap();
            let term = &layer.terms[0];
            let weight = match &term.kernel {
                Kernel::Dense { weights } => weights.iter().find(|w| **w != 0).copied(),
                Kernel::Sparse { entries } => entries.first().map(|entry| entry.2),
                Kernel::Conv(conv) => conv.weights.iter().find(|w| **w != 0).copied(),
            };
            let shift = graph.functions[layer.function].shift();
            let steps = f64::from(1u32 << shift);
            graph.tensors[term.source].scale * steps / f64::from(weight.unwrap().abs())
        };
        let output = graph.outputs[0];
        let u = c.step(id("y/logits"));
        let relative = u
            + f64::from(n) * c.step(id("y/exp")) / 2.0
            + key(id("y/log")) / 2.0
            + c.step(id("y/log")) / 2.0
            + key(output) / 2.0;
        for row in &c.rows {
            let exact = &c.float.run(row).values[c.float.outputs[0]];
            let ours = c.output(&c.trace(row), 0);
            for (p, exact) in ours.iter().zip(exact) {
                let bound = c.step(output) / 2.0 + exact * (relative.exp() - 1.0) + 1e-3;
                assert!(
                    (p - exact).abs() <= bound,
                    "{p}, not {exact}: beyond {bound}"
                );
            }
        }
    }
}

/// Logits far apart: nothing overflows, and the probabilities are 0 and 1.
#[test]
fn soft_max_is_total() {
    let graph = Onnx::vector(4)
        .weights("gain", &[], &[1000.0])
        .node("Mul", &["x", "gain"], "v")
        .node("Softmax", &["v"], "y")
        .output("y")
        .import();
    let c = compiled(graph, -1.0, 1.0, 8);
    for (row, largest) in [([-1.0, 1.0, -1.0, -1.0], 1), ([0.9, -1.0, 0.0, 0.5], 0)] {
        let p = c.output(&c.trace(&[row.to_vec()]), 0);
        assert!((p[largest] - 1.0).abs() < 0.02, "{p:?}");
        assert!(p.iter().sum::<f64>() < 1.03);
    }
    let even = c.output(&c.trace(&[vec![0.25; 4]]), 0);
    assert!(even.iter().all(|p| (p - 0.25).abs() < 0.01), "{even:?}");
}

#[test]
fn older_soft_max_flattens() {
    let graph = plane(3, 4)
        .opset(11)
        .node_with("Softmax", &["v"], "y", vec![int("axis", 1)])
        .output("y")
        .import();
    // Over all twelve values.
    let c = compiled(graph, -0.5, 0.5, 9);
    assert!(worst(&c) < 0.01, "{}", worst(&c));
}

#[test]
fn log_probabilities() {
    let graph = plane(2, 6)
        .node_with("LogSoftmax", &["v"], "y", vec![int("axis", -1)])
        .output("y")
        .import();
    let c = compiled(graph, -1.0, 1.0, 9);
    assert!(worst(&c) < 0.06, "{}", worst(&c));
}

/// What exporters write for attention masks: minus infinity, or a large negative number.
#[test]
fn masked_positions_are_zero() {
    let causal = |low: f32| -> Vec<f32> {
        let cell = |i: i64| if i % 4 > i / 4 { low } else { 0.0 };
        (0..16).map(cell).collect()
    };
    for low in [-1e9, f32::NEG_INFINITY, f32::MIN, -1e4] {
        let graph = plane(4, 4)
            .weights("mask", &[4, 4], &causal(low))
            .node("Add", &["v", "mask"], "m")
            .node_with("Softmax", &["m"], "y", vec![int("axis", -1)])
            .output("y")
            .import();
        let c = compiled(graph, -1.0, 1.0, 9);
        assert!(worst(&c) < 0.02, "{low}: {}", worst(&c));
        let p = c.output(&c.trace(&c.rows[0]), 0);
        assert!((0..16).all(|i| i % 4 <= i / 4 || p[i] == 0.0), "{p:?}");
    }
    let keep: Vec<f32> = causal(1.0).iter().map(|v| 1.0 - v).collect();
    let graph = plane(4, 4)
        .weights("keep", &[4, 4], &keep)
        .weights("low", &[], &[f32::NEG_INFINITY])
        .node("Where", &["keep", "v", "low"], "m")
        .node_with("Softmax", &["m"], "y", vec![int("axis", -1)])
        .output("y")
        .import();
    let c = untested(graph, -1.0, 1.0, 9);
    assert!(worst(&c) < 0.02, "{}", worst(&c));
    let error = plane(2, 2)
        .weights("mask", &[2], &[0.0, f32::NEG_INFINITY])
        .node("Add", &["v", "mask"], "y")
        .output("y")
        .error()
        .to_string();
    assert!(
        error.contains("infinite") && error.contains("soft-max"),
        "{error}"
    );
}

fn scale_and_bias(onnx: Onnx, len: i64) -> Onnx {
    let scale: Vec<f32> = (0..len).map(|i| 0.5 + i as f32 / len as f32).collect();
    let bias: Vec<f32> = (0..len).map(|i| 0.25 - i as f32 / len as f32).collect();
    onnx.weights("scale", &[len], &scale)
        .weights("bias", &[len], &bias)
}

/// Inputs that do not come near a variance of zero.
fn spread(rows: i64, columns: i64) -> Onnx {
    let offset: Vec<f32> = (0..columns).map(|i| 2.0 * i as f32).collect();
    let onnx = Onnx::default().input(
        "x",
        vec![Dim::Named("N"), Dim::Fixed(rows), Dim::Fixed(columns)],
    );
    onnx.weights("offset", &[columns], &offset)
        .node("Add", &["x", "offset"], "v")
}

#[test]
fn layer_norms() {
    let graph = scale_and_bias(spread(3, 6), 6)
        .opset(17)
        .node_with(
            "LayerNormalization",
            &["v", "scale", "bias"],
            "y",
            vec![int("axis", -1), float("epsilon", 1e-3)],
        )
        .output("y")
        .import();
    let c = compiled(graph, -1.0, 1.0, 10);
    assert!(worst(&c) < 0.03, "{}", worst(&c));

    // The same operator by operator, as exporters wrote it before there was one.
    let spelled = scale_and_bias(spread(3, 6), 6)
        .weights("two", &[], &[2.0])
        .weights("epsilon", &[], &[1e-3])
        .node_with("ReduceMean", &["v"], "mean", vec![ints("axes", &[-1])])
        .node("Sub", &["v", "mean"], "c")
        .node("Pow", &["c", "two"], "square")
        .node_with("ReduceMean", &["square"], "var", vec![ints("axes", &[-1])])
        .node("Add", &["var", "epsilon"], "safe")
        .node("Sqrt", &["safe"], "root")
        .node("Div", &["c", "root"], "n")
        .node("Mul", &["n", "scale"], "s")
        .node("Add", &["s", "bias"], "y")
        .output("y")
        .import();
    let spelled = compiled(spelled, -1.0, 1.0, 10);
    assert!(worst(&spelled) < 0.03, "{}", worst(&spelled));
    // Neither divides or squares by table: input, mean-free values, squares, root, two sets of
    // squares, result and output.
    assert!(spelled.model.graph().tensors.len() <= c.model.graph().tensors.len());
}

#[test]
fn root_mean_square_norms() {
    let graph = scale_and_bias(spread(2, 5), 5)
        .weights("two", &[], &[2.0])
        .weights("epsilon", &[], &[1e-3])
        .node("Pow", &["v", "two"], "square")
        .node_with("ReduceMean", &["square"], "mean", vec![ints("axes", &[-1])])
        .node("Add", &["mean", "epsilon"], "safe")
        .node("Sqrt", &["safe"], "root")
        .node("Reciprocal", &["root"], "r")
        .node("Mul", &["v", "r"], "n")
        .node("Mul", &["n", "scale"], "y")
        .output("y")
        .import();
    let c = compiled(graph, -1.0, 1.0, 10);
    assert!(worst(&c) < 0.02, "{}", worst(&c));
    let graph = scale_and_bias(spread(2, 5), 5)
        .opset(23)
        .node_with(
            "RMSNormalization",
            &["v", "scale"],
            "y",
            vec![int("axis", -1), float("epsilon", 1e-3)],
        )
        .output("y")
        .import();
    let operator = untested(graph, -1.0, 1.0, 10);
    for row in &c.rows {
        let spelled = c.float.run(row).values[c.float.outputs[0]].clone();
        let ours = &operator.float.run(row).values[operator.float.outputs[0]];
        assert!(ours.iter().zip(&spelled).all(|(a, b)| (a - b).abs() < 1e-9));
    }
    assert!(worst(&operator) < 0.02, "{}", worst(&operator));
}

#[test]
fn channel_norms() {
    let images = |onnx: Onnx| {
        let offset: Vec<f32> = (0..36).map(|i| (i * 7 % 11) as f32).collect();
        onnx.input(
            "x",
            vec![Dim::Named("N"), Dim::Fixed(4), Dim::Fixed(3), Dim::Fixed(3)],
        )
        .weights("offset", &[4, 3, 3], &offset)
        .node("Add", &["x", "offset"], "v")
    };
    let graph = scale_and_bias(images(Onnx::default()), 4)
        .node("InstanceNormalization", &["v", "scale", "bias"], "y")
        .output("y")
        .import();
    let c = compiled(graph, -1.0, 1.0, 10);
    assert!(worst(&c) < 0.03, "{}", worst(&c));
    let group = |opset| {
        scale_and_bias(
            images(Onnx::default().opset(opset)),
            if opset < 21 { 2 } else { 4 },
        )
        .node_with(
            "GroupNormalization",
            &["v", "scale", "bias"],
            "y",
            vec![int("num_groups", 2)],
        )
        .output("y")
    };
    for opset in [18, 21] {
        let c = untested(group(opset).import(), -1.0, 1.0, 10);
        let row = &c.rows[3];
        let ours = &c.float.run(row).values[c.float.outputs[0]];
        let v: Vec<f64> = (0..36).map(|i| row[0][i] + (i * 7 % 11) as f64).collect();
        let len = if opset < 21 { 2.0 } else { 4.0 };
        for (i, y) in ours.iter().enumerate() {
            let part = &v[i / 18 * 18..][..18];
            let mean = part.iter().sum::<f64>() / 18.0;
            let var = part.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / 18.0;
            let at = if opset < 21 { i / 18 } else { i / 9 } as f64;
            let expected = (v[i] - mean) / (var + 1e-5).sqrt() * (0.5 + at / len) + 0.25 - at / len;
            assert!((y - expected).abs() < 1e-5, "{y}, not {expected}");
        }
        assert!(worst(&c) < 0.03, "{}", worst(&c));
    }
    let error = scale_and_bias(images(Onnx::default().opset(18)), 3)
        .node_with(
            "GroupNormalization",
            &["v", "scale", "bias"],
            "y",
            vec![int("num_groups", 3)],
        )
        .output("y")
        .error()
        .to_string();
    assert!(
        error.contains("4 channels") && error.contains("3 groups"),
        "{error}"
    );
}

/// One head over `tokens` tokens of four numbers; `mask` hides later tokens.
fn head(tokens: i64, mask: bool) -> Onnx {
    let t = tokens as usize;
    let hidden: Vec<f32> = (0..t * t)
        .map(|i| if mask && i % t > i / t { -1e9 } else { 0.0 })
        .collect();
    head_with(tokens, &hidden)
}

/// One head over `tokens` tokens of four numbers, with `hidden` added to its scores.
fn head_with(tokens: i64, hidden: &[f32]) -> Onnx {
    let matrix = |seed: i64, gain: f32| -> Vec<f32> {
        (0..16)
            .map(|i| gain * (((i * seed + 5) % 17) as f32 / 17.0 - 0.5))
            .collect()
    };
    let onnx = Onnx::default()
        .opset(17)
        .input(
            "x",
            vec![Dim::Named("N"), Dim::Fixed(tokens), Dim::Fixed(4)],
        )
        .weights("q", &[4, 4], &matrix(37, 2.0))
        .weights("k", &[4, 4], &matrix(53, 2.0))
        .weights("v", &[4, 4], &matrix(29, 1.0))
        .weights("root", &[], &[2.0])
        .weights("mask", &[tokens, tokens], hidden)
        .node("MatMul", &["x", "q"], "queries")
        .node("MatMul", &["x", "k"], "keys")
        .node("MatMul", &["x", "v"], "values")
        .node_with(
            "Transpose",
            &["keys"],
            "keys_t",
            vec![ints("perm", &[0, 2, 1])],
        )
        .node("MatMul", &["queries", "keys_t"], "s0")
        .node("Div", &["s0", "root"], "s1");
    onnx.node("Add", &["s1", "mask"], "s2")
        .node_with("Softmax", &["s2"], "p", vec![int("axis", -1)])
        .node("MatMul", &["p", "values"], "o")
        .node("Add", &["o", "x"], "y")
        .output("y")
}

#[test]
fn attention_over_planes() {
    for tokens in [3, 4, 5, 8] {
        for mask in [false, true] {
            let c = compiled(head(tokens, mask).import(), -1.0, 1.0, 10);
            assert!(worst(&c) < 0.03, "{tokens} {mask}: {}", worst(&c));
            let convolves = |tensor: &verdict_model::Tensor| {
                let terms = tensor.layer.iter().flat_map(|layer| &layer.terms);
                terms
                    .into_iter()
                    .any(|term| matches!(term.kernel, Kernel::Conv(_)))
            };
            let products = &c.model.graph().tensors[c.tensor("s0/sum")];
            // Products of all pairs of tokens are planes where there are enough tokens for it, with
            // a mask or without.
            assert_eq!(convolves(products), tokens >= 4, "{tokens} tokens");
            assert_eq!(products.len as i64, tokens * tokens * 4);
            if mask && tokens >= 4 {
                assert!(convolves(&c.model.graph().tensors[c.tensor("p/logits")]));
                assert!(convolves(&c.model.graph().tensors[c.tensor("o/sum")]));
            }
        }
    }
}

/// Whether a token sees another one.
type Sees = fn(usize, usize) -> bool;

/// The probabilities that are left under a constant mask: a causal one, a window, a prefix that all
/// see, every other token.
#[test]
fn constant_masks_keep_the_layout_of_tokens() {
    let masks: [(&str, Sees); 4] = [
        ("causal", |i, j| j <= i),
        ("window", |i, j| j <= i && j + 3 > i),
        ("prefix", |i, j| j <= i || j < 3),
        ("every other", |i, j| (i + j).is_multiple_of(2)),
    ];
    // Weights that are streamed.
    let streamed = |c: &Compiled| -> usize {
        let tensors = c.model.graph().tensors.iter();
        let terms = tensors.flat_map(|it| &it.layer).flat_map(|it| &it.terms);
        let weights = |kernel: &Kernel| match kernel {
            Kernel::Dense { weights } => weights.iter().filter(|w| **w != 0).count(),
            Kernel::Sparse { entries } => entries.len(),
            Kernel::Conv(conv) => conv.non_zero(),
        };
        terms.map(|term| weights(&term.kernel)).sum()
    };
    let t = 8;
    let open = streamed(&untested(head(t, false).import(), -1.0, 1.0, 9));
    for (name, sees) in masks {
        let n = t as usize;
        let cell = |i: usize| {
            if sees(i / n, i % n) {
                0.0
            } else {
                f32::NEG_INFINITY
            }
        };
        let mask: Vec<f32> = (0..n * n).map(cell).collect();
        let c = untested(head_with(t, &mask).import(), -1.0, 1.0, 10);
        assert!(worst(&c) < 0.03, "{name}: {}", worst(&c));
        let weights = streamed(&c);
        assert!(weights <= open * 5 / 4, "{name}: {weights}, {open}");
        let p = c.tensor("p");
        for row in &c.rows {
            let trace = c.trace(row);
            let excluded = c.float.tensors.iter().find(|tensor| tensor.name == "p");
            let excluded = &excluded.unwrap().layer.as_ref().unwrap().excluded;
            assert!(
                excluded
                    .iter()
                    .all(|cell| trace.values[p][*cell as usize] == 0)
            );
            // Of every other token the channels in between are left out as a whole.
            assert!(name == "every other" || !excluded.is_empty(), "{name}");
        }
    }
}

/// What a mask excludes may have any score: nothing of it is left, and those that count are as fine
/// as without.
#[test]
fn excluded_scores_do_not_coarsen_others() {
    let far: Vec<f32> = (0..16)
        .map(|i| if i % 4 > i / 4 { 40.0 } else { 0.0 })
        .collect();
    let causal: Vec<f32> = far
        .iter()
        .map(|v| if *v > 0.0 { -1e9 } else { 0.0 })
        .collect();
    let w: Vec<f32> = (0..16)
        .map(|i| if i % 5 == 0 { 1.0 } else { 0.25 })
        .collect();
    let graph = |far: &[f32]| {
        Onnx::default()
            .input("x", vec![Dim::Named("N"), Dim::Fixed(4), Dim::Fixed(4)])
            .weights("w", &[4, 4], &w)
            .weights("far", &[4, 4], far)
            .weights("mask", &[4, 4], &causal)
            .node("MatMul", &["x", "w"], "h")
            .node("Add", &["h", "h"], "g")
            .node("Sigmoid", &["g"], "v")
            .node("Add", &["v", "far"], "s")
            .node("Add", &["s", "mask"], "m")
            .node_with("Softmax", &["m"], "y", vec![int("axis", -1)])
            .output("y")
            .import()
    };
    let (near, away) = (
        untested(graph(&[0.0; 16]), -1.0, 1.0, 9),
        untested(graph(&far), -1.0, 1.0, 9),
    );
    assert!(worst(&near) < 0.02, "{}", worst(&near));
    assert!(
        (worst(&near) - worst(&away)).abs() < 0.005,
        "{}",
        worst(&away)
    );
}

/// Tokens times tokens, without projections in between: a tensor multiplied with itself.
#[test]
fn a_tensor_with_itself() {
    let graph = Onnx::default()
        .input("x", vec![Dim::Named("N"), Dim::Fixed(6), Dim::Fixed(3)])
        .weights(
            "w",
            &[3, 3],
            &[1.0, 0.5, 0.0, -0.5, 1.0, 0.25, 0.0, 0.125, 1.0],
        )
        .node("MatMul", &["x", "w"], "h")
        .node_with("Transpose", &["h"], "t", vec![ints("perm", &[0, 2, 1])])
        .node("MatMul", &["h", "t"], "y")
        .output("y")
        .import();
    let c = compiled(graph, -1.0, 1.0, 10);
    assert!(worst(&c) < 0.02, "{}", worst(&c));
}

#[test]
fn cutting_before_the_soft_max() {
    let file = head(4, false).save();
    let graph = import_outputs(&file.path, &["s1"]).unwrap();
    let c = compiled(graph, -1.0, 1.0, 9);
    assert!(worst(&c) < 0.03);
}
