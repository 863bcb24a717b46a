//! Reading test-vectors/onnx-node/cases.bin, which scripts/onnx-node-tests.py writes.

use std::io::Read;
use std::path::PathBuf;

use serde::Deserialize;

/// A tensor's place among the blobs: offset, count, type.
type Blob = (usize, usize, String);

/// A row: the inputs and the outputs.
pub(crate) type Row = (Vec<Vec<f64>>, Vec<Vec<f64>>);

#[derive(Deserialize)]
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
    pub(crate) tests: usize,
    pub(crate) operators: Vec<Listed>,
    pub(crate) cases: Vec<Case>,
}

pub(crate) struct Cases {
    pub(crate) index: Index,
    blobs: Vec<u8>,
}

/// The repository's test-vectors/onnx-node.
pub(crate) fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../test-vectors/onnx-node")
}

impl Cases {
    pub(crate) fn load() -> Self {
        let file = std::fs::File::open(folder().join("cases.bin")).unwrap();
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
