//! When a job has something to do.

use super::{JobConfig, Span};
use croner::Cron;
use schemars::JsonSchema;
use serde::Deserialize;
use std::str::FromStr;

/// What happens.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(
    tag = "on",
    deny_unknown_fields,
    rename_all = "kebab-case",
    rename_all_fields = "kebab-case"
)]
pub enum TriggerConfig {
    /// So much of the chain's time has passed.
    Interval {
        /// How much.
        every: Span,
    },
    /// The contract's value becomes older than it may.
    Heartbeat {
        /// How long before that.
        before: Span,
    },
    /// What the model says now differs from what the contract says.
    Deviation {
        /// By so many ten thousandths of the contract's value.
        bps: f64,
        /// How often that is looked at.
        every: Span,
    },
    /// A contract emitted an event, as deep in the chain as `chain.confirmations` says.
    Event {
        /// Which contract: a name of the deployment or an address.
        contract: String,
        /// The event's signature, such as `Transfer(address,address,uint256)`.
        event: String,
    },
    /// A block is there.
    Block {
        /// Each so many blocks.
        every: u64,
    },
    /// A feature is beyond a threshold.
    Feature {
        /// Its name.
        name: String,
        /// Above this.
        above: Option<f64>,
        /// Or below this.
        below: Option<f64>,
        /// How often that is looked at.
        every: Span,
    },
    /// A time of the clock, in UTC.
    Cron {
        /// Minute, hour, day, month, day of the week.
        schedule: String,
    },
    /// Once, and never again.
    Once {},
}

impl TriggerConfig {
    /// Its kind's name, as the configuration has it.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Interval { .. } => "interval",
            Self::Heartbeat { .. } => "heartbeat",
            Self::Deviation { .. } => "deviation",
            Self::Event { .. } => "event",
            Self::Block { .. } => "block",
            Self::Feature { .. } => "feature",
            Self::Cron { .. } => "cron",
            Self::Once {} => "once",
        }
    }

    pub(super) fn validate(&self, job: &JobConfig) -> Result<(), String> {
        match self {
            Self::Interval { every }
            | Self::Deviation { every, .. }
            | Self::Feature { every, .. }
                if every.0.as_secs() == 0 =>
            {
                Err(format!("{}.every: at least 1s", self.name()))
            }
            Self::Deviation { bps, .. } if !(*bps > 0.0 && bps.is_finite()) => {
                Err("deviation.bps: more than zero".into())
            }
            Self::Block { every: 0 } => Err("block.every: at least 1".into()),
            Self::Feature { name, .. } if job.features.iter().all(|it| it.name != *name) => {
                let names = job.features.iter().map(|it| it.name.as_str());
                Err(format!("feature.name: {}", super::nearest(name, names)))
            }
            Self::Feature { above, below, .. } if above.is_some() == below.is_some() => {
                Err("feature: give `above` or `below`".into())
            }
            Self::Event { event, .. } => alloy_json_abi::Event::parse(event)
                .map(drop)
                .map_err(|error| format!("event.event: {error}")),
            Self::Cron { schedule } => Cron::from_str(schedule)
                .map(drop)
                .map_err(|error| format!("cron.schedule: {error}")),
            _ => Ok(()),
        }
    }
}
