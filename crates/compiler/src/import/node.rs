//! One ONNX node with its attributes, operands and error messages.

use std::path::Path;

use tract_onnx::pb::{AttributeProto, NodeProto};

use crate::import::kinds::ElementKind;
use crate::import::shapes::{MAX_CELLS, broadcast_index, groups_along};
use crate::import::values::Value;
use crate::import::values::affine::{Affine, Row};
use crate::memory;
use crate::{CompileError, Result};

/// A node, its operands (absent optional operands are `None`) and the file it comes from.
pub(crate) struct Node<'a> {
    pub(crate) path: &'a Path,
    pub(crate) proto: &'a NodeProto,
    pub(crate) name: String,
    pub(crate) opset: i64,
    /// What its first operand holds by type, unless that is real numbers.
    pub(crate) kind: Option<ElementKind>,
    /// Whether its operands are whole numbers by type.
    pub(crate) whole: bool,
    pub(crate) operands: Vec<Option<&'a Affine>>,
    /// Bytes that its result may take.
    pub(crate) memory: Option<u64>,
}

/// What a node reduces.
pub(crate) struct Reduction {
    /// For each output cell the cells of operand 0 that it is made of, in order.
    pub(crate) groups: Vec<Vec<usize>>,
    /// The output's shape.
    pub(crate) shape: Vec<usize>,
}

impl<'a> Node<'a> {
    /// A node without operands so far. One that has no name is called after its first output.
    pub(crate) fn new(
        path: &'a Path,
        proto: &'a NodeProto,
        opset: i64,
        kind: Option<ElementKind>,
    ) -> Self {
        let mut node = Self {
            path,
            proto,
            name: proto.name.clone(),
            opset,
            kind,
            whole: kind.is_some_and(ElementKind::is_whole),
            operands: Vec::new(),
            memory: None,
        };
        if node.name.is_empty() {
            node.name = node.first_output();
        }
        node
    }

    /// The ONNX name of the first output that has one; empty if none has.
    pub(crate) fn first_output(&self) -> String {
        let mut named = self.proto.output.iter().filter(|name| !name.is_empty());
        named.next().cloned().unwrap_or_default()
    }

    pub(crate) fn op(&self) -> &'a str {
        &self.proto.op_type
    }

    fn attribute(&self, name: &str) -> Option<&'a AttributeProto> {
        self.proto
            .attribute
            .iter()
            .find(|attribute| attribute.name == name)
    }

    pub(crate) fn float(&self, name: &str, default: f64) -> f64 {
        self.attribute(name)
            .map_or(default, |attribute| f64::from(attribute.f))
    }

    pub(crate) fn int(&self, name: &str, default: i64) -> i64 {
        self.attribute(name)
            .map_or(default, |attribute| attribute.i)
    }

    pub(crate) fn ints(&self, name: &str) -> Option<Vec<i64>> {
        self.attribute(name).map(|attribute| attribute.ints.clone())
    }

    /// A text attribute.
    pub(crate) fn text(&self, name: &str) -> Option<String> {
        self.attribute(name)
            .map(|attribute| String::from_utf8_lossy(&attribute.s).into_owned())
    }

    /// The node with other operands.
    pub(crate) fn with<'b>(&self, operands: Vec<Option<&'b Affine>>) -> Node<'b>
    where
        'a: 'b,
    {
        Node {
            path: self.path,
            proto: self.proto,
            name: self.name.clone(),
            opset: self.opset,
            kind: self.kind,
            whole: self.whole,
            operands,
            memory: self.memory,
        }
    }

    pub(crate) fn floats(&self, name: &str) -> Option<Vec<f64>> {
        self.attribute(name)
            .map(|attribute| attribute.floats.iter().map(|v| f64::from(*v)).collect())
    }

    pub(crate) fn raw(&self, name: &str) -> Option<&'a AttributeProto> {
        self.attribute(name)
    }

    pub(crate) fn invalid(&self, detail: impl Into<String>) -> CompileError {
        CompileError::InvalidNode {
            path: self.path.into(),
            node: self.name.clone(),
            op: self.op().into(),
            detail: detail.into(),
        }
    }

    pub(crate) fn unsupported(&self, hint: impl Into<String>) -> CompileError {
        CompileError::UnsupportedOperator {
            path: self.path.into(),
            node: self.name.clone(),
            op: self.op().into(),
            hint: hint.into(),
        }
    }

    pub(crate) fn overflow(&self) -> CompileError {
        self.invalid("its folded weights overflow; check the model's weights for huge values")
    }

    pub(crate) fn zero_divisor(&self, position: usize) -> CompileError {
        self.invalid(format!(
            "divides by zero at position {position}; correct the constant and export again"
        ))
    }

    pub(crate) fn product(&self) -> CompileError {
        CompileError::ActivationProduct {
            path: self.path.into(),
            node: self.name.clone(),
            op: self.op().into(),
        }
    }

    /// Whether at least `count` operands depend on the model's input.
    pub(crate) fn varying(&self, count: usize) -> bool {
        let varying = self.operands.iter().flatten().filter(|v| !v.is_constant());
        varying.count() >= count
    }

    /// The ONNX name of operand `index`.
    pub(crate) fn input(&self, index: usize) -> String {
        self.proto.input.get(index).cloned().unwrap_or_default()
    }

    /// The ONNX name of the first output that has one, or the node's.
    pub(crate) fn output(&self) -> String {
        let first = self.first_output();
        if first.is_empty() {
            self.name.clone()
        } else {
            first
        }
    }

    /// What the node, a reduction, reduces; `None` if that is nothing.
    pub(crate) fn groups(&self) -> Result<Option<Reduction>> {
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
        Ok(Some(Reduction {
            groups: members,
            shape,
        }))
    }

    /// The sets of cells that a soft-max normalises: along one axis, or before opset 13 along all
    /// from `axis` on.
    pub(crate) fn softmax_groups(&self) -> Result<Vec<Vec<usize>>> {
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
    pub(crate) fn operand(&self, index: usize) -> Result<&'a Affine> {
        self.optional(index).ok_or_else(|| {
            self.invalid(format!(
                "operand {index} is missing; the file is damaged, export the model again"
            ))
        })
    }

    pub(crate) fn optional(&self, index: usize) -> Option<&'a Affine> {
        self.operands.get(index).copied().flatten()
    }

    /// Operand `index` if present, which must be a constant.
    pub(crate) fn optional_constant(&self, index: usize) -> Result<Option<&'a [f64]>> {
        match self.optional(index) {
            None => Ok(None),
            Some(value) if value.is_constant() => Ok(Some(&value.bias)),
            Some(_) => Err(self.invalid(format!(
                "operand {index} depends on the model's input, expected a constant; export again with constant folding"
            ))),
        }
    }

    pub(crate) fn constant(&self, index: usize) -> Result<&'a [f64]> {
        self.operand(index)?;
        Ok(self.optional_constant(index)?.unwrap_or_default())
    }

    /// A constant list of integers, from attribute `name` (older opsets) or operand `index`.
    pub(crate) fn list(&self, name: &str, index: usize) -> Result<Option<Vec<i64>>> {
        match self.ints(name) {
            Some(list) => Ok(Some(list)),
            None => Ok(self
                .optional_constant(index)?
                .map(|values| values.iter().map(|v| *v as i64).collect())),
        }
    }

    /// The attribute `axes` as indices below `rank`; all of them if it is not there.
    pub(crate) fn axes(&self, rank: usize) -> Result<Vec<usize>> {
        match self.ints("axes") {
            Some(axes) => axes.iter().map(|axis| self.axis(*axis, rank)).collect(),
            None => Ok((0..rank).collect()),
        }
    }

    /// `axis`, counted from the end if negative, as an index below `rank`.
    pub(crate) fn axis(&self, axis: i64, rank: usize) -> Result<usize> {
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

    /// Whether there is room for `cells` sums of `terms` cells of a value each.
    pub(crate) fn affords(&self, cells: usize, terms: usize, value: &Affine) -> Result<()> {
        let weights: usize = value.terms.values().flatten().map(Vec::len).sum();
        let of_one = weights.div_ceil(value.len().max(1));
        // Sums of sums have a weight for each cell that there is at most.
        let reach = |rows: &Vec<Row>| {
            let cells = rows.iter().flatten().map(|(cell, _)| *cell as usize + 1);
            cells.max().unwrap_or(0)
        };
        let all: usize = value.terms.values().map(reach).sum();
        let width = terms.saturating_mul(of_one).min(all);
        self.affords_bytes(memory::rows(cells, cells.saturating_mul(width)))
    }

    /// Whether there is room for so many products of values that both depend on the input.
    pub(crate) fn affords_products(&self, cells: usize, terms: usize) -> Result<()> {
        self.affords_bytes(memory::products(cells.saturating_mul(terms)))
    }

    fn affords_bytes(&self, bytes: u64) -> Result<()> {
        let place = || {
            let path = self.path.display();
            format!("{path}: node `{}` ({})", self.name, self.op())
        };
        let help = "export with fewer rows, tokens or pixels";
        memory::check(place, bytes, self.memory, help)
    }

    /// `index`, counted from the end if negative, as a place along an axis of `len` cells.
    pub(crate) fn place(&self, index: i64, len: usize) -> Result<usize> {
        self.axis(index, len).map_err(|_| {
            self.invalid(format!(
                "index {index} lies outside an axis of length {len}; correct the constant"
            ))
        })
    }

    /// The number of cells of `shape`, if it is one a model can have. Constants may have none.
    pub(crate) fn count(&self, shape: &[usize]) -> Result<usize> {
        shape
            .iter()
            .try_fold(1usize, |product, dimension| product.checked_mul(*dimension))
            .filter(|count| *count <= MAX_CELLS)
            .ok_or_else(|| {
                self.invalid(format!(
                    "shape {shape:?} has more than {MAX_CELLS} cells; no model of that size can be proved"
                ))
            })
    }
}

/// A linear node's result, checked and named.
pub(crate) fn finished(node: &Node<'_>, mut value: Value) -> Result<Value> {
    if !value.is_finite() {
        return Err(
            node.invalid("its folded weights overflow; check the model's weights for huge values")
        );
    }
    // No cells are a constant, whatever they were taken from.
    let empty = value.shape().contains(&0);
    if !value.is_constant() && !empty {
        value.nodes_mut().push(node.name.clone());
        return Ok(value);
    }
    Ok(match value {
        value if empty => Value::Rows(Affine::constant(value.shape().to_vec(), Vec::new())),
        Value::Planes(value) => Value::Rows(Affine::constant(value.shape, value.bias)),
        rows => rows,
    })
}
