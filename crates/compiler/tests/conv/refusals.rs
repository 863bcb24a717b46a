//! What a refusal says.

use verdict_compiler::CompileError;

use crate::common::{Onnx, int, ints, text};
use crate::support::{image, weighted};

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
fn of_convolutions() {
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
}

#[test]
fn of_pools_and_blocks() {
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
}

#[test]
fn of_resizing_and_slopes() {
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
}
