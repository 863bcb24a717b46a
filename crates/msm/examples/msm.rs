//! What a point costs, against the library: `cargo run --release --example msm -p verdict-msm -- K`.
//!
//! Times are those of one thread; all are measured in turn, and the least of several rounds counts, so
//! that other work on the machine disturbs little.
#![allow(clippy::print_stdout, clippy::unwrap_used)]

use halo2curves_axiom::bn256::{Fr, G1, G1Affine};
use halo2curves_axiom::ff::Field;
use halo2curves_axiom::group::{Curve, Group};
use halo2curves_axiom::msm::msm_best;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha20Rng;
use std::hint::black_box;
use std::time::{Duration, Instant};
use verdict_msm::Bases;

/// How long what is compared is repeated.
const ROUNDS: Duration = Duration::from_secs(4);

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
    let start = Instant::now();
    let tables = Bases::new(points.as_slice()).with_tables(1 << 30);
    let made = start.elapsed();
    let bytes = tables.to_table_bytes().unwrap();
    let start = Instant::now();
    let read = Bases::new(points.as_slice())
        .with_table_bytes(&bytes, ChaCha20Rng::from_entropy())
        .unwrap();
    println!(
        "2^{k}: {read:?}, {} MiB, made in {made:.2?}, read in {:.2?}",
        bytes.len() >> 20,
        start.elapsed()
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
        let mut runs: Vec<Box<dyn Fn() -> G1 + '_>> = vec![
            Box::new(|| msm_best(&scalars, &points)),
            Box::new(|| plain.multiply(&scalars).unwrap()),
            Box::new(|| tables.multiply(&scalars).unwrap()),
        ];
        if let Some(values) = &small {
            runs.push(Box::new(|| plain.multiply_small(values).unwrap()));
            runs.push(Box::new(|| tables.multiply_small(values).unwrap()));
        }
        let times = times(k, &runs);
        let (library, without, with) = (times[0], times[1], times[2]);
        print!("  {name}: library {library:.2} µs, without table {without:.2}, with {with:.2}");
        print!(" ({:.2}, {:.2} times)", library / without, library / with);
        if let [_, _, _, without, with] = times[..] {
            print!("; as integers {without:.2}, {with:.2}");
        }
        println!();
    }
}

/// Microseconds a point of each, the least of several rounds over all of them.
fn times(k: u32, runs: &[Box<dyn Fn() -> G1 + '_>]) -> Vec<f64> {
    let mut least = vec![f64::INFINITY; runs.len()];
    let start = Instant::now();
    let mut rounds = 0;
    while rounds < 5 || start.elapsed() < ROUNDS {
        for (run, least) in runs.iter().zip(&mut least) {
            let start = Instant::now();
            black_box(run());
            *least = least.min(start.elapsed().as_secs_f64() * 1e6 / f64::from(1 << k));
        }
        rounds += 1;
    }
    least
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
