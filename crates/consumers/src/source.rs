//! What every kind of feature source is: a row of the table.

use crate::consumer::Hint;
use verdict_chain::ConfigRules;

/// A kind of feature source, as tools need to know it.
#[derive(Debug)]
pub struct SourceKind {
    /// Its name in deployments and configurations.
    pub kind: &'static str,
    /// Its contract.
    pub contract: &'static str,
    /// How its evidence is made.
    pub evidence: &'static str,
    /// What configures it.
    pub config: ConfigRules,
    /// What to do about its errors.
    pub hints: &'static [Hint],
}
