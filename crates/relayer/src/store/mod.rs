//! The durable queue: one database, which alone is believed.
//!
//! SQLite (write-ahead log, every commit flushed) for one relayer, PostgreSQL for a fleet; the same
//! statements for both, so that what is tested on the one holds on the other. A state changes in one
//! transaction together with what it means and with why, and only if it is still the state that
//! whoever changes it has seen.

mod attempts;
mod cursors;
mod observations;
mod record;
mod state;
mod triggers;
mod workers;

pub use attempts::{Attempt, Slot, SlotState, Submission};
pub use observations::Observation;
pub use record::{Call, Proof, Trigger, Work};
pub use state::State;
pub use triggers::{Change, Counts, New, Transition};
pub use workers::WorkerRow;

use crate::RelayError;
use sqlx::{
    Any, AnyPool, Connection, Executor, Transaction,
    any::{AnyPoolOptions, install_default_drivers},
    migrate::Migrator,
};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

static MIGRATIONS: Migrator = sqlx::migrate!();

/// The queue.
#[derive(Clone, Debug)]
pub struct Store {
    pool: AnyPool,
    sqlite: bool,
}

impl Store {
    /// Opens a database by its URL, `sqlite:PATH` or `postgres://…`, and brings its tables up to
    /// date.
    pub async fn open(url: &str) -> Result<Self, RelayError> {
        install_default_drivers();
        let sqlite = url.starts_with("sqlite:");
        if !sqlite && !url.starts_with("postgres:") && !url.starts_with("postgresql:") {
            return Err(RelayError::Config(
                "database.url: expected `sqlite:PATH` or `postgres://USER@HOST/NAME`".into(),
            ));
        }
        let url = match sqlite && !url.contains('?') {
            true => format!("{url}?mode=rwc"),
            false => url.to_owned(),
        };
        let options = AnyPoolOptions::new()
            .max_connections(if sqlite { 4 } else { 8 })
            .acquire_timeout(Duration::from_secs(30))
            // SQLite itself ends a transaction that a full disk stopped, and sqlx counts it as open
            // for ever: every later one on that connection would fail, so it is closed.
            .before_acquire(|connection, _| {
                let clean = !connection.is_in_transaction();
                Box::pin(std::future::ready(Ok(clean)))
            })
            .after_connect(move |connection, _| {
                Box::pin(async move {
                    if sqlite {
                        for pragma in [
                            // How long a statement waits for another process that writes.
                            "PRAGMA busy_timeout = 10000",
                            "PRAGMA journal_mode = WAL",
                            "PRAGMA synchronous = FULL",
                        ] {
                            connection.execute(pragma).await?;
                        }
                    }
                    Ok(())
                })
            });
        let pool = options
            .connect(&url)
            .await
            .map_err(|error| RelayError::database("open the database", error))?;
        let store = Self { pool, sqlite };
        store.migrate().await?;
        Ok(store)
    }

    /// Brings the tables up to date. Nothing keeps two processes from doing so in the same new file of
    /// SQLite at once: the slower one fails, and finds it done when it looks again.
    async fn migrate(&self) -> Result<(), RelayError> {
        let mut tries = if self.sqlite { 10 } else { 1 };
        loop {
            tries -= 1;
            match MIGRATIONS.run(&self.pool).await {
                Ok(()) => return Ok(()),
                Err(_) if tries > 0 => tokio::time::sleep(Duration::from_millis(200)).await,
                Err(error) => {
                    return Err(RelayError::Database {
                        what: "bring the tables up to date",
                        reason: error.to_string(),
                    });
                }
            }
        }
    }

    /// The connections, for whoever looks into the tables beside this.
    pub const fn pool(&self) -> &AnyPool {
        &self.pool
    }

    /// Whether the database answers.
    pub async fn ping(&self) -> Result<(), RelayError> {
        sqlx::query("SELECT 1")
            .execute(&self.pool)
            .await
            .map_err(|error| RelayError::database("reach the database", error))?;
        Ok(())
    }

    /// A transaction that writes. SQLite takes its lock at once: two that read first and write then
    /// could wait for each other.
    async fn write(&self) -> Result<Transaction<'static, Any>, RelayError> {
        let begun = match self.sqlite {
            true => self.pool.begin_with("BEGIN IMMEDIATE").await,
            false => self.pool.begin().await,
        };
        begun.map_err(|error| RelayError::database("begin a transaction", error))
    }

    /// Closes the database when its statements are done.
    pub async fn close(&self) {
        self.pool.close().await;
    }
}

async fn commit(transaction: Transaction<'static, Any>) -> Result<(), RelayError> {
    let done = transaction.commit().await;
    done.map_err(|error| RelayError::database("commit", error))
}

/// Milliseconds since 1970 by this machine's clock: for leases and waiting, never for what a
/// contract is told.
pub(crate) fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0, |time| {
        i64::try_from(time.as_millis()).unwrap_or(i64::MAX)
    })
}

/// A number as the database keeps it.
pub(crate) fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// A number of the database, which holds none below zero.
pub(crate) fn unsigned(number: i64) -> u64 {
    u64::try_from(number).unwrap_or_default()
}
