//! The inputs of a job as of a block, and what its model makes of them.

use crate::{
    RelayError,
    job::Job,
    relay::Loaded,
    rpc::Nodes,
    served::Inference,
    store::{Observation, now},
};
use std::sync::Arc;
use verdict_chain::Block;
use verdict_consumers::{Standing, live_integers};
use verdict_model::{DataSet, Row};

/// What was seen at a block.
#[derive(Clone, Debug)]
pub struct Seen {
    /// The block.
    pub at: Block,
    /// The features' values, one after the other; integers where the contract reads them itself.
    pub values: Vec<f64>,
    /// The features, by name.
    pub named: Vec<(String, Vec<f64>)>,
    /// The model's integers: of every item, of every input.
    pub items: Vec<Row<i32>>,
    /// What the model makes of them.
    pub inference: Inference,
    /// What the contract says of itself.
    pub standing: Standing,
}

impl Seen {
    /// Reads a job's inputs and its contract as of a block.
    pub async fn read(
        loaded: &Loaded,
        job: &Arc<Job>,
        nodes: &Arc<Nodes>,
        at: Block,
    ) -> Result<Self, RelayError> {
        let (reading, sender) = (job.clone(), job.wallet.address());
        let standing = nodes
            .read(Some(at), sender, move |chain| reading.standing(chain))
            .await?;
        let (named, items) = match job.is_signed() {
            true => {
                let (named, items) = read_items(loaded, job, at).await?;
                (named, items.into_iter().map(|(row, _)| row).collect())
            }
            false => (Vec::new(), vec![live(job, nodes, at).await?]),
        };
        let model = job.model.clone();
        let (items, inference) = tokio::task::spawn_blocking(move || {
            let inference = model.infer(&items);
            inference.map(|inference| (items, inference))
        })
        .await
        .map_err(|error| RelayError::machine("compute the model", error))??;
        let values = match named.is_empty() {
            false => named
                .iter()
                .flat_map(|(_, values)| values.clone())
                .collect(),
            true => items.first().map_or_else(Vec::new, |row| {
                row.iter()
                    .flatten()
                    .map(|value| f64::from(*value))
                    .collect()
            }),
        };
        Ok(Self {
            at,
            values,
            named,
            items,
            inference,
            standing,
        })
    }

    /// The value that the contract would take.
    pub fn value(&self) -> Option<f64> {
        self.inference.outputs.get(self.standing.index).copied()
    }

    /// How far that is from the contract's, in ten thousandths of it; `None` if that has none.
    pub fn deviation_bps(&self) -> Option<f64> {
        let (value, standing) = (self.value()?, self.standing.value?);
        let least = f64::MIN_POSITIVE;
        Some((value - standing).abs() / standing.abs().max(least) * 10_000.0)
    }

    /// As it is kept for charts.
    pub(crate) fn observation(&self) -> Observation {
        const SHOWN: usize = 16;
        Observation {
            at: now(),
            inputs: self.values.iter().take(SHOWN).copied().collect(),
            value: self.value(),
            standing: self.standing.value,
        }
    }
}

/// The integers that the contract's source reads now.
async fn live(job: &Arc<Job>, nodes: &Arc<Nodes>, at: Block) -> Result<Row<i32>, RelayError> {
    let consumer = job.consumer()?;
    let integers = nodes
        .read(Some(at), job.wallet.address(), move |chain| {
            let source = consumer.source(chain)?;
            let pin = consumer.pin(chain)?;
            live_integers(chain, source, pin).map_err(RelayError::from)
        })
        .await?;
    job.model.split(&integers)
}

/// A feature's name and its values.
type Named = (String, Vec<f64>);

/// An item's integers, and the values that they are of.
type Item = (Row<i32>, Vec<f64>);

/// What somebody who vouches for a job's inputs reads as of a block: integers and their values, item
/// by item.
pub(crate) async fn own_items(
    loaded: &Loaded,
    job: &Arc<Job>,
    at: Block,
) -> Result<Vec<Item>, RelayError> {
    Ok(read_items(loaded, job, at).await?.1)
}

async fn read_items(
    loaded: &Loaded,
    job: &Arc<Job>,
    at: Block,
) -> Result<(Vec<Named>, Vec<Item>), RelayError> {
    if let Some(path) = &job.config.rows {
        return Ok((Vec::new(), rows(&loaded.config.path(path), job)?));
    }
    let readings = loaded.reader.read(&job.config.features, at).await?;
    let named: Vec<Named> = readings
        .into_iter()
        .map(|it| (it.name, it.values))
        .collect();
    let values: Vec<f64> = named.iter().flat_map(|(_, it)| it.clone()).collect();
    let item = job.model.quantise(&values)?;
    Ok((named, vec![(item, values)]))
}

/// A batch's rows from a file.
fn rows(path: &std::path::Path, job: &Arc<Job>) -> Result<Vec<Item>, RelayError> {
    let data = DataSet::load(path, &job.model.model().manifest().input_specs())?;
    let expected = job.model.items();
    if data.len() < expected {
        return Err(RelayError::File {
            path: path.into(),
            detail: format!("{} rows, the model computes {expected} at once", data.len()),
        });
    }
    let rows = data.rows().iter().take(expected).map(|row| row.concat());
    rows.map(|values| Ok((job.model.quantise(&values)?, values)))
        .collect()
}
