//! Folding chains of element-wise operators into one function.
//!
//! Every ONNX value that is a function of another one, cell by cell and the same for all cells, has
//! a [`Lineage`]. It becomes a tensor only when an operator that is not element-wise reads it;
//! until then it costs nothing.

use tract_onnx::pb::NodeProto;

use crate::Result;
use crate::float::expression::{Binary, Expression, MAX_STEPS};
use crate::import::node::Node;
use crate::import::operator::Operator;
use crate::import::shapes::broadcast_index;
use crate::import::state::{Applied, Importer, Lineage};
use crate::import::values::affine::Affine;
use crate::import::values::{Value, rows_of};

impl Importer<'_> {
    /// Makes the node's output a function of a value that all its operands are functions of.
    /// `false` if there is none or the node is not element-wise.
    pub(crate) fn fold(
        &mut self,
        of: &Node<'_>,
        operator: &Operator,
        output: &str,
    ) -> Result<bool> {
        let (proto, name) = (of.proto, of.name.as_str());
        let Some(Common {
            base,
            operands,
            nodes,
            secret,
        }) = self.common_base(proto)
        else {
            return Ok(false);
        };
        // Bounds and the like; what depends on the input comes as an expression.
        let inputs = proto.input.iter();
        let node = of.with(inputs.map(|i| rows_of(self.values.get(i))).collect());
        let Some(expression) = operator.cellwise.combine(&node, &operands)? else {
            return Ok(false);
        };
        if expression.steps().len() > MAX_STEPS {
            return Ok(false);
        }
        let Some(value) = self.values.get(&base) else {
            return Ok(false);
        };
        // Truncating a whole number changes nothing; a function of a whole number may be anything.
        let whole = matches!(value, Value::Rows(value) if self.builder.is_whole(value));
        let expression = if operator.keeps_whole && whole {
            expression.untruncated()
        } else {
            expression
        };
        // A table would show it, a weight or a bias does not.
        if secret && expression.as_affine().is_none() {
            return Ok(false);
        }
        self.check_scaled(&node, value, expression.as_affine())?;
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
        if secret {
            return Ok(true);
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
    pub(crate) fn reciprocal(&mut self, divisor: &str, output: &str) -> Result<Option<String>> {
        if !self.lineages.contains_key(divisor) {
            self.force(divisor)?;
        }
        let one = Expression::constant(1.0);
        let (base, expression, nodes) = match (self.values.get(divisor), self.lineages.get(divisor))
        {
            (Some(value), _) if value.is_constant() => return Ok(None),
            (Some(_), _) => (divisor.to_owned(), Expression::value(), Vec::new()),
            (None, Some(lineage)) => (
                lineage.base.clone(),
                lineage.expression.clone(),
                lineage.nodes.clone(),
            ),
            (None, None) => return Ok(None),
        };
        let lineage = Lineage {
            base,
            expression: one.binary(Binary::Div, &expression),
            nodes,
        };
        let name = format!("{output}/reciprocal");
        self.lineages.insert(name.clone(), lineage);
        Ok(Some(name))
    }

    /// Makes sure that ONNX value `name` has an affine value: if it is only known as a function so
    /// far, that becomes a tensor.
    pub(crate) fn force(&mut self, name: &str) -> Result<()> {
        if self.values.contains_key(name) {
            return Ok(());
        }
        let Some(lineage) = self.lineages.get(name) else {
            return self.force_decided(name);
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

    /// The nearest value that all operands are functions of, these functions, and the nodes they
    /// consist of.
    fn common_base(&self, proto: &NodeProto) -> Option<Common> {
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
        let mut secret = false;
        for (chain, input) in chains.into_iter().zip(&proto.input) {
            operands.push(match chain {
                Chain::Absent => None,
                Chain::Constant(value, from) => {
                    broadcast_index(&from, shape)?;
                    secret |= self.builder.secrecy.hides(input, value);
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
        Some(Common {
            base: base.to_owned(),
            operands,
            nodes,
            secret,
        })
    }

    /// Everything that `input` is a function of, itself first; `None` if it is neither that nor the
    /// same number everywhere.
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

/// A value that all operands of a node are functions of.
struct Common {
    base: String,
    /// These functions; an operand that is not there is none.
    operands: Vec<Option<Expression>>,
    /// The nodes they consist of.
    nodes: Vec<String>,
    /// Whether one of the functions is a constant that no table may show.
    secret: bool,
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
