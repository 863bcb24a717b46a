//! One node: what its operator's row says is done, in this order. Special rows come first; then
//! what is a function of one value is folded into it; then it is tried to keep planes planes; and
//! what is left is computed cell by cell.

use tract_onnx::pb::NodeProto;

use crate::float::activation::Activation;
use crate::import::builder::{Builder, explicit};
use crate::import::node::{Node, finished};
use crate::import::operator::{
    Explicit, Infinities, Integers, Learned, OfWhole, Operator, Planewise, Special,
};
use crate::import::ops::plane_moves;
use crate::import::ops::plane_operands::{ROWS_PER_CELL, WEIGHTS_PER_ROW};
use crate::import::state::{Importer, raw_name};
use crate::import::values::affine::Affine;
use crate::import::values::planes::PlaneMap;
use crate::import::values::{Value, rows_of};
use crate::import::{hints, operators};
use crate::{CompileError, Result};

impl Importer<'_> {
    /// Runs a node, and notes what its outputs hold.
    pub(crate) fn run_noted(&mut self, proto: &NodeProto) -> Result<()> {
        self.run(proto)?;
        if let Some(operator) = operators::find(&proto.domain, &proto.op_type) {
            self.note_kinds(proto, operator.holds);
            self.note_steps(proto, operator.rounds);
            self.note_types(proto, operator)?;
        }
        Ok(())
    }

    /// Runs a node whose operands are known.
    pub(crate) fn run(&mut self, proto: &NodeProto) -> Result<()> {
        let node = self.node(proto);
        let output = node.first_output();
        let Some(operator) = operators::find(&proto.domain, &proto.op_type) else {
            let unsupported = node.unsupported(hints::hint(node.op()));
            return if self.run_constant(proto) {
                Ok(())
            } else {
                Err(unsupported)
            };
        };
        match operator.special {
            Special::Constant(value) => {
                let value = value(&node)?;
                self.constant(&output, value);
                return Ok(());
            }
            Special::As(name, rewrite) => {
                let mut same = rewrite(&self.kinds, proto)
                    .ok_or_else(|| node.invalid("expected two operands"))?;
                same.op_type = name.into();
                return self.run(&same);
            }
            Special::Learned(_) | Special::Expanded(_) | Special::No => {}
        }
        match self.of_whole(proto, operator) {
            Some(OfWhole::Truncated) => {
                self.run_row(node, operator)?;
                self.truncate(proto, &output)
            }
            Some(OfWhole::Made(expand)) => {
                self.check_operands(&node, operator)?;
                self.run_expanded(&node, expand)
            }
            _ => match self.run_row(node, operator) {
                // What nothing but constants goes into is one, whether or not the row knows it.
                Err(
                    error @ (CompileError::UnsupportedOperator { .. }
                    | CompileError::ActivationProduct { .. }),
                ) if operator.defect.is_none() => match self.run_constant(proto) {
                    true => Ok(()),
                    false => Err(error),
                },
                done => done,
            },
        }
    }

    /// Runs a node as its operator's row says.
    fn run_row(&mut self, node: Node<'_>, operator: &Operator) -> Result<()> {
        let (proto, output) = (node.proto, node.first_output());
        self.check_alignment(&node)?;
        if let Some(value) = self.ask_infinities(&node, operator)? {
            self.values.insert(output, Value::Rows(value));
            return Ok(());
        }
        if let Some(value) = self.check_operands(&node, operator)? {
            self.constant(&output, value);
            return Ok(());
        }
        if let Special::Learned(learned) = operator.special {
            return self.run_learned(&node, learned, operator.passes_scores);
        }
        if let Special::Expanded(expand) = operator.special {
            return self.run_expanded(&node, expand);
        }
        if operator.keeps_whole
            && let (Some(value), [output]) = (self.cast_to_whole(proto), &proto.output[..])
        {
            self.values.insert(output.clone(), Value::Rows(value));
            return Ok(());
        }
        // A function of one value and what decides it are both kept: readers know one or the other.
        let decided = self.decide(&node, operator)?;
        if self.fold(&node, operator, &output)? || decided {
            return Ok(());
        }
        self.check_scores(&node, operator, false)?;
        self.run_alone(node, operator)
    }

    /// Runs a node that nothing but its operands is known of, whatever decides them.
    pub(crate) fn run_as_it_is(&mut self, proto: &NodeProto) -> Result<()> {
        let node = self.node(proto);
        let Some(operator) = operators::find(&proto.domain, &proto.op_type) else {
            return Err(node.unsupported(hints::hint(node.op())));
        };
        self.run_alone(node, operator)
    }

    /// Runs a node that is no function of a single value.
    fn run_alone(&mut self, node: Node<'_>, operator: &Operator) -> Result<()> {
        let proto = node.proto;
        let output = node.first_output();
        if let (Some(product), [dividend, divisor]) = (operator.with_reciprocal, &proto.input[..])
            && !node.whole
            && let Some(reciprocal) = self.reciprocal(divisor, &output)?
        {
            return self.run(&NodeProto {
                op_type: product.into(),
                input: vec![dividend.clone(), reciprocal],
                ..proto.clone()
            });
        }
        for input in &proto.input {
            self.force(input)?;
        }
        // Operands that were too long a function to be folded are tensors now.
        if self.fold(&node, operator, &output)? {
            return Ok(());
        }
        self.make_integers(proto, operator.integers);
        let values = self.evaluate(&node, operator)?;
        self.keep(&node, values);
        Ok(())
    }

    /// The node, its operands still to be filled in.
    fn node<'n>(&self, proto: &'n NodeProto) -> Node<'n>
    where
        Self: 'n,
    {
        let first = proto.input.first();
        let kind = first.and_then(|name| self.kinds.get(name)).copied();
        let left = self.memory.map(|all| all.saturating_sub(self.taken_bytes));
        Node {
            memory: left,
            ..Node::new(self.path, proto, self.opset, kind)
        }
    }

    /// Refuses the way in which operands were aligned before opset 7, unless it is numpy's: `axis`
    /// says where along the first one the second one begins.
    fn check_alignment(&self, node: &Node<'_>) -> Result<()> {
        if node.opset >= 7 || node.int("broadcast", 0) == 0 || node.raw("axis").is_none() {
            return Ok(());
        }
        let rank = |index: usize| {
            let mut name = node.proto.input.get(index)?;
            while let Some(lineage) = self.lineages.get(name) {
                name = &lineage.base;
            }
            Some(self.values.get(name)?.shape().len() as i64)
        };
        let axis = node.int("axis", 0);
        let at_the_end = rank(0).zip(rank(1)).is_some_and(|(first, second)| {
            let from_start = if axis < 0 { axis + first } else { axis };
            from_start == first - second
        });
        match at_the_end {
            true => Ok(()),
            false => Err(node.unsupported(
                "opset 7 gave up the attribute `axis` of what is broadcast; convert the file with onnx.version_converter",
            )),
        }
    }

    /// Checks that all operands are known, and numbers where the operator needs them. Returns the
    /// node's output where that is a constant made of another one with infinities: masks are made
    /// this way.
    fn check_operands(&self, node: &Node<'_>, operator: &Operator) -> Result<Option<Affine>> {
        self.check_scores(node, operator, true)?;
        if let Infinities::Compared(holds) = operator.infinities
            && let Some(value) = self.beside_infinities(node, holds)?
        {
            return Ok(Some(value));
        }
        let may_be_infinite = matches!(
            operator.infinities,
            Infinities::Read | Infinities::Masked | Infinities::Chosen
        );
        for (index, input) in node.proto.input.iter().enumerate() {
            // No operator means anything by a NaN.
            if let Some((position, value)) = self.constants.get(input)
                && (!may_be_infinite || value.is_nan())
            {
                if let Infinities::Moved(function) = operator.infinities
                    && let Some(node) = self.of_constants(node)
                {
                    return function(&node).map(Some);
                }
                return Err(CompileError::NonFiniteWeight {
                    path: self.path.into(),
                    node: node.name.clone(),
                    constant: input.clone(),
                    position: *position,
                    value: *value,
                });
            }
            let value = self.values.get(input);
            let may_be_empty = operator.may_be_empty || operator.lists && index == 1;
            if value.is_some_and(|value| value.shape().contains(&0)) && !may_be_empty {
                return Err(node.invalid(format!(
                    "its operand `{input}` has no cells, of which nothing can be computed; check what slices or shapes it"
                )));
            }
            let known = value.is_some()
                || self.lineages.contains_key(input)
                || self.decisions.contains(input);
            if !known && !input.is_empty() {
                return Err(node.invalid(format!(
                    "reads value `{input}`, which nothing before it defines; the file is damaged, export the model again"
                )));
            }
        }
        Ok(None)
    }

    /// Runs a node of `ai.onnx.ml`.
    fn run_learned(
        &mut self,
        node: &Node<'_>,
        learned: Learned,
        passes_scores: bool,
    ) -> Result<()> {
        let proto = node.proto;
        for input in &proto.input {
            self.force(input)?;
        }
        let operands: Vec<Option<Affine>> = proto
            .input
            .iter()
            .map(|input| match self.values.get(input)? {
                Value::Rows(value) => Some(value.clone()),
                planes => explicit(Some(planes), input, &mut self.builder),
            })
            .collect();
        let replaced = std::mem::take(&mut self.builder.replaced);
        self.values.extend(replaced);
        let node = node.with(operands.iter().map(Option::as_ref).collect());
        let outputs = match learned {
            Learned::Map(function) => vec![(0, function(&node)?)],
            Learned::Tensors(function) => vec![(0, function(self, &node)?)],
            Learned::Several(function) => function(self, &node)?,
        };
        for (index, value) in outputs {
            if let Some(output) = proto.output.get(index).filter(|name| !name.is_empty()) {
                let value = finished(&node, Value::Rows(value))?;
                self.values.insert(output.clone(), value);
            }
        }
        // A classifier's raw scores go by their own name wherever they are passed on as they are.
        if let (true, [input, ..], [output, ..]) =
            (passes_scores, &proto.input[..], &proto.output[..])
            && let Some(raw) = self.values.get(&raw_name(input)).cloned()
        {
            self.values.insert(raw_name(output), raw);
        }
        Ok(())
    }

    /// Makes tensors of the operands whose integers the operator multiplies or compares, under
    /// their own name: other operators that read them then do so too.
    fn make_integers(&mut self, proto: &NodeProto, wanted: Integers) {
        let varying = |input: &&String| self.values.get(*input).is_some_and(|v| !v.is_constant());
        let factors = || proto.input.iter().filter(varying).count() >= 2;
        let operands = match wanted {
            Integers::No => 0,
            // What compares scores makes integers of them as it needs them.
            Integers::First if self.is_excluding(proto.input.first()) => 0,
            Integers::First => 1,
            Integers::HeavyFirst => {
                let first = proto.input.first();
                usize::from(first.is_some_and(|input| self.is_heavy(input)))
            }
            Integers::Factors | Integers::FactorsOrSquares if factors() => 2,
            Integers::Factors => 0,
            Integers::FactorsOrSquares => {
                let square = |input: &&String| match self.values.get(*input) {
                    Some(Value::Rows(value)) => self.builder.has_squares(value),
                    _ => false,
                };
                let found: Vec<String> = proto.input.iter().filter(square).cloned().collect();
                found.iter().for_each(|input| self.materialise(input));
                0
            }
        };
        for input in proto.input.iter().take(operands) {
            // Products with what a mask excludes are left out.
            if operands == 2
                && let Some(Value::Rows(value)) = self.values.get(input)
                && self.builder.is_integers_or_zero(value)
            {
                continue;
            }
            self.materialise(input);
        }
        self.keep_apart(proto);
    }

    /// The outputs of a node that is not a function of one value.
    fn evaluate(&mut self, node: &Node<'_>, operator: &Operator) -> Result<Vec<Value>> {
        let inputs = &node.proto.input;
        let open: Vec<Option<Value>> = inputs.iter().map(|i| self.masked(operator, i)).collect();
        let mut operands = Vec::with_capacity(inputs.len());
        for (input, open) in inputs.iter().zip(&open) {
            operands.push(open.as_ref().or_else(|| self.values.get(input)));
        }
        let node = node.with(operands.iter().map(|value| rows_of(*value)).collect());
        let builder = &mut self.builder;
        if let Some(values) = operator.planewise.evaluate(&node, &operands, builder)? {
            let values = values.into_iter().map(|value| finished(&node, value));
            return values.collect();
        }
        let explicit: Vec<Option<Affine>> = operands
            .iter()
            .zip(inputs)
            .map(|(value, name)| explicit(*value, name, builder))
            .collect();
        let all = explicit.iter().zip(&operands);
        let all = all.map(|(made, value)| made.as_ref().or_else(|| rows_of(*value)));
        let node = node.with(all.collect());
        let values = operator.evaluate(&node, builder)?.into_iter();
        values
            .map(|value| finished(&node, Value::Rows(value)))
            .collect()
    }

    /// Keeps the node's outputs, and what became of operands that were made tensors.
    fn keep(&mut self, node: &Node<'_>, values: Vec<Value>) {
        let replaced = std::mem::take(&mut self.builder.replaced);
        for (output, mut value) in node.proto.output.iter().zip(values) {
            if let Value::Planes(planes) = &value
                && self.is_worth_a_tensor(output, planes)
            {
                value = self.builder.activate(output, value, Activation::Identity);
            }
            if !output.is_empty() {
                self.taken_bytes += value.bytes();
                self.values.insert(output.clone(), value);
            }
        }
        self.values.extend(replaced);
    }

    /// Whether several nodes read a value and its weights, streamed for each of them, cost more
    /// than its cells.
    fn is_worth_a_tensor(&self, name: &str, value: &PlaneMap) -> bool {
        let readers = self.readers.get(name).copied().unwrap_or(0);
        !value.is_placement()
            && (readers.saturating_sub(1)) * value.weights()
                > WEIGHTS_PER_ROW * ROWS_PER_CELL * value.len()
    }
}

impl Planewise {
    /// The outputs, as far as they can be planes; `None` if the node has to be computed cell by
    /// cell.
    fn evaluate(
        self,
        node: &Node<'_>,
        operands: &[Option<&Value>],
        builder: &mut Builder,
    ) -> Result<Option<Vec<Value>>> {
        let is_planes = |value: &&Value| matches!(value, Value::Planes(_));
        let any = operands.iter().flatten().any(is_planes);
        let first = match operands.first() {
            Some(Some(Value::Planes(value))) => Some(value),
            _ => None,
        };
        let planes = match (self, first) {
            (Self::Tried(function), _) => {
                return Ok(function(node, operands, builder)?.map(|value| vec![value]));
            }
            (Self::Any(function), _) if any => function(node, operands, builder)?,
            (Self::First(function), Some(value)) => function(node, value, operands, builder)?,
            (Self::Reshaped(function), Some(value)) => {
                Some(plane_moves::reshaped(node, value, operands, function)?)
            }
            (Self::Moved(function), Some(value)) => {
                plane_moves::moved(node, value, operands, function)?
            }
            (Self::Cut(function), Some(value)) => {
                return plane_moves::parts(node, value, operands, function);
            }
            (Self::Measured(function), Some(_)) => {
                let shape = plane_moves::of_shapes(node, operands, function)?;
                return Ok(Some(vec![Value::Rows(shape)]));
            }
            _ => None,
        };
        Ok(planes.map(|planes| vec![Value::Planes(planes)]))
    }
}

impl Operator {
    /// The outputs, cell by cell.
    pub(crate) fn evaluate(&self, node: &Node<'_>, builder: &mut Builder) -> Result<Vec<Affine>> {
        let value = match self.explicit {
            _ if self.varying && !node.varying(1) => None,
            Explicit::No => None,
            Explicit::Map(function) => Some(function(node)?),
            Explicit::Tensors(function) => Some(function(node, builder)?),
            Explicit::Maps(function) => return function(node),
            Explicit::Several(function) => return function(node, builder),
        };
        let value = value.map_or_else(|| self.cellwise.constant(node), |value| Ok(Some(value)))?;
        match value {
            Some(value) => Ok(vec![value]),
            None => Err(node.unsupported(hints::hint(node.op()))),
        }
    }
}
