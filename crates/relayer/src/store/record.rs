//! A trigger as the database has it.

use super::{State, unsigned};
use crate::RelayError;
use alloy_primitives::{Address, B256, Bytes};
use serde::{Deserialize, Serialize};
use sqlx::{Row, any::AnyRow};
use std::collections::BTreeMap;

/// A trigger: something happened that a job answers with one effect on the chain.
#[derive(Clone, Debug, PartialEq)]
pub struct Trigger {
    /// Its id, which correlates logs and pages.
    pub id: String,
    /// The job.
    pub job: String,
    /// What happened, in words that are the same whoever sees it.
    pub key: String,
    /// Where it is on its way.
    pub state: State,
    /// The greater goes first.
    pub priority: i64,
    /// Why it is in this state.
    pub reason: String,
    /// What is known of it so far.
    pub work: Work,
    /// When it was observed, in milliseconds.
    pub created_at: i64,
    /// When it changed last.
    pub updated_at: i64,
    /// Nothing is done with it before.
    pub not_before: i64,
    /// After when it is worthless, in the chain's seconds; zero for never.
    pub expires_at: u64,
    /// How often it failed where it is.
    pub tries: u32,
    /// Who works on it.
    pub holder: String,
    /// Until when that is believed.
    pub lease_until: i64,
}

/// What is known of a trigger. Each state adds to it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Work {
    /// What happened, for people.
    pub what: String,
    /// The call, if it needs no proof, or once the proof is there.
    pub call: Option<Call>,
    /// Whether it needs no proof.
    pub plain: bool,
    /// When the inputs are true, in seconds by the chain; zero if they are read live.
    pub time: u64,
    /// The block that they are of.
    pub block: u64,
    /// The model's integers: of every item, of every input.
    pub integers: Vec<Vec<Vec<i32>>>,
    /// The values of the model's first output.
    pub outputs: Vec<f64>,
    /// The same as the model's integers.
    pub answer: Vec<i32>,
    /// The occasion's parameters, as words.
    pub occasion: BTreeMap<String, String>,
    /// The context that the proof is for.
    pub context: B256,
    /// What the feature source is shown.
    pub evidence: Bytes,
    /// The proof.
    pub proof: Option<Proof>,
}

/// A call of a contract.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Call {
    /// Whom.
    pub to: Address,
    /// With what.
    pub data: Bytes,
}

/// A proof that was verified here.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Proof {
    /// The context, then the public words.
    pub public_values: Vec<B256>,
    /// The proof.
    pub proof: Bytes,
    /// How long it took, in milliseconds.
    pub milliseconds: u64,
    /// Which worker made it; empty for this machine.
    #[serde(default)]
    pub by: String,
}

impl Trigger {
    /// Reads a row, all of which is checked: whoever can write the database is not believed to
    /// write sense.
    pub(super) fn of(row: &AnyRow) -> Result<Self, RelayError> {
        let text = |column: &'static str| get::<String>(row, column);
        let number = |column: &'static str| get::<i64>(row, column);
        let id = text("id")?;
        let damaged = |detail: String| RelayError::Row {
            table: "triggers",
            key: id.clone(),
            detail,
        };
        let state = text("state")?.parse().map_err(damaged)?;
        let work = serde_json::from_str(&text("work")?).map_err(|it| damaged(it.to_string()))?;
        Ok(Self {
            state,
            work,
            job: text("job")?,
            key: text("key")?,
            priority: number("priority")?,
            reason: text("reason")?,
            created_at: number("created_at")?,
            updated_at: number("updated_at")?,
            not_before: number("not_before")?,
            expires_at: unsigned(number("expires_at")?),
            tries: u32::try_from(number("tries")?).unwrap_or(u32::MAX),
            holder: text("holder")?,
            lease_until: number("lease_until")?,
            id,
        })
    }
}

/// A column's value.
pub(super) fn get<'r, T>(row: &'r AnyRow, column: &'static str) -> Result<T, RelayError>
where
    T: sqlx::Decode<'r, sqlx::Any> + sqlx::Type<sqlx::Any>,
{
    row.try_get(column)
        .map_err(|error| RelayError::database("read a row", error))
}
