//! Jobs as they run: what the configuration names, found and opened.

use crate::{
    RelayError,
    config::{Config, EvidenceConfig, JobConfig, arguments, contract},
    rpc::Nodes,
    served::{Models, Served},
    tx::Wallet,
};
use alloy_primitives::Address;
use std::sync::Arc;
use verdict_chain::{Block, Chain, Deployment};
use verdict_consumers::{
    Consumer, ConsumerExt, ConsumerKind, Foreseen, Occasion, Standing, parameter::Arguments,
};

/// A contract that is kept fed.
#[derive(Clone, Debug)]
pub struct Job {
    /// Its name.
    pub name: String,
    /// What the operator wrote.
    pub config: JobConfig,
    /// Its row of the consumers' table.
    pub kind: &'static ConsumerKind,
    /// Where submissions go.
    pub contract: Address,
    /// What the operator fixed of its occasions.
    pub fixed: Arguments,
    /// The model.
    pub model: Arc<Served>,
    /// Who sends.
    pub wallet: Wallet,
    /// The registry of its model.
    pub registry: Address,
}

impl Job {
    /// Opens a job: finds its contract, and the model version that this acts on.
    pub async fn open(
        name: &str,
        config: &Arc<Config>,
        deployment: &Arc<Deployment>,
        nodes: &Arc<Nodes>,
        models: &Arc<Models>,
        wallet: Wallet,
    ) -> Result<Self, RelayError> {
        let job = config
            .jobs
            .get(name)
            .ok_or_else(|| RelayError::Config(format!("jobs: there is no `{name}`")))?;
        let job = job.clone();
        let named = |error: RelayError| RelayError::Config(format!("jobs.{name}: {error}"));
        let kind = job.kind().map_err(RelayError::Config)?;
        let at = contract(&job.contract, deployment).map_err(named)?;
        let fixed = arguments(config, &job, deployment).map_err(named)?;
        let consumer = probe(kind, at, &fixed)?;
        let (models, deployment_) = (models.clone(), deployment.clone());
        let config = config.clone();
        let model_name = job.model.clone();
        let model = nodes
            .read(None, wallet.address(), move |chain| {
                let version = consumer.model(chain)?;
                models.open(&config, &model_name, chain, &deployment_.core, version)
            })
            .await
            .map_err(named)?;
        if matches!(job.evidence, EvidenceConfig::Live) && model.items() != 1 {
            return Err(named(RelayError::Config(format!(
                "its model computes {} items at once, and a source reads one live",
                model.items()
            ))));
        }
        Ok(Self {
            name: name.to_owned(),
            kind,
            contract: at,
            fixed,
            model,
            wallet,
            registry: deployment.core.registry,
            config: job,
        })
    }

    /// The consumer without an occasion: whom it asks, and about which model.
    pub fn consumer(&self) -> Result<Box<dyn Consumer>, RelayError> {
        probe(self.kind, self.contract, &self.fixed)
    }

    /// The consumer at an occasion.
    pub fn at(&self, occasion: &Arguments) -> Result<Box<dyn Consumer>, RelayError> {
        Ok((self.kind.at)(self.contract, occasion)?)
    }

    /// What the contract says of itself.
    pub fn standing(&self, chain: &mut dyn Chain) -> Result<Standing, RelayError> {
        Ok((self.kind.feeding.standing)(
            chain,
            self.contract,
            &self.fixed,
        )?)
    }

    /// For what occasion a proof is made now, if for any.
    pub fn occasion(
        &self,
        chain: &mut dyn Chain,
        foreseen: &Foreseen<'_>,
    ) -> Result<Occasion, RelayError> {
        Ok((self.kind.feeding.occasion)(
            chain,
            self.contract,
            foreseen,
        )?)
    }

    /// Whether its inputs are vouched for by signers; otherwise the contract reads them itself.
    pub const fn is_signed(&self) -> bool {
        matches!(self.config.evidence, EvidenceConfig::Signed { .. })
    }

    /// The time that inputs read at a block are of: zero if the contract reads them itself.
    pub const fn time(&self, at: Block) -> u64 {
        if self.is_signed() { at.timestamp } else { 0 }
    }
}

/// A consumer with whatever its occasion still lacks set to zero, to ask what is the same for all of
/// them.
fn probe(
    kind: &'static ConsumerKind,
    at: Address,
    fixed: &Arguments,
) -> Result<Box<dyn Consumer>, RelayError> {
    use verdict_consumers::parameter::{Need, ParameterKind, Value};
    let mut complete = fixed.clone();
    let form = kind.parameters.iter();
    for parameter in form.filter(|it| it.need == Need::Required) {
        let given = fixed.iter().any(|(name, _)| name == parameter.name);
        let numeric = matches!(
            parameter.kind,
            ParameterKind::Number(_) | ParameterKind::Block
        );
        if !given && numeric {
            complete = complete.with(parameter.name, Value::Number(0));
        } else if !given {
            return Err(RelayError::Config(format!(
                "parameters.{}: is missing; {}",
                parameter.name, parameter.help
            )));
        }
    }
    Ok((kind.at)(at, &complete)?)
}
