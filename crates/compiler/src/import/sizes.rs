//! The inputs' shapes: what the file leaves open, the caller or the data says.

use std::path::Path;

use tract_onnx::pb::tensor_proto::DataType;
use tract_onnx::pb::tensor_shape_proto::dimension::Value as Dimension;
use tract_onnx::pb::{GraphProto, ValueInfoProto, type_proto};

use crate::import::number_types::{self, Stored};
use crate::import::shapes::MAX_CELLS;
use crate::{CompileError, Result};

/// Sizes that the file leaves open, and what there is room for.
#[derive(Clone, Debug, Default)]
pub(crate) struct Sizes {
    /// By the dimension's name, or by `INPUT.AXIS`.
    pub(crate) dims: Vec<(String, usize)>,
    /// The shapes of the inputs' rows as data has them, by name, without the batch axis.
    pub(crate) rows: Vec<(String, Vec<usize>)>,
    /// How many values one inference takes of each input, where the data's lists say so; or of the
    /// only input, once for each row.
    pub(crate) lists: Vec<usize>,
    /// What first axes that are batches count instead of 1.
    pub(crate) batch: Option<usize>,
    /// Bytes that may be taken.
    pub(crate) memory: Option<u64>,
}

impl Sizes {
    /// All inputs have the shapes that `inputs` names.
    pub(crate) fn of(inputs: impl Iterator<Item = (String, Vec<usize>)>) -> Self {
        let dims = inputs.flat_map(|(name, shape)| {
            let named = move |(axis, size)| (format!("{name}.{axis}"), size);
            shape.into_iter().enumerate().map(named).collect::<Vec<_>>()
        });
        Self {
            dims: dims.collect(),
            ..Self::default()
        }
    }

    pub(crate) fn stated(&self, input: &str, axis: usize, name: Option<&str>) -> Option<usize> {
        let place = format!("{input}.{axis}");
        let find = |wanted: &str| {
            let mut dims = self.dims.iter().rev();
            dims.find(|(of, _)| of == wanted).map(|(_, size)| *size)
        };
        find(&place).or_else(|| name.and_then(find))
    }

    /// What is said of an input's axis, left open under this name; a first axis of which nothing is
    /// said is a batch.
    pub(crate) fn of_axis(
        &self,
        input: &ValueInfoProto,
        axis: usize,
        name: Option<&str>,
    ) -> Option<usize> {
        let rank = dimensions(input)?.len();
        self.stated(&input.name, axis, name)
            .or_else(|| self.seen(&input.name, axis, rank))
    }

    /// What the data says of axis `axis` of an input of this rank.
    fn seen(&self, input: &str, axis: usize, rank: usize) -> Option<usize> {
        let of = |wanted: &str| self.rows.iter().find(|(name, _)| name == wanted);
        let names = [input, "", "x", "X"];
        let (_, row) = names.into_iter().find_map(of)?;
        let axis = axis.checked_sub(rank.checked_sub(row.len())?)?;
        row.get(axis).copied()
    }

    /// A name that is a first axis' and another one's is one size, and so no batch: what the data
    /// says of the other axis holds for all of that name.
    pub(crate) fn share(&mut self, graph: &GraphProto) {
        let inputs = || inputs(graph).filter_map(|it| Some((it, dimensions(it)?)));
        let first: Vec<&str> = inputs()
            .filter_map(|(_, dims)| dims.first().copied()?.err().flatten())
            .collect();
        for (input, dims) in inputs() {
            for (axis, dimension) in dims.iter().enumerate().skip(1) {
                let name = dimension.err().flatten().filter(|it| first.contains(it));
                if let Some(name) = name
                    && self.stated(&input.name, axis, Some(name)).is_none()
                    && let Some(size) = self.seen(&input.name, axis, dims.len())
                {
                    self.dims.push((name.to_owned(), size));
                }
            }
        }
    }

    /// Checks that every size given belongs to a dimension of the graph's inputs.
    pub(crate) fn check(&self, graph: &GraphProto) -> Result<()> {
        let mut known: Vec<String> = Vec::new();
        for input in &graph.input {
            for (axis, dimension) in dimensions(input).into_iter().flatten().enumerate() {
                known.push(format!("{}.{axis}", input.name));
                known.extend(dimension.err().flatten().map(str::to_owned));
            }
        }
        let Some((name, _)) = self.dims.iter().find(|(name, _)| !known.contains(name)) else {
            return Ok(());
        };
        known.dedup();
        Err(CompileError::Option {
            option: "dims",
            detail: format!(
                "no input has a dimension `{name}`; there are {}",
                known.join(", ")
            ),
        })
    }

    /// An input's shape, a batch axis set to 1.
    pub(crate) fn input_shape(&self, path: &Path, input: &ValueInfoProto) -> Result<Vec<usize>> {
        let invalid = |detail: String| CompileError::InvalidModel {
            path: path.into(),
            detail: format!("input `{}` {detail}", input.name),
        };
        check_type(input).map_err(invalid)?;
        let Some(dimensions) = dimensions(input) else {
            return Err(invalid(
                "has no shape, expected fixed dimensions after the batch; export the model again"
                    .into(),
            ));
        };
        let rank = dimensions.len();
        let mut shape = Vec::with_capacity(rank);
        for (axis, dimension) in dimensions.into_iter().enumerate() {
            let stated = self.stated(&input.name, axis, dimension.err().flatten());
            shape.push(match (stated, dimension) {
                (Some(size), Err(_)) => size,
                (Some(size), Ok(fixed)) if axis == 0 || size == fixed => size,
                (Some(size), Ok(fixed)) => {
                    return Err(invalid(format!(
                        "has {fixed} cells along axis {axis}, not {size}; only dynamic dimensions and a batch take another size"
                    )));
                }
                (None, Ok(fixed)) => fixed,
                // Rows with as many axes as the input fill all of it: there is no batch.
                (None, Err(_)) if axis == 0 => self
                    .seen(&input.name, axis, rank)
                    .or(self.batch)
                    .unwrap_or(1),
                (None, Err(name)) => match self.seen(&input.name, axis, rank) {
                    Some(size) => size,
                    None => {
                        return Err(CompileError::DynamicShape {
                            path: path.into(),
                            input: input.name.clone(),
                            axis,
                            dimension: name.unwrap_or("?").into(),
                        });
                    }
                },
            });
        }
        let count = shape.iter().try_fold(1usize, |n, d| n.checked_mul(*d));
        count.filter(|n| *n > 0 && *n <= MAX_CELLS).ok_or_else(|| {
            invalid(format!(
                "has the shape {shape:?}, which has no cells or more than {MAX_CELLS}; if its first axis is a batch, set it to 1 with \
                 --dim {}.0=1",
                input.name
            ))
        })?;
        Ok(shape)
    }
}

fn check_type(input: &ValueInfoProto) -> Result<(), String> {
    let Some(type_proto::Value::TensorType(tensor)) =
        input.r#type.as_ref().and_then(|t| t.value.as_ref())
    else {
        return Err("is not a tensor; export the model again".into());
    };
    let stored = Stored::of(tensor.elem_type).is_some();
    let numeric = stored
        || DataType::try_from(tensor.elem_type).is_ok_and(|t| {
            !matches!(
                t,
                DataType::String | DataType::Undefined | DataType::Complex64 | DataType::Complex128
            )
        });
    match numeric {
        true => Ok(()),
        false => Err(format!(
            "does not hold numbers but {}, expected float; export the model again",
            number_types::name(tensor.elem_type)
        )),
    }
}

/// The first axis of an input of at least two: its size, or the name of one left open.
pub(crate) fn first_axis(input: &ValueInfoProto) -> Option<Result<usize, Option<&str>>> {
    let all = dimensions(input)?;
    (all.len() > 1).then(|| all.into_iter().next()).flatten()
}

/// The inputs that are no constants.
pub(crate) fn inputs(graph: &GraphProto) -> impl Iterator<Item = &ValueInfoProto> {
    let constant = |name: &String| graph.initializer.iter().any(|it| it.name == *name);
    graph.input.iter().filter(move |it| !constant(&it.name))
}

/// An input's dimensions: sizes, or the names of those left open. `None` if it has no shape.
pub(crate) fn dimensions(input: &ValueInfoProto) -> Option<Vec<Result<usize, Option<&str>>>> {
    let held = input.r#type.as_ref().and_then(|t| t.value.as_ref())?;
    let type_proto::Value::TensorType(tensor) = held;
    let shape = tensor.shape.as_ref()?;
    let dims = shape.dim.iter().map(|dimension| match &dimension.value {
        Some(Dimension::DimValue(fixed)) if *fixed > 0 => Ok(*fixed as usize),
        Some(Dimension::DimParam(name)) if !name.is_empty() => Err(Some(name.as_str())),
        _ => Err(None),
    });
    Some(dims.collect())
}
