//! Functions given by name or signature, with arguments and answers as people write them.

use crate::{Artifact, ChainError, revert::plain};
use alloy_dyn_abi::{DynSolType, DynSolValue, FunctionExt, JsonAbiExt, Specifier};
use alloy_json_abi::{Constructor, Function, Param};
use alloy_primitives::Bytes;
use serde_json::Value;

/// A value that a function returned.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// What the contract calls it; may be empty.
    pub name: String,
    /// Its type.
    pub kind: String,
    /// Readable.
    pub text: String,
    /// For programs: numbers as strings, for they have up to 256 bits.
    pub value: Value,
}

/// A function and the arguments it is to be called with.
#[derive(Clone, Debug)]
pub struct Invocation {
    function: Function,
    /// What to send.
    pub data: Bytes,
}

impl Invocation {
    /// `what` is a signature, such as `balanceOf(address)(uint256)`, or the bare name of a function of an embedded contract.
    pub fn new(what: &str, arguments: &[String]) -> Result<Self, ChainError> {
        let candidates = if what.contains('(') {
            vec![parse(what)?]
        } else {
            known(what)
        };
        let fitting: Vec<&Function> = candidates
            .iter()
            .filter(|function| function.inputs.len() == arguments.len())
            .collect();
        let mut problem = match (candidates.first(), fitting.first()) {
            (None, _) => {
                format!(
                    "no embedded contract has it; give its signature, e.g. `{what}(uint256)(address)`"
                )
            }
            (Some(function), None) => format!(
                "it takes {} arguments, not {}: {}",
                function.inputs.len(),
                arguments.len(),
                function.full_signature()
            ),
            _ => String::new(),
        };
        for function in fitting {
            match encode(&function.inputs, arguments) {
                Ok(values) => {
                    let data = function.abi_encode_input(&values);
                    let data = data.map_err(|error| invalid(what, &error.to_string()))?;
                    return Ok(Self {
                        function: function.clone(),
                        data: data.into(),
                    });
                }
                Err(detail) => problem = detail,
            }
        }
        Err(invalid(what, &problem))
    }

    /// The function's signature.
    pub fn signature(&self) -> String {
        self.function.signature()
    }

    /// Reads what came back.
    pub fn decode(&self, answer: &[u8]) -> Result<Vec<Answer>, ChainError> {
        let fail = |detail: String| ChainError::Abi {
            what: self.signature(),
            detail,
        };
        if answer.is_empty() && !self.function.outputs.is_empty() {
            return Err(fail(
                "nothing came back; is there such a contract on this chain?".into(),
            ));
        }
        let values = self
            .function
            .abi_decode_output(answer)
            .map_err(|error| fail(format!("the answer is of another type: {error}")))?;
        let outputs = self.function.outputs.iter().zip(&values);
        Ok(outputs
            .map(|(output, value)| Answer {
                name: output.name.clone(),
                kind: output.selector_type().into_owned(),
                text: plain(value),
                value: json(value),
            })
            .collect())
    }
}

/// A contract's creation code with arguments as people write them.
pub fn creation_code(artifact: &Artifact, arguments: &[String]) -> Result<Bytes, ChainError> {
    let none = Vec::new();
    let constructor = artifact.abi.constructor.as_ref();
    let inputs = constructor.map_or(&none, |Constructor { inputs, .. }| inputs);
    let what = format!("{}'s constructor", artifact.contract);
    if artifact.bytecode.is_empty() {
        return Err(invalid(
            &artifact.contract,
            "it is an interface, without code",
        ));
    }
    if inputs.len() != arguments.len() {
        let wanted: Vec<String> = inputs
            .iter()
            .map(|input| format!("{} {}", input.selector_type(), input.name))
            .collect();
        let detail = format!(
            "it takes {} arguments, not {}: {}",
            inputs.len(),
            arguments.len(),
            wanted.join(", ")
        );
        return Err(invalid(&what, &detail));
    }
    let values = encode(inputs, arguments).map_err(|detail| invalid(&what, &detail))?;
    let encoded = DynSolValue::Tuple(values).abi_encode_params();
    Ok([artifact.bytecode.as_ref(), &encoded].concat().into())
}

fn invalid(what: &str, detail: &str) -> ChainError {
    ChainError::Abi {
        what: what.into(),
        detail: detail.into(),
    }
}

/// `name(inputs)(outputs)`, the outputs optional.
fn parse(signature: &str) -> Result<Function, ChainError> {
    let mut depth = 0usize;
    let mut end = signature.len();
    for (at, letter) in signature.char_indices() {
        match letter {
            '(' => depth += 1,
            ')' if depth == 1 => {
                end = at + 1;
                break;
            }
            ')' => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    let (call, outputs) = signature.split_at(end);
    let outputs = outputs.trim();
    let full = match outputs {
        "" => format!("function {call}"),
        _ => format!("function {call} returns {outputs}"),
    };
    Function::parse(&full).map_err(|error| invalid(signature, &error.to_string()))
}

/// Functions of this name in the embedded contracts, each signature once.
fn known(name: &str) -> Vec<Function> {
    let mut found: Vec<Function> = Vec::new();
    for artifact in Artifact::names().filter_map(|name| Artifact::load(name).ok()) {
        for function in artifact.abi.functions.get(name).into_iter().flatten() {
            if found.iter().all(|it| it.selector() != function.selector()) {
                found.push(function.clone());
            }
        }
    }
    found
}

fn encode(inputs: &[Param], arguments: &[String]) -> Result<Vec<DynSolValue>, String> {
    inputs
        .iter()
        .zip(arguments)
        .map(|(input, argument)| {
            let kind: DynSolType = input.resolve().map_err(|error| error.to_string())?;
            kind.coerce_str(argument).map_err(|error| {
                let name = &input.name;
                format!("`{argument}` is no {kind} (argument `{name}`): {error}")
            })
        })
        .collect()
}

fn json(value: &DynSolValue) -> Value {
    match value {
        DynSolValue::Bool(value) => Value::Bool(*value),
        DynSolValue::Array(values)
        | DynSolValue::FixedArray(values)
        | DynSolValue::Tuple(values)
        | DynSolValue::CustomStruct { tuple: values, .. } => {
            Value::Array(values.iter().map(json).collect())
        }
        other => Value::String(plain(other)),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn signatures_and_names() {
        let arguments = ["0x00000000000000000000000000000000000000ff".to_string()];
        let call = Invocation::new("balanceOf(address)(uint256)", &arguments).unwrap();
        assert_eq!(call.signature(), "balanceOf(address)");
        assert_eq!(call.data.len(), 36);
        let answer = call.decode(&[&[0; 31][..], &[7]].concat()).unwrap();
        assert_eq!(
            (answer[0].text.as_str(), answer[0].kind.as_str()),
            ("7", "uint256")
        );
        assert!(call.decode(&[]).is_err());

        let latest = Invocation::new("latestRoundData", &[]).unwrap();
        assert_eq!(latest.data.as_ref(), [0xfe, 0xaf, 0x96, 0x8c]);
        let names: Vec<String> = latest
            .function
            .outputs
            .iter()
            .map(|it| it.name.clone())
            .collect();
        assert_eq!(names.len(), 5);

        for (what, arguments) in [
            ("noSuchFunction", &[][..]),
            ("latestRoundData", &arguments),
            ("f(bool)", &arguments),
            ("f(", &[]),
        ] {
            assert!(
                matches!(
                    Invocation::new(what, arguments),
                    Err(ChainError::Abi { .. })
                ),
                "{what}"
            );
        }
    }
}
