//! Reads files of which only the contents say what they are.

use crate::{
    error::{CliError, usage},
    options::{
        ModelArgs, hex32,
        quantise::{QuantiseArgs, compile_planned},
    },
    report::output::Output,
};
use std::{fs::File, io::Read, path::Path};
use verdict_circuit::{Limits, Salt};
use verdict_engine::SaltSource;
use verdict_model::{
    CompiledModel, DataSet, Goal, InputSpec, IntegerGraph, MAGIC, OutOfDomain, Row, Visibility,
    gather_inputs,
};
use verdict_prover::{ARCHITECTURE_MAGIC, Architecture};
use verdict_wire::words;

/// What a file is, by its first bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Compiled,
    Proof,
    Architecture,
    Onnx,
}

pub(crate) fn kind(path: &Path) -> Result<Kind, CliError> {
    let fail = CliError::io("read", path);
    let mut start = Vec::new();
    File::open(path)
        .map_err(&fail)?
        .take(MAGIC.len() as u64)
        .read_to_end(&mut start)
        .map_err(fail)?;
    Ok(
        match start.iter().find(|byte| !byte.is_ascii_whitespace()) {
            _ if start == MAGIC => Kind::Compiled,
            _ if start == ARCHITECTURE_MAGIC => Kind::Architecture,
            Some(b'{') => Kind::Proof,
            _ => Kind::Onnx,
        },
    )
}

/// Loads a compiled model, or compiles an ONNX file.
pub(crate) fn model(
    args: &ModelArgs,
    quantise: &QuantiseArgs,
    goal: Goal,
) -> Result<CompiledModel, CliError> {
    match (kind(&args.model)?, &args.calibration) {
        (Kind::Compiled, None) if *quantise == QuantiseArgs::default() => {
            Ok(CompiledModel::load(&args.model)?)
        }
        (Kind::Compiled, _) => Err(usage(format!(
            "{} is compiled already; --calibration and the quantisation options are for ONNX files",
            args.model.display()
        ))),
        (Kind::Proof, _) => Err(CliError::Input(format!(
            "{} looks like a proof file, expected a model",
            args.model.display()
        ))),
        (Kind::Architecture, None) => Ok(Architecture::load(&args.model)?.model().clone()),
        (Kind::Architecture, _) => Err(usage(format!(
            "{} is a redacted architecture; --calibration is for ONNX files",
            args.model.display()
        ))),
        (Kind::Onnx, calibration) => {
            let float = quantise.import(&args.model, calibration.as_deref())?;
            let Some(calibration) = calibration else {
                return Err(usage(format!(
                    "{} is an ONNX file; give --calibration, or compile it first",
                    args.model.display()
                )));
            };
            let data = DataSet::load(calibration, &float.input_specs())?;
            let options = quantise.options(goal, float.inputs.len());
            Ok(compile_planned(&float, &data, &options, Limits::default(), &|_| {})?.model)
        }
    }
}

/// A data file's rows; what was guessed about it is said.
pub(crate) fn data(path: &Path, specs: &[InputSpec], output: &Output) -> Result<DataSet, CliError> {
    let data = DataSet::load(path, specs)?;
    for note in data.notes() {
        output.note(&format!("note: {}: {note}", path.display()));
    }
    Ok(data)
}

/// One row of a data file.
pub(crate) fn row(path: &Path, data: &DataSet, row: usize) -> Result<Vec<Vec<f64>>, CliError> {
    data.rows().get(row).cloned().ok_or_else(|| {
        CliError::Input(format!(
            "{} has {} rows, there is no row {row} (counted from 0)",
            path.display(),
            data.len()
        ))
    })
}

/// What `--saturate` asks for.
pub(crate) const fn out_of_domain(saturate: bool) -> OutOfDomain {
    if saturate {
        OutOfDomain::Saturate
    } else {
        OutOfDomain::Reject
    }
}

/// `count` rows of a data file, from row `first` on.
pub(crate) fn rows(
    path: &Path,
    data: &DataSet,
    first: usize,
    count: usize,
) -> Result<Vec<Row>, CliError> {
    if count == 1 {
        return Ok(vec![row(path, data, first)?]);
    }
    let rows = data.rows().iter().skip(first).take(count);
    let rows: Vec<Row> = rows.cloned().collect();
    if rows.len() < count {
        return Err(CliError::Input(format!(
            "{} has {} rows, there are not {count} from row {first} on (counted from 0)",
            path.display(),
            data.len()
        )));
    }
    Ok(rows)
}

/// Rows of one item each as one row of a gathered model, whose inputs have a last axis of items.
pub(crate) fn gathered(
    path: &Path,
    model: &CompiledModel,
    first: usize,
) -> Result<Vec<Vec<f64>>, CliError> {
    let mut specs = model.manifest().input_specs();
    let counts: Vec<Option<usize>> = specs.iter_mut().map(|spec| spec.shape.pop()).collect();
    let outputs = &model.manifest().outputs;
    let largest = outputs.iter().all(|output| output.name.starts_with("max("));
    let items = match counts.as_slice() {
        [Some(items), rest @ ..]
            if largest && *items > 1 && rest.iter().all(|it| *it == Some(*items)) =>
        {
            *items
        }
        _ => {
            return Err(usage(
                "--gather is for models that `verdict gather` made; this one computes one item",
            ));
        }
    };
    for spec in &mut specs {
        spec.len /= items;
    }
    let data = DataSet::load(path, &specs)?;
    Ok(gather_inputs(&rows(path, &data, first, items)?))
}

/// How many inputs a model commits to.
pub(crate) fn commitments(graph: &IntegerGraph) -> usize {
    let inputs = graph.inputs.iter();
    inputs
        .filter(|&&id| graph.tensors[id].visibility == Visibility::Committed)
        .count()
}

/// Salts of items from a root in hexadecimal, from a file of roots, or from a data set's secret.
pub(crate) fn salts(
    given: &str,
    graph: &IntegerGraph,
    items: &[Row<i32>],
) -> Result<Vec<Salt>, CliError> {
    let salts = source(given)?.of(graph, items)?;
    counted(salts, items.len() * commitments(graph))
}

fn source(given: &str) -> Result<SaltSource, CliError> {
    Ok(match hex32(given) {
        Ok(root) => SaltSource::List(vec![Salt::from_root(words::scalar(&root)?)]),
        Err(_) if Path::new(given).exists() => SaltSource::load(Path::new(given))?,
        Err(error) => {
            return Err(usage(format!(
                "--salt {given}: {error}, or a file of salts, or a data set's secret"
            )));
        }
    })
}

fn counted(salts: Vec<Salt>, expected: usize) -> Result<Vec<Salt>, CliError> {
    if salts.len() == expected {
        return Ok(salts);
    }
    Err(usage(format!(
        "--salt gives {} roots, but {expected} are needed: one for every committed input of every item; without --salt they are random, \
         or give a file that `verdict commit` made for as many rows",
        salts.len()
    )))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use halo2curves_axiom::bn256::Fr;
    use verdict_engine::{DataSetSecret, SaltFile};

    #[test]
    fn salts_are_as_many_as_asked_for() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("p.salt.secret");
        let made = [Salt::from_root(Fr::from(5)), Salt::from_root(Fr::from(6))];
        SaltFile::new(&made).save(&path).unwrap();
        let read = |given: &str| match source(given).unwrap() {
            SaltSource::List(salts) => salts,
            SaltSource::DataSet(_) => panic!("{given} is no data set's secret"),
        };
        let listed = read(&path.display().to_string());
        assert_eq!(counted(listed.clone(), 2).unwrap(), made);
        assert_eq!(counted(listed, 3).unwrap_err().exit_code(), 2);
        assert_eq!(read(&format!("0x{:064x}", 5)), made[..1]);
        assert!(source("0xzz").is_err());
        assert!(source(&format!("0x{}", "ff".repeat(32))).is_err());
        let path = folder.path().join("d.secret");
        let secret = DataSetSecret::create(&path).unwrap();
        let read = source(&path.display().to_string()).unwrap();
        assert!(matches!(read, SaltSource::DataSet(it) if it == secret));
    }
}
