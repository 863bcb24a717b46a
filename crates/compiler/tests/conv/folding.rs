//! What becomes one layer, and what becomes a tensor of its own.

use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use verdict_compiler::{Activation, FloatKernel, Options, compile};

use crate::common::{Onnx, int, ints};
use crate::support::{after_conv, agrees, image, numbers, rows};

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
    // Zero is where the reals have it, so that only the image's own mean makes biases differ at the
    // borders.
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
