//! A constructor's arguments by name, from a file in JSON or TOML: the files of
//! solidity/script/config among them.

use super::{
    arguments::{element, resolved},
    fields::{
        ConfigRules, FieldDefault, bare, implied_contract, implied_key, interface, is_structure,
        structure,
    },
};
use crate::{Artifact, ChainError};
use alloy_dyn_abi::{DynSolType, DynSolValue};
use alloy_json_abi::Param;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};
use std::path::{Path, PathBuf};
use strsim::jaro_winkler;
use verdict_wire::read_text;

/// Replaces what stands for a value, such as `@registry`, by the value.
pub type Expand<'a> = &'a mut dyn FnMut(&str) -> Result<String, String>;

/// A file of named fields.
#[derive(Clone, Debug, PartialEq)]
pub struct ConfigFile {
    path: PathBuf,
    fields: Map<String, Value>,
}

/// What is wrong with a field.
struct Problem {
    field: String,
    detail: String,
}

/// What a file is read for.
struct Reading<'a> {
    contract: &'a str,
    /// The file's own name.
    name: &'a str,
    rules: &'a ConfigRules,
    expand: Expand<'a>,
}

/// An object of the file, and where it stands.
#[derive(Clone, Copy)]
struct Place<'a> {
    owner: &'a str,
    object: &'a Map<String, Value>,
    path: &'a str,
}

impl ConfigFile {
    /// Reads a file: TOML if its name ends so, else JSON.
    pub fn load(path: &Path) -> Result<Self, ChainError> {
        let text = read_text(path)?;
        let is_toml = path
            .extension()
            .is_some_and(|it| it.eq_ignore_ascii_case("toml"));
        let parsed = match is_toml {
            true => toml::from_str(&text).map_err(|error| error.to_string()),
            false => serde_json::from_str(&text).map_err(|error| error.to_string()),
        };
        let language = if is_toml { "TOML" } else { "JSON" };
        let fields = parsed.map_err(|error| ChainError::Config {
            path: path.to_owned(),
            field: String::new(),
            detail: format!("expected named fields in {language}: {}", error.trim_end()),
        })?;
        Ok(Self {
            path: path.to_owned(),
            fields,
        })
    }

    /// A field of the file's own that is text.
    pub fn text(&self, key: &str) -> Option<&str> {
        self.fields.get(key).and_then(Value::as_str)
    }

    /// All of its fields as a structure of their own.
    pub fn parse<T: DeserializeOwned>(&self) -> Result<T, ChainError> {
        let parsed = serde_json::from_value(Value::Object(self.fields.clone()));
        parsed.map_err(|error| self.error("", error.to_string()))
    }

    /// An error about one of its fields.
    pub fn error(&self, field: &str, detail: impl Into<String>) -> ChainError {
        ChainError::Config {
            path: self.path.clone(),
            field: field.into(),
            detail: detail.into(),
        }
    }

    /// The arguments of a contract's constructor.
    pub fn arguments(
        &self,
        artifact: &Artifact,
        rules: &ConfigRules,
        expand: Expand<'_>,
    ) -> Result<Vec<DynSolValue>, ChainError> {
        let keys = rules.keys(artifact);
        if let Some(unknown) = self.fields.keys().find(|key| !keys.contains(key)) {
            let detail = format!(
                "{} has no such field{}",
                artifact.contract,
                nearest(unknown, &keys)
            );
            return Err(self.error(unknown, detail));
        }
        let mut reading = Reading {
            contract: &artifact.contract,
            name: self.text("name").unwrap_or_default(),
            rules,
            expand,
        };
        let top = Place {
            owner: &artifact.contract,
            object: &self.fields,
            path: "",
        };
        let inputs = artifact.constructor().iter();
        let values = inputs.map(|param| reading.parameter(param, top));
        values
            .collect::<Result<_, Problem>>()
            .map_err(|problem| self.error(&problem.field, problem.detail))
    }
}

impl Reading<'_> {
    /// The value of one of an object's fields, under whichever name the file has it.
    fn parameter(&mut self, param: &Param, place: Place<'_>) -> Result<DynSolValue, Problem> {
        let name = bare(&param.name);
        let known = self.rules.field(place.owner, name);
        let other = known.and_then(|field| field.key);
        // The files' own name goes first: another contract of the same file may have a field of
        // this one.
        for key in [other, Some(name)].into_iter().flatten() {
            if let Some(value) = place.object.get(key) {
                return self.value(param, value, &join(place.path, key));
            }
        }
        let path = join(place.path, other.unwrap_or(name));
        if let Some((key, value)) =
            implied_key(param).and_then(|key| place.object.get_key_value(key))
        {
            let path = join(place.path, key);
            return match key.as_str() {
                "model" => self.of_model(param, value, &path),
                _ => self.value(param, value, &path),
            };
        }
        // A structure's fields may stand beside the constructor's.
        if is_structure(param) && place.owner == self.contract {
            let flat = Place {
                owner: structure(param),
                ..place
            };
            return self.structure(param, flat);
        }
        if let Some(text) = implied_contract(param) {
            return self.leaf(param, &Value::String(text.into()), &path);
        }
        match known.and_then(|field| field.default) {
            Some(FieldDefault::Text(text)) => {
                let text = text.replace("{name}", self.name);
                return self.leaf(param, &Value::String(text), &path);
            }
            Some(FieldDefault::WhetherGiven(other)) => {
                return Ok(DynSolValue::Bool(place.object.contains_key(other)));
            }
            None => {}
        }
        let key = implied_key(param).filter(|key| *key == "model");
        let instead = key.map_or_else(String::new, |key| format!(", or `{key}`: the model's name"));
        Err(Problem {
            detail: format!("it is missing; expected {}{instead}", self.expected(param)),
            field: path,
        })
    }

    /// The fields of a structure.
    fn structure(&mut self, param: &Param, place: Place<'_>) -> Result<DynSolValue, Problem> {
        let fields = param.components.iter();
        let values = fields.map(|field| self.parameter(field, place));
        Ok(DynSolValue::Tuple(values.collect::<Result<_, _>>()?))
    }

    /// What the deployment knows of a model.
    fn of_model(
        &mut self,
        param: &Param,
        value: &Value,
        path: &str,
    ) -> Result<DynSolValue, Problem> {
        let Value::String(name) = value else {
            return Err(Problem {
                field: path.into(),
                detail: format!("expected a model's name in the deployment, found {value}"),
            });
        };
        let member = match bare(&param.name) {
            "version" => "version",
            _ => "id",
        };
        let text = format!("@{}.{member}", name.trim_start_matches('@'));
        self.leaf(param, &Value::String(text), path)
    }

    /// A value of the file as the parameter's type.
    fn value(&mut self, param: &Param, value: &Value, path: &str) -> Result<DynSolValue, Problem> {
        let wrong = |reading: &Self| Problem {
            field: path.into(),
            detail: format!(
                "expected {}, found {}",
                reading.expected(param),
                shown(value)
            ),
        };
        if let Some(element) = element(param) {
            let Value::Array(list) = value else {
                return Err(wrong(self));
            };
            let values = list.iter().enumerate();
            let values =
                values.map(|(i, value)| self.value(&element, value, &format!("{path}[{i}]")));
            let values = values.collect::<Result<Vec<_>, _>>()?;
            return match resolved(param) {
                Ok(DynSolType::FixedArray(_, size)) if size != values.len() => Err(wrong(self)),
                Ok(DynSolType::FixedArray(..)) => Ok(DynSolValue::FixedArray(values)),
                _ => Ok(DynSolValue::Array(values)),
            };
        }
        if !is_structure(param) {
            return self.leaf(param, value, path);
        }
        let fields = &param.components;
        // A list of models is a list of their names.
        let named = value.as_str().filter(|_| {
            let mut fields = fields.iter();
            fields.all(|field| implied_key(field) == Some("model"))
        });
        if named.is_some() {
            let values = fields.iter().map(|field| self.of_model(field, value, path));
            return Ok(DynSolValue::Tuple(values.collect::<Result<_, _>>()?));
        }
        let Value::Object(object) = value else {
            return Err(wrong(self));
        };
        let owner = structure(param);
        self.check_keys(param, object, path)?;
        let place = Place {
            owner,
            object,
            path,
        };
        self.structure(param, place)
    }

    /// Refuses what a structure does not have.
    fn check_keys(
        &self,
        param: &Param,
        object: &Map<String, Value>,
        path: &str,
    ) -> Result<(), Problem> {
        let owner = structure(param);
        let mut keys: Vec<String> = Vec::new();
        for field in &param.components {
            self.rules.keys_of(owner, field, &mut keys);
        }
        match object.keys().find(|key| !keys.contains(key)) {
            None => Ok(()),
            Some(unknown) => Err(Problem {
                field: join(path, unknown),
                detail: format!("{owner} has no such field{}", nearest(unknown, &keys)),
            }),
        }
    }

    /// A value without parts.
    fn leaf(&mut self, param: &Param, value: &Value, path: &str) -> Result<DynSolValue, Problem> {
        let expected = self.expected(param);
        let problem = |detail: String| Problem {
            field: path.into(),
            detail,
        };
        let wrong = |detail: &str| {
            problem(format!(
                "expected {expected}, found {}{detail}",
                shown(value)
            ))
        };
        let kind = resolved(param).map_err(&problem)?;
        let text = match (&kind, value) {
            // Texts are for people: nothing in them stands for a value.
            (DynSolType::String, Value::String(text)) => {
                return Ok(DynSolValue::String(text.clone()));
            }
            (DynSolType::Bool, Value::Bool(value)) => return Ok(DynSolValue::Bool(*value)),
            // As forge reads optional flags.
            (DynSolType::Bool, Value::Number(number)) => match number.as_u64() {
                Some(bit @ 0..=1) => return Ok(DynSolValue::Bool(bit == 1)),
                _ => return Err(wrong("")),
            },
            (DynSolType::Uint(_) | DynSolType::Int(_), Value::Number(number)) => {
                if number.is_f64() {
                    return Err(wrong("; write large numbers as text, in decimal"));
                }
                number.to_string()
            }
            (DynSolType::String, _) | (_, Value::Null | Value::Array(_) | Value::Object(_)) => {
                return Err(wrong(""));
            }
            (_, Value::Number(_) | Value::Bool(_)) => return Err(wrong("")),
            (_, Value::String(text)) => self.expanded(param, &kind, text).map_err(&problem)?,
        };
        kind.coerce_str(&text)
            .map_err(|error| wrong(&format!(": {error}")))
    }

    /// A text of the file with everything replaced that stands for a value.
    fn expanded(&mut self, param: &Param, kind: &DynSolType, text: &str) -> Result<String, String> {
        if let Some(words) = self.rules.words_of(param)
            && let Some(place) = words.iter().position(|word| *word == text)
        {
            return Ok(place.to_string());
        }
        let is_name = *kind == DynSolType::Address && !text.starts_with("0x");
        match is_name && !text.contains('@') {
            true => (self.expand)(&format!("@{text}")),
            false => (self.expand)(text),
        }
        .map_err(|detail| {
            format!(
                "expected {}, found \"{text}\": {detail}",
                self.expected(param)
            )
        })
    }

    /// What must stand in a parameter's place.
    fn expected(&self, param: &Param) -> String {
        let kind = resolved(param).map_or_else(|_| param.ty.clone(), |kind| kind.to_string());
        match (
            structure(param),
            interface(param),
            self.rules.words_of(param),
        ) {
            (_, _, Some(words)) => format!("{kind}, one of {}", words.join(", ")),
            ("", "", None) => kind,
            ("", interface, None) => format!("{kind} ({interface})"),
            (structure, ..) => {
                let list = param.ty.strip_prefix("tuple").unwrap_or_default();
                format!("{structure}{list}")
            }
        }
    }
}

/// A value as errors show it.
fn shown(value: &Value) -> String {
    match value {
        Value::Array(_) => "a list".into(),
        Value::Object(_) => "named fields".into(),
        Value::Null => "nothing".into(),
        other => other.to_string(),
    }
}

fn join(path: &str, key: &str) -> String {
    match path {
        "" => key.into(),
        path => format!("{path}.{key}"),
    }
}

/// What was meant, if something is alike.
fn nearest(unknown: &str, known: &[String]) -> String {
    let alike = known
        .iter()
        .map(|name| (jaro_winkler(unknown, name), name))
        .max_by(|a, b| a.0.total_cmp(&b.0));
    match alike {
        Some((score, name)) if score > 0.7 => format!("; did you mean `{name}`?"),
        _ => format!("; there are {}", known.join(", ")),
    }
}
