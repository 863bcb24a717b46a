//! Convolutional networks: every operator against tract, pools against their definition on
//! integers, and what folds.
#![allow(clippy::unwrap_used)]

mod by_cell;
#[path = "../common/mod.rs"]
mod common;
mod folding;
mod pools;
mod refusals;
mod support;

use common::{int, ints, text};
use support::{agrees, image, weighted};

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
