//! What another configuration changes, and whether that is possible without a restart.

use super::Config;
use crate::RelayError;
use std::{collections::BTreeMap, fmt::Debug};

impl Config {
    /// What is different in another configuration, a line for each table; refused if that takes a
    /// restart.
    pub fn differences(&self, other: &Self) -> Result<Vec<String>, RelayError> {
        let fixed = [
            ("chain", debug(&self.chain), debug(&other.chain)),
            ("database", debug(&self.database), debug(&other.database)),
            ("service", debug(&self.service), debug(&other.service)),
            ("prover", debug(&self.prover), debug(&other.prover)),
            ("workers", debug(&self.workers), debug(&other.workers)),
        ];
        if let Some((section, ..)) = fixed.iter().find(|(_, one, two)| one != two) {
            return Err(RelayError::Config(format!(
                "{section}: another one takes a restart"
            )));
        }
        let mut lines = Vec::new();
        tables("signers", &self.signers, &other.signers, &mut lines);
        tables("models", &self.models, &other.models, &mut lines);
        tables("jobs", &self.jobs, &other.jobs, &mut lines);
        Ok(lines)
    }
}

fn debug(value: &impl Debug) -> String {
    format!("{value:?}")
}

/// Tables that were added, removed or changed. Secrets are named in them, not written, so that what
/// is compared has none.
fn tables<T: Debug>(
    section: &str,
    old: &BTreeMap<String, T>,
    new: &BTreeMap<String, T>,
    lines: &mut Vec<String>,
) {
    for (name, table) in new {
        match old.get(name) {
            None => lines.push(format!("+ {section}.{name}")),
            Some(known) if debug(known) != debug(table) => {
                lines.push(format!("~ {section}.{name}"));
            }
            Some(_) => {}
        }
    }
    let gone = old.keys().filter(|name| !new.contains_key(*name));
    lines.extend(gone.map(|name| format!("- {section}.{name}")));
}
