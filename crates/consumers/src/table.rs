//! The table of consumers, and that of feature sources: commands, usage texts, deployments,
//! configurations, hints and stories follow from them.

use crate::{
    consumer::{ConsumerKind, Hint},
    source::SourceKind,
};
use verdict_chain::{ConfigRules, Revert};

/// Every kind of consumer, in the order in which usage texts and stories have them.
pub static CONSUMERS: &[&ConsumerKind] = &[
    &crate::oracle::KIND,
    &crate::risk::KIND,
    &crate::guard::KIND,
    &crate::airdrop::KIND,
];

/// Every kind of feature source.
pub static SOURCES: &[&SourceKind] = &[
    &crate::signed::KIND,
    &crate::on_chain::KIND,
    &crate::committed::KIND,
];

/// The section of a deployment that a contract is listed in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Section {
    /// Among the feature sources.
    Sources,
    /// Among the consumers, and whatever else they need.
    Consumers,
}

/// A kind of consumer by its name.
pub fn consumer_kind(name: &str) -> Option<&'static ConsumerKind> {
    CONSUMERS.iter().copied().find(|kind| kind.name == name)
}

/// A kind of feature source by its name.
pub fn source_kind(name: &str) -> Option<&'static SourceKind> {
    SOURCES.iter().copied().find(|source| source.kind == name)
}

/// Where a deployment lists a contract, and as what kind: a contract without a kind of its own is
/// its own kind.
pub fn kind_of(contract: &str) -> (Section, &str) {
    if let Some(source) = SOURCES.iter().find(|source| source.contract == contract) {
        return (Section::Sources, source.kind);
    }
    let consumer = CONSUMERS.iter().find(|kind| kind.contract == contract);
    (
        Section::Consumers,
        consumer.map_or(contract, |kind| kind.name),
    )
}

/// The contract that a deployment lists under a kind.
pub fn contract_of(kind: &str) -> &str {
    if let Some(source) = source_kind(kind) {
        return source.contract;
    }
    consumer_kind(kind).map_or(kind, |kind| kind.contract)
}

/// What configures a contract, beyond its ABI.
pub fn config_rules(contract: &str) -> ConfigRules {
    let consumers = CONSUMERS.iter().map(|kind| kind.config);
    let mut rules = consumers.chain(SOURCES.iter().map(|source| source.config));
    let rules = rules.find(|rules| rules.contracts.contains(&contract));
    rules.unwrap_or_default()
}

/// What to do about a contract's refusal.
pub fn advice(revert: &Revert) -> Option<&'static str> {
    let consumers = CONSUMERS.iter().flat_map(|kind| kind.hints);
    let mut hints = consumers.chain(SOURCES.iter().flat_map(|source| source.hints));
    let own = hints.find(|Hint { errors, .. }| errors.iter().any(|name| revert.is(name)));
    own.map(|hint| hint.advice).or_else(|| revert.advice())
}

/// The names of a function's answers where its ABI has none.
pub fn answer_names(function: &str) -> &'static [&'static str] {
    let mut known = CONSUMERS.iter().flat_map(|kind| kind.answers);
    let known = known.find(|known| known.function == function);
    known.map_or(&[], |known| known.names)
}
