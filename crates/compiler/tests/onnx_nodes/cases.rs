//! Reading test-vectors/onnx-node/cases.bin, which scripts/onnx-node-tests.py writes.

use std::io::Read;
use std::path::PathBuf;

use serde::Deserialize;

/// A tensor's place among the blobs: offset, count, type.
type Blob = (usize, usize, String);

/// A row: the inputs and the outputs.
pub(crate) type Row = (Vec<Vec<f64>>, Vec<Vec<f64>>);

#[derive(Clone, Deserialize)]
pub(crate) struct Case {
    pub(crate) name: String,
    pub(crate) domain: String,
    pub(crate) op: String,
    /// Why the script did not make a case of it.
    #[serde(default)]
    pub(crate) refused: Option<String>,
    #[serde(default)]
    pub(crate) rtol: f64,
    #[serde(default)]
    pub(crate) atol: f64,
    #[serde(default)]
    model: (usize, usize),
    /// The inputs' names, which the corpus alone asks for.
    #[serde(default)]
    #[allow(dead_code)]
    pub(crate) inputs: Vec<String>,
    #[serde(default)]
    pub(crate) outputs: Vec<String>,
    #[serde(default)]
    rows: Vec<(Vec<Blob>, Vec<Blob>)>,
}

/// An operator as the `onnx` package lists it.
#[derive(Deserialize)]
pub(crate) struct Listed {
    pub(crate) domain: String,
    pub(crate) op: String,
    pub(crate) deprecated: bool,
}

#[derive(Deserialize)]
pub(crate) struct Index {
    /// The package's version.
    pub(crate) onnx: String,
    /// How many node tests it has; some are two cases.
    #[serde(default)]
    pub(crate) tests: usize,
    #[serde(default)]
    pub(crate) operators: Vec<Listed>,
    pub(crate) cases: Vec<Case>,
}

pub(crate) struct Cases {
    pub(crate) index: Index,
    blobs: Vec<u8>,
}

/// A folder of the repository's test-vectors.
pub(crate) fn folder(name: &str) -> PathBuf {
    let vectors = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../test-vectors");
    vectors.join(name)
}

impl Cases {
    /// The cases of a folder of test-vectors.
    pub(crate) fn load(name: &str) -> Self {
        let file = std::fs::File::open(folder(name).join("cases.bin")).unwrap();
        let mut bytes = Vec::new();
        flate2::read::ZlibDecoder::new(file)
            .read_to_end(&mut bytes)
            .unwrap();
        let (length, rest) = bytes.split_at(4);
        let length = u32::from_le_bytes(length.try_into().unwrap()) as usize;
        Self {
            index: serde_json::from_slice(&rest[..length]).unwrap(),
            blobs: rest[length..].to_vec(),
        }
    }

    pub(crate) fn model(&self, case: &Case) -> &[u8] {
        &self.blobs[case.model.0..][..case.model.1]
    }

    pub(crate) fn rows(&self, case: &Case) -> Vec<Row> {
        let side = |blobs: &[Blob]| blobs.iter().map(|blob| self.tensor(blob)).collect();
        let rows = case.rows.iter();
        rows.map(|(inputs, outputs)| (side(inputs), side(outputs)))
            .collect()
    }

    fn tensor(&self, (offset, count, kind): &Blob) -> Vec<f64> {
        let of = |width: usize| self.blobs[*offset..][..count * width].chunks(width);
        match &**kind {
            "f4" => of(4)
                .map(|b| f64::from(f32::from_le_bytes(b.try_into().unwrap())))
                .collect(),
            "i4" => of(4)
                .map(|b| f64::from(i32::from_le_bytes(b.try_into().unwrap())))
                .collect(),
            _ => of(8)
                .map(|b| f64::from_le_bytes(b.try_into().unwrap()))
                .collect(),
        }
    }
}

/// Compares a committed file with what it should be, or writes it.
pub(crate) fn check(path: PathBuf, expected: &str) {
    if std::env::var_os("VERDICT_UPDATE_VECTORS").is_some() {
        std::fs::write(&path, expected).unwrap();
        return;
    }
    let found = std::fs::read_to_string(&path).unwrap_or_default();
    let (found, wanted): (Vec<&str>, Vec<&str>) =
        (found.lines().collect(), expected.lines().collect());
    let gone = found.iter().filter(|line| !wanted.contains(line));
    let new = wanted.iter().filter(|line| !found.contains(line));
    let changes: Vec<String> = gone
        .map(|line| format!("- {line}"))
        .chain(new.map(|line| format!("+ {line}")))
        .collect();
    assert!(
        changes.is_empty(),
        "{} is not up to date; if the changes are meant, write it with VERDICT_UPDATE_VECTORS=1:\n{}",
        path.display(),
        changes.join("\n")
    );
}
