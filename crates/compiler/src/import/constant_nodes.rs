//! Nodes all of whose operands are constants: whatever their operator's row says, or if there is none,
//! they have one value, and tract computes it.

use tract_onnx::pb::tensor_proto::DataType;
use tract_onnx::pb::{
    GraphProto, ModelProto, NodeProto, OperatorSetIdProto, TensorProto, ValueInfoProto,
};

use crate::float::reference::constants::compute;
use crate::import::kinds::kind;
use crate::import::state::Importer;
use crate::import::values::affine::Affine;
use crate::import::values::rows_of;

/// Constants of more cells are not computed.
const MAX_CELLS: usize = 1 << 22;

impl Importer<'_> {
    /// Makes the outputs of a node of ONNX's own whose operands all are constants constants, too.
    /// `false` if they are not, or tract does not know its operator.
    pub(crate) fn run_constant(&mut self, proto: &NodeProto) -> bool {
        let own = matches!(proto.domain.as_str(), "" | "ai.onnx");
        let bodies = proto
            .attribute
            .iter()
            .any(|attribute| attribute.g.is_some());
        if !own || bodies || proto.input.is_empty() {
            return false;
        }
        let mut names: Vec<&String> = proto.input.iter().filter(|name| !name.is_empty()).collect();
        names.sort();
        names.dedup();
        let initializer = names.into_iter().map(|name| self.stored(name));
        let Some(initializer) = initializer.collect::<Option<Vec<_>>>() else {
            return false;
        };
        let outputs = || proto.output.iter().filter(|name| !name.is_empty());
        let output = outputs().map(|name| ValueInfoProto {
            name: name.clone(),
            ..ValueInfoProto::default()
        });
        let graph = GraphProto {
            name: proto.name.clone(),
            node: vec![proto.clone()],
            initializer,
            output: output.collect(),
            ..GraphProto::default()
        };
        let model = ModelProto {
            ir_version: 8,
            opset_import: vec![OperatorSetIdProto {
                domain: String::new(),
                version: self.opset,
            }],
            graph: Some(graph),
            ..ModelProto::default()
        };
        let computed = match compute(&model) {
            Ok(computed) if computed.len() == outputs().count() => computed,
            other => {
                let error = other.err();
                tracing::debug!(
                    node = proto.name,
                    error,
                    "tract does not compute the constant"
                );
                return false;
            }
        };
        for (name, value) in outputs().zip(computed) {
            if let Some(kind) = kind(value.data_type) {
                self.kinds.insert(name.clone(), kind);
            }
            self.constant(name, Affine::constant(value.shape, value.values));
        }
        true
    }

    /// The constant called `name` as a file stores it; `None` if it is none, or one of a type that
    /// few runtimes know.
    fn stored(&self, name: &str) -> Option<TensorProto> {
        let value = rows_of(self.values.get(name)).filter(|value| value.is_constant())?;
        let held = self.kinds.get(name);
        let data_type = held.map_or(DataType::Float as i32, |kind| kind.data_type());
        if value.len() > MAX_CELLS {
            return None;
        }
        let bytes = |v: &f64| -> Option<Vec<u8>> {
            Some(match DataType::try_from(data_type).ok()? {
                DataType::Float => (*v as f32).to_le_bytes().to_vec(),
                DataType::Bool | DataType::Uint8 => (*v as u8).to_le_bytes().to_vec(),
                DataType::Int8 => (*v as i8).to_le_bytes().to_vec(),
                DataType::Uint16 => (*v as u16).to_le_bytes().to_vec(),
                DataType::Int16 => (*v as i16).to_le_bytes().to_vec(),
                DataType::Uint32 => (*v as u32).to_le_bytes().to_vec(),
                DataType::Int32 => (*v as i32).to_le_bytes().to_vec(),
                DataType::Uint64 => (*v as u64).to_le_bytes().to_vec(),
                DataType::Int64 => (*v as i64).to_le_bytes().to_vec(),
                _ => return None,
            })
        };
        let raw: Option<Vec<Vec<u8>>> = value.bias.iter().map(bytes).collect();
        Some(TensorProto {
            name: name.into(),
            dims: value.shape.iter().map(|d| *d as i64).collect(),
            data_type,
            raw_data: raw?.concat(),
            ..TensorProto::default()
        })
    }
}
