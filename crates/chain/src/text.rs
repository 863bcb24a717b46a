//! Values of contracts as people write them.

use alloy_dyn_abi::DynSolValue;
use alloy_json_abi::Param;
use alloy_primitives::hex;

/// A value as people write it: numbers in decimal, bytes in hexadecimal.
pub(crate) fn plain(value: &DynSolValue) -> String {
    let list = |values: &[DynSolValue]| values.iter().map(plain).collect::<Vec<_>>().join(", ");
    match value {
        DynSolValue::Bool(value) => value.to_string(),
        DynSolValue::Int(value, _) => value.to_string(),
        DynSolValue::Uint(value, _) => value.to_string(),
        DynSolValue::FixedBytes(word, size) => hex::encode_prefixed(&word[..*size]),
        DynSolValue::Address(address) => address.to_string(),
        DynSolValue::Function(function) => function.to_string(),
        DynSolValue::Bytes(bytes) => hex::encode_prefixed(bytes),
        DynSolValue::String(text) => text.clone(),
        DynSolValue::Array(values) | DynSolValue::FixedArray(values) => {
            format!("[{}]", list(values))
        }
        DynSolValue::Tuple(values) | DynSolValue::CustomStruct { tuple: values, .. } => {
            format!("({})", list(values))
        }
    }
}

/// The same, with the names of a structure's fields.
pub(crate) fn labelled(components: &[Param], value: &DynSolValue) -> String {
    match value {
        DynSolValue::Array(values) | DynSolValue::FixedArray(values) => {
            let values = values.iter().map(|value| labelled(components, value));
            format!("[{}]", values.collect::<Vec<_>>().join(", "))
        }
        DynSolValue::Tuple(values) | DynSolValue::CustomStruct { tuple: values, .. }
            if values.len() == components.len() =>
        {
            let fields = components.iter().zip(values).map(|(field, value)| {
                let value = labelled(&field.components, value);
                match field.name.as_str() {
                    "" => value,
                    name => format!("{name}: {value}"),
                }
            });
            format!("({})", fields.collect::<Vec<_>>().join(", "))
        }
        other => plain(other),
    }
}
