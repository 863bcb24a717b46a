//! What a point costs, against the library: `cargo run --release --example msm -p verdict-msm -- K…`.
//!
//! Times are what one thread's clock says, which stands still while other work has the processor.
//! All that is compared is measured in turn, and the least of several rounds counts. Tables are made
//! up to `2^18` points.
#![allow(clippy::print_stdout, clippy::unwrap_used)]

use halo2curves_axiom::bn256::{Fr, G1, G1Affine};
use halo2curves_axiom::ff::Field;
use halo2curves_axiom::group::{Curve, Group};
use halo2curves_axiom::msm::msm_best;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha20Rng;
use rustix::time::{ClockId, clock_gettime};
use std::hint::black_box;
use verdict_msm::Bases;

/// How many seconds of each comparison are measured.
const SECONDS: f64 = 6.0;

fn main() {
    let heights = std::env::args().skip(1).map(|k| k.parse().unwrap());
    let heights = heights.collect::<Vec<u32>>();
    // The clock is this thread's, so it does all the work.
    let pool = rayon::ThreadPoolBuilder::new()
        .num_threads(1)
        .use_current_thread();
    let measure_all = || heights.into_iter().for_each(measure);
    pool.build().unwrap().install(measure_all);
}

fn measure(k: u32) {
    let points = points(1 << k);
    let plain = Bases::new(points.as_slice());
    let tables = (k <= 18).then(|| with_tables(k, &points));
    let mut rng = ChaCha20Rng::seed_from_u64(1);
    let mut small = |range: std::ops::Range<i64>| {
        let values = (0..1 << k).map(|_| rng.gen_range(range.clone()));
        values.collect::<Vec<_>>()
    };
    for (name, small) in [
        ("full", None),
        ("12 bits", Some(small(0..1 << 12))),
        ("signed 8 bits", Some(small(-128..128))),
    ] {
        let mut rng = ChaCha20Rng::seed_from_u64(2);
        let scalars: Vec<Fr> = match &small {
            Some(values) => values.iter().map(|value| element(*value)).collect(),
            None => (0..1 << k).map(|_| Fr::random(&mut rng)).collect(),
        };
        let mut runs: Vec<Run<'_>> = vec![
            ("library", Box::new(|| msm_best(&scalars, &points))),
            ("no table", Box::new(|| plain.multiply(&scalars).unwrap())),
        ];
        if let Some(tables) = &tables {
            runs.push(("table", Box::new(|| tables.multiply(&scalars).unwrap())));
            if let Some(values) = &small {
                let run = || tables.multiply_small(values).unwrap();
                runs.push(("table, as integers", Box::new(run)));
            }
        }
        print!("  {name}:");
        let times = times(&runs);
        for ((name, _), time) in runs.iter().zip(&times) {
            let micros = time * 1e6 / f64::from(1 << k);
            print!(" {name} {micros:.2} µs ({:.2}×);", times[0] / time);
        }
        println!();
    }
}

/// The table, what it took to make it, and to read it.
fn with_tables(k: u32, points: &[G1Affine]) -> Bases {
    let bases = Bases::new(points);
    let start = now();
    let tables = bases.clone().with_tables(1 << 30);
    let made = now() - start;
    let bytes = tables.to_table_bytes().unwrap();
    let start = now();
    let read = bases.with_table_bytes(&bytes, ChaCha20Rng::from_entropy());
    println!(
        "2^{k}: {:?}, {} MiB, made in {made:.2} s, read in {:.2} s",
        read.unwrap(),
        Bases::table_bytes(points.len(), 1 << 30) >> 20,
        now() - start
    );
    tables
}

type Run<'a> = (&'static str, Box<dyn Fn() -> G1 + 'a>);

/// Seconds of each, the least of several rounds over all of them.
fn times(runs: &[Run<'_>]) -> Vec<f64> {
    let mut least = vec![f64::INFINITY; runs.len()];
    let start = now();
    let mut rounds = 0;
    while rounds < 3 || now() - start < SECONDS {
        for ((_, run), least) in runs.iter().zip(&mut least) {
            let start = now();
            black_box(run());
            *least = least.min(now() - start);
        }
        rounds += 1;
    }
    least
}

/// Seconds for which this thread has had a processor.
fn now() -> f64 {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    time.tv_sec as f64 + time.tv_nsec as f64 * 1e-9
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
