//! What the consumers' recurring transactions cost, by today's rules and by those that are planned.
//!
//! `cargo run --release -p verdict-stories --example recurring-gas`
#![allow(clippy::print_stdout)]

use std::error::Error;
use verdict_chain::Fork;
use verdict_stories::recurring;

fn main() -> Result<(), Box<dyn Error>> {
    println!("| consumer | transaction | Osaka | over bare | Amsterdam | over bare |");
    println!("|---|---|---|---|---|---|");
    let (now, then) = (recurring(Fork::Osaka)?, recurring(Fork::Amsterdam)?);
    for (now, then) in now.iter().zip(&then) {
        println!(
            "| {} | {} | {} | {:.2} | {} | {:.2} |",
            now.consumer,
            now.step,
            now.gas,
            now.ratio(),
            then.gas,
            then.ratio()
        );
    }
    Ok(())
}
