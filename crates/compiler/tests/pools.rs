//! Pools that no node test of the `onnx` package has.
#![allow(clippy::unwrap_used)]

mod common;

use common::{Dim, Onnx, int};

#[test]
fn a_global_pool_is_the_root_of_the_sum_of_powers() {
    let row = [3.0, -4.0, 0.0, 12.0, -1.0, 1.0, 1.0, -1.0];
    let expected = |power: i32| -> Vec<f64> {
        let sums = row.chunks(4).map(|channel| {
            let powers = channel.iter().map(|value: &f64| value.abs().powi(power));
            powers.sum::<f64>()
        });
        sums.map(|sum| sum.powf(1.0 / f64::from(power))).collect()
    };
    assert_eq!(expected(2), [13.0, 2.0]);
    for power in [1, 2, 3] {
        let graph = Onnx::default()
            .input(
                "x",
                vec![Dim::Named("N"), Dim::Fixed(2), Dim::Fixed(2), Dim::Fixed(2)],
            )
            .node_with("GlobalLpPool", &["x"], "y", vec![int("p", power.into())])
            .output("y")
            .opset(17)
            .import();
        let found = graph.run(&[row.to_vec()]).values[graph.outputs[0]].clone();
        for (found, expected) in found.iter().zip(expected(power)) {
            assert!(
                (found - expected).abs() < 1e-9,
                "{power}: {found}, {expected}"
            );
        }
        assert_eq!(found.len(), 2);
    }
}
