//! `.verdict` files: round trips, damage, hostile contents.
#![allow(clippy::unwrap_used)]

mod common;

use common::{File, model};
use sha3::{Digest, Keccak256};
use verdict_model::{
    CompiledModel, Conv, FORMAT_VERSION, Function, IntegerGraph, Kernel, Layer, MAGIC, Manifest,
    ModelError, OutOfDomain, Table, Visibility,
};

fn bytes(model: &CompiledModel) -> Vec<u8> {
    model.to_bytes().unwrap()
}

fn load(bytes: &[u8]) -> Result<CompiledModel, ModelError> {
    CompiledModel::from_bytes(bytes, "m.verdict".as_ref())
}

/// A file with a correct digest around any payload.
fn sealed(payload: &[u8]) -> Vec<u8> {
    let mut bytes = MAGIC.to_vec();
    bytes.extend(FORMAT_VERSION.to_le_bytes());
    bytes.extend(payload);
    bytes.extend(Keccak256::digest(payload));
    bytes
}

#[test]
fn round_trip() {
    let model = model();
    let file = File::new("m.verdict", b"to be replaced");
    model.save(&file.path).unwrap();
    let loaded = CompiledModel::load(&file.path).unwrap();
    assert_eq!(loaded, model);
    assert_eq!(loaded.digest(), model.digest());
    let manifest: Manifest = serde_json::from_str(&model.manifest().to_json()).unwrap();
    assert_eq!(&manifest, model.manifest());
}

/// That an input holds whole numbers is part of the file and its digest, wherever nothing else out of
/// the ordinary is said; and parts of them are refused, also where others would saturate.
#[test]
fn inputs_of_whole_numbers() {
    let plain = model();
    let mut manifest = plain.manifest().clone();
    manifest.inputs[0].whole = true;
    let whole = CompiledModel::new(plain.graph().clone(), manifest).unwrap();
    assert_ne!(whole.digest(), plain.digest());
    assert_eq!(load(&bytes(&whole)).unwrap(), whole);
    assert!(whole.manifest().input_specs()[0].whole);
    let json: Manifest = serde_json::from_str(&whole.manifest().to_json()).unwrap();
    assert_eq!(&json, whole.manifest());
    // No file says that all inputs hold any numbers: that is said by saying nothing.
    let payload = bytes(&whole);
    let end = payload.len() - 32;
    let mut none = payload[12..end].to_vec();
    assert_eq!(none.pop(), Some(1));
    none.push(0);
    load(&sealed(&none)).unwrap_err();
    none.pop();
    load(&sealed(&none)).unwrap_err();

    let row = |value: f64| {
        let mut row = vec![0.0; plain.graph().tensors[0].len];
        row[1] = value;
        vec![row]
    };
    for rule in [OutOfDomain::Reject, OutOfDomain::Saturate] {
        whole.quantise_input(&row(0.0), rule).unwrap();
        plain.quantise_input(&row(0.25), rule).unwrap();
        for part in [0.25, -0.5, 1e-300, 1e9 + 0.5] {
            let error = whole.quantise_input(&row(part), rule).unwrap_err();
            assert!(
                matches!(error, ModelError::NotWhole { feature: 1, .. }),
                "{error}"
            );
            assert!(error.to_string().contains("no whole number"), "{error}");
        }
        for none in [f64::NAN, f64::INFINITY] {
            let found = whole.quantise_input(&row(none), rule);
            let saturates = rule == OutOfDomain::Saturate && !none.is_nan();
            assert_eq!(found.is_ok(), saturates, "{none}");
        }
    }
}

#[test]
fn every_damaged_byte_is_noticed() {
    let good = bytes(&model());
    for position in (0..good.len())
        .filter(|position| *position < 300 || position % 16 == 0 || position + 300 > good.len())
    {
        let mut bad = good.clone();
        bad[position] ^= 0x10;
        let message = load(&bad).unwrap_err().to_string();
        assert!(message.contains("m.verdict"), "{message}");
    }
    for len in (0..good.len()).step_by(7) {
        load(&good[..len]).unwrap_err();
    }
    let mut longer = good.clone();
    longer.push(0);
    assert!(matches!(load(&longer), Err(ModelError::Corrupt { .. })));
}

#[test]
fn other_files_and_versions() {
    assert!(matches!(
        load(b"PK\x03\x04"),
        Err(ModelError::NotCompiled { .. })
    ));
    let mut newer = bytes(&model());
    newer[8] = 9;
    let message = load(&newer).unwrap_err().to_string();
    assert!(
        message.contains("version 9") && message.contains("reads version 2"),
        "{message}"
    );
    assert!(matches!(
        CompiledModel::load("/nonexistent/m.verdict"),
        Err(ModelError::Read { .. })
    ));
    let error = model().save("/nonexistent/m.verdict").unwrap_err();
    assert!(
        error.to_string().contains("/nonexistent/m.verdict"),
        "{error}"
    );
}

#[test]
fn a_failed_save_leaves_nothing() {
    let folder = tempfile::TempDir::new().unwrap();
    let target = folder.path().join("m.verdict");
    // A directory in the way: the rename fails after everything was written.
    std::fs::create_dir(&target).unwrap();
    assert!(matches!(
        model().save(&target),
        Err(ModelError::Write { .. })
    ));
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
}

#[test]
fn hostile_payloads() {
    // Lengths far beyond the file must not be allocated.
    for payload in [
        &[][..],
        &[0xff; 9],
        &[0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f, 0],
        &[0; 64],
    ] {
        load(&sealed(payload)).unwrap_err();
    }
    let model = model();
    let payload = postcard::to_stdvec(&(model.graph(), model.manifest())).unwrap();
    assert_eq!(load(&sealed(&payload)).unwrap(), model);
    let mut trailing = payload.clone();
    trailing.push(0);
    assert!(
        load(&sealed(&trailing))
            .unwrap_err()
            .to_string()
            .contains("unexpected bytes")
    );
    // Any change of the payload gives an error or another valid model, never a panic.
    for position in (0..payload.len())
        .filter(|position| *position < 400 || position % 16 == 0 || position + 400 > payload.len())
    {
        for bit in [0, 3, 7] {
            let mut changed = payload.clone();
            changed[position] ^= 1 << bit;
            if let Ok(other) = load(&sealed(&changed)) {
                other.graph().validate().unwrap();
            }
        }
    }
}

fn layer(graph: &mut IntegerGraph) -> &mut Layer {
    graph.tensors[1].layer.as_mut().unwrap()
}
fn dense(graph: &mut IntegerGraph) -> &mut Vec<i32> {
    match &mut graph.tensors[2].layer.as_mut().unwrap().terms[0].kernel {
        Kernel::Dense { weights } => weights,
        _ => panic!("expected a dense kernel"),
    }
}
fn table(graph: &mut IntegerGraph) -> &mut Table {
    match &mut graph.functions[0] {
        Function::Table(table) => table,
        Function::Square => panic!("expected a table"),
    }
}
fn conv(graph: &mut IntegerGraph, change: fn(&mut Conv)) {
    let mut conv = Conv {
        channels: [1, 1],
        source: [2, 1],
        output: [2, 1],
        size: [1, 1],
        stride: [1, 1],
        up: [1, 1],
        dilation: [1, 1],
        pad: [0, 0],
        groups: 1,
        weights: vec![1],
    };
    change(&mut conv);
    layer(graph).terms[0].kernel = Kernel::Conv(conv);
}
fn sparse(graph: &mut IntegerGraph, entries: &[(u32, u32, i32)]) {
    layer(graph).terms[0].kernel = Kernel::Sparse {
        entries: entries.to_vec(),
    };
}

type Break = fn(&mut IntegerGraph);

/// What breaks an invariant, and what is said of it.
const BREAKS: &[(Break, &str)] = &[
    (|g| g.inputs.clear(), "at least one input"),
    (|g| g.outputs.clear(), "at least one input"),
    (|g| g.outputs = vec![99], "does not exist"),
    (|g| g.outputs = vec![2, 2], "listed twice"),
    (|g| g.outputs = vec![0], "listed twice"),
    (|g| g.tensors[1].layer = None, "among the inputs"),
    (|g| g.inputs = vec![1], "among the inputs"),
    (
        |g| g.tensors[1].visibility = Visibility::Public,
        "only inputs and outputs",
    ),
    (|g| table(g).values.clear(), "table is empty"),
    (|g| table(g).shift = 32, "more than 31"),
    (|g| table(g).q_min = i64::MAX, "62 bits"),
    (|g| table(g).q_min = i64::MIN, "62 bits"),
    (|g| g.tensors[0].len = 0, "expected their product"),
    (
        |g| g.tensors[0].shape = vec![usize::MAX, 4],
        "expected their product",
    ),
    (
        |g| (g.tensors[0].shape, g.tensors[0].len) = (vec![1 << 40], 1 << 40),
        "more than",
    ),
    (
        |g| (g.tensors[0].min, g.tensors[0].max) = (1, 0),
        "is empty",
    ),
    (|g| g.tensors[0].scale = f64::NAN, "positive number"),
    (|g| g.tensors[0].scale = 0.0, "positive number"),
    (
        |g| g.tensors[1].visibility = Visibility::Committed,
        "only inputs can be committed",
    ),
    (|g| g.functions[0] = Function::Square, "below 2^31"),
    (|g| conv(g, |_| ()), "the tensors have"),
    (|g| conv(g, |conv| conv.channels[0] = 0), "groups"),
    (|g| conv(g, |conv| conv.stride[0] = 0), "empty or oversized"),
    (|g| layer(g).bias.truncate(2), "biases"),
    (|g| layer(g).function = 9, "does not exist"),
    (|g| layer(g).terms[0].source = 1, "does not come before"),
    (|g| layer(g).terms[0].source = 99, "does not come before"),
    (|g| dense(g).truncate(1), "weights"),
    (|g| sparse(g, &[(3, 0, 1)]), "lies outside"),
    (|g| sparse(g, &[(0, 2, 1)]), "lies outside"),
    (|g| sparse(g, &[(0, 1, 1), (0, 1, 2)]), "listed twice"),
    (|g| layer(g).bias[0] = i64::MAX, "62 bits"),
    (|g| layer(g).bias[0] = i64::MIN, "62 bits"),
    (|g| g.tensors[0].max = i32::MAX, "table covers only"),
    (|g| table(g).q_min += 1, "table covers only"),
    (|g| table(g).values.truncate(1), "table covers only"),
    (|g| table(g).values.fill(i32::MAX), "outside its range"),
    (|g| table(g).values.fill(-1), "outside its range"),
    (|g| g.tensors[1].max = 3, "outside its range"),
];

/// Each invariant, broken on its own.
#[test]
fn validation() {
    let model = model();
    for (i, (damage, part)) in BREAKS.iter().enumerate() {
        let mut graph = model.graph().clone();
        damage(&mut graph);
        let message = graph.validate().unwrap_err().to_string();
        assert!(
            message.contains(part),
            "{i}: `{message}` does not mention `{part}`"
        );
    }
    let mut manifest = model.manifest().clone();
    manifest.outputs[0].scale *= 2.0;
    assert!(matches!(
        CompiledModel::new(model.graph().clone(), manifest),
        Err(ModelError::InvalidGraph { .. })
    ));
    let mut manifest = model.manifest().clone();
    manifest.inputs[0].scales = vec![];
    assert!(matches!(
        CompiledModel::new(model.graph().clone(), manifest),
        Err(ModelError::InvalidGraph { .. })
    ));
}
