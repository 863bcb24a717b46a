//! Random shapes, points and scalars.

#![allow(clippy::unwrap_used)]

mod common;

use common::{naive, points, rng, scalars, signed};
use halo2curves_axiom::bn256::{Fr, G1Affine};
use halo2curves_axiom::ff::Field;
use proptest::prelude::*;
use std::sync::LazyLock;
use verdict_msm::Bases;

static POINTS: LazyLock<Vec<G1Affine>> = LazyLock::new(|| points(32));
static SCALARS: LazyLock<Vec<Fr>> = LazyLock::new(|| scalars(16, 1));

/// A scalar of one of the kinds that take a path of their own.
fn scalar() -> impl Strategy<Value = Fr> {
    prop_oneof![
        Just(Fr::ZERO),
        any::<i64>().prop_map(signed),
        (-5_i64..5).prop_map(signed),
        (0_usize..16).prop_map(|index| SCALARS[index]),
        (0_usize..16).prop_map(|index| -SCALARS[index]),
        any::<[u64; 4]>().prop_map(Fr::from_raw),
    ]
}

/// One of a few points, its negative, or infinity.
fn point() -> impl Strategy<Value = G1Affine> {
    prop_oneof![
        4 => (0_usize..32).prop_map(|index| POINTS[index]),
        4 => (0_usize..32).prop_map(|index| -POINTS[index]),
        1 => Just(G1Affine::default()),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn sums_equal_the_naive_one(
        pairs in prop::collection::vec((point(), scalar()), 0..80),
        rows in 0_usize..40,
    ) {
        let (points, scalars): (Vec<_>, Vec<_>) = pairs.into_iter().unzip();
        let expected = naive(&points, &scalars);
        let limit = rows * points.len() * 64;
        let bases = Bases::new(points).with_tables(limit);
        prop_assert_eq!(bases.multiply(&scalars).unwrap(), expected);
    }

    #[test]
    fn columns_equal_what_they_are_spread_to(
        columns in prop::collection::vec(prop::collection::vec(any::<i64>(), 0..6), 1..5),
        extra in 0_usize..3,
        rows in 0_usize..20,
    ) {
        let stride = columns.len() + extra;
        let mut spread = vec![Fr::ZERO; 5 * stride + columns.len()];
        for (column, values) in columns.iter().enumerate() {
            for (index, value) in values.iter().enumerate() {
                spread[index * stride + column] = signed(*value);
            }
        }
        let points = points(spread.len());
        let expected = naive(&points, &spread);
        let bases = Bases::new(points).with_tables(rows * spread.len() * 64);
        let columns = columns.iter().map(Vec::as_slice).collect::<Vec<_>>();
        prop_assert_eq!(bases.multiply_columns_small(stride, &columns).unwrap(), expected);
    }

    #[test]
    fn arbitrary_bytes_are_an_error(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        let read = Bases::new(points(2)).with_table_bytes(&bytes, rng(1));
        prop_assert!(read.is_err());
    }
}
