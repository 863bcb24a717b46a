//! `verdict bench`

use crate::{
    error::{CliError, usage},
    measure::{Bench as Measured, Job, Measurement, info, judge, measure},
    options::{BatchArgs, GoalArg, LimitArgs, SrsArgs, quantise::QuantiseArgs},
    report::{meter::Meter, output::Output},
};
use clap::Args;
use std::{
    path::{Path, PathBuf},
    process::{Command, Stdio},
};
use verdict_compiler::import_with;
use verdict_engine::Setup;
use verdict_prover::Cache;

/// The models of `test-vectors/`.
const MODELS: [&str; 4] = [
    "logreg-breast-cancer",
    "mlp-digits",
    "mlp-digits28",
    "mlp-deep",
];

#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  verdict bench\n  verdict bench --models mlp-digits28 --optimize gas,time --runs 3 --json\n  verdict bench --models mlp-digits --batch 100\n  \
    verdict bench --model big.onnx --calibration data.npz"
)]
pub(crate) struct Bench {
    /// Models of the vectors' folder [default: the four committed ones]
    #[arg(long, value_delimiter = ',', value_name = "NAMES", conflicts_with_all = ["all", "model"])]
    models: Vec<String>,
    /// All four committed models
    #[arg(long, conflicts_with = "model")]
    all: bool,
    /// Another model
    #[arg(long, value_name = "MODEL.onnx", requires = "calibration")]
    model: Option<PathBuf>,
    /// The other model's calibration data
    #[arg(long, value_name = "DATA", requires = "model")]
    calibration: Option<PathBuf>,
    /// The other model's input to prove [default: the first row of the calibration data]
    #[arg(long, value_name = "DATA", requires = "model")]
    sample: Option<PathBuf>,
    /// Folder of the committed models
    #[arg(long, value_name = "DIR", default_value = "test-vectors")]
    vectors: PathBuf,
    /// What to favour; several goals, several lines
    #[arg(
        long,
        value_enum,
        value_delimiter = ',',
        default_value = "balanced",
        value_name = "GOALS"
    )]
    optimize: Vec<GoalArg>,
    /// Proofs to make; the median counts
    #[arg(long, default_value_t = 1, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    runs: u16,
    #[command(flatten)]
    batch: BatchArgs,
    #[command(flatten)]
    quantise: QuantiseArgs,
    #[command(flatten)]
    limits: LimitArgs,
    #[command(flatten)]
    srs: SrsArgs,
}

impl Bench {
    pub(crate) fn run(&self, output: &Output) -> Result<(), CliError> {
        let jobs = self.jobs()?;
        let mut measured = Vec::with_capacity(jobs.len());
        for (number, job) in jobs.iter().enumerate() {
            output.note(&format!(
                "[{}/{}] {}, {}",
                number + 1,
                jobs.len(),
                job.name,
                crate::options::goal_name(job.options.goal)
            ));
            measured.push(in_child(job)?);
        }
        let report = Measured(measured);
        output.emit(&report)?;
        judge(&report.0)
    }

    fn jobs(&self) -> Result<Vec<Job>, CliError> {
        let srs = match (&self.srs.srs, self.srs.dev) {
            (Some(wanted), _) => Some(Setup::imported(wanted, &Cache::standard()?)?.digest()),
            _ => None,
        };
        let limits = self.limits.limits();
        let mut jobs = Vec::new();
        for mut job in self.subjects()? {
            job.import = self.quantise.import_options(Some(&job.calibration));
            let inputs = import_with(&job.onnx, &job.import)?.inputs.len();
            for goal in &self.optimize {
                job.options = self.quantise.options((*goal).into(), inputs);
                job.width = limits.width;
                job.max_k = limits.max_k;
                job.pack = limits.pack;
                job.srs = srs.clone();
                job.runs = self.runs.into();
                job.batch = self.batch.items();
                job.sums = self.batch.sums().to_vec();
                jobs.push(job.clone());
            }
        }
        Ok(jobs)
    }

    fn subjects(&self) -> Result<Vec<Job>, CliError> {
        if let (Some(model), Some(calibration)) = (&self.model, &self.calibration) {
            let name = model.file_stem().map_or_else(
                || model.display().to_string(),
                |stem| stem.to_string_lossy().into(),
            );
            let mut job = Job::new(
                name,
                model.clone(),
                calibration.clone(),
                verdict_model::Goal::default(),
            );
            job.sample = self.sample.clone();
            return Ok(vec![job]);
        }
        let names = if self.models.is_empty() {
            MODELS.map(String::from).to_vec()
        } else {
            self.models.clone()
        };
        names.iter().map(|name| self.subject(name)).collect()
    }

    fn subject(&self, name: &str) -> Result<Job, CliError> {
        if name.is_empty() || Path::new(name).components().count() != 1 {
            return Err(usage(format!(
                "`{name}` is not the name of a folder in {}",
                self.vectors.display()
            )));
        }
        let at = |file: &str| self.vectors.join(name).join(file);
        let mut job = Job::new(
            name,
            at("model.onnx"),
            at("calibration.npz"),
            verdict_model::Goal::default(),
        );
        job.test = Some(at("test.npz")).filter(|path| path.exists());
        job.sample = Some(at("input.json")).filter(|path| path.exists());
        job.labels = info(&at("info.json"))?.labels;
        Ok(job)
    }
}

/// Measures in a process of its own, so that no other model's memory counts.
fn in_child(job: &Job) -> Result<Measurement, CliError> {
    let fail = |source| CliError::Io {
        what: "start",
        path: PathBuf::from("verdict bench-one"),
        source,
    };
    let child = Command::new(std::env::current_exe().map_err(fail)?)
        .arg("--json")
        .arg("bench-one")
        .arg(serde_json::to_string(job)?)
        .stdin(Stdio::null())
        .stderr(Stdio::inherit())
        .output()
        .map_err(fail)?;
    if !child.status.success() {
        let code = child
            .status
            .code()
            .and_then(|code| u8::try_from(code).ok())
            .unwrap_or(1);
        return Err(CliError::Child {
            name: job.name.clone(),
            code,
        });
    }
    Ok(serde_json::from_slice(&child.stdout)?)
}

/// Measures one job; `bench` runs it in a process of its own.
#[derive(Debug, Args)]
pub(crate) struct BenchOne {
    /// The job as JSON
    job: String,
}

impl BenchOne {
    pub(crate) fn run(&self, output: &Output) -> Result<(), CliError> {
        let job: Job = serde_json::from_str(&self.job)
            .map_err(|error| usage(format!("not a job: {error}")))?;
        let meter = Meter::new(output);
        let measured = measure(&job, &meter)?;
        drop(meter);
        output.emit(&measured)
    }
}
