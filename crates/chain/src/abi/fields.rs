//! What the fields of a configuration's file are called, stand for and mean.

use crate::Artifact;
use alloy_json_abi::Param;

/// One field of a constructor, or of a structure in it: what its ABI does not say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ConfigField {
    /// The contract or the structure that has it.
    pub of: &'static str,
    /// Its name there, without an underscore at its end.
    pub name: &'static str,
    /// What it means.
    pub meaning: &'static str,
    /// Another name that files have for it.
    pub key: Option<&'static str>,
    /// What it is where a file does not have it.
    pub default: Option<FieldDefault>,
}

/// What a field is that a file does not have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FieldDefault {
    /// This value; `{name}` in it is the file's own name.
    Text(&'static str),
    /// Whether another field is given.
    WhetherGiven(&'static str),
}

impl ConfigField {
    /// A field of a contract or a structure.
    pub const fn new(of: &'static str, name: &'static str, meaning: &'static str) -> Self {
        Self {
            of,
            name,
            meaning,
            key: None,
            default: None,
        }
    }

    /// Gives it the name that files have for it.
    #[must_use]
    pub const fn key(mut self, key: &'static str) -> Self {
        self.key = Some(key);
        self
    }

    /// Lets files leave it out.
    #[must_use]
    pub const fn default(mut self, value: &'static str) -> Self {
        self.default = Some(FieldDefault::Text(value));
        self
    }

    /// Says by itself whether another field is given.
    #[must_use]
    pub const fn given(mut self, other: &'static str) -> Self {
        self.default = Some(FieldDefault::WhetherGiven(other));
        self
    }
}

/// How a file's fields become the arguments of constructors, beyond names that are the same.
#[derive(Clone, Copy, Debug, Default)]
pub struct ConfigRules {
    /// The contracts that one file configures.
    pub contracts: &'static [&'static str],
    /// What is known of their fields.
    pub fields: &'static [ConfigField],
    /// The members of enumerations, in their order.
    pub words: &'static [(&'static str, &'static [&'static str])],
    /// Keys of the file that are no constructor's: what the scripts of solidity/script do besides.
    pub others: &'static [&'static str],
}

impl ConfigRules {
    /// What is known of a field.
    pub(super) fn field(&self, of: &str, name: &str) -> Option<&'static ConfigField> {
        let mut fields = self.fields.iter();
        fields.find(|field| field.of == of && field.name == bare(name))
    }

    /// The members of an enumeration that a parameter is of.
    pub(super) fn words_of(&self, param: &Param) -> Option<&'static [&'static str]> {
        let (_, name) = param.internal_type.as_ref()?.as_enum()?;
        let mut words = self.words.iter();
        words.find(|(of, _)| *of == name).map(|(_, words)| *words)
    }

    /// Every key that a file may have, of this contract and of those that share the file with it.
    pub(super) fn keys(&self, artifact: &Artifact) -> Vec<String> {
        let mut keys: Vec<String> = self.others.iter().map(ToString::to_string).collect();
        keys.push("name".into());
        let shared = self
            .contracts
            .iter()
            .filter(|name| **name != artifact.contract);
        let shared = shared.filter_map(|name| Artifact::load(name).ok());
        for artifact in shared.chain([artifact.clone()]) {
            for param in artifact.constructor() {
                self.keys_of(&artifact.contract, param, &mut keys);
                // A structure's fields may stand beside the constructor's.
                let inner = is_structure(param).then_some(&param.components);
                for field in inner.into_iter().flatten() {
                    self.keys_of(structure(param), field, &mut keys);
                }
            }
        }
        keys.sort();
        keys.dedup();
        keys
    }

    /// The names that a file can have for a field.
    pub(super) fn keys_of(&self, owner: &str, param: &Param, keys: &mut Vec<String>) {
        keys.push(bare(&param.name).into());
        let field = self.field(owner, &param.name);
        keys.extend(field.and_then(|field| field.key).map(Into::into));
        keys.extend(implied_key(param).map(Into::into));
    }
}

/// A parameter's name without the underscore that keeps it apart from a function's.
pub(super) fn bare(name: &str) -> &str {
    name.trim_end_matches('_')
}

/// The name of a parameter's structure, without the contract that declares it.
pub(super) fn structure(param: &Param) -> &str {
    let kind = param.internal_type.as_ref().and_then(|it| it.as_struct());
    let name = kind.map_or("", |(_, name)| name);
    name.split_once('[').map_or(name, |(name, _)| name)
}

/// The contract or interface that an address is of; empty for any account.
pub(super) fn interface(param: &Param) -> &str {
    let kind = param.internal_type.as_ref();
    kind.and_then(|it| it.as_contract()).unwrap_or_default()
}

/// Whether a parameter is one structure, and no list.
pub(super) fn is_structure(param: &Param) -> bool {
    param.ty == "tuple"
}

/// The key by which every file names what a parameter is of: a model, a feature source.
pub(super) fn implied_key(param: &Param) -> Option<&'static str> {
    match bare(&param.name) {
        "modelId" | "version" => Some("model"),
        _ if interface(param) == "IFeatureSource" => Some("source"),
        _ => None,
    }
}

/// The contract of the deployment that a parameter is where a file says nothing.
pub(super) fn implied_contract(param: &Param) -> Option<&'static str> {
    match interface(param) {
        "IVerdictGateway" => Some("@gateway"),
        "IModelRegistry" => Some("@registry"),
        _ => None,
    }
}
