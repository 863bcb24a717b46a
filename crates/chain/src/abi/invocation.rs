//! A function by its name or signature, and what it answers.

use super::arguments::{encode, invalid};
use crate::{
    Artifact, ChainError,
    text::{labelled, plain},
};
use alloy_dyn_abi::{DynSolValue, FunctionExt, JsonAbiExt};
use alloy_json_abi::Function;
use alloy_primitives::Bytes;
use serde_json::Value;
use strsim::jaro_winkler;

/// A value that a function returned.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// What the contract calls it; may be empty.
    pub name: String,
    /// Its type.
    pub kind: String,
    /// For people: structures with the names of their fields.
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
    /// `what` is a signature, such as `balanceOf(address)(uint256)`, or the bare name of a function
    /// of an embedded contract.
    pub fn new(what: &str, arguments: &[String]) -> Result<Self, ChainError> {
        Self::of(&[], what, arguments)
    }

    /// The same of an account that is known to be one of these contracts: their functions go before
    /// those of the same name elsewhere.
    pub fn of(contracts: &[&str], what: &str, arguments: &[String]) -> Result<Self, ChainError> {
        let candidates = candidates(contracts, what)?;
        let fitting: Vec<&Function> = candidates
            .iter()
            .filter(|function| function.inputs.len() == arguments.len())
            .collect();
        let mut problem = match (candidates.first(), fitting.first()) {
            (None, _) => missing(contracts, what),
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
        let fail = |detail: String| invalid(&self.signature(), &detail);
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
                text: labelled(&output.components, value),
                value: json(value),
            })
            .collect())
    }
}

/// What a name or a signature can mean.
fn candidates(contracts: &[&str], what: &str) -> Result<Vec<Function>, ChainError> {
    if what.contains('(') {
        return Ok(vec![parse(what)?]);
    }
    let own = named(contracts.iter().copied(), what);
    Ok(match own.is_empty() {
        true => named(Artifact::names(), what),
        false => own,
    })
}

/// Functions of this name in some embedded contracts, each signature once.
fn named<'a>(contracts: impl Iterator<Item = &'a str>, name: &str) -> Vec<Function> {
    let mut found: Vec<Function> = Vec::new();
    for artifact in contracts.filter_map(|contract| Artifact::load(contract).ok()) {
        for function in artifact.abi.functions.get(name).into_iter().flatten() {
            if found.iter().all(|it| it.selector() != function.selector()) {
                found.push(function.clone());
            }
        }
    }
    found
}

/// That there is no such function, and which there are: the most alike first.
fn missing(contracts: &[&str], what: &str) -> String {
    let artifacts = contracts
        .iter()
        .filter_map(|name| Artifact::load(name).ok());
    let mut names: Vec<String> = artifacts
        .flat_map(|artifact| artifact.abi.functions.into_keys())
        .collect();
    let Some(contract) = contracts.first().filter(|_| !names.is_empty()) else {
        return format!(
            "no embedded contract has it; give its signature, e.g. `{what}(uint256)(address)`"
        );
    };
    names.sort();
    names.dedup();
    let far = |name: &String| -jaro_winkler(&name.to_lowercase(), &what.to_lowercase());
    names.sort_by(|a, b| far(a).total_cmp(&far(b)));
    format!(
        "{contract} has no such function; there are {}",
        names.join(", ")
    )
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
    use alloy_json_abi::JsonAbi;

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
        assert_eq!(latest.function.outputs.len(), 5);

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

    #[test]
    fn a_known_contract_says_what_it_has() {
        let said = Invocation::of(&["SignedFeatures"], "signer", &[]);
        let said = said.unwrap_err().to_string();
        assert!(said.contains("there are signers, signerSet, "), "{said}");
        // The gateway's `verify` lives in its interface; the bare verifier's takes other arguments.
        let gateway = ["IVerdictGateway", "VerdictGateway"];
        let said = Invocation::of(&gateway, "verify", &[])
            .unwrap_err()
            .to_string();
        assert!(
            said.contains("verify(bytes32 pin") || said.contains("verify(bytes32"),
            "{said}"
        );
        // What the contract lacks can still be another's: proxies have functions of several.
        Invocation::of(&["SignedFeatures"], "latestRoundData", &[]).unwrap();
    }

    #[test]
    fn structures_are_printed_with_their_fields() {
        let abi: JsonAbi = serde_json::from_str(
            r#"[{"type":"function","name":"f","inputs":[],"stateMutability":"view","outputs":[
                {"name":"s","type":"tuple","components":[
                    {"name":"a","type":"uint8"},
                    {"name":"c","type":"tuple[]","components":[{"name":"b","type":"bool"}]}]}]}]"#,
        )
        .unwrap();
        let function = abi.functions().next().unwrap().clone();
        let call = Invocation {
            data: Bytes::new(),
            function,
        };
        let inner = DynSolValue::Tuple(vec![DynSolValue::Bool(true)]);
        let value = DynSolValue::Tuple(vec![
            DynSolValue::Uint(alloy_primitives::U256::from(3), 8),
            DynSolValue::Array(vec![inner]),
        ]);
        let encoded = DynSolValue::Tuple(vec![value]).abi_encode_params();
        let answer = call.decode(&encoded).unwrap();
        assert_eq!(answer[0].text, "(a: 3, c: [(b: true)])");
        assert_eq!(answer[0].value, serde_json::json!(["3", [[true]]]));
    }
}
