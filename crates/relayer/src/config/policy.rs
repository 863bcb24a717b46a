//! What a submission may cost, and when it is not worth it.

use super::{Gwei, Span};
use schemars::JsonSchema;
use serde::Deserialize;
use std::time::Duration;

/// How a job's transactions are sent.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct PolicyConfig {
    /// Most that is paid for a unit of gas. While the chain asks for more, nothing is sent.
    pub max_fee: Gwei,
    /// Of that, what whoever includes the transaction gets; the node's estimate if not given.
    pub priority_fee: Option<Gwei>,
    /// By how much fees are raised when a transaction is not included, in percent; nodes take no
    /// replacement for less than 10.
    pub bump_percent: u32,
    /// After how long.
    pub bump_after: Span,
    /// After how long from its trigger a submission is worthless; zero for never.
    pub deadline: Span,
    /// How much the value must differ from the contract's, in ten thousandths of it; a value whose
    /// heartbeat is near is submitted whatever it is.
    pub minimum_change_bps: f64,
    /// Most gas that a transaction may take.
    pub max_gas: u64,
    /// How often something that fails is tried again before somebody has to look after it.
    pub tries: u32,
    /// Whether everything is done but sending.
    pub dry_run: bool,
}

impl Default for PolicyConfig {
    fn default() -> Self {
        Self {
            max_fee: Gwei(200_000_000_000),
            priority_fee: None,
            bump_percent: 15,
            bump_after: Span(Duration::from_secs(36)),
            deadline: Span(Duration::ZERO),
            minimum_change_bps: 0.0,
            max_gas: 5_000_000,
            tries: 8,
            dry_run: false,
        }
    }
}

impl PolicyConfig {
    pub(super) fn validate(&self) -> Result<(), String> {
        if self.bump_percent < 10 {
            return Err(
                "policy.bump-percent: nodes take no replacement for less than 10 % more".into(),
            );
        }
        if self.tries == 0 {
            return Err("policy.tries: at least 1".into());
        }
        if self.priority_fee.is_some_and(|tip| tip > self.max_fee) {
            return Err("policy.priority-fee: more than policy.max-fee".into());
        }
        if !(self.minimum_change_bps >= 0.0 && self.minimum_change_bps.is_finite()) {
            return Err("policy.minimum-change-bps: a number, zero or more".into());
        }
        Ok(())
    }
}
