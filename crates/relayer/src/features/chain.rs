//! Features that a contract tells.

use crate::{
    config::{ReadingConfig, contract},
    rpc::Nodes,
};
use alloy_dyn_abi::{DynSolType, DynSolValue, FunctionExt, JsonAbiExt};
use alloy_json_abi::Function;
use verdict_chain::{Block, Deployment};

/// What the function returns as of a block.
pub(super) async fn read(
    nodes: &Nodes,
    deployment: &Deployment,
    source: &ReadingConfig,
    at: Block,
) -> Result<Vec<f64>, String> {
    let ReadingConfig::Chain {
        contract: name,
        function,
        arguments,
        answer,
        decimals,
    } = source
    else {
        return Err("no contract".into());
    };
    let fail = |detail: String| format!("{name}: {detail}");
    let to = contract(name, deployment).map_err(|error| fail(error.to_string()))?;
    let function = Function::parse(function).map_err(|error| fail(error.to_string()))?;
    let values = values(&function, arguments).map_err(fail)?;
    let data = function
        .abi_encode_input(&values)
        .map_err(|error| fail(error.to_string()))?;
    let returned = nodes
        .call(None, Some(to), data.into(), None, Some(at.number))
        .await
        .map_err(|error| fail(error.to_string()))?;
    let decoded = function
        .abi_decode_output(&returned)
        .map_err(|_| fail("it does not answer as this function does".into()))?;
    let number = decoded
        .get(*answer)
        .and_then(|value| number(value, *decimals));
    let number = number.ok_or_else(|| fail(format!("answer {answer} is no number")))?;
    Ok(vec![number])
}

fn values(function: &Function, arguments: &[String]) -> Result<Vec<DynSolValue>, String> {
    if function.inputs.len() != arguments.len() {
        return Err(format!(
            "{} arguments, {} are needed",
            arguments.len(),
            function.inputs.len()
        ));
    }
    let pairs = function.inputs.iter().zip(arguments);
    pairs
        .map(|(input, argument)| {
            let kind = DynSolType::parse(&input.ty).map_err(|error| error.to_string())?;
            kind.coerce_str(argument).map_err(|error| error.to_string())
        })
        .collect()
}

/// A whole number of a contract as a real one: its digits are kept as far as a double has them.
fn number(value: &DynSolValue, decimals: u8) -> Option<f64> {
    let text = match value {
        DynSolValue::Int(number, _) => number.to_string(),
        DynSolValue::Uint(number, _) => number.to_string(),
        _ => return None,
    };
    let number: f64 = text.parse().ok()?;
    let number = number / 10f64.powi(decimals.into());
    number.is_finite().then_some(number)
}
