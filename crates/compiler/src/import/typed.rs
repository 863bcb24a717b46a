//! Values of types of whole numbers: fractions that these drop, and how far they reach.

use tract_onnx::pb::NodeProto;

use crate::float::graph::Typed;
use crate::float::key_unit::gives_whole;
use crate::import::decisions::Cell;
use crate::import::expand::int;
use crate::import::kinds::ElementKind;
use crate::import::node::Node;
use crate::import::number_types;
use crate::import::operator::{OfWhole, Operator};
use crate::import::state::Importer;
use crate::import::values::Value;
use crate::{Result, import::operators};

/// Whole numbers beyond this are not told apart.
const DISTINCT: f64 = 9_007_199_254_740_992.0;

impl Importer<'_> {
    /// What becomes of the node's whole numbers; `None` if its first output is no whole number.
    pub(crate) fn of_whole(&self, proto: &NodeProto, operator: &Operator) -> Option<OfWhole> {
        let kind = (operator.holds)(&self.kinds, proto, 0)?;
        kind.is_whole().then_some(operator.of_whole)
    }

    /// Drops the fractions of a node's output, if it may have any.
    pub(crate) fn truncate(&mut self, proto: &NodeProto, output: &str) -> Result<()> {
        let Some(operator) = operators::find(&proto.domain, &proto.op_type) else {
            return Ok(());
        };
        let kind = (operator.holds)(&self.kinds, proto, 0).unwrap_or(ElementKind::INT64);
        if self.is_surely_whole(output) {
            return Ok(());
        }
        let exact = format!("{output}/exact");
        if let Some(value) = self.values.remove(output) {
            self.values.insert(exact.clone(), value);
        }
        if let Some(lineage) = self.lineages.remove(output) {
            self.lineages.insert(exact.clone(), lineage);
        }
        let decided = self.decisions.values.remove(output);
        if let Some(value) = decided {
            self.decisions.values.insert(exact.clone(), value);
        }
        self.run(&NodeProto {
            domain: String::new(),
            op_type: operators::TRUNCATES.into(),
            input: vec![exact],
            attribute: vec![int("to", kind.data_type().into())],
            ..proto.clone()
        })
    }

    /// Whether nothing but whole numbers can come out where whole numbers go in.
    fn is_surely_whole(&self, name: &str) -> bool {
        if self.decisions.contains(name) {
            return false;
        }
        if let Some(lineage) = self.lineages.get(name) {
            return gives_whole(&lineage.expression, self.is_whole_name(&lineage.base));
        }
        self.values.get(name).is_some_and(Value::keeps_whole)
    }

    /// Whether the value called `name` is whole by type or by what it is made of.
    fn is_whole_name(&self, name: &str) -> bool {
        let typed = self.kinds.get(name);
        typed.is_some_and(|kind| kind.is_whole() || *kind == ElementKind::Truth)
            || matches!(self.values.get(name), Some(Value::Rows(value)) if self.builder.is_whole(value))
    }

    /// Notes how far a node's outputs of whole numbers reach, to be compared with their types once
    /// the inputs' domains are known. Constants wrap here.
    pub(crate) fn note_types(&mut self, proto: &NodeProto, operator: &Operator) -> Result<()> {
        // Outputs beyond the first are places.
        let Some(output) = proto.output.first() else {
            return Ok(());
        };
        let kind = self.kinds.get(output).copied();
        let Some(kind) = kind.filter(|kind| kind.is_whole()) else {
            return Ok(());
        };
        let node = Node::new(self.path, proto, self.opset, None);
        match operator.of_whole {
            OfWhole::Within => Ok(()),
            OfWhole::Checked if !self.is_surely_whole(output) => Err(node.unsupported(format!(
                "fractions of whole numbers ({}) are not; cast its operand to float before it, and its result back",
                number_types::name(kind.data_type())
            ))),
            _ => self.note_type(&node, output, kind),
        }
    }

    fn note_type(&mut self, node: &Node<'_>, output: &str, kind: ElementKind) -> Result<()> {
        let Some(limits) = kind.limits() else {
            return Ok(());
        };
        if let Some(Value::Rows(value)) = self.values.get_mut(output)
            && value.is_constant()
        {
            let source = node.proto.input.first();
            let defined = source.is_some_and(|name| self.kinds.contains_key(name));
            for number in &mut value.bias {
                if (limits.0..=limits.1).contains(number) {
                    continue;
                }
                if !defined || number.abs() >= DISTINCT || !number.is_finite() {
                    return Err(node.invalid(beyond(kind, (*number, *number))));
                }
                *number = wrapped(*number, limits);
            }
            return Ok(());
        }
        if let Some(decided) = self.decisions.values.get(output) {
            let ends = decided.cells.iter().filter_map(reach);
            let (low, high) = ends.fold((0.0f64, 0.0f64), |(a, b), (c, d)| (a.min(c), b.max(d)));
            if low < limits.0 || high > limits.1 {
                return Err(node.invalid(beyond(kind, (low, high))));
            }
        }
        let (value, function, whole) = match (self.lineages.get(output), self.values.get(output)) {
            (Some(lineage), _) => {
                let Some(base) = self.values.get(&lineage.base) else {
                    return Ok(());
                };
                let whole = self.is_whole_name(&lineage.base);
                (base, Some(lineage.expression.clone()), whole)
            }
            (None, Some(value)) => (value, None, false),
            (None, None) => return Ok(()),
        };
        let (terms, bias) = value.clone().into_map();
        self.typed.push(Typed {
            node: node.name.clone(),
            op: node.op().into(),
            of: number_types::name(kind.data_type()),
            limits,
            terms,
            bias,
            function,
            whole,
        });
        Ok(())
    }
}

/// How far a decided cell reaches that is a sum of numbers.
fn reach(cell: &Cell) -> Option<(f64, f64)> {
    let Cell::Sum(number, parts) = cell else {
        return None;
    };
    let mut all = (*number, *number);
    for (_, ends) in parts {
        all.0 += ends.iter().copied().fold(f64::INFINITY, f64::min);
        all.1 += ends.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    }
    Some(all)
}

/// A whole number modulo the number of values of a type.
fn wrapped(number: f64, (low, high): (f64, f64)) -> f64 {
    low + (number - low).rem_euclid(high - low + 1.0)
}

fn beyond(kind: ElementKind, (low, high): (f64, f64)) -> String {
    let (least, most) = kind.limits().unwrap_or_default();
    format!(
        "its values reach from {low} to {high}, beyond {} ({least} to {most}), where ONNX says nothing or wraps around; \
         cast its operands to a wider type before it",
        number_types::name(kind.data_type())
    )
}
