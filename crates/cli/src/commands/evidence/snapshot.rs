//! `verdict evidence snapshot`

use super::{save, version_of};
use crate::{
    error::CliError,
    features::registered_model,
    options::{
        chain::{ChainArgs, address},
        hex32,
        names::now,
    },
    report::{
        decode,
        output::{Output, Report, count, utc},
    },
};
use alloy_primitives::{Address, B256, Bytes, U256};
use clap::Args;
use serde::Serialize;
use serde_json::json;
use std::path::{Path, PathBuf};
use verdict_chain::{Chain, registered_spec};
use verdict_consumers::{Registered, Snapshot, live_integers};
use verdict_model::{CompiledModel, OutOfDomain, write_whole};
use verdict_wire::InputWords;

#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    verdict evidence snapshot market-feeds --model model.verdict --input-out input.json --local chain.json\n  \
    verdict evidence snapshot market-feeds --transaction 0x… --model model.verdict --input-out input.json --rpc https://node.example\n  \
    verdict evidence snapshot market-feeds --live --model model.verdict --input-out input.json\n\n\
    --input-out is what `verdict prove --input` takes: the numbers that the chain quantised, so that the proof is of the same words.")]
pub(crate) struct SnapshotCommand {
    /// The OnChainFeatures: a name of the deployment or an address
    #[arg(value_name = "SOURCE")]
    source: String,
    /// The compiled model, to read the inputs
    #[arg(long, value_name = "MODEL.verdict")]
    model: PathBuf,
    /// The version of the source's model [default: the one in the deployment, or else the latest]
    #[arg(long, value_name = "N")]
    version: Option<u32>,
    /// A transaction that took the snapshot already
    #[arg(long, value_name = "HASH", value_parser = hex32)]
    transaction: Option<B256>,
    /// Take none: only read the inputs as they are now, for consumers that read them live
    #[arg(long, conflicts_with_all = ["transaction", "out"])]
    live: bool,
    /// Where to write the evidence
    #[arg(long, default_value = "evidence.hex", value_name = "FILE")]
    out: PathBuf,
    /// Write the inputs, for `verdict prove --input`
    #[arg(long, value_name = "FILE")]
    input_out: Option<PathBuf>,
    #[command(flatten)]
    chain: ChainArgs,
}

#[derive(Serialize)]
struct Taken {
    chain: String,
    source: Address,
    version: u32,
    /// Absent of inputs that were only read.
    block: Option<u64>,
    timestamp: u64,
    words: Vec<B256>,
    inputs: Vec<decode::Values>,
    transaction: Option<B256>,
    gas: Option<u64>,
    evidence: Option<Bytes>,
    out: Option<PathBuf>,
    input_out: Option<PathBuf>,
}

impl SnapshotCommand {
    pub(super) fn run(&self, output: &Output) -> Result<(), CliError> {
        let mut opened = match self.live || self.transaction.is_some() {
            true => self.chain.read_only()?,
            false => self.chain.open()?,
        };
        let chain = opened.chain();
        let (deployment, _) = self.chain.deployment(chain.chain_id())?;
        let source = address(&self.source, Some(&deployment))?;
        let (model_id, version) =
            version_of(chain, (&self.source, source), self.version, &deployment)?;
        let registry = deployment.core.registry;
        let registered = Registered::of(chain, registry, model_id, version)?;
        let spec = registered_spec(chain, registry, model_id, version)?;
        let model = registered_model(&self.model, &registered, &spec)?;
        let pin = registered.pin;
        let mut taken = match (self.live, self.transaction) {
            (true, _) => Taken::live(chain, source, pin, &model)?,
            (false, Some(hash)) => Taken::new(
                source,
                Snapshot::of_receipt(chain.receipt(hash)?, source, pin)?,
            ),
            (false, None) => Taken::new(source, Snapshot::take(chain, source, pin)?),
        };
        (taken.chain, taken.version) = (chain.name(), version);
        opened.keep()?;

        if let Some(evidence) = &taken.evidence {
            save(&self.out, evidence)?;
            taken.out = Some(self.out.clone());
        }
        let words = InputWords {
            words: taken
                .words
                .iter()
                .map(|word| U256::from_be_bytes(word.0))
                .collect(),
            commitments: Vec::new(),
        };
        let integers = words.unpack(model.graph()).ok_or_else(|| {
            CliError::Input(format!(
                "the words that the chain packed are none of {}'s",
                self.model.display()
            ))
        })?;
        if let Some(path) = &self.input_out {
            save_inputs(path, &model, &integers)?;
            taken.input_out = Some(path.clone());
        }
        taken.inputs = decode::inputs(&model, vec![integers]);
        output.emit(&taken)
    }
}

impl Taken {
    /// A snapshot that was taken.
    fn new(source: Address, snapshot: Snapshot) -> Self {
        Self {
            block: Some(snapshot.block),
            timestamp: snapshot.timestamp,
            words: snapshot.words.iter().copied().map(B256::from).collect(),
            transaction: Some(snapshot.receipt.transaction),
            gas: Some(snapshot.receipt.gas),
            evidence: Some(snapshot.evidence()),
            ..Self::none(source)
        }
    }

    /// The inputs as they are now.
    fn live(
        chain: &mut dyn Chain,
        source: Address,
        pin: B256,
        model: &CompiledModel,
    ) -> Result<Self, CliError> {
        let mut values = live_integers(chain, source, pin)?.into_iter();
        let graph = model.graph();
        let lens = graph.inputs.iter().map(|&id| graph.tensors[id].len);
        let integers: Vec<Vec<i32>> = lens
            .map(|len| values.by_ref().take(len).collect())
            .collect();
        let packed = InputWords::pack(graph, &[integers], &[])?;
        Ok(Self {
            timestamp: now(chain)?,
            words: packed.words.into_iter().map(B256::from).collect(),
            ..Self::none(source)
        })
    }

    const fn none(source: Address) -> Self {
        Self {
            chain: String::new(),
            source,
            version: 0,
            block: None,
            timestamp: 0,
            words: Vec::new(),
            inputs: Vec::new(),
            transaction: None,
            gas: None,
            evidence: None,
            out: None,
            input_out: None,
        }
    }
}

/// Writes the numbers, if they are quantised to these integers again.
fn save_inputs(path: &Path, model: &CompiledModel, integers: &[Vec<i32>]) -> Result<(), CliError> {
    let reals = model.dequantise_input(integers);
    let again = model.quantise_input(&reals, OutOfDomain::Saturate)?;
    if again != integers {
        return Err(CliError::Input(
            "what the chain read has no real numbers that this program would quantise in the same way; please report it".into(),
        ));
    }
    let text = json!({ "input_data": reals }).to_string() + "\n";
    write_whole(path, text.as_bytes()).map_err(CliError::io("write", path))
}

impl Report for Taken {
    fn text(&self) -> String {
        let mut text = match self.block {
            Some(block) => format!(
                "Snapshot at {} on {}, version {}\n  block {block}, {} ({})\n",
                self.source,
                self.chain,
                self.version,
                utc(self.timestamp),
                self.timestamp
            ),
            None => format!(
                "What {} reads now on {}, version {}\n",
                self.source, self.chain, self.version
            ),
        };
        text += &decode::text(&self.inputs, &[]);
        if let (Some(transaction), Some(gas)) = (self.transaction, self.gas) {
            text += &format!("transaction {transaction}, {} gas\n", count(gas));
        }
        for path in [&self.out, &self.input_out].into_iter().flatten() {
            text += &format!("Wrote {}\n", path.display());
        }
        if let Some(path) = &self.input_out {
            text += &format!(
                "Next: verdict prove … --input {} --context …\n",
                path.display()
            );
        }
        text
    }
}
