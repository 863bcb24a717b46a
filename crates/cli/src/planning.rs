//! Plans and their costs, as several commands report them.

use crate::{
    args::goal_name,
    error::CliError,
    output::{Table, count, mebibytes, seconds},
};
use serde::Serialize;
use std::sync::Arc;
use verdict_circuit::{Candidate, Limits, Plan, plan};
use verdict_evm::{GasEstimate, estimate};
use verdict_model::{CompiledModel, Goal};

/// What a layout is estimated to cost.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Costs {
    chosen: bool,
    k: u32,
    width: usize,
    limb_bits: u32,
    rows: usize,
    estimated_prove_seconds: f64,
    estimated_prove_peak_bytes: u64,
    gas_verify_transaction: u64,
    gas_intrinsic: u64,
    gas_calldata: u64,
    gas_execution: u64,
    gas_register_model: u64,
    gas_deploy_verifier: u64,
    proof_bytes: usize,
    calldata_bytes: usize,
    verifying_key_bytes: usize,
    verifier_code_bytes: usize,
}

/// The plan and what it was chosen from.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct PlanReport {
    goal: &'static str,
    why: String,
    public_values: usize,
    chosen: Costs,
    candidates: Vec<Costs>,
}

/// Plans a model.
pub(crate) fn plan_model(
    model: &CompiledModel,
    goal: Goal,
    limits: Limits,
) -> Result<Plan, CliError> {
    Ok(plan(Arc::new(model.graph().clone()), goal, limits)?)
}

/// Public values of a proof, the context included.
pub(crate) fn public_values(plan: &Plan) -> usize {
    plan.tape.words() + 1
}

/// The gas model's prediction for the chosen layout.
pub(crate) fn predicted_gas(plan: &Plan) -> Result<GasEstimate, CliError> {
    Ok(estimate(
        plan.chosen.k,
        plan.chosen.width,
        public_values(plan),
    )?)
}

impl Costs {
    fn new(candidate: &Candidate, chosen: bool, public_values: usize) -> Result<Self, CliError> {
        let gas = estimate(candidate.k, candidate.width, public_values)?;
        Ok(Self {
            chosen,
            k: candidate.k,
            width: candidate.width,
            limb_bits: candidate.limb_bits,
            rows: candidate.rows,
            estimated_prove_seconds: candidate.seconds,
            estimated_prove_peak_bytes: candidate.bytes as u64,
            gas_verify_transaction: gas.verify.total,
            gas_intrinsic: gas.verify.intrinsic,
            gas_calldata: gas.verify.calldata,
            gas_execution: gas.verify.execution,
            gas_register_model: gas.register,
            gas_deploy_verifier: gas.deploy,
            proof_bytes: gas.proof_bytes,
            calldata_bytes: gas.calldata_bytes,
            verifying_key_bytes: gas.key_code_bytes,
            verifier_code_bytes: gas.verifier_code_bytes,
        })
    }
}

impl PlanReport {
    pub(crate) fn new(plan: &Plan, limits: Limits) -> Result<Self, CliError> {
        let values = public_values(plan);
        let of = |candidate: &Candidate| Costs::new(candidate, *candidate == plan.chosen, values);
        let why = match (limits.width, plan.goal) {
            (Some(width), _) => format!("width {width} was asked for"),
            (None, Goal::Gas) => "the least verification gas".into(),
            (None, Goal::Time) => "the cheapest verification within a quarter of the shortest estimated proving time".into(),
            (None, Goal::Memory) => "the cheapest verification within a quarter of the least estimated proving memory".into(),
            (None, _) => "the fastest plan among those whose verification costs little more than the cheapest".into(),
        };
        Ok(Self {
            goal: goal_name(plan.goal),
            why: format!("{why}, at a height of at most {}", limits.max_k),
            public_values: values,
            chosen: of(&plan.chosen)?,
            candidates: plan.candidates.iter().map(of).collect::<Result<_, _>>()?,
        })
    }

    pub(crate) fn text(&self) -> String {
        let mut table = Table::new(&[
            "width",
            "k",
            "rows",
            "prove (est.)",
            "memory (est.)",
            "verify gas",
            "register gas",
            "proof B",
            "calldata B",
        ]);
        for costs in &self.candidates {
            table.row([
                format!("{}{}", costs.width, if costs.chosen { " *" } else { "" }),
                costs.k.to_string(),
                count(costs.rows as u64),
                seconds(costs.estimated_prove_seconds),
                mebibytes(costs.estimated_prove_peak_bytes as f64),
                count(costs.gas_verify_transaction),
                count(costs.gas_register_model),
                count(costs.proof_bytes as u64),
                count(costs.calldata_bytes as u64),
            ]);
        }
        let chosen = &self.chosen;
        format!(
            "Plan (goal: {}): width {}, height k = {}, {} of {} rows, limbs of up to {} bits\n  because it is {}\n\
             Gas (estimated): verification transaction {} (intrinsic {}, calldata {}, execution {}), registering the model {}, \
             deploying the verifier, once for all models, {} ({} B of code)\n\
             Candidates (* is the choice):\n{}",
            self.goal,
            chosen.width,
            chosen.k,
            count(chosen.rows as u64),
            count(1u64 << chosen.k),
            chosen.limb_bits,
            self.why,
            count(chosen.gas_verify_transaction),
            count(chosen.gas_intrinsic),
            count(chosen.gas_calldata),
            count(chosen.gas_execution),
            count(chosen.gas_register_model),
            count(chosen.gas_deploy_verifier),
            count(chosen.verifier_code_bytes as u64),
            table.render()
        )
    }
}
