//! What a point costs, against the library: `cargo run --release --example msm -p verdict-msm -- K`.
//!
//! Times are those that one thread had a processor (Linux tells), and the best of several, so that
//! other work on the machine disturbs little.
#![allow(clippy::print_stdout, clippy::unwrap_used)]

use halo2curves_axiom::bn256::{Fr, G1, G1Affine};
use halo2curves_axiom::ff::Field;
use halo2curves_axiom::group::{Curve, Group};
use halo2curves_axiom::msm::msm_best;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha20Rng;
use std::hint::black_box;
use std::time::Duration;
use verdict_msm::Bases;

fn main() {
    let mut heights = std::env::args()
        .skip(1)
        .map(|k| k.parse::<u32>().unwrap())
        .collect::<Vec<_>>();
    if heights.is_empty() {
        heights = vec![13];
    }
    let pool = rayon::ThreadPoolBuilder::new()
        .num_threads(1)
        .use_current_thread()
        .build();
    pool.unwrap()
        .install(|| heights.into_iter().for_each(measure));
}

fn measure(k: u32) {
    let points = points(1 << k);
    let plain = Bases::new(points.as_slice());
    let start = cpu_time();
    let tables = Bases::new(points.as_slice()).with_tables(1 << 30);
    let made = cpu_time() - start;
    let bytes = tables.to_table_bytes().unwrap();
    let start = cpu_time();
    let read = Bases::new(points.as_slice())
        .with_table_bytes(&bytes, ChaCha20Rng::from_entropy())
        .unwrap();
    println!(
        "2^{k}: {read:?}, {} MiB, made in {made:.2?}, read in {:.2?}",
        bytes.len() >> 20,
        cpu_time() - start
    );
    let mut rng = ChaCha20Rng::seed_from_u64(1);
    let mut small = |bound: i64, signed: bool| {
        let least = if signed { -bound } else { 0 };
        (0..1 << k)
            .map(|_| rng.gen_range(least..bound))
            .collect::<Vec<i64>>()
    };
    let kinds = [
        ("12 bits", Some(small(1 << 12, false))),
        ("8 bits, signed", Some(small(1 << 7, true))),
        ("full", None),
    ];
    for (name, small) in kinds {
        let scalars: Vec<Fr> = match &small {
            Some(values) => values.iter().map(|value| element(*value)).collect(),
            None => (0..1 << k).map(|_| Fr::random(&mut rng)).collect(),
        };
        let library = time(k, || msm_best(&scalars, &points));
        let without = time(k, || plain.multiply(&scalars).unwrap());
        let with = time(k, || tables.multiply(&scalars).unwrap());
        print!("  {name}: library {library:.2} µs, without table {without:.2}, with {with:.2}");
        print!(" ({:.2}, {:.2} times)", library / without, library / with);
        if let Some(values) = &small {
            let without = time(k, || plain.multiply_small(values).unwrap());
            let with = time(k, || tables.multiply_small(values).unwrap());
            print!("; as integers {without:.2}, {with:.2}");
        }
        println!();
    }
}

/// How long this thread had a processor.
fn cpu_time() -> Duration {
    let stat = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap();
    Duration::from_nanos(stat.split(' ').next().unwrap().parse().unwrap())
}

/// Microseconds a point, the best of three stretches that are long against the clock's steps.
fn time(k: u32, run: impl Fn() -> G1) -> f64 {
    let best = (0..3)
        .map(|_| {
            let start = cpu_time();
            let mut runs = 0;
            loop {
                black_box(run());
                runs += 1;
                let taken = cpu_time() - start;
                if taken > Duration::from_millis(150) {
                    return taken / runs;
                }
            }
        })
        .min();
    best.unwrap().as_secs_f64() * 1e6 / f64::from(1 << k)
}

fn element(value: i64) -> Fr {
    let magnitude = Fr::from(value.unsigned_abs());
    if value < 0 { -magnitude } else { magnitude }
}

fn points(count: usize) -> Vec<G1Affine> {
    let mut point = G1::generator();
    let projective = (0..count)
        .map(|_| {
            point = point.double() + G1::generator();
            point
        })
        .collect::<Vec<_>>();
    let mut affine = vec![G1Affine::default(); count];
    G1::batch_normalize(&projective, &mut affine);
    affine
}
