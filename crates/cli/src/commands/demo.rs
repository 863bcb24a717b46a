//! `verdict demo`

use crate::{
    error::CliError,
    measure::{Info, Job, judge, measure},
    options::{GoalArg, quantise::VisibilityArg},
    report::{meter::Meter, output::Output},
};
use clap::{Args, ValueEnum};
use std::fs;
use verdict_chain::Fork;

#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  verdict demo\n  verdict demo --all\n  verdict demo --model mlp-digits28 --optimize gas --json"
)]
pub(crate) struct Demo {
    /// The contracts that act on proofs, each in a story with forgeries, on an embedded chain
    #[arg(long, conflicts_with_all = ["model", "optimize", "input"])]
    all: bool,
    /// The chain's rules; with `--all`. Those of Amsterdam are not final
    #[arg(
        long,
        value_enum,
        default_value = "osaka",
        requires = "all",
        value_name = "FORK"
    )]
    fork: ForkArg,
    /// Which of the models that come with this program
    #[arg(long, value_enum, default_value = "mlp-digits")]
    model: Embedded,
    /// What to favour
    #[arg(long, value_enum, default_value = "balanced", value_name = "GOAL")]
    optimize: GoalArg,
    /// Whether the inputs are public values
    #[arg(long, value_enum, default_value = "private", value_name = "VISIBILITY")]
    input: VisibilityArg,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum ForkArg {
    /// Ethereum's since December 2025
    Osaka,
    /// The next ones, as revm has them
    Amsterdam,
}

impl From<ForkArg> for Fork {
    fn from(fork: ForkArg) -> Self {
        match fork {
            ForkArg::Osaka => Self::Osaka,
            ForkArg::Amsterdam => Self::Amsterdam,
        }
    }
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Embedded {
    /// Logistic regression on breast_cancer, 30 features
    LogregBreastCancer,
    /// 64-32-10 on scikit-learn's digits
    MlpDigits,
    /// 784-128-10 on digits scaled up to 28×28
    #[value(name = "mlp-digits28")]
    MlpDigits28,
    /// 50 layers of width 32 on digits
    MlpDeep,
}

type Files = [(&'static str, &'static [u8]); 5];

macro_rules! embed {
    ($name:literal) => {
        (
            $name,
            [
                embed!($name, "model.onnx"),
                embed!($name, "calibration.npz"),
                embed!($name, "test.npz"),
                embed!($name, "input.json"),
                embed!($name, "info.json"),
            ],
        )
    };
    ($name:literal, $file:literal) => {
        (
            $file,
            include_bytes!(concat!(
                env!("CARGO_MANIFEST_DIR"),
                "/../../test-vectors/",
                $name,
                "/",
                $file
            )) as &[u8],
        )
    };
}

impl Embedded {
    fn files(self) -> (&'static str, Files) {
        match self {
            Self::LogregBreastCancer => embed!("logreg-breast-cancer"),
            Self::MlpDigits => embed!("mlp-digits"),
            Self::MlpDigits28 => embed!("mlp-digits28"),
            Self::MlpDeep => embed!("mlp-deep"),
        }
    }
}

impl Demo {
    pub(crate) fn run(&self, output: &Output) -> Result<(), CliError> {
        if self.all {
            return super::demo_all::run(self.fork.into(), output);
        }
        let (name, files) = self.model.files();
        let folder = tempfile::tempdir().map_err(CliError::io("write", &std::env::temp_dir()))?;
        for (file, bytes) in files {
            let path = folder.path().join(file);
            fs::write(&path, bytes).map_err(CliError::io("write", &path))?;
        }
        let at = |file: &str| folder.path().join(file);
        let info: Info = crate::measure::info(&at("info.json"))?;
        let mut job = Job::new(
            name,
            at("model.onnx"),
            at("calibration.npz"),
            self.optimize.into(),
        );
        job.options.input_visibility = self.input.into();
        job.test = Some(at("test.npz"));
        job.sample = Some(at("input.json"));
        job.labels = info.labels;
        // Nothing but the temporary folder is written to.
        job.cached = false;
        let meter = Meter::new(output);
        let measured = measure(&job, &meter)?;
        drop(meter);
        output.emit(&measured)?;
        judge(&[measured])
    }
}
