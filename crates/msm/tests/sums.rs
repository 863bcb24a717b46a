//! Every sum equals the one that is made product by product, whatever points and scalars are.

#![allow(clippy::unwrap_used)]

mod common;

use common::{naive, points, rng, scalars, signed};
use halo2curves_axiom::bn256::{Fr, G1, G1Affine};
use halo2curves_axiom::ff::{Field, PrimeField};
use halo2curves_axiom::group::{Curve, Group};
use halo2curves_axiom::msm::msm_best;
use rand::Rng;
use verdict_msm::{Bases, MsmError};

/// Without a table, with a part of one, and with a whole one.
fn variants(points: &[G1Affine]) -> Vec<Bases> {
    let whole = Bases::table_bytes(points.len(), usize::MAX);
    let mut variants = vec![Bases::new(points)];
    for limit in [points.len() * 64, points.len() * 64 * 5, whole] {
        let bases = Bases::new(points).with_tables(limit);
        assert_eq!(
            bases.to_table_bytes().is_some(),
            Bases::table_bytes(points.len(), limit) > 0
        );
        variants.push(bases);
    }
    variants
}

fn check(points: &[G1Affine], scalars: &[Fr]) {
    let expected = naive(points, scalars);
    for bases in variants(points) {
        assert_eq!(bases.multiply(scalars).unwrap(), expected, "{bases:?}");
    }
}

fn check_small(points: &[G1Affine], scalars: &[i64]) {
    let elements = scalars
        .iter()
        .map(|value| signed(*value))
        .collect::<Vec<_>>();
    let expected = naive(points, &elements);
    for bases in variants(points) {
        assert_eq!(
            bases.multiply_small(scalars).unwrap(),
            expected,
            "{bases:?}"
        );
        assert_eq!(bases.multiply(&elements).unwrap(), expected, "{bases:?}");
    }
}

#[test]
fn no_points_and_no_scalars_give_infinity() {
    let identity = G1::identity();
    for count in [0, 1, 5] {
        for bases in variants(&points(count)) {
            assert_eq!(bases.multiply(&[]).unwrap(), identity);
            assert_eq!(bases.multiply_small(&[]).unwrap(), identity);
            assert_eq!(bases.multiply_columns(0, &[]).unwrap(), identity);
            assert_eq!(bases.multiply_columns(4, &[&[], &[]]).unwrap(), identity);
            assert_eq!(bases.multiply(&vec![Fr::ZERO; count]).unwrap(), identity);
        }
    }
}

#[test]
fn every_length_up_to_forty_and_fewer_scalars_than_points() {
    let points = points(40);
    for bases in variants(&points) {
        for length in 0..=40 {
            let scalars = scalars(length, 1 + length as u64);
            assert_eq!(bases.multiply(&scalars).unwrap(), naive(&points, &scalars));
        }
    }
}

#[test]
fn scalars_at_the_ends_of_the_field_and_of_windows() {
    let mut values = vec![
        Fr::ZERO,
        Fr::ONE,
        -Fr::ONE,
        -Fr::from(2),
        Fr::TWO_INV,
        -Fr::TWO_INV,
    ];
    let mut power = Fr::ONE;
    for _ in 0..254 {
        values.extend([power, -power, power - Fr::ONE, Fr::ONE - power]);
        power = power.double();
    }
    check(&points(values.len()), &values);
    for value in values.iter().step_by(37) {
        check(&points(1), &[*value]);
        check(&points(70), &[*value; 70]);
    }
}

#[test]
fn small_integers_of_every_length() {
    let mut values = vec![0, i64::MIN, i64::MAX, i64::MIN + 1];
    for bit in 0..63 {
        values.extend([1 << bit, -(1 << bit), (1 << bit) - 1, 1 - (1 << bit)]);
    }
    check_small(&points(values.len()), &values);
    let mut rng = rng(3);
    let bytes = (0..300)
        .map(|_| rng.gen_range(-128..=127))
        .collect::<Vec<i64>>();
    check_small(&points(300), &bytes);
    check_small(&points(300), &[-1; 300]);
    check_small(&points(2), &[1, 1]);
}

#[test]
fn equal_and_opposite_points_and_points_at_infinity() {
    let one = points(1)[0];
    let infinity = G1Affine::default();
    let mut rng = rng(5);
    let random = scalars(200, 9);
    // All equal: every addition of a run is a doubling, until its points differ by their counts.
    for count in [2, 3, 64, 200] {
        check(&vec![one; count], &random[..count]);
        check(&vec![one; count], &vec![random[0]; count]);
        check(&vec![one; count], &vec![Fr::ONE; count]);
    }
    // Opposite: every first sum is infinity, which the next rounds add.
    let opposite = (0..200).map(|i| if i % 2 == 0 { one } else { -one });
    let opposite = opposite.collect::<Vec<_>>();
    check(&opposite, &random);
    check(&opposite, &vec![random[0]; 200]);
    check(&opposite[..199], &vec![Fr::ONE; 199]);
    check_small(
        &vec![one; 200],
        &(0..200).map(|i| [5, -5][i % 2]).collect::<Vec<_>>(),
    );
    // Infinity, alone and among others.
    check(&vec![infinity; 200], &random);
    check(&[infinity], &[Fr::ONE]);
    let mixed = (0..200)
        .map(|_| [one, -one, infinity, (G1::from(one).double()).to_affine()][rng.gen_range(0..4)])
        .collect::<Vec<_>>();
    check(&mixed, &random);
    check(&mixed, &vec![-Fr::ONE; 200]);
    let few = (0..200)
        .map(|_| random[rng.gen_range(0..3)])
        .collect::<Vec<_>>();
    check(&mixed, &few);
}

#[test]
fn points_whose_multiples_meet_in_a_table() {
    // Row `q` of one point is the point of another, so buckets hold a point twice or with its
    // negative though the points differ.
    let base = G1::from(points(1)[0]);
    let points = (0..128)
        .map(|i| {
            let double = (0..i).fold(base, |point, _| point.double());
            if i % 3 == 0 { -double } else { double }.to_affine()
        })
        .collect::<Vec<_>>();
    check(&points, &scalars(128, 11));
    check(&points, &[Fr::from(0x0101_0101_0101_0101); 128]);
    let powers = (0..128).map(|i| Fr::TWO_INV.pow([i])).collect::<Vec<_>>();
    check(&points, &powers);
}

#[test]
fn long_sums_equal_the_library_s() {
    for (k, seed) in [(12, 20), (14, 21)] {
        let points = points(1 << k);
        let full = scalars(1 << k, seed);
        let mut rng = rng(seed);
        let small = (0..1 << k)
            .map(|_| rng.gen_range(-2000..2000))
            .collect::<Vec<i64>>();
        let elements = small.iter().map(|value| signed(*value)).collect::<Vec<_>>();
        // Each key once, one key for all, and a few keys: parts and segments of every size.
        let constant = vec![full[0]; 1 << k];
        let few = (0..1 << k).map(|i| full[i % 3]).collect::<Vec<_>>();
        for bases in variants(&points) {
            for scalars in [&full, &elements, &constant, &few] {
                assert_eq!(bases.multiply(scalars).unwrap(), msm_best(scalars, &points));
            }
            let expected = msm_best(&elements, &points);
            assert_eq!(bases.multiply_small(&small).unwrap(), expected);
        }
    }
}

#[test]
fn the_same_whatever_the_number_of_threads() {
    let points = points(1 << 12);
    let scalars = scalars(1 << 12, 4);
    for bases in variants(&points) {
        let of = |threads| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
            let sum = pool.unwrap().install(|| bases.multiply(&scalars).unwrap());
            // Not only the same point: the same representation of it.
            [sum.x, sum.y, sum.z]
        };
        let one = of(1);
        assert!([2, 3, 8].into_iter().all(|threads| of(threads) == one));
    }
}

#[test]
fn columns_go_with_every_so_manieth_point() {
    let points = points(500);
    let full = scalars(500, 6);
    for bases in variants(&points) {
        for (stride, lengths) in [
            (1, vec![500]),
            (4, vec![125, 125, 125, 125]),
            (4, vec![100, 0, 7]),
            (8, vec![62, 63, 1, 0, 0, 0, 0, 9]),
            (499, vec![2, 1]),
            (500, vec![1; 500]),
        ] {
            let mut spread = vec![Fr::ZERO; 500];
            let columns = lengths
                .iter()
                .enumerate()
                .map(|(column, &length)| {
                    for index in 0..length {
                        spread[index * stride + column] = full[column + index];
                    }
                    &full[column..(column + length).min(500)]
                })
                .collect::<Vec<_>>();
            let sum = bases.multiply_columns(stride, &columns).unwrap();
            assert_eq!(sum, naive(&points, &spread), "{stride} {lengths:?}");
        }
    }
}

#[test]
fn small_columns_equal_columns() {
    let points = points(90);
    let columns = [&[3, -4, 5_i64][..], &[], &[-1; 30]];
    let elements = columns.map(|column| column.iter().map(|v| signed(*v)).collect::<Vec<_>>());
    let elements = elements.each_ref().map(Vec::as_slice);
    for bases in variants(&points) {
        assert_eq!(
            bases.multiply_columns_small(3, &columns).unwrap(),
            bases.multiply_columns(3, &elements).unwrap()
        );
    }
}

#[test]
fn scalars_without_a_point_are_refused() {
    for bases in variants(&points(10)) {
        let too_many = |column, stride, scalars, needed| MsmError::TooManyScalars {
            column,
            stride,
            scalars,
            needed,
            points: 10,
        };
        assert_eq!(bases.multiply_small(&[0; 11]), Err(too_many(0, 1, 11, 11)));
        assert!(bases.multiply_columns_small(3, &[&[0; 4], &[0; 3]]).is_ok());
        assert_eq!(
            bases.multiply_columns_small(3, &[&[0; 4], &[0; 4]]),
            Err(too_many(1, 3, 4, 11))
        );
        assert_eq!(
            bases.multiply_columns_small(usize::MAX, &[&[0; 3]]),
            Err(too_many(0, usize::MAX, 3, usize::MAX))
        );
        assert_eq!(
            bases.multiply_columns_small(1, &[&[0], &[0]]),
            Err(MsmError::TooManyColumns {
                columns: 2,
                stride: 1
            })
        );
        assert_eq!(
            bases.multiply_columns_small(0, &[&[]]),
            Err(MsmError::TooManyColumns {
                columns: 1,
                stride: 0
            })
        );
    }
}
