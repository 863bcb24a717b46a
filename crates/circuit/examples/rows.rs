#![allow(missing_docs, clippy::unwrap_used, clippy::print_stdout)]
use std::sync::Arc;
use verdict_model::*;
use verdict_circuit::{plan, Limits};
fn main() {
    for name in std::env::args().skip(1) {
        let folder = std::path::PathBuf::from(&name);
        let float = import(folder.join("model.onnx")).unwrap();
        let calibration = DataSet::load(folder.join("calibration.npz"), &float.input_specs()).unwrap();
        let bits: Option<u32> = std::env::var("BITS").ok().and_then(|b| b.parse().ok());
        let options = Options { activation_bits: bits, ..Options::default() };
        let model = compile(&float, &calibration, &options).unwrap();
        let graph = Arc::new(model.graph().clone());
        println!("{name}: cells {} tables {}", graph.tensors.iter().map(|t| t.len).sum::<usize>(), model.manifest().table_entries);
        match plan(graph, Goal::Balanced, Limits::default()) {
            Ok(plan) => { for c in &plan.candidates { println!("  w {} k {} rows {} limb {} {:.1}s {:.0} gas", c.width, c.k, c.rows, c.limb_bits, c.seconds, c.gas); } println!("  chosen {:?}", plan.chosen) },
            Err(e) => println!("  {e}"),
        }
    }
}
