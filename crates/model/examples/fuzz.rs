//! scratch
use std::path::PathBuf;
use verdict_model::*;
fn main() {
    let root = PathBuf::from(std::env::args().nth(1).unwrap());
    let mut names: Vec<_> = std::fs::read_dir(&root)
        .unwrap()
        .map(|e| e.unwrap().path())
        .collect();
    names.sort();
    let (mut ok, mut bad, mut refused) = (0, 0, 0);
    for folder in names {
        let ops = std::fs::read_to_string(folder.join("ops")).unwrap();
        let float = match import(folder.join("model.onnx")) {
            Ok(f) => f,
            Err(e) => {
                refused += 1;
                println!("{} REFUSED {e} [{ops}]", folder.display());
                continue;
            }
        };
        let data = DataSet::load(folder.join("data.npz"), &float.input_specs()).unwrap();
        let bytes = std::fs::read(folder.join("expected.npy")).unwrap();
        let head = u16::from_le_bytes([bytes[8], bytes[9]]) as usize + 10;
        let expected: Vec<f64> = bytes[head..]
            .chunks(8)
            .map(|b| f64::from_le_bytes(b.try_into().unwrap()))
            .collect();
        let width = expected.len() / data.len();
        let mut worst = 0.0f64;
        let mut big = 0.0f64;
        for (row, e) in data.rows().iter().zip(expected.chunks(width)) {
            let got = &float.run(row).values[float.outputs[0]];
            if got.len() != e.len() {
                worst = f64::INFINITY;
                println!("len {} vs {}", got.len(), e.len());
                break;
            }
            for (a, b) in got.iter().zip(e) {
                worst = worst.max((a - b).abs());
                big = big.max(b.abs());
            }
        }
        if worst > 1e-4 * big.max(1.0) {
            bad += 1;
            println!("{} WRONG {worst} [{ops}]", folder.display());
            continue;
        }
        let model = match compile(
            &float,
            &data,
            &Options {
                activation_bits: Some(10),
                output_bits: Some(12),
                ..Options::default()
            },
        ) {
            Ok(m) => m,
            Err(e) => {
                bad += 1;
                println!("{} COMPILE {e} [{ops}]", folder.display());
                continue;
            }
        };
        let mut off = 0.0f64;
        for (row, e) in data.rows().iter().zip(expected.chunks(width)) {
            let ints = model.quantise_input(row, OutOfDomain::Saturate).unwrap();
            let trace = execute(model.graph(), &ints).unwrap();
            for (a, b) in model.dequantise_output(&trace.outputs(model.graph()))[0]
                .iter()
                .zip(e)
            {
                off = off.max((a - b).abs());
            }
        }
        if off > 0.05 * big.max(0.01) {
            println!("{} IMPRECISE {off} of {big} [{ops}]", folder.display());
        }
        // layout
        let g = model.graph();
        let mut planar = vec![None; g.tensors.len()];
        let mut clash = false;
        for (id, t) in g.tensors.iter().enumerate() {
            for term in t.layer.iter().flat_map(|l| &l.terms) {
                if let Kernel::Conv(c) = &term.kernel {
                    for (id, size) in [
                        (term.source, (c.channels[0], c.source)),
                        (id, (c.channels[1], c.output)),
                    ] {
                        if *planar[id].get_or_insert(size) != size {
                            clash = true;
                        }
                    }
                }
            }
        }
        for (id, t) in g.tensors.iter().enumerate() {
            for term in t.layer.iter().flat_map(|l| &l.terms) {
                if !matches!(term.kernel, Kernel::Conv(_))
                    && planar[id].is_some()
                    && planar[term.source].is_some()
                {
                    clash = true;
                }
            }
        }
        if clash {
            bad += 1;
            println!("{} LAYOUT [{ops}]", folder.display());
            continue;
        }
        ok += 1;
    }
    println!("ok {ok} bad {bad} refused {refused}");
}
