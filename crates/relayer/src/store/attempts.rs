//! Nonces that are ours, and the transactions that were signed for them.
//!
//! A nonce is taken, its transaction signed and kept, and its trigger moved to `submitted` in one
//! database transaction, before anything is sent: whoever dies after that finds the very bytes
//! again, and sending them twice does nothing. Whatever replaces them has the same nonce, so the
//! chain takes one of them at most. A trigger gets another nonce only when its last one was used up
//! by a transaction that is not ours, as deep in the chain as the configuration trusts.

use super::{
    Call, Change, State, Store, Trigger, commit, now, record::get, signed, triggers::advance,
    unsigned,
};
use crate::RelayError;
use alloy_primitives::{Address, B256, Bytes, hex};
use sqlx::{Any, Transaction, any::AnyRow};
use std::future::Future;

/// What became of a nonce.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SlotState {
    /// None of its transactions is deep enough in the chain.
    Open,
    /// One of them is.
    Mined,
    /// Somebody else with the same key used it.
    Lost,
}

impl SlotState {
    const fn name(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Mined => "mined",
            Self::Lost => "lost",
        }
    }
}

/// A nonce of ours.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Slot {
    /// The chain.
    pub chain_id: u64,
    /// The account.
    pub signer: Address,
    /// The nonce.
    pub nonce: u64,
    /// Whose effect it is for; empty if it is only to be used up.
    pub trigger: String,
    /// What it calls.
    pub call: Call,
    /// With how much gas.
    pub gas: u64,
}

/// A transaction that was signed for a slot.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attempt {
    /// Its hash.
    pub hash: B256,
    /// Its bytes, as they are sent.
    pub raw: Bytes,
    /// Most that it pays for a unit of gas, in wei.
    pub max_fee: u128,
    /// Of that, most for whoever includes it.
    pub priority_fee: u128,
    /// Whether it does nothing but use the nonce up.
    pub cancels: bool,
    /// When it was signed, in milliseconds.
    pub created_at: i64,
    /// When it was sent last; zero for never.
    pub sent_at: i64,
}

/// What is to be submitted for a trigger.
#[derive(Clone, Debug)]
pub struct Submission {
    /// The chain.
    pub chain_id: u64,
    /// The account.
    pub signer: Address,
    /// How many transactions of it are in the chain.
    pub known: u64,
    /// What to call.
    pub call: Call,
    /// With how much gas.
    pub gas: u64,
}

impl Store {
    /// Takes the next nonce for a trigger, has its transaction signed, keeps both and moves the
    /// trigger on, all or nothing.
    pub async fn submit<F, S>(
        &self,
        trigger: &mut Trigger,
        submission: &Submission,
        sign: F,
    ) -> Result<(Slot, Attempt), RelayError>
    where
        F: FnOnce(u64) -> S + Send,
        S: Future<Output = Result<Attempt, RelayError>> + Send,
    {
        let mut transaction = self.write().await?;
        self.lock_lane(&mut transaction, submission).await?;
        let nonce = next_nonce(&mut transaction, submission).await?;
        let attempt = sign(nonce).await?;
        let slot = Slot {
            chain_id: submission.chain_id,
            signer: submission.signer,
            nonce,
            trigger: trigger.id.clone(),
            call: submission.call.clone(),
            gas: submission.gas,
        };
        insert_slot(&mut transaction, &slot).await?;
        insert_attempt(&mut transaction, &slot, &attempt).await?;
        let reason = format!("nonce {nonce}, transaction {}", attempt.hash);
        let change = Change::to(State::Submitted, reason);
        advance(&mut transaction, trigger, change).await?;
        commit(transaction).await?;
        Ok((slot, attempt))
    }

    /// Keeps a transaction that replaces those of a slot, before it is sent.
    pub async fn replace(&self, slot: &Slot, attempt: &Attempt) -> Result<(), RelayError> {
        let mut transaction = self.write().await?;
        insert_attempt(&mut transaction, slot, attempt).await?;
        commit(transaction).await
    }

    /// Notes that a transaction was handed to a node.
    pub async fn sent(&self, hash: B256) -> Result<(), RelayError> {
        sqlx::query("UPDATE attempts SET sent_at = $2 WHERE hash = $1")
            .bind(hash.to_string())
            .bind(now())
            .execute(&self.pool)
            .await
            .map_err(|error| RelayError::database("note what was sent", error))?;
        Ok(())
    }

    /// The open slots of an account, the smallest nonce first, each with its transactions, the
    /// newest first.
    pub async fn open_slots(
        &self,
        chain_id: u64,
        signer: Address,
    ) -> Result<Vec<(Slot, Vec<Attempt>)>, RelayError> {
        let fail = |error| RelayError::database("read open nonces", error);
        let rows = sqlx::query(
            "SELECT * FROM slots WHERE chain_id = $1 AND signer = $2 AND state = 'open' ORDER BY nonce",
        )
        .bind(signed(chain_id))
        .bind(signer.to_string())
        .fetch_all(&self.pool)
        .await
        .map_err(fail)?;
        let mut open = Vec::new();
        for row in &rows {
            let slot = Slot::of(row)?;
            let attempts = self.attempts(&slot).await?;
            open.push((slot, attempts));
        }
        Ok(open)
    }

    /// The slots that a trigger has had, in the order of their nonces.
    pub async fn slots_of(&self, trigger: &str) -> Result<Vec<(Slot, Vec<Attempt>)>, RelayError> {
        let rows = sqlx::query("SELECT * FROM slots WHERE trigger_id = $1 ORDER BY nonce")
            .bind(trigger)
            .fetch_all(&self.pool)
            .await
            .map_err(|error| RelayError::database("read a trigger's nonces", error))?;
        let mut found = Vec::new();
        for row in &rows {
            let slot = Slot::of(row)?;
            let attempts = self.attempts(&slot).await?;
            found.push((slot, attempts));
        }
        Ok(found)
    }

    async fn attempts(&self, slot: &Slot) -> Result<Vec<Attempt>, RelayError> {
        let rows = sqlx::query(
            "SELECT * FROM attempts WHERE chain_id = $1 AND signer = $2 AND nonce = $3 \
             ORDER BY created_at DESC, hash",
        )
        .bind(signed(slot.chain_id))
        .bind(slot.signer.to_string())
        .bind(signed(slot.nonce))
        .fetch_all(&self.pool)
        .await
        .map_err(|error| RelayError::database("read transactions", error))?;
        rows.iter().map(Attempt::of).collect()
    }

    /// Closes a slot together with what that means for its trigger; `trigger` is `None` for a slot
    /// that was only to be used up.
    pub async fn close_slot(
        &self,
        slot: &Slot,
        state: SlotState,
        trigger: Option<(&mut Trigger, Change)>,
    ) -> Result<(), RelayError> {
        let mut transaction = self.write().await?;
        let done = sqlx::query(
            "UPDATE slots SET state = $4 WHERE chain_id = $1 AND signer = $2 AND nonce = $3 AND state = 'open'",
        )
        .bind(signed(slot.chain_id))
        .bind(slot.signer.to_string())
        .bind(signed(slot.nonce))
        .bind(state.name())
        .execute(&mut *transaction)
        .await
        .map_err(|error| RelayError::database("close a nonce", error))?;
        if done.rows_affected() != 1 {
            // Another relayer of the fleet has seen the same.
            return Ok(());
        }
        if let Some((trigger, change)) = trigger {
            advance(&mut transaction, trigger, change).await?;
        }
        commit(transaction).await
    }

    /// One relayer at a time takes a nonce of an account: SQLite's write lock sees to that,
    /// PostgreSQL's advisory lock does, until the transaction ends.
    async fn lock_lane(
        &self,
        transaction: &mut Transaction<'static, Any>,
        submission: &Submission,
    ) -> Result<(), RelayError> {
        if self.sqlite {
            return Ok(());
        }
        sqlx::query("SELECT pg_advisory_xact_lock(hashtext($1))")
            .bind(format!("{}:{}", submission.chain_id, submission.signer))
            .execute(&mut **transaction)
            .await
            .map_err(|error| RelayError::database("lock an account's nonces", error))?;
        Ok(())
    }
}

/// The next nonce: one more than the last of ours, or what the chain knows of, if others have sent
/// more. No count is kept beside these two, so none can run ahead of them.
async fn next_nonce(
    transaction: &mut Transaction<'static, Any>,
    submission: &Submission,
) -> Result<u64, RelayError> {
    let row = sqlx::query(
        "SELECT COALESCE(MAX(nonce) + 1, 0) AS next FROM slots WHERE chain_id = $1 AND signer = $2",
    )
    .bind(signed(submission.chain_id))
    .bind(submission.signer.to_string())
    .fetch_one(&mut **transaction)
    .await
    .map_err(|error| RelayError::database("choose a nonce", error))?;
    let ours = unsigned(get(&row, "next")?);
    Ok(ours.max(submission.known))
}

async fn insert_slot(
    transaction: &mut Transaction<'static, Any>,
    slot: &Slot,
) -> Result<(), RelayError> {
    sqlx::query(
        "INSERT INTO slots (chain_id, signer, nonce, trigger_id, state, receiver, data, gas) \
         VALUES ($1, $2, $3, $4, 'open', $5, $6, $7)",
    )
    .bind(signed(slot.chain_id))
    .bind(slot.signer.to_string())
    .bind(signed(slot.nonce))
    .bind(&slot.trigger)
    .bind(slot.call.to.to_string())
    .bind(slot.call.data.to_string())
    .bind(signed(slot.gas))
    .execute(&mut **transaction)
    .await
    .map_err(|error| RelayError::database("keep a nonce", error))?;
    Ok(())
}

async fn insert_attempt(
    transaction: &mut Transaction<'static, Any>,
    slot: &Slot,
    attempt: &Attempt,
) -> Result<(), RelayError> {
    sqlx::query(
        "INSERT INTO attempts (hash, chain_id, signer, nonce, raw, max_fee, priority_fee, cancels, \
         created_at, sent_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, 0) ON CONFLICT (hash) DO NOTHING",
    )
    .bind(attempt.hash.to_string())
    .bind(signed(slot.chain_id))
    .bind(slot.signer.to_string())
    .bind(signed(slot.nonce))
    .bind(attempt.raw.to_string())
    .bind(attempt.max_fee.to_string())
    .bind(attempt.priority_fee.to_string())
    .bind(i64::from(attempt.cancels))
    .bind(attempt.created_at)
    .execute(&mut **transaction)
    .await
    .map_err(|error| RelayError::database("keep a transaction", error))?;
    Ok(())
}

fn damaged(table: &'static str, key: impl ToString, detail: impl ToString) -> RelayError {
    RelayError::Row {
        table,
        key: key.to_string(),
        detail: detail.to_string(),
    }
}

fn parsed<T: std::str::FromStr>(
    row: &AnyRow,
    table: &'static str,
    column: &'static str,
) -> Result<T, RelayError>
where
    T::Err: ToString,
{
    let text: String = get(row, column)?;
    text.parse()
        .map_err(|error: T::Err| damaged(table, column, error))
}

fn bytes(row: &AnyRow, table: &'static str, column: &'static str) -> Result<Bytes, RelayError> {
    let text: String = get(row, column)?;
    let bytes = hex::decode(&text).map_err(|error| damaged(table, column, error))?;
    Ok(bytes.into())
}

impl Slot {
    fn of(row: &AnyRow) -> Result<Self, RelayError> {
        Ok(Self {
            chain_id: unsigned(get(row, "chain_id")?),
            signer: parsed(row, "slots", "signer")?,
            nonce: unsigned(get(row, "nonce")?),
            trigger: get(row, "trigger_id")?,
            call: Call {
                to: parsed(row, "slots", "receiver")?,
                data: bytes(row, "slots", "data")?,
            },
            gas: unsigned(get(row, "gas")?),
        })
    }
}

impl Attempt {
    fn of(row: &AnyRow) -> Result<Self, RelayError> {
        Ok(Self {
            hash: parsed(row, "attempts", "hash")?,
            raw: bytes(row, "attempts", "raw")?,
            max_fee: parsed(row, "attempts", "max_fee")?,
            priority_fee: parsed(row, "attempts", "priority_fee")?,
            cancels: get::<i64>(row, "cancels")? != 0,
            created_at: get(row, "created_at")?,
            sent_at: get(row, "sent_at")?,
        })
    }
}
