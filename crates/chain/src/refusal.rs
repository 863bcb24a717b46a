//! Reads what a call that reverted returned: the errors of all embedded contracts are known.

use crate::{Artifact, Revert, text::plain};
use alloy_dyn_abi::{DynSolValue, JsonAbiExt};
use alloy_json_abi::Error;
use alloy_primitives::{Bytes, Selector, hex};
use alloy_sol_types::{Panic, Revert as Reason, SolError};
use std::{collections::HashMap, sync::LazyLock};

/// The errors of all embedded contracts, by selector.
static ERRORS: LazyLock<HashMap<Selector, Error>> = LazyLock::new(|| {
    let mut errors = HashMap::new();
    for artifact in Artifact::names().filter_map(|name| Artifact::load(name).ok()) {
        for error in artifact.abi.errors() {
            errors
                .entry(error.selector())
                .or_insert_with(|| error.clone());
        }
    }
    errors
});

impl Revert {
    /// Decodes what a call that reverted returned.
    pub fn new(data: Bytes) -> Self {
        if data.is_empty() {
            return Self::unnamed(
                data,
                "nothing: no such function, or a check without a message".into(),
            );
        }
        if let Ok(reason) = Reason::abi_decode(&data) {
            let text = format!("\"{}\"", reason.reason);
            return Self {
                name: Some(reason.reason),
                data,
                text,
            };
        }
        if let Ok(panic) = Panic::abi_decode(&data) {
            return Self {
                data,
                name: Some("Panic".into()),
                text: panic.to_string(),
            };
        }
        let known = data
            .get(..4)
            .and_then(|selector| ERRORS.get(&Selector::from_slice(selector)));
        let decoded = known.and_then(|error| {
            let values = error.abi_decode_input(data.get(4..)?).ok()?;
            Some((error.name.clone(), describe(error, &values)))
        });
        match decoded {
            Some((name, text)) => Self {
                data,
                name: Some(name),
                text,
            },
            None => {
                let text = hex::encode_prefixed(&data);
                Self::unnamed(data, text)
            }
        }
    }
}

/// `WrongProofLength { expected: 1, actual: 2 }`.
fn describe(error: &Error, values: &[DynSolValue]) -> String {
    if values.is_empty() {
        return error.name.clone();
    }
    let fields: Vec<String> = error
        .inputs
        .iter()
        .zip(values)
        .map(|(input, value)| format!("{}: {}", input.name, plain(value)))
        .collect();
    format!("{} {{ {} }}", error.name, fields.join(", "))
}
