//! `verdict commit`

use crate::{
    error::{CliError, usage},
    load,
    report::output::{Output, Report, count},
};
use alloy_primitives::B256;
use clap::Args;
use serde::Serialize;
use std::path::{Path, PathBuf};
use verdict_circuit::Salt;
use verdict_engine::{CommittedData, DataSetSecret, SaltFile, named_secret};
use verdict_model::{CompiledModel, DataSet, Row, Visibility};
use verdict_wire::InputWords;

#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  verdict commit model.verdict --input input.json --salt-out input.salt.secret\n  \
    verdict prove model.verdict --input input.json --salt input.salt.secret --dev\n  \
    verdict commit model.verdict --input people.csv --batch 100 --salt-out people.salt.secret\n  \
    verdict commit labelled.verdict --input test.npz --data-set test.data-set.json --secret test.data-set.secret\n\n\
    The commitment is Poseidon (circomlib's parameters) of the salt and the packed words; the salt is the square of its root.\n\
    Roots are secret, because with them a guess at the input can be checked. They are never printed: they are written to a file that \
    ends in .secret, with mode 0600, which is never replaced, and which is refused if others can read it.\n\n\
    A data set is committed to as a whole, by its owner and before there is a model to be judged by it: rows' salts are made from \
    their contents, rows that are equal are refused, and the sorted list is what everybody may have. `verdict verify --data-set` then \
    shows that a proof's items are rows of it, each of them once. `verdict prove --salt` takes its secret."
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
    /// The salts: a file of them, a data set's secret, or one root in hexadecimal, which other
    /// users of the machine can read on the command line [default: random]
    #[arg(long, value_name = "HEX|FILE")]
    salt: Option<String>,
    /// Write the salts' roots to this secret file, which `verdict prove --salt` takes [default:
    /// INPUT.DIGEST.salt.secret, unless --salt gives them]
    #[arg(long, value_name = "FILE.secret")]
    salt_out: Option<PathBuf>,
    /// Commit to all rows as a data set, and write the list that everybody may have
    #[arg(long, value_name = "FILE", conflicts_with_all = ["row", "batch", "salt", "salt_out"], requires = "secret")]
    data_set: Option<PathBuf>,
    /// The data set's secret file: made if it is not there
    #[arg(long, value_name = "FILE.secret", requires = "data_set")]
    secret: Option<PathBuf>,
    /// Use the nearest value of the model's domain for inputs outside it
    #[arg(long)]
    saturate: bool,
}

#[derive(Serialize)]
struct Committed {
    model_digest: B256,
    inputs: Vec<One>,
    /// The roots; secret.
    salt_file: Option<PathBuf>,
}

#[derive(Serialize)]
struct One {
    name: String,
    /// Which item of a batch, from 0.
    #[serde(skip_serializing_if = "Option::is_none")]
    item: Option<usize>,
    commitment: B256,
}

impl Report for Committed {
    fn text(&self) -> String {
        let lines = self.inputs.iter().map(|one| {
            let item = one.item.map(|item| format!(" of item {item}"));
            format!(
                "input `{}`{}: commitment {}\n",
                one.name,
                item.unwrap_or_default(),
                one.commitment
            )
        });
        let mut text: String = lines.collect();
        if let Some(out) = &self.salt_file {
            text += &format!("salts (secret): {}\n", out.display());
        }
        text
    }
}

#[derive(Serialize)]
struct CommittedSet {
    digest: B256,
    rows: usize,
    data_set: PathBuf,
    /// What the salts are made from; secret.
    secret: PathBuf,
}

impl Report for CommittedSet {
    fn text(&self) -> String {
        format!(
            "Data set of {} rows, digest {}\nWrote {}; publish its digest before there is a model\nsecret: {}\n",
            count(self.rows as u64),
            self.digest,
            self.data_set.display(),
            self.secret.display()
        )
    }
}

impl Commit {
    pub(crate) fn run(&self, output: &Output) -> Result<(), CliError> {
        // Before anything is computed that would be lost.
        for path in [&self.salt_out, &self.secret].into_iter().flatten() {
            named_secret(path)?;
        }
        let model = CompiledModel::load(&self.model)?;
        if load::commitments(model.graph()) == 0 {
            return Err(CliError::Input(format!(
                "{} commits to none of its inputs; compile it with `--input committed`",
                self.model.display()
            )));
        }
        match (&self.data_set, &self.secret) {
            (Some(list), Some(secret)) => self.data_set(&model, list, secret, output),
            _ => self.rows(&model, output),
        }
    }

    /// Rows of the input, as integers.
    fn items(&self, model: &CompiledModel, all: bool) -> Result<Vec<Row<i32>>, CliError> {
        let data = DataSet::load(&self.input, &model.manifest().input_specs())?;
        let rows = match all {
            true => data.rows().to_vec(),
            false => load::rows(&self.input, &data, self.row, self.batch as usize)?,
        };
        let out_of_domain = load::out_of_domain(self.saturate);
        let items = rows
            .iter()
            .map(|row| model.quantise_input(row, out_of_domain));
        Ok(items.collect::<Result<_, _>>()?)
    }

    fn rows(&self, model: &CompiledModel, output: &Output) -> Result<(), CliError> {
        let (graph, items) = (model.graph(), self.items(model, false)?);
        let committed = load::commitments(graph);
        let salts = match &self.salt {
            Some(given) => load::salts(given, graph, &items)?,
            None => (0..items.len() * committed)
                .map(|_| Salt::random(rand::rngs::OsRng))
                .collect(),
        };
        let words = InputWords::pack(graph, &items, &salts)?;
        let commitments: Vec<B256> = words.commitments.into_iter().map(Into::into).collect();
        let salt_file = match (&self.salt_out, &self.salt) {
            (Some(out), _) => Some(out.clone()),
            (None, None) => Some(SaltFile::path(&self.input, &commitments)),
            (None, Some(_)) => None,
        };
        if let Some(path) = &salt_file {
            SaltFile::new(&salts).save(path)?;
        }
        let manifests = model.manifest().inputs.iter();
        let names: Vec<&String> = manifests
            .filter(|input| input.visibility == Visibility::Committed)
            .map(|input| &input.name)
            .collect();
        // A proof has them input by input; people read them item by item.
        let one = |item: usize, input: usize| One {
            name: names[input].clone(),
            item: (items.len() > 1).then_some(item),
            commitment: commitments[input * items.len() + item],
        };
        let each = (0..items.len()).flat_map(|item| (0..committed).map(move |input| (item, input)));
        output.emit(&Committed {
            model_digest: model.digest().into(),
            inputs: each.map(|(item, input)| one(item, input)).collect(),
            salt_file,
        })
    }

    fn data_set(
        &self,
        model: &CompiledModel,
        list: &Path,
        secret: &Path,
        output: &Output,
    ) -> Result<(), CliError> {
        if list.exists() {
            return Err(usage(format!(
                "{} exists, and its digest may be published; name another file",
                list.display()
            )));
        }
        let items = self.items(model, true)?;
        let made = match secret.exists() {
            true => DataSetSecret::load(secret)?,
            false => DataSetSecret::create(secret)?,
        };
        let data = CommittedData::new(model, &items, &made)?;
        data.save(list)?;
        output.emit(&CommittedSet {
            digest: data.digest(),
            rows: data.len(),
            data_set: list.to_owned(),
            secret: secret.to_owned(),
        })
    }
}
