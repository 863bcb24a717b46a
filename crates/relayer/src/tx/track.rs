//! Follows what was sent until the chain has it, deep enough.
//!
//! One step looks at every open nonce of an account; nothing is kept in memory between two steps, so
//! a restart loses nothing. What is not in the chain is sent again, dearer if it has waited, up to
//! its job's ceiling; what is past its deadline is replaced by a transaction that does nothing. What
//! a reorganisation throws out is simply not in the chain any more.

use super::Wallet;
use crate::{
    RelayError,
    config::PolicyConfig,
    rpc::{Fees, Nodes, Sent},
    store::{Attempt, Change, Slot, SlotState, State, Store, Trigger, now},
};
use alloy_rpc_types_eth::TransactionReceipt;
use std::sync::Arc;
use verdict_chain::Block;

/// How many blocks back a nonce's use is looked for: nodes keep the state of about 128.
const SEARCHED: u64 = 120;

/// Follows an account's transactions.
#[derive(Clone, Debug)]
pub struct Tracker {
    store: Store,
    nodes: Arc<Nodes>,
    wallet: Wallet,
    confirmations: u64,
}

/// What a step has found, for metrics and those who wait.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    /// Nonces that are not settled yet.
    pub open: usize,
    /// Triggers that were confirmed: their jobs, gas and wei.
    pub confirmed: Vec<(String, u64, u128)>,
    /// Whether a trigger has something to do again.
    pub reopened: bool,
}

/// Where a nonce stands.
enum Place {
    /// One of its transactions is in the chain, so many blocks deep.
    Included(Box<TransactionReceipt>, Attempt, u64),
    /// Used up by somebody else, deep enough.
    Stolen(String),
    /// Used up, and not to be seen by what.
    Unclear,
    /// Not in the chain.
    Waiting,
}

impl Tracker {
    /// Follows the transactions of an account, which are believed in at so many blocks' depth.
    pub const fn new(store: Store, nodes: Arc<Nodes>, wallet: Wallet, confirmations: u64) -> Self {
        Self {
            store,
            nodes,
            wallet,
            confirmations,
        }
    }

    /// The account.
    pub const fn wallet(&self) -> &Wallet {
        &self.wallet
    }

    /// Looks at every open nonce once. `policy` tells how a job's transactions are sent.
    pub async fn step(
        &self,
        head: Block,
        policy: &(dyn Fn(&str) -> PolicyConfig + Sync),
    ) -> Result<Progress, RelayError> {
        let chain_id = self.wallet.chain_id();
        let open = self
            .store
            .open_slots(chain_id, self.wallet.address())
            .await?;
        let mut progress = Progress {
            open: open.len(),
            ..Progress::default()
        };
        for (slot, attempts) in open {
            let trigger = match slot.trigger.as_str() {
                "" => None,
                id => self.store.trigger(id).await?,
            };
            match self.place(head, &slot, &attempts).await? {
                Place::Included(receipt, attempt, depth) if depth >= self.confirmations => {
                    self.settle(&slot, trigger, &receipt, &attempt, &mut progress)
                        .await?;
                }
                Place::Included(..) => {}
                Place::Stolen(by) => {
                    tracing::warn!(nonce = slot.nonce, by, "a nonce was used by somebody else");
                    progress.reopened = true;
                    self.reopen(
                        &slot,
                        trigger,
                        SlotState::Lost,
                        format!("nonce {} was used by {by}", slot.nonce),
                    )
                    .await?;
                }
                Place::Unclear => tracing::error!(
                    nonce = slot.nonce,
                    "a nonce is used up and no node shows by what; nothing is sent in its place"
                ),
                Place::Waiting => {
                    let policy = trigger.as_ref().map(|trigger| policy(&trigger.job));
                    self.push(
                        head,
                        &slot,
                        &attempts,
                        trigger.as_ref(),
                        policy.unwrap_or_default(),
                    )
                    .await?;
                }
            }
        }
        Ok(progress)
    }

    async fn place(
        &self,
        head: Block,
        slot: &Slot,
        attempts: &[Attempt],
    ) -> Result<Place, RelayError> {
        for attempt in attempts {
            if let Some(receipt) = self.nodes.receipt(attempt.hash).await? {
                let block = receipt.block_number.unwrap_or(head.number);
                let depth = (head.number + 1).saturating_sub(block);
                return Ok(Place::Included(Box::new(receipt), attempt.clone(), depth));
            }
        }
        let deep = (head.number + 1).saturating_sub(self.confirmations);
        if self.nodes.nonce_at(slot.signer, deep).await? <= slot.nonce {
            return Ok(Place::Waiting);
        }
        let first = deep.saturating_sub(SEARCHED);
        let found = self
            .nodes
            .transaction_of(slot.signer, slot.nonce, first, deep)
            .await?;
        Ok(match found {
            // Ours, and its receipt is late.
            Some(hash) if attempts.iter().any(|attempt| attempt.hash == hash) => Place::Waiting,
            Some(hash) => Place::Stolen(hash.to_string()),
            None => Place::Unclear,
        })
    }

    /// A transaction of the slot is deep enough.
    async fn settle(
        &self,
        slot: &Slot,
        trigger: Option<Trigger>,
        receipt: &TransactionReceipt,
        attempt: &Attempt,
        progress: &mut Progress,
    ) -> Result<(), RelayError> {
        let block = receipt.block_number.unwrap_or_default();
        let Some(mut trigger) = trigger.filter(|it| it.state == State::Submitted) else {
            return self.store.close_slot(slot, SlotState::Mined, None).await;
        };
        let change = if attempt.cancels {
            Change::to(
                State::Expired,
                format!(
                    "its time was over: nonce {} was used up in block {block}",
                    slot.nonce
                ),
            )
        } else if receipt.status() {
            let wei = u128::from(receipt.gas_used).saturating_mul(receipt.effective_gas_price);
            let job = trigger.job.clone();
            progress.confirmed.push((job, receipt.gas_used, wei));
            Change::to(
                State::Confirmed,
                format!("transaction {} in block {block}", attempt.hash),
            )
        } else {
            // The next dry run says why, and what follows from it.
            progress.reopened = true;
            Change::to(
                State::Proved,
                format!("transaction {} was reverted in block {block}", attempt.hash),
            )
            .again_in(std::time::Duration::from_secs(1))
        };
        self.store
            .close_slot(slot, SlotState::Mined, Some((&mut trigger, change)))
            .await
    }

    /// The slot is closed without an effect: its trigger gets another one.
    async fn reopen(
        &self,
        slot: &Slot,
        trigger: Option<Trigger>,
        state: SlotState,
        reason: String,
    ) -> Result<(), RelayError> {
        let Some(mut trigger) = trigger.filter(|it| it.state == State::Submitted) else {
            return self.store.close_slot(slot, state, None).await;
        };
        let change = Change::to(State::Proved, reason);
        self.store
            .close_slot(slot, state, Some((&mut trigger, change)))
            .await
    }

    /// Sends again what is not in the chain, or what replaces it.
    async fn push(
        &self,
        head: Block,
        slot: &Slot,
        attempts: &[Attempt],
        trigger: Option<&Trigger>,
        policy: PolicyConfig,
    ) -> Result<(), RelayError> {
        let Some(last) = attempts.first() else {
            return Ok(());
        };
        let worthless = trigger.is_none_or(|trigger| {
            trigger.state != State::Submitted
                || (trigger.expires_at != 0 && trigger.expires_at < head.timestamp)
        });
        let waited = now().saturating_sub(last.created_at);
        let patience = i64::try_from(policy.bump_after.0.as_millis()).unwrap_or(i64::MAX);
        let next = if worthless && !last.cancels {
            self.dearer(last, &policy).await?.map(|fees| (fees, true))
        } else if waited > patience {
            let fees = self.dearer(last, &policy).await?;
            fees.map(|fees| (fees, last.cancels))
        } else {
            None
        };
        let attempt = match next {
            None => last.clone(),
            Some((fees, true)) => self.wallet.cancel(slot.nonce, fees).await?,
            Some((fees, false)) => {
                self.wallet
                    .sign(slot.nonce, &slot.call, slot.gas, fees)
                    .await?
            }
        };
        if attempt.hash != last.hash {
            self.store.replace(slot, &attempt).await?;
        } else if last.sent_at != 0 && self.nodes.knows(last.hash).await? {
            return Ok(());
        }
        self.send(&attempt, slot).await
    }

    /// Fees that nodes take for a replacement, unless the job does not pay so much.
    async fn dearer(
        &self,
        last: &Attempt,
        policy: &PolicyConfig,
    ) -> Result<Option<Fees>, RelayError> {
        let asked = self.nodes.fees().await?;
        let raised =
            |wei: u128| wei.saturating_mul(u128::from(100 + policy.bump_percent)) / 100 + 1;
        let fees = Fees {
            max_fee: raised(last.max_fee).max(asked.max_fee),
            priority_fee: raised(last.priority_fee),
        };
        // Not even the least replacement is within the ceiling: what there is stays, and is sent
        // again when the chain asks for less.
        if raised(last.max_fee) > policy.max_fee.0 {
            return Ok(None);
        }
        Ok(Some(Fees {
            max_fee: fees.max_fee.min(policy.max_fee.0),
            priority_fee: fees.priority_fee.min(policy.max_fee.0),
        }))
    }

    /// Hands a transaction that is kept to the nodes.
    pub async fn send(&self, attempt: &Attempt, slot: &Slot) -> Result<(), RelayError> {
        match self.nodes.send(&attempt.raw).await {
            Sent::Taken => {
                tracing::info!(hash = %attempt.hash, nonce = slot.nonce, "sent");
                self.store.sent(attempt.hash).await
            }
            // The next step sees what used it.
            Sent::NonceUsed => Ok(()),
            // One of ours is waiting, or somebody else's is: the next bump decides.
            Sent::Underpriced => Ok(()),
            Sent::Unfunded => {
                tracing::error!(signer = %slot.signer, "the account cannot pay for its transaction");
                Ok(())
            }
            Sent::Refused(why) => {
                tracing::warn!(hash = %attempt.hash, why, "no node takes a transaction");
                Ok(())
            }
        }
    }
}
