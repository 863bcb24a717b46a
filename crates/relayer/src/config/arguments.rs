//! Parameters of occasions: as a configuration has them, and as the queue keeps them.

use super::{Config, JobConfig, nearest};
use crate::RelayError;
use alloy_primitives::Address;
use std::collections::BTreeMap;
use verdict_chain::Deployment;
use verdict_consumers::{
    ConsumerKind,
    parameter::{Arguments, Parameter, ParameterKind, Value},
};

/// Every parameter that an occasion of a kind can have.
pub(crate) fn of_occasions(kind: &ConsumerKind) -> impl Iterator<Item = &'static Parameter> {
    let forms = kind.forms.iter().flat_map(|form| form.iter());
    kind.parameters.iter().chain(forms)
}

/// The same, and what only a service is told.
fn parameters(kind: &ConsumerKind) -> impl Iterator<Item = &'static Parameter> {
    of_occasions(kind).chain(kind.feeding.parameters)
}

/// What a job's operator fixed.
pub fn arguments(
    config: &Config,
    job: &JobConfig,
    deployment: &Deployment,
) -> Result<Arguments, RelayError> {
    let kind = job.kind().map_err(RelayError::Config)?;
    let mut arguments = Arguments::new();
    for (name, word) in &job.parameters {
        let parameter = parameters(kind).find(|it| it.name == name);
        let parameter = parameter.ok_or_else(|| {
            let names = parameters(kind).map(|it| it.name);
            RelayError::Config(format!("parameters: {}", nearest(name, names)))
        })?;
        let word = word.to_string();
        let value = match parameter.kind {
            ParameterKind::Contract => Value::Contract(contract(&word, deployment)?),
            ParameterKind::File => Value::File(config.path(word.as_ref())),
            _ => parameter.read(&word, 0)?,
        };
        arguments = arguments.with(parameter.name, value);
    }
    Ok(arguments)
}

/// A contract by its address or its name in the deployment.
pub(crate) fn contract(word: &str, deployment: &Deployment) -> Result<Address, RelayError> {
    if let Ok(address) = word.parse() {
        return Ok(address);
    }
    deployment.address(word).ok_or_else(|| {
        let names = deployment.consumers.keys().chain(deployment.sources.keys());
        RelayError::Config(format!(
            "no contract of the deployment: {}",
            nearest(word, names.map(String::as_str))
        ))
    })
}

/// Arguments as words, for the queue.
pub fn words(arguments: &Arguments) -> BTreeMap<String, String> {
    let word = |value: &Value| match value {
        Value::Flag => String::new(),
        Value::Number(number) => number.to_string(),
        Value::Hash(hash) => hash.to_string(),
        Value::Contract(address) => address.to_string(),
        Value::File(path) => path.display().to_string(),
    };
    let all = arguments.iter();
    all.map(|(name, value)| (name.to_owned(), word(value)))
        .collect()
}

/// The same without what is this machine's own: files, and names of contracts.
pub(crate) fn public_words(
    kind: &ConsumerKind,
    words: &BTreeMap<String, String>,
) -> BTreeMap<String, String> {
    let public = |name: &str| {
        let parameter = parameters(kind).find(|it| it.name == name);
        parameter
            .is_some_and(|it| !matches!(it.kind, ParameterKind::File | ParameterKind::Contract))
    };
    let words = words.iter().filter(|(name, _)| public(name));
    words
        .map(|(name, word)| (name.clone(), word.clone()))
        .collect()
}

/// Arguments from words of the queue.
pub fn restored(
    kind: &ConsumerKind,
    words: &BTreeMap<String, String>,
) -> Result<Arguments, RelayError> {
    let mut arguments = Arguments::new();
    for (name, word) in words {
        let parameter = parameters(kind).find(|it| it.name == name);
        let parameter = parameter.ok_or_else(|| RelayError::Row {
            table: "triggers",
            key: "occasion".into(),
            detail: format!("{} has no parameter `{name}`", kind.name),
        })?;
        let value = match parameter.kind {
            ParameterKind::Flag => Value::Flag,
            _ => parameter.read(word, 0)?,
        };
        arguments = arguments.with(parameter.name, value);
    }
    Ok(arguments)
}
