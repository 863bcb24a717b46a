//! Arguments given one after the other, as texts.

use crate::{Artifact, ChainError};
use alloy_dyn_abi::{DynSolType, DynSolValue, Specifier};
use alloy_json_abi::Param;
use alloy_primitives::Bytes;

/// A contract's creation code with arguments as people write them.
pub fn creation_code(artifact: &Artifact, arguments: &[String]) -> Result<Bytes, ChainError> {
    let inputs = artifact.constructor();
    let what = format!("{}'s constructor", artifact.contract);
    has_code(artifact)?;
    if inputs.len() != arguments.len() {
        let wanted: Vec<String> = inputs.iter().map(declared).collect();
        let detail = format!(
            "it takes {} arguments, not {}: {}",
            inputs.len(),
            arguments.len(),
            wanted.join(", ")
        );
        return Err(invalid(&what, &detail));
    }
    let values = encode(inputs, arguments).map_err(|detail| invalid(&what, &detail))?;
    creation_code_of(artifact, values)
}

/// A contract's creation code with its constructor's arguments.
pub fn creation_code_of(
    artifact: &Artifact,
    arguments: Vec<DynSolValue>,
) -> Result<Bytes, ChainError> {
    has_code(artifact)?;
    let encoded = DynSolValue::Tuple(arguments).abi_encode_params();
    Ok([artifact.bytecode.as_ref(), &encoded].concat().into())
}

fn has_code(artifact: &Artifact) -> Result<(), ChainError> {
    if artifact.bytecode.is_empty() {
        return Err(invalid(
            &artifact.contract,
            "it is an interface, without code",
        ));
    }
    Ok(())
}

/// An error about a function or a constructor.
pub(super) fn invalid(what: &str, detail: &str) -> ChainError {
    ChainError::Abi {
        what: what.into(),
        detail: detail.into(),
    }
}

/// A parameter as Solidity declares it, a structure's fields included.
fn declared(param: &Param) -> String {
    let fields: Vec<String> = param.components.iter().map(declared).collect();
    let kind = match fields.as_slice() {
        [] => param.ty.clone(),
        fields => param
            .ty
            .replacen("tuple", &format!("({})", fields.join(", ")), 1),
    };
    format!("{kind} {}", param.name)
}

/// The values of parameters; an error says which of them, down to a structure's field, is wrong.
pub(super) fn encode(inputs: &[Param], arguments: &[String]) -> Result<Vec<DynSolValue>, String> {
    let pairs = inputs.iter().zip(arguments);
    pairs
        .map(|(input, argument)| {
            let kind = resolved(input)?;
            kind.coerce_str(argument)
                .map_err(|error| explain(input, argument, &input.name, &error.to_string()))
        })
        .collect()
}

/// A parameter's type.
pub(super) fn resolved(param: &Param) -> Result<DynSolType, String> {
    param.resolve().map_err(|error| error.to_string())
}

/// What one element of a list is; `None` of a parameter that is no list.
pub(super) fn element(param: &Param) -> Option<Param> {
    let (kind, _) = param.ty.strip_suffix(']')?.rsplit_once('[')?;
    Some(Param {
        ty: kind.into(),
        ..param.clone()
    })
}

/// Which part of an argument does not fit: the innermost that can be told.
fn explain(param: &Param, text: &str, path: &str, error: &str) -> String {
    let kind = resolved(param).map_or_else(|_| param.ty.clone(), |kind| kind.to_string());
    let wrong = || format!("`{text}` is no {kind} (argument `{path}`): {error}");
    let inner = |param: &Param, text: &str, path: &str| {
        let problem = resolved(param).ok()?.coerce_str(text).err()?;
        Some(explain(param, text, path, &problem.to_string()))
    };
    if let Some(element) = element(param) {
        let parts = parts(text, '[', ']').unwrap_or_default();
        let mut found = parts.iter().enumerate();
        let found = found.find_map(|(i, part)| inner(&element, part, &format!("{path}[{i}]")));
        return found.unwrap_or_else(wrong);
    }
    let (fields, Some(parts)) = (&param.components, parts(text, '(', ')')) else {
        return wrong();
    };
    if fields.is_empty() {
        return wrong();
    }
    if fields.len() != parts.len() {
        let fields: Vec<String> = fields.iter().map(declared).collect();
        return format!(
            "`{text}` has {} fields (argument `{path}`), not {}: {}",
            parts.len(),
            fields.len(),
            fields.join(", ")
        );
    }
    let mut found = fields.iter().zip(parts);
    let found =
        found.find_map(|(field, part)| inner(field, part, &format!("{path}.{}", field.name)));
    found.unwrap_or_else(wrong)
}

/// What stands between commas of a structure or a list; `None` of what is neither.
fn parts(text: &str, open: char, close: char) -> Option<Vec<&str>> {
    let inside = text.trim().strip_prefix(open)?.strip_suffix(close)?;
    if inside.trim().is_empty() {
        return Some(Vec::new());
    }
    let (mut depth, mut quote, mut start) = (0usize, None, 0);
    let mut parts = Vec::new();
    for (at, letter) in inside.char_indices() {
        match (quote, letter) {
            (Some(mark), _) if mark == letter => quote = None,
            (Some(_), _) => {}
            (None, '"' | '\'') => quote = Some(letter),
            (None, '(' | '[') => depth += 1,
            (None, ')' | ']') => depth = depth.checked_sub(1)?,
            (None, ',') if depth == 0 => {
                parts.push(inside.get(start..at)?.trim());
                start = at + 1;
            }
            (None, _) => {}
        }
    }
    parts.push(inside.get(start..)?.trim());
    Some(parts)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn problem(contract: &str, arguments: &[&str]) -> String {
        let artifact = Artifact::load(contract).unwrap();
        let arguments: Vec<String> = arguments.iter().map(ToString::to_string).collect();
        creation_code(&artifact, &arguments)
            .unwrap_err()
            .to_string()
    }

    #[test]
    fn errors_name_the_field() {
        let zero = "0x0000000000000000000000000000000000000001";
        let of = |config: &str| {
            problem(
                "InferenceOracle",
                &[zero, "1", "1", zero, config, zero, zero],
            )
        };
        let word = format!("0x{}", "0".repeat(64));
        let good = format!("\"a, (b\",8,0,{word},-1,2,3,4,5,6,7,8,9,10,11,12");
        let said = of(&format!("({good},maybe)"));
        assert!(
            said.contains("`maybe` is no bool (argument `config_.followsLatest`)"),
            "{said}"
        );
        let said = of(&format!("({good})"));
        assert!(
            said.contains("has 16 fields (argument `config_`), not 17: string description"),
            "{said}"
        );
        let said = of(&format!("({},false)", good.replacen("-1", "1.5x", 1)));
        assert!(said.contains("argument `config_.minAnswer`"), "{said}");
        let said = problem("InferenceOracle", &[zero]);
        assert!(said.contains("uint24 confirmDelay"), "{said}");

        let feeds = format!(
            "[({zero},0x,0,false,18,0,0,0,false,0,false),({zero},0x,0,false,1800,0,0,0,false,0,false)]"
        );
        let said = problem("OnChainFeatures", &[zero, "1", &word, &feeds]);
        assert!(said.contains("argument `feeds_[1].decimals`"), "{said}");
    }
}
