//! What one proof for many accounts costs the airdrop, with real proofs on the embedded EVM.
//!
//! `cargo run --release -p verdict-stories --example airdrop-gas -- 1 100 1000`
#![allow(clippy::print_stdout)]

use std::error::Error;
use verdict_chain::Fork;
use verdict_stories::cost_of_batch;

fn main() -> Result<(), Box<dyn Error>> {
    let sizes = std::env::args()
        .skip(1)
        .map(|size| {
            size.parse()
                .map_err(|_| format!("`{size}` is no number of accounts"))
        })
        .collect::<Result<Vec<usize>, _>>()?;
    if sizes.is_empty() || sizes.contains(&0) {
        return Err("how many accounts? for example: airdrop-gas 1 100 1000".into());
    }
    println!("accounts   k   prove  acceptBatch  an account  verification alone  an account");
    for size in sizes {
        let cost = cost_of_batch(size, Fork::Osaka)?;
        let each = |gas: u64| gas as f64 / size as f64;
        println!(
            "{size:>8}  {:>2}  {:>4.1} s  {:>11}  {:>10.0}  {:>18}  {:>10.0}",
            cost.k,
            cost.seconds,
            cost.gas,
            each(cost.gas),
            cost.gas_verification,
            each(cost.gas_verification)
        );
    }
    Ok(())
}
