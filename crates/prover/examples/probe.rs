#![allow(clippy::all, missing_docs, clippy::unwrap_used, clippy::print_stdout)]
fn main() {
    let srs = verdict_prover::Srs::development(1);
    println!("{:?}", srs.tau_g2());
}
