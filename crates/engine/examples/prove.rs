//! Proves the first row of a data file under the development set-up and writes the proof:
//! `cargo run --release -p verdict-engine --example prove -- model.verdict input.json proof.json`

use std::{error::Error, path::Path};
use verdict_engine::{Engine, OpenOptions, Salts, Setup, silent};
use verdict_model::{CompiledModel, DataSet, OutOfDomain};

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [model, input, out] = arguments.as_slice() else {
        return Err("usage: prove MODEL.verdict INPUT PROOF.json".into());
    };
    let model = CompiledModel::load(model)?;
    let data = DataSet::load(input, &model.manifest().input_specs())?;
    let row = data.rows().first().ok_or("the data file has no rows")?;
    let item = model.quantise_input(row, OutOfDomain::Reject)?;
    // INSECURE: everybody knows its secret. `Setup::imported` takes a ceremony's.
    let engine = Engine::new(Setup::development(None));
    let session = engine.open(model, OpenOptions::default(), &silent)?;
    // What the consumer contract computes; zero binds the proof to nobody.
    let context = alloy_primitives::B256::ZERO;
    let proof = session.prove(&[item], Salts::Random, context, &silent)?;
    let saved = proof.save(Path::new(out))?;
    report(&saved.proof, proof.proof().len());
    Ok(())
}

#[allow(clippy::print_stdout)]
fn report(path: &Path, bytes: usize) {
    println!("{bytes} B of proof in {}", path.display());
}
