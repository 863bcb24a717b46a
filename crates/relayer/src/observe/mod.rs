//! What happens, as jobs want to know it.
//!
//! A trigger's key says what happened in words that are the same whoever looks, and whenever: two
//! relayers, or one that was restarted, note it once. Time is the chain's.

mod events;
mod schedule;

use crate::{
    RelayError,
    config::TriggerConfig,
    job::Job,
    pipeline::Seen,
    relay::Relay,
    store::{Call, New, Work},
};
use std::sync::Arc;
use verdict_chain::Block;
use verdict_consumers::Standing;

/// Priority of a call that needs no proof above its job's: it is all but done.
const DUE: i64 = 1;

/// What a trigger's condition has come to.
#[derive(Debug)]
struct Happened {
    key: String,
    what: String,
}

impl Relay {
    /// Looks at one job as of a new block, and notes what happened.
    pub async fn observe(&self, job: &Arc<Job>, head: Block) -> Result<usize, RelayError> {
        let mut count = self.note_due(job, head).await?;
        let mut seen = Lazy::default();
        for (place, trigger) in job.config.triggers.iter().enumerate() {
            if let TriggerConfig::Event { contract, event } = trigger {
                count += self.events(job, place, contract, event, head).await?;
                continue;
            }
            let happened = self.condition(job, place, trigger, head, &mut seen);
            if let Some(happened) = happened.await? {
                count += usize::from(self.note(job, happened, head).await?);
            }
        }
        Ok(count)
    }

    async fn condition(
        &self,
        job: &Arc<Job>,
        place: usize,
        trigger: &TriggerConfig,
        head: Block,
        seen: &mut Lazy,
    ) -> Result<Option<Happened>, RelayError> {
        let happened = |key: String, what: String| Some(Happened { key, what });
        Ok(match trigger {
            TriggerConfig::Once {} => happened("once".into(), "once".into()),
            TriggerConfig::Interval { every } => {
                let number = head.timestamp / every.0.as_secs().max(1);
                let what = format!("{} have passed", humantime::format_duration(every.0));
                happened(format!("interval-{place}-{number}"), what)
            }
            TriggerConfig::Block { every } => {
                let number = head.number - head.number % (*every).max(1);
                happened(format!("block-{place}-{number}"), format!("block {number}"))
            }
            TriggerConfig::Cron { schedule } => self.cron(job, place, schedule, head).await?,
            TriggerConfig::Heartbeat { before } => {
                if self.store.is_busy(&job.name).await? {
                    return Ok(None);
                }
                let standing = self.standing(job, head, seen).await?;
                heartbeat(place, &standing, before.0.as_secs().max(1), head)
            }
            TriggerConfig::Deviation { bps, every } => {
                let Some(key) = self.sample(job, place, every.0, head).await? else {
                    return Ok(None);
                };
                let seen = self.seen(job, head, seen).await?;
                // Without a value there is nothing to differ from, and all reason to make one.
                let deviation = seen.deviation_bps().unwrap_or(f64::INFINITY);
                if seen.standing.closed.is_some() || deviation < *bps {
                    return Ok(None);
                }
                let what = match deviation.is_finite() {
                    true => format!("the model differs by {deviation:.1} ten thousandths"),
                    false => "the contract has no value yet".into(),
                };
                happened(format!("deviation-{place}-{key}"), what)
            }
            TriggerConfig::Feature {
                name,
                above,
                below,
                every,
            } => {
                let Some(key) = self.sample(job, place, every.0, head).await? else {
                    return Ok(None);
                };
                let seen = self.seen(job, head, seen).await?;
                let feature = seen.named.iter().find(|(known, _)| known == name);
                let value = feature.and_then(|(_, values)| values.first()).copied();
                let value = value.unwrap_or(f64::NAN);
                let beyond = above.is_some_and(|most| value > most)
                    || below.is_some_and(|least| value < least);
                if !beyond {
                    return Ok(None);
                }
                happened(
                    format!("feature-{place}-{key}"),
                    format!("{name} is {value}"),
                )
            }
            TriggerConfig::Event { .. } => None,
        })
    }

    /// The number of a sample that is due: one in each span of the chain's time, and none while
    /// something of the job is on its way.
    async fn sample(
        &self,
        job: &Arc<Job>,
        place: usize,
        every: std::time::Duration,
        head: Block,
    ) -> Result<Option<u64>, RelayError> {
        let number = head.timestamp / every.as_secs().max(1);
        let cursor = format!("sample-{}-{place}", job.name);
        let last = self.store.cursor(&cursor).await?;
        if last.as_deref() == Some(number.to_string().as_str())
            || self.store.is_busy(&job.name).await?
        {
            return Ok(None);
        }
        self.store.set_cursor(&cursor, &number.to_string()).await?;
        Ok(Some(number))
    }

    /// The contract's own words, read once for all triggers of a job.
    async fn standing(
        &self,
        job: &Arc<Job>,
        head: Block,
        seen: &mut Lazy,
    ) -> Result<Standing, RelayError> {
        if let Some(standing) = &seen.standing {
            return Ok(standing.clone());
        }
        let (reading, sender) = (job.clone(), job.wallet.address());
        let read = self
            .nodes
            .read(Some(head), sender, move |chain| reading.standing(chain));
        let standing = read.await?;
        seen.standing = Some(standing.clone());
        Ok(standing)
    }

    /// Inputs and inference, read once for all triggers of a job, and kept for the charts.
    async fn seen(
        &self,
        job: &Arc<Job>,
        head: Block,
        seen: &mut Lazy,
    ) -> Result<Arc<Seen>, RelayError> {
        if let Some(seen) = &seen.seen {
            return Ok(seen.clone());
        }
        let read = Arc::new(Seen::read(&self.loaded(), job, &self.nodes, head).await?);
        self.store.record(&job.name, &read.observation()).await?;
        seen.standing = Some(read.standing.clone());
        seen.seen = Some(read.clone());
        Ok(read)
    }

    /// Calls that are due without a proof.
    async fn note_due(&self, job: &Arc<Job>, head: Block) -> Result<usize, RelayError> {
        let (asking, sender) = (job.clone(), job.wallet.address());
        let due = self.nodes.read(Some(head), sender, move |chain| {
            let due = asking.kind.feeding.due;
            due(chain, asking.contract, &asking.fixed).map_err(RelayError::from)
        });
        let mut count = 0;
        for due in due.await? {
            let new = New {
                job: job.name.clone(),
                key: due.key,
                priority: job.config.priority() + DUE,
                not_before: 0,
                expires_at: due.until.unwrap_or_default(),
                work: Work {
                    what: due.what,
                    plain: true,
                    call: Some(Call {
                        to: due.to,
                        data: due.data,
                    }),
                    ..Work::default()
                },
            };
            count += usize::from(self.store.observe(&new).await?.is_some());
        }
        Ok(count)
    }

    async fn note(
        &self,
        job: &Arc<Job>,
        happened: Happened,
        head: Block,
    ) -> Result<bool, RelayError> {
        let deadline = job.config.policy.deadline.0.as_secs();
        let new = New {
            job: job.name.clone(),
            key: happened.key,
            priority: job.config.priority(),
            not_before: 0,
            expires_at: match deadline {
                0 => 0,
                deadline => head.timestamp.saturating_add(deadline),
            },
            work: Work {
                what: happened.what,
                ..Work::default()
            },
        };
        let noted = self.store.observe(&new).await?;
        if let Some(id) = &noted {
            tracing::info!(trigger = %id, job = %job.name, key = %new.key, "observed");
            self.moved.notify_waiters();
        }
        Ok(noted.is_some())
    }
}

/// What is read at most once for a job and a block.
#[derive(Debug, Default)]
struct Lazy {
    standing: Option<Standing>,
    seen: Option<Arc<Seen>>,
}

/// The contract's value is about to be older than it may: once for each value, and again after as
/// long as the operator gave, should that have led to nothing.
fn heartbeat(place: usize, standing: &Standing, before: u64, head: Block) -> Option<Happened> {
    let heartbeat = standing.heartbeat?;
    let due = match standing.time {
        0 => 0,
        time => time.saturating_add(heartbeat.saturating_sub(before)),
    };
    if standing.closed.is_some() || head.timestamp < due {
        return None;
    }
    let number = (head.timestamp - due) / before;
    Some(Happened {
        key: format!("heartbeat-{place}-{}-{number}", standing.time),
        what: match standing.time {
            0 => "the contract has no value yet".into(),
            time => format!("the value is {} s old", head.timestamp.saturating_sub(time)),
        },
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn at(timestamp: u64) -> Block {
        Block {
            number: 1,
            timestamp,
            hash: alloy_primitives::B256::ZERO,
        }
    }

    #[test]
    fn a_heartbeat_is_due_before_the_value_is_too_old_and_again_if_nothing_came() {
        let standing = Standing {
            time: 1_000,
            heartbeat: Some(3_600),
            value: Some(1.0),
            ..Standing::default()
        };
        let key = |time| heartbeat(0, &standing, 300, at(time)).map(|it| it.key);
        assert_eq!(key(1_000 + 3_299), None);
        let first = key(1_000 + 3_300).unwrap();
        assert_eq!(key(1_000 + 3_599), Some(first.clone()));
        assert_ne!(key(1_000 + 3_600), Some(first));
        let closed = Standing {
            closed: Some("paused".into()),
            ..standing.clone()
        };
        assert!(heartbeat(0, &closed, 300, at(9_999)).is_none());
    }

    #[test]
    fn a_contract_without_a_value_wants_one_at_once() {
        let standing = Standing {
            heartbeat: Some(3_600),
            ..Standing::default()
        };
        assert!(heartbeat(0, &standing, 300, at(5)).is_some());
    }
}
