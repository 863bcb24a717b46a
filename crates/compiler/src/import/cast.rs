//! Casts to integers that change nothing: converters put them behind labels and in front of
//! encoders.

use tract_onnx::pb::{NodeProto, type_proto};

use crate::import::kinds::{ElementKind, kind};
use crate::import::operators;
use crate::import::state::Importer;
use crate::import::values::Value;
use crate::import::values::affine::Affine;

impl Importer<'_> {
    /// What node `proto`, a cast, gives if its operand holds whole numbers anyway: numbers of exact
    /// cells, inputs of an integer type, or inputs that only encoders read, whose categories are
    /// whole numbers.
    pub(crate) fn cast_to_whole(&self, proto: &NodeProto) -> Option<Affine> {
        let to = proto
            .attribute
            .iter()
            .find(|attribute| attribute.name == "to")?;
        // A cast to fewer bits than a byte has wraps around.
        let kind = kind(i32::try_from(to.i).ok()?);
        let whole = matches!(kind, Some(ElementKind::Whole { bits: 8.., .. }));
        let Value::Rows(value) = self.values.get(proto.input.first()?)? else {
            return None;
        };
        let harmless = self.builder.is_whole(value)
            || self.is_input(value) && (self.encodes_only(proto) || self.is_typed_whole(value));
        (whole && !value.is_constant() && harmless).then(|| value.clone())
    }

    /// Whether every cell of a value is a cell of an input as it is.
    fn is_input(&self, value: &Affine) -> bool {
        let mut rows = value.terms.values().flatten();
        value.bias.iter().all(|b| *b == 0.0)
            && rows.all(|row| row.len() <= 1 && row.iter().all(|(_, weight)| *weight == 1.0))
            && value
                .terms
                .keys()
                .all(|source| self.builder.tensors[*source].layer.is_none())
    }

    fn is_typed_whole(&self, value: &Affine) -> bool {
        value.terms.keys().all(|source| {
            let input = self
                .graph
                .input
                .iter()
                .find(|input| input.name == self.builder.tensors[*source].name);
            let of = input.and_then(|input| input.r#type.as_ref()?.value.as_ref());
            let Some(type_proto::Value::TensorType(tensor)) = of else {
                return false;
            };
            let kind = kind(tensor.elem_type);
            kind.is_some_and(|kind| kind.is_whole() || kind == ElementKind::Truth)
        })
    }

    /// Whether all nodes that read the output of `proto` are encoders.
    fn encodes_only(&self, proto: &NodeProto) -> bool {
        let Some(output) = proto.output.first() else {
            return false;
        };
        let mut readers = self
            .graph
            .node
            .iter()
            .filter(|node| node.input.contains(output));
        let is_output = self.graph.output.iter().any(|other| other.name == *output);
        !is_output
            && readers.all(|node| {
                let operator = operators::find(&node.domain, &node.op_type);
                operator.is_some_and(|operator| operator.categories)
            })
    }
}
