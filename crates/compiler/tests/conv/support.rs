//! Images, and what their integers are compared with.

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use verdict_compiler::{FloatGraph, Options, Reference, compile};
use verdict_model::{DataSet, OutOfDomain, execute};

use crate::common::{Dim, Onnx, ints};

pub(crate) fn numbers(rng: &mut ChaCha8Rng, count: usize) -> Vec<f32> {
    (0..count).map(|_| rng.gen_range(-1.0..1.0)).collect()
}

/// A graph with the input `x`.
pub(crate) fn image(shape: &[i64]) -> Onnx {
    Onnx::default().input("x", shape.iter().map(|d| Dim::Fixed(*d)).collect())
}

pub(crate) fn rows(graph: &FloatGraph, count: usize) -> DataSet {
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
pub(crate) fn agrees(graph: &FloatGraph) {
    let reference = Reference::new(graph).unwrap();
    let data = rows(graph, 8);
    let options = Options {
        activation_bits: Some(11),
        output_bits: Some(13),
        tune: false,
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
pub(crate) fn weighted(
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

/// `x → Conv → …`, so that there are planes to work on.
pub(crate) fn after_conv(size: i64, channels: i64) -> Onnx {
    let mut rng = ChaCha8Rng::seed_from_u64(2);
    image(&[1, 2, size, size])
        .weights(
            "k",
            &[channels, 2, 3, 3],
            &numbers(&mut rng, channels as usize * 18),
        )
        .node_with("Conv", &["x", "k"], "h", vec![ints("pads", &[1, 1, 1, 1])])
}
