//! `verdict estimate`

use crate::{
    error::CliError,
    load,
    options::{BatchArgs, ModelArgs, PlanArgs, quantise::QuantiseArgs},
    report::{
        meter::Meter,
        output::{Output, Report, count},
        planning::PlanReport,
    },
};
use alloy_primitives::B256;
use clap::Args;
use serde::Serialize;
use verdict_engine::{OpenOptions, plan};

#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  verdict estimate model.verdict --optimize gas\n  \
    verdict estimate model.onnx --calibration data.npz --max-k 14 --json\n  \
    verdict estimate model.verdict --batch 1000"
)]
pub(crate) struct Estimate {
    #[command(flatten)]
    model: ModelArgs,
    #[command(flatten)]
    quantise: QuantiseArgs,
    #[command(flatten)]
    batch: BatchArgs,
    #[command(flatten)]
    plan: PlanArgs,
}

#[derive(Serialize)]
struct Estimated {
    model: String,
    digest: B256,
    parameters: u64,
    #[serde(flatten)]
    plan: PlanReport,
}

impl Report for Estimated {
    fn text(&self) -> String {
        format!(
            "Model {}, {} non-zero integer weights and biases, digest {}\n{}",
            self.model,
            count(self.parameters),
            self.digest,
            self.plan.text()
        )
    }
}

impl Estimate {
    pub(crate) fn run(&self, output: &Output) -> Result<(), CliError> {
        let meter = Meter::new(output);
        meter.begin("model");
        let goal = self.plan.optimize.into();
        let model = load::model(&self.model, &self.quantise, goal)?;
        meter.begin("plan");
        let limits = self.plan.limits.limits();
        let options = OpenOptions {
            goal,
            limits,
            batch: self.batch.batch(&model)?,
            hiding: None,
        };
        let plan = plan(&model, &options)?;
        drop(meter);
        output.emit(&Estimated {
            model: model.manifest().name.clone(),
            digest: model.digest().into(),
            parameters: model.manifest().parameters,
            plan: PlanReport::new(&plan, limits)?,
        })
    }
}
