//! Convolutions and pools that are no planes': several samples, three axes, computed weights.

use crate::common::{Dim, Onnx, int, ints};
use crate::support::{agrees, image, weighted};

#[test]
fn of_several_samples() {
    agrees(
        &weighted(
            "Conv",
            &[2, 4, 5, 4],
            &[6, 2, 3, 2],
            6,
            vec![int("group", 2)],
        )
        .import(),
    );
    agrees(
        &weighted(
            "Conv",
            &[3, 2, 6],
            &[2, 2, 3],
            2,
            vec![ints("strides", &[2])],
        )
        .import(),
    );
    for op in ["MaxPool", "AveragePool"] {
        let attributes = vec![ints("kernel_shape", &[2, 3]), ints("pads", &[0, 1, 1, 1])];
        agrees(
            &image(&[2, 2, 4, 4])
                .node_with(op, &["x"], "y", attributes)
                .output("y")
                .import(),
        );
    }
}

#[test]
fn along_three_axes() {
    let pads = ints("pads", &[1, 0, 1, 0, 1, 1]);
    let strides = ints("strides", &[1, 2, 1]);
    let dilations = ints("dilations", &[2, 1, 1]);
    let attributes = vec![pads, strides, dilations];
    agrees(&weighted("Conv", &[1, 2, 5, 4, 3], &[3, 2, 2, 2, 2], 3, attributes).import());
    agrees(
        &image(&[1, 2, 4, 3, 4])
            .node_with(
                "MaxPool",
                &["x"],
                "y",
                vec![ints("kernel_shape", &[2, 2, 3])],
            )
            .output("y")
            .import(),
    );
}

/// `y[n, m] = Σ x·w`, worked out here: no runtime's reading of computed weights is needed.
#[test]
fn by_weights_that_the_model_computes() {
    let graph = image(&[2, 1, 4])
        .input("k", [1, 1, 2].map(Dim::Fixed).into())
        .node("Neg", &["k"], "w")
        .node("Conv", &["x", "w"], "y")
        .output("y")
        .import();
    let x: Vec<f64> = (1..9).map(f64::from).collect();
    let trace = graph.run(&[x.clone(), vec![2.0, -1.0]]);
    let expected: Vec<f64> = [0, 1, 2, 4, 5, 6].map(|i| x[i + 1] - 2.0 * x[i]).to_vec();
    assert_eq!(trace.values[graph.outputs[0]], expected);
}

#[test]
fn transposed() {
    // One cell spread over two places, two samples, three axes of length 1 but the last.
    let graph = Onnx::default()
        .input("x", [2, 1, 1, 1, 2].map(Dim::Fixed).into())
        .weights("w", &[1, 1, 1, 1, 2], &[1.0, 10.0])
        .node_with(
            "ConvTranspose",
            &["x", "w"],
            "y",
            vec![ints("strides", &[1, 1, 2])],
        )
        .output("y")
        .import();
    let trace = graph.run(&[vec![1.0, 2.0, 3.0, 4.0]]);
    let expected = [1.0, 10.0, 2.0, 20.0, 3.0, 30.0, 4.0, 40.0];
    assert_eq!(trace.values[graph.outputs[0]], expected);
}

/// Positions count over the whole value, along rows or along columns first.
#[test]
fn positions_of_maxima() {
    let pool = |order: i64| {
        let attributes = vec![
            ints("kernel_shape", &[2, 2]),
            ints("strides", &[2, 2]),
            int("storage_order", order),
        ];
        let graph = image(&[1, 2, 2, 4])
            .node_outputs("MaxPool", &["x"], &["y", "at"], attributes)
            .output("at")
            .import();
        let x = [
            1.0, 9.0, 2.0, 3.0, 4.0, 5.0, 6.0, 8.0, 7.0, 7.0, 1.0, 1.0, 7.0, 7.0, 1.0, 2.0,
        ];
        graph.run(&[x.to_vec()]).values[graph.outputs[0]].clone()
    };
    // Of equal ones the first counts.
    assert_eq!(pool(0), [1.0, 7.0, 8.0, 15.0]);
    assert_eq!(pool(1), [2.0, 7.0, 8.0, 15.0]);
}

#[test]
fn slopes_that_the_input_decides() {
    let graph = image(&[1, 2, 1, 2])
        .input("s", [2, 1, 1].map(Dim::Fixed).into())
        .node("PRelu", &["x", "s"], "y")
        .output("y")
        .import();
    let trace = graph.run(&[vec![1.0, -2.0, -3.0, 4.0], vec![0.5, -1.0]]);
    assert_eq!(trace.values[graph.outputs[0]], [1.0, -1.0, 3.0, 4.0]);
}

#[test]
fn blocks_of_several_samples() {
    let attributes = || vec![int("blocksize", 2)];
    let graph = image(&[2, 1, 2, 2])
        .node_with("SpaceToDepth", &["x"], "deep", attributes())
        .node_with("DepthToSpace", &["deep"], "y", attributes())
        .output("deep")
        .output("y")
        .import();
    let x: Vec<f64> = (0..8).map(f64::from).collect();
    let trace = graph.run(&[x.clone()]);
    assert_eq!(trace.values[graph.outputs[0]], x);
    assert_eq!(trace.values[graph.outputs[1]], x);
}
