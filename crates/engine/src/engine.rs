//! The way in: a set-up, caches, and models opened under them.

use crate::{EngineError, HidingFile, OnStage, Session, Setup, Stage, Subject, key_audit::fits};
use std::sync::Arc;
use verdict_circuit::{Batch, Candidate, Limits, Outline, Plan, Request, candidate, plan_request};
use verdict_model::{CompiledModel, Goal, IntegerGraph};
use verdict_prover::{Cache, KeyedModel, Keys};

/// Opens models under one set-up.
#[derive(Clone, Debug)]
pub struct Engine {
    setup: Setup,
    keys: Option<Cache>,
}

/// What a model is opened for.
#[derive(Clone, Debug, Default)]
pub struct OpenOptions {
    /// What the planner favours.
    pub goal: Goal,
    /// What a plan must not exceed; the set-up's points limit it as well.
    pub limits: Limits,
    /// How many inferences a proof covers, and what is public of them.
    pub batch: Batch,
    /// What keeps the weights private, if they are.
    pub hiding: Option<HidingFile>,
}

impl Engine {
    /// An engine that makes every key anew.
    pub const fn new(setup: Setup) -> Self {
        Self { setup, keys: None }
    }

    /// Takes verifying keys from a cache, and puts them there.
    pub fn with_key_cache(mut self, cache: Cache) -> Self {
        self.keys = Some(cache);
        self
    }

    /// The set-up.
    pub const fn setup(&self) -> &Setup {
        &self.setup
    }

    /// Lays a model out within the set-up's points, without keys: what proving it will cost.
    pub fn plan(&self, model: &CompiledModel, options: &OpenOptions) -> Result<Plan, EngineError> {
        let most = options.limits.max_points;
        let limits = Limits {
            max_points: self.setup.points().map_or(most, |points| most.min(points)),
            ..options.limits
        };
        plan_within(model, options, limits, &self.setup.digest())
    }

    /// Plans a model, reads as many points of the set-up as the plan needs, and makes the keys.
    pub fn open(
        &self,
        model: CompiledModel,
        options: OpenOptions,
        on_stage: OnStage<'_>,
    ) -> Result<Session, EngineError> {
        if let Some(hiding) = &options.hiding
            && hiding.model() != model.digest()
        {
            return Err(EngineError::Input(format!(
                "the hiding file is of model {}, not of this one; run `verdict hide` for it",
                hiding.model()
            )));
        }
        // Refuses private weights of a model that has no architecture.
        let subject = Subject::of(model.clone(), options.hiding.is_some())?;
        on_stage(Stage::Plan);
        let plan = self.plan(&model, &options)?;
        on_stage(Stage::Setup);
        let srs = self.setup.open(plan.chosen.points)?;
        let keyed = KeyedModel::open(model, plan, srs, self.keys.as_ref(), &|stage| {
            on_stage(Stage::of(stage));
        })?;
        let setup = self.setup.clone();
        Ok(Session::new(keyed, setup, subject))
    }
}

/// Lays a model out as [`Engine::plan`] does, whatever set-up there will be. A key is not to be made
/// of it if weights are private.
pub fn plan(model: &CompiledModel, options: &OpenOptions) -> Result<Plan, EngineError> {
    plan_within(model, options, options.limits, "")
}

/// What proving again and again under a plan takes, in bytes: a proof, and the tables that the second
/// one makes.
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
pub fn memory_of(plan: &Plan) -> u64 {
    plan.chosen.bytes.max(0.0) as u64 + Keys::table_bytes(plan.chosen.points) as u64
}

/// The layout that the arithmetic of a model with public weights would have for one inference;
/// fails if it is not valid.
pub fn candidate_of(
    graph: &IntegerGraph,
    goal: Goal,
    limits: Limits,
) -> Result<Candidate, EngineError> {
    graph.validate()?;
    let request = Request {
        goal,
        limits,
        ..Request::default()
    };
    fits(graph, &request.batch, limits.max_k)?;
    Ok(candidate(Arc::new(graph.clone()), &request)?)
}

fn plan_within(
    model: &CompiledModel,
    options: &OpenOptions,
    limits: Limits,
    setup: &str,
) -> Result<Plan, EngineError> {
    fits(model.graph(), &options.batch, limits.max_k)?;
    let request = Request {
        goal: options.goal,
        limits,
        batch: options.batch.clone(),
        hiding: options.hiding.as_ref().map(|file| file.under(setup)),
        outline: options
            .hiding
            .as_ref()
            .map(|_| Outline::of(model.graph(), &model.manifest().structure)),
    };
    Ok(plan_request(model.shared_graph().clone(), request)?)
}
