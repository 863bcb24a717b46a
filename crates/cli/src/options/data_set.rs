//! The data set that a proof is said to be about rows of.

use crate::error::CliError;
use alloy_primitives::B256;
use clap::Args;
use serde::Serialize;
use std::path::PathBuf;
use verdict_circuit::Batch;
use verdict_engine::CommittedData;
use verdict_model::CompiledModel;

#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Data set")]
pub(crate) struct DataSetArgs {
    /// Refuse a proof unless its items are rows of this committed data set, each of them once: the
    /// list that `verdict commit --data-set` made, whose digest the data's owner published
    #[arg(long, value_name = "FILE", requires = "model")]
    data_set: Option<PathBuf>,
}

/// Which rows, for reports.
#[derive(Debug, Serialize)]
pub(crate) struct DataSetRows {
    digest: B256,
    /// Rows of the data set.
    rows: usize,
    /// Where the items stand in its list.
    positions: Vec<usize>,
}

impl DataSetArgs {
    /// Compares a proof's public values with the data set, if one is given.
    pub(crate) fn check(
        &self,
        model: &CompiledModel,
        batch: &Batch,
        public_values: &[B256],
    ) -> Result<Option<DataSetRows>, CliError> {
        let Some(path) = &self.data_set else {
            return Ok(None);
        };
        let found = CommittedData::load(path)?.rows_proved(path, model, batch, public_values)?;
        Ok(Some(DataSetRows {
            digest: found.digest,
            rows: found.of,
            positions: found.positions,
        }))
    }
}

impl DataSetRows {
    /// For people.
    pub(crate) fn text(&self) -> String {
        let (proved, all) = (self.positions.len(), self.rows);
        let chosen = match proved == all {
            true => "all of its rows",
            false => "rows that the prover chose: of all of them the proof says nothing",
        };
        format!(
            "data set {}: {proved} of {all} rows, each once; {chosen}\n",
            self.digest
        )
    }
}
