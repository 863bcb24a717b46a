//! scratch
use std::path::PathBuf;
use std::sync::Arc;
use verdict_model::*;
use verdict_circuit::*;
fn main() {
    let args: Vec<String> = std::env::args().collect();
    let (mut ok, mut bad) = (0, 0);
    let mut folders: Vec<PathBuf> = vec![];
    for a in &args[1..] {
        let p = PathBuf::from(a);
        if p.join("model.onnx").exists() { folders.push(p) } else { for e in std::fs::read_dir(p).unwrap() { folders.push(e.unwrap().path()); } }
    }
    for folder in folders {
        let Ok(float) = import(folder.join("model.onnx")) else { continue };
        let specs = float.input_specs();
        let data = DataSet::load(folder.join("calibration.npz"), &specs).or_else(|_| DataSet::load(folder.join("data.npz"), &specs)).unwrap();
        let data = DataSet::from_rows(data.rows()[..data.len().min(100)].to_vec(), &specs).unwrap();
        let model = compile(&float, &data, &Options { activation_bits: Some(8), ..Options::default() }).unwrap();
        let graph = Arc::new(model.graph().clone());
        match Lowered::new(graph.clone(), graph.functions.iter().map(|f| f.shift()).max().unwrap_or(1)) {
            Err(e) => { bad += 1; println!("{} LOWER {e} {}", folder.display(), std::fs::read_to_string(folder.join("ops")).unwrap_or_default()); }
            Ok(mut lowered) => {
                let cells: usize = float.tensors.iter().map(|t| t.len).sum();
                let mut line = format!("{} cells {cells} weights {} table {}", folder.display(), float.parameters(), model.manifest().table_entries);
                for width in [4, 8, 16] {
                    lowered.align_words(width);
                    let f = Footprint::new(&lowered.program, &lowered);
                    line += &match f.rows(&lowered.program, width) { Ok(r) => format!(" c{width} {r}"), Err(e) => { bad += 1; format!(" ERR {e}") } };
                }
                ok += 1;
                if args.len() > 2 || ok % 50 == 0 { println!("{line}"); }
            }
        }
    }
    println!("ok {ok} bad {bad}");
}
