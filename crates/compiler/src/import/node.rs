//! One ONNX node with its attributes, operands and error messages.

use std::path::Path;

use tract_onnx::pb::{AttributeProto, NodeProto};

use crate::import::ops::maximum::groups_along;
use crate::import::ops::shape_ops::broadcast_index;
use crate::import::values::affine::Affine;
use crate::{CompileError, Result};

/// A node, its operands (absent optional operands are `None`) and the file it comes from.
pub(super) struct Node<'a> {
    pub(super) path: &'a Path,
    pub(super) proto: &'a NodeProto,
    pub(super) name: String,
    pub(super) opset: i64,
    /// Whether its operands are whole numbers by type.
    pub(super) whole: bool,
    pub(super) operands: Vec<Option<&'a Affine>>,
}

impl<'a> Node<'a> {
    pub(super) fn op(&self) -> &'a str {
        &self.proto.op_type
    }

    fn attribute(&self, name: &str) -> Option<&'a AttributeProto> {
        self.proto
            .attribute
            .iter()
            .find(|attribute| attribute.name == name)
    }

    pub(super) fn float(&self, name: &str, default: f64) -> f64 {
        self.attribute(name)
            .map_or(default, |attribute| f64::from(attribute.f))
    }

    pub(super) fn int(&self, name: &str, default: i64) -> i64 {
        self.attribute(name)
            .map_or(default, |attribute| attribute.i)
    }

    pub(super) fn ints(&self, name: &str) -> Option<Vec<i64>> {
        self.attribute(name).map(|attribute| attribute.ints.clone())
    }

    /// A text attribute.
    pub(super) fn text(&self, name: &str) -> Option<String> {
        self.attribute(name)
            .map(|attribute| String::from_utf8_lossy(&attribute.s).into_owned())
    }

    /// The same node with other operands.
    pub(super) fn with<'b>(&self, operands: Vec<Option<&'b Affine>>) -> Node<'b>
    where
        'a: 'b,
    {
        Node {
            path: self.path,
            proto: self.proto,
            name: self.name.clone(),
            opset: self.opset,
            whole: self.whole,
            operands,
        }
    }

    pub(super) fn floats(&self, name: &str) -> Option<Vec<f64>> {
        self.attribute(name)
            .map(|attribute| attribute.floats.iter().map(|v| f64::from(*v)).collect())
    }

    pub(super) fn raw(&self, name: &str) -> Option<&'a AttributeProto> {
        self.attribute(name)
    }

    pub(super) fn invalid(&self, detail: impl Into<String>) -> CompileError {
        CompileError::InvalidNode {
            path: self.path.into(),
            node: self.name.clone(),
            op: self.op().into(),
            detail: detail.into(),
        }
    }

    pub(super) fn unsupported(&self, hint: impl Into<String>) -> CompileError {
        CompileError::UnsupportedOperator {
            path: self.path.into(),
            node: self.name.clone(),
            op: self.op().into(),
            hint: hint.into(),
        }
    }

    /// An error unless the operator is one of ONNX itself.
    pub(super) fn standard(&self) -> Result<bool> {
        if matches!(&*self.proto.domain, "" | "ai.onnx") {
            return Ok(true);
        }
        Err(self.unsupported(crate::import::hints::hint(self.op())))
    }

    pub(super) fn overflow(&self) -> CompileError {
        self.invalid("its folded weights overflow; check the model's weights for huge values")
    }

    pub(super) fn zero_divisor(&self, position: usize) -> CompileError {
        self.invalid(format!(
            "divides by zero at position {position}; correct the constant and export again"
        ))
    }

    pub(super) fn product(&self) -> CompileError {
        CompileError::ActivationProduct {
            path: self.path.into(),
            node: self.name.clone(),
            op: self.op().into(),
        }
    }

    /// Whether at least `count` operands depend on the model's input.
    pub(super) fn varying(&self, count: usize) -> bool {
        let varying = self.operands.iter().flatten().filter(|v| !v.is_constant());
        varying.count() >= count
    }

    /// The ONNX name of operand `index`.
    pub(super) fn input(&self, index: usize) -> String {
        self.proto.input.get(index).cloned().unwrap_or_default()
    }

    /// The ONNX name of the first output that has one.
    pub(super) fn output(&self) -> String {
        let mut named = self.proto.output.iter().filter(|name| !name.is_empty());
        named.next().unwrap_or(&self.name).clone()
    }

    /// For a reduction: the cells of operand 0 that each output cell is made of, in order, and the output's shape; `None` if
    /// nothing is reduced.
    #[allow(clippy::type_complexity)]
    pub(super) fn groups(&self) -> Result<Option<(Vec<Vec<usize>>, Vec<usize>)>> {
        let value = self.operand(0)?;
        let rank = value.shape.len();
        let axes = match self.list("axes", 1)?.filter(|axes| !axes.is_empty()) {
            Some(axes) => axes
                .iter()
                .map(|axis| self.axis(*axis, rank))
                .collect::<Result<Vec<_>>>()?,
            None if self.int("noop_with_empty_axes", 0) != 0 => return Ok(None),
            None => (0..rank).collect(),
        };
        let kept: Vec<usize> = (0..rank)
            .map(|axis| {
                if axes.contains(&axis) {
                    1
                } else {
                    value.shape[axis]
                }
            })
            .collect();
        // Which output each input cell falls into is what broadcasting the output back would say.
        let target = broadcast_index(&kept, &value.shape).unwrap_or_default();
        let mut members = vec![Vec::new(); self.count(&kept)?];
        for (cell, output) in target.into_iter().enumerate() {
            members[output].push(cell);
        }
        let shape = if self.int("keepdims", 1) != 0 {
            kept
        } else {
            (0..rank)
                .filter(|axis| !axes.contains(axis))
                .map(|axis| value.shape[axis])
                .collect()
        };
        Ok(Some((members, shape)))
    }

    /// The sets of cells that a soft-max normalises: along one axis, or before opset 13 along all from `axis` on.
    pub(super) fn softmax_groups(&self) -> Result<Vec<Vec<usize>>> {
        let shape = &self.operand(0)?.shape;
        let old = self.opset < 13;
        let axis = self.axis(self.int("axis", if old { 1 } else { -1 }), shape.len())?;
        if !old {
            return Ok(groups_along(shape, axis));
        }
        let inner: usize = shape[axis..].iter().product();
        let outer: usize = shape[..axis].iter().product();
        Ok((0..outer)
            .map(|group| (group * inner..(group + 1) * inner).collect())
            .collect())
    }

    /// Operand `index`, which must be there.
    pub(super) fn operand(&self, index: usize) -> Result<&'a Affine> {
        self.optional(index).ok_or_else(|| {
            self.invalid(format!(
                "operand {index} is missing; the file is damaged, export the model again"
            ))
        })
    }

    pub(super) fn optional(&self, index: usize) -> Option<&'a Affine> {
        self.operands.get(index).copied().flatten()
    }

    /// Operand `index` if present, which must be a constant.
    pub(super) fn optional_constant(&self, index: usize) -> Result<Option<&'a [f64]>> {
        match self.optional(index) {
            None => Ok(None),
            Some(value) if value.is_constant() => Ok(Some(&value.bias)),
            Some(_) => Err(self.invalid(format!(
                "operand {index} depends on the model's input, expected a constant; export again with constant folding"
            ))),
        }
    }

    pub(super) fn constant(&self, index: usize) -> Result<&'a [f64]> {
        self.operand(index)?;
        Ok(self.optional_constant(index)?.unwrap_or_default())
    }

    /// A constant list of integers, from attribute `name` (older opsets) or operand `index`.
    pub(super) fn list(&self, name: &str, index: usize) -> Result<Option<Vec<i64>>> {
        match self.ints(name) {
            Some(list) => Ok(Some(list)),
            None => Ok(self
                .optional_constant(index)?
                .map(|values| values.iter().map(|v| *v as i64).collect())),
        }
    }

    /// The attribute `axes` as indices below `rank`; all of them if it is not there.
    pub(super) fn axes(&self, rank: usize) -> Result<Vec<usize>> {
        match self.ints("axes") {
            Some(axes) => axes.iter().map(|axis| self.axis(*axis, rank)).collect(),
            None => Ok((0..rank).collect()),
        }
    }

    /// `axis`, counted from the end if negative, as an index below `rank`.
    pub(super) fn axis(&self, axis: i64, rank: usize) -> Result<usize> {
        let from_start = if axis < 0 {
            axis.saturating_add(rank as i64)
        } else {
            axis
        };
        usize::try_from(from_start)
            .ok()
            .filter(|axis| *axis < rank)
            .ok_or_else(|| {
                self.invalid(format!(
                    "axis {axis} does not exist in a tensor of rank {rank}"
                ))
            })
    }

    /// The number of cells of `shape`, if it is one a model can have.
    pub(super) fn count(&self, shape: &[usize]) -> Result<usize> {
        shape
            .iter()
            .try_fold(1usize, |product, dimension| product.checked_mul(*dimension))
            .filter(|count| *count > 0 && *count <= super::importer::MAX_CELLS)
            .ok_or_else(|| {
                self.invalid(format!(
                    "shape {shape:?} has no cells or more than {}; fix the shapes and export again",
                    super::importer::MAX_CELLS
                ))
            })
    }
}
