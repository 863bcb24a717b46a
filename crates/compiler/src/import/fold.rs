//! Folding chains of element-wise operators into one function.
//!
//! Every ONNX value that is a function of another one, cell by cell and the same for all cells, has a [`Lineage`]. It becomes a
//! tensor only when an operator that is not element-wise reads it; until then it costs nothing.

use tract_onnx::pb::NodeProto;

use super::importer::{Importer, rows_of};
use super::ops::functions;
use crate::Result;
use crate::float::expression::{Binary, Expression, MAX_STEPS};
use crate::import::node::Node;
use crate::import::ops::shape_ops::broadcast_index;
use crate::import::values::affine::{Affine, Value};

/// `value = expression(base)`.
pub(super) struct Lineage {
    /// The ONNX value it is a function of; that one has an [`Affine`].
    base: String,
    expression: Expression,
    /// The ONNX nodes folded into the expression.
    nodes: Vec<String>,
}

/// A function of an ONNX value that has been made a tensor.
pub(super) struct Applied {
    base: String,
    expression: Expression,
    value: Value,
}

impl Importer<'_> {
    /// Makes the node's output a function of a value that all its operands are functions of. `false` if there is none or the
    /// node is not element-wise.
    pub(super) fn fold(&mut self, proto: &NodeProto, name: &str, output: &str) -> Result<bool> {
        let Some((base, operands, nodes)) = self.common_base(proto) else {
            return Ok(false);
        };
        let node = Node {
            path: self.path,
            proto,
            name: name.to_owned(),
            opset: self.opset,
            whole: self.is_of_whole(proto),
            // Bounds and the like; what depends on the input comes as an expression.
            operands: proto
                .input
                .iter()
                .map(|i| rows_of(self.values.get(i)))
                .collect(),
        };
        let Some(expression) = functions::combine(&node, &operands)? else {
            return Ok(false);
        };
        if expression.steps().len() > MAX_STEPS {
            return Ok(false);
        }
        let Some(value) = self.values.get(&base) else {
            return Ok(false);
        };
        // Truncating a whole number changes nothing.
        let whole = matches!(value, Value::Rows(value) if self.builder.is_whole(value));
        let expression = if proto.op_type == "Cast" && whole {
            Expression::value()
        } else {
            expression
        };
        // What stays affine goes on being folded into linear maps.
        let affine = match expression.as_affine() {
            Some((a, c)) if a != 0.0 => {
                let mut value = value.clone().affine(a, c);
                if !value.is_finite() {
                    return Err(node.overflow());
                }
                value.nodes_mut().push(name.to_owned());
                Some(value)
            }
            Some((_, c)) => {
                let shape = value.shape().to_vec();
                let len = shape.iter().product();
                Some(Value::Rows(Affine::constant(shape, vec![c; len])))
            }
            None => None,
        };
        if let Some(value) = affine {
            self.values.insert(output.to_owned(), value);
        }
        let mut all = nodes;
        all.push(name.to_owned());
        let lineage = Lineage {
            base,
            expression,
            nodes: all,
        };
        self.lineages.insert(output.to_owned(), lineage);
        Ok(true)
    }

    /// The name of a value that is the reciprocal of `divisor`; `None` if that is a constant.
    pub(super) fn reciprocal(&mut self, divisor: &str, output: &str) -> Option<String> {
        let one = Expression::constant(1.0);
        let (base, expression, nodes) = match (self.values.get(divisor), self.lineages.get(divisor))
        {
            (Some(value), _) if value.is_constant() => return None,
            (Some(_), _) => (divisor.to_owned(), Expression::value(), Vec::new()),
            (None, Some(lineage)) => (
                lineage.base.clone(),
                lineage.expression.clone(),
                lineage.nodes.clone(),
            ),
            (None, None) => return None,
        };
        let lineage = Lineage {
            base,
            expression: one.binary(Binary::Div, &expression),
            nodes,
        };
        let name = format!("{output}/reciprocal");
        self.lineages.insert(name.clone(), lineage);
        Some(name)
    }

    /// Makes sure that ONNX value `name` has an affine value: if it is only known as a function so far, that becomes a tensor.
    pub(super) fn force(&mut self, name: &str) -> Result<()> {
        if self.values.contains_key(name) {
            return Ok(());
        }
        let Some(lineage) = self.lineages.get(name) else {
            return Ok(());
        };
        let Some(base) = self.values.get(&lineage.base) else {
            return Ok(());
        };
        // The affine end of the function belongs to whatever linear map comes next.
        let (expression, a, c) = lineage.expression.peel();
        let known = self
            .applied
            .iter()
            .find(|known| known.base == lineage.base && known.expression == expression);
        let value = match known {
            Some(known) => known.value.clone(),
            None => {
                let mut base = base.clone();
                if self.builder.wants_tensor(&base, &expression, (a, c)) {
                    base = self.builder.tensor(&lineage.base, base);
                    // Other functions of it need not read all that it is made of again.
                    self.values.insert(lineage.base.clone(), base.clone());
                }
                base.nodes_mut().extend(lineage.nodes.iter().cloned());
                let value = self.builder.apply(name, base, expression.clone());
                self.applied.push(Applied {
                    base: lineage.base.clone(),
                    expression,
                    value: value.clone(),
                });
                value
            }
        };
        self.values.insert(name.to_owned(), value.affine(a, c));
        Ok(())
    }

    /// The nearest value that all operands are functions of, these functions, and the nodes they consist of.
    #[allow(clippy::type_complexity)]
    fn common_base(
        &self,
        proto: &NodeProto,
    ) -> Option<(String, Vec<Option<Expression>>, Vec<String>)> {
        let mut chains = Vec::with_capacity(proto.input.len());
        for input in &proto.input {
            chains.push(self.chain(input)?);
        }
        let first = chains.iter().find(|chain| !chain.is_constant())?;
        let Chain::Function(candidates) = first else {
            return None;
        };
        let (base, shape) = candidates.iter().find_map(|link| {
            let shared = chains.iter().all(|chain| match chain {
                Chain::Function(links) => links.iter().any(|other| other.base == link.base),
                _ => true,
            });
            let shape = self.values.get(link.base)?.shape();
            shared.then_some((link.base, shape))
        })?;
        let mut nodes: Vec<String> = Vec::new();
        let mut operands = Vec::with_capacity(chains.len());
        for chain in chains {
            operands.push(match chain {
                Chain::Absent => None,
                Chain::Constant(value, from) => {
                    broadcast_index(&from, shape)?;
                    Some(Expression::constant(value))
                }
                Chain::Function(links) => {
                    let link = links.into_iter().find(|link| link.base == base)?;
                    nodes.extend(link.nodes.into_iter().cloned());
                    Some(link.expression)
                }
            });
        }
        nodes.dedup();
        Some((base.to_owned(), operands, nodes))
    }

    /// Everything that `input` is a function of, itself first; `None` if it is neither that nor the same number everywhere.
    fn chain<'s>(&'s self, input: &'s str) -> Option<Chain<'s>> {
        if input.is_empty() {
            return Some(Chain::Absent);
        }
        let mut links = Vec::new();
        let mut link = Link {
            base: input,
            expression: Expression::value(),
            nodes: Vec::new(),
        };
        loop {
            if let Some(value) = self.values.get(link.base) {
                if let Value::Rows(value) = value
                    && value.is_constant()
                {
                    let first = *value.bias.first()?;
                    let uniform = value.bias.iter().all(|v| *v == first);
                    let constant = || Chain::Constant(first, value.shape.clone());
                    return (uniform && links.is_empty()).then(constant);
                }
                links.push(link.clone());
            }
            let Some(lineage) = self.lineages.get(link.base) else {
                break;
            };
            link.base = &lineage.base;
            link.expression = link.expression.of(&lineage.expression);
            link.nodes.splice(0..0, &lineage.nodes);
            if link.expression.steps().len() > MAX_STEPS {
                break;
            }
        }
        (!links.is_empty()).then_some(Chain::Function(links))
    }
}

/// What an operand is.
enum Chain<'a> {
    Absent,
    /// A number and the shape it is broadcast from.
    Constant(f64, Vec<usize>),
    Function(Vec<Link<'a>>),
}

impl Chain<'_> {
    fn is_constant(&self) -> bool {
        !matches!(self, Self::Function(_))
    }
}

/// `operand = expression(base)`.
#[derive(Clone)]
struct Link<'a> {
    base: &'a str,
    expression: Expression,
    nodes: Vec<&'a String>,
}
