//! Triggers: observed once, claimed by one, moved on step by step.

use super::{State, Store, Trigger, Work, commit, now, record::get, signed};
use crate::RelayError;
use sqlx::{Any, AssertSqlSafe, Transaction};
use std::{collections::BTreeMap, time::Duration};
use uuid::Uuid;

/// What somebody observed.
#[derive(Clone, Debug)]
pub struct New {
    /// The job.
    pub job: String,
    /// What happened, in words that are the same whoever sees it.
    pub key: String,
    /// The greater goes first.
    pub priority: i64,
    /// Nothing is done with it before, in milliseconds.
    pub not_before: i64,
    /// After when it is worthless, in the chain's seconds; zero for never.
    pub expires_at: u64,
    /// What is known of it.
    pub work: Work,
}

/// How a trigger changes.
#[derive(Clone, Debug)]
pub struct Change {
    /// Its next state.
    pub state: State,
    /// Why.
    pub reason: String,
    /// Nothing is done with it before, in milliseconds.
    pub not_before: i64,
    /// Whether that counts as a failure of this state.
    pub failed: bool,
    /// Whether whoever moves it keeps it, and for how long; otherwise anybody can claim it.
    pub keep: Option<Duration>,
}

impl Change {
    /// To a state, for a reason.
    pub fn to(state: State, reason: impl Into<String>) -> Self {
        Self {
            state,
            reason: reason.into(),
            not_before: 0,
            failed: false,
            keep: None,
        }
    }

    /// The same, after a while: nobody's fault.
    #[must_use]
    pub fn after(mut self, wait: Duration) -> Self {
        self.not_before = now() + millis(wait);
        self
    }

    /// The same, after a while, as one more failure.
    #[must_use]
    pub fn again_in(mut self, wait: Duration) -> Self {
        self.failed = true;
        self.after(wait)
    }

    /// The same, and whoever moves it keeps it for a while.
    #[must_use]
    pub const fn keeping(mut self, lease: Duration) -> Self {
        self.keep = Some(lease);
        self
    }
}

/// A step that a trigger took.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Transition {
    /// When, in milliseconds.
    pub at: i64,
    /// To which state.
    pub state: &'static str,
    /// Why.
    pub reason: String,
}

/// How many triggers there are in each state.
pub type Counts = BTreeMap<State, u64>;

impl Store {
    /// Notes that something happened, once: `None` if that is known already.
    pub async fn observe(&self, new: &New) -> Result<Option<String>, RelayError> {
        let fail = |error| RelayError::database("note a trigger", error);
        let (id, at) = (Uuid::now_v7().to_string(), now());
        let mut transaction = self.write().await?;
        let done = sqlx::query(
            "INSERT INTO triggers (id, job, key, state, priority, reason, work, created_at, \
             updated_at, not_before, expires_at, tries, holder, lease_until) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $8, $9, $10, 0, '', 0) \
             ON CONFLICT (job, key) DO NOTHING",
        )
        .bind(&id)
        .bind(&new.job)
        .bind(&new.key)
        .bind(State::Observed.name())
        .bind(new.priority)
        .bind(&new.work.what)
        .bind(json(&new.work)?)
        .bind(at)
        .bind(new.not_before)
        .bind(signed(new.expires_at))
        .execute(&mut *transaction)
        .await
        .map_err(fail)?;
        if done.rows_affected() == 0 {
            return Ok(None);
        }
        note(&mut transaction, &id, State::Observed, &new.work.what).await?;
        commit(transaction).await?;
        Ok(Some(id))
    }

    /// Takes the most urgent trigger in a state that nobody works on, for a while: whoever dies
    /// loses it when the lease is over. Jobs that an operator paused are left alone.
    pub async fn claim(
        &self,
        state: State,
        holder: &str,
        lease: Duration,
    ) -> Result<Option<Trigger>, RelayError> {
        // Another relayer's row is passed over, not waited for.
        let locked = match self.sqlite {
            true => "",
            false => " FOR UPDATE SKIP LOCKED",
        };
        loop {
            let mut transaction = self.write().await?;
            match self.next(&mut transaction, state, locked).await {
                Ok(Some(mut trigger)) => {
                    hold(&mut transaction, &mut trigger, holder, lease).await?;
                    commit(transaction).await?;
                    return Ok(Some(trigger));
                }
                Ok(None) => return Ok(None),
                // It would be the next for ever, and hold all others up.
                Err(RelayError::Row { key, detail, .. }) => {
                    set_aside(&mut transaction, &key, &detail).await?;
                    commit(transaction).await?;
                }
                Err(error) => return Err(error),
            }
        }
    }

    async fn next(
        &self,
        transaction: &mut Transaction<'static, Any>,
        state: State,
        locked: &str,
    ) -> Result<Option<Trigger>, RelayError> {
        let found = sqlx::query(AssertSqlSafe(format!(
            "SELECT * FROM triggers WHERE state = $1 AND not_before <= $2 AND lease_until <= $2 \
             AND job NOT IN (SELECT job FROM pauses) \
             ORDER BY priority DESC, created_at, id LIMIT 1{locked}"
        )))
        .bind(state.name())
        .bind(now())
        .fetch_optional(&mut **transaction)
        .await
        .map_err(|error| RelayError::database("claim a trigger", error))?;
        found.as_ref().map(Trigger::of).transpose()
    }

    /// Prolongs a lease; false if it was lost.
    pub async fn renew(&self, trigger: &Trigger, lease: Duration) -> Result<bool, RelayError> {
        let done = sqlx::query(
            "UPDATE triggers SET lease_until = $3 WHERE id = $1 AND holder = $2 AND state = $4",
        )
        .bind(&trigger.id)
        .bind(&trigger.holder)
        .bind(now() + millis(lease))
        .bind(trigger.state.name())
        .execute(&self.pool)
        .await
        .map_err(|error| RelayError::database("renew a lease", error))?;
        Ok(done.rows_affected() == 1)
    }

    /// Moves a trigger on, together with what is known of it, and lets go of it. Refused if it is
    /// not as whoever moves it has seen it: somebody else was faster, or its lease was lost.
    pub async fn advance(&self, trigger: &mut Trigger, change: Change) -> Result<(), RelayError> {
        let mut transaction = self.write().await?;
        advance(&mut transaction, trigger, change).await?;
        commit(transaction).await
    }

    /// Makes what is older of a job, and was not sent, worthless; says how many that were. A proof
    /// that is being made is let be: it may still be the first to be ready.
    pub async fn supersede_older(&self, newer: &Trigger) -> Result<usize, RelayError> {
        let fail = |error| RelayError::database("supersede triggers", error);
        let mut transaction = self.write().await?;
        // What is proved gives way only to what is proved.
        let proved = match newer.state {
            State::Proved => "'observed', 'inferred', 'queued', 'proved'",
            _ => "'observed', 'inferred', 'queued'",
        };
        let rows = sqlx::query(AssertSqlSafe(format!(
            "SELECT * FROM triggers WHERE job = $1 AND created_at < $2 AND id <> $3 \
             AND lease_until <= $4 AND state IN ({proved})"
        )))
        .bind(&newer.job)
        .bind(newer.created_at)
        .bind(&newer.id)
        .bind(now())
        .fetch_all(&mut *transaction)
        .await
        .map_err(fail)?;
        let mut count = 0;
        for row in &rows {
            let mut older = Trigger::of(row)?;
            if older.work.plain {
                continue;
            }
            let reason = format!("{} is newer", newer.id);
            let change = Change::to(State::Superseded, reason);
            advance(&mut transaction, &mut older, change).await?;
            count += 1;
        }
        commit(transaction).await?;
        Ok(count)
    }

    /// Whether something of a job is on its way, not counting calls that need no proof.
    pub async fn is_busy(&self, job: &str) -> Result<bool, RelayError> {
        let row = sqlx::query(
            "SELECT COUNT(*) AS number FROM triggers WHERE job = $1 \
             AND state IN ('observed', 'inferred', 'queued', 'proving', 'proved', 'submitted')",
        )
        .bind(job)
        .fetch_one(&self.pool)
        .await
        .map_err(|error| RelayError::database("look for triggers", error))?;
        Ok(get::<i64>(&row, "number")? > 0)
    }

    /// A trigger by its id, or by the beginning of its id if only one begins so.
    pub async fn trigger(&self, id: &str) -> Result<Option<Trigger>, RelayError> {
        let rows = sqlx::query("SELECT * FROM triggers WHERE id LIKE $1 LIMIT 2")
            .bind(format!("{}%", id.replace(['%', '_'], "")))
            .fetch_all(&self.pool)
            .await
            .map_err(|error| RelayError::database("read a trigger", error))?;
        match rows.as_slice() {
            [row] => Trigger::of(row).map(Some),
            _ => Ok(None),
        }
    }

    /// The newest triggers, of all jobs or of one, in all states or in one.
    pub async fn triggers(
        &self,
        job: Option<&str>,
        state: Option<State>,
        most: u32,
    ) -> Result<Vec<Trigger>, RelayError> {
        let rows = sqlx::query(
            "SELECT * FROM triggers WHERE ($1 = '' OR job = $1) AND ($2 = '' OR state = $2) \
             ORDER BY created_at DESC, id DESC LIMIT $3",
        )
        .bind(job.unwrap_or_default())
        .bind(state.map_or("", State::name))
        .bind(i64::from(most))
        .fetch_all(&self.pool)
        .await
        .map_err(|error| RelayError::database("list triggers", error))?;
        rows.iter().map(Trigger::of).collect()
    }

    /// How a trigger came to be where it is.
    pub async fn history(&self, id: &str) -> Result<Vec<Transition>, RelayError> {
        let rows = sqlx::query(
            "SELECT at, state, reason FROM transitions WHERE trigger_id = $1 ORDER BY number",
        )
        .bind(id)
        .fetch_all(&self.pool)
        .await
        .map_err(|error| RelayError::database("read a history", error))?;
        let read = |row| {
            let state: State =
                get::<String>(row, "state")?
                    .parse()
                    .map_err(|detail| RelayError::Row {
                        table: "transitions",
                        key: id.to_owned(),
                        detail,
                    })?;
            Ok(Transition {
                at: get(row, "at")?,
                state: state.name(),
                reason: get(row, "reason")?,
            })
        };
        rows.iter().map(read).collect()
    }

    /// How many triggers there are in each state, of all jobs or of one.
    pub async fn counts(&self, job: Option<&str>) -> Result<Counts, RelayError> {
        let rows = sqlx::query(
            "SELECT state, COUNT(*) AS number FROM triggers WHERE ($1 = '' OR job = $1) GROUP BY state",
        )
        .bind(job.unwrap_or_default())
        .fetch_all(&self.pool)
        .await
        .map_err(|error| RelayError::database("count triggers", error))?;
        let mut counts: Counts = State::all().map(|state| (state, 0)).collect();
        for row in &rows {
            if let Ok(state) = get::<String>(row, "state")?.parse() {
                counts.insert(state, super::unsigned(get(row, "number")?));
            }
        }
        Ok(counts)
    }

    /// Stops a job until [`Store::resume`]: what was sent already is still followed.
    pub async fn pause(&self, job: &str, reason: &str) -> Result<(), RelayError> {
        sqlx::query(
            "INSERT INTO pauses (job, at, reason) VALUES ($1, $2, $3) ON CONFLICT (job) DO NOTHING",
        )
        .bind(job)
        .bind(now())
        .bind(reason)
        .execute(&self.pool)
        .await
        .map_err(|error| RelayError::database("pause a job", error))?;
        Ok(())
    }

    /// Lets a job go on; false if it was not paused.
    pub async fn resume(&self, job: &str) -> Result<bool, RelayError> {
        let done = sqlx::query("DELETE FROM pauses WHERE job = $1")
            .bind(job)
            .execute(&self.pool)
            .await
            .map_err(|error| RelayError::database("resume a job", error))?;
        Ok(done.rows_affected() == 1)
    }

    /// The jobs that are paused, and why.
    pub async fn pauses(&self) -> Result<BTreeMap<String, String>, RelayError> {
        let rows = sqlx::query("SELECT job, reason FROM pauses")
            .fetch_all(&self.pool)
            .await
            .map_err(|error| RelayError::database("read pauses", error))?;
        let read = |row| Ok((get(row, "job")?, get(row, "reason")?));
        rows.iter().map(read).collect()
    }
}

async fn hold(
    transaction: &mut Transaction<'static, Any>,
    trigger: &mut Trigger,
    holder: &str,
    lease: Duration,
) -> Result<(), RelayError> {
    trigger.holder = holder.to_owned();
    trigger.lease_until = now() + millis(lease);
    sqlx::query("UPDATE triggers SET holder = $2, lease_until = $3 WHERE id = $1")
        .bind(&trigger.id)
        .bind(holder)
        .bind(trigger.lease_until)
        .execute(&mut **transaction)
        .await
        .map_err(|error| RelayError::database("claim a trigger", error))?;
    Ok(())
}

/// A row that nobody can read: it fails, with what it held in its history.
async fn set_aside(
    transaction: &mut Transaction<'static, Any>,
    id: &str,
    detail: &str,
) -> Result<(), RelayError> {
    tracing::error!(trigger = id, detail, "a damaged row is set aside");
    let reason = format!("its row is damaged: {detail}");
    note(transaction, id, State::Failed, &reason).await?;
    sqlx::query(
        "INSERT INTO transitions (trigger_id, number, at, state, reason) \
         SELECT $1, COALESCE(MAX(number), 0) + 1, $2, $3, \
         (SELECT work FROM triggers WHERE id = $1) FROM transitions WHERE trigger_id = $1",
    )
    .bind(id)
    .bind(now())
    .bind(State::Failed.name())
    .execute(&mut **transaction)
    .await
    .map_err(|error| RelayError::database("keep a damaged row", error))?;
    sqlx::query(
        "UPDATE triggers SET state = $2, reason = $3, work = '{}', holder = '', lease_until = 0 WHERE id = $1",
    )
    .bind(id)
    .bind(State::Failed.name())
    .bind(&reason)
    .execute(&mut **transaction)
    .await
    .map_err(|error| RelayError::database("set a damaged row aside", error))?;
    Ok(())
}

/// See [`Store::advance`].
pub(super) async fn advance(
    transaction: &mut Transaction<'static, Any>,
    trigger: &mut Trigger,
    change: Change,
) -> Result<(), RelayError> {
    let stays = change.state == trigger.state;
    if !stays && !trigger.state.may_become(change.state) {
        return Err(RelayError::Transition {
            trigger: trigger.id.clone(),
            from: trigger.state.name(),
            to: change.state.name(),
        });
    }
    let at = now();
    let tries = match (change.failed, change.keep) {
        (true, _) => trigger.tries.saturating_add(1),
        // Whoever begins has not succeeded yet: what fails each time would be begun for ever.
        (false, Some(_)) => trigger.tries,
        // Nor has whoever is put back.
        (false, None) if change.state < trigger.state && !trigger.state.is_over() => trigger.tries,
        (false, None) => 0,
    };
    let (holder, lease_until) = match change.keep {
        Some(lease) => (trigger.holder.clone(), at + millis(lease)),
        None => (String::new(), 0),
    };
    let done = sqlx::query(
        "UPDATE triggers SET state = $4, reason = $5, work = $6, updated_at = $7, not_before = $8, \
         tries = $9, expires_at = $10, holder = $11, lease_until = $12 \
         WHERE id = $1 AND state = $2 AND holder = $3",
    )
    .bind(&trigger.id)
    .bind(trigger.state.name())
    .bind(&trigger.holder)
    .bind(change.state.name())
    .bind(&change.reason)
    .bind(json(&trigger.work)?)
    .bind(at)
    .bind(change.not_before)
    .bind(i64::from(tries))
    .bind(signed(trigger.expires_at))
    .bind(&holder)
    .bind(lease_until)
    .execute(&mut **transaction)
    .await
    .map_err(|error| RelayError::database("move a trigger on", error))?;
    if done.rows_affected() != 1 {
        return Err(RelayError::Lost(trigger.id.clone()));
    }
    note(transaction, &trigger.id, change.state, &change.reason).await?;
    tracing::info!(
        trigger = %trigger.id, job = %trigger.job, from = %trigger.state, to = %change.state,
        reason = %change.reason, "moved"
    );
    trigger.state = change.state;
    trigger.reason = change.reason;
    trigger.updated_at = at;
    trigger.not_before = change.not_before;
    trigger.tries = tries;
    (trigger.holder, trigger.lease_until) = (holder, lease_until);
    Ok(())
}

async fn note(
    transaction: &mut Transaction<'static, Any>,
    id: &str,
    state: State,
    reason: &str,
) -> Result<(), RelayError> {
    sqlx::query(
        "INSERT INTO transitions (trigger_id, number, at, state, reason) \
         SELECT $1, COALESCE(MAX(number), 0) + 1, $2, $3, $4 FROM transitions WHERE trigger_id = $1",
    )
    .bind(id)
    .bind(now())
    .bind(state.name())
    .bind(reason)
    .execute(&mut **transaction)
    .await
    .map_err(|error| RelayError::database("note a transition", error))?;
    Ok(())
}

fn json(work: &Work) -> Result<String, RelayError> {
    serde_json::to_string(work).map_err(|error| RelayError::Database {
        what: "write what is known of a trigger",
        reason: error.to_string(),
    })
}

pub(super) fn millis(time: Duration) -> i64 {
    i64::try_from(time.as_millis()).unwrap_or(i64::MAX / 2)
}
