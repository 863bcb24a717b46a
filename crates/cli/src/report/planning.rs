//! Plans and their costs, as several commands report them.

use crate::{
    error::CliError,
    options::goal_name,
    report::output::{Table, count, mebibytes, seconds},
};
use serde::{Deserialize, Serialize};
use verdict_chain::{AmsterdamGas, GasEstimate, estimate};
use verdict_circuit::{Candidate, Limits, Plan, TapeRelation};
use verdict_model::Goal;

/// What a layout is estimated to cost.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Costs {
    chosen: bool,
    k: u32,
    width: usize,
    pack: usize,
    points: usize,
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
    /// By the rules that are planned.
    amsterdam: AmsterdamGas,
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
    batch: usize,
    /// Everything that a proof costs, divided by the batch's items.
    per_inference: PerInference,
    chosen: Costs,
    candidates: Vec<Costs>,
}

/// A share of a proof's costs.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(crate) struct PerInference {
    pub(crate) prove_seconds: f64,
    pub(crate) gas_verify_transaction: f64,
    pub(crate) calldata_bytes: f64,
}

impl PerInference {
    pub(crate) fn new(items: usize, seconds: f64, gas: u64, calldata: usize) -> Self {
        let items = items.max(1) as f64;
        Self {
            prove_seconds: seconds / items,
            gas_verify_transaction: gas as f64 / items,
            calldata_bytes: calldata as f64 / items,
        }
    }

    /// One line; nothing where it would repeat the rest.
    pub(crate) fn text(&self, items: usize) -> String {
        if items < 2 {
            return String::new();
        }
        format!(
            "Per inference, {} in one proof: {} of proving, {:.0} gas of verification, {:.1} B of calldata\n",
            count(items as u64),
            seconds(self.prove_seconds),
            self.gas_verify_transaction,
            self.calldata_bytes
        )
    }
}

/// Public values of a proof, the context included.
pub(crate) fn public_values(plan: &Plan) -> usize {
    plan.tape.words() + 1
}

/// The gas model's prediction for the chosen layout.
pub(crate) fn predicted_gas(plan: &Plan) -> Result<GasEstimate, CliError> {
    let hidden = plan.tape.hidden().is_some();
    Ok(estimate(&relation(
        &plan.chosen,
        public_values(plan),
        hidden,
    ))?)
}

/// What a layout's proofs are about.
fn relation(candidate: &Candidate, public_values: usize, hidden: bool) -> TapeRelation {
    let Candidate { k, width, pack, .. } = *candidate;
    TapeRelation::new(k, width, pack, public_values, hidden)
}

impl Costs {
    fn new(candidate: &Candidate, chosen: bool, gas: GasEstimate) -> Result<Self, CliError> {
        Ok(Self {
            chosen,
            k: candidate.k,
            width: candidate.width,
            pack: candidate.pack,
            points: candidate.points,
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
            amsterdam: gas.amsterdam,
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
        let hidden = plan.tape.hidden().is_some();
        let of = |candidate: &Candidate| {
            let gas = estimate(&relation(candidate, values, hidden))?;
            Costs::new(candidate, *candidate == plan.chosen, gas)
        };
        let why = match (limits.width, plan.goal) {
            (Some(width), _) => format!("width {width} was asked for"),
            (None, Goal::Gas) => "the least verification gas".into(),
            (None, Goal::Time) => "the cheapest verification within a quarter of the shortest estimated proving time".into(),
            (None, Goal::Memory) => "the cheapest verification within a quarter of the least estimated proving memory".into(),
            (None, _) => "the fastest plan among those whose verification costs little more than the cheapest".into(),
        };
        let (chosen, items) = (of(&plan.chosen)?, plan.lowered.batch().items);
        Ok(Self {
            goal: goal_name(plan.goal),
            batch: items,
            per_inference: PerInference::new(
                items,
                chosen.estimated_prove_seconds,
                chosen.gas_verify_transaction,
                chosen.calldata_bytes,
            ),
            why: format!("{why}, at a height of at most {}", limits.max_k),
            public_values: values,
            chosen,
            candidates: plan.candidates.iter().map(of).collect::<Result<_, _>>()?,
        })
    }

    pub(crate) fn text(&self) -> String {
        let mut table = Table::new(&[
            "width",
            "pack",
            "k",
            "rows",
            "prove (est.)",
            "memory (est.)",
            "verify gas",
            "register gas",
            "Amsterdam: verify",
            "register",
            "proof B",
            "calldata B",
        ]);
        for costs in &self.candidates {
            table.row([
                format!("{}{}", costs.width, if costs.chosen { " *" } else { "" }),
                costs.pack.to_string(),
                costs.k.to_string(),
                count(costs.rows as u64),
                seconds(costs.estimated_prove_seconds),
                mebibytes(costs.estimated_prove_peak_bytes as f64),
                count(costs.gas_verify_transaction),
                count(costs.gas_register_model),
                count(costs.amsterdam.verify),
                count(costs.amsterdam.register),
                count(costs.proof_bytes as u64),
                count(costs.calldata_bytes as u64),
            ]);
        }
        let chosen = &self.chosen;
        format!(
            "Plan (goal: {}): width {}, {} columns to a pack, height k = {}, {} of {} rows, limbs of up to {} bits\n  because it is {}\n\
             It takes a set-up of {} points: of a .ptau file of power {} or more\n\
             Gas (estimated): verification transaction {} (intrinsic {}, calldata {}, execution {}), registering the model {}, \
             deploying the verifier, once for all models, {} ({} B of code)\n\
             By the rules of Amsterdam, which are not final: {}, {}, {}\n\
             {}Candidates (* is the choice):\n{}",
            self.goal,
            chosen.width,
            chosen.pack,
            chosen.k,
            count(chosen.rows as u64),
            count(1u64 << chosen.k),
            chosen.limb_bits,
            self.why,
            count(chosen.points as u64),
            // A file of power p has 2^(p + 1) − 1 points.
            (chosen.points + 1)
                .next_power_of_two()
                .ilog2()
                .saturating_sub(1),
            count(chosen.gas_verify_transaction),
            count(chosen.gas_intrinsic),
            count(chosen.gas_calldata),
            count(chosen.gas_execution),
            count(chosen.gas_register_model),
            count(chosen.gas_deploy_verifier),
            count(chosen.verifier_code_bytes as u64),
            count(chosen.amsterdam.verify),
            count(chosen.amsterdam.register),
            count(chosen.amsterdam.deploy),
            self.per_inference.text(self.batch),
            table.render()
        )
    }
}
