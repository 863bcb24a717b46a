//! What is known for good of those who prove on other machines.

use super::{Store, now, record::get, triggers::millis, unsigned};
use crate::RelayError;
use sqlx::any::AnyRow;
use std::time::Duration;

/// A worker as the database has it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WorkerRow {
    /// Its name.
    pub name: String,
    /// What its key is known by.
    pub fingerprint: String,
    /// Proofs of it that were right.
    pub proofs: u64,
    /// How often in a row it took work and gave no sign any more.
    pub lapses: u32,
    /// Nothing is given to it before, in milliseconds.
    pub rests_until: i64,
    /// When it was set aside, and why.
    pub set_aside: Option<(i64, String)>,
}

impl WorkerRow {
    fn of(row: &AnyRow) -> Result<Self, RelayError> {
        let at: i64 = get(row, "set_aside_at")?;
        let reason: String = get(row, "reason")?;
        Ok(Self {
            name: get(row, "name")?,
            fingerprint: get(row, "fingerprint")?,
            proofs: unsigned(get(row, "proofs")?),
            lapses: u32::try_from(get::<i64>(row, "lapses")?).unwrap_or(u32::MAX),
            rests_until: get(row, "rests_until")?,
            set_aside: (at != 0).then_some((at, reason)),
        })
    }

    /// Whether it is given work.
    pub fn is_trusted(&self) -> bool {
        self.set_aside.is_none() && self.rests_until <= now()
    }
}

/// The row, whatever it was before.
const ROW: &str = "INSERT INTO workers (name, fingerprint, proofs, lapses, rests_until, set_aside_at, reason) \
     VALUES ($1, $2, 0, 0, 0, 0, '') ON CONFLICT (name, fingerprint) DO NOTHING";

impl Store {
    /// All workers that something is known of.
    pub async fn workers(&self) -> Result<Vec<WorkerRow>, RelayError> {
        let rows = sqlx::query("SELECT * FROM workers ORDER BY name, fingerprint")
            .fetch_all(&self.pool)
            .await
            .map_err(|error| RelayError::database("read what is known of workers", error))?;
        rows.iter().map(WorkerRow::of).collect()
    }

    /// A worker's proof was right.
    pub async fn worker_proved(&self, name: &str, fingerprint: &str) -> Result<(), RelayError> {
        self.worker_row(name, fingerprint).await?;
        sqlx::query(
            "UPDATE workers SET proofs = proofs + 1, lapses = 0, rests_until = 0 \
             WHERE name = $1 AND fingerprint = $2",
        )
        .bind(name)
        .bind(fingerprint)
        .execute(&self.pool)
        .await
        .map_err(|error| RelayError::database("note a worker's proof", error))?;
        Ok(())
    }

    /// A worker took work and gave no sign any more, or could not: it rests, each time in a row
    /// twice as long.
    pub async fn worker_lapsed(
        &self,
        name: &str,
        fingerprint: &str,
        rest: Duration,
    ) -> Result<(), RelayError> {
        self.worker_row(name, fingerprint).await?;
        let known = self.workers().await?;
        let known = known
            .iter()
            .find(|it| it.name == name && it.fingerprint == fingerprint);
        let lapses = known.map_or(0, |it| it.lapses);
        const MOST: Duration = Duration::from_secs(3_600);
        let rest = rest.saturating_mul(1 << lapses.min(10)).min(MOST);
        sqlx::query(
            "UPDATE workers SET lapses = lapses + 1, rests_until = $3 \
             WHERE name = $1 AND fingerprint = $2",
        )
        .bind(name)
        .bind(fingerprint)
        .bind(now() + millis(rest))
        .execute(&self.pool)
        .await
        .map_err(|error| RelayError::database("note a worker's lapse", error))?;
        Ok(())
    }

    /// A worker is given nothing any more, until [`Store::readmit`].
    pub async fn set_aside(
        &self,
        name: &str,
        fingerprint: &str,
        reason: &str,
    ) -> Result<(), RelayError> {
        self.worker_row(name, fingerprint).await?;
        sqlx::query(
            "UPDATE workers SET set_aside_at = $3, reason = $4 \
             WHERE name = $1 AND fingerprint = $2 AND set_aside_at = 0",
        )
        .bind(name)
        .bind(fingerprint)
        .bind(now())
        .bind(reason)
        .execute(&self.pool)
        .await
        .map_err(|error| RelayError::database("set a worker aside", error))?;
        Ok(())
    }

    /// A worker is given work again; false if none of this name was set aside or rests.
    pub async fn readmit(&self, name: &str) -> Result<bool, RelayError> {
        let done = sqlx::query(
            "UPDATE workers SET set_aside_at = 0, reason = '', lapses = 0, rests_until = 0 \
             WHERE name = $1 AND (set_aside_at <> 0 OR rests_until <> 0)",
        )
        .bind(name)
        .execute(&self.pool)
        .await
        .map_err(|error| RelayError::database("readmit a worker", error))?;
        Ok(done.rows_affected() > 0)
    }

    async fn worker_row(&self, name: &str, fingerprint: &str) -> Result<(), RelayError> {
        sqlx::query(ROW)
            .bind(name)
            .bind(fingerprint)
            .execute(&self.pool)
            .await
            .map_err(|error| RelayError::database("know a worker", error))?;
        Ok(())
    }
}
