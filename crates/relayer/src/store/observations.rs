//! What was read and what the model made of it, for charts.

use super::{Store, record::get};
use crate::RelayError;

/// What is kept of a job's past.
const KEPT: i64 = 2_000;

/// One reading.
#[derive(Clone, Debug, PartialEq, serde::Serialize)]
pub struct Observation {
    /// When, in milliseconds.
    pub at: i64,
    /// The features.
    pub inputs: Vec<f64>,
    /// What the model made of them.
    pub value: Option<f64>,
    /// What the contract said then.
    pub standing: Option<f64>,
}

impl Store {
    /// Keeps a reading, and forgets the oldest beyond what is kept.
    pub async fn record(&self, job: &str, reading: &Observation) -> Result<(), RelayError> {
        let fail = |error| RelayError::database("keep a reading", error);
        let text = |value: Option<f64>| value.map_or_else(String::new, |value| value.to_string());
        let inputs: Vec<String> = reading.inputs.iter().map(ToString::to_string).collect();
        sqlx::query(
            "INSERT INTO observations (job, at, inputs, value, standing) VALUES ($1, $2, $3, $4, $5) \
             ON CONFLICT (job, at) DO NOTHING",
        )
        .bind(job)
        .bind(reading.at)
        .bind(inputs.join(" "))
        .bind(text(reading.value))
        .bind(text(reading.standing))
        .execute(&self.pool)
        .await
        .map_err(fail)?;
        sqlx::query(
            "DELETE FROM observations WHERE job = $1 AND at < COALESCE((SELECT at FROM observations \
             WHERE job = $1 ORDER BY at DESC LIMIT 1 OFFSET $2), 0)",
        )
        .bind(job)
        .bind(KEPT)
        .execute(&self.pool)
        .await
        .map_err(fail)?;
        Ok(())
    }

    /// The newest readings of a job, the oldest of them first.
    pub async fn observations(&self, job: &str, most: u32) -> Result<Vec<Observation>, RelayError> {
        let rows = sqlx::query(
            "SELECT at, inputs, value, standing FROM observations WHERE job = $1 ORDER BY at DESC LIMIT $2",
        )
        .bind(job)
        .bind(i64::from(most))
        .fetch_all(&self.pool)
        .await
        .map_err(|error| RelayError::database("read readings", error))?;
        let read = |row| {
            let inputs: String = get(row, "inputs")?;
            Ok(Observation {
                at: get(row, "at")?,
                inputs: inputs.split(' ').filter_map(|it| it.parse().ok()).collect(),
                value: get::<String>(row, "value")?.parse().ok(),
                standing: get::<String>(row, "standing")?.parse().ok(),
            })
        };
        rows.iter().rev().map(read).collect()
    }
}
