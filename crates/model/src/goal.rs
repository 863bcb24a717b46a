//! What compiler and planner favour where there is a choice.

use serde::{Deserialize, Serialize};

/// What to favour where accuracy leaves a choice.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Goal {
    /// Cheap verification: table sizes hardly matter, so spend a bit more on accuracy.
    Gas,
    /// Fast proving: small tables.
    Time,
    /// Little memory while proving: small tables.
    Memory,
    /// A compromise between the others.
    #[default]
    Balanced,
}
