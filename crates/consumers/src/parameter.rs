//! What an occasion to submit a proof is told: parameters as data, so that a command line, a
//! service or a form can ask for them.

use crate::ConsumerError;
use alloy_primitives::{Address, B256};
use std::{collections::BTreeMap, path::PathBuf};

/// One thing that belongs to an occasion.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Parameter {
    /// Its name, in lower case.
    pub name: &'static str,
    /// What stands for its value in usage texts; empty for a flag.
    pub value: &'static str,
    /// How usage texts write it as a word of its own.
    pub word: &'static str,
    /// What it is.
    pub help: &'static str,
    /// What kind of value it has.
    pub kind: ParameterKind,
    /// Whether it must be given.
    pub need: Need,
    /// Whether the question to the feature source depends on it; otherwise only the submission
    /// does.
    pub asked: bool,
}

/// What kind of value a parameter has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ParameterKind {
    /// It is given or not.
    Flag,
    /// A number up to this one.
    Number(u64),
    /// A block's number; as a word, `latest` stands for the newest whose hash a contract can know.
    Block,
    /// 32 bytes in hexadecimal.
    Hash,
    /// A contract: an address, or a name of the deployment.
    Contract,
    /// A file that the consumer reads.
    File,
}

/// Whether a parameter must be given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Need {
    /// Always.
    Required,
    /// Never.
    Optional,
    /// Never: otherwise it is this.
    Default(&'static str),
    /// Unless another one is given; never both.
    Unless(&'static str),
    /// Together with another one, or not at all.
    With(&'static str),
}

/// A parameter's value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// A flag that is given.
    Flag,
    /// A number, or a block's.
    Number(u64),
    /// 32 bytes.
    Hash(B256),
    /// A contract's address.
    Contract(Address),
    /// A file.
    File(PathBuf),
}

/// The values of an occasion's parameters.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Arguments(BTreeMap<&'static str, Value>);

impl Arguments {
    /// None yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Gives a parameter a value.
    #[must_use]
    pub fn with(mut self, name: &'static str, value: Value) -> Self {
        self.0.insert(name, value);
        self
    }

    /// Every value that is given, by its parameter's name.
    pub fn iter(&self) -> impl Iterator<Item = (&'static str, &Value)> {
        self.0.iter().map(|(name, value)| (*name, value))
    }

    /// Whether a flag is given.
    pub fn flag(&self, name: &str) -> bool {
        matches!(self.0.get(name), Some(Value::Flag))
    }

    /// A number, if it is given.
    pub fn number(&self, name: &str) -> Option<u64> {
        match self.0.get(name) {
            Some(Value::Number(number)) => Some(*number),
            _ => None,
        }
    }

    /// 32 bytes, if they are given.
    pub fn hash(&self, name: &str) -> Option<B256> {
        match self.0.get(name) {
            Some(Value::Hash(hash)) => Some(*hash),
            _ => None,
        }
    }

    /// A contract's address, if it is given.
    pub fn contract(&self, name: &str) -> Option<Address> {
        match self.0.get(name) {
            Some(Value::Contract(address)) => Some(*address),
            _ => None,
        }
    }

    /// A file, if it is given.
    pub fn file(&self, name: &str) -> Option<&PathBuf> {
        match self.0.get(name) {
            Some(Value::File(path)) => Some(path),
            _ => None,
        }
    }

    /// A value that must be there.
    pub(crate) fn need<T>(value: Option<T>, name: &str) -> Result<T, ConsumerError> {
        value.ok_or_else(|| ConsumerError::Argument(format!("`{name}` is missing")))
    }
}

impl Parameter {
    /// Whether its word may be left out.
    const fn is_optional(&self) -> bool {
        matches!(self.need, Need::Optional | Need::Default(_))
    }

    /// What a word stands for; `newest` is the newest block whose hash a contract can know.
    pub fn read(&self, word: &str, newest: u64) -> Result<Value, ConsumerError> {
        let wrong = |detail: String| Err(ConsumerError::Argument(detail));
        match self.kind {
            ParameterKind::Block if word == "latest" => Ok(Value::Number(newest)),
            ParameterKind::Number(_) | ParameterKind::Block => match word.parse() {
                Ok(number) if self.fits(number) => Ok(Value::Number(number)),
                Ok(number) => wrong(format!("{number} is too large for `{}`", self.name)),
                Err(_) => wrong(format!("`{word}` is no number")),
            },
            ParameterKind::Hash => match word.parse() {
                Ok(hash) => Ok(Value::Hash(hash)),
                Err(_) => wrong(format!("`{word}` is not 32 bytes in hexadecimal")),
            },
            ParameterKind::Contract => match word.parse() {
                Ok(address) => Ok(Value::Contract(address)),
                Err(_) => wrong(format!("`{word}` is no address")),
            },
            // A hash where a file could be is a hash.
            ParameterKind::File if word.parse::<B256>().is_ok() => {
                wrong(format!("`{word}` is 32 bytes, and no file"))
            }
            ParameterKind::File => Ok(Value::File(word.into())),
            ParameterKind::Flag if word == self.word => Ok(Value::Flag),
            ParameterKind::Flag => wrong(format!("`{word}` is not `{}`", self.word)),
        }
    }

    const fn fits(&self, number: u64) -> bool {
        match self.kind {
            ParameterKind::Number(largest) => number <= largest,
            _ => true,
        }
    }
}

/// One way to write an occasion down as words: parameters in their order, those at the end
/// optional.
pub type Form = &'static [Parameter];

/// How a form is written.
pub(crate) fn usage(form: Form) -> String {
    let words = form.iter().map(|parameter| match parameter.is_optional() {
        true => format!(" [{}]", parameter.word),
        false => format!(" {}", parameter.word),
    });
    words.collect()
}

/// The occasion that some words write down, in the form that they fit; `None` if there are too many
/// words or too few for each. The error is of the form that fits furthest.
pub(crate) fn parse(
    forms: &[Form],
    words: &[&str],
    newest: u64,
) -> Option<Result<Arguments, ConsumerError>> {
    let mut best: Option<(usize, ConsumerError)> = None;
    for form in forms {
        let least = form.iter().filter(|it| !it.is_optional()).count();
        if !(least..=form.len()).contains(&words.len()) {
            continue;
        }
        let mut arguments = Arguments::new();
        let mut failed = None;
        for (at, (parameter, word)) in form.iter().zip(words).enumerate() {
            match parameter.read(word, newest) {
                Ok(value) => arguments = arguments.with(parameter.name, value),
                Err(error) => {
                    failed = Some((at, error));
                    break;
                }
            }
        }
        match failed {
            None => return Some(Ok(arguments)),
            Some(failed) if best.as_ref().is_none_or(|best| best.0 < failed.0) => {
                best = Some(failed);
            }
            Some(_) => {}
        }
    }
    best.map(|(_, error)| Err(error))
}
