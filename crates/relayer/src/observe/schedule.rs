//! Times of the clock, in UTC: the chain's clock.

use super::Happened;
use crate::{RelayError, job::Job, relay::Relay};
use chrono::{DateTime, Utc};
use croner::Cron;
use std::{str::FromStr, sync::Arc};
use verdict_chain::Block;

impl Relay {
    /// The newest time of a schedule since it was looked at first.
    pub(super) async fn cron(
        &self,
        job: &Arc<Job>,
        place: usize,
        schedule: &str,
        head: Block,
    ) -> Result<Option<Happened>, RelayError> {
        let cursor = format!("cron-{}-{place}", job.name);
        let now = time(head.timestamp)?;
        let Some(since) = self.store.cursor(&cursor).await? else {
            self.store
                .set_cursor(&cursor, &head.timestamp.to_string())
                .await?;
            return Ok(None);
        };
        let since = time(since.parse().unwrap_or(head.timestamp))?;
        let cron = Cron::from_str(schedule).map_err(|it| RelayError::Config(it.to_string()))?;
        let next = cron
            .find_next_occurrence(&since, false)
            .map_err(|it| RelayError::Config(format!("`{schedule}` has no next time: {it}")))?;
        if next > now {
            return Ok(None);
        }
        // What was missed is not made up for: the newest time stands for all before it.
        let mut newest = next;
        while let Ok(later) = cron.find_next_occurrence(&newest, false) {
            if later > now {
                break;
            }
            newest = later;
        }
        self.store
            .set_cursor(&cursor, &newest.timestamp().to_string())
            .await?;
        Ok(Some(Happened {
            key: format!("cron-{place}-{}", newest.timestamp()),
            what: format!("it is {}", newest.format("%F %R")),
        }))
    }
}

fn time(seconds: u64) -> Result<DateTime<Utc>, RelayError> {
    i64::try_from(seconds)
        .ok()
        .and_then(|seconds| DateTime::from_timestamp(seconds, 0))
        .ok_or_else(|| RelayError::Rpc(format!("the chain's time {seconds} is no time")))
}
