//! Operators that are made of others: the nodes that say the same, run as if the file held them.

use tract_onnx::pb::{AttributeProto, GraphProto, NodeProto};

use crate::Result;
use crate::float::expression::{Binary, Expression, Unary};
use crate::import::kinds::ElementKind;
use crate::import::node::Node;
use crate::import::state::{Importer, Lineage};
use crate::import::values::Value;
use crate::import::values::affine::Affine;

/// Inner nodes are written for this version of ONNX's operators.
const OPSET: i64 = 21;

/// The outputs of a node by number, and the names of the values they are. An output that nothing
/// names may be left out.
pub(crate) type Expanded = Vec<(usize, String)>;

/// A node on its way to become others.
pub(crate) struct Expansion<'i, 'a> {
    pub(crate) importer: &'i mut Importer<'a>,
    proto: &'i NodeProto,
    prefix: String,
    made: usize,
}

/// An integer attribute.
pub(crate) fn int(name: &str, value: i64) -> AttributeProto {
    AttributeProto {
        name: name.into(),
        r#type: 2,
        i: value,
        ..AttributeProto::default()
    }
}

/// A list of integers as an attribute.
pub(crate) fn ints(name: &str, values: &[i64]) -> AttributeProto {
    AttributeProto {
        name: name.into(),
        r#type: 7,
        ints: values.to_vec(),
        ..AttributeProto::default()
    }
}

impl<'i, 'a> Expansion<'i, 'a> {
    pub(crate) fn new(
        importer: &'i mut Importer<'a>,
        proto: &'i NodeProto,
        prefix: String,
    ) -> Self {
        Self {
            importer,
            proto,
            prefix,
            made: 0,
        }
    }

    /// The ONNX name of operand `index`; `None` if it is not there.
    pub(crate) fn input(&self, index: usize) -> Option<String> {
        let name = self.proto.input.get(index)?;
        (!name.is_empty()).then(|| name.clone())
    }

    /// The ONNX name of operand `index`, which must be there.
    pub(crate) fn operand(&self, node: &Node<'_>, index: usize) -> Result<String> {
        self.input(index).ok_or_else(|| {
            node.invalid(format!(
                "operand {index} is missing; the file is damaged, export the model again"
            ))
        })
    }

    /// Whether something can read output `index`.
    pub(crate) fn has_output(&self, index: usize) -> bool {
        let name = self.proto.output.get(index);
        name.is_some_and(|name| !name.is_empty())
    }

    fn fresh(&mut self, what: &str) -> String {
        self.made += 1;
        format!("{}/{what}{}", self.prefix, self.made)
    }

    /// A constant.
    pub(crate) fn constant(&mut self, shape: Vec<usize>, values: Vec<f64>) -> String {
        let name = self.fresh("constant");
        self.importer
            .constant(&name, Affine::constant(shape, values));
        name
    }

    /// A constant of one number, without axes.
    pub(crate) fn number(&mut self, value: f64) -> String {
        self.constant(Vec::new(), vec![value])
    }

    /// A constant list of whole numbers.
    pub(crate) fn list(&mut self, values: &[i64]) -> String {
        let name = self.constant(
            vec![values.len()],
            values.iter().map(|v| *v as f64).collect(),
        );
        self.importer.kinds.insert(name.clone(), ElementKind::INT64);
        name
    }

    /// A node's first output.
    pub(crate) fn op(&mut self, op: &str, inputs: &[&str]) -> Result<String> {
        self.with(op, inputs, vec![])
    }

    /// The first output of a node with attributes.
    pub(crate) fn with(
        &mut self,
        op: &str,
        inputs: &[&str],
        attribute: Vec<AttributeProto>,
    ) -> Result<String> {
        let output = self.fresh(&op.to_lowercase());
        let proto = NodeProto {
            name: self.proto.name.clone(),
            op_type: op.into(),
            input: inputs.iter().map(|name| (*name).into()).collect(),
            output: vec![output.clone()],
            attribute,
            ..NodeProto::default()
        };
        let opset = std::mem::replace(&mut self.importer.opset, OPSET);
        let result = self.importer.run_noted(&proto);
        self.importer.opset = opset;
        result?;
        Ok(output)
    }

    /// The value called `name` as one of no type: sums of it are no whole numbers' and wrap nowhere.
    pub(crate) fn plain(&mut self, name: &str) -> Result<String> {
        let plain = self.op("Identity", &[name])?;
        self.importer.kinds.remove(&plain);
        Ok(plain)
    }

    /// `value` divided by a constant as 32-bit floats are, since what is rounded next may lie half-way
    /// for these alone; `None` if `divisor` is not one number, or anything has 64 bits.
    pub(crate) fn divided_in_single(&mut self, value: &str, divisor: &str) -> Option<String> {
        let [divisor] = self.known(divisor)?[..] else {
            return None;
        };
        let importer = &self.importer;
        if importer.has_doubles || importer.decisions.contains(value) {
            return None;
        }
        let of = |expression: &Expression| {
            let quotient = expression.with(Binary::Div, divisor);
            quotient.unary(Unary::Single)
        };
        let lineage = match (importer.lineages.get(value), importer.values.get(value)) {
            (_, Some(known)) if known.is_constant() => return None,
            (None, Some(_)) => Lineage {
                base: value.to_owned(),
                expression: of(&Expression::value()),
                nodes: vec![self.proto.name.clone()],
            },
            (Some(lineage), _) => Lineage {
                base: lineage.base.clone(),
                expression: of(&lineage.expression),
                nodes: lineage.nodes.clone(),
            },
            (None, None) => return None,
        };
        let name = self.fresh("steps");
        self.importer.lineages.insert(name.clone(), lineage);
        Some(name)
    }

    /// Runs a body in place; see [`Importer::inline`].
    pub(crate) fn inline(
        &mut self,
        graph: &GraphProto,
        bound: &[(String, String)],
    ) -> Result<Vec<String>> {
        let prefix = self.fresh("body");
        self.importer.inline(graph, &prefix, bound)
    }

    /// The value called `name` as a tensor of its own.
    pub(crate) fn tensor(&mut self, name: &str) -> Result<()> {
        self.importer.force(name)?;
        self.importer.materialise(name);
        Ok(())
    }

    /// The shape of the value called `name`.
    pub(crate) fn shape(&self, node: &Node<'_>, name: &str) -> Result<Vec<usize>> {
        let mut name = name;
        loop {
            if let Some(value) = self.importer.values.get(name) {
                return Ok(value.shape().to_vec());
            }
            if let Some(shape) = self.importer.decisions.shape(name) {
                return Ok(shape.to_vec());
            }
            match self.importer.lineages.get(name) {
                Some(lineage) => name = &lineage.base,
                None => {
                    return Err(node.invalid(format!(
                        "reads value `{name}`, which nothing before it defines; the file is damaged, export the model again"
                    )));
                }
            }
        }
    }

    /// The numbers of the value called `name`, if it is a constant.
    pub(crate) fn known(&self, name: &str) -> Option<Vec<f64>> {
        match self.importer.values.get(name)? {
            Value::Rows(value) if value.is_constant() => Some(value.bias.clone()),
            _ => None,
        }
    }

    /// The numbers of operand `index`, which must be a constant if it is there.
    pub(crate) fn constant_input(&self, node: &Node<'_>, index: usize) -> Result<Option<Vec<f64>>> {
        let Some(name) = self.input(index) else {
            return Ok(None);
        };
        let known = self.known(&name);
        known.map(Some).ok_or_else(|| {
            node.invalid(format!(
                "operand {index} (`{name}`) depends on the model's input, expected a constant"
            ))
        })
    }

    /// The cells of `name` from `from` on and before `to` along an axis.
    pub(crate) fn slice(
        &mut self,
        name: &str,
        axis: usize,
        from: usize,
        to: usize,
    ) -> Result<String> {
        let attributes = vec![
            ints("starts", &[from as i64]),
            ints("ends", &[to as i64]),
            ints("axes", &[axis as i64]),
        ];
        self.with("Slice", &[name], attributes)
    }

    /// `name` under another shape.
    pub(crate) fn reshape(&mut self, name: &str, shape: &[usize]) -> Result<String> {
        let shape: Vec<i64> = shape.iter().map(|d| *d as i64).collect();
        let shape = self.list(&shape);
        self.op("Reshape", &[name, &shape])
    }

    /// `name` with its axes in another order.
    pub(crate) fn transpose(&mut self, name: &str, order: &[i64]) -> Result<String> {
        self.with("Transpose", &[name], vec![ints("perm", order)])
    }

    /// All of `names` one after the other along an axis.
    pub(crate) fn concat(&mut self, names: &[String], axis: i64) -> Result<String> {
        match names {
            [one] => Ok(one.clone()),
            all => {
                let all: Vec<&str> = all.iter().map(String::as_str).collect();
                self.with("Concat", &all, vec![int("axis", axis)])
            }
        }
    }
}

impl Importer<'_> {
    /// Runs a node by the nodes it stands for.
    pub(crate) fn run_expanded(
        &mut self,
        node: &Node<'_>,
        expand: fn(&mut Expansion<'_, '_>, &Node<'_>) -> Result<Expanded>,
    ) -> Result<()> {
        let proto = node.proto;
        let mut inner = proto.clone();
        inner.name.clone_from(&node.name);
        let mut expansion = Expansion::new(self, &inner, node.first_output());
        let outputs = expand(&mut expansion, node)?;
        for (index, name) in outputs {
            let Some(output) = proto.output.get(index).filter(|name| !name.is_empty()) else {
                continue;
            };
            let alias = NodeProto {
                name: node.name.clone(),
                op_type: "Identity".into(),
                input: vec![name.clone()],
                output: vec![output.clone()],
                ..NodeProto::default()
            };
            self.run(&alias)?;
            match self.kinds.get(&name).copied() {
                Some(kind) => self.kinds.insert(output.clone(), kind),
                None => self.kinds.remove(output),
            };
        }
        Ok(())
    }
}
