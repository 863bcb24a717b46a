//! What of a file is imported, and how.

use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::Result;
use crate::float::graph::FloatGraph;
use crate::import::importer::import_model;
use crate::import::proto;
use crate::import::secrecy::Secrecy;
use crate::import::sizes::Sizes;
use crate::import::{batch, lists};

/// What to import of an ONNX file.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ImportOptions {
    /// Values of the graph to take for outputs, e.g. the logits before a soft-max. Without names:
    /// the outputs the file declares.
    pub outputs: Vec<String>,
    /// Whether nothing trained may be part of an activation function; see
    /// [`import_private`](crate::import_private).
    pub private_weights: bool,
    /// With private weights, constants that are not trained.
    pub public_constants: Vec<String>,
    /// Sizes of dimensions that the file leaves open, by their name, or by `INPUT.AXIS` with axes
    /// from 0. A first axis is a batch, 1, unless it is given a size here.
    pub dims: Vec<(String, usize)>,
    /// The shapes of the inputs' rows in the data at hand, by the input's name (empty for the only
    /// one) and without the batch axis: sizes of open dimensions that `dims` does not name. A row
    /// with as many axes as the input gives its first axis a size, which is no batch then.
    pub row_shapes: Vec<(String, Vec<usize>)>,
    /// How many values each list of EZKL's `input_data` has: one inference's, for each input, or
    /// lists of the only input. They size what is left open otherwise, even a first axis that is no
    /// batch.
    pub list_lengths: Vec<usize>,
    /// Bytes that importing may take; a node that needs more by its shapes is refused before it
    /// is run. `None`: any number.
    pub memory_limit: Option<u64>,
}

/// Imports the ONNX file at `path` as `options` say.
pub fn import_with(path: impl AsRef<Path>, options: &ImportOptions) -> Result<FloatGraph> {
    let path = path.as_ref();
    let (onnx, model) = proto::read(path)?;
    let onnx: std::sync::Arc<[u8]> = onnx.into();
    let outputs: Vec<&str> = options.outputs.iter().map(String::as_str).collect();
    let constants: Vec<&str> = options
        .public_constants
        .iter()
        .map(String::as_str)
        .collect();
    let import = |sizes: Sizes| {
        let secrecy = match options.private_weights {
            true => Secrecy::private(&constants),
            false => Secrecy::default(),
        };
        import_model(path, onnx.clone(), &model, &outputs, secrecy, &sizes)
    };
    let mut sizes = Sizes {
        dims: options.dims.clone(),
        rows: options.row_shapes.clone(),
        lists: options.list_lengths.clone(),
        batch: None,
        memory: options.memory_limit,
    };
    let Some(graph) = &model.graph else {
        return import(sizes);
    };
    sizes.check(graph)?;
    sizes.share(graph);
    batch::check_fixed(path, graph, &sizes, &import)?;
    let one_row = import(sizes.clone()).and_then(|float| {
        batch::check_open(path, graph, &sizes, &float, &import)?;
        Ok(float)
    });
    let error = match one_row {
        Ok(float) => return Ok(float),
        Err(error) => error,
    };
    let filled = lists::filled(&sizes, graph).and_then(|sizes| import(sizes).ok());
    let Some(float) = filled else {
        return Err(error);
    };
    tracing::warn!(
        shapes = format!("{:?}", float.onnx_input_shapes),
        "dimensions that the file leaves open have the size of the data's lists, and no axis is a batch; --dim says otherwise"
    );
    Ok(float)
}

/// Imports the ONNX file at `path`.
pub fn import(path: impl AsRef<Path>) -> Result<FloatGraph> {
    import_outputs(path, &[])
}

/// Imports the part of the ONNX file at `path` that the values named `outputs` need, e.g. the
/// logits before a soft-max. Without names: the outputs the file declares.
pub fn import_outputs(path: impl AsRef<Path>, outputs: &[&str]) -> Result<FloatGraph> {
    let options = ImportOptions {
        outputs: owned(outputs),
        ..ImportOptions::default()
    };
    import_with(path, &options)
}

/// Imports as [`import_outputs`] does, but so that nothing trained is part of an activation
/// function, since tables are public where weights are private: constants become weights, or are
/// refused. Attributes are architecture, and so are the constants named `public`.
pub fn import_private(
    path: impl AsRef<Path>,
    outputs: &[&str],
    public: &[&str],
) -> Result<FloatGraph> {
    let options = ImportOptions {
        outputs: owned(outputs),
        private_weights: true,
        public_constants: owned(public),
        ..ImportOptions::default()
    };
    import_with(path, &options)
}

fn owned(names: &[&str]) -> Vec<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}
