//! Events of contracts, none of which is missed: read on from where reading ended, in blocks that
//! are deep enough, and in smaller pieces if a node does not give so many at once.

use super::Happened;
use crate::{RelayError, config::contract, job::Job, relay::Relay};
use alloy_json_abi::Event;
use alloy_rpc_types_eth::Filter;
use std::sync::Arc;
use verdict_chain::{Block, ChainError};

/// How many pieces are read in one step, so that other triggers are looked at in between.
const PIECES: usize = 8;

impl Relay {
    /// Notes the events since reading ended, and says how many were new; at first, those from now on.
    pub(super) async fn events(
        &self,
        job: &Arc<Job>,
        place: usize,
        name: &str,
        event: &str,
        head: Block,
    ) -> Result<usize, RelayError> {
        let loaded = self.loaded();
        let chain = &loaded.config.chain;
        let event = Event::parse(event).map_err(|it| RelayError::Config(it.to_string()))?;
        let address = contract(name, &loaded.deployment)?;
        let deep = (head.number + 1).saturating_sub(chain.confirmations);
        let cursor = format!("events-{}-{place}-{address}-{}", job.name, event.selector());
        let mut next = match self.store.cursor(&cursor).await? {
            Some(text) => text.parse().map_err(|_| RelayError::Row {
                table: "cursors",
                key: cursor.clone(),
                detail: format!("`{text}` is no block"),
            })?,
            None => {
                self.store.set_cursor(&cursor, &deep.to_string()).await?;
                deep
            }
        };
        let (mut found, mut size) = (Vec::new(), chain.log_range.max(1));
        for _ in 0..PIECES {
            if next > deep {
                break;
            }
            let last = deep.min(next.saturating_add(size - 1));
            let filter = Filter::new()
                .address(address)
                .event_signature(event.selector())
                .from_block(next)
                .to_block(last);
            let logs = match self.nodes.logs(filter).await {
                Ok(logs) => logs,
                // Nodes limit ranges in their own ways, and say so in their own words.
                Err(ChainError::Rpc { .. }) if size > 1 => {
                    size = (size / 4).max(1);
                    continue;
                }
                Err(error) => return Err(error.into()),
            };
            for log in logs.iter().filter(|log| !log.removed) {
                // A node that answers with something else is not believed.
                let asked = log.address() == address
                    && log.topic0() == Some(&event.selector())
                    && log
                        .block_number
                        .is_some_and(|it| (next..=last).contains(&it));
                let (Some(block), Some(index), true) = (log.block_hash, log.log_index, asked)
                else {
                    continue;
                };
                found.push(Happened {
                    key: format!("event-{place}-{block}-{index}"),
                    what: format!("{} of {name}", event.name),
                });
            }
            next = last + 1;
            // What was found is noted before the cursor moves past it: see `observe`, which notes
            // again what is noted already to no effect.
            if found.is_empty() {
                self.store.set_cursor(&cursor, &next.to_string()).await?;
            } else {
                break;
            }
        }
        let mut count = 0;
        let some = !found.is_empty();
        for happened in found {
            count += usize::from(self.note(job, happened, head).await?);
        }
        if some {
            self.store.set_cursor(&cursor, &next.to_string()).await?;
        }
        Ok(count)
    }
}
