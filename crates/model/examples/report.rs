//! scratch: compile a model folder and report.
use std::path::PathBuf;
use std::time::Instant;
use verdict_model::*;
fn main() {
    let folder = PathBuf::from(std::env::args().nth(1).unwrap());
    let t = Instant::now();
    let float = import(folder.join("model.onnx")).unwrap();
    println!(
        "import {:?}: {} tensors, {} parameters, {} cells",
        t.elapsed(),
        float.tensors.len(),
        float.parameters(),
        float.tensors.iter().map(|t| t.len).sum::<usize>()
    );
    let specs = float.input_specs();
    let calibration = DataSet::load(folder.join("calibration.npz"), &specs).unwrap();
    let test = DataSet::load(folder.join("test.npz"), &specs).unwrap();
    println!("calibration {} test {}", calibration.len(), test.len());
    let t = Instant::now();
    let model = compile(&float, &calibration, &Options::default()).unwrap();
    println!("compile {:?}", t.elapsed());
    for (i, t) in model.graph().tensors.iter().enumerate() {
        if let Some(l) = &t.layer {
            let kinds: Vec<String> = l
                .terms
                .iter()
                .map(|t| match &t.kernel {
                    Kernel::Dense { weights } => format!("dense[{}]<-{}", weights.len(), t.source),
                    Kernel::Sparse { entries } => {
                        format!("sparse[{}]<-{}", entries.len(), t.source)
                    }
                    Kernel::Conv(c) => format!(
                        "conv{:?}s{:?}u{:?}[{}]<-{}",
                        c.size,
                        c.stride,
                        c.up,
                        c.non_zero(),
                        t.source
                    ),
                })
                .collect();
            let uniform = l.bias.iter().all(|b| *b == l.bias[0]);
            println!(
                "{i} {} {:?} [{}, {}] scale {:.3e} f{} {} bias {} {:?}",
                t.name,
                t.shape,
                t.min,
                t.max,
                t.scale,
                l.function,
                model.graph().functions[l.function].name(),
                uniform,
                kinds
            );
        } else {
            println!(
                "{i} input {:?} [{}, {}] scale {}",
                t.shape, t.min, t.max, t.scale
            );
        }
    }
    for f in &model.graph().functions {
        println!(
            "{} shift {} entries {}",
            f.name(),
            f.shift(),
            f.table().map_or(0, |t| t.values.len())
        );
    }
    println!(
        "bits {} table entries {} bytes {}",
        model.manifest().activation_bits,
        model.manifest().table_entries,
        model.to_bytes().unwrap().len()
    );
    let t = Instant::now();
    let report = accuracy(&Reference::new(&float).unwrap(), &float, &model, &test).unwrap();
    println!(
        "report {:?}: rows {} outside {} top1 agreement {:?} import error {} max error {}",
        t.elapsed(),
        report.rows,
        report.rows_outside_domain,
        report.top1_agreement,
        report.import_error,
        report.max_abs_error
    );
    for l in &report.layers {
        println!(
            "  {} step error {:.2} saturated {}",
            l.name, l.max_step_error, l.saturated
        );
    }
    println!(
        "peak {}",
        std::fs::read_to_string("/proc/self/status")
            .unwrap()
            .lines()
            .find(|l| l.starts_with("VmHWM"))
            .unwrap()
    );
}
