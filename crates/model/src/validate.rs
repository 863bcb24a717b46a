//! Every invariant an integer graph must keep before anything trusts it.

use std::collections::HashSet;

use crate::graph::{Function, IntegerGraph, Kernel, Table, Tensor, Visibility};
use crate::ranges::Bound;
use crate::{ModelError, Result};

/// Sums must stay below this, so that an `i64` and, far away, the field hold them.
const SUM_LIMIT: i128 = 1 << 62;
const MAX_SHIFT: u32 = 31;
/// Keeps a small file from demanding a huge allocation.
const MAX_CELLS: usize = 1 << 28;

impl IntegerGraph {
    /// Checks every invariant [`graph`](crate::graph) states. A graph that passes cannot make
    /// [`execute`](crate::execute) fail on inputs within their ranges: every table covers every
    /// sum.
    ///
    /// A tensor's `min` and `max` must contain every value its layer can *reach*; a shared table
    /// may hold others.
    pub fn validate(&self) -> Result<()> {
        self.validate_ends()?;
        self.validate_functions()?;
        for (id, tensor) in self.tensors.iter().enumerate() {
            self.validate_tensor(id, tensor)?;
        }
        // Only now are all lengths known to be consistent.
        for (id, tensor) in self.tensors.iter().enumerate() {
            if tensor.layer.is_some() {
                self.check_reach(id, &self.bounds(id))?;
            }
        }
        Ok(())
    }

    fn validate_ends(&self) -> Result<()> {
        let ends = |detail: &str| Err(ModelError::graph("graph", detail));
        if self.inputs.is_empty() || self.outputs.is_empty() {
            return ends("expected at least one input and one output");
        }
        let mut seen = HashSet::new();
        for id in self.inputs.iter().chain(&self.outputs) {
            if *id >= self.tensors.len() {
                return ends("an input or output names a tensor that does not exist");
            }
            if !seen.insert(*id) {
                return ends("a tensor is listed twice among the inputs and outputs");
            }
        }
        for (id, tensor) in self.tensors.iter().enumerate() {
            if tensor.layer.is_none() != self.inputs.contains(&id) {
                return Err(ModelError::graph(
                    place(id, tensor),
                    "expected a layer, or a place among the inputs, and not both",
                ));
            }
            if tensor.visibility == Visibility::Public && !seen.contains(&id) {
                return Err(ModelError::graph(
                    place(id, tensor),
                    "only inputs and outputs can be public",
                ));
            }
            if tensor.visibility == Visibility::Committed && tensor.layer.is_some() {
                return Err(ModelError::graph(
                    place(id, tensor),
                    "only inputs can be committed to",
                ));
            }
        }
        Ok(())
    }

    fn validate_functions(&self) -> Result<()> {
        for (id, function) in self.functions.iter().enumerate() {
            let Function::Table(function) = function else {
                continue;
            };
            let invalid = |detail: &str| {
                Err(ModelError::graph(
                    format!("function {id} `{}`", function.name),
                    detail,
                ))
            };
            if function.values.is_empty() {
                return invalid("its table is empty");
            }
            if function.shift > MAX_SHIFT {
                return invalid("shifts by more than 31 bits");
            }
            let end = i64::try_from(function.values.len())
                .ok()
                .and_then(|len| function.q_min.checked_add(len));
            let representable = |q: i64| i128::from(q) << function.shift;
            if end.is_none_or(|end| representable(end) > SUM_LIMIT)
                || representable(function.q_min) < -SUM_LIMIT
            {
                return invalid("its keys exceed 62 bits");
            }
        }
        Ok(())
    }

    fn validate_tensor(&self, id: usize, tensor: &Tensor) -> Result<()> {
        let invalid = |detail: String| Err(ModelError::graph(place(id, tensor), detail));
        let len = tensor
            .shape
            .iter()
            .try_fold(1usize, |product, d| product.checked_mul(*d));
        if tensor.len == 0 || len != Some(tensor.len) {
            return invalid(format!(
                "has {} cells and shape {:?}; expected their product",
                tensor.len, tensor.shape
            ));
        }
        if tensor.len > MAX_CELLS {
            return invalid(format!("has {} cells, more than {MAX_CELLS}", tensor.len));
        }
        if tensor.min > tensor.max {
            return invalid(format!(
                "its range [{}, {}] is empty",
                tensor.min, tensor.max
            ));
        }
        if !(tensor.scale.is_finite() && tensor.scale > 0.0) {
            return invalid(format!(
                "its scale is {}, expected a positive number",
                tensor.scale
            ));
        }
        let Some(layer) = &tensor.layer else {
            return Ok(());
        };
        if layer.bias.len() != tensor.len {
            return invalid(format!(
                "has {} biases, expected {}",
                layer.bias.len(),
                tensor.len
            ));
        }
        if layer.function >= self.functions.len() {
            return invalid(format!(
                "uses function {}, which does not exist",
                layer.function
            ));
        }
        for term in &layer.terms {
            if term.source >= id {
                return invalid(format!(
                    "reads tensor {}, which does not come before it",
                    term.source
                ));
            }
            let source_len = self.tensors[term.source].len;
            if let Err(detail) = term.kernel.check(source_len, tensor.len) {
                return invalid(detail);
            }
        }
        Ok(())
    }

    /// Whether a tensor's function covers sums within these bounds, and its range their values.
    pub(crate) fn check_reach(&self, id: usize, bounds: &[Bound]) -> Result<()> {
        let tensor = &self.tensors[id];
        let Some(layer) = &tensor.layer else {
            return Ok(());
        };
        if bounds.iter().any(|bound| bound.magnitude >= SUM_LIMIT) {
            return Err(ModelError::graph(
                place(id, tensor),
                "a sum can exceed 62 bits",
            ));
        }
        let least = bounds.iter().map(|bound| bound.min as i64).min();
        let most = bounds.iter().map(|bound| bound.max as i64).max();
        let (min, max) = (least.unwrap_or(0), most.unwrap_or(0));
        let (low, high) = self.functions[layer.function]
            .reach(min, max)
            .map_err(|detail| ModelError::graph(place(id, tensor), detail))?;
        if low < tensor.min || high > tensor.max {
            return Err(ModelError::graph(
                place(id, tensor),
                format!(
                    "reaches values from {low} to {high} outside its range [{}, {}]",
                    tensor.min, tensor.max
                ),
            ));
        }
        Ok(())
    }
}

impl Kernel {
    /// Why the kernel does not fit a source and an output of these lengths.
    fn check(&self, source_len: usize, output_len: usize) -> std::result::Result<(), String> {
        match self {
            Self::Dense { weights } => {
                if output_len.checked_mul(source_len) != Some(weights.len()) {
                    return Err(format!(
                        "has {} weights, expected {output_len} × {source_len}",
                        weights.len()
                    ));
                }
                Ok(())
            }
            Self::Sparse { entries } => {
                let mut seen = HashSet::with_capacity(entries.len());
                for (output, cell, _) in entries {
                    if *output as usize >= output_len || *cell as usize >= source_len {
                        return Err(format!(
                            "weight ({output}, {cell}) lies outside {output_len} × {source_len}"
                        ));
                    }
                    if !seen.insert((*output, *cell)) {
                        return Err(format!("weight ({output}, {cell}) is listed twice"));
                    }
                }
                Ok(())
            }
            Self::Conv(conv) => conv
                .check(source_len, output_len)
                .map_err(|detail| format!("its convolution {detail}")),
        }
    }
}

impl Function {
    /// The smallest and largest value for sums from `min` to `max`, or why it has none for some of
    /// them.
    fn reach(&self, min: i64, max: i64) -> std::result::Result<(i32, i32), String> {
        match self {
            Self::Square => {
                let largest = min.unsigned_abs().max(max.unsigned_abs());
                match largest.checked_mul(largest).map(i32::try_from) {
                    Some(Ok(square)) => Ok((0, square)),
                    _ => Err(format!(
                        "squares sums from {min} to {max}; squares must stay below 2^31"
                    )),
                }
            }
            Self::Table(table) => {
                let (min, max) = (min >> table.shift, max >> table.shift);
                let Some(reached) = table.range(min, max) else {
                    return Err(format!(
                        "its look-ups reach from {min} to {max}, the table covers only {} to {}",
                        table.q_min,
                        table.q_min + (table.values.len() as i64 - 1)
                    ));
                };
                let low = reached.iter().min().copied().unwrap_or(0);
                let high = reached.iter().max().copied().unwrap_or(0);
                Ok((low, high))
            }
        }
    }

    /// For messages.
    pub fn name(&self) -> &str {
        match self {
            Self::Table(table) => &table.name,
            Self::Square => "square",
        }
    }

    /// The table; `None` for the square.
    pub fn table(&self) -> Option<&Table> {
        match self {
            Self::Table(table) => Some(table),
            Self::Square => None,
        }
    }

    /// Bits of `y` that a look-up drops.
    pub fn shift(&self) -> u32 {
        self.table().map_or(0, |table| table.shift)
    }

    /// The value of a sum; `None` outside the table.
    pub fn value(&self, y: i64) -> Option<i32> {
        match self {
            Self::Square => i32::try_from(y.checked_mul(y)?).ok(),
            Self::Table(table) => {
                let index = usize::try_from((y >> table.shift).checked_sub(table.q_min)?).ok()?;
                table.values.get(index).copied()
            }
        }
    }
}

impl Table {
    /// The values for the keys `min..=max`, if the table covers them.
    fn range(&self, min: i64, max: i64) -> Option<&[i32]> {
        let first = usize::try_from(min.checked_sub(self.q_min)?).ok()?;
        let last = usize::try_from(max.checked_sub(self.q_min)?).ok()?;
        self.values.get(first..=last)
    }
}

fn place(id: usize, tensor: &Tensor) -> String {
    format!("tensor {id} `{}`", tensor.name)
}
