#![allow(clippy::unwrap_used)]
use verdict_model::*;
#[test]
fn scratch() {
    for name in std::env::var("MODELS").unwrap().split(',') {
        let (name, out) = name.split_once('@').unwrap_or((name, ""));
        let dir = format!("/work/main/target/models/{name}");
        let t = std::time::Instant::now();
        let outs: Vec<&str> = if out.is_empty() { vec![] } else { vec![out] };
        let float = match import_outputs(format!("{dir}/model.onnx"), &outs) { Ok(f) => f, Err(e) => { println!("{name}: {e}"); continue } };
        let specs = float.input_specs();
        let cal = match DataSet::load(format!("{dir}/calibration.npz"), &specs) { Ok(f) => f, Err(e) => { println!("{name}: {e}"); continue } };
        let test = DataSet::load(format!("{dir}/test.npz"), &specs).unwrap();
        println!("{name}: import {:?} {} tensors; {} calibration, {} test rows", t.elapsed(), float.tensors.len(), cal.len(), test.len());
        for t in float.tensors.iter().filter(|t| t.shape.len() > 1) { println!("   {} {:?}", t.name, t.shape); }
        let t = std::time::Instant::now();
        let model = match compile(&float, &cal, &Options::default()) { Ok(m) => m, Err(e) => { println!("  {e}"); continue } };
        println!("   compile {:?} table entries {} bits {} in [{}, {}] missing {:?}", t.elapsed(), model.manifest().table_entries, model.manifest().activation_bits, model.manifest().inputs[0].min, model.manifest().inputs[0].max, model.manifest().inputs[0].missing.iter().take(5).collect::<Vec<_>>());
        model.save(format!("/tmp/mlproto/{}.verdict", name.replace("/", "_"))).unwrap();
        let report = accuracy(&Reference::new(&float).unwrap(), &float, &model, &test).unwrap();
        let mut changed = 0; let mut n = 0; let (mut se, mut ss, mut sy, mut cnt) = (0.0, 0.0, 0.0, 0.0);
        for row in test.rows() {
            let Ok(ints) = model.quantise_input(row, OutOfDomain::Saturate) else { continue };
            n += 1;
            let a = float.run(row); let b = float.run(&model.dequantise_input(&ints));
            changed += usize::from(float.tensors.iter().enumerate().any(|(i, t)| t.name.contains("/leaves") && a.values[i] != b.values[i]));
            let trace = execute(model.graph(), &ints).unwrap();
            let o = model.dequantise_output(&trace.outputs(model.graph()));
            let y = a.values[float.outputs[0]][0]; se += (o[0][0] - y).powi(2); ss += y * y; sy += y; cnt += 1.0;
        }
        println!("   rows {} outside {} max {} mean {} top1 {:?} import {} R2 loss {:.6}; changed leaf {changed}/{n}", report.rows, report.rows_outside_domain, report.max_abs_error, report.mean_abs_error, report.top1_agreement, report.import_error, se / (ss - sy * sy / cnt));
        for c in [4, 8, 16] { print!("   rows c={c} {:?}", rows(model.graph(), c)); }
        println!();
        for (i, f) in model.graph().functions.iter().enumerate() { print!("     f{i} {} {:?}", f.name(), f.table().map(|t| (t.shift, t.q_min, t.values.len()))); }
        println!();
    }
}
/// Rows of the tape by the lowering's rules, for width c.
fn rows(graph: &IntegerGraph, c: usize) -> (usize, usize, usize, usize) {
    use std::collections::BTreeMap;
    let n = graph.tensors.len();
    let mut level = vec![0usize; n];
    let mut planar = vec![None; n];
    for &o in &graph.outputs { level[o] = 1; }
    for (id, t) in graph.tensors.iter().enumerate().rev() {
        let Some(l) = t.layer.as_ref().filter(|_| level[id] > 0) else { continue };
        for term in &l.terms {
            level[term.source] = level[term.source].max(level[id] + 1);
            if let Kernel::Conv(k) = &term.kernel { planar[id] = Some(k.output[1]); planar[term.source] = Some(k.source[1]); }
        }
    }
    let last = 1 + (0..n).filter(|i| graph.tensors[*i].layer.is_some()).map(|i| level[i]).max().unwrap();
    for &i in &graph.inputs { level[i] = last; }
    // channels
    let mut first = vec![0usize; n];
    let mut count = vec![0usize; last + 1];
    for id in 0..n { if level[id] == 0 { continue }
        first[id] = count[level[id]];
        count[level[id]] += match planar[id] { Some(t) => graph.tensors[id].len / t, None => graph.tensors[id].len };
    }
    count[last] += 1;
    let place = |id: usize, cell: usize| -> (usize, usize, usize) {
        match planar[id] { Some(t) => (level[id], count[level[id]] - 1 - first[id] - cell / t, cell % t), None => (level[id], count[level[id]] - 1 - first[id] - cell, 0) }
    };
    let stream = |at: usize, taps: &BTreeMap<(usize, usize), (usize, usize)>| -> usize {
        // key (skip, shift) -> (low, high) exponents
        let _ = at;
        if taps.is_empty() { return 1 }
        let run = |start_high: bool| {
            let mut rows = 1; let mut pos: Option<(usize, usize, usize)> = None;
            for (&(skip, shift), &(lo, hi)) in taps.iter().rev() {
                let (lo, hi) = (lo / c, hi / c);
                let (s, p, b) = pos.unwrap_or((skip, shift, if start_high { hi } else { lo }));
                assert!(p >= shift, "shift grows");
                rows += s - skip + p - shift;
                let (dl, dh) = (b.abs_diff(lo), b.abs_diff(hi));
                rows += dl.min(dh) + hi - lo;
                pos = Some((skip, shift, if dl < dh { hi } else { lo }));
            }
            let (s, p, b) = pos.unwrap(); rows + s + p + b
        };
        run(true).min(run(false))
    };
    let add = |m: &mut BTreeMap<(usize, usize), (usize, usize)>, src: usize, (lv, e, p): (usize, usize, usize)| {
        let x = m.entry((src - 1 - lv, p)).or_insert((e, e)); *x = (x.0.min(e), x.1.max(e));
    };
    let mut taps: Vec<Vec<BTreeMap<(usize, usize), (usize, usize)>>> = graph.tensors.iter().map(|t| vec![BTreeMap::new(); t.len]).collect();
    let mut constant = vec![BTreeMap::new(); last + 1];
    let mut kernel_rows = 0; let mut cells = 0;
    for (id, t) in graph.tensors.iter().enumerate() {
        if level[id] == 0 { continue }
        cells += t.len * if planar[id].is_some() { 2 } else { 1 };
        let Some(l) = &t.layer else { continue };
        for (i, b) in l.bias.iter().enumerate() { if *b != 0 { let at = place(id, i); add(&mut constant[level[id]], level[id] + 1, at); } }
        for term in &l.terms {
            if let Kernel::Conv(k) = &term.kernel {
                for s in 0..k.channels[0] {
                    let mut m = BTreeMap::new();
                    for o in 0..k.channels[1] { if k.weight(o, s, 0, 0) != 0 { let (lv, e, _) = place(id, o * k.output[1]); add(&mut m, level[term.source], (lv, e, 0)); } }
                    kernel_rows += stream(0, &m);
                }
            } else {
                term.kernel.for_each(graph.tensors[term.source].len, |o, s, _| add(&mut taps[term.source][s], level[term.source], place(id, o)));
            }
        }
    }
    let mut input_rows = 0; let mut flat_rows = 0;
    for (id, t) in graph.tensors.iter().enumerate() {
        if level[id] == 0 { continue }
        let to_conv = graph.tensors.iter().any(|o| o.layer.as_ref().is_some_and(|l| l.terms.iter().any(|x| x.source == id && matches!(x.kernel, Kernel::Conv(_)))));
        if to_conv { continue }
        for m in &taps[id] { let r = stream(0, m); if t.layer.is_none() { input_rows += r } else { flat_rows += if planar[id].is_some() { r.saturating_sub(1) } else { r } } }
    }
    let c_rows = constant.iter().map(|m| stream(0, m)).sum::<usize>();
    (cells + kernel_rows + input_rows + flat_rows + c_rows, cells, input_rows, kernel_rows + flat_rows + c_rows)
}
