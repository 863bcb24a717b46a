//! Scratch: compile a model folder and print what came out.
#![allow(clippy::unwrap_used, clippy::print_stdout, missing_docs)]
use verdict_model::*;
fn main() {
    for name in std::env::args().skip(1) {
        let folder = std::path::PathBuf::from(&name);
        let t = std::time::Instant::now();
        let float = import(folder.join("model.onnx")).unwrap();
        let specs = float.input_specs();
        let calibration = DataSet::load(folder.join("calibration.npz"), &specs).unwrap();
        let test = DataSet::load(folder.join("test.npz"), &specs).unwrap();
        let bits: Option<u32> = std::env::var("BITS").ok().and_then(|b| b.parse().ok());
        let table_bits: Option<u32> = std::env::var("TABLE").ok().and_then(|b| b.parse().ok());
        let goal = match std::env::var("GOAL").as_deref() {
            Ok("time") => Goal::Time,
            Ok("gas") => Goal::Gas,
            _ => Goal::Balanced,
        };
        let options = Options {
            activation_bits: bits,
            table_bits,
            goal,
            ..Options::default()
        };
        let model = compile(&float, &calibration, &options).unwrap();
        let report = accuracy(&Reference::new(&float).unwrap(), &float, &model, &test).unwrap();
        println!(
            "{name}: bits {} top1 {:?} max err {:.4} import {:.1e} tensors {} cells {} tables {} entries {} in {:?}",
            model.manifest().activation_bits,
            report.top1_agreement,
            report.max_abs_error,
            report.import_error,
            model.graph().tensors.len(),
            model.graph().tensors.iter().map(|t| t.len).sum::<usize>(),
            model.graph().functions.len(),
            model.manifest().table_entries,
            t.elapsed()
        );
        if std::env::var("V").is_ok() {
            for (id, t) in model.graph().tensors.iter().enumerate() {
                let f = t.layer.as_ref().map(|l| {
                    (
                        l.function,
                        model.graph().functions[l.function].name().to_owned(),
                        model.graph().functions[l.function].shift(),
                        model.graph().functions[l.function]
                            .table()
                            .map_or(0, |t| t.values.len()),
                    )
                });
                let r = report.layers.iter().find(|l| l.name == t.name);
                println!(
                    "  {id} {} {:?} [{}, {}] scale {:.3e} {:?} err {:?}",
                    t.name,
                    t.shape,
                    t.min,
                    t.max,
                    t.scale,
                    f,
                    r.map(|r| (r.max_abs_error, r.max_step_error, r.saturated))
                );
            }
        }
    }
}
