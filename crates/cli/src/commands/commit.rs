//! `verdict commit`

use crate::{
    error::CliError,
    load,
    report::output::{Output, Report},
};
use alloy_primitives::B256;
use clap::Args;
use halo2curves_axiom::bn256::Fr;
use rand::rngs::OsRng;
use serde::Serialize;
use std::path::PathBuf;
use verdict_circuit::{Salt, commit};
use verdict_engine::SaltFile;
use verdict_model::{CompiledModel, DataSet, Packing, Visibility};
use verdict_wire::words;

#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  verdict commit model.verdict --input input.json --salt-out input.salt.json\n  \
    verdict prove model.verdict --input input.json --salt input.salt.json --dev\n  \
    verdict commit model.verdict --input people.csv --batch 100 --salt-out people.salt.json\n\n\
    The commitment is Poseidon (circomlib's parameters) of the salt and the packed words; the salt is the square of its root."
)]
pub(crate) struct Commit {
    /// The compiled model, its inputs compiled with `--input committed`
    #[arg(value_name = "MODEL.verdict")]
    model: PathBuf,
    /// The input: .json (EZKL's form too), .csv, .npy or .npz
    #[arg(long, value_name = "FILE")]
    input: PathBuf,
    /// Which row of it, from 0; of a batch, the first
    #[arg(long, default_value_t = 0, value_name = "N")]
    row: usize,
    /// Rows, each with commitments of its own: as many as the proof has inferences
    #[arg(long, default_value_t = 1, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1 << 24))]
    batch: u32,
    /// The salt's root in hexadecimal, or a file of salts [default: random]
    #[arg(long, value_name = "HEX|FILE")]
    salt: Option<String>,
    /// Write the salts' roots to a file that `verdict prove --salt` takes, readable by its owner
    /// alone
    #[arg(long, value_name = "FILE")]
    salt_out: Option<PathBuf>,
    /// Use the nearest value of the model's domain for inputs outside it
    #[arg(long)]
    saturate: bool,
}

#[derive(Serialize)]
struct Committed {
    model_digest: B256,
    inputs: Vec<One>,
    salt_out: Option<PathBuf>,
}

#[derive(Serialize)]
struct One {
    name: String,
    /// Which item of a batch, from 0.
    #[serde(skip_serializing_if = "Option::is_none")]
    item: Option<usize>,
    commitment: B256,
    /// Keep it secret: with it, a guess at the input can be checked.
    salt_root: B256,
    words: Vec<B256>,
}

impl Report for Committed {
    fn text(&self) -> String {
        let lines = self.inputs.iter().map(|one| {
            let item = one.item.map(|item| format!(" of item {item}"));
            format!(
                "input `{}`{}: commitment {}\n  salt's root {} (secret), {} words\n",
                one.name,
                item.unwrap_or_default(),
                one.commitment,
                one.salt_root,
                one.words.len()
            )
        });
        let mut text: String = lines.collect();
        if let Some(out) = &self.salt_out {
            text += &format!("Wrote {}\n", out.display());
        }
        text
    }
}

impl Commit {
    pub(crate) fn run(&self, output: &Output) -> Result<(), CliError> {
        let model = CompiledModel::load(&self.model)?;
        let graph = model.graph();
        let committed: Vec<usize> = (0..graph.inputs.len())
            .filter(|&i| graph.tensors[graph.inputs[i]].visibility == Visibility::Committed)
            .collect();
        if committed.is_empty() {
            return Err(CliError::Input(format!(
                "{} commits to none of its inputs; compile it with `--input committed`",
                self.model.display()
            )));
        }
        let data = DataSet::load(&self.input, &model.manifest().input_specs())?;
        let items = self.batch as usize;
        let rows = load::rows(&self.input, &data, self.row, items)?;
        let out_of_domain = load::out_of_domain(self.saturate);
        let salts = match &self.salt {
            Some(given) => load::salts(given, items * committed.len())?,
            None => (0..items * committed.len())
                .map(|_| Salt::random(OsRng))
                .collect(),
        };
        let mut list = Vec::new();
        for ((item, row), salts) in rows.iter().enumerate().zip(salts.chunks(committed.len())) {
            let inputs = model.quantise_input(row, out_of_domain)?;
            for (&input, salt) in committed.iter().zip(salts) {
                let tensor = &graph.tensors[graph.inputs[input]];
                let packed = Packing::of(tensor).pack(&inputs[input]);
                let packed: Vec<Fr> = packed.into_iter().map(Fr::from_raw).collect();
                list.push(One {
                    name: model.manifest().inputs[input].name.clone(),
                    item: (items > 1).then_some(item),
                    commitment: words::word(&commit(&packed, salt.value())),
                    salt_root: words::word(&salt.root()),
                    words: packed.iter().map(words::word).collect(),
                });
            }
        }
        if let Some(out) = &self.salt_out {
            SaltFile::new(&salts).save(out)?;
        }
        output.emit(&Committed {
            model_digest: model.digest().into(),
            inputs: list,
            salt_out: self.salt_out.clone(),
        })
    }
}
