//! Pools against their definition, on the integers.

use proptest::prelude::*;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use verdict_compiler::{Options, Precision, compile};
use verdict_model::{Kernel, OutOfDomain, execute};

use crate::common::{int, ints};
use crate::support::{after_conv, agrees, image, numbers, rows};

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

    /// Every integer of a pool is the largest of the source's integers that its window shows,
    /// whatever their signs.
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
            tune: false,
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
