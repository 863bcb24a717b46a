//! The model's inputs, from where an operator says they are.
//!
//! No source is believed alone if several are named: the median of those that answer counts, those
//! far from it are refused, and fewer than the quorum are an error. Every answer is bounded in time,
//! size and depth, and a number that is none (NaN, infinity, text) is an error of its source.

mod chain;
mod http;
mod json;

use crate::{
    RelayError,
    config::{Config, FeatureConfig, ReadingConfig},
    net,
    rpc::Nodes,
};
use futures_util::future::join_all;
use reqwest::Client;
use std::{sync::Arc, time::Duration};
use verdict_chain::{Block, Deployment};

/// What reads features.
#[derive(Clone, Debug)]
pub struct Reader {
    config: Arc<Config>,
    deployment: Arc<Deployment>,
    nodes: Arc<Nodes>,
    client: Client,
}

/// A feature as it was read.
#[derive(Clone, Debug, PartialEq, serde::Serialize)]
pub struct Reading {
    /// Its name.
    pub name: String,
    /// Its values.
    pub values: Vec<f64>,
    /// What was wrong with those sources that did not count.
    pub refused: Vec<String>,
}

impl Reader {
    /// A reader under a configuration.
    pub fn new(
        config: Arc<Config>,
        deployment: Arc<Deployment>,
        nodes: Arc<Nodes>,
    ) -> Result<Self, RelayError> {
        Ok(Self {
            config,
            deployment,
            nodes,
            // Each source has its own patience; this is a bound on all.
            client: net::client(Duration::from_secs(60))?,
        })
    }

    /// Reads features, those of contracts as of a block.
    pub async fn read(
        &self,
        features: &[FeatureConfig],
        at: Block,
    ) -> Result<Vec<Reading>, RelayError> {
        let all = features.iter().map(|feature| self.feature(feature, at));
        join_all(all).await.into_iter().collect()
    }

    async fn feature(&self, feature: &FeatureConfig, at: Block) -> Result<Reading, RelayError> {
        let sources = feature.from.iter();
        let sources = sources.map(|source| self.source(source, feature.values, at));
        let (mut answers, mut refused) = (Vec::new(), Vec::new());
        for answer in join_all(sources).await {
            match answer {
                Ok(values) => answers.push(values),
                Err(detail) => refused.push(detail),
            }
        }
        let values =
            consensus(answers, feature, &mut refused).map_err(|detail| RelayError::Feature {
                name: feature.name.clone(),
                detail,
            })?;
        for detail in &refused {
            tracing::warn!(feature = %feature.name, detail, "a source does not count");
        }
        Ok(Reading {
            name: feature.name.clone(),
            values,
            refused,
        })
    }

    /// What one source says: as many finite numbers as the feature has.
    async fn source(
        &self,
        source: &ReadingConfig,
        count: usize,
        at: Block,
    ) -> Result<Vec<f64>, String> {
        let values = match source {
            ReadingConfig::Http { .. } => {
                http::read(&self.client, &self.config.folder, source, at, count).await?
            }
            ReadingConfig::Chain { .. } => {
                chain::read(&self.nodes, &self.deployment, source, at).await?
            }
            ReadingConfig::File { path, pointer } => {
                let path = self.config.path(path);
                let fail =
                    |error: &dyn ToString| format!("{}: {}", path.display(), error.to_string());
                let size = tokio::fs::metadata(&path)
                    .await
                    .map_err(|error| fail(&error))?;
                if size.len() > net::DOCUMENT as u64 {
                    return Err(fail(&format!("more than {} bytes", net::DOCUMENT)));
                }
                let text = tokio::fs::read(&path).await.map_err(|error| fail(&error))?;
                json::numbers(&text, pointer, count).map_err(|error| fail(&error))?
            }
        };
        if values.len() != count {
            return Err(format!("{} values, expected {count}", values.len()));
        }
        Ok(values)
    }
}

/// The median, position by position, of the answers that are not far from it.
fn consensus(
    answers: Vec<Vec<f64>>,
    feature: &FeatureConfig,
    refused: &mut Vec<String>,
) -> Result<Vec<f64>, String> {
    let needed = feature.needed();
    let (all, total) = (answers.len(), feature.from.len());
    let too_few = |kind: &str, count: usize, refused: &[String]| {
        let why = match refused.is_empty() {
            true => String::new(),
            false => format!(" ({})", refused.join("; ")),
        };
        format!("{count} of {total} sources {kind}, {needed} are needed{why}")
    };
    if all < needed {
        return Err(too_few("answer", all, refused));
    }
    let middle = medians(&answers, feature.values);
    let near = |answer: &Vec<f64>| {
        feature.outlier_bps.is_none_or(|bps| {
            let mut pairs = answer.iter().zip(&middle);
            pairs.all(|(value, middle)| (value - middle).abs() <= middle.abs() * bps / 10_000.0)
        })
    };
    let (near, far): (Vec<_>, Vec<_>) = answers.into_iter().partition(near);
    for answer in &far {
        refused.push(format!("an outlier: {answer:?}, the median is {middle:?}"));
    }
    if near.len() < needed {
        return Err(too_few("agree", near.len(), refused));
    }
    let values = medians(&near, feature.values);
    Ok(values
        .into_iter()
        .map(|value| value * feature.scale)
        .collect())
}

fn medians(answers: &[Vec<f64>], count: usize) -> Vec<f64> {
    let median = |place: usize| {
        let column = answers.iter().filter_map(|answer| answer.get(place));
        let mut column: Vec<f64> = column.copied().collect();
        column.sort_unstable_by(f64::total_cmp);
        let middle = column.len() / 2;
        let upper = column.get(middle).copied().unwrap_or(f64::NAN);
        match column.len() % 2 {
            1 => upper,
            _ => {
                let lower = middle.checked_sub(1).and_then(|place| column.get(place));
                lower.map_or(upper, |lower| lower / 2.0 + upper / 2.0)
            }
        }
    };
    (0..count).map(median).collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn feature(sources: usize, quorum: usize, outlier_bps: Option<f64>) -> FeatureConfig {
        let file = ReadingConfig::File {
            path: "x.json".into(),
            pointer: String::new(),
        };
        FeatureConfig {
            name: "price".into(),
            values: 1,
            from: vec![file; sources],
            quorum: Some(quorum),
            outlier_bps,
            scale: 1.0,
        }
    }

    fn agree(answers: &[f64], feature: &FeatureConfig) -> Result<f64, String> {
        let answers = answers.iter().map(|value| vec![*value]).collect();
        consensus(answers, feature, &mut Vec::new()).map(|values| values[0])
    }

    #[test]
    fn one_of_three_cannot_move_the_value_beyond_the_others() {
        let three = feature(3, 2, None);
        for lie in [f64::MIN, -1.0, 0.0, 99.0, 100.5, 101.0, 1e300] {
            let value = agree(&[100.0, 101.0, lie], &three).unwrap();
            assert!((100.0..=101.0).contains(&value), "{lie}: {value}");
        }
    }

    #[test]
    fn outliers_and_silence_are_refused() {
        let strict = feature(3, 2, Some(100.0));
        assert_eq!(agree(&[100.0, 100.5, 200.0], &strict), Ok(100.25));
        assert!(agree(&[100.0, 150.0, 200.0], &strict).is_err());
        assert!(agree(&[100.0], &strict).unwrap_err().contains("1 of 3"));
        // Two that contradict each other have no median that either is near to.
        assert!(agree(&[100.0, 200.0], &feature(2, 2, Some(100.0))).is_err());
    }
}
