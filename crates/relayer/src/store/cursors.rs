//! How far something has been read.

use super::{Store, record::get};
use crate::RelayError;

impl Store {
    /// How far something has been read.
    pub async fn cursor(&self, name: &str) -> Result<Option<String>, RelayError> {
        let row = sqlx::query("SELECT value FROM cursors WHERE name = $1")
            .bind(name)
            .fetch_optional(&self.pool)
            .await
            .map_err(|error| RelayError::database("read a cursor", error))?;
        row.as_ref().map(|row| get(row, "value")).transpose()
    }

    /// Notes how far something has been read.
    pub async fn set_cursor(&self, name: &str, value: &str) -> Result<(), RelayError> {
        sqlx::query(
            "INSERT INTO cursors (name, value) VALUES ($1, $2) \
             ON CONFLICT (name) DO UPDATE SET value = excluded.value",
        )
        .bind(name)
        .bind(value)
        .execute(&self.pool)
        .await
        .map_err(|error| RelayError::database("note a cursor", error))?;
        Ok(())
    }
}
