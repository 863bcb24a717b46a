//! An empty configuration of a contract: every field with its type and what it means.

use super::{
    arguments::element,
    fields::{
        ConfigRules, FieldDefault, bare, implied_contract, implied_key, interface, is_structure,
        structure,
    },
};
use crate::Artifact;
use alloy_json_abi::Param;

/// The lines of a template: TOML wants tables after everything else.
#[derive(Default)]
struct Template {
    lines: Vec<String>,
    tables: Vec<String>,
    /// Keys of several fields that were written already.
    shared: Vec<&'static str>,
}

/// A file in TOML to fill in, for [`ConfigFile`](crate::ConfigFile).
pub fn config_template(artifact: &Artifact, rules: &ConfigRules) -> String {
    let mut template = Template::default();
    for param in artifact.constructor() {
        // A structure's fields stand beside the constructor's.
        match is_structure(param) {
            true => template.fields(rules, structure(param), &param.components),
            false => template.field(rules, &artifact.contract, param),
        }
    }
    let mut text = format!(
        "# Fill this in, then: verdict deploy --config FILE {}\n\
         # Addresses are 0x… or names of the deployment, numbers can be text; \
         @NAME, @MODEL.id, @now+SECONDS stand for values.\n\
         # What is commented out can be left out. JSON with the same names is good, too.\n\
         name = \"\" # the contract's own in the deployment, unless --as gives it\n",
        artifact.contract
    );
    for line in template.lines.iter().chain(&template.tables) {
        text += line;
        text.push('\n');
    }
    text
}

impl Template {
    fn fields(&mut self, rules: &ConfigRules, owner: &str, fields: &[Param]) {
        for field in fields {
            self.field(rules, owner, field);
        }
    }

    fn field(&mut self, rules: &ConfigRules, owner: &str, param: &Param) {
        if let Some(key) = implied_key(param) {
            if self.shared.contains(&key) {
                return;
            }
            self.shared.push(key);
            if key == "model" {
                let line = "model = \"\" # its name in the deployment: modelId and version";
                self.lines.push(line.into());
                return;
            }
        }
        // Of a value without parts, and of a list of models, which are their names.
        let mut parts = param.components.iter();
        if parts.all(|part| implied_key(part) == Some("model")) {
            self.lines.push(line(rules, owner, param));
            return;
        }
        let (open, close) = match is_structure(param) {
            true => ("[", "]"),
            false => ("[[", "]]"),
        };
        let (key, comment) = (key(rules, owner, param), comment(rules, owner, param));
        self.tables
            .push(format!("\n{open}{key}{close} # {comment}"));
        let fields = param.components.iter();
        let lines = fields.map(|field| line(rules, structure(param), field));
        self.tables.extend(lines);
    }
}

/// The name that a file has for a field.
fn key<'a>(rules: &ConfigRules, owner: &str, param: &'a Param) -> &'a str {
    let known = rules.field(owner, &param.name);
    let key = known.and_then(|field| field.key);
    let key = key.or_else(|| implied_key(param).filter(|key| *key != "model"));
    key.unwrap_or_else(|| bare(&param.name))
}

fn line(rules: &ConfigRules, owner: &str, param: &Param) -> String {
    let known = rules.field(owner, &param.name);
    let default = known.and_then(|field| match field.default? {
        FieldDefault::Text(text) => Some(text),
        FieldDefault::WhetherGiven(_) => Some("true"),
    });
    let left_out = implied_contract(param).or(default);
    let value = literal(param, left_out);
    let line = format!(
        "{} = {value} # {}",
        key(rules, owner, param),
        comment(rules, owner, param)
    );
    match left_out {
        Some(_) => format!("# {line}"),
        None => line,
    }
}

/// A field's type, and what it means where that is known.
fn comment(rules: &ConfigRules, owner: &str, param: &Param) -> String {
    let kind = match (structure(param), interface(param), rules.words_of(param)) {
        (_, _, Some(words)) => words.join(" | "),
        ("", "", None) => param.ty.clone(),
        ("", interface, None) => format!("{} ({interface})", param.ty),
        (structure, ..) => {
            let list = param.ty.strip_prefix("tuple").unwrap_or_default();
            format!("{structure}{list}")
        }
    };
    match rules.field(owner, &param.name) {
        Some(field) => format!("{kind}: {}", field.meaning),
        None => kind,
    }
}

/// A value in TOML: the default, or one to be replaced.
fn literal(param: &Param, value: Option<&str>) -> String {
    if element(param).is_some() {
        return "[]".into();
    }
    let is_number = param.ty.starts_with("uint") || param.ty.starts_with("int");
    match (param.ty.as_str(), value) {
        ("bool", value) => value.unwrap_or("false").into(),
        (_, Some(value)) if is_number => value.into(),
        (_, None) if is_number => "0".into(),
        (_, value) => format!("\"{}\"", value.unwrap_or_default()),
    }
}
