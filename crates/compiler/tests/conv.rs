//! Convolutional networks: every operator against tract, pools against their definition on integers, and what folds.
#![allow(clippy::unwrap_used)]

mod common;

use common::{Dim, Onnx, int, ints, text};
use proptest::prelude::*;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use verdict_compiler::{
    Activation, CompileError, FloatGraph, FloatKernel, Options, Precision, Reference, compile,
};
use verdict_model::{DataSet, Kernel, OutOfDomain, execute};

fn numbers(rng: &mut ChaCha8Rng, count: usize) -> Vec<f32> {
    (0..count).map(|_| rng.gen_range(-1.0..1.0)).collect()
}

/// A graph with the input `x`.
fn image(shape: &[i64]) -> Onnx {
    Onnx::default().input("x", shape.iter().map(|d| Dim::Fixed(*d)).collect())
}

fn rows(graph: &FloatGraph, count: usize) -> DataSet {
    let mut rng = ChaCha8Rng::seed_from_u64(7);
    let row = |rng: &mut ChaCha8Rng| {
        let inputs = graph.inputs.iter().map(|id| graph.tensors[*id].len);
        let values = inputs.map(|len| numbers(rng, len).into_iter().map(f64::from).collect());
        values.collect::<Vec<Vec<f64>>>()
    };
    let rows = (0..count).map(|_| row(&mut rng)).collect();
    DataSet::from_rows(rows, &graph.input_specs()).unwrap()
}

/// The float graph and tract must agree, and the integers must come close to both.
fn agrees(graph: &FloatGraph) {
    let reference = Reference::new(graph).unwrap();
    let data = rows(graph, 8);
    let options = Options {
        activation_bits: Some(11),
        output_bits: Some(13),
        ..Options::default()
    };
    let model = compile(graph, &data, &options).unwrap();
    for row in data.rows() {
        let expected = reference.run(row).unwrap();
        let reals = graph.run(row);
        let integers = model.quantise_input(row, OutOfDomain::Reject).unwrap();
        let trace = execute(model.graph(), &integers).unwrap();
        let found = model.dequantise_output(&trace.outputs(model.graph()));
        for (output, id) in graph.outputs.iter().enumerate() {
            let size = expected[output].iter().fold(0.5f64, |a, b| a.max(b.abs()));
            assert_eq!(reals.values[*id].len(), expected[output].len());
            for ((real, integer), tract) in reals.values[*id]
                .iter()
                .zip(&found[output])
                .zip(&expected[output])
            {
                assert!((real - tract).abs() < 1e-4 * size, "{real}, tract: {tract}");
                assert!(
                    (integer - tract).abs() < 0.02 * size,
                    "{integer}, tract: {tract}"
                );
            }
        }
    }
}

/// One operator with weights `w`, applied to the input.
fn weighted(
    op: &str,
    input: &[i64],
    weights: &[i64],
    bias: i64,
    attributes: Vec<tract_onnx::pb::AttributeProto>,
) -> Onnx {
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    let count = weights.iter().product::<i64>() as usize;
    image(input)
        .weights("w", weights, &numbers(&mut rng, count))
        .weights("b", &[bias], &numbers(&mut rng, bias as usize))
        .node_with(op, &["x", "w", "b"], "y", attributes)
        .output("y")
}

#[test]
fn convolutions() {
    let cases: Vec<(&[i64], &[i64], Vec<_>)> = vec![
        (&[1, 3, 7, 6], &[4, 3, 3, 3], vec![]),
        (
            &[1, 3, 7, 6],
            &[4, 3, 3, 2],
            vec![ints("pads", &[1, 0, 2, 1]), ints("strides", &[2, 1])],
        ),
        (
            &[1, 4, 7, 9],
            &[6, 2, 2, 3],
            vec![int("group", 2), ints("dilations", &[3, 2])],
        ),
        (
            &[1, 4, 6, 6],
            &[4, 1, 3, 3],
            vec![int("group", 4), ints("pads", &[1, 1, 1, 1])],
        ),
        (
            &[1, 2, 8, 7],
            &[3, 2, 3, 3],
            vec![text("auto_pad", "SAME_UPPER"), ints("strides", &[2, 2])],
        ),
        (
            &[1, 2, 8, 7],
            &[3, 2, 2, 2],
            vec![text("auto_pad", "SAME_LOWER")],
        ),
        (
            &[1, 2, 8, 7],
            &[3, 2, 2, 2],
            vec![text("auto_pad", "VALID")],
        ),
        (
            &[1, 3, 11],
            &[5, 3, 4],
            vec![ints("strides", &[2]), ints("pads", &[1, 2])],
        ),
        (&[1, 5, 1, 1], &[3, 5, 1, 1], vec![]),
    ];
    for (input, weights, attributes) in cases {
        agrees(&weighted("Conv", input, weights, weights[0], attributes).import());
    }
}

#[test]
fn transposed_convolutions() {
    let cases: Vec<(&[i64], &[i64], i64, Vec<_>)> = vec![
        (&[1, 3, 4, 5], &[3, 2, 3, 3], 2, vec![]),
        (
            &[1, 3, 4, 5],
            &[3, 2, 3, 2],
            2,
            vec![ints("strides", &[2, 3]), ints("pads", &[1, 0, 0, 1])],
        ),
        (
            &[1, 4, 4, 4],
            &[4, 3, 2, 2],
            6,
            vec![ints("strides", &[2, 2]), int("group", 2)],
        ),
        (
            &[1, 2, 5, 4],
            &[2, 2, 3, 3],
            2,
            vec![
                ints("strides", &[2, 2]),
                ints("pads", &[1, 1, 1, 1]),
                ints("output_padding", &[1, 1]),
            ],
        ),
        (
            &[1, 2, 7],
            &[2, 3, 3],
            3,
            vec![ints("strides", &[2]), ints("dilations", &[2])],
        ),
    ];
    for (input, weights, bias, attributes) in cases {
        agrees(&weighted("ConvTranspose", input, weights, bias, attributes).import());
    }
}

#[test]
fn average_pools() {
    let cases = [
        vec![ints("kernel_shape", &[2, 2]), ints("strides", &[2, 2])],
        vec![
            ints("kernel_shape", &[3, 2]),
            ints("pads", &[1, 0, 1, 1]),
            int("count_include_pad", 1),
        ],
        // Every border has its own number of places.
        vec![ints("kernel_shape", &[3, 3]), ints("pads", &[1, 1, 1, 1])],
        vec![
            ints("kernel_shape", &[3, 3]),
            ints("strides", &[2, 2]),
            ints("pads", &[1, 1, 0, 1]),
        ],
        vec![
            ints("kernel_shape", &[3, 3]),
            ints("strides", &[2, 2]),
            text("auto_pad", "SAME_UPPER"),
        ],
    ];
    for attributes in cases {
        agrees(
            &image(&[1, 2, 7, 6])
                .node_with("AveragePool", &["x"], "y", attributes)
                .output("y")
                .import(),
        );
    }
    agrees(
        &image(&[1, 3, 4, 5])
            .node("GlobalAveragePool", &["x"], "y")
            .output("y")
            .import(),
    );
}

#[test]
fn resizing_and_rearranging() {
    let up = |attributes: Vec<_>| {
        image(&[1, 2, 3, 4])
            .weights("scales", &[4], &[1.0, 1.0, 2.0, 3.0])
            .node_with("Resize", &["x", "", "scales"], "y", attributes)
            .output("y")
    };
    for coordinates in ["half_pixel", "asymmetric", "pytorch_half_pixel"] {
        let rounding = if coordinates == "asymmetric" {
            "floor"
        } else {
            "round_prefer_floor"
        };
        let graph = up(vec![
            text("mode", "nearest"),
            text("coordinate_transformation_mode", coordinates),
            text("nearest_mode", rounding),
        ])
        .import();
        let values = &graph.run(&[(0..24).map(f64::from).collect()]).values[graph.outputs[0]];
        for (cell, value) in values.iter().enumerate() {
            let (c, y, x) = (cell / 72, cell / 12 % 6, cell % 12);
            assert_eq!(*value, ((c * 3 + y / 2) * 4 + x / 3) as f64);
        }
    }
    let down = image(&[1, 1, 4, 6])
        .indices("sizes", &[1, 1, 2, 2])
        .node_with(
            "Resize",
            &["x", "", "", "sizes"],
            "y",
            vec![
                text("coordinate_transformation_mode", "asymmetric"),
                text("nearest_mode", "floor"),
            ],
        )
        .output("y")
        .import();
    let values = &down.run(&[(0..24).map(f64::from).collect()]).values[1];
    assert_eq!(values, &[0.0, 3.0, 12.0, 15.0]);

    for mode in ["DCR", "CRD"] {
        let attributes = vec![int("blocksize", 2), text("mode", mode)];
        agrees(
            &image(&[1, 8, 2, 3])
                .node_with("DepthToSpace", &["x"], "y", attributes)
                .output("y")
                .import(),
        );
    }
    agrees(
        &image(&[1, 2, 4, 6])
            .node_with("SpaceToDepth", &["x"], "y", vec![int("blocksize", 2)])
            .output("y")
            .import(),
    );
}

/// `x → Conv → …`, so that there are planes to work on.
fn after_conv(size: i64, channels: i64) -> Onnx {
    let mut rng = ChaCha8Rng::seed_from_u64(2);
    image(&[1, 2, size, size])
        .weights(
            "k",
            &[channels, 2, 3, 3],
            &numbers(&mut rng, channels as usize * 18),
        )
        .node_with("Conv", &["x", "k"], "h", vec![ints("pads", &[1, 1, 1, 1])])
}

#[test]
fn one_layer_per_function() {
    let mut rng = ChaCha8Rng::seed_from_u64(3);
    let graph = after_conv(6, 4)
        .weights("mean", &[1, 2, 1, 1], &[0.5, 0.25])
        .weights("scale", &[4], &[1.5, -0.5, 2.0, 1.0])
        .weights("zero", &[4], &[0.1, 0.2, 0.3, 0.4])
        .weights("one", &[4], &[1.0, 0.5, 2.0, 1.0])
        .weights("k2", &[4, 4, 3, 3], &numbers(&mut rng, 144))
        .weights("half", &[], &[0.5])
        .node(
            "BatchNormalization",
            &["h", "scale", "zero", "zero", "one"],
            "n",
        )
        .node("Relu", &["n"], "a")
        .node_with("Conv", &["a", "k2"], "c", vec![ints("pads", &[1, 1, 1, 1])])
        .node("Mul", &["c", "half"], "m")
        .node("Add", &["m", "a"], "r")
        .node("Relu", &["r"], "b")
        .weights("w", &[144, 3], &numbers(&mut rng, 432))
        .node("Flatten", &["b"], "f")
        .node("MatMul", &["f", "w"], "y")
        .output("y")
        .import();
    // The skip connection is part of the kernel: one term, its weights in the middle.
    assert_eq!(graph.tensors.len(), 4);
    let layer = graph.tensors[2].layer.as_ref().unwrap();
    assert_eq!(layer.nodes, ["/h", "/n", "/a", "/c", "/m", "/r", "/b"][3..]);
    let [term] = &layer.terms[..] else {
        panic!("{} terms", layer.terms.len())
    };
    let FloatKernel::Conv(conv) = &term.kernel else {
        panic!("explicit")
    };
    assert_eq!((conv.size, conv.groups, term.source), ([3, 3], 1, 1));
    agrees(&graph);
}

#[test]
fn normalised_images_and_padding_fold_into_the_convolution() {
    let mut rng = ChaCha8Rng::seed_from_u64(4);
    let graph = image(&[1, 3, 12, 12])
        .weights("mean", &[1, 3, 1, 1], &[0.4, 0.5, 0.1])
        .weights("std", &[1, 3, 1, 1], &[0.2, 0.25, 0.3])
        .weights("k", &[2, 3, 3, 3], &numbers(&mut rng, 54))
        .indices("pads", &[0, 0, 1, 0, 0, 0, 0, 2])
        .node("Sub", &["x", "mean"], "s")
        .node("Div", &["s", "std"], "d")
        .node("Pad", &["d", "pads"], "p")
        .node_with("Conv", &["p", "k"], "c", vec![ints("strides", &[2, 2])])
        .node("Relu", &["c"], "y")
        .output("y")
        .import();
    assert_eq!(graph.tensors.len(), 2);
    agrees(&graph);
    // Zero is where the reals have it, so that only the image's own mean makes biases differ at the borders.
    let model = compile(&graph, &rows(&graph, 8), &Options::default()).unwrap();
    assert_eq!(model.manifest().inputs[0].zero_points, [0]);
    assert!(model.manifest().inputs[0].min < 0);
}

#[test]
fn biases_are_the_same_all_over_a_channel() {
    let graph = after_conv(6, 4)
        .node("Relu", &["h"], "y")
        .output("y")
        .import();
    let model = compile(&graph, &rows(&graph, 8), &Options::default()).unwrap();
    let layer = model.graph().tensors[1].layer.as_ref().unwrap();
    for channel in layer.bias.chunks(36) {
        assert!(channel.iter().all(|bias| *bias == channel[0]));
    }
}

#[test]
fn concatenations_fold_into_the_next_convolution() {
    let mut rng = ChaCha8Rng::seed_from_u64(5);
    let graph = after_conv(5, 3)
        .node("Relu", &["h"], "a")
        .node("Sigmoid", &["h"], "b")
        .node_with("Concat", &["a", "b", "a"], "c", vec![int("axis", 1)])
        .weights("k2", &[2, 9, 1, 1], &numbers(&mut rng, 18))
        .node("Conv", &["c", "k2"], "d")
        .node("Relu", &["d"], "y")
        .output("y")
        .import();
    assert_eq!(graph.tensors.len(), 4);
    assert_eq!(graph.tensors[3].layer.as_ref().unwrap().terms.len(), 2);
    agrees(&graph);
    // Along rows and columns, and of sums that are no tensors yet.
    for axis in [2, 3, -1] {
        agrees(
            &after_conv(5, 3)
                .node("Relu", &["h"], "a")
                .node_with("Concat", &["h", "a"], "c", vec![int("axis", axis)])
                .node("Relu", &["c"], "y")
                .output("y")
                .import(),
        );
    }
}

#[test]
fn planes_that_are_cut_shuffled_and_padded() {
    let graph = after_conv(6, 4)
        .indices("starts", &[1, 0])
        .indices("ends", &[6, 5])
        .indices("axes", &[2, 3])
        .node("Slice", &["h", "starts", "ends", "axes"], "s")
        .indices("pads", &[0, 0, 1, 0, 0, 1, 0, 2])
        .weights("fill", &[], &[0.5])
        .node("Pad", &["s", "pads", "fill"], "p")
        .node("Relu", &["p"], "a")
        .output("a")
        .import();
    agrees(&graph);
    // tract cannot crop, and moves steps of a slice to the wrong side of a convolution.
    let steps = image(&[1, 1, 5, 3])
        .weights("k", &[1, 1, 1, 2], &[1.0, 10.0])
        .indices("starts", &[1, 0])
        .indices("ends", &[5, 9])
        .indices("axes", &[2, 3])
        .indices("steps", &[2, 2])
        .node("Conv", &["x", "k"], "h")
        .node("Slice", &["h", "starts", "ends", "axes", "steps"], "y")
        .output("y")
        .import();
    let values = steps.run(&[(0..15).map(f64::from).collect()]).values;
    assert_eq!(values[1], [43.0, 109.0]);
    let crop = image(&[1, 1, 3, 4])
        .indices("pads", &[0, 0, -1, 1, 0, 0, 0, -2])
        .node("Pad", &["x", "pads"], "y")
        .output("y")
        .import();
    let values = crop.run(&[(0..12).map(f64::from).collect()]).values;
    assert_eq!(values[1], [0.0, 4.0, 5.0, 0.0, 8.0, 9.0]);
    let shuffle = after_conv(4, 6)
        .indices("apart", &[1, 2, 3, 4, 4])
        .indices("together", &[1, 6, 4, 4])
        .node("Reshape", &["h", "apart"], "r")
        .node_with(
            "Transpose",
            &["r"],
            "t",
            vec![ints("perm", &[0, 2, 1, 3, 4])],
        )
        .node("Reshape", &["t", "together"], "s")
        .node("Relu", &["s"], "y")
        .output("y")
        .import();
    assert_eq!(shuffle.tensors.len(), 2);
    agrees(&shuffle);
}

#[test]
fn explicit_weights_between_planes_go_through_a_flat_copy() {
    // Transposing a plane is no convolution.
    let graph = after_conv(4, 2)
        .node("Relu", &["h"], "a")
        .node_with("Transpose", &["a"], "t", vec![ints("perm", &[0, 1, 3, 2])])
        .weights(
            "k2",
            &[2, 2, 2, 2],
            &numbers(&mut ChaCha8Rng::seed_from_u64(6), 16),
        )
        .node("Conv", &["t", "k2"], "y")
        .output("y")
        .import();
    let names: Vec<&str> = graph.tensors.iter().map(|t| t.name.as_str()).collect();
    assert_eq!(names, ["x", "a", "a_copy", "t", "y"]);
    agrees(&graph);
    // The same cells as planes of two sizes.
    let graph = after_conv(4, 4)
        .node("Relu", &["h"], "a")
        .indices("wide", &[1, 2, 4, 8])
        .node("Reshape", &["a", "wide"], "r")
        .weights(
            "k2",
            &[2, 2, 2, 2],
            &numbers(&mut ChaCha8Rng::seed_from_u64(6), 16),
        )
        .node("Conv", &["r", "k2"], "y")
        .output("y")
        .import();
    agrees(&graph);
    for term in graph
        .tensors
        .iter()
        .filter_map(|t| t.layer.as_ref())
        .flat_map(|l| &l.terms)
    {
        if let FloatKernel::Conv(conv) = &term.kernel {
            let len = conv.channels[0] * conv.source[0] * conv.source[1];
            assert_eq!(graph.tensors[term.source].len, len);
        }
    }
}

#[test]
fn element_wise_maps_alone_are_no_planes() {
    let graph = image(&[1, 2, 3, 4])
        .weights("s", &[1, 2, 1, 1], &[2.0, 3.0])
        .node("Mul", &["x", "s"], "m")
        .node("Relu", &["m"], "y")
        .output("y")
        .import();
    let layer = graph.tensors[1].layer.as_ref().unwrap();
    assert!(matches!(layer.terms[0].kernel, FloatKernel::Rows(_)));
    agrees(&graph);
}

#[test]
fn slopes_by_channel() {
    let slopes = [0.1, 0.2, -0.3, 1.5];
    let graph = after_conv(5, 4)
        .weights("slope", &[4, 1, 1], &slopes)
        .node("PRelu", &["h", "slope"], "y")
        .output("y")
        .import();
    agrees(&graph);
    let uniform = after_conv(5, 4)
        .weights("slope", &[1, 1, 1], &[0.25])
        .node("PRelu", &["h", "slope"], "y")
        .output("y")
        .import();
    assert_eq!(
        uniform.tensors[1].layer.as_ref().unwrap().activation,
        Activation::LeakyRelu { alpha: 0.25 }
    );
    agrees(&uniform);
    // Without planes.
    agrees(
        &Onnx::vector(3)
            .weights("slope", &[3], &[0.1, 0.2, 0.3])
            .node("PRelu", &["x", "slope"], "y")
            .output("y")
            .import(),
    );
}

#[test]
fn values_that_several_nodes_read_become_tensors_when_that_is_cheaper() {
    let graph = |channels: i64| {
        let mut rng = ChaCha8Rng::seed_from_u64(8);
        let count = (channels * channels * 9) as usize;
        image(&[1, channels, 3, 3])
            .weights("k", &[channels, channels, 3, 3], &numbers(&mut rng, count))
            .node_with("Conv", &["x", "k"], "h", vec![ints("pads", &[1, 1, 1, 1])])
            .node("Relu", &["h"], "a")
            .node("Sigmoid", &["h"], "b")
            .node_with("Concat", &["a", "b"], "y", vec![int("axis", 1)])
            .output("y")
            .import()
    };
    // Few weights are streamed twice …
    assert_eq!(graph(2).tensors.len(), 4);
    // … many are not.
    assert_eq!(graph(24).tensors.len(), 5);
}

/// What a pool says of an axis.
#[derive(Clone, Copy, Debug)]
struct Axis {
    size: usize,
    kernel: usize,
    stride: usize,
    dilation: usize,
    pads: [usize; 2],
}

impl Axis {
    /// The places every output sees; `None` if some output sees none.
    fn places(self, ceil: bool) -> Option<Vec<Vec<usize>>> {
        let extent = (self.kernel - 1) * self.dilation + 1;
        let room = (self.size + self.pads[0] + self.pads[1]).checked_sub(extent)?;
        let mut count = room / self.stride + 1;
        if ceil && room % self.stride != 0 && count * self.stride < self.size + self.pads[0] {
            count += 1;
        }
        let outputs = (0..count).map(|y| {
            let places = (0..self.kernel).map(|k| y * self.stride + k * self.dilation);
            places
                .filter_map(|at| at.checked_sub(self.pads[0]))
                .filter(|at| *at < self.size)
                .collect::<Vec<_>>()
        });
        let outputs: Vec<Vec<usize>> = outputs.collect();
        outputs
            .iter()
            .all(|places| !places.is_empty())
            .then_some(outputs)
    }
}

fn axis() -> impl Strategy<Value = Axis> {
    (
        3usize..9,
        1usize..5,
        1usize..4,
        1usize..3,
        0usize..3,
        0usize..3,
    )
        .prop_map(|(size, kernel, stride, dilation, before, after)| Axis {
            size,
            kernel,
            stride,
            dilation,
            pads: [before, after],
        })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    /// Every integer of a pool is the largest of the source's integers that its window shows, whatever their signs.
    #[test]
    fn max_pools_are_exact(rows_axis in axis(), columns in axis(), ceil: bool, signed: bool, seed: u64) {
        let (Some(high), Some(wide)) = (rows_axis.places(ceil), columns.places(ceil)) else {
            return Ok(());
        };
        let (h, w) = (rows_axis.size, columns.size);
        let pair = |f: fn(&Axis) -> usize| [f(&rows_axis) as i64, f(&columns) as i64];
        let attributes = vec![
            ints("kernel_shape", &pair(|a| a.kernel)),
            ints("strides", &pair(|a| a.stride)),
            ints("dilations", &pair(|a| a.dilation)),
            ints("pads", &[pair(|a| a.pads[0]), pair(|a| a.pads[1])].concat()),
            int("ceil_mode", ceil.into()),
        ];
        let graph = image(&[1, 2, h as i64, w as i64])
            .weights("k", &[2, 2, 1, 1], &numbers(&mut ChaCha8Rng::seed_from_u64(seed), 4))
            .weights("b", &[2], &[-1.0, 0.2])
            .node("Conv", &["x", "k", "b"], "h")
            .node(if signed { "Identity" } else { "Relu" }, &["h"], "a")
            .node_with("MaxPool", &["a"], "y", attributes)
            .output("y")
            .import();
        let output = graph.outputs[0];
        let layer = graph.tensors[output].layer.as_ref().unwrap();
        // A window of one place copies the source, or is it.
        let source = match layer.precision {
            Precision::Exact { within: Some(source) } => source,
            _ => return Ok(()),
        };
        let data = rows(&graph, 6);
        let model = compile(&graph, &data, &Options::default()).unwrap();
        prop_assert_eq!(model.graph().tensors[source].scale, model.graph().tensors[output].scale);
        for row in data.rows() {
            let integers = model.quantise_input(row, OutOfDomain::Reject).unwrap();
            let values = execute(model.graph(), &integers).unwrap().values;
            let mut found = values[output].iter();
            for plane in values[source].chunks(h * w) {
                for ys in &high {
                    for xs in &wide {
                        let window = ys.iter().flat_map(|y| xs.iter().map(move |x| plane[y * w + x]));
                        prop_assert_eq!(found.next().copied(), window.max());
                    }
                }
            }
            prop_assert_eq!(found.next(), None);
        }
    }
}

#[test]
fn global_maxima() {
    for first in ["Relu", "Identity"] {
        let graph = after_conv(5, 3)
            .node(first, &["h"], "a")
            .node("GlobalMaxPool", &["a"], "y")
            .output("y")
            .import();
        agrees(&graph);
    }
}

#[test]
fn pools_of_positive_values_share_one_table() {
    let graph = after_conv(8, 3)
        .node("Relu", &["h"], "a")
        .node_with(
            "MaxPool",
            &["a"],
            "p",
            vec![ints("kernel_shape", &[2, 2]), ints("strides", &[2, 2])],
        )
        .node_with(
            "MaxPool",
            &["p"],
            "q",
            vec![ints("kernel_shape", &[3, 3]), ints("pads", &[1, 1, 1, 1])],
        )
        .node("Neg", &["q"], "y")
        .output("y")
        .import();
    // Source, three differences or maxima of the first pool, five of the second.
    let model = compile(
        &graph,
        &rows(&graph, 8),
        &Options {
            activation_bits: Some(8),
            ..Options::default()
        },
    )
    .unwrap();
    let shifts: Vec<u32> = model.graph().functions.iter().map(|f| f.shift()).collect();
    assert_eq!(shifts.iter().filter(|shift| **shift == 0).count(), 1);
    for layer in model.graph().tensors[2..10]
        .iter()
        .filter_map(|t| t.layer.as_ref())
    {
        for term in &layer.terms {
            let Kernel::Conv(conv) = &term.kernel else {
                panic!("explicit")
            };
            assert!(conv.weights.iter().all(|w| w.abs() <= 1));
        }
    }
    agrees(&graph);
}

fn refuses(onnx: Onnx, parts: &[&str]) {
    let error: CompileError = onnx.error();
    let message = error.to_string();
    for part in parts.iter().chain(&["/y", "model.onnx"]) {
        assert!(
            message.contains(part),
            "`{message}` does not mention `{part}`"
        );
    }
}

#[test]
fn refusals_say_what_is_wrong() {
    let conv = |input: &[i64], weights: &[i64], attributes| {
        weighted("Conv", input, weights, 1, attributes)
    };
    refuses(
        conv(&[1, 4], &[1, 4, 1, 1], vec![]),
        &["Conv", "[1, channels"],
    );
    refuses(
        conv(&[1, 2, 4, 4], &[1, 2, 3], vec![]),
        &["expected 4 axes"],
    );
    refuses(
        conv(&[1, 2, 4, 4], &[1, 3, 3, 3], vec![]),
        &["3 channels", "has 2"],
    );
    refuses(
        conv(&[1, 2, 4, 4], &[1, 2, 3, 3], vec![int("group", 3)]),
        &["`group` is 3"],
    );
    refuses(
        conv(&[1, 2, 4, 4], &[1, 2, 3, 3], vec![ints("strides", &[0, 1])]),
        &["`strides`", "positive"],
    );
    refuses(
        conv(&[1, 2, 4, 4], &[1, 2, 3, 3], vec![ints("pads", &[1, 1])]),
        &["`pads`", "4 numbers"],
    );
    refuses(
        conv(
            &[1, 2, 4, 4],
            &[1, 2, 3, 3],
            vec![ints("dilations", &[2, 2])],
        ),
        &["does not fit"],
    );
    refuses(
        conv(
            &[1, 2, 4, 4],
            &[1, 2, 3, 3],
            vec![text("auto_pad", "MAYBE")],
        ),
        &["`MAYBE`"],
    );
    refuses(
        conv(
            &[1, 2, 4, 4],
            &[1, 2, 3, 3],
            vec![ints("kernel_shape", &[2, 2])],
        ),
        &["`kernel_shape`"],
    );
    refuses(
        weighted("Conv", &[1, 2, 4, 4], &[3, 2, 3, 3], 2, vec![]),
        &["2 biases", "3 channels"],
    );
    refuses(
        weighted(
            "ConvTranspose",
            &[1, 2, 4, 4],
            &[2, 1, 1, 1],
            1,
            vec![ints("strides", &[2, 2]), text("auto_pad", "SAME_UPPER")],
        ),
        &["`output_padding`"],
    );
    let product = image(&[1, 1, 3, 3])
        .node("Relu", &["x"], "w")
        .node("Conv", &["x", "w"], "y")
        .output("y");
    assert!(matches!(
        product.error(),
        CompileError::ActivationProduct { .. }
    ));

    let one = |op: &str, shape: &[i64], attributes| {
        image(shape)
            .node_with(op, &["x"], "y", attributes)
            .output("y")
    };
    refuses(
        one("MaxPool", &[1, 1, 4, 4], vec![]),
        &["`kernel_shape` is missing"],
    );
    refuses(
        one(
            "MaxPool",
            &[1, 1, 4, 4],
            vec![ints("kernel_shape", &[2, 2]), ints("pads", &[2, 2, 2, 2])],
        ),
        &["in the padding"],
    );
    refuses(
        one(
            "AveragePool",
            &[1, 1, 4, 4],
            vec![ints("kernel_shape", &[2, 2]), ints("pads", &[2, 2, 2, 2])],
        ),
        &["in the padding"],
    );
    refuses(
        one("DepthToSpace", &[1, 6, 2, 2], vec![int("blocksize", 2)]),
        &["4 channels"],
    );
    refuses(
        one(
            "DepthToSpace",
            &[1, 4, 2, 2],
            vec![int("blocksize", 2), text("mode", "X")],
        ),
        &["`X`"],
    );
    refuses(
        one("SpaceToDepth", &[1, 4, 3, 2], vec![int("blocksize", 2)]),
        &["2 × 2"],
    );
    refuses(one("SpaceToDepth", &[1, 4, 3, 2], vec![]), &["`blocksize`"]);
    refuses(one("GlobalAveragePool", &[1, 4], vec![]), &["three axes"]);

    let resize = |scales: &[f32], attributes| {
        image(&[1, 2, 3, 4])
            .weights("scales", &[4], scales)
            .node_with("Resize", &["x", "", "scales"], "y", attributes)
            .output("y")
    };
    let centred = text("coordinate_transformation_mode", "align_corners");
    refuses(
        resize(&[1.0, 1.0, 1.5, 1.7], vec![centred]),
        &["scale 1.5", "state the sizes"],
    );
    refuses(
        resize(&[1.0, 1.0, 2.0, 2.0], vec![text("mode", "spline")]),
        &["`spline`", "nearest"],
    );
    refuses(
        resize(
            &[1.0, 1.0, 2.0, 2.0],
            vec![text("coordinate_transformation_mode", "tf_crop_and_resize")],
        ),
        &["tf_crop_and_resize"],
    );
    let pad = |attributes| {
        image(&[1, 2, 3, 4])
            .indices("pads", &[0, 0, 1, 1, 0, 0, 1, 1])
            .node_with("Pad", &["x", "pads"], "y", attributes)
            .output("y")
    };
    refuses(pad(vec![text("mode", "mirror")]), &["`mirror`", "constant"]);
    let slope = image(&[1, 2, 3, 4])
        .input("s", [1, 2, 1, 1].map(Dim::Fixed).into())
        .node("PRelu", &["x", "s"], "y")
        .output("y");
    assert!(matches!(
        slope.error(),
        CompileError::ActivationProduct { .. }
    ));
}
