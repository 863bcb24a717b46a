//! Data sets whose rows are committed to before there is a proof about them.
//!
//! A proof's salts are the prover's to choose, so that one row can stand in a batch many times
//! under commitments that look different. Here the owner of the data has chosen them: a row's salts
//! are made from the owner's secret and the row's own content, equal rows would have equal
//! commitments, and the list of all rows is published. A proof is about distinct rows of it if
//! every item's commitments and public inputs are in the list, at positions of their own.

use crate::{
    EngineError,
    salts::check_version,
    secret_file::{create_json, load_json},
};
use alloy_primitives::{B256, Keccak256, U256};
use halo2curves_axiom::bn256::Fr;
use rand::{RngCore, rngs::OsRng};
use serde::{Deserialize, Serialize};
use std::{
    collections::HashMap,
    fmt,
    path::{Path, PathBuf},
};
use verdict_circuit::{Batch, Salt, WordLayout, commit};
use verdict_model::{CompiledModel, InputManifest, IntegerGraph, Packing, Row, Visibility};
use verdict_wire::{read_text, unpack_batch, words, write_json};

/// The version of both files.
const VERSION: u32 = 1;

/// What the salts of a data set's rows are made from.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DataSetSecret {
    version: u32,
    data_set_seed: B256,
}

/// Secrets are not for logs.
impl fmt::Debug for DataSetSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DataSetSecret(…)")
    }
}

impl DataSetSecret {
    /// A new secret in a file that is not there yet.
    pub fn create(path: &Path) -> Result<Self, EngineError> {
        let mut seed = [0; 32];
        OsRng.fill_bytes(&mut seed);
        let secret = Self {
            version: VERSION,
            data_set_seed: seed.into(),
        };
        create_json(path, &secret)?;
        Ok(secret)
    }

    /// Reads a secret.
    pub fn load(path: &Path) -> Result<Self, EngineError> {
        let what = "a data set's secret (`verdict commit --data-set` makes one)";
        let secret: Self = load_json(path, what)?;
        secret.check(path)?;
        Ok(secret)
    }

    pub(crate) fn check(&self, path: &Path) -> Result<(), EngineError> {
        check_version(path, self.version, VERSION)
    }

    /// The salts of rows, item by item, one for every committed input. They depend on all of a row,
    /// so that equal values of one input do not show in different rows.
    pub fn salts(&self, graph: &IntegerGraph, rows: &[Row<i32>]) -> Result<Vec<Salt>, EngineError> {
        let committed =
            |&(_, id): &(usize, &usize)| graph.tensors[*id].visibility == Visibility::Committed;
        let mut salts = Vec::new();
        for row in rows {
            let packed = packed(graph, row)?;
            let inputs = graph.inputs.iter().enumerate().filter(committed);
            salts.extend(inputs.map(|(input, _)| self.salt(input, &packed)));
        }
        Ok(salts)
    }

    /// Keccak of the seed and the row, again until it is below the modulus: uniform for whoever
    /// does not know the seed.
    fn salt(&self, input: usize, row: &[Vec<B256>]) -> Salt {
        let mut attempt = 0u64;
        loop {
            let mut hasher = Keccak256::new();
            hasher.update(b"verdict data set salt v1");
            hasher.update(self.data_set_seed);
            hasher.update(attempt.to_be_bytes());
            hasher.update((input as u64).to_be_bytes());
            for words in row {
                hasher.update((words.len() as u64).to_be_bytes());
                words.iter().for_each(|word| hasher.update(word));
            }
            // Of all 256 bits most would be refused; of as many as the modulus has, a quarter is.
            let root: U256 = U256::from_be_bytes(hasher.finalize().0) >> 2;
            if let Ok(root) = words::scalar(&B256::from(root)) {
                return Salt::from_root(root);
            }
            attempt += 1;
        }
    }
}

/// A row's words, input by input.
fn packed(graph: &IntegerGraph, row: &Row<i32>) -> Result<Vec<Vec<B256>>, EngineError> {
    let of = |(input, &id): (usize, &usize)| {
        let tensor = &graph.tensors[id];
        let values = row.get(input).filter(|it| it.len() == tensor.len);
        let values = values.ok_or_else(|| {
            EngineError::Input(format!(
                "input `{}` has another number of values",
                tensor.name
            ))
        })?;
        let limbs = Packing::of(tensor).pack(values).into_iter();
        Ok(limbs.map(|limbs| U256::from_limbs(limbs).into()).collect())
    };
    graph.inputs.iter().enumerate().map(of).collect()
}

/// One input of the rows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct CommittedInput {
    name: String,
    visibility: Visibility,
    /// Digest of its shape, scales or breakpoints, and range: what turns real numbers into the
    /// integers committed to.
    grid: B256,
    /// How many of a row's words are its own: one if it is committed.
    words: usize,
}

impl CommittedInput {
    fn of(manifest: &InputManifest) -> Self {
        let len: usize = manifest.shape.iter().product();
        Self {
            name: manifest.name.clone(),
            visibility: manifest.visibility,
            grid: grid(manifest),
            words: match manifest.visibility {
                Visibility::Public => manifest.packing.words(len),
                _ => 1,
            },
        }
    }
}

fn grid(input: &InputManifest) -> B256 {
    let mut hasher = Keccak256::new();
    let mut list = |numbers: Vec<u64>| {
        hasher.update((numbers.len() as u64).to_be_bytes());
        numbers
            .iter()
            .for_each(|it| hasher.update(it.to_be_bytes()));
    };
    list(input.shape.iter().map(|it| *it as u64).collect());
    list(vec![input.min as u64, input.max as u64]);
    list(input.scales.iter().map(|it| it.to_bits()).collect());
    list(input.zero_points.iter().map(|it| *it as u64).collect());
    let missing = input.missing.iter();
    list(
        missing
            .map(|it| it.map_or(u64::MAX, |it| u64::from(it as u32)))
            .collect(),
    );
    // Only where there are any: the digests of all other grids stay what they were.
    for breakpoints in &input.breakpoints {
        let breakpoints = breakpoints.as_deref();
        list(vec![u64::from(breakpoints.is_some())]);
        let numbers = breakpoints.unwrap_or_default().iter();
        list(numbers.map(|it| it.to_bits()).collect());
    }
    hasher.finalize()
}

/// The published list of a data set's rows: what a proof's public values say of each of them, in
/// ascending order, which says nothing of their own.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CommittedData {
    version: u32,
    inputs: Vec<CommittedInput>,
    rows: Vec<Vec<B256>>,
}

/// Which rows of a data set a proof is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RowsProved {
    /// [`CommittedData::digest`].
    pub digest: B256,
    /// Rows of the data set.
    pub of: usize,
    /// Where the proof's items stand in the list, item by item; no two are the same.
    pub positions: Vec<usize>,
}

impl CommittedData {
    /// Commits to rows of a model's inputs, none of which may be private, and refuses rows that are
    /// equal.
    pub fn new(
        model: &CompiledModel,
        rows: &[Row<i32>],
        secret: &DataSetSecret,
    ) -> Result<Self, EngineError> {
        let inputs: Vec<_> = model
            .manifest()
            .inputs
            .iter()
            .map(CommittedInput::of)
            .collect();
        let private = inputs
            .iter()
            .find(|it| it.visibility == Visibility::Private);
        if let Some(input) = private {
            return Err(EngineError::Input(format!(
                "input `{}` is private, so that nobody could tell which row a proof took it from; compile with `--input {}=committed` \
                 (or public)",
                input.name, input.name
            )));
        }
        let graph = model.graph();
        let mut known = HashMap::new();
        let mut list = Vec::with_capacity(rows.len());
        let salts = secret.salts(graph, rows)?;
        let committed = salts.len().checked_div(rows.len()).unwrap_or(0);
        for (number, row) in rows.iter().enumerate() {
            let packed = packed(graph, row)?;
            list.push(entry(
                &inputs,
                &packed,
                &salts[number * committed..(number + 1) * committed],
            )?);
            if let Some(first) = known.insert(packed, number) {
                return Err(EngineError::Input(format!(
                    "rows {first} and {number} (counted from 0) are equal as integers, and would count twice in every proof; leave \
                     one of them out"
                )));
            }
        }
        list.sort_unstable();
        Ok(Self {
            version: VERSION,
            inputs,
            rows: list,
        })
    }

    /// Writes the list, for everybody.
    pub fn save(&self, path: &Path) -> Result<(), EngineError> {
        Ok(write_json(path, self)?)
    }

    /// Reads a list, and refuses one that has a row twice.
    pub fn load(path: &Path) -> Result<Self, EngineError> {
        let fail = |detail: String| EngineError::Input(format!("{} {detail}", path.display()));
        let list: Self = serde_json::from_str(&read_text(path)?)
            .map_err(|error| fail(format!("is not a committed data set: {error}")))?;
        check_version(path, list.version, VERSION)?;
        let width: usize = list.inputs.iter().map(|it| it.words).sum();
        if list.rows.iter().any(|row| row.len() != width) {
            return Err(fail(format!("has a row of other than {width} words")));
        }
        if !list.rows.is_sorted_by(|a, b| a < b) {
            return Err(fail(
                "is not in strictly ascending order: a row is in it twice, or it was edited".into(),
            ));
        }
        Ok(list)
    }

    /// Rows of the data set.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// Names the list: what its owner publishes, signs or puts on a chain.
    pub fn digest(&self) -> B256 {
        let mut hasher = Keccak256::new();
        hasher.update(b"verdict data set v1");
        hasher.update((self.inputs.len() as u64).to_be_bytes());
        for input in &self.inputs {
            let committed = input.visibility == Visibility::Committed;
            hasher.update([u8::from(committed)]);
            hasher.update((input.words as u64).to_be_bytes());
            hasher.update(input.grid);
        }
        hasher.update((self.rows.len() as u64).to_be_bytes());
        for word in self.rows.iter().flatten() {
            hasher.update(word);
        }
        hasher.finalize()
    }

    /// Which rows a proof's public values are about; refuses what is no row of the list, and a row
    /// that comes twice. That the proof is valid, and of which model, is for others to check.
    /// `path` names the list in errors.
    pub fn rows_proved(
        &self,
        path: &Path,
        model: &CompiledModel,
        batch: &Batch,
        public_values: &[B256],
    ) -> Result<RowsProved, EngineError> {
        let fail = |detail: String| EngineError::DataSet {
            path: PathBuf::from(path),
            detail,
        };
        let manifests = &model.manifest().inputs;
        let made: Vec<_> = manifests.iter().map(CommittedInput::of).collect();
        if made != self.inputs {
            let other = made.iter().zip(&self.inputs).find(|(a, b)| a != b);
            let name = other.map_or("(their number)", |(input, _)| &input.name);
            return Err(fail(format!(
                "the model's inputs are not the data set's: they differ in name, visibility, scale or range at `{name}`; compile both \
                 with the same domain and the same `--input` options"
            )));
        }
        let mut seen = HashMap::new();
        let mut positions = Vec::with_capacity(batch.items);
        for (item, row) in items(model.graph(), batch, public_values)?
            .iter()
            .enumerate()
        {
            let position = self.rows.binary_search(row).map_err(|_| {
                fail(format!(
                    "item {item} of the proof is no row of the data set: it was committed to with another salt, or is of other data"
                ))
            })?;
            if let Some(first) = seen.insert(position, item) {
                return Err(fail(format!(
                    "items {first} and {item} of the proof are the same row, number {position} of the list: it counts twice"
                )));
            }
            positions.push(position);
        }
        Ok(RowsProved {
            digest: self.digest(),
            of: self.rows.len(),
            positions,
        })
    }
}

/// What public values say of one row.
fn entry(
    inputs: &[CommittedInput],
    packed: &[Vec<B256>],
    salts: &[Salt],
) -> Result<Vec<B256>, EngineError> {
    let mut salts = salts.iter();
    let mut entry = Vec::new();
    for (input, packed) in inputs.iter().zip(packed) {
        if input.visibility == Visibility::Committed {
            let elements = packed.iter().map(words::scalar);
            let elements: Vec<Fr> = elements.collect::<Result<_, _>>()?;
            let salt = salts.next().copied().unwrap_or_default();
            entry.push(words::word(&commit(&elements, salt.value())));
        } else {
            entry.extend(packed);
        }
    }
    Ok(entry)
}

/// What public values say of every item's inputs.
fn items(
    graph: &IntegerGraph,
    batch: &Batch,
    public_values: &[B256],
) -> Result<Vec<Vec<B256>>, EngineError> {
    let unpacked = unpack_batch(graph, batch, public_values)?;
    let mut items = vec![Vec::new(); batch.items];
    for id in &graph.inputs {
        let tensor = &graph.tensors[*id];
        let commitments = unpacked.commitments.iter().find(|(known, _)| known == id);
        if let Some((_, commitments)) = commitments {
            let each = items.iter_mut().zip(commitments);
            each.for_each(|(item, commitment)| item.push(*commitment));
            continue;
        }
        let known = unpacked.tensors.iter();
        let mut known = known.filter(|it| it.tensor == *id && it.layout != WordLayout::Sum);
        let public = known.next().ok_or_else(|| {
            EngineError::Input(format!(
                "input `{}` of every item is not public",
                tensor.name
            ))
        })?;
        for (item, values) in items.iter_mut().zip(&public.items) {
            let limbs = Packing::of(tensor).pack(values).into_iter();
            item.extend(limbs.map(|limbs| B256::from(U256::from_limbs(limbs))));
        }
    }
    Ok(items)
}
