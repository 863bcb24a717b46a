//! Tables take what they say, hold what they should, and are believed only after a check.

#![allow(clippy::unwrap_used)]

mod common;

use common::{points, rng, scalars};
use halo2curves_axiom::bn256::{G1, G1Affine};
use halo2curves_axiom::ff::PrimeField;
use halo2curves_axiom::group::Curve;
use verdict_msm::{Bases, MsmError};

const HEADER: usize = 28;

/// The bytes of a table and the points it is of, which include infinity.
fn table(limit: usize) -> (Vec<G1Affine>, Vec<u8>) {
    let mut points = points(20);
    points[3] = G1Affine::default();
    let bases = Bases::new(points.as_slice()).with_tables(limit);
    (points, bases.to_table_bytes().unwrap())
}

fn read(points: &[G1Affine], bytes: &[u8]) -> Result<Bases, MsmError> {
    Bases::new(points).with_table_bytes(bytes, rng(1))
}

#[test]
fn a_table_takes_what_was_predicted_and_never_more_than_the_limit() {
    for count in [1, 20, 300] {
        let points = points(count);
        for rows in [0, 1, 2, 3, 7, 16, 40, 1000] {
            let limit = rows * count * 64 + 63;
            let predicted = Bases::table_bytes(count, limit);
            assert!(predicted <= limit);
            assert_eq!(predicted > 0, rows > 0);
            let bases = Bases::new(points.as_slice()).with_tables(limit);
            let taken = bases
                .to_table_bytes()
                .map_or(0, |bytes| bytes.len() - HEADER);
            assert_eq!(taken, predicted);
        }
    }
    assert_eq!(Bases::table_bytes(0, usize::MAX), 0);
    // More points than 32-bit indices can tell apart have no table, whatever the limit.
    assert_eq!(Bases::table_bytes(1 << 31, usize::MAX), 0);
    assert!(Bases::table_bytes(1 << 30, usize::MAX) > 0);
}

#[test]
fn tables_are_read_back_as_written() {
    for limit in [20 * 64, 20 * 64 * 6, usize::MAX] {
        let (points, bytes) = table(limit);
        let bases = read(&points, &bytes).unwrap();
        assert_eq!(bases.to_table_bytes().unwrap(), bytes);
        let made = Bases::new(points.as_slice());
        let scalars = scalars(20, 2);
        assert_eq!(bases.multiply(&scalars), made.multiply(&scalars));
    }
}

fn refused(points: &[G1Affine], bytes: &[u8], why: &str) {
    let Err(MsmError::Table { reason, .. }) = read(points, bytes) else {
        panic!("taken: {why}");
    };
    assert!(reason.contains(why), "{reason}: not {why}");
}

#[test]
fn bytes_of_another_shape_are_refused() {
    let (points, bytes) = table(usize::MAX);
    for length in [0, 1, HEADER - 1] {
        refused(&points, &bytes[..length], "shorter than its header");
    }
    for length in [HEADER, bytes.len() - 64, bytes.len() - 1] {
        refused(&points, &bytes[..length], "its length");
    }
    refused(&points, &[&bytes[..], &[0; 64]].concat(), "its length");
    refused(&points[..19], &bytes, "another number of points");
    let with = |at: usize, word: u32| {
        let mut bytes = bytes.clone();
        bytes[at..at + 4].copy_from_slice(&word.to_le_bytes());
        bytes
    };
    refused(&points, &with(0, 0), "does not begin");
    for bits in [0, 1, 2, 23, 64, u32::MAX] {
        refused(&points, &with(12, bits), "windows that no table has");
    }
    for shared in [0, 200, u32::MAX] {
        refused(&points, &with(16, shared), "windows that no table has");
    }
    refused(&points, &with(20, 21), "another number of points");
    refused(&points, &with(24, 1), "another number of points");
}

#[test]
fn no_header_and_no_byte_makes_the_reader_panic() {
    let (points, bytes) = table(20 * 64 * 3);
    for at in 0..HEADER + 128 {
        for value in [0, 1, 3, 0x7f, 0x80, 0xff] {
            let mut bytes = bytes.clone();
            if bytes[at] != value {
                bytes[at] = value;
                assert!(read(&points, &bytes).is_err(), "byte {at} as {value}");
            }
        }
    }
}

#[test]
fn every_wrong_point_is_found() {
    let (points, bytes) = table(20 * 64 * 6);
    let rows = (bytes.len() - HEADER) / 64;
    let put = |at: usize, point: &G1Affine| {
        let mut bytes = bytes.clone();
        let place = HEADER + at * 64;
        bytes[place..place + 32].copy_from_slice(&point.x.to_repr());
        bytes[place + 32..place + 64].copy_from_slice(&point.y.to_repr());
        bytes
    };
    let get = |at: usize| {
        let place = HEADER + at * 64;
        let coordinate = |place: usize| {
            let bytes: [u8; 32] = bytes[place..place + 32].try_into().unwrap();
            halo2curves_axiom::bn256::Fq::from_repr(bytes).unwrap()
        };
        G1Affine {
            x: coordinate(place),
            y: coordinate(place + 32),
        }
    };
    let wrong = "not the multiple";
    for at in 0..rows {
        let point = get(at);
        let infinite = point == G1Affine::default();
        refused(
            &points,
            &put(at, &(G1::from(point) + G1::generator()).to_affine()),
            wrong,
        );
        if !infinite {
            refused(&points, &put(at, &-point), wrong);
            refused(&points, &put(at, &G1Affine::default()), wrong);
            let off_curve = G1Affine {
                x: point.y,
                y: point.x,
            };
            refused(&points, &put(at, &off_curve), "not on the curve");
        }
    }
    // Points in each other's places keep every plain sum of a row.
    let (first, second) = (get(20), get(21));
    let mut swapped = put(20, &second);
    swapped[HEADER + 21 * 64..HEADER + 22 * 64]
        .copy_from_slice(&put(21, &first)[HEADER + 21 * 64..HEADER + 22 * 64]);
    refused(&points, &swapped, wrong);
    // So do errors that cancel.
    let step = G1::generator();
    let cancelling = put(0, &(G1::from(get(0)) + step).to_affine());
    let mut cancelling = cancelling;
    let other = put(1, &(G1::from(get(1)) - step).to_affine());
    cancelling[HEADER + 64..HEADER + 128].copy_from_slice(&other[HEADER + 64..HEADER + 128]);
    refused(&points, &cancelling, wrong);
    // The table of other points is a table, but not of these.
    let mut others = points.clone();
    others.swap(0, 1);
    refused(&others, &bytes, wrong);
    // A coordinate that is not reduced.
    let mut unreduced = bytes.clone();
    unreduced[HEADER..HEADER + 32].fill(0xff);
    refused(&points, &unreduced, "not on the curve");
}
